"""The model, the calendar and the generator against cases written by hand from the contract."""

import json
import zoneinfo

import pytest

import calendars
import documents
import envelope
import fields
import generator
import signing
from documents import changed
from model import Model
from state import Input
from words import DAY_MS, association_id, instant_ms, instant_text

T0 = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
PARTNERS = [documents.partner("1234566"), documents.partner("7654321"),
            documents.partner("2000001", location=False),
            documents.partner("2000002", enrolments=[])]


class Play:
    """Builds the model's input by hand."""

    def __init__(self, tenant=TENANT, subscriptions=(), review="none"):
        self.review = review
        self.inputs, self.notices, self.answer_dues, self.looks, self.number = [], {}, {}, {}, 0
        for topic, key, records in (("partner", "mpn_id", PARTNERS),
                                    ("tenant", "tenant_id", [tenant]),
                                    ("subscription", "subscription_id", subscriptions)):
            for record in records:
                self.add(topic, T0 - DAY_MS, record, key=record[key])

    def add(self, topic, at, data, event_type=None, key=None, event_id=None):
        self.number += 1
        headers = []
        if event_type:
            source = signing.fitting_source(topic, event_type, "/test").encode()
            headers = [("ce_specversion", b"1.0"), ("ce_source", source), ("ce_type",
                       event_type.encode()), ("ce_id", (event_id or str(self.number)).encode())]
        value = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.inputs.append(Input(topic, at, self.number, key, value, headers))

    def submit(self, document, at=T0, notified=None, deadline=None):
        self.add("claim-submission", at, document, "cpor.claim.submitted.v1")
        if deadline:
            self.notify(document, notified or at + 1000, deadline)

    def notify(self, document, at, deadline, revision=1):
        key = (document["customer"]["tenant_id"], document["claim_id"], revision)
        self.notices[key] = (at, {line["line"]: deadline for line in document["lines"]})

    def opt_out(self, document, at, **data):
        self.add("opt-out-expiry", at, {
            "claim_id": document["claim_id"], "tenant_id": document["customer"]["tenant_id"],
            "actor": {"type": "customer"}, **data}, "cpor.customer.opted-out.v1")

    def verdict(self, at, verdict, **data):
        self.add("claim-submission", at, {
            "claim_id": "C-1", "tenant_id": TENANT["tenant_id"], "revision": 1,
            "verdict": verdict, "reason": "Which work?",
            "actor": {"type": "reviewer", "id": "r-1"}, **data}, "cpor.claim.reviewed.v1")

    def import_line(self, subscription, at=T0, **data):
        """As it was forwarded to the log that decides."""
        self.add("opt-out-expiry", at, {
            "claim_id": "L-1", "tenant_id": TENANT["tenant_id"], "mpn_id": "1234566",
            "domain": TENANT["domains"][0], "solution_area": "BUSINESS_APPLICATIONS",
            "activities": ["USAGE"], "line": 1, "product": "D365_SALES",
            "subscription_id": subscription["subscription_id"],
            "official_at": "2025-06-30T22:00:00.000Z", **data}, "cpor.association.imported.v1")

    def run(self, until=T0 + 60 * DAY_MS):
        model = Model(self.notices, self.answer_dues, review=self.review, looks=self.looks)
        model.run(self.inputs, until)
        return model

    def claim(self, name="C-1", **options):
        return self.run(**options).tenants[TENANT["tenant_id"]][name]


def good(name="C-1", signed_on="2026-03-01", **options):
    return documents.claim(name, TENANT, signed_on, **options)


DEADLINE = T0 + 8 * DAY_MS


def test_good_claim_becomes_official_after_its_deadline():
    play = Play()
    play.submit(good(), deadline=DEADLINE)
    assert play.claim(until=DEADLINE).status() == "OPT_OUT_OPEN"
    model = play.run(until=DEADLINE + 1)
    assert model.tenants[TENANT["tenant_id"]]["C-1"].status() == "OFFICIAL"
    [association] = model.associations.values()
    assert (association.slot, association.official_at) == ("EXCHANGE_ONLINE", DEADLINE)
    assert association.id == association_id(TENANT["tenant_id"], "C-1", 1)


@pytest.mark.parametrize("offset, status, reason", [
    (-1, "REJECTED", "DECLINED"), (0, "REJECTED", "DECLINED"), (1, "ENDED", "ENDED")])
def test_opt_out_around_the_deadline(offset, status, reason):
    play = Play()
    play.submit(good(), deadline=DEADLINE)
    play.opt_out(good(), DEADLINE + offset)
    claim = play.claim()
    assert (claim.status(), claim.lines[0].status) == (status, reason)
    assert claim.lines[0].reason == "CUSTOMER_DECLINED"


def test_opt_out_before_the_claim_is_kept():
    play = Play()
    play.opt_out(good(), T0 - 5)
    play.submit(good())
    assert play.claim().lines[0].status == "DECLINED"


def test_partial_opt_out_leaves_the_other_line():
    play = Play()
    document = good(lines=("TEAMS", "YAMMER"))
    play.submit(document, deadline=DEADLINE)
    play.opt_out(document, T0 + DAY_MS, lines=[2])
    claim = play.claim()
    assert [line.status for line in claim.lines] == ["OFFICIAL", "DECLINED"]
    assert claim.status() == "OFFICIAL"


@pytest.mark.parametrize("path, value, expected", [
    ("/program", "CSP", "WRONG_PROGRAM"),
    ("/program", "OSA_SELL", "WRONG_PROGRAM"),
    ("/activities", ["PRE_SALES"], "ACTIVITY_INVALID"),
    ("/mpn_id", "999", "PARTNER_UNKNOWN"),
    ("/mpn_id", "2000001", "MPN_NOT_LOCATION"),
    ("/mpn_id", "2000002", "MPN_NOT_ENROLLED"),
    ("/customer/domain", "other.example", "DOMAIN_TENANT_MISMATCH"),
    ("/lines/0/workload", "CLIPPY", "PRODUCT_UNKNOWN"),
    ("/lines/0/workload", "D365_SALES", "PRODUCT_UNKNOWN"),
    ("/claim_name", ..., "FIELD_MISSING"),
    ("/claim_name", None, "FIELD_MISSING"),
    ("/claim_name", "a\u0007b", "FIELD_INVALID"),
])
def test_refusals(path, value, expected):
    play = Play()
    play.submit(changed(good(), path, value))
    claim = play.claim()
    assert claim.status() == "REJECTED"
    assert {code for code, _ in claim.findings} == {expected}
    assert claim.lines[0].reason == expected


@pytest.mark.parametrize("path, value, expected", [
    ("/poe", [], "POE_MISSING"), ("/poe", ..., "POE_MISSING"),
    ("/poe/0/signed_by", "", "POE_NOT_SIGNED"),
    ("/poe/0/signed_on", ..., "POE_DATE_MISSING"),
    ("/poe/0/signed_on", "2025-05-19", "POE_TOO_OLD"),
    ("/poe/0/signed_on", "2025-05-20", None),
    ("/poe/0/signed_on", "2026-05-20", None),
    ("/poe/0/signed_on", "2026-05-21", "POE_DATE_IN_FUTURE"),
    ("/poe/0/covers", [], "POE_LINE_NOT_COVERED"),
    ("/customer/contact/email", "sam@partner.example", "CONTACT_NOT_AT_CUSTOMER"),
    ("/customer/contact/email", "sam@it.customer1.example", None),
    ("/customer/contact/email", "sam@notcustomer1.example", "CONTACT_NOT_AT_CUSTOMER"),
])
def test_questions(path, value, expected):
    play = Play()
    play.submit(changed(good(), path, value))
    claim = play.claim()
    assert claim.status() == ("PARTNER_ACTION_REQUIRED" if expected else "VALIDATED")
    assert {code for code, _ in claim.findings} == ({expected} if expected else set())


def test_question_answered_and_not_answered():
    play = Play()
    bad = changed(good(), "/poe", [])
    key = (TENANT["tenant_id"], "C-1", 1)
    play.submit(bad)
    play.answer_dues[key] = [T0 + 5 * DAY_MS]
    claim = play.claim()
    assert (claim.status(), claim.lines[0].reason) == ("REJECTED", "NO_PARTNER_RESPONSE")
    assert claim.findings == {("POE_MISSING", 1), ("NO_PARTNER_RESPONSE", None)}
    play.add("claim-submission", T0 + 5 * DAY_MS, {**good(), "revision": 2},
             "cpor.claim.resubmitted.v1")
    play.notify(good(), T0 + 5 * DAY_MS + 9, DEADLINE, revision=2)
    claim = play.claim()
    assert (claim.status(), claim.revision, claim.findings) == ("OFFICIAL", 2, set())


def test_revision_may_remove_a_line_but_not_change_the_domain():
    play = Play()
    asked = changed(good(lines=("TEAMS", "YAMMER")), "/poe/0/covers", [1])
    play.submit(asked)
    less = {**changed(asked, "/lines/1", ...), "revision": 2}
    play.add("claim-submission", T0 + 1,
             changed(less, "/customer/domain", "mail.customer1.example"),
             "cpor.claim.resubmitted.v1")
    assert play.claim().revision == 1
    play.add("claim-submission", T0 + 2, less, "cpor.claim.resubmitted.v1")
    claim = play.claim()
    assert [line.status for line in claim.lines] == ["VALIDATED", "WITHDRAWN"]


@pytest.mark.parametrize("path, value, revision", [
    ("/customer/country", "KR", 1), ("/customer/time_zone", "Asia/Seoul", 1),
    ("/customer/locale", "ko", 2), ("/claim_name", "Another", 2),
    ("/lines/0/subscription_id", documents.subscription(TENANT, number=2)["subscription_id"], 1),
    ("/lines/0/subscription_id", ..., 1),
    ("/lines/1/subscription_id", documents.subscription(TENANT)["subscription_id"], 2)])
def test_what_a_revision_may_change(path, value, revision):
    play = Play(subscriptions=[documents.subscription(TENANT)])
    asked = changed(documents.bizapps_claim("C-1", TENANT, "2026-05-01", [
        ("D365_SALES", documents.subscription(TENANT)["subscription_id"]),
        ("D365_SALES", None)]), "/poe/0/signed_by", "")
    play.submit(asked)
    play.add("claim-submission", T0 + 1, {**changed(asked, path, value), "revision": 2},
             "cpor.claim.resubmitted.v1")
    assert play.claim().revision == revision


@pytest.mark.parametrize("other_day, first, second", [
    ("2026-04-01", "ENDED", "OFFICIAL"), ("2026-03-01", "OFFICIAL", "REJECTED"),
    ("2026-02-01", "OFFICIAL", "REJECTED")])
def test_competition_one_day_apart(other_day, first, second):
    play = Play()
    play.submit(good("C-1"), deadline=DEADLINE)
    play.submit(good("C-2", other_day, mpn_id="7654321"), T0 + 9, deadline=DEADLINE + DAY_MS)
    model = play.run()
    claims = model.tenants[TENANT["tenant_id"]]
    assert (claims["C-1"].status(), claims["C-2"].status()) == (first, second)
    if first == "ENDED":
        ended = model.associations[TENANT["tenant_id"], "C-1", 1]
        assert (ended.reason, ended.ended_at) == ("SUPERSEDED", DEADLINE + DAY_MS)
        assert ended.superseded_by == association_id(TENANT["tenant_id"], "C-2", 1)


def test_competition_at_equal_deadlines_newest_first():
    play = Play()
    play.submit(good("C-1"), deadline=DEADLINE)
    play.submit(good("C-2", "2026-04-01", mpn_id="7654321"), T0 + 9, deadline=DEADLINE)
    model = play.run()
    assert list(model.associations) == [(TENANT["tenant_id"], "C-2", 1)]
    loser = model.tenants[TENANT["tenant_id"]]["C-1"]
    assert (loser.status(), loser.findings) == ("REJECTED", {("COMPETING_CLAIM_OLDER_POE", 1)})


def test_own_duplicate_in_another_claim_and_in_the_same():
    play = Play()
    play.submit(good("C-1"))
    play.submit(good("C-2"), T0 + 9)
    play.submit(good("C-3", lines=("TEAMS", "TEAMS")), T0 + 10)
    claims = play.run().tenants[TENANT["tenant_id"]]
    assert claims["C-1"].status() == "VALIDATED"
    assert claims["C-2"].findings == {("DUPLICATE_OWN_CLAIM", 1)}
    assert [line.status for line in claims["C-3"].lines] == ["VALIDATED", "REJECTED"]


@pytest.mark.parametrize("change, expected", [
    ({"channel": "CSP"}, "SUBSCRIPTION_CSP"), ({"state": "SUSPENDED"}, "SUBSCRIPTION_INACTIVE"),
    ({"product": "POWER_BI"}, "SUBSCRIPTION_PRODUCT_MISMATCH"),
    ({"tenant_id": "9" * 8 + "-9999-9999-9999-" + "9" * 12}, "SUBSCRIPTION_NOT_ON_TENANT")])
def test_subscriptions(change, expected):
    record = {**documents.subscription(TENANT), **change}
    play = Play(subscriptions=[record])
    play.submit(documents.bizapps_claim("C-1", TENANT, "2026-03-01",
                                        [("D365_SALES", record["subscription_id"])]))
    assert play.claim().findings == {(expected, 1)}


def test_subscription_of_no_business_application():
    record = {**documents.subscription(TENANT), "product": "TEAMS"}
    play = Play(subscriptions=[record])
    play.submit(documents.bizapps_claim("C-1", TENANT, "2026-03-01",
                                        [("D365_SALES", record["subscription_id"])]))
    claim = play.claim()
    assert claim.findings == {("SUBSCRIPTION_NOT_DYNAMICS", 1),
                              ("SUBSCRIPTION_PRODUCT_MISMATCH", 1)}
    assert claim.lines[0].reason == "SUBSCRIPTION_NOT_DYNAMICS"


def test_subscription_end_and_lapse():
    record = documents.subscription(TENANT)
    document = documents.bizapps_claim("C-1", TENANT, "2026-03-01", [("D365_SALES", None)])
    for at, status in ((DEADLINE, "REJECTED"), (DEADLINE + 1, "ENDED")):
        play = Play(subscriptions=[record])
        play.submit(document, deadline=DEADLINE)
        play.add("opt-out-expiry", at, {"tenant_id": TENANT["tenant_id"], "state": "EXPIRED",
                                        "subscription_id": record["subscription_id"]},
                 "cpor.subscription.changed.v1")
        assert play.claim().status() == status


@pytest.mark.parametrize("verdict, data, status, lines, findings", [
    ("APPROVE", {}, "VALIDATED", ["VALIDATED"] * 2, set()),
    ("APPROVE", {"lines": [1]}, "UNDER_REVIEW", ["VALIDATED", "UNDER_REVIEW"], set()),
    ("APPROVE", {"revision": 2}, "UNDER_REVIEW", ["UNDER_REVIEW"] * 2, set()),
    ("REJECT", {"lines": [2]}, "UNDER_REVIEW", ["UNDER_REVIEW", "REJECTED"],
     {("REVIEWER_REJECTED", 2)}),
    ("REJECT", {}, "REJECTED", ["REJECTED"] * 2,
     {("REVIEWER_REJECTED", 1), ("REVIEWER_REJECTED", 2)}),
    ("ASK", {}, "PARTNER_ACTION_REQUIRED", ["UNDER_REVIEW"] * 2, {("REVIEWER_QUESTION", None)}),
    ("ASK", {"lines": [2]}, "PARTNER_ACTION_REQUIRED", ["UNDER_REVIEW"] * 2,
     {("REVIEWER_QUESTION", 2)}),
    ("ASK", {"findings": [{"code": "POE_TOO_OLD", "line": 1, "message": "Which day?"}]},
     "PARTNER_ACTION_REQUIRED", ["UNDER_REVIEW"] * 2,
     {("REVIEWER_QUESTION", 1), ("REVIEWER_QUESTION", None)}),
    ("ASK", {"findings": [{"code": "POE_TOO_OLD", "line": 1, "message": "Which work?"}]},
     "PARTNER_ACTION_REQUIRED", ["UNDER_REVIEW"] * 2, {("REVIEWER_QUESTION", 1)}),
    ("ASK", {"lines": [3]}, "UNDER_REVIEW", ["UNDER_REVIEW"] * 2, set()),
])
def test_verdicts(verdict, data, status, lines, findings):
    play = Play(review="all")
    play.submit(good(lines=("TEAMS", "YAMMER")))
    play.verdict(T0 + 9, verdict, **data)
    claim = play.claim()
    assert (claim.status(), [line.status for line in claim.lines]) == (status, lines)
    assert claim.findings == findings


def test_approval_overrides_a_question_but_gives_no_line_a_slot():
    two = [documents.subscription(TENANT, number=number) for number in (1, 2)]
    play = Play(subscriptions=[*two, documents.subscription(TENANT, "POWER_BI")])
    document = documents.bizapps_claim("C-1", TENANT, "2026-03-01",
                                       [("D365_SALES", None), ("POWER_BI", None)])
    play.submit(changed(document, "/poe/0/covers", [1]))
    play.verdict(T0 + 9, "APPROVE")
    claim = play.claim()
    assert (claim.status(), claim.findings) == ("PARTNER_ACTION_REQUIRED",
                                                {("SUBSCRIPTION_AMBIGUOUS", 1)})


def test_import_is_official_since_the_old_model_says_so():
    record = documents.subscription(TENANT)
    play = Play(subscriptions=[record])
    play.import_line(record)
    model = play.run()
    [association] = model.associations.values()
    assert (association.origin, association.deadline_at, association.official_at) == (
        "LEGACY", None, instant_ms("2025-06-30T22:00:00.000Z"))
    assert model.tenants[TENANT["tenant_id"]]["L-1"].status() == "OFFICIAL"


@pytest.mark.parametrize("state, data, before, code", [
    ("ACTIVE", {"solution_area": "MICROSOFT_365", "product": None, "subscription_id": None,
                "workload": "TEAMS"}, None, "NOT_CARRIED_OVER"),
    ("EXPIRED", {}, None, "SUBSCRIPTION_INACTIVE"),
    ("ACTIVE", {}, "holder", "COMPETING_CLAIM_OLDER_POE"),
    ("ACTIVE", {}, "own", "DUPLICATE_OWN_CLAIM")])
def test_import_refused(state, data, before, code):
    record = documents.subscription(TENANT, state=state)
    play = Play(subscriptions=[record])
    if before == "holder":
        play.import_line(record, T0 - 9, claim_id="L-0", mpn_id="7654321")
    if before == "own":
        play.submit(documents.bizapps_claim("C-1", TENANT, "2026-03-01", [("D365_SALES", None)]),
                    T0 - 9)
    play.import_line(record, **data)
    claim = play.claim("L-1")
    assert (claim.status(), claim.lines[0].reason, claim.findings) == ("REJECTED", code,
                                                                       {(code, 1)})


@pytest.mark.parametrize("day, told", [("2026-04-01", 1), ("2026-03-01", 0), ("2026-02-01", 0)])
def test_challenges(day, told):
    play = Play()
    play.submit(good("C-1"), deadline=DEADLINE)
    rival = good("C-2", day, mpn_id="7654321")
    play.submit(rival, T0 + 9, DEADLINE + 9, DEADLINE + 8 * DAY_MS)  # notified after C-1 won
    ids = [association_id(TENANT["tenant_id"], name, 1) for name in ("C-1", "C-2")]
    assert play.run().challenges == [(*ids, DEADLINE + 8 * DAY_MS)] * told
    play.add("opt-out-expiry", DEADLINE + DAY_MS, {
        "claim_id": "C-2", "tenant_id": TENANT["tenant_id"], "reason": "Mail was down.",
        "deadline_at": instant_text(DEADLINE + 9 * DAY_MS),
        "actor": {"type": "operator", "id": "o"}}, "cpor.window.extended.v1")
    assert play.run().challenges == [(*ids, DEADLINE + days * DAY_MS) for days in (8, 9)] * told


@pytest.mark.parametrize("raw, code", [
    (b"", "NOT_JSON"), (b"{", "NOT_JSON"), (b"\xef\xbb\xbf{}", "NOT_JSON"),
    (b'{"a":1,"a":1}', "NOT_JSON"),
    (b'{"a":"\\ud800"}', "NOT_JSON"), (b"{} x", "NOT_JSON"), (b'{"a":NaN}', "NOT_JSON"),
    (b'{"a":"\xff"}', "NOT_JSON"), (b"[" * 17 + b"]" * 17, "TOO_DEEP"),
    (b" " * 262_145, "TOO_LARGE"), (b"{}", "FIELD_INVALID")])
def test_dead_letters(raw, code):
    with pytest.raises(envelope.DeadLetter) as caught:
        envelope.decode("claim-submission", raw, [])
    assert caught.value.args[0] == code


@pytest.mark.parametrize("field, good_value, bad_value", [
    ("official_at", "2026-05-20T08:00:00.000Z", "2026-05-20T08:00:00.001Z"),
    ("poe_signed_on", "2026-05-21", "2026-05-22")])
def test_import_from_the_future(field, good_value, bad_value):
    for value, codes in ((good_value, []), (bad_value, ["FIELD_INVALID"])):
        subscription = documents.subscription(TENANT)
        play = Play(subscriptions=[subscription])
        play.import_line(subscription, **{field: value})
        assert [code for _, _, code in play.run().dead_letters] == codes


def test_immutable_and_repeated_submissions():
    play = Play()
    play.submit(good())
    play.submit(good())
    play.submit(changed(good(), "/claim_name", "another"))
    model = play.run()
    assert [code for _, _, code in model.dead_letters] == ["CLAIM_IMMUTABLE"]


def test_limits():
    assert fields.field_findings(good()) == []
    assert fields.field_findings(changed(good(), "/claim_name", "é" * 128)) == []
    many = [{"line": number, "workload": "TEAMS"} for number in range(1, 52)]
    assert ("FIELD_INVALID", "/lines") in fields.field_findings(changed(good(), "/lines", many))


# DOMAIN section 6. The example of 2020-12-18 has one holiday, 12-25.
@pytest.mark.parametrize("notified, end", [
    ("2020-11-02", "2020-11-09"), ("2020-11-06", "2020-11-13"), ("2020-11-07", "2020-11-13"),
    ("2020-11-08", "2020-11-13"), ("2020-12-18", "2020-12-28")])
def test_business_days(notified, end, monkeypatch):
    class Plain(dict):
        weekend = {5, 6}
    import datetime
    monkeypatch.setattr(calendars, "holidays_of",
                        lambda *_: Plain({datetime.date(2020, 12, 25): ""}))
    zone = zoneinfo.ZoneInfo("America/New_York")
    at = calendars.first_instant_ms(datetime.date.fromisoformat(notified), zone) + 12 * 3_600_000
    after = datetime.date.fromisoformat(end) + datetime.timedelta(days=1)
    assert calendars.deadline_ms(at, "US") == calendars.first_instant_ms(after, zone)


def test_business_days_with_national_holidays():
    at = instant_ms("2026-05-20T08:00:00.000Z")
    ends = {country: instant_text(calendars.deadline_ms(at, country))
            for country in ("US", "KR", "GB", "DE", "JP")}
    assert ends == {"US": "2026-05-29T04:00:00.000Z", "KR": "2026-05-28T15:00:00.000Z",
                    "GB": "2026-05-28T23:00:00.000Z", "DE": "2026-05-28T22:00:00.000Z",
                    "JP": "2026-05-27T15:00:00.000Z"}


@pytest.mark.parametrize("number", range(3))
def test_generated_load_is_as_the_seed_says(number):
    first, second = (generator.Load(number, 400, T0) for _ in range(2))
    assert first.stories == second.stories and len(first.claims) >= 400
    assert len(set(first.claims)) == len(first.claims)
    assert len({tenant for tenant, _ in first.claims}) > 60


def test_generated_load_mixes():
    load = generator.Load(7, 2000, T0)
    play = Play()
    play.inputs.clear()
    for topic, key, records in (("partner", "mpn_id", load.partners),
                                ("tenant", "tenant_id", load.tenants),
                                ("subscription", "subscription_id", load.subscriptions)):
        for record in records:
            play.add(topic, T0 - DAY_MS, record, key=record[key])
    for number, story in enumerate(load.stories):
        for message in [message for step in story for message in step.messages]:
            if message.headers is None and (message.type or "").endswith(".submitted.v1"):
                play.add(message.topic, T0 + number * 1000, message.data, message.type)
    model = play.run(until=T0 + 9 * DAY_MS)
    claims = [claim for claims in model.tenants.values() for claim in claims.values()]
    states = [claim.status() for claim in claims]
    codes = {code for claim in claims for code, _ in claim.findings}
    assert 0.6 < states.count("VALIDATED") / len(states) < 0.9, states.count("VALIDATED")
    wanted = {"FIELD_MISSING", "FIELD_INVALID", "WRONG_PROGRAM", "ACTIVITY_INVALID",
              "PARTNER_UNKNOWN", "MPN_NOT_LOCATION", "MPN_NOT_ENROLLED", "DOMAIN_TENANT_MISMATCH",
              "CONTACT_NOT_AT_CUSTOMER", "TECHNICAL_CONTACT_MISSING", "REVENUE_FIELDS_MISSING",
              "PRODUCT_UNKNOWN", "PRODUCT_NOT_ON_TENANT", "SUBSCRIPTION_AMBIGUOUS",
              "SUBSCRIPTION_NOT_ON_TENANT", "SUBSCRIPTION_NOT_DYNAMICS",
              "SUBSCRIPTION_PRODUCT_MISMATCH", "SUBSCRIPTION_CSP", "SUBSCRIPTION_NOT_PROVISIONED",
              "SUBSCRIPTION_INACTIVE", "DUPLICATE_OWN_CLAIM", "POE_MISSING", "POE_NOT_SIGNED",
              "POE_DATE_MISSING", "POE_TOO_OLD", "POE_DATE_IN_FUTURE", "POE_LINE_NOT_COVERED",
              "POE_DISCLOSURE_MISSING", "CONTACT_UNREACHABLE"}
    assert wanted <= codes, wanted - codes
