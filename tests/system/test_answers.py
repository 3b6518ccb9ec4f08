"""The end of the partner's days: only the log in which answers arrive says whether one came."""

import documents
import harness
from documents import changed
from words import instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
LATER = instant_ms("2026-06-02T08:00:00.000Z")  # past the partner's days and past every wait
TENANT = documents.tenant(1)
KEY = (TENANT["tenant_id"], "C-1")
SUBMISSION = "claim-submission"


def ask(install):
    """Line 1 has no proof, line 2 no subscription; claim-submission is down from then on."""
    good = documents.bizapps_claim("C-1", TENANT, "2026-03-01", [("D365_SALES", None),
                                                                 ("POWER_BI", None)])
    installation = install(start_at_ms=START)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT], [
        documents.subscription(TENANT, "D365_SALES")])
    board = harness.StatusBoard(installation)
    installation.publish(SUBMISSION, "cpor.claim.submitted.v1", changed(good, "/poe/0/covers", [2]))
    installation.flush()
    asked = board.wait_status(KEY, "PARTNER_ACTION_REQUIRED")
    installation.stop_workers()
    return installation, board, good, asked


def pass_days_without_submission(installation):
    """The others do what is due, and read all there is."""
    installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1", {
        "claim_id": KEY[1], "tenant_id": KEY[0], "lines": [2], "actor": {"type": "customer"}})
    installation.flush()
    for worker in installation.workers.values():
        if worker.service != SUBMISSION:
            worker.start()
    installation.wait("the opt-out's row", lambda: installation.query(
        "select 1 from history where event = 'cpor.customer.opted-out.v1'"))
    rechecks = installation.follow("claim-validation")
    installation.wait("a re-check that is due to be read", lambda: [
        record for record in rechecks.read_to_end()
        if record.header("ce_type") == "cpor.claim.recheck-due.v1"] or not installation.query(
            "select 1 from claims where recheck_at_ms <> 0"))
    rechecks.close()
    installation.wait("all but claim-submission to be through", lambda: not [
        place for place in installation.lag() if place[0] != SUBMISSION])


def test_answer_in_time_counts_however_late_it_is_read(install):
    installation, board, good, asked = ask(install)
    installation.use_create_time(SUBMISSION)
    installation.set_clock(1, LATER)
    installation.publish(SUBMISSION, "cpor.claim.resubmitted.v1", {**good, "revision": 2},
                         timestamp=installation.wall_ms(instant_ms(asked["deadline_at"])))
    pass_days_without_submission(installation)
    board.update()
    assert board.status(KEY) == "PARTNER_ACTION_REQUIRED"
    installation.workers["claim-submission-1"].start()
    event = board.wait_status(KEY, "OPT_OUT_OPEN")
    assert (event["revision"], [line["status"] for line in event["lines"]]) == (
        2, ["OPT_OUT_OPEN", "DECLINED"])


def test_no_answer(install):
    """At the end of the days, by nobody's act."""
    installation, board, _, asked = ask(install)
    installation.set_clock(1, LATER)
    pass_days_without_submission(installation)
    installation.workers["claim-submission-1"].start()
    event = board.wait_status(KEY, "REJECTED")
    assert (event["reason"], event["at"]) == ("NO_PARTNER_RESPONSE", asked["deadline_at"])
    [(actor,)] = installation.query(
        "select actor_type from history where reason = 'NO_PARTNER_RESPONSE' and ignored is null")
    assert actor == "system"
