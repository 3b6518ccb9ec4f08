"""Corners that a review found: each row was a defect once."""

import datetime

import documents
import harness

TENANT = documents.tenant(1)
DAY = (datetime.date.today() - datetime.timedelta(days=30)).isoformat()
SUBMITTED = "cpor.claim.submitted.v1"


def start(install, **arguments):
    installation = install(**arguments)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    return installation, harness.StatusBoard(installation)


def test_two_waiting_claims_of_one_partner(install):
    """Both find the slot in one batch: the first has it, the second is a duplicate."""
    installation, board = start(install)
    keys = [(TENANT["tenant_id"], f"W-{number}") for number in (1, 2)]
    for _, name in keys:
        installation.publish("claim-submission", SUBMITTED, documents.bizapps_claim(
            name, TENANT, DAY, [("D365_SALES", None)]))
    installation.flush()
    for key in keys:
        board.wait_status(key, "UNDER_REVIEW")
    late = documents.subscription(TENANT, provisioned=False)
    installation.publish_reference(subscriptions=[late])
    event = board.wait_status(keys[1], "REJECTED")
    assert event["lines"][0]["reason"] == "DUPLICATE_OWN_CLAIM", event
    installation.publish_reference(subscriptions=[{**late, "provisioned": True}])
    board.wait_status(keys[0], "OPT_OUT_OPEN")


def test_withdrawal_whose_unknown_members_are_long(install):
    """Handed on as it came: written anew, each 0.1 would be six times as long."""
    installation, board = start(install)
    key = (TENANT["tenant_id"], "C-1")
    installation.publish("claim-submission", SUBMITTED, documents.claim("C-1", TENANT, DAY))
    installation.flush()
    board.wait_status(key, "OPT_OUT_OPEN")
    installation.publish("claim-submission", "cpor.claim.withdrawn.v1", {
        "claim_id": "C-1", "tenant_id": TENANT["tenant_id"],
        "actor": {"type": "partner", "id": "1234566"}, "more": [0.1] * 50_000})
    installation.flush()
    board.wait_status(key, "WITHDRAWN")


def test_import_into_another_partners_claim(install):
    """A second import under a known claim id must be the same partner's."""
    installation, board = start(install)
    subscriptions = [documents.subscription(TENANT, number=number) for number in (1, 2)]
    installation.publish_reference(subscriptions=subscriptions)
    for line, (mpn_id, subscription) in enumerate(zip(("1234566", "7654321"), subscriptions), 1):
        installation.publish("claim-submission", "cpor.association.imported.v1", {
            **documents.legacy("L-1", TENANT, subscription, mpn_id), "line": line})
    installation.flush()
    event = board.wait_status((TENANT["tenant_id"], "L-1"), "OFFICIAL")
    installation.wait_quiet()
    board.update()
    event = board.latest((TENANT["tenant_id"], "L-1"))
    assert [line["line"] for line in event["lines"]] == [1], event
    official = [record.json["mpn_id"] for record in installation.read("association-official")]
    assert official == ["1234566"]


def test_import_into_the_slot_of_an_own_claim(install):
    """Its sender is told which claim has the slot, and need not claim anew."""
    installation, board = start(install)
    subscription = documents.subscription(TENANT)
    installation.publish_reference(subscriptions=[subscription])
    installation.publish("claim-submission", SUBMITTED, documents.bizapps_claim(
        "C-1", TENANT, DAY, [("D365_SALES", None)]))
    installation.flush()
    board.wait_status((TENANT["tenant_id"], "C-1"), "OPT_OUT_OPEN")
    installation.publish("claim-submission", "cpor.association.imported.v1",
                         documents.legacy("L-1", TENANT, subscription))
    installation.flush()
    [finding] = board.wait_status((TENANT["tenant_id"], "L-1"), "REJECTED")["findings"]
    assert (finding["code"], finding["claim_id"]) == ("DUPLICATE_OWN_CLAIM", "C-1"), finding
    assert "already hold this slot or have an open claim" in finding["message"]


def test_question_that_comes_up_while_another_is_open(install):
    """Told when it appears, in the days that run: not after five days, as the reason of the end."""
    installation, board = start(install)
    key = (TENANT["tenant_id"], "C-1")
    sales = documents.subscription(TENANT)
    installation.publish_reference(subscriptions=[sales])
    document = documents.bizapps_claim(
        "C-1", TENANT, DAY, [("D365_SALES", None), ("D365_MARKETING", None)])
    document["poe"] = [documents.poe("2020-01-01", [1]), documents.poe(DAY, [2])]
    installation.publish("claim-submission", SUBMITTED, document)
    installation.flush()
    before = board.wait_status(key, "PARTNER_ACTION_REQUIRED")
    assert {(finding["code"], finding["line"]) for finding in before["findings"]} == {
        ("POE_TOO_OLD", 1)}, before
    worker = installation.workers["claim-validation-1"]
    worker.stop()  # both records are read at once: either alone would be the line's
    installation.publish_reference(subscriptions=[
        documents.subscription(TENANT, "D365_MARKETING", number) for number in (1, 2)], wait=False)
    worker.start()
    installation.wait_settled()
    board.update()
    after = board.latest(key)
    assert after["sequence"] == before["sequence"] + 1, (before, after)
    assert (after["status"], after["previous_status"]) == ("PARTNER_ACTION_REQUIRED",) * 2
    assert after["deadline_at"] == before["deadline_at"]
    assert {(finding["code"], finding["line"]) for finding in after["findings"]} == {
        ("POE_TOO_OLD", 1), ("SUBSCRIPTION_AMBIGUOUS", 2)}, after
    [(count,)] = installation.query(
        "select count(*) from history where sequence = %s and ignored is null", after["sequence"])
    assert count == 1
    installation.publish_reference(subscriptions=[sales])  # nothing new: nothing is told
    installation.wait_settled()
    board.update()
    assert board.latest(key) == after


def test_subscription_that_another_tenant_has_now(install):
    """The tenant that had it has none: its association ends, as if the record were deleted."""
    installation, board = start(install)
    other = documents.tenant(2)
    subscription = documents.subscription(TENANT)
    installation.publish_reference(tenants=[other], subscriptions=[subscription])
    key = (TENANT["tenant_id"], "L-1")
    installation.publish("claim-submission", "cpor.association.imported.v1",
                         documents.legacy("L-1", TENANT, subscription))
    installation.flush()
    board.wait_status(key, "OFFICIAL")
    moved = {**subscription, "tenant_id": other["tenant_id"]}
    installation.publish_reference(subscriptions=[moved])
    assert board.wait_status(key, "ENDED")["reason"] == "SUBSCRIPTION_ENDED"
    installation.wait_settled()
    states = {str(tenant): state for tenant, state in installation.query(
        "select tenant_id, state from subscription_standings")}
    assert states == {TENANT["tenant_id"]: "DELETED", other["tenant_id"]: "ACTIVE"}
