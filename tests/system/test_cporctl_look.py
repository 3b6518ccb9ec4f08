"""The operator's tool looks: finds claims, timers beside Redis, lag, opt-outs that are kept."""

import json
import re
import uuid

import psycopg
import pytest

import harness
from cporctl import call, execute, expect
from test_cporctl_claims import (DEADLINE_MS, NOTIFIED_MS, OTHER_TENANT, TENANT, add_claim,
                                 add_open_claim, line)

SUBSCRIPTION = "5f2504e0-4f89-41d3-9a0c-0305e82c3301"
TOPICS = [("claim-submission", "claim-submission"), ("claim-validation", "claim-validation"),
          ("claim-validation", "partner"), ("claim-validation", "tenant"),
          ("claim-validation", "subscription"), ("customer-notification", "customer-notification"),
          ("opt-out-expiry", "opt-out-expiry")]


# ---- find

@pytest.fixture(scope="module")
def filled(stack, tmp_path_factory):
    """Five claims, a day apart."""
    installation = harness.Installation(stack, tmp_path_factory.mktemp("filled"))
    rows = [("C-1", TENANT, "OFFICIAL", {}), ("C-2", TENANT, "OPT_OUT_OPEN", {}),
            ("C-3", TENANT, "OPT_OUT_OPEN", {"mpn_id": "9999999"}),
            ("C-4", OTHER_TENANT, "OPT_OUT_OPEN", {"domain": "fabrikam.example"}),
            ("C-5", OTHER_TENANT, "REJECTED", {"reason": "PRODUCT_UNKNOWN"})]
    for number, (claim_id, tenant_id, status, columns) in enumerate(rows):
        lines = [line(status, due=DEADLINE_MS, sub=SUBSCRIPTION if claim_id == "C-4" else "")]
        add_claim(installation, claim_id, status, lines, tenant_id,
                  first_submitted_at_ms=NOTIFIED_MS + number * 86_400_000, **columns)
    yield installation
    installation.close()


SEARCHES = [
    (("--tenant", TENANT.upper()), ["C-3", "C-2", "C-1"]),
    (("--mpn", "9999999"), ["C-3"]),
    (("--domain", "Fabrikam.Example"), ["C-4"]),
    (("--status", "opt_out_open"), ["C-4", "C-3", "C-2"]),
    (("--subscription", SUBSCRIPTION.upper()), ["C-4"]),
    (("--since", "2020-12-21T01:00:00Z"), ["C-5", "C-4"]),
    (("--since", "2020-12-21T01:00:00.001Z"), ["C-5"]),
    (("--status", "OPT_OUT_OPEN", "--tenant", OTHER_TENANT, "--mpn", "1234566"), ["C-4"]),
    (("--status", "WITHDRAWN"), []),
    (("--domain", "' or 1 = 1 --"), []),
]


@pytest.mark.parametrize("arguments,claims", SEARCHES)
def test_find(filled, arguments, claims):
    answer = json.loads(expect(0, call(filled.env, "find", "--json", *arguments)))
    assert [claim["claim_id"] for claim in answer["claims"]] == claims and not answer["more"]
    text = expect(0, call(filled.env, "find", *arguments))
    assert re.findall(r" (C-\d) ", text) == claims
    assert text.endswith(f"{len(claims)} claim{'' if len(claims) == 1 else 's'}\n")


def test_find_tells_that_more_match(filled):
    answer = json.loads(expect(0, call(filled.env, "find", "--json", "--tenant", TENANT, "--limit",
                                       "2")))
    assert [claim["claim_id"] for claim in answer["claims"]] == ["C-3", "C-2"] and answer["more"]
    assert answer["claims"][0]["deadline_at"] == "2020-12-28T15:00:00.000Z"
    assert "2 claims; more match" in expect(
        0, call(filled.env, "find", "--tenant", TENANT, "--limit", "2"))
    assert "more" not in expect(0, call(filled.env, "find", "--tenant", TENANT, "--limit", "3"))


@pytest.mark.parametrize("arguments,text", [
    ((), "which claims?"), (("--limit", "5"), "which claims?"), (("--tenant", "x"), "a GUID"),
    (("--status", "DONE"), "OPT_OUT_OPEN"), (("--since", "2026"), "an instant"),
    (("--mpn", "1", "--limit", "0"), "from 1 to 10000"),
    (("--mpn", "1", "--limit", "1x"), "number")])
def test_find_is_called_wrongly(filled, arguments, text):
    assert text in expect(2, call(filled.env, "find", *arguments))


def test_find_that_takes_too_long_says_what_to_do(filled):
    env = {**filled.env, "CPOR_DATABASE_TIMEOUT_MS": "3000"}
    with psycopg.connect(filled.env["CPOR_DATABASE_URL"]) as connection:
        connection.execute("lock table claims in access exclusive mode")
        error = expect(1, call(env, "find", "--mpn", "1"))
        connection.rollback()
    assert "took longer than CPOR_DATABASE_TIMEOUT_MS=3000" in error and "--domain" in error
    assert error.count("\n") == 1


def test_moving_a_claim_stays_hot(filled):
    """The indexes are of columns that never change."""
    execute(filled, "update claims set version = version + 1, mpn_id = '7', status = 'ENDED',"
                    " lines = '[]' where claim_id = 'C-5'")
    execute(filled, "select pg_stat_force_next_flush()")
    filled.wait("the statistics", lambda: filled.query(
        "select 1 from pg_stat_user_tables where relname = 'claims' and n_tup_upd > 0"))
    assert filled.query("select n_tup_upd = n_tup_hot_upd from pg_stat_user_tables"
                        " where relname = 'claims'") == [(True,)]


def test_find_uses_its_indexes(filled):
    with psycopg.connect(filled.env["CPOR_DATABASE_URL"]) as connection:
        connection.execute("set enable_seqscan = off")
        for condition, index in (("domain = 'x'", "claims_domain"),
                                 ("first_submitted_at_ms >= 1", "claims_submitted")):
            plan = connection.execute(f"explain select * from claims where {condition}").fetchall()
            assert index in str(plan)


# ---- kept

def test_kept(install):
    installation = install()
    assert "0 opt-outs kept" in expect(0, call(installation.env, "kept"))
    for number in range(3):
        execute(installation, "insert into kept_opt_outs values (%s, %s, %s, %s, %s, 'customer', "
                              "'', '/page', 'e1', 'opt-out-expiry', 0, %s)", str(uuid.uuid4()),
                TENANT, f"C-{number}", NOTIFIED_MS - number, [1, 2] if number else None, number)
    answer = json.loads(expect(0, call(installation.env, "kept", "--json", "--limit", "2")))
    assert answer["count"] == 3
    assert [(row["claim_id"], row["lines"]) for row in answer["opt_outs"]] == [
        ("C-2", "1, 2"), ("C-1", "1, 2")]
    assert answer["opt_outs"][0]["kept_until"] == "2021-03-18T00:59:59.998Z"
    text = expect(0, call({**installation.env, "CPOR_KEPT_OPT_OUT_DAYS": "10"}, "kept"))
    assert "3 opt-outs kept" in text and "kept until 2020-12-28T01:00:00.000Z" in text


# ---- timers

def timers(env, *arguments):
    return json.loads(expect(0, call(env, "timers", "--json", *arguments)))


def test_timers(install):
    installation = install(start_at_ms=DEADLINE_MS - 3_600_000, speed=1)
    add_open_claim(installation, "C-0")
    execute(installation, "insert into timers select tenant_id, 'WINDOW', due_at_ms, 'C-' || n, 3"
                          " from timers, generate_series(1, 2) n")
    execute(installation, "insert into timers values (%s, 'ANSWER', 5, 'C-0', 3)", TENANT)
    installation.redis.set("cpor:timers:unrelated", "1")
    answer = timers(installation.env)
    kinds = {row["kind"]: (row["waiting"], row["due"], row["overdue"]) for row in answer["kinds"]}
    assert kinds == {"WINDOW": (3, 0, 0), "ANSWER": (1, 1, 1), "REMINDER": (0, 0, 0),
                     "RECHECK": (0, 0, 0), "NOTICE": (0, 0, 0), "KEPT": (0, 0, 0)}
    assert answer["redis"] == "there" and len(answer["shards"]) == 16
    shard = answer["shards"][3]
    assert (shard["waiting"], shard["wanted_in_redis"], shard["in_redis"], shard["filled"]) == (
        4, 2, 0, False)
    assert shard["next_due_at"] == "1970-01-01T00:00:00.005Z"
    assert not installation.redis.keys("*filled*"), "who looks on leaves no mark"
    only = timers(installation.env, "--due", "--kind", "answer")
    assert (only["waiting"], only["due"]) == (1, 1)
    assert timers(installation.env, "--due", "--kind", "WINDOW")["waiting"] == 0
    text = expect(0, call(installation.env, "timers"))
    assert re.search(r"^WINDOW +3 +0 +0  2020-12-28T15:00:00.000Z", text, re.M)
    assert "0 of 2, not filled" in text
    assert "wants WINDOW" in expect(2, call(installation.env, "timers", "--kind", "DAILY"))


def test_timers_that_a_worker_filled(install):
    installation = install(start_at_ms=DEADLINE_MS - 3_600_000, speed=1)
    add_open_claim(installation)
    execute(installation, "update timers set shard = 0")
    installation.start_workers(services=("opt-out-expiry",))
    installation.wait("Redis to be filled", lambda: all(
        shard["filled"] for shard in timers(installation.env)["shards"]))
    shard = timers(installation.env)["shards"][0]
    assert shard["in_redis"] == shard["wanted_in_redis"] == 1
    installation.redis.flushdb()
    assert timers({**installation.env})["redis"] == "there"


def test_timers_without_redis(install):
    installation = install()
    add_open_claim(installation)
    env = {**installation.env, "CPOR_REDIS_URL": "redis://127.0.0.1:1/0"}
    answer = timers(env)
    assert answer["redis"] == "away" and answer["waiting"] == 1
    assert {(row["in_redis"], row["filled"]) for row in answer["shards"]} == {(None, None)}
    assert "Redis is away" in expect(0, call(env, "timers"))


# ---- lag

def lags(installation, *arguments, code=0):
    result = call(installation.env, "lag", "--json", *arguments)
    assert result.returncode == code, result.stderr
    return json.loads(result.stdout)


def test_topics_are_those_of_the_workers():
    found = []
    for service in harness.SERVICES:
        text = (harness.ROOT / "services" / service / "main.c").read_text()
        topics = re.search(r"topics\[\] = \{(.*?)NULL\}", text, re.S)[1]
        found += [(service, name) for name in re.findall(r'"([a-z-]+)"', topics)]
    assert found == TOPICS


def test_lag(install):
    installation = install()
    answer = lags(installation)
    assert answer["lag"] == 0
    assert [group["known"] for group in answer["groups"]] == [False] * 4
    places = [(group["service"], place["topic"].removeprefix(installation.prefix))
              for group in answer["groups"] for place in group["partitions"]]
    assert places == [place for place in TOPICS for _ in range(harness.PARTITIONS)]
    assert "has committed nothing yet" in expect(0, call(installation.env, "lag"))
    for number in range(1500):
        installation.produce("claim-submission", "k", {"n": number}, partition=number % 3 // 2)
    installation.flush()
    submission = lags(installation, "--max", "1000")["groups"][0]
    assert [place["lag"] for place in submission["partitions"]] == [1000, 500, 0, 0]
    assert (submission["lag"], submission["known"]) == (1500, False)
    result = call(installation.env, "lag", "--max", "999")
    assert result.returncode == 1 and "1 partition lags more than --max 999" in result.stderr
    assert "1500 records behind" in result.stdout
    lags(installation, "--max", "999", code=1)


def test_lag_of_workers_that_are_done_is_nothing(install):
    """Markers of transactions are no records."""
    installation = install()
    installation.start_workers()
    for number in range(20):
        installation.produce("claim-submission", TENANT, {"claim_id": f"C-{number}", "customer": {
            "tenant_id": TENANT}})
    installation.flush()
    installation.wait("the claims", lambda: installation.query(
        "select 1 from claims having count(*) = 20"))
    installation.wait("nothing to be behind", lambda: lags(installation)["lag"] == 0)
    validation = lags(installation, "--max", "0")["groups"][1]
    assert validation["known"]
    assert any(place["end"] > (place["committed"] or 0) for place in validation["partitions"])


def test_lag_without_kafka(install):
    env = {**install().env, "CPOR_KAFKA_BROKERS": "127.0.0.1:1", "CPOR_KAFKA_TIMEOUT_MS": "1000"}
    error = expect(1, call(env, "lag"))
    assert error.count("\n") == 1 and "CPOR_KAFKA_BROKERS" in error


def test_lag_before_setup(install):
    env = {**install().env, "CPOR_TOPIC_PREFIX": "nothing."}
    assert "cporctl setup" in expect(1, call(env, "lag"))
