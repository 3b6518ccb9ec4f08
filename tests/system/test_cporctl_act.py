"""cporctl opt-out, extend, review: what an operator or a reviewer says, and what came of it."""

import json
import os
import uuid

import pytest

import documents
from cporctl import call, expect
from words import DAY_MS, instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")  # a Wednesday; Monday is a holiday in the US
DEADLINE = "2026-05-29T04:00:00.000Z"           # the end of Thursday the 28th in New York
LATER = "2026-06-01T04:00:00.000Z"
TENANT = documents.tenant(1)
WORKLOADS = ("EXCHANGE_ONLINE", "TEAMS")
SOURCE = "urn:cpor:cporctl"

OPERATOR = ("--operator", "ann")
EXTEND = ("extend", "C-1", "--until", LATER, "--reason", "asked for", *OPERATOR)
USAGE_ERRORS = [
    ("opt-out of nothing", ("opt-out", *OPERATOR), "an argument is missing"),
    ("no operator", ("opt-out", "C-1"), "--operator is missing"),
    ("blank operator", ("opt-out", "C-1", "--operator", " "), "--operator is blank"),
    ("no tenant", ("opt-out", "contoso", "C-1", *OPERATOR), "no TENANT_ID"),
    ("no claim id", ("opt-out", "C/1", *OPERATOR), "no CLAIM_ID"),
    ("no line", ("opt-out", "C-1", "--line", "one", *OPERATOR), "--line one: wants a number"),
    ("line 0", ("opt-out", "C-1", "--line", "0", *OPERATOR), "--line 0: wants a number"),
    ("line twice", ("opt-out", "C-1", "--line", "2", "--line=2", *OPERATOR), "given twice"),
    ("line without value", ("opt-out", "C-1", *OPERATOR, "--line"), "--line wants a value"),
    ("operator twice", ("opt-out", "C-1", *OPERATOR, *OPERATOR), "--operator is given twice"),
    ("time-out of nothing", ("opt-out", "C-1", "--no-wait", "--timeout", "3", *OPERATOR),
     "--timeout is that of waiting"),
    ("time-out 0", ("opt-out", "C-1", "--timeout", "0", *OPERATOR), "from 1 to 86400"),
    ("no instant", ("extend", "C-1", "--reason", "x", *OPERATOR), "--until is missing"),
    ("a day", (*EXTEND[:3], "2026-06-01", *EXTEND[4:]), "wants an instant"),
    ("no reason", ("extend", "C-1", "--until", LATER, *OPERATOR), "--reason is missing"),
    ("review of nothing", ("review", "--approve", "--reviewer", "bob"), "which claim?"),
    ("no verdict", ("review", "C-1", "--reviewer", "bob"), "which verdict?"),
    ("two verdicts", ("review", "C-1", "--ask", "--approve", "--reviewer", "bob"),
     "--approve or --ask?"),
    ("no reviewer", ("review", "C-1", "--approve"), "--reviewer is missing"),
    ("reject without reason", ("review", "C-1", "--reject", "--reviewer", "bob"),
     "--reason is missing"),
    ("finding of an approval", ("review", "C-1", "--approve", "--finding", "POE_MISSING:1:x",
                                "--reviewer", "bob"), "it goes with --ask or --reject"),
    ("list of one", ("review", "--list", "C-1"), "no claim goes with it"),
    ("list and verdict", ("review", "--list", "--approve"), "--approve does not go with --list"),
]


@pytest.mark.parametrize("arguments,text", [row[1:] for row in USAGE_ERRORS],
                         ids=[row[0] for row in USAGE_ERRORS])
def test_usage_errors(arguments, text):
    error = expect(2, call(os.environ, *arguments))
    assert text in error and error.count("\n") == 1


# ---- with servers and workers

def begin(install, *claim_ids, settings=None, status="OPT_OUT_OPEN", **changes):
    """An installation in which these claims wait for their customers."""
    installation = install(start_at_ms=START, settings=settings)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    for index, claim_id in enumerate(claim_ids):
        workloads = WORKLOADS if index == 0 else ("YAMMER", "INTUNE")
        document = documents.claim(claim_id, TENANT, "2026-05-01", workloads)
        installation.publish("claim-submission", "cpor.claim.submitted.v1",
                             {**document, **changes})
    installation.flush()
    installation.wait(f"the claims to be {status}", lambda: installation.query(
        "select count(*) from claims where status = %s", status) == [(len(claim_ids),)])
    return installation


def answer(code, installation, *arguments):
    result = call(installation.env, *arguments, "--json")
    assert result.returncode == code, f"{result.stdout}{result.stderr}"
    return json.loads(result.stdout)


def line(installation, *arguments):
    """The one line that is told, and the exit code."""
    result = call(installation.env, *arguments)
    assert result.stdout.count("\n") + result.stderr.count("\n") == 1, result
    return result.returncode, (result.stdout + result.stderr).strip()


def last_event(installation, topic):
    """Of ours on that topic."""
    return [record for record in installation.read(topic)
            if record.header("ce_source") == SOURCE][-1]


def test_opt_out(install):
    installation = begin(install, "C-1")
    told = answer(0, installation, "opt-out", TENANT["tenant_id"].upper(), "C-1", "--line", "2",
                  "--comment", "they called", *OPERATOR)
    assert (told["outcome"], told["from"], told["to"]) == ("moved", "OPT_OUT_OPEN", "OPT_OUT_OPEN")
    assert told["lines"] == [{"line": 2, "from": "OPT_OUT_OPEN", "to": "DECLINED",
                              "reason": "CUSTOMER_DECLINED"}]
    record = last_event(installation, "opt-out-expiry")
    assert record.key.decode() == TENANT["tenant_id"] and record.header("ce_id") == told["event_id"]
    assert record.header("ce_type") == "cpor.customer.opted-out.v1"
    assert record.json == {"tenant_id": TENANT["tenant_id"], "claim_id": "C-1", "lines": [2],
                           "actor": {"type": "operator", "id": "ann"}, "comment": "they called"}
    assert installation.query("select actor_type, actor_id, note from history where cause_id = %s",
                              told["event_id"]) == [("operator", "ann", "they called")]
    assert line(installation, "opt-out", "C-1", "--line", "2", *OPERATOR) == (
        1, "C-1: ignored: nothing is left to decline (stays OPT_OUT_OPEN)")
    assert line(installation, "opt-out", "C-1", *OPERATOR) == (
        0, "C-1: OPT_OUT_OPEN → REJECTED, CUSTOMER_DECLINED; line 1: OPT_OUT_OPEN → DECLINED")


def test_what_cannot_be_is_not_published(install):
    installation = begin(install, "C-1")
    other = str(uuid.uuid4())
    refusals = [
        (1, "no claim C-9, of any tenant", ("opt-out", "C-9", *OPERATOR)),
        (1, f"no claim C-1 of tenant {other}", ("opt-out", other, "C-1", *OPERATOR)),
        (1, "claim C-1 has no line 3", ("opt-out", "C-1", "--line", "3", *OPERATOR)),
        (2, "/comment", ("opt-out", "C-1", "--comment", "\x1b[31m", *OPERATOR)),
        (2, "/actor/id", ("opt-out", "C-1", "--operator", "a" * 129)),
        (2, "/findings/0/code", ("review", "C-1", "--ask", "--reason", "x", "--finding",
                                 "NO_SUCH:1:x", "--reviewer", "bob")),
        (2, "wants CODE:LINE:MESSAGE", ("review", "C-1", "--ask", "--reason", "x", "--finding",
                                        "POE_MISSING", "--reviewer", "bob")),
        (2, "LINE wants a number", ("review", "C-1", "--ask", "--reason", "x", "--finding",
                                    "POE_MISSING:x:y", "--reviewer", "bob")),
        (1, "has no line 7", ("review", "C-1", "--ask", "--reason", "x", "--finding",
                              "POE_MISSING:7:y", "--reviewer", "bob")),
    ]
    for code, text, arguments in refusals:
        result = call(installation.env, *arguments)
        error = expect(code, result)
        assert text in error and error.count("\n") == 1 and result.stdout == "", arguments
    ours = [record for record in installation.read("opt-out-expiry", "claim-submission")
            if record.header("ce_source") == SOURCE]
    assert ours == []


def test_extend(install):
    installation = begin(install, "C-1", "C-2")
    assert installation.query("select lines->0->>'due' from claims where claim_id = 'C-1'") == [
        (str(instant_ms(DEADLINE)),)]
    code, text = line(installation, *EXTEND[:3], DEADLINE, *EXTEND[4:])
    assert code == 1 and f"never shortened: that of claim C-1 is open until {DEADLINE}" in text
    code, text = line(installation, *EXTEND[:3], "2026-05-29T02:00:00Z", *EXTEND[4:])
    assert code == 1 and "never shortened" in text
    later = "2026-06-01T13:00:00+09:00"  # the same instant as LATER
    assert line(installation, *EXTEND[:3], later, *EXTEND[4:], "--line", "1") == (
        0, f"C-1: window extended to {LATER}, stays OPT_OUT_OPEN")
    record = last_event(installation, "opt-out-expiry")
    assert record.header("ce_type") == "cpor.window.extended.v1"
    assert record.json == {"tenant_id": TENANT["tenant_id"], "claim_id": "C-1", "lines": [1],
                           "deadline_at": LATER, "actor": {"type": "operator", "id": "ann"},
                           "reason": "asked for"}
    code, text = line(installation, *EXTEND, "--line", "1", "--line", "2")
    assert code == 1 and "never shortened" in text  # of line 1
    installation.jump(instant_ms(DEADLINE) + 1000)
    told = answer(0, installation, *EXTEND[:3], "2026-06-02T04:00:00Z", *EXTEND[4:])
    assert told["deadline_at"] == "2026-06-02T04:00:00.000Z"
    code, text = line(installation, *EXTEND, "--line", "2")
    assert code == 1 and "not each of these lines has an open window (OPT_OUT_OPEN)" in text
    code, text = line(installation, "extend", "C-2", *EXTEND[2:])
    assert code == 1 and text.endswith("claim C-2 has no open window: it is OFFICIAL")


def test_review(install):
    installation = begin(install, "C-1", "C-2", status="UNDER_REVIEW",
                         settings={"CPOR_REVIEW": "all", "CPOR_REVIEW_DAYS_MAX": "2"})
    installation.publish("claim-submission", "cpor.claim.submitted.v1",
                         documents.claim("C-0", TENANT, "2026-05-01", ("SHAREPOINT_ONLINE",)))
    installation.flush()
    installation.wait("C-0 to be UNDER_REVIEW", lambda: installation.query(
        "select status from claims where claim_id = 'C-0'") == [("UNDER_REVIEW",)])
    listed = answer(0, installation, "review", "--list")
    assert [row["claim_id"] for row in listed["claims"]] == ["C-1", "C-2", "C-0"]
    assert listed["late"] == 0 and listed["claims"][0]["lines"] == 2

    installation.jump(START + 2 * DAY_MS + 3_700_000)
    text = expect(0, call(installation.env, "review", "--list"))
    assert "2 d 01:01 late" in text and "3 claims await a reviewer, 3 for more than 2 days" in text
    assert "\033" not in text

    told = answer(0, installation, "review", "C-1", "--ask", "--reason", "see below", "--finding",
                  "POE_NOT_SIGNED:2:page two: not signed", "--finding", "FIELD_INVALID::the name",
                  "--reviewer", "bob")
    assert (told["from"], told["to"]) == ("UNDER_REVIEW", "PARTNER_ACTION_REQUIRED")
    record = last_event(installation, "claim-submission")
    assert record.header("ce_type") == "cpor.claim.reviewed.v1"
    assert record.json == {
        "tenant_id": TENANT["tenant_id"], "claim_id": "C-1", "revision": 1, "verdict": "ASK",
        "reason": "see below", "actor": {"type": "reviewer", "id": "bob"},
        "findings": [{"code": "POE_NOT_SIGNED", "line": 2, "message": "page two: not signed"},
                     {"code": "FIELD_INVALID", "message": "the name"}]}

    assert line(installation, "review", "C-2", "--reject", "--line", "2", "--reason", "no work",
                "--finding", "POE_NOT_SIGNED:2:nobody signed", "--reviewer", "bob") == (
        0, "C-2: stays UNDER_REVIEW, REVIEWER_REJECTED; line 2: UNDER_REVIEW → REJECTED")
    told = [(finding["code"], finding["line"], finding["message"]) for finding in answer(
        0, installation, "status", "C-2")["findings"]]
    assert ("REVIEWER_REJECTED", 2, "nobody signed") in told, told
    code, text = line(installation, "review", "C-2", "--approve", "--line", "1", "--reviewer",
                      "bob")
    assert code == 0 and text == "C-2: UNDER_REVIEW → VALIDATED; line 1: UNDER_REVIEW → VALIDATED"
    code, text = line(installation, "review", "C-2", "--approve", "--reviewer", "bob")
    assert code == 1 and text.startswith("C-2: ignored: no such line is under review")
    assert [row["claim_id"] for row in answer(0, installation, "review", "--list")["claims"]] == [
        "C-0"]
    assert "a reviewer's verdict is awaited" not in expect(0, call(installation.env, "status",
                                                                   "C-2"))


def test_review_is_of_the_current_revision(install):
    """A verdict that a revision overtakes changes nothing, and that is told."""
    installation = begin(install, "C-1", status="UNDER_REVIEW", settings={"CPOR_REVIEW": "all"})
    expect(0, call(installation.env, "review", "C-1", "--ask", "--reason", "more", "--reviewer",
                   "bob"))
    again = documents.claim("C-1", TENANT, "2026-05-02", WORKLOADS)
    installation.publish("claim-submission", "cpor.claim.resubmitted.v1", {**again, "revision": 2})
    installation.flush()
    installation.wait("the revision to be validated", lambda: installation.query(
        "select revision from claims where status = 'UNDER_REVIEW'") == [(2,)])
    told = answer(0, installation, "review", "C-1", "--approve", "--reviewer", "bob")
    assert told["outcome"] == "moved"
    assert last_event(installation, "claim-submission").json["revision"] == 2


def test_nobody_works(install):
    installation = begin(install, "C-1")
    installation.stop_workers()
    told = answer(0, installation, "opt-out", "C-1", "--no-wait", *OPERATOR)
    assert told["outcome"] == "published" and told["to"] is None
    code, text = line(installation, "opt-out", "C-1", "--timeout", "1", *OPERATOR)
    assert code == 1 and "not handled after 1 s: it is when opt-out-expiry runs" in text
    for worker in installation.workers.values():
        worker.start()
    installation.wait("both to be handled", lambda: installation.query(
        "select count(*) from history where cause_source = %s", SOURCE) == [(2,)])
    error = expect(1, call({**installation.env, "CPOR_KAFKA_BROKERS": "127.0.0.1:1",
                            "CPOR_KAFKA_TIMEOUT_MS": "1000"}, "opt-out", "C-1", *OPERATOR))
    assert "CPOR_KAFKA_BROKERS" in error and error.count("\n") == 1
