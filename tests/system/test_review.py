"""Claims that wait for a reviewer: counted, late after days; what the reviewer says is told."""

import documents
import harness
from scrape import gauge
from words import DAY_MS, instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
DAY = "2026-03-01"
SUBMITTED, REVIEWED = "cpor.claim.submitted.v1", "cpor.claim.reviewed.v1"


def start(install, instances=1):
    installation = install(start_at_ms=START, settings={"CPOR_REVIEW": "all"})
    installation.start_workers(instances)
    installation.publish_reference([documents.partner()], [TENANT])
    return installation, harness.StatusBoard(installation)


def submit(installation, board, name, *workloads):
    installation.publish("claim-submission", SUBMITTED,
                         documents.claim(name, TENANT, DAY, workloads))
    installation.flush()
    key = (TENANT["tenant_id"], name)
    board.wait_status(key, "UNDER_REVIEW")
    return key


def review(installation, name, verdict, **data):
    installation.publish("claim-submission", REVIEWED, {
        "claim_id": name, "tenant_id": TENANT["tenant_id"], "revision": 1, "verdict": verdict,
        "reason": "as agreed", "actor": {"type": "reviewer", "id": "r-1"}, **data})
    installation.flush()


def wait_counts(installation, count, late):
    def shown():
        return {tuple(gauge(worker, name) for name in ("claims_in_review", "claims_in_review_late"))
                for worker in installation.workers.values() if worker.service == "claim-submission"}
    installation.wait(f"every instance to show {count} in review, {late} late",
                      lambda: shown() == {(count, late)}, 30, 0.5)


def test_reviews_are_counted(install):
    """All instances show the same; approved, rejected and asked claims count no more."""
    installation, board = start(install, instances=2)
    keys = [submit(installation, board, f"C-{number}", workload) for number, workload in
            enumerate(("TEAMS", "YAMMER", "INTUNE", "EXCHANGE_ONLINE"))]
    wait_counts(installation, 4, 0)
    installation.jump(START + 3 * DAY_MS - 3_600_000)
    late = submit(installation, board, "C-late", "SHAREPOINT_ONLINE")
    wait_counts(installation, 5, 0)
    installation.jump(START + 3 * DAY_MS + 3_600_000)
    wait_counts(installation, 5, 4)
    for key, verdict, status in zip(keys, ("APPROVE", "REJECT", "ASK"),
                                    ("OPT_OUT_OPEN", "REJECTED", "PARTNER_ACTION_REQUIRED")):
        review(installation, key[1], verdict)
        board.wait_status(key, status)
    wait_counts(installation, 2, 1)
    review(installation, late[1], "APPROVE")
    wait_counts(installation, 1, 1)
    [(flags,)] = installation.query("select flags from claims where claim_id = 'C-0'")
    assert flags == 0  # out of the index


def test_updates_of_other_claims_stay_hot(install):
    """The index of reviews holds no column that a usual move changes."""
    installation = install()
    [(columns,)] = installation.query(
        "select pg_get_indexdef('claims_in_review'::regclass)")
    assert columns.endswith("USING btree (tenant_id, claim_id) WHERE ((flags & 2) <> 0)"), columns


def test_rejection_tells_the_reviewers_findings(install):
    installation, board = start(install)
    key = submit(installation, board, "C-1", "TEAMS", "YAMMER", "INTUNE")
    review(installation, "C-1", "REJECT", lines=[1, 2], findings=[
        {"code": "POE_TOO_OLD", "line": 1, "message": "The work ended long ago."},
        {"code": "POE_NOT_SIGNED", "line": 2, "message": "Signed by nobody at the customer."},
        {"code": "WRONG_PROGRAM", "message": "See the programme's guide."}])
    installation.wait("the verdict", lambda: (board.update(), board.latest(key)["findings"])[1])
    event = board.latest(key)
    assert [line["status"] for line in event["lines"]] == ["REJECTED", "REJECTED", "UNDER_REVIEW"]
    told = [(finding["code"], finding["kind"], finding["line"], finding["message"])
            for finding in event["findings"]]
    code = ("REVIEWER_REJECTED", "refusal")
    assert told == [(*code, 1, "as agreed"), (*code, 1, "The work ended long ago."),
                    (*code, 2, "as agreed"), (*code, 2, "Signed by nobody at the customer."),
                    (*code, None, "See the programme's guide.")]
