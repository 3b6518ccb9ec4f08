"""What follows an import at once is handed on behind it, though the claim is not there yet."""

import documents
import harness
from rewind import check_said_again
from words import instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
SUBMISSION = "claim-submission"
PARTNER = {"type": "partner", "id": "1234566"}


def publish(installation, kind, name, **data):
    installation.publish(SUBMISSION, f"cpor.{kind}.v1",
                         {"claim_id": name, "tenant_id": TENANT["tenant_id"], **data})


def publish_import(installation, name, line=1, number=1):
    subscription = documents.subscription(TENANT, number=number)
    publish(installation, "association.imported", name, mpn_id="1234566",
            domain=TENANT["domains"][0], solution_area="BUSINESS_APPLICATIONS",
            activities=["USAGE"], line=line, product="D365_SALES",
            subscription_id=subscription["subscription_id"],
            official_at="2025-01-01T00:00:00.000Z")


def publish_all(installation):
    publish(installation, "claim.withdrawn", "L-4", actor=PARTNER)  # before its import: unknown
    publish(installation, "claim.comment-added", "L-5",
            comment={"author": "a", "at": "2026-05-01T00:00:00.000Z", "text": "too early"})
    publish_import(installation, "L-1")
    publish(installation, "claim.comment-added", "L-1",
            comment={"author": "a", "at": "2026-05-01T00:00:00.000Z", "text": "a comment"})
    publish(installation, "claim.evidence-added", "L-1", actor=PARTNER,
            poe=[documents.poe("2026-05-01", [1])])
    publish_import(installation, "L-1", line=2, number=2)
    publish(installation, "claim.evidence-added", "L-1", actor=PARTNER,
            poe=[documents.poe("2026-05-02", [2])])
    publish(installation, "claim.withdrawn", "L-1", lines=[1], actor=PARTNER)
    publish_import(installation, "L-2", number=3)
    publish(installation, "association.disassociated", "L-2", reason="moved", actor=PARTNER)
    publish_import(installation, "L-3", number=4)
    installation.publish(SUBMISSION, "cpor.claim.submitted.v1",
                         documents.claim("L-3", TENANT, "2026-03-01"))
    publish(installation, "claim.reviewed", "L-3", revision=1, verdict="APPROVE",
            actor={"type": "reviewer", "id": "r-1"})
    publish_import(installation, "L-4", number=5)
    installation.flush()


def test_order_behind_an_import(install):
    """opt-out-expiry starts when all has passed claim-submission: no claim was there in time."""
    installation = install(start_at_ms=START)
    installation.start_workers(services=harness.SERVICES[:3])
    installation.publish_reference([documents.partner()], [TENANT], [
        documents.subscription(TENANT, number=number) for number in range(1, 6)])
    publish_all(installation)
    installation.wait("claim-submission to have read all", lambda: not any(
        service == SUBMISSION for service, *_ in installation.lag()))
    assert installation.query("select 1 from claims") == []
    board = harness.StatusBoard(installation)
    installation.start_workers(services=harness.SERVICES[3:])
    keys = {name: (TENANT["tenant_id"], name) for name in ("L-1", "L-2", "L-3", "L-4")}
    for name in ("L-3", "L-4"):
        board.wait_status(keys[name], "OFFICIAL")
    event = board.wait_status(keys["L-2"], "ENDED")
    assert event["lines"][0]["reason"] == "PARTNER_DISASSOCIATED"
    installation.wait_quiet()
    board.update()
    assert [(line["status"], line["reason"]) for line in board.latest(keys["L-1"])["lines"]] == [
        ("ENDED", "PARTNER_REQUEST"), ("OFFICIAL", None)]
    assert installation.query("select kind, claim_id from attachments order by received_at_ms") == [
        ("COMMENT", "L-1"), ("EVIDENCE", "L-1"), ("EVIDENCE", "L-1")]
    dead = [(record.header("dlq_service"), record.header("dlq_reason"), record.json["claim_id"])
            for record in installation.read("dead-letter")]
    assert sorted(dead) == [
        (SUBMISSION, "CLAIM_IMMUTABLE", "L-3"), (SUBMISSION, "UNKNOWN_CLAIM", "L-4"),
        (SUBMISSION, "UNKNOWN_CLAIM", "L-5")]
    check_said_again(installation, SUBMISSION)
    check_said_again(installation, "opt-out-expiry")

    publish(installation, "claim.evidence-added", "L-1", actor=PARTNER,
            poe=[documents.poe("2026-05-02", [3])])
    installation.flush()
    letter = installation.wait("evidence of a line that never came to be told", lambda: [
        record for record in installation.read("dead-letter")
        if record.header("dlq_reason") == "FIELD_INVALID"])[0]
    assert letter.header("dlq_service") == "opt-out-expiry"
