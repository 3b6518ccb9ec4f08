"""A name given to two events hides neither; headers are a client's. One installation, many rows."""

import base64
import datetime
import json
import uuid

import pytest

import documents
import harness
from cporctl import call
from rewind import check_said_again

TENANT = documents.tenant(1)
DAY = (datetime.date.today() - datetime.timedelta(days=30)).isoformat()
SUBMISSION, EXPIRY = "claim-submission", "opt-out-expiry"
SUBMITTED, OPTED_OUT = "cpor.claim.submitted.v1", "cpor.customer.opted-out.v1"
WORKLOADS = ("EXCHANGE_ONLINE", "SHAREPOINT_ONLINE", "TEAMS", "TEAMS_PHONE", "TEAMS_MEETINGS",
             "MICROSOFT_365_APPS", "YAMMER", "INTUNE", "ENTRA_ID_PREMIUM")
TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
# Claims whose customer opts out under a name that is taken, or behind headers of its client's.
OPT_OUTS = ("C-own", "C-retried", "C-case", "C-structured", "C-base64", "C-two")


def about(claim_id, **more):
    return {"claim_id": claim_id, "tenant_id": TENANT["tenant_id"], **more}


def opt_out(claim_id, **more):
    return about(claim_id, actor={"type": "customer"}, **more)


def withdrawal(claim_id):
    return about(claim_id, actor={"type": "partner", "id": "1234566"})


def comment(claim_id, words):
    return about(claim_id, comment={"author": "Ada", "at": "2026-05-20T08:00:00Z", "text": words})


def attributes(event_type, event_id=None):
    return [("ce_specversion", b"1.0"), ("ce_id", (event_id or str(uuid.uuid4())).encode()),
            ("ce_source", b"/erp"), ("ce_type", event_type.encode())]


def structured(data, event_type=OPTED_OUT, **members):
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/erp", "type": event_type,
            **({"data": data} if data else {}), **members}


@pytest.fixture(scope="module")
def run(stack, tmp_path_factory):
    installation = harness.Installation(stack, tmp_path_factory.mktemp("identity"))
    try:
        installation.start_workers()
        installation.publish_reference([documents.partner()], [TENANT])
        board = harness.StatusBoard(installation)
        submit_all(installation)
        for name in (*OPT_OUTS, "C-kept", "C-first"):
            board.wait_status((TENANT["tenant_id"], name), "OPT_OUT_OPEN")
        say_all(installation)
        installation.wait_quiet()
        for _ in range(5):
            board.update()
        yield installation, board
    finally:
        installation.close()


def submit_all(installation):
    def send(name, workload, headers):
        installation.produce(SUBMISSION, TENANT["tenant_id"],
                             documents.claim(name, TENANT, DAY, (workload,)), headers)
    for name, workload in zip((*OPT_OUTS, "C-kept", "C-first"), WORKLOADS):
        send(name, workload, [*attributes(SUBMITTED, f"submitted {name}"),
                              ("traceparent", TRACE), ("tracestate", b"a" * 513)])
    send("C-late", WORKLOADS[-1], attributes(SUBMITTED, "submitted C-own"))
    send("C-huge", WORKLOADS[-1], [*attributes(SUBMITTED), ("tracestate", b"t" * 1_040_000)])
    installation.flush()


def say_all(installation):
    def say(topic, value, headers):
        installation.produce(topic, TENANT["tenant_id"], value, headers)
    # The customer says no under the name with which the partner's system submitted the claim.
    for _ in range(2):
        say(EXPIRY, opt_out("C-own"), attributes(OPTED_OUT, "submitted C-own"))
    # Two customers' opt-outs to which their system gave one name.
    say(EXPIRY, opt_out("C-two"), attributes(OPTED_OUT, "one name"))
    say(EXPIRY, opt_out("C-first"), attributes(OPTED_OUT, "one name"))
    # Others: nobody's word is taken for another's, and none is lost in silence.
    say(SUBMISSION, withdrawal("C-kept"), attributes("cpor.claim.withdrawn.v1", "submitted C-kept"))
    say(SUBMISSION, comment("C-kept", "one"), attributes("cpor.claim.comment-added.v1", "comment"))
    say(SUBMISSION, comment("C-kept", "one"), attributes("cpor.claim.comment-added.v1", "comment"))
    say(SUBMISSION, comment("C-kept", "two"), attributes("cpor.claim.comment-added.v1", "comment"))
    # What gateways and clients add to an opt-out.
    say(EXPIRY, opt_out("C-retried"),
        [(f"x-retry-{number}", b"1") for number in range(64)] + attributes(OPTED_OUT))
    say(EXPIRY, opt_out("C-case"),
        [("Ce_Id", b"dropped"), *((name.upper(), value) for name, value in attributes(OPTED_OUT))])
    say(EXPIRY, structured(opt_out("C-structured")),
        [("Content-Type", b"Application/CloudEvents+JSON; charset=UTF-8")])
    say(EXPIRY, structured(None, data_base64=base64.b64encode(
        json.dumps(opt_out("C-base64")).encode()).decode()), [])
    say(EXPIRY, {"specversion": "1.0", "id": "x", "type": OPTED_OUT, "data": opt_out("C-kept")}, [])
    installation.flush()


@pytest.mark.parametrize("name", [*OPT_OUTS, "C-first"])
def test_opt_out_is_heard(run, name):
    event = run[1].latest((TENANT["tenant_id"], name))
    assert (event["status"], event["reason"]) == ("REJECTED", "CUSTOMER_DECLINED")


def test_nothing_else_moved(run):
    board = run[1]
    assert board.status((TENANT["tenant_id"], "C-kept")) == "OPT_OUT_OPEN"
    for name in ("C-late", "C-huge"):
        assert board.latest((TENANT["tenant_id"], name)) is None


def test_dead_letters_say_why(run):
    letters = {}
    for record in run[0].read("dead-letter"):
        letters.setdefault(record.header("dlq_reason"), []).append(record)
    reused = [json.loads(record.value) for record in letters.pop("ID_REUSED")]
    expected = [documents.claim("C-late", TENANT, DAY, (WORKLOADS[-1],)), withdrawal("C-kept"),
                comment("C-kept", "two")]
    assert sorted(map(json.dumps, reused)) == sorted(map(json.dumps, expected))
    [missing] = letters.pop("HEADER_MISSING")
    assert "source is missing" in missing.header("dlq_detail")
    [large] = letters.pop("TOO_LARGE")
    assert large.header("dlq_truncated").split()[1].startswith("headers=1040")
    assert 60_000 < sum(len(name) + len(value) for name, value in large.headers) < 70_000
    assert json.loads(large.value)["claim_id"] == "C-huge"
    assert not letters


def test_trace_is_passed_on_without_what_is_too_long(run):
    for record in run[0].read("claim-validation"):
        assert record.header("traceparent") == TRACE.decode()
        assert record.header("tracestate") is None


def test_audit_knows(run):
    result = call(run[0].env, "audit")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("service", [SUBMISSION, EXPIRY])
def test_said_again_after_a_crash(run, service):
    check_said_again(run[0], service)
