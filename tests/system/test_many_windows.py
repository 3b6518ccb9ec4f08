"""One tenant, thousands of windows, one midnight: settled in chunks, in order, before all else.

3,000 of them; with CPOR_LOAD_SCALE above 1, 10,000.
"""

import os
import re
import signal

import documents
import harness
from rewind import check_said_again
from words import DAY_MS, WORKLOADS, instant_ms, instant_text

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
SUBMITTED, OPTED_OUT = "cpor.claim.submitted.v1", "cpor.customer.opted-out.v1"
PARTNER_COUNT = 1000 if float(os.environ.get("CPOR_LOAD_SCALE") or 1) > 1 else 300


def claims():
    """{claim id: (workload, day of its PoE)}: all partners want all ten workloads."""
    found = {}
    for number in range(PARTNER_COUNT):
        for index, workload in enumerate(WORKLOADS):
            day = instant_text(START - (20 + (number * 7 + index * 3) % 60) * DAY_MS)[:10]
            found[f"C-{number}-{index}"] = (f"{1000000 + number}", workload, day)
    return found


def open_windows(installation, wanted):
    installation.start_workers()
    installation.publish_reference([documents.partner(f"{1000000 + number}")
                                    for number in range(PARTNER_COUNT)], [TENANT])
    for name, (mpn_id, workload, day) in wanted.items():
        installation.publish("claim-submission", SUBMITTED,
                             documents.claim(name, TENANT, day, (workload,), mpn_id))
    installation.flush()
    installation.wait("all windows to be open", lambda: installation.query(
        "select count(*) from claims where status = 'OPT_OUT_OPEN'") == [(len(wanted),)], 600)
    installation.wait_settled(240)
    installation.stop_workers()


def peak_kib(worker):
    with open(f"/proc/{worker.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1))


def test_one_tenant_with_thousands_of_windows(install):
    installation = install(start_at_ms=START)
    wanted = claims()
    open_windows(installation, wanted)
    [(low, high)] = installation.query("select min(due_at_ms), max(due_at_ms) from timers")
    assert low == high, "one midnight"
    first_submitted = dict(installation.query("select claim_id, first_submitted_at_ms from claims"))
    order = sorted(wanted, key=lambda name: name)
    order.sort(key=lambda name: first_submitted[name])
    order.sort(key=lambda name: wanted[name][2], reverse=True)
    winners = {}
    for name in order:
        winners.setdefault(wanted[name][1], name)

    # Whatever comes first after the deadline finds all of it settled: here, a winner's opt-out.
    installation.set_clock(1, high + DAY_MS)
    declined = winners["TEAMS"]
    event_id = installation.publish("opt-out-expiry", OPTED_OUT, {
        "claim_id": declined, "tenant_id": TENANT["tenant_id"], "actor": {"type": "customer"}})
    installation.flush()
    expiry = installation.workers["opt-out-expiry-1"].start()
    installation.wait("some chunks to be settled", lambda: installation.query(
        "select count(*) from history where cause_id = %s", event_id)[0][0] >= 500, 60, 0.01)
    expiry.stop(signal.SIGKILL)
    expiry.start()
    installation.wait_quiet(120)
    harness.say(f"  opt-out-expiry after {len(wanted)} windows of one tenant: "
                f"{peak_kib(expiry) / 1024:.0f} MiB at most")

    ended = [record for record in installation.read("claim-status")
             if record.json.get("status") in ("OFFICIAL", "REJECTED", "ENDED")]
    assert [record.json["claim_id"] for record in ended] == [*order, declined]
    assert len({record.header("ce_id") for record in ended}) == len(ended)
    assert {record.json["claim_id"] for record in ended
            if record.json["status"] == "OFFICIAL"} == set(winners.values())
    events = [(record.header("ce_type").split(".")[2], record.json["claim_id"])
              for record in installation.read("association-official")]
    assert events == [("official", name) for name in order if name in winners.values()] + [
        ("ended", declined)]
    actors = installation.query("select actor_type, count(*) from history where cause_id = %s"
                                " group by 1 order by 1", event_id)
    assert actors == [("customer", 1), ("system", len(wanted))]
    check_said_again(installation, "opt-out-expiry")
