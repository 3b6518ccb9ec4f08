"""The operator's tool: setup again and again, answers about claims, and an audit that finds what
is wrong. The rows are written by hand, so that each violation can be made."""

import json
import os
import pty
import shutil
import subprocess
import uuid

import confluent_kafka.admin
import psycopg
import pytest

import harness

TENANT = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
OTHER_TENANT = "4f2504e0-4f89-41d3-9a0c-0305e82c3301"
NOTIFIED_MS = 1608253200000  # 2020-12-18T01:00:00Z, a Friday, 10:00 in Seoul
DEADLINE_MS = 1609167600000  # 2020-12-28T15:00:00Z, 24:00 in Seoul
CHECKS = ("holder-without-line official-without-holder contender-missing contender-left-over "
          "timer-missing timer-left-over timer-shards answer-without-question "
          "status-contradicts-lines line-instants official-before-deadline "
          "official-without-window official-twice official-unexplained history-gap "
          "history-repeats history-behind history-handled-twice").split()


def call(env, *arguments):
    return subprocess.run([str(harness.BIN / "cporctl"), *arguments], env=env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120)


def expect(code, result):
    assert result.returncode == code, f"expected exit code {code}, actual {result.returncode}:\n" \
                                      f"{result.stdout}{result.stderr}"
    return result.stdout if code == 0 else result.stderr


def execute(installation, sql, *parameters):
    with psycopg.connect(installation.env["CPOR_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql, parameters or None)


# ---- usage

USAGE_ERRORS = [
    ("no command", (), "which command"),
    ("unknown command", ("frobnicate",), "unknown command frobnicate"),
    ("half a command", ("explain",), "cporctl explain deadline"),
    ("unknown option", ("setup", "--force"), "unknown option --force"),
    ("superfluous word", ("setup", "now"), "one argument too many"),
    ("flag with a value", ("setup", "--fix=1"), "--fix takes no value"),
    ("option twice", ("status", "--json", "--json", "C-1"), "given twice"),
    ("no claim", ("status",), "argument is missing"),
    ("no tenant id", ("status", "contoso", "C-1"), "no TENANT_ID"),
    ("no claim id", ("history", "C/1"), "no CLAIM_ID"),
    ("claim id too long", ("history", "C" * 65), "no CLAIM_ID"),
    ("holders of no tenant", ("holders", "contoso"), "no TENANT_ID"),
    ("no country", ("explain", "deadline", "--at", "2020-12-18T10:00:00Z"), "--country"),
    ("no instant", ("explain", "deadline", "--country", "KR"), "--at"),
    ("option without value", ("explain", "deadline", "--country", "KR", "--at"), "wants a value"),
    ("small country", ("explain", "deadline", "--country", "kr", "--at", "2020-12-18T10:00:00Z"),
     "two capital letters"),
    ("date only", ("explain", "deadline", "--country", "KR", "--at", "2020-12-18"), "instant"),
    ("no days", ("explain", "deadline", "--country", "KR", "--at", "2020-12-18T10:00:00Z",
                 "--days", "0"), "from 1 to 30"),
    ("no zone", ("explain", "deadline", "--country", "KR", "--at", "2020-12-18T10:00:00Z",
                 "--time-zone", "Asia/Busan"), "no such zone"),
]


@pytest.mark.parametrize("arguments,text", [row[1:] for row in USAGE_ERRORS],
                         ids=[row[0] for row in USAGE_ERRORS])
def test_usage_errors(arguments, text):
    error = expect(2, call(os.environ, *arguments))
    assert text in error
    assert error.count("\n") == 1, f"one line, not:\n{error}"


def test_help():
    commands = ("setup", "status", "history", "explain deadline", "holders", "audit")
    general = expect(0, call(os.environ, "--help"))
    for command in commands:
        assert f"  {command} " in general
        text = expect(0, call(os.environ, *command.split(), "--help"))
        assert "Examples:" in text and f"  cporctl {command}" in text and "Exit codes:" in text


def test_bad_setting():
    env = {**os.environ, "CPOR_PARTITIONS": "0"}
    assert "CPOR_PARTITIONS" in expect(1, call(env, "setup"))


# ---- deadlines: the examples of the contract

DEADLINES = [  # country, notice, deadline in UTC, holidays on the way
    ("KR", "2020-11-02T10:00:00+09:00", "2020-11-09T15:00:00.000Z", 0),
    ("KR", "2020-11-06T10:00:00+09:00", "2020-11-13T15:00:00.000Z", 0),
    ("KR", "2020-11-07T10:00:00+09:00", "2020-11-13T15:00:00.000Z", 0),
    ("KR", "2020-11-08T10:00:00+09:00", "2020-11-13T15:00:00.000Z", 0),
    ("KR", "2020-12-18T10:00:00+09:00", "2020-12-28T15:00:00.000Z", 1),
    ("US", "2020-12-18T10:00:00-05:00", "2020-12-29T05:00:00.000Z", 1),
    ("AQ", "2020-12-18T10:00:00-05:00", "2020-12-29T05:00:00.000Z", 1),  # no file: the default's
]


@pytest.mark.parametrize("country,at,deadline,holidays", DEADLINES)
def test_explain_deadline(country, at, deadline, holidays):
    arguments = ("explain", "deadline", "--country", country, "--at", at)
    answer = json.loads(expect(0, call(os.environ, *arguments, "--json")))
    assert answer["deadline_at"] == deadline
    assert sum(day["counts"] for day in answer["days"]) == 5
    assert sum(day["kind"] == "holiday" for day in answer["days"]) == holidays
    text = expect(0, call(os.environ, *arguments))
    assert f"= {deadline}" in text and text.count("business day") == 5
    assert text.count("holiday, Christmas Day") == holidays


def test_explain_deadline_options():
    arguments = ("explain", "deadline", "--country=KR", "--at=2020-11-02T10:00:00+09:00")
    one = json.loads(expect(0, call(os.environ, *arguments, "--days=1", "--json")))
    assert one["deadline_at"] == "2020-11-03T15:00:00.000Z"
    west = json.loads(expect(0, call(os.environ, *arguments, "--json", "--time-zone",
                                     "America/Los_Angeles")))
    # There it is still Sunday the 1st; the clocks went back that night.
    assert west["deadline_at"] == "2020-11-07T08:00:00.000Z"


def test_explain_deadline_beyond_the_calendar():
    result = call(os.environ, "explain", "deadline", "--country", "KR", "--at",
                  "2199-01-01T00:00:00Z")
    assert "calendar" in expect(1, result)


# ---- setup

def test_setup_again(install):
    count = len(list((harness.ROOT / "deploy/migrations").glob("*.sql")))
    output = expect(0, call(install().env, "setup"))
    assert output == (f"postgresql: up to date ({count} migration{'s' if count > 1 else ''})\n"
                      "kafka: up to date (10 topics)\n")


def test_setup_creates_as_described(install):
    installation = install()
    described = json.loads((harness.ROOT / "deploy/contracts/topics.json").read_text())
    for topic in described:
        assert len(installation.partition_numbers(topic["name"])) == harness.PARTITIONS
        found = topic_config(installation, topic["name"])
        assert found["cleanup.policy"] == topic["cleanup"]
        assert found["retention.ms"] == str(topic["retention_ms"])
        assert {name: found[name] for name in topic["config"]} == topic["config"]


def topic_config(installation, topic):
    resource = confluent_kafka.admin.ConfigResource("topic", installation.prefix + topic)
    future, = installation.admin.describe_configs([resource]).values()
    return {name: entry.value for name, entry in future.result(30).items()}


def changed_share(folder, name, text):
    """A copy of the installation's files with one migration more or another one."""
    share = folder / "share"
    shutil.copytree(harness.ROOT / "deploy/migrations", share / "migrations")
    shutil.copytree(harness.ROOT / "deploy/contracts", share / "contracts")
    with (share / "migrations" / name).open("a") as file:
        file.write(text)
    return share


def test_changed_migration_is_refused(install, tmp_path):
    installation = install()
    share = changed_share(tmp_path, "0001_pipeline.sql", "-- a remark\n")
    error = expect(1, call({**installation.env, "CPOR_SHARE_DIR": str(share)}, "setup"))
    assert "0001_pipeline.sql was changed after it was applied" in error


def test_failing_migration_leaves_nothing(install, tmp_path):
    installation = install()
    env = {**installation.env}
    share = changed_share(tmp_path, "9000_new.sql", "create table news (a int); select 1 / 0;")
    env["CPOR_SHARE_DIR"] = str(share)
    error = expect(1, call(env, "setup"))
    assert "apply migration 9000_new.sql" in error and "division by zero" in error
    assert installation.query("select to_regclass('news')") == [(None,)]
    (share / "migrations/9000_new.sql").write_text("create table news (a int);")
    assert "migration 9000_new.sql applied" in expect(0, call(env, "setup"))
    assert "up to date" in expect(0, call(env, "setup"))
    # Going back to the older release works, and says what it found.
    assert "9000_new.sql was applied by a newer release" in expect(0, call(installation.env,
                                                                           "setup"))


def test_two_setups_at_a_time(install):
    installation = install()
    database = f"{installation.database}_two"
    execute(installation, f'create database "{database}"')
    base = installation.env["CPOR_DATABASE_URL"].rpartition("/")[0]
    env = {**installation.env, "CPOR_TOPIC_PREFIX": installation.prefix + "two.",
           "CPOR_DATABASE_URL": f"{base}/{database}"}
    both = [subprocess.Popen([str(harness.BIN / "cporctl"), "setup"], env=env, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], "\n".join(outputs)
    assert "".join(outputs).count("0001_pipeline.sql applied") == 1


def test_other_partition_count_is_refused(install):
    error = expect(1, call({**install().env, "CPOR_PARTITIONS": "5"}, "setup"))
    assert "4 partitions, not 5" in error and "CPOR_PARTITIONS=4" in error


def test_altered_topic_is_left_alone_unless_fixed(install):
    installation = install()
    installation.use_create_time("opt-out-expiry")
    installation.wait("the broker to have the new configuration", lambda: topic_config(
        installation, "opt-out-expiry")["message.timestamp.type"] == "CreateTime")
    output = expect(0, call(installation.env, "setup"))
    assert "warning: topic" in output and "message.timestamp.type is CreateTime" in output
    assert topic_config(installation, "opt-out-expiry")["message.timestamp.type"] == "CreateTime"
    assert "altered" in expect(0, call(installation.env, "setup", "--fix"))
    found = topic_config(installation, "opt-out-expiry")
    assert found["message.timestamp.type"] == "LogAppendTime"
    assert found["message.timestamp.after.max.ms"] == str(2**62), "not ours to change"
    assert "kafka: up to date" in expect(0, call(installation.env, "setup"))


def test_servers_that_are_away():
    env = {**os.environ, "CPOR_SETUP_WAIT_MS": "300", "CPOR_KAFKA_BROKERS": "127.0.0.1:1",
           "CPOR_DATABASE_URL": "postgresql://cpor@127.0.0.1:1/cpor"}
    error = expect(1, call(env, "setup"))
    assert "wait for PostgreSQL: not there" in error and "CPOR_DATABASE_URL" in error
    assert "connect to PostgreSQL" in expect(1, call(env, "holders"))


def test_kafka_away(install):
    env = {**install().env, "CPOR_SETUP_WAIT_MS": "300", "CPOR_KAFKA_BROKERS": "127.0.0.1:1"}
    error = expect(1, call(env, "setup"))
    assert "wait for Kafka: not there" in error and "CPOR_KAFKA_BROKERS" in error


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
           "calendar_version": "0123456789ab", "time_zone": "Asia/Seoul", "rules_version": "1",
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
                lines=moved(None, "OPT_OUT_OPEN"))
    execute(installation, "insert into timers values (%s, 'WINDOW', %s, %s, 3)", tenant_id,
            DEADLINE_MS, claim_id)
    execute(installation, "insert into contenders values (%s, 'EXCHANGE_ONLINE', '1234566', %s)",
            tenant_id, claim_id)


def add_official_claim(installation, claim_id="C-OFFICIAL", slot="TEAMS"):
    add_claim(installation, claim_id, "OFFICIAL",
              [line("OFFICIAL", code=slot, slot=slot, due=DEADLINE_MS, official=DEADLINE_MS)],
              sequence=2)
    add_history(installation, claim_id, 1, None, "OPT_OUT_OPEN", lines=moved(None, "OPT_OUT_OPEN"))
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


def test_history(install):
    installation = install()
    add_official_claim(installation)
    add_history(installation, "C-OFFICIAL", 2, "OFFICIAL", "OFFICIAL", ignored="the window is over",
                event="cpor.window.extended.v1", actor_type="operator", actor_id="ann")
    text = expect(0, call(installation.env, "history", "C-OFFICIAL"))
    assert "OPT_OUT_OPEN → OFFICIAL" in text and "claim-submission/3@42" in text
    assert "why ignored: the window is over" in text and "by operator ann" in text
    rows = json.loads(expect(0, call(installation.env, "history", "--json", TENANT, "C-OFFICIAL")))
    assert [(row["from"], row["to"], row["ignored"]) for row in rows] == [
        (None, "OPT_OUT_OPEN", None), ("OPT_OUT_OPEN", "OFFICIAL", None),
        ("OFFICIAL", "OFFICIAL", "the window is over")]
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
    ("no window", set_line('{"due": 0}', OFFICIAL), {"official-without-window"}),
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
    result = call(env, "audit", "--json")
    answer = json.loads(result.stdout)
    assert [check["name"] for check in answer["checks"]] == CHECKS
    found = {check["name"] for check in answer["checks"] if check["violation_count"] > 0}
    assert result.returncode == (1 if found else 0)
    return answer, found


def test_every_check_has_a_violation():
    assert set().union(*(row[2] for row in VIOLATIONS)) == set(CHECKS)


@pytest.fixture(scope="module")
def audited(stack, tmp_path_factory):
    installation = harness.Installation(stack, tmp_path_factory.mktemp("audited"))
    add_open_claim(installation)
    add_official_claim(installation)
    add_claim(installation, "C-NEW", "SUBMITTED", [line("UNDER_REVIEW", slot="", check="none")],
              validated_at_ms=0, notified_at_ms=0)
    add_history(installation, "C-NEW", 1, None, "SUBMITTED", lines=moved(None, "UNDER_REVIEW"))
    add_history(installation, "C-NEW", 1, "SUBMITTED", "SUBMITTED")  # a comment: no new number
    add_history(installation, "C-UNKNOWN", 0, None, None)  # an opt-out that is kept
    assert audit(installation.env)[1] == set()
    text = expect(0, call(installation.env, "audit"))
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
    text = call(env, "audit").stdout
    assert text.count("BAD ") == len(wanted)
    assert all(violation["what"] in text for check in answer["checks"]
               for violation in check["violations"])


# ---- a terminal

def terminal_output(env, *arguments):
    master, slave = pty.openpty()
    subprocess.run([str(harness.BIN / "cporctl"), *arguments], env=env, stdout=slave, check=True)
    os.close(slave)
    parts = []
    try:
        while part := os.read(master, 65536):
            parts.append(part)
    except OSError:  # the end, on Linux
        pass
    os.close(master)
    return b"".join(parts).decode()


def test_colour_only_on_a_terminal():
    arguments = ("explain", "deadline", "--country", "KR", "--at", "2020-12-18T10:00:00+09:00")
    env = {**os.environ, "TERM": "xterm"}
    env.pop("NO_COLOR", None)
    assert "\033[" in terminal_output(env, *arguments)
    assert "\033" not in terminal_output({**env, "NO_COLOR": "1"}, *arguments)
    assert "\033" not in expect(0, call(env, *arguments))


def test_full_disk_is_no_answer():
    with open("/dev/full", "w") as full:
        result = subprocess.run([str(harness.BIN / "cporctl"), "--help"], stdout=full,
                                stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1 and "write the answer" in result.stderr
