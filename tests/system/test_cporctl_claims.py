"""The operator's tool: answers about claims, and an audit that finds what is wrong. The rows are
written by hand, so that each violation can be made."""

import hashlib
import json
import uuid

import psycopg
import pytest

import harness
from cporctl import call, execute, expect

TENANT = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
OTHER_TENANT = "4f2504e0-4f89-41d3-9a0c-0305e82c3301"
NOTIFIED_MS = 1608253200000  # 2020-12-18T01:00:00Z, a Friday, 10:00 in Seoul
DEADLINE_MS = 1609167600000  # 2020-12-28T15:00:00Z, 24:00 in Seoul
CHECKS = ("holder-without-line official-without-holder contender-missing contender-left-over "
          "timer-missing timer-left-over timer-shards timer-overdue answer-without-question "
          "status-contradicts-lines line-instants official-before-deadline "
          "official-without-window window-without-calendar official-twice official-unexplained "
          "history-gap history-repeats history-behind history-handled-twice "
          "history-without-actor history-without-cause act-unproved window-too-short").split()
CALENDAR = (harness.ROOT / "deploy/calendars/KR.ics").read_bytes()


# ---- claims

def add_claim(installation, claim_id, status, lines, tenant_id=TENANT, **columns):
    row = {"tenant_id": tenant_id, "claim_id": claim_id, "version": 1, "revision": 1, "sequence": 1,
           "status": status, "reason": None, "mpn_id": "1234566", "domain": "contoso.example",
           "solution_area": "MICROSOFT_365", "activities": 1, "origin": "CLAIM", "country": "KR",
           "partner_country": "US", "first_submitted_at_ms": NOTIFIED_MS - 1000,
           "received_at_ms": NOTIFIED_MS - 1000, "validated_at_ms": NOTIFIED_MS - 500,
           "answer_due_at_ms": 0, "recheck_at_ms": 0, "notified_at_ms": NOTIFIED_MS,
           "notice_revision": 1, "notice_retry_at_ms": 0, "notice_failed_since_ms": 0,
           "notice_failure_count": 0, "flags": 0, "calendar_id": "KR",
           "calendar_version": hashlib.sha256(CALENDAR).hexdigest()[:12],
           "time_zone": "Asia/Seoul", "rules_version": "1",
           "lines": json.dumps(lines), "findings": "[]", "content_hash": "0"}
    row.update(columns)
    execute(installation, f"insert into claims ({', '.join(row)}) values "
                          f"({', '.join(['%s'] * len(row))})", *row.values())


def add_history(installation, claim_id, sequence, from_status, to_status, tenant_id=TENANT,
                **columns):
    row = {"tenant_id": tenant_id, "claim_id": claim_id, "sequence": sequence,
           "at_ms": NOTIFIED_MS + sequence, "service": "opt-out-expiry", "instance": "one",
           "actor_type": "partner", "actor_id": "1234566", "event": "cpor.claim.submitted.v1",
           "from_status": from_status, "to_status": to_status, "reason": None, "lines": None,
           "ignored": None, "cause_key": str(uuid.uuid4()), "cause_source": "/upstream",
           "cause_id": f"event-{sequence}", "cause_topic": "claim-submission",
           "cause_partition": 3, "cause_offset": 40 + sequence, "outcomes": "[]"}
    row.update(columns)
    execute(installation, f"insert into history ({', '.join(row)}) values "
                          f"({', '.join(['%s'] * len(row))})", *row.values())


def line(status, **members):
    return {"n": 1, "code": "EXCHANGE_ONLINE", "slot": "EXCHANGE_ONLINE", "status": status,
            "check": "passed", "poe": 18500, **members}


def moved(before, after, reason=None, number=1):
    return json.dumps([{"line": number, "from": before, "to": after, "reason": reason}])


def add_open_claim(installation, claim_id="C-OPEN", tenant_id=TENANT):
    add_claim(installation, claim_id, "OPT_OUT_OPEN", [line("OPT_OUT_OPEN", due=DEADLINE_MS)],
              tenant_id)
    add_history(installation, claim_id, 1, None, "OPT_OUT_OPEN", tenant_id,
                lines=moved(None, "OPT_OUT_OPEN"), at_ms=NOTIFIED_MS)
    execute(installation, "insert into timers values (%s, 'WINDOW', %s, %s, 3)", tenant_id,
            DEADLINE_MS, claim_id)
    execute(installation, "insert into contenders values (%s, 'EXCHANGE_ONLINE', '1234566', %s)",
            tenant_id, claim_id)


def add_official_claim(installation, claim_id="C-OFFICIAL", slot="TEAMS"):
    add_claim(installation, claim_id, "OFFICIAL",
              [line("OFFICIAL", code=slot, slot=slot, due=DEADLINE_MS, official=DEADLINE_MS)],
              sequence=2)
    add_history(installation, claim_id, 1, None, "OPT_OUT_OPEN",
                lines=moved(None, "OPT_OUT_OPEN"), at_ms=NOTIFIED_MS)
    add_history(installation, claim_id, 2, "OPT_OUT_OPEN", "OFFICIAL",
                lines=moved("OPT_OUT_OPEN", "OFFICIAL"), actor_type="system", actor_id="")
    execute(installation, "insert into holders values (%s, %s, %s, %s, 1, '1234566', "
                          "'2020-08-26')", TENANT, slot, str(uuid.uuid4()), claim_id)
    execute(installation, "insert into contenders values (%s, %s, '1234566', %s)", TENANT, slot,
            claim_id)


def test_status(install):
    installation = install()
    assert "no claim C-OPEN, of any tenant" in expect(1, call(installation.env, "status", "C-OPEN"))
    assert f"no claim C-OPEN of tenant {TENANT}" in expect(
        1, call(installation.env, "status", TENANT, "C-OPEN"))
    add_open_claim(installation)
    text = expect(0, call(installation.env, "status", "C-OPEN"))
    assert "Approved, customer may opt out until Mon, 28 Dec 2020 24:00 UTC+09:00" in text
    assert "2020-12-28T15:00:00.000Z" in text and "EXCHANGE_ONLINE" in text and "\033" not in text
    answer = json.loads(expect(0, call(installation.env, "status", "--json", TENANT.upper(),
                                       "C-OPEN")))
    assert answer["status"] == "OPT_OUT_OPEN"
    assert answer["deadline_at"] == answer["lines"][0]["deadline_at"] == "2020-12-28T15:00:00.000Z"
    namespace = uuid.UUID("92bd6baa-031b-5208-a2f9-4a3d8218d8aa")
    assert answer["lines"][0]["association_id"] == str(
        uuid.uuid5(namespace, f"{TENANT}/C-OPEN/line/1"))
    assert answer["lines"][0]["poe_signed_on"] == "2020-08-26"
    add_open_claim(installation, tenant_id=OTHER_TENANT)
    error = expect(1, call(installation.env, "status", "C-OPEN"))
    assert "several tenants" in error and TENANT in error and OTHER_TENANT in error
    expect(0, call(installation.env, "status", OTHER_TENANT, "C-OPEN"))


def test_status_tells_findings_and_harmless_texts(install):
    installation = install()
    finding = {"code": "POE_TOO_OLD", "kind": "question", "line": 1, "path": "/poe/0/signed_on",
               "text": "send a newer one\033[31m\u009b31m"}
    add_claim(installation, "C-ASKED", "PARTNER_ACTION_REQUIRED", [line("UNDER_REVIEW")],
              answer_due_at_ms=DEADLINE_MS, findings=json.dumps([finding]))
    text = expect(0, call(installation.env, "status", "C-ASKED"))
    assert "Partner action required" in text and "question POE_TOO_OLD, line 1" in text
    assert "send a newer one" in text and "\033" not in text and "\u009b" not in text
    add_claim(installation, "C-ENDED", "ENDED", [line("ENDED", reason="SUPERSEDED", due=1,
                                                     official=1, ended=2)], reason="SUPERSEDED")
    assert "Ended (SUPERSEDED)" in expect(0, call(installation.env, "status", "C-ENDED"))


def test_status_of_an_opt_out_that_waits(install):
    installation = install()
    execute(installation, "insert into kept_opt_outs values (%s, %s, 'C-LATER', %s, null, "
                          "'customer', '', '/page', 'e1', 'opt-out-expiry', 0, 7)",
            str(uuid.uuid4()), TENANT, NOTIFIED_MS)
    result = call(installation.env, "status", "C-LATER")
    assert result.returncode == 1
    assert "Not received yet" in result.stdout and "2020-12-18T01:00:00.000Z" in result.stdout
    assert "An opt-out waits for this claim" in result.stdout
    [kept] = json.loads(call(installation.env, "status", "--json", "C-LATER").stdout)[
        "kept_opt_outs"]
    assert kept == {"received_at": "2020-12-18T01:00:00.000Z", "lines": "all",
                    "kept_until": "2021-03-18T01:00:00.000Z"}
    text = expect(0, call(installation.env, "history", "C-LATER"))
    assert "An opt-out waits for this claim" in text and "2021-03-18" in text
    env = {**installation.env, "CPOR_KEPT_OPT_OUT_DAYS": "1"}
    assert "kept until 2020-12-19" in call(env, "status", "C-LATER").stdout


def test_history(install):
    installation = install()
    add_official_claim(installation)
    add_history(installation, "C-OFFICIAL", 2, "OFFICIAL", "OFFICIAL", ignored="the window is over",
                event="cpor.window.extended.v1", actor_type="operator", actor_id="ann",
                note="they asked\033[31m for it")
    text = expect(0, call(installation.env, "history", "C-OFFICIAL"))
    assert "OPT_OUT_OPEN → OFFICIAL" in text and "claim-submission/3@42" in text
    assert "why ignored: the window is over" in text and "by operator ann" in text
    assert "the window is extended, by operator ann" in text and "\033" not in text
    assert "in their words: they asked" in text
    rows = json.loads(expect(0, call(installation.env, "history", "--json", TENANT, "C-OFFICIAL")))
    assert [(row["from"], row["to"], row["ignored"]) for row in rows] == [
        (None, "OPT_OUT_OPEN", None), ("OPT_OUT_OPEN", "OFFICIAL", None),
        ("OFFICIAL", "OFFICIAL", "the window is over")]
    assert [row["note"] for row in rows] == [None, None, "they asked\033[31m for it"]
    assert rows[1]["cause"] == {"source": "/upstream", "id": "event-2", "topic": "claim-submission",
                                "partition": 3, "offset": 42}
    assert rows[1]["lines"] == [{"line": 1, "from": "OPT_OUT_OPEN", "to": "OFFICIAL",
                                 "reason": None}]
    assert "no claim" in expect(1, call(installation.env, "history", "C-NONE"))


def test_history_of_many_pages(install):
    installation = install()
    execute(installation, """insert into history (tenant_id, claim_id, sequence, at_ms, service,
        instance, actor_type, actor_id, event, ignored, cause_key, cause_source, cause_id,
        cause_topic, cause_partition, cause_offset, outcomes) select %s, 'C-MANY', 0, 1, 's', 'i',
        'system', '', 'e', 'why', gen_random_uuid(), '/u', i::text, 't', 0, i, '[]'
        from generate_series(1, 1000) i""", TENANT)
    rows = json.loads(expect(0, call(installation.env, "history", "--json", "C-MANY")))
    assert [row["cause"]["offset"] for row in rows] == list(range(1, 1001))


def test_holders(install):
    installation = install()
    assert "0 slots held" in expect(0, call(installation.env, "holders"))
    assert json.loads(expect(0, call(installation.env, "holders", "--json"))) == []
    add_official_claim(installation)
    add_official_claim(installation, "C-OFFICIAL-2", "YAMMER")
    text = expect(0, call(installation.env, "holders"))
    assert "TEAMS" in text and "2 slots held" in text
    rows = json.loads(expect(0, call(installation.env, "holders", "--json", TENANT)))
    assert [(row["slot"], row["claim_id"], row["official_at"]) for row in rows] == [
        ("TEAMS", "C-OFFICIAL", "2020-12-28T15:00:00.000Z"),
        ("YAMMER", "C-OFFICIAL-2", "2020-12-28T15:00:00.000Z")]
    assert json.loads(expect(0, call(installation.env, "holders", "--json", OTHER_TENANT))) == []


def test_holders_of_many_pages(install):
    installation = install()
    execute(installation, """insert into holders select %s, 'S' || lpad(i::text, 5, '0'),
        gen_random_uuid(), 'C-1', i, '1', null from generate_series(1, 2001) i""", TENANT)
    rows = json.loads(expect(0, call(installation.env, "holders", "--json")))
    assert [row["line"] for row in rows] == list(range(1, 2002))


# ---- audit

OPEN, OFFICIAL = "claim_id = 'C-OPEN'", "claim_id = 'C-OFFICIAL'"
HISTORY_COPY = ("insert into history (tenant_id, claim_id, sequence, at_ms, service, instance, "
                "actor_type, actor_id, event, from_status, to_status, lines, cause_key, "
                "cause_source, cause_id, cause_topic, cause_partition, cause_offset, outcomes) "
                "select tenant_id, claim_id, {}, at_ms, service, instance, actor_type, actor_id, "
                "event, from_status, to_status, {}, {}, cause_source, cause_id, cause_topic, "
                "cause_partition, {}, outcomes from history where {} order by id desc limit 1")


def set_line(members, where):
    return f"update claims set lines = jsonb_set(lines, '{{0}}', lines->0 || '{members}') " \
           f"where {where}"


VIOLATIONS = [  # what is done to good rows, and which checks must find it
    ("holder of nothing", f"update holders set line = 2 where {OFFICIAL}",
     {"holder-without-line", "official-without-holder"}),
    ("no holder", f"delete from holders where {OFFICIAL}", {"official-without-holder"}),
    ("other partner", f"update holders set mpn_id = '9' where {OFFICIAL}",
     {"holder-without-line"}),
    ("no contender", f"delete from contenders where {OPEN}", {"contender-missing"}),
    ("contender for ever", "insert into contenders select tenant_id, 'YAMMER', mpn_id, claim_id "
     f"from contenders where {OPEN}", {"contender-left-over"}),
    ("no timer", f"delete from timers where {OPEN}", {"timer-missing"}),
    ("timer of another instant", f"update timers set due_at_ms = due_at_ms + 1 where {OPEN}",
     {"timer-missing", "timer-left-over"}),
    ("timer for nothing", "insert into timers select tenant_id, 'RECHECK', due_at_ms, claim_id, "
     "shard from timers", {"timer-left-over"}),
    ("two shards", "insert into timers select tenant_id, 'RECHECK', due_at_ms, claim_id, "
     "shard + 1 from timers", {"timer-left-over", "timer-shards"}),
    ("forgotten", f"update timers set due_at_ms = {NOTIFIED_MS - 400_000} where {OPEN}",
     {"timer-missing", "timer-left-over", "timer-overdue"}),
    ("answer unasked", f"update claims set answer_due_at_ms = 5 where {OPEN}",
     {"answer-without-question", "timer-missing"}),
    ("status of its own", f"update claims set status = 'REJECTED' where {OPEN}",
     {"status-contradicts-lines", "history-behind"}),
    ("official for no instant", set_line('{"official": 0}', OFFICIAL), {"line-instants"}),
    ("ended before", set_line(f'{{"status": "ENDED", "ended": {DEADLINE_MS - 1}}}', OFFICIAL),
     {"line-instants", "status-contradicts-lines", "holder-without-line", "contender-left-over",
      "official-unexplained"}),
    ("too early", set_line(f'{{"official": {DEADLINE_MS - 1}}}', OFFICIAL),
     {"official-before-deadline"}),
    ("a day less", set_line(f'{{"due": {DEADLINE_MS - 86_400_000}}}', OFFICIAL),
     {"window-too-short"}),
    ("no window", set_line('{"due": 0}', OFFICIAL), {"official-without-window"}),
    ("no calendar", f"update claims set calendar_id = '' where {OFFICIAL}",
     {"window-without-calendar"}),
    ("no version", f"update claims set calendar_version = '' where {OPEN}",
     {"window-without-calendar"}),
    ("nobody", "''".join(HISTORY_COPY.format("sequence", "lines", "gen_random_uuid()",
                                             "cause_offset", OPEN).rsplit("actor_type", 1)),
     {"history-without-actor", "history-repeats"}),
    ("no cause", HISTORY_COPY.format("sequence", "lines", "gen_random_uuid()", "-1", OPEN),
     {"history-without-cause", "history-repeats"}),
    ("official again", HISTORY_COPY.format("sequence", "lines", "gen_random_uuid()",
                                           "cause_offset", OFFICIAL),
     {"official-twice", "history-repeats"}),
    ("a gap", HISTORY_COPY.format("sequence + 2", "null", "gen_random_uuid()", "cause_offset",
                                  OPEN), {"history-gap", "history-behind"}),
    ("handled twice", HISTORY_COPY.format("sequence + 1", "null", "cause_key", "cause_offset + 1",
                                          OPEN), {"history-behind", "history-handled-twice"}),
]


def audit(env):
    """The answer, and the checks that found something."""
    result = call(env, "audit", "--no-kafka", "--json")
    answer = json.loads(result.stdout)
    assert [check["name"] for check in answer["checks"]] == CHECKS
    found = {check["name"] for check in answer["checks"] if check["violation_count"] > 0}
    assert result.returncode == (1 if found else 0)
    return answer, found


def test_every_check_has_a_violation():
    # faults/test_mutants.py has the one that wants signatures to be demanded.
    assert set().union(*(row[2] for row in VIOLATIONS)) == set(CHECKS) - {"act-unproved"}


@pytest.fixture(scope="module")
def audited(stack, tmp_path_factory):
    installation = harness.Installation(stack, tmp_path_factory.mktemp("audited"),
                                        start_at_ms=NOTIFIED_MS)
    add_open_claim(installation)
    add_official_claim(installation)
    add_claim(installation, "C-NEW", "SUBMITTED", [line("UNDER_REVIEW", slot="", check="none")],
              validated_at_ms=0, notified_at_ms=0)
    add_history(installation, "C-NEW", 1, None, "SUBMITTED", lines=moved(None, "UNDER_REVIEW"))
    add_history(installation, "C-NEW", 1, "SUBMITTED", "SUBMITTED")  # a comment: no new number
    add_history(installation, "C-UNKNOWN", 0, None, None)  # an opt-out that is kept
    assert audit(installation.env)[1] == set()
    text = expect(0, call(installation.env, "audit", "--no-kafka"))
    assert text.count("good") == len(CHECKS) and "0 violations" in text
    yield installation
    installation.close()


@pytest.mark.parametrize("sql,wanted", [row[1:] for row in VIOLATIONS],
                         ids=[row[0] for row in VIOLATIONS])
def test_audit_finds(audited, sql, wanted):
    """Each on a copy of the good database."""
    copy = f"{audited.database}_{uuid.uuid4().hex[:8]}"
    url = audited.env["CPOR_DATABASE_URL"]
    with psycopg.connect(audited.stack.env["CPOR_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'create database "{copy}" template "{audited.database}"')
    env = {**audited.env, "CPOR_DATABASE_URL": f"{url.rpartition('/')[0]}/{copy}"}
    with psycopg.connect(env["CPOR_DATABASE_URL"], autocommit=True) as connection:
        assert connection.execute(sql).rowcount > 0
    answer, found = audit(env)
    assert found == wanted
    text = call(env, "audit", "--no-kafka").stdout
    assert text.count("BAD ") == len(wanted)
    assert all(violation["what"] in text for check in answer["checks"]
               for violation in check["violations"])
