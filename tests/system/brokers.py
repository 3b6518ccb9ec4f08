"""Kafka brokers of a test's own on free ports: one to be hurt, or three as production has them."""

import pathlib
import re
import signal
import subprocess
import sys
import time

import confluent_kafka.admin

import harness

sys.path.insert(0, str(harness.ROOT / "deploy/local"))

import process  # noqa: E402  (of the local stack)
import servers  # noqa: E402

CLUSTER_ID = "c0123456789abcdefghiJQ"


class Broker(servers.Kafka):
    """One broker; the number of all is known before the first starts."""

    # A line here replaces the local stack's line of the same name.
    OWN = """\
node.id={node}
controller.quorum.voters={voters}
default.replication.factor={replication}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={replication}
transaction.state.log.replication.factor={replication}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.replication.factor={replication}
share.coordinator.state.topic.min.isr={in_sync}
unclean.leader.election.enable=false
# As production does it, only sooner: a broker that is back gets its partitions back, under load.
auto.leader.rebalance.enable=true
leader.imbalance.check.interval.seconds=1
leader.imbalance.per.broker.percentage=0
# As short as production's are long: a test waits for a dead broker to be seen as dead.
replica.lag.time.max.ms=5000
"""

    def __init__(self, folder, number, ports, values, heap):
        folder.mkdir()
        super().__init__(folder, ports, None)
        self.number, self.values, self.heap = number, values, heap
        self.child = None
        self.environment = []  # NAME=VALUE of the next start: its clock

    def prepare(self):
        self.dir.mkdir(exist_ok=True)
        own = {line.partition("=")[0]: line for line in self.OWN.splitlines()}
        lines = [line for line in self.PROPERTIES.splitlines()
                 if line.partition("=")[0] not in own]
        properties = self.dir / "server.properties"
        properties.write_text("\n".join([*lines, *own.values(), ""]).format(
            dir=self.dir, node=self.number, more_listeners="", more_advertised="",
            more_protocols="", **self.values, **self.ports))
        if not (self.dir / "data/meta.properties").exists():
            process.run(self.java("kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID,
                                  "--config", properties))

    def java(self, main_class, *arguments, heap="64m"):
        """Quick to start rather than quick: its life is short."""
        program, *rest = super().java(main_class, *arguments, heap=heap)
        return [program, "-XX:TieredStopAtLevel=1", *rest]

    def start(self):
        assert self.pid() is None, f"broker {self.number} runs already"
        command = self.java("kafka.Kafka", self.dir / "server.properties", heap=self.heap)
        command = ["env", *self.environment, *command]
        self.child = self.spawn(command, self.dir)

    def end(self, number=signal.SIGKILL):
        """Kills it, or lets it hand over its partitions (SIGTERM)."""
        if self.child is not None:
            self.stop(number, self.STOP_WAIT_SECONDS)
            self.child.wait()
            self.child = None

    def sees_all(self, count):
        """By its own answer: all brokers, and every replica in sync."""
        answer = subprocess.run(["kcat", "-L", "-m", "2", "-b", f"127.0.0.1:{self.port}"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                check=False).stdout
        places = re.findall(r"replicas: ([\d,]*), isrs: ([\d,]*)", answer)
        return f" {count} brokers:" in answer and all(
            len(replicas.split(",")) == len(in_sync.split(",")) for replicas, in_sync in places)

    def peak_mib(self):
        """What it ever had resident."""
        for line in pathlib.Path(f"/proc/{self.pid()}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
        return 0


class Cluster:
    """All brokers of a test, each broker and controller in one; up() and down() in any order."""

    def __init__(self, folder, count=3, heap="256m"):
        taken = {}
        for number in range(1, count + 1):
            for name in servers.Kafka.PORT_NAMES:
                taken[number, name] = process.choose_port(taken.values())
        values = {"replication": count, "in_sync": max(1, count - 1), "voters": ",".join(
            f"{number}@127.0.0.1:{taken[number, 'kafka_controller']}"
            for number in range(1, count + 1))}
        folder.mkdir(exist_ok=True)
        self.brokers = {number: Broker(
            folder / f"broker-{number}", number,
            {name: taken[number, name] for name in servers.Kafka.PORT_NAMES}, values, heap)
            for number in range(1, count + 1)}
        self.bootstrap = ",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers.values())
        self.admin = None

    def up(self):
        for broker in self.brokers.values():
            broker.prepare()
            broker.start()
        self.admin = confluent_kafka.admin.AdminClient(
            {"bootstrap.servers": self.bootstrap, "log_level": 0,
             "reconnect.backoff.max.ms": 500, "topic.metadata.refresh.interval.ms": 2000})
        self.wait_all_there()
        return self

    def down(self):
        for broker in self.brokers.values():
            broker.end()

    def wait(self, what, condition, seconds=servers.Kafka.START_WAIT_SECONDS):
        end = time.monotonic() + seconds
        while not condition():
            for broker in self.brokers.values():
                if broker.child is not None and broker.child.poll() is not None:
                    raise AssertionError(f"broker {broker.number} ended by itself:\n"
                                         f"{broker.log_tail(40)}")
            assert time.monotonic() < end, f"not after {seconds} s: {what}"
            time.sleep(0.1)

    def metadata(self):
        """What one of the brokers knows, None when none answers."""
        try:
            return self.admin.list_topics(timeout=5)
        except confluent_kafka.KafkaException:
            return None

    def wait_all_there(self):
        """Each broker says itself that all are alive, and that every partition is on all of them.
        One that was cut off from the others tells for long what it knew before."""
        self.wait("all brokers to be there and in sync", lambda: all(
            broker.sees_all(len(self.brokers)) for broker in self.brokers.values()))

    def leaders(self):
        """{(topic, partition): broker}."""
        found = self.metadata()
        return {(name, number): partition.leader
                for name, topic in (found.topics.items() if found else ())
                for number, partition in topic.partitions.items()}


def cluster_settings(cluster):
    """Of an installation on it."""
    return {"CPOR_KAFKA_BROKERS": cluster.bootstrap,
            "CPOR_REPLICATION": str(len(cluster.brokers))}
