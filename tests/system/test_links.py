"""Links that were mailed before the claim's last revision: whose they are decides."""

import base64
import datetime
import hashlib
import hmac

import documents
import harness

TENANT = documents.tenant(1)
TODAY = datetime.date.today()
DAY, OLD = ((TODAY - datetime.timedelta(days=days)).isoformat() for days in (30, 500))
KEY = b"for-development-only-not-a-secret"


def encoded(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def link_of(claim_id, revision, email):
    """What customer-notification puts in the mail of that revision."""
    digest = hashlib.sha256(email.lower().encode()).hexdigest()[:16]
    payload = f"{TENANT['tenant_id']}/{claim_id}/{revision}/{digest}"
    text = f"v1.dev.{encoded(payload.encode())}"
    return f"{text}.{encoded(hmac.digest(KEY, text.encode(), 'sha256'))}"


def revised(installation, board, claim_id, change_email):
    """A claim whose second revision is notified; the first one's contact."""
    key = (TENANT["tenant_id"], claim_id)
    document = documents.claim(claim_id, TENANT, OLD, [claim_id])
    contact = document["customer"]["contact"]
    first = contact["email"]
    installation.publish("claim-submission", "cpor.claim.submitted.v1", document)
    installation.flush()
    board.wait_status(key, "PARTNER_ACTION_REQUIRED")
    contact["email"] = change_email(first)
    installation.publish("claim-submission", "cpor.claim.resubmitted.v1", {
        **document, "revision": 2, "poe": [documents.poe(DAY, [1])]})
    installation.flush()
    board.wait_status(key, "OPT_OUT_OPEN")
    return key, first


def opt_out(installation, key, token):
    installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1", {
        "tenant_id": key[0], "claim_id": key[1], "token": token, "actor": {"type": "customer"}})
    installation.flush()
    installation.wait_quiet()


def test_links_of_an_earlier_revision(install):
    installation = install()
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    same, email = revised(installation, board, "TEAMS", str.upper)
    other, former = revised(installation, board, "YAMMER", lambda email: f"new-{email}")
    opt_out(installation, same, link_of("TEAMS", 3, email))
    opt_out(installation, other, link_of("YAMMER", 1, former))
    dead = installation.read("dead-letter")
    assert [letter.header("dlq_reason") for letter in dead] == ["TOKEN_INVALID"] * 2
    board.update()
    assert {board.status(key) for key in (same, other)} == {"OPT_OUT_OPEN"}
    opt_out(installation, same, link_of("TEAMS", 1, email))
    event = board.wait_status(same, "DECLINED", "REJECTED")
    assert event["reason"] == "CUSTOMER_DECLINED", event
    assert board.status(other) == "OPT_OUT_OPEN"
    assert len(installation.read("dead-letter")) == 2
