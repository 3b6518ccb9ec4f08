"""Three brokers, as Kafka is run: each is killed or restarted, leaders move, a clock is behind.

Replication 3, min.insync.replicas 2, claims flow all the time; the model and the auditor judge the
end: nothing lost, nothing early, nothing double. How soon work went on is printed, not asserted.
CPOR_TEST_SEED gives the order, and which brokers; with CPOR_TEST_LONG=1 each of them is killed,
there is a rolling restart, and all of it twice.
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import time
import types

import pytest

import brokers
import cporctl
import harness
import test_production
import themes
import verdict
from words import instant_ms
from world import Mark, World

LONG = os.environ.get("CPOR_TEST_LONG") == "1"
SEED = int(os.environ.get("CPOR_TEST_SEED") or 20)
SPEED = 20_000
BEHIND_MS = 1500  # more than eight hours of business time
AIM_S = 15
CLAIMS_PER_SECOND = 4  # three brokers, eight workers and this share what the machine has
SKEW_SOURCE = pathlib.Path(__file__).with_name("skew.c")


class ClusterWorld(World):
    """Its servers are the stack's, but for Kafka."""

    def __init__(self, stack, folder, cluster, seconds):
        self.cluster = cluster
        theme = themes.Theme("brokers", SPEED, instant_ms("2026-09-14T08:00:00.000Z"),
                             brokers.cluster_settings(cluster))
        super().__init__(stack, folder, theme, SEED, seconds, types.SimpleNamespace(long=False))
        self.flow.per_second = CLAIMS_PER_SECOND

    def measure(self, what, mark):
        """Until every worker has moved a claim on every partition since the mark."""
        seconds = self.recover(mark)
        harness.say(f"  {what}: work went on after "
                    f"{'-' if seconds is None else f'{seconds:.1f} s'} (aim {AIM_S} s)")
        assert seconds is not None, f"{what}: work did not go on"

    def back(self, *numbers):
        """These brokers are started again, and have caught up."""
        began = time.monotonic()
        for number in numbers:
            self.cluster.brokers[number].start()
        self.beside(self.cluster.wait_all_there)
        harness.say(f"    brokers {numbers}: in sync after {time.monotonic() - began:.1f} s")


def kill_each(world, chance):
    """Its successors lead while it is away; it leads again, in mid-batch, when it is back."""
    count = len(world.cluster.brokers) if LONG else 1
    for number in chance.sample(sorted(world.cluster.brokers), count):
        before = world.cluster.leaders()
        world.cluster.brokers[number].end()
        world.measure(f"broker {number} killed", Mark(time.time()))
        during = world.cluster.leaders()
        assert number not in during.values(), "another broker leads what it led"
        assert any(during.get(place) != leader for place, leader in before.items())
        world.back(number)
        assert world.until(lambda: number in world.cluster.leaders().values(), 30)


def two_away(world, chance):
    """Nothing can be appended that two brokers do not have: work stops, and nothing is lost."""
    away = chance.sample(sorted(world.cluster.brokers), 2)
    for number in away:
        world.cluster.brokers[number].end()
    cut_off = time.time()
    world.go_on(6)
    assert not any(at > cut_off + 2 for times in world.flow.board.said.values() for at in times)
    world.back(*away)
    world.measure("two brokers away and back", Mark(time.time()))


def clock_behind(world, chance):
    """One broker's clock is behind: where it leads, the log's times go back, and on again."""
    number = chance.choice(sorted(world.cluster.brokers))
    library = world.installation.folder / "skew.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SKEW_SOURCE), "-ldl"],
                   check=True)
    broker = world.cluster.brokers[number]
    world.beside(broker.end, signal.SIGTERM)
    broker.environment = [f"LD_PRELOAD={library}", f"FAULT_SKEW_MS={-BEHIND_MS}"]
    world.clock_slack_ms = BEHIND_MS * SPEED
    world.back(number)
    assert world.until(lambda: number in world.cluster.leaders().values(), 30), "it never led"
    world.measure(f"broker {number} is {BEHIND_MS} ms behind", Mark(time.time()))
    world.go_on(3)
    broker.environment = []
    world.beside(broker.end, signal.SIGTERM)
    world.back(number)


def rolling_restart(world, _):
    for number, broker in world.cluster.brokers.items():
        began = Mark(time.time())
        world.beside(broker.end, signal.SIGTERM)
        world.measure(f"broker {number} shut down", began)
        world.back(number)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = brokers.Cluster(tmp_path_factory.mktemp("brokers") / "kafka")
    try:
        yield made.up()
    finally:
        made.down()


def test_production_has_its_copies_and_starts(cluster, stack, tmp_path):
    """setup makes the topics as topics.json has them; a worker finds nothing to refuse."""
    installation = harness.Installation(stack, tmp_path, settings={
        **test_production.SETTINGS, "CPOR_KAFKA_BROKERS": cluster.bootstrap})
    try:
        found = installation.admin.list_topics(timeout=10).topics
        assert {len(partition.replicas) for name, topic in found.items()
                if name.startswith(installation.prefix)
                for partition in topic.partitions.values()} == {3}
        assert installation.topic_config("claim-status")["min.insync.replicas"] == "2"
        installation.start_workers(services=["claim-submission"])
        worker = installation.workers["claim-submission-1"]
        installation.wait("its partitions", lambda: (
            "event=partitions-assigned" in worker.log.read_text()))
        said = cporctl.expect(0, cporctl.call(installation.env, "audit", "--json"))
        assert json.loads(said)["violation_count"] == 0
        installation.alter_topic("claim-status", {"min.insync.replicas": "1"})
        assert "min.insync.replicas is 1, production wants 2 (cporctl setup --fix" in \
            cporctl.expect(1, cporctl.call(installation.env, "setup"))
        audit = cporctl.call(installation.env, "audit", "--json")
        assert audit.returncode == 1
        assert "claim-status has min.insync.replicas=1, not 2" in audit.stdout
        installation.stop_workers()
        installation.supervised = False
        assert "min_insync_replicas=1 problem" in test_production.start(installation,
                                                                        "claim-submission")
        cporctl.expect(0, cporctl.call(installation.env, "setup", "--fix"))
        assert installation.topic_config("claim-status")["min.insync.replicas"] == "2"
    finally:
        installation.close()


def test_three_brokers(cluster, stack, tmp_path):
    chance = random.Random(SEED)
    faults = [kill_each, two_away, clock_behind]
    if LONG:
        faults = [*faults, rolling_restart] * 2
    chance.shuffle(faults)
    folder = tmp_path / "installation"
    folder.mkdir()
    world = ClusterWorld(stack, folder, cluster, 150 * len(faults))
    try:
        world.warm_up()
        for fault in faults:
            fault(world, chance)
            world.go_on(1)
        world.drain()
        findings, counts = verdict.judge_round(world)
        findings += world.end_notes()
    finally:
        world.close()
    harness.say(f"  seed {SEED}: {counts} records in, claims, associations, letters; "
                f"{world.restart_count} workers ended by themselves")
    assert not findings, "\n".join(
        [f"{len(findings)} findings:", *(f"  {found.kind}: {found.text}" for found in findings),
         f"logs: {folder}"])
