"""The judge finds what is wrong: each check with what is right, then with one thing falsified."""

import collections
import json

import documents
from judge import Judge
from test_model import DEADLINE, T0, TENANT, Play, good
from words import DAY_MS, association_id, event_id, instant_text

KEY = (TENANT["tenant_id"], "C-1")


class Told(Judge):
    """Judges a play; what was published is given by hand."""

    def __init__(self, play, statuses=None, challenged=()):
        self.mismatches = []
        self.model = play.run()
        self.statuses = statuses or {}
        self.challenged = collections.Counter(challenged)


def found(judge, check):
    getattr(judge, check)()
    return judge.mismatches


# ---- the partner's days

def asked(at, due):
    return {KEY: [{"status": "PARTNER_ACTION_REQUIRED", "previous_status": "SUBMITTED",
                   "mpn_id": "1234566", "at": at, "deadline_at": due}]}


def test_answers():
    right = asked("2026-05-20T08:00:00.000Z", "2026-05-29T04:00:00.000Z")  # Memorial Day between
    assert found(Told(Play(), right), "check_answers") == []
    wrong = asked("2026-05-20T08:00:00.000Z", "2026-05-28T04:00:00.000Z")
    [text] = found(Told(Play(), wrong), "check_answers")
    assert "C-1" in text and "expected 2026-05-29" in text


# ---- challenges

def challenge():
    play = Play()
    play.submit(good("C-1"), deadline=DEADLINE)
    play.submit(good("C-2", "2026-04-01", mpn_id="7654321"), DEADLINE + 9,
                deadline=DEADLINE + 8 * DAY_MS)
    mine, theirs = (association_id(TENANT["tenant_id"], name, 1) for name in ("C-1", "C-2"))
    return play, event_id(f"{mine}/challenged/{theirs}"), {
        "association_id": mine, "claim_id": "C-1", "tenant_id": TENANT["tenant_id"],
        "mpn_id": "1234566", "line": 1, "slot": "EXCHANGE_ONLINE",
        "deadline_at": instant_text(DEADLINE + 8 * DAY_MS)}


def test_challenges():
    play, name, data = challenge()
    right = (name, json.dumps(data, sort_keys=True))
    assert found(Told(play, challenged=[right]), "check_challenges") == []
    assert found(Told(play), "check_challenges") != []  # nobody told the holder
    assert found(Told(play, challenged=[right, right]), "check_challenges") != []
    for member, value in (("mpn_id", "7654321"), ("deadline_at", instant_text(DEADLINE)),
                          ("line", 2), ("slot", "TEAMS")):
        wrong = (name, json.dumps({**data, member: value}, sort_keys=True))
        assert len(found(Told(play, challenged=[wrong]), "check_challenges")) == 2, member
    assert found(Told(Play(), challenged=[right]), "check_challenges") != []  # nobody challenged


# ---- what is handed on

def withdrawn(play, topic, at, **changes):
    play.add(topic, at, {"claim_id": "C-1", "tenant_id": TENANT["tenant_id"],
                         "actor": {"type": "partner", "id": "1234566"}, **changes},
             "cpor.claim.withdrawn.v1", event_id="w-1")


def test_forwarded():
    play = Play()
    play.submit(good())
    withdrawn(play, "claim-submission", T0 + 5)
    assert len(found(Told(play), "check_forwarded")) == 1  # it never came
    withdrawn(play, "opt-out-expiry", T0 + 9)
    assert found(Told(play), "check_forwarded") == []
    play.inputs.pop()
    withdrawn(play, "opt-out-expiry", T0 + 9, lines=[1])  # not as it was said
    assert len(found(Told(play), "check_forwarded")) == 2


def test_forwarded_subscriptions():
    record = documents.subscription(TENANT)
    play = Play(subscriptions=[record])
    assert found(Told(play), "check_forwarded") == []
    play.add("subscription", T0, {**record, "state": "EXPIRED"}, key=record["subscription_id"])
    assert len(found(Told(play), "check_forwarded")) == 1
    play.add("opt-out-expiry", T0 + 9, {
        "tenant_id": TENANT["tenant_id"], "state": "EXPIRED",
        "subscription_id": record["subscription_id"]}, "cpor.subscription.changed.v1")
    assert found(Told(play), "check_forwarded") == []
