"""An upgrade while it runs: the older release at work, the new migrations, then worker by worker.

Claims and opt-outs flow all the time. The order is that of deploy/upgrade/README.md.
"""

import json
import re
import time

import pytest

import cporctl
import documents
import harness
import older
from words import instant_ms

START = instant_ms("2026-11-02T01:00:00.000Z")
SPEED = 20_000
DAY_MS = 86_400_000
SUBMITTED, OPTED_OUT = "cpor.claim.submitted.v1", "cpor.customer.opted-out.v1"
INSTANCES = 2
PAUSE_S = 0.1
README = harness.ROOT / "deploy/upgrade/README.md"


def documented_order():
    """The workers as the steps of the page name them."""
    return re.findall(r"^\d+\. `(\S+)`, all its instances", README.read_text(), re.M)


class Flow:
    """Every second customer opts out as soon as its window is open."""

    def __init__(self, installation):
        self.installation = installation
        self.board = harness.StatusBoard(installation)
        self.claims, self.declined = [], set()
        self.next_at = time.monotonic()

    def turn(self):
        if time.monotonic() >= self.next_at:
            self.next_at = time.monotonic() + PAUSE_S
            self.submit()
        for key, data in self.board.update():
            if data["status"] == "OPT_OUT_OPEN" and int(key[1][2:]) % 2 and \
                    key not in self.declined:
                self.declined.add(key)
                self.installation.publish("opt-out-expiry", OPTED_OUT, {
                    "claim_id": key[1], "tenant_id": key[0], "actor": {"type": "customer"}})
        self.installation.check_workers()

    def submit(self):
        number = len(self.claims)
        tenant = documents.tenant(number)  # its own: no claim is in another's way
        document = documents.claim(f"C-{number}", tenant, "2026-10-02")
        self.installation.produce("tenant", tenant["tenant_id"], tenant)
        self.installation.publish("claim-submission", SUBMITTED, document)
        self.claims.append((tenant["tenant_id"], document["claim_id"]))

    def wait_open(self, count):
        """Until so many more of the claims that are submitted from now on had their window."""
        first = len(self.claims)

        def are_open():
            self.turn()
            return sum("OPT_OUT_OPEN" in self.board.statuses(key)
                       for key in self.claims[first:]) >= count
        self.installation.wait(f"{count} claims more to have their window", are_open, 90, 0.01)


def replace(installation, service, binaries):
    for worker in installation.workers.values():
        if worker.service == service:
            worker.stop()
            worker.binaries = binaries
            worker.start()


@pytest.fixture(scope="module")
def old_binaries():
    return older.binaries()


def test_the_documented_order_is_of_all_workers():
    assert sorted(documented_order()) == sorted(harness.SERVICES)


def test_upgrade_under_load(old_binaries, install):
    installation = install(speed=SPEED, start_at_ms=START, binaries=old_binaries)
    installation.checks_contract = False  # the older release kept the older one
    installation.start_workers(INSTANCES)
    flow = Flow(installation)
    installation.publish_reference([documents.partner()])
    flow.wait_open(10)
    told = cporctl.expect(0, cporctl.call(installation.env, "setup", "--roles"))
    assert "applied" in told, "there is a migration that the older release does not have"
    flow.wait_open(10)
    for service in documented_order():
        replace(installation, service, harness.BIN)
        flow.wait_open(5)
    installation.flush()
    finish(installation, flow)


def finish(installation, flow):
    """All windows close; each claim has its one end, and the audit finds nothing."""
    installation.jump(installation.now_ms() + 14 * DAY_MS)
    installation.wait("all claims to end", lambda: flow.board.update() is not None and all(
        flow.board.status(key) in ("OFFICIAL", "REJECTED") for key in flow.claims), 90)
    installation.stop_workers()
    official = [(event.json["tenant_id"], event.json["claim_id"])
                for event in installation.read("association-official")
                if event.header("ce_type") == "cpor.association.official.v1"]
    assert len(official) == len(set(official)), "twice"
    assert {key for key in flow.claims if flow.board.status(key) == "OFFICIAL"} == set(official)
    assert set(flow.claims) - set(official) <= flow.declined, "rejected, and nobody declined"
    late = flow.declined & set(official)
    for key in late:  # its opt-out came behind the deadline
        rows = installation.query("select ignored from history where tenant_id = %s and"
                                  " claim_id = %s and event = %s", *key, OPTED_OUT)
        assert rows and all(why for why, in rows), key
    assert flow.declined - late, "no opt-out came in time"
    answer = json.loads(cporctl.expect(0, cporctl.call(installation.env, "audit", "--json")))
    assert answer["violation_count"] == 0
    harness.say(f"  {len(flow.claims)} claims, {len(official)} official, "
                f"{len(flow.declined)} opt-outs, {len(late)} of them late")
