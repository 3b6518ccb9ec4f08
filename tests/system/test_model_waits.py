"""The model where records are missing: who waits, until when, and what comes first."""

import pytest

import documents
from documents import changed
from test_model import T0, TENANT, Play, good
from words import DAY_MS


def test_missing_records_wait_for_the_grace_period():
    play = Play()
    play.submit(changed(good(), "/mpn_id", "555"))
    assert play.claim(until=T0 + 10 * 60_000).status() == "UNDER_REVIEW"
    assert play.claim(until=T0 + 10 * 60_000 + 1).status() == "REJECTED"
    play.add("partner", T0 + 5 * 60_000, documents.partner("555"), key="555")
    assert play.claim().status() == "VALIDATED"


def test_subscription_waits_seven_days():
    document = documents.bizapps_claim("C-1", TENANT, "2026-03-01", [("POWER_BI", None)])
    play = Play()
    play.submit(document)
    assert play.claim(until=T0 + 7 * DAY_MS).status() == "UNDER_REVIEW"
    late = play.claim(until=T0 + 7 * DAY_MS + 1)
    assert (late.status(), late.findings) == ("REJECTED", {("PRODUCT_NOT_ON_TENANT", 1)})
    found = documents.subscription(TENANT, "POWER_BI")
    play.add("subscription", T0 + 6 * DAY_MS, found, key=found["subscription_id"])
    claim = play.claim()
    assert claim.status() == "VALIDATED"
    assert claim.lines[0].slot == found["subscription_id"] + "/RECORD"


@pytest.mark.parametrize("look_days, reason", [
    ([], "PRODUCT_NOT_ON_TENANT"), ([6, 7, 10], "PRODUCT_NOT_ON_TENANT"),
    ([6, 10], "NO_PARTNER_RESPONSE")])
def test_who_looks_too_late_finds_the_answer_missing_first(look_days, reason):
    document = documents.bizapps_claim("C-1", TENANT, "2026-03-01", [("POWER_BI", None)])
    play = Play(review="all")
    play.submit(document)
    play.verdict(T0 + DAY_MS, "ASK")
    play.answer_dues[TENANT["tenant_id"], "C-1", 1] = [T0 + 8 * DAY_MS]
    play.looks = {(TENANT["tenant_id"], "C-1"): [T0 + days * DAY_MS for days in look_days]}
    claim = play.claim()
    assert (claim.status(), claim.lines[0].reason) == ("REJECTED", reason)
