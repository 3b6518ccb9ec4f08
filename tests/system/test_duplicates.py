"""The same event again changes and publishes nothing; other content under a known id is told."""

import datetime

import documents
import harness
from documents import changed

TENANT = documents.tenant(1)
DAY = (datetime.date.today() - datetime.timedelta(days=30)).isoformat()
SUBMITTED = "cpor.claim.submitted.v1"


def snapshot(installation, board):
    installation.wait_quiet()
    for _ in range(5):
        board.update()
    events = {key: sorted(found) for key, found in board.events.items()}
    return events, len(installation.mails()), [
        record.header("dlq_reason") for record in installation.read("dead-letter")]


def test_repeated_and_changed_submissions(install):
    installation = install()
    installation.start_workers(instances=2)
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    document = documents.claim("C-1", TENANT, DAY)
    key = (TENANT["tenant_id"], "C-1")
    name = installation.publish("claim-submission", SUBMITTED, document)
    installation.flush()
    board.wait_status(key, "OPT_OUT_OPEN")
    events, mails, dead = snapshot(installation, board)
    assert (events, mails, dead) == ({key: [1, 2, 3]}, 1, [])

    # The same event; the same content under another id, spelt otherwise.
    installation.publish("claim-submission", SUBMITTED, document, event_id=name)
    installation.publish("claim-submission", SUBMITTED, document)
    spelt = changed(document, "/customer/domain", document["customer"]["domain"].upper())
    installation.publish("claim-submission", SUBMITTED, {**spelt, "unknown": 1, "program": None})
    installation.flush()
    assert snapshot(installation, board) == (events, mails, [])

    # Other content, under another id and under the very same id.
    other = changed(document, "/claim_name", "something else")
    installation.publish("claim-submission", SUBMITTED, other)
    installation.publish("claim-submission", SUBMITTED, other, event_id=name)
    installation.flush()
    assert snapshot(installation, board) == (events, mails, ["CLAIM_IMMUTABLE"] * 2)


def test_repeated_opt_outs_and_withdrawals(install):
    installation = install()
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    keys = []
    for number, workload in enumerate(("TEAMS", "YAMMER")):
        document = documents.claim(f"C-{number}", TENANT, DAY, (workload,))
        installation.publish("claim-submission", SUBMITTED, document)
        keys.append((TENANT["tenant_id"], f"C-{number}"))
    installation.flush()
    for key in keys:
        board.wait_status(key, "OPT_OUT_OPEN")
    opt_out = {"claim_id": "C-0", "tenant_id": TENANT["tenant_id"], "actor": {"type": "customer"}}
    withdrawal = {"claim_id": "C-1", "tenant_id": TENANT["tenant_id"],
                  "actor": {"type": "partner", "id": "1234566"}}
    for _ in range(2):
        installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1", opt_out,
                             event_id="o-1")
        installation.publish("claim-submission", "cpor.claim.withdrawn.v1", withdrawal,
                             event_id="w-1")
    installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1", opt_out, event_id="o-2")
    installation.publish("claim-submission", "cpor.claim.withdrawn.v1", withdrawal, event_id="w-2")
    installation.flush()
    board.wait_status(keys[0], "REJECTED")
    board.wait_status(keys[1], "WITHDRAWN")
    events, _, dead = snapshot(installation, board)
    assert events == {key: [1, 2, 3, 4] for key in keys}
    assert dead == []


def test_withdrawal_by_another_partner_is_ignored(install):
    installation = install()
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    installation.publish("claim-submission", SUBMITTED, documents.claim("C-1", TENANT, DAY))
    installation.flush()
    key = (TENANT["tenant_id"], "C-1")
    board.wait_status(key, "OPT_OUT_OPEN")
    installation.publish("claim-submission", "cpor.claim.withdrawn.v1", {
        "claim_id": "C-1", "tenant_id": TENANT["tenant_id"],
        "actor": {"type": "partner", "id": "7654321"}})
    installation.flush()
    events, _, dead = snapshot(installation, board)
    assert (events, dead) == ({key: [1, 2, 3]}, [])
