"""Opt-outs that come before their claim: kept, applied in their own name, or a dead letter."""

import json

import psycopg

import documents
import harness
from rewind import check_said_again
from scrape import gauge
from words import DAY_MS, instant_ms, instant_text

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
DAY = "2026-03-01"
SUBMITTED, OPTED_OUT = "cpor.claim.submitted.v1", "cpor.customer.opted-out.v1"


def start(install, **arguments):
    installation = install(**arguments)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    return installation, harness.StatusBoard(installation)


def opt_out(installation, name, **data):
    event_id = installation.publish("opt-out-expiry", OPTED_OUT, {
        "claim_id": name, "tenant_id": TENANT["tenant_id"],
        "actor": {"type": "operator", "id": "op-7"}, "comment": "by telephone", **data})
    installation.flush()
    return event_id


def records(installation, event_id):
    return [record for record in installation.read("opt-out-expiry")
            if record.header("ce_id") == event_id]


def kept_count(installation):
    [(count,)] = installation.query("select count(*) from kept_opt_outs")
    return count


def test_kept_opt_out_becomes_a_dead_letter(install):
    """As it came, after 90 days and not before; its row and its timer are gone."""
    installation, board = start(install, start_at_ms=START)
    value = json.dumps({"claim_id": "C-never", "tenant_id": TENANT["tenant_id"], "more": [0.1],
                        "actor": {"type": "customer"}, "lines": [2, 1]}, indent=3).encode()
    headers = [("ce_specversion", b"1.0"), ("ce_id", b"o-1"), ("ce_source", b"/by-hand"),
               ("ce_type", OPTED_OUT.encode()), ("x-own", b"\x00\xff"), ("x-own", b"")]
    installation.produce("opt-out-expiry", TENANT["tenant_id"].upper(), value, headers)
    installation.flush()
    installation.wait("it to be kept", lambda: kept_count(installation) == 1)
    installation.wait("it to be counted", lambda: gauge(
        installation.workers["opt-out-expiry-1"], "opt_outs_kept") == 1)
    [came] = records(installation, "o-1")
    received = installation.business_ms(came.timestamp)
    [(event, ignored, actor)] = installation.query(
        "select event, ignored, actor_type from history where claim_id = 'C-never'")
    assert (event, ignored, actor) == (OPTED_OUT, None, "customer")
    installation.jump(received + 90 * DAY_MS - 60_000)
    assert kept_count(installation) == 1 and not installation.read("dead-letter")

    installation.jump(received + 90 * DAY_MS + 60_000)
    assert "cpor.opt-out.kept-due.v1" in {
        record.header("ce_type") for record in installation.read("opt-out-expiry")}
    [letter] = installation.read("dead-letter")
    assert (letter.key, letter.value) == (came.key, value)
    assert letter.headers[:len(headers)] == headers
    assert {name: letter.header("dlq_" + name) for name in
            ("reason", "service", "topic", "partition", "offset", "timestamp")} == {
        "reason": "UNKNOWN_CLAIM", "service": "opt-out-expiry",
        "topic": installation.prefix + "opt-out-expiry", "partition": str(came.partition),
        "offset": str(came.offset), "timestamp": instant_text(received)}
    assert kept_count(installation) == 0
    assert installation.query("select * from timers") == []
    check_said_again(installation, "opt-out-expiry")
    check_put_back(installation, board, letter, headers)


def check_put_back(installation, board, letter, headers):
    """The claim came at last, and an operator puts the dead letter back: it counts, once."""
    count = len(installation.read("dead-letter"))
    document = documents.claim("C-never", TENANT, "2026-07-01")
    installation.publish("claim-submission", SUBMITTED, document)
    installation.flush()
    key = (TENANT["tenant_id"], "C-never")
    board.wait_status(key, "OPT_OUT_OPEN")
    for _ in range(2):
        installation.produce("opt-out-expiry", letter.key, letter.value, headers)
    installation.flush()
    event = board.wait_status(key, "REJECTED")
    assert event["reason"] == "CUSTOMER_DECLINED"
    installation.wait_settled()
    assert len(installation.read("dead-letter")) == count


def test_several_opt_outs_expire_one_by_one(install):
    """Each at its own time, though they wait for the same claim."""
    installation, _ = start(install, start_at_ms=START)
    first = opt_out(installation, "C-never")
    installation.wait("it to be kept", lambda: kept_count(installation) == 1)
    installation.jump(START + 10 * DAY_MS)
    second = opt_out(installation, "C-never")
    installation.wait("it to be kept", lambda: kept_count(installation) == 2)
    installation.jump(START + 91 * DAY_MS)
    assert [letter.header("ce_id") for letter in installation.read("dead-letter")] == [first]
    installation.jump(START + 101 * DAY_MS)
    assert [letter.header("ce_id") for letter in installation.read("dead-letter")] == [
        first, second]


def test_kept_opt_out_is_applied_in_its_own_name(install):
    installation, board = start(install)
    event_id = opt_out(installation, "C-1", lines=[2])
    installation.wait("it to be kept", lambda: kept_count(installation) == 1)
    document = documents.claim("C-1", TENANT, recent_day(installation), ("TEAMS", "YAMMER"))
    installation.publish("claim-submission", SUBMITTED, document)
    installation.flush()
    key = (TENANT["tenant_id"], "C-1")
    event = board.wait_status(key, "OPT_OUT_OPEN")
    assert [line["status"] for line in event["lines"]] == ["OPT_OUT_OPEN", "DECLINED"]
    rows = installation.query(
        "select service, actor_type, actor_id, note, lines from history where cause_id = %s"
        " order by id", event_id)
    moved = json.dumps([{"line": 2, "from": "UNDER_REVIEW", "to": "DECLINED",
                         "reason": "CUSTOMER_DECLINED"}], separators=(",", ":"))
    assert rows == [("opt-out-expiry", "operator", "op-7", "by telephone", None),
                    ("claim-submission", "operator", "op-7", "by telephone", moved)]
    assert installation.query("select * from timers where kind = 'KEPT'") == []
    check_said_again(installation, "claim-submission")
    check_said_again(installation, "opt-out-expiry", is_silent=True)


def recent_day(installation):
    return instant_text(installation.now_ms() - 30 * DAY_MS)[:10]


def test_import_meets_a_kept_opt_out(install):
    """Also in one batch with it: official for an instant, then ended by the customer."""
    installation, board = start(install)
    subscription = documents.subscription(TENANT)
    installation.publish_reference(subscriptions=[subscription])
    opt_out(installation, "L-1")
    installation.wait("it to be kept", lambda: kept_count(installation) == 1)
    installation.publish("claim-submission", "cpor.association.imported.v1",
                         documents.legacy("L-1", TENANT, subscription))
    installation.flush()
    event = board.wait_status((TENANT["tenant_id"], "L-1"), "ENDED")
    assert event["lines"][0]["reason"] == "CUSTOMER_DECLINED"
    types = [record.header("ce_type") for record in installation.read("association-official")]
    assert types == ["cpor.association.official.v1", "cpor.association.ended.v1"]
    check_said_again(installation, "opt-out-expiry")


def test_opt_out_crosses_its_claim(install):
    """It is met while claim-submission makes the claim: decided there and then, at its receipt."""
    installation, board = start(install)
    document = documents.claim("C-1", TENANT, recent_day(installation))
    key = (TENANT["tenant_id"], "C-1")

    def waiting(kind):
        return lambda: installation.query(
            "select 1 from pg_locks where not granted and locktype = %s", kind)

    with psycopg.connect(installation.env["CPOR_DATABASE_URL"]) as connection:
        connection.execute("lock table history in share mode")  # the claim is made, not committed
        installation.publish("claim-submission", SUBMITTED, document)
        installation.flush()
        installation.wait("claim-submission in its transaction", waiting("relation"))
        event_id = opt_out(installation, "C-1")
        installation.wait("opt-out-expiry to wait for it", waiting("advisory"))
        connection.rollback()
    event = board.wait_status(key, "REJECTED")
    [came] = records(installation, event_id)
    assert event["at"] == instant_text(came.timestamp)
    assert event["lines"][0]["status"] == "DECLINED" and kept_count(installation) == 0
    assert installation.query("select service from history where cause_id = %s", event_id) == [
        ("opt-out-expiry",)]
