"""What a reviewer's verdict answers, asks and tells; what it leaves as it was."""

import documents
import harness
from documents import changed
from words import instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
KEY = (TENANT["tenant_id"], "C-1")
DAY = "2026-03-01"
SUBMITTED, REVIEWED = "cpor.claim.submitted.v1", "cpor.claim.reviewed.v1"


def start(install, document, status, review="none", subscriptions=()):
    installation = install(start_at_ms=START, settings={"CPOR_REVIEW": review})
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT], subscriptions)
    board = harness.StatusBoard(installation)
    installation.publish("claim-submission", SUBMITTED, document)
    installation.flush()
    board.wait_status(KEY, status)
    return installation, board


def review(installation, verdict, **data):
    if verdict != "APPROVE":
        data.setdefault("reason", "Which work was it?")
    installation.publish("claim-submission", REVIEWED, {
        "claim_id": KEY[1], "tenant_id": KEY[0], "revision": 1, "verdict": verdict,
        "actor": {"type": "reviewer", "id": "r-1"}, **data})
    installation.flush()
    installation.wait_settled()


def seen(board):
    """(status, statuses of the lines, (code, line) of the findings) of the last event."""
    for _ in range(5):
        board.update()
    event = board.latest(KEY)
    return (event["status"], [line["status"] for line in event["lines"]],
            [(finding["code"], finding["line"]) for finding in event["findings"]])


def questions(board):
    for _ in range(5):
        board.update()
    return [(finding["line"], finding["message"]) for finding in board.latest(KEY)["findings"]
            if finding["code"] == "REVIEWER_QUESTION"]


def last_history(installation):
    """(ignored, status event's sequence) of the newest row."""
    [row] = installation.query("select ignored, sequence from history order by id desc limit 1")
    return row


def test_a_refusal_stays_told_when_the_records_come(install):
    """The rules find their own findings anew, and no reviewer's."""
    document = documents.bizapps_claim("C-1", TENANT, DAY, [("D365_SALES", None),
                                                            ("POWER_BI", None)])
    installation = install(start_at_ms=START)
    installation.start_workers()
    board = harness.StatusBoard(installation)
    installation.publish("claim-submission", SUBMITTED, document)
    installation.flush()
    board.wait_status(KEY, "UNDER_REVIEW")  # neither partner nor tenant is known
    review(installation, "REJECT", lines=[1])
    refused = [("REVIEWER_REJECTED", 1)]
    assert seen(board) == ("UNDER_REVIEW", ["REJECTED", "UNDER_REVIEW"], refused)
    installation.publish_reference([documents.partner()], [TENANT], [
        documents.subscription(TENANT, product) for product in ("D365_SALES", "POWER_BI")])
    board.wait_status(KEY, "OPT_OUT_OPEN")
    assert seen(board) == ("OPT_OUT_OPEN", ["REJECTED", "OPT_OUT_OPEN"], refused)


def test_approval_leaves_the_question_of_a_line_without_a_slot(install):
    """Nobody but the partner can say which of the two subscriptions it is."""
    document = documents.bizapps_claim("C-1", TENANT, DAY, [("D365_SALES", None),
                                                            ("POWER_BI", None)])
    subscriptions = [documents.subscription(TENANT, "POWER_BI"), *(
        documents.subscription(TENANT, number=number) for number in (1, 2))]
    asked = changed(document, "/poe/0/covers", [1])
    installation, board = start(install, asked, "PARTNER_ACTION_REQUIRED",
                                subscriptions=subscriptions)
    review(installation, "APPROVE")
    assert seen(board) == ("PARTNER_ACTION_REQUIRED", ["UNDER_REVIEW"] * 2,
                           [("SUBSCRIPTION_AMBIGUOUS", 1)])
    assert last_history(installation) == (None, 3)
    review(installation, "APPROVE")  # once more: nothing is left to approve
    assert last_history(installation) == ("the verdict changes nothing", 3)
    named = changed(document, "/lines/0/subscription_id", subscriptions[1]["subscription_id"])
    installation.publish("claim-submission", "cpor.claim.resubmitted.v1",
                         {**named, "revision": 2})
    installation.flush()
    board.wait_status(KEY, "OPT_OUT_OPEN")


def test_approval_of_a_held_line_is_kept_but_not_told(install):
    """It counts as soon as the other line's question is gone."""
    document = documents.claim("C-1", TENANT, DAY, ("TEAMS", "YAMMER"))
    installation, board = start(install, changed(document, "/poe/0/covers", [1]),
                                "PARTNER_ACTION_REQUIRED", "all")
    review(installation, "APPROVE", lines=[1])
    assert last_history(installation) == (None, 2)
    assert seen(board)[0] == "PARTNER_ACTION_REQUIRED" and len(board.events[KEY]) == 2
    review(installation, "REJECT", lines=[2])
    event = board.wait_status(KEY, "OPT_OUT_OPEN")
    assert [line["status"] for line in event["lines"]] == ["OPT_OUT_OPEN", "REJECTED"]


def test_question_tells_findings_and_reason(install):
    document = documents.claim("C-1", TENANT, DAY, ("TEAMS", "YAMMER", "INTUNE"))
    installation, board = start(install, document, "UNDER_REVIEW", "all")
    review(installation, "ASK", findings=[
        {"code": "POE_TOO_OLD", "line": 2, "message": "Which day is it?"},
        {"code": "POE_MISSING", "line": 9, "message": "Of which line is this?"}])
    first = [(2, "Which day is it?"), (None, "Of which line is this?"),
             (None, "Which work was it?")]
    assert questions(board) == first
    review(installation, "ASK", lines=[1, 3], reason="Who signed?", findings=[
        {"code": "POE_NOT_SIGNED", "line": 1, "message": "Who signed?"}])
    assert questions(board) == [*first, (1, "Who signed?"), (3, "Who signed?")]
    sequence = board.latest(KEY)["sequence"]
    review(installation, "ASK", lines=[1, 3], reason="Who signed?")
    assert last_history(installation) == ("the verdict changes nothing", sequence)
    review(installation, "APPROVE")  # of all: the line that is not there too
    board.wait_status(KEY, "OPT_OUT_OPEN")
    [(flags,)] = installation.query("select flags from claims")
    assert flags == 0  # nobody is to review it any more


def test_question_whose_findings_say_the_reason(install):
    installation, board = start(install, documents.claim("C-1", TENANT, DAY), "UNDER_REVIEW",
                                "all")
    review(installation, "ASK", reason="Why?", findings=[
        {"code": "POE_TOO_OLD", "line": 1, "message": "Why?"}])
    assert questions(board) == [(1, "Why?")]
    review(installation, "REJECT", reason="Why?", findings=[
        {"code": "POE_TOO_OLD", "line": 1, "message": "Why?"},
        {"code": "POE_TOO_OLD", "line": 7, "message": "No such work."}])
    assert seen(board) == ("REJECTED", ["REJECTED"], [
        ("REVIEWER_QUESTION", 1), ("REVIEWER_REJECTED", 1), ("REVIEWER_REJECTED", None)])
