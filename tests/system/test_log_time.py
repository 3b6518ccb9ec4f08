"""Whose time a record has: only the broker's is a receipt; a reference record's decides nothing."""

import cporctl
import documents
import harness
from words import instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)


def names(installation):
    return [row[0] for row in installation.query("select name from tenants where not deleted")]


def publish_names(installation, *rows):
    """(name or None for a tombstone, milliseconds, partition) in order."""
    for name, timestamp, partition in rows:
        value = None if name is None else {**TENANT, "name": name}
        installation.produce("tenant", TENANT["tenant_id"], value, timestamp=timestamp,
                             partition=partition)
    installation.flush()
    installation.wait_quiet()


def test_the_last_reference_record_wins_and_a_publishers_time_is_no_receipt(install):
    installation = install(start_at_ms=START)
    wall_ms = installation.wall_ms(START)
    installation.use_create_time("tenant")
    del installation.env["CPOR_ALLOW_CREATE_TIME"]
    installation.start_workers()
    assert cporctl.expect(0, cporctl.call(installation.env, "setup"))  # a reference topic may
    publish_names(installation, ("first", wall_ms + 9000, 0), ("second", wall_ms + 5000, 0))
    assert names(installation) == ["second"], "in one batch, perhaps"
    publish_names(installation, ("third", wall_ms + 1000, 0))
    assert names(installation) == ["third"], "in another"
    publish_names(installation, (None, wall_ms, 0))
    assert names(installation) == [], "a tombstone"
    publish_names(installation, ("fourth", wall_ms + 2000, 0))
    assert names(installation) == ["fourth"]
    publish_names(installation, ("other partitioner, older", wall_ms + 1, 1))
    assert names(installation) == ["fourth"], "between partitions only time tells"
    publish_names(installation, ("other partitioner, newer", wall_ms + 9001, 1))
    assert names(installation) == ["other partitioner, newer"]

    installation.use_create_time("opt-out-expiry")
    del installation.env["CPOR_ALLOW_CREATE_TIME"]
    error = cporctl.expect(1, cporctl.call(installation.env, "setup"))
    assert "opt-out-expiry" in error and "--fix" in error
    installation.supervised = False
    expiry = installation.workers["opt-out-expiry-1"]
    installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1",
                         {"claim_id": "C-1", "tenant_id": TENANT["tenant_id"],
                          "actor": {"type": "customer"}}, timestamp=wall_ms)
    installation.flush()
    assert expiry.process.wait(30) == 1
    expiry.process = None
    [line] = [line for line in expiry.log.read_text().splitlines() if "event=fatal" in line]
    assert "LogAppendTime" in line and "CPOR_ALLOW_CREATE_TIME" in line, line
    for settings, refused in (({"CPOR_ENV": "production"}, True), ({}, False)):
        worker = harness.Worker(installation, "opt-out-expiry", 1,
                                {"CPOR_ALLOW_CREATE_TIME": "true", **settings})
        installation.workers["opt-out-expiry-1"] = worker.start()
        if not refused:
            continue
        assert worker.process.wait(30) == 1
        worker.process = None
        log = worker.log.read_text()
        for setting in ("PROGRAMME_ADDRESS", "OPT_OUT_KEYS", "ALLOW_CREATE_TIME", "CLOCK_START"):
            assert f"event=production-refused setting=CPOR_{setting} " in log, "all at once"
    installation.wait_quiet()
    assert installation.query("select count(*) from kept_opt_outs") == [(1,)]


def test_a_subscription_older_than_the_row_tells_nobody(install):
    installation = install(start_at_ms=START)
    wall_ms = installation.wall_ms(START)
    installation.use_create_time("subscription")
    installation.start_workers()
    subscription = documents.subscription(TENANT)
    for state, later_ms, partition in (("SUSPENDED", 5000, 0), ("EXPIRED", 1000, 1),
                                       ("GRACE", 9000, 1), ("EXPIRED", 7000, 0)):
        installation.produce("subscription", subscription["subscription_id"],
                             {**subscription, "state": state}, partition=partition,
                             timestamp=wall_ms + later_ms)
        installation.flush()
        installation.wait_quiet()
    assert installation.query("select state from subscriptions") == [("GRACE",)]
    assert [record.json["state"] for record in installation.read("opt-out-expiry")] == [
        "SUSPENDED", "GRACE"]
