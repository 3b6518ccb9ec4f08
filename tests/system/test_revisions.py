"""What a revision may not change, and what a partner is told who tries."""

import datetime

import documents
import harness
from documents import changed

TENANT = documents.tenant(1)
TODAY = datetime.date.today()
DAY, OLD = ((TODAY - datetime.timedelta(days=days)).isoformat() for days in (30, 500))
KEY = (TENANT["tenant_id"], "C-1")
SALES = [documents.subscription(TENANT, number=number) for number in (1, 2)]
TWO = documents.subscription(TENANT, "D365_MARKETING")


def start(install, document):
    """The claim asks for a newer proof of execution."""
    installation = install()
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT], [*SALES, TWO])
    board = harness.StatusBoard(installation)
    installation.publish("claim-submission", "cpor.claim.submitted.v1", document)
    installation.flush()
    return installation, board, board.wait_status(KEY, "PARTNER_ACTION_REQUIRED")


def resubmit(installation, board, document):
    """The status event that says what became of it."""
    sequence = board.latest(KEY)["sequence"]
    installation.publish("claim-submission", "cpor.claim.resubmitted.v1",
                         {**document, "revision": 2})
    installation.flush()
    installation.wait_settled()
    board.update()
    return board.events[KEY][sequence + 1]


def field_paths(event):
    return sorted(finding["path"] for finding in event["findings"]
                  if finding["code"].startswith("FIELD_"))


def claim():
    document = documents.bizapps_claim("C-1", TENANT, OLD, [
        ("D365_SALES", SALES[0]["subscription_id"]), ("D365_MARKETING", None)])
    document["customer"]["country"] = "US"
    return document


def test_what_may_not_change(install):
    installation, board, _ = start(install, claim())
    other = changed(changed(claim(), "/customer/country", "KR"),
                    "/lines/0/subscription_id", SALES[1]["subscription_id"])
    other["customer"]["time_zone"] = "Asia/Seoul"
    event = resubmit(installation, board, other)
    assert (event["status"], event["revision"]) == ("PARTNER_ACTION_REQUIRED", 1)
    assert field_paths(event) == ["/customer/country", "/customer/time_zone",
                                  "/lines/0/subscription_id"], event
    none = changed(changed(claim(), "/customer/country", ...), "/lines/0/subscription_id", ...)
    event = resubmit(installation, board, changed(none, "/customer/time_zone", "Asia/Seoul"))
    assert field_paths(event) == ["/customer/country", "/customer/time_zone",
                                  "/lines/0/subscription_id"], event
    event = resubmit(installation, board, changed(claim(), "/claim_name", ""))
    assert field_paths(event) == ["/claim_name"], "what an attempt before had wrong"
    assert {finding["code"] for finding in event["findings"]} == {"FIELD_INVALID", "POE_TOO_OLD"}
    good = changed(changed(claim(), "/poe/0/signed_on", DAY),
                   "/lines/1/subscription_id", TWO["subscription_id"].upper())
    good.update(claim_name="Another name", program="OSU_BIZAPPS")
    good["customer"]["locale"] = "ko"
    event = resubmit(installation, board, good)
    assert (event["status"], event["revision"]) == ("SUBMITTED", 2), event
    board.wait_status(KEY, "OPT_OUT_OPEN")
