"""The end of the partner's days, in whichever log a record of the claim is read first."""

import documents
import harness
from documents import changed
from words import instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
LATER = instant_ms("2026-06-02T08:00:00.000Z")  # past the partner's days and past every wait
TENANT = documents.tenant(1)
KEY = (TENANT["tenant_id"], "C-1")
DAY = "2026-03-01"


def ask(install, document):
    """A claim whose partner did not answer; nobody has noticed yet."""
    installation = install(start_at_ms=START)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    installation.publish("claim-submission", "cpor.claim.submitted.v1", document)
    installation.flush()
    due = board.wait_status(KEY, "PARTNER_ACTION_REQUIRED")["deadline_at"]
    installation.stop_workers()
    installation.set_clock(1, LATER)
    return installation, board, due


def start_without_submission(installation):
    for worker in installation.workers.values():
        if worker.service != "claim-submission":
            worker.start()


def wait_history(installation, event, consumer):
    """Until the claim has a row of this event, and its consumer is through."""
    installation.wait(f"a row of {event}", lambda: installation.query(
        "select 1 from history where event = %s", event))
    installation.wait(f"{consumer} to be through", lambda: not [
        place for place in installation.lag() if place[0] == consumer])


def check_refused(installation, board, due, lines):
    """At the end of the partner's days, by nobody's act; claim-submission changes nothing more."""
    def check():
        for _ in range(5):
            board.update()
        event = board.latest(KEY)
        assert (event["status"], event["reason"], event["at"]) == (
            "REJECTED", "NO_PARTNER_RESPONSE", due), event
        assert [(line["status"], line["reason"]) for line in event["lines"]] == [
            ("REJECTED", "NO_PARTNER_RESPONSE")] * lines
        return event["sequence"]
    sequence = check()
    [(actor,)] = installation.query(
        "select actor_type from history where reason = 'NO_PARTNER_RESPONSE' and ignored is null")
    assert actor == "system"
    installation.workers["claim-submission-1"].start()
    installation.wait_settled()
    assert check() == sequence


def test_opt_out_before_the_wake_up(install):
    document = changed(documents.claim("C-1", TENANT, DAY), "/poe/0/signed_by", "")
    installation, board, due = ask(install, document)
    installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1", {
        "claim_id": KEY[1], "tenant_id": KEY[0], "actor": {"type": "customer", "id": "sam"}})
    installation.flush()
    start_without_submission(installation)
    wait_history(installation, "cpor.customer.opted-out.v1", "opt-out-expiry")
    check_refused(installation, board, due, 1)
    ignored = [why for (why,) in installation.query(
        "select ignored from history where ignored is not null")]
    assert ignored == ["nothing is left to decline"]


def test_recheck_before_the_wake_up(install):
    """A line waits for its subscription while the partner is asked about the other one."""
    document = documents.bizapps_claim("C-1", TENANT, DAY, [("D365_SALES", None),
                                                            ("POWER_BI", None)])
    installation, board, due = ask(install, changed(document, "/poe/0/covers", [2]))
    start_without_submission(installation)
    wait_history(installation, "cpor.claim.recheck-due.v1", "claim-validation")
    check_refused(installation, board, due, 2)
