"""Brings up servers and workers for a test, publishes, reads and asks; an independent client."""

import collections
import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import uuid

import confluent_kafka
import confluent_kafka.admin
import psycopg
import redis

import leftovers
import published
import roles
import scrape
import signing
from reader import Follower
from status_board import StatusBoard  # noqa: F401, for those who have the harness
from words import instant_text
from worker import Worker

ROOT = pathlib.Path(__file__).resolve().parents[2]
STACK = ROOT / "deploy/local/stack"
BIN = pathlib.Path(os.environ.get("CPOR_BIN_DIR", ROOT / "build/release/bin"))
FAULTS_BIN = pathlib.Path(os.environ.get("CPOR_FAULTS_BIN_DIR", ROOT / "build/faults/bin"))
SERVICES = ("claim-submission", "claim-validation", "customer-notification", "opt-out-expiry")
REFERENCE_TOPICS = ("partner", "tenant", "subscription")
PARTITIONS = 4
KEEP = bool(os.environ.get("CPOR_TEST_KEEP"))  # workers, servers and data stay, to look at
numbers = itertools.count(1)
running = []  # installations that are not closed: whose logs a failure shows


def say(text):
    print(text, file=sys.stderr, flush=True)


class Stack:
    """The servers of this session: deploy/local/stack under a name of its own.

    kafka_from: the stack whose broker is used, where processes run side by side: a broker is dear,
    and nothing of one installation's topics is another's. The other servers are the session's own.
    """

    def __init__(self, name, kafka_from=None):
        self.name, self.kafka_from = name, kafka_from
        self.env = {}

    def call(self, *arguments):
        result = subprocess.run([str(STACK), *arguments, "--name", self.name], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert result.returncode == 0, f"stack {' '.join(arguments)} failed:\n{result.stdout}"
        return result.stdout

    def up(self):
        say(f"servers: starting (stack {self.name})")
        self.call("up", *(("postgres", "redis", "mail") if self.kafka_from else ()))
        self.env.update(self.read_env())
        if self.kafka_from:
            brokers = Stack(self.kafka_from).read_env()["CPOR_KAFKA_BROKERS"]
            self.env["CPOR_KAFKA_BROKERS"] = brokers

    def read_env(self):
        return dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", self.call("env"), re.M))

    def clean(self):
        if KEEP:
            return
        self.call("clean")
        (ROOT / ".local" / f"{self.name}.lock").unlink(missing_ok=True)

    def kill(self, server):
        assert not (self.kafka_from and server == "kafka"), \
            "other tests use this broker: take the fixture own_stack"
        self.call("kill", server, "-9")

    def start(self, server):
        self.call("start", server)

    @property
    def mail_file(self):
        return pathlib.Path(self.env["CPOR_STACK_DIR"]) / "mail.jsonl"


class Installation:
    """Topics, groups, database, Redis database and workers of one test."""

    def __init__(self, stack, folder, speed=1, start_at_ms=None, settings=None,
                 partitions=PARTITIONS, binaries=BIN):
        self.stack, self.folder, self.binaries = stack, folder, binaries
        number = next(numbers)
        running.append(self)
        self.name = f"t{os.getpid()}-{number}"
        self.prefix = f"{self.name}.cpor."
        self.partition_count = partitions
        self.partition_counts = {}  # topic -> count, where a test added some
        self.workers = {}
        self.followers = []  # one left open when its broker is gone never ends the process
        self.supervised = True
        self.checks_contract = True  # all that was published, when it closes
        self.has_forged_events = False  # the test itself publishes as if it were a worker
        self.epochs = []  # (wall start, business start, speed) of each clock so far
        self.env = {**os.environ, **stack.env, "CPOR_ENV": "development",
                    "CPOR_TOPIC_PREFIX": self.prefix, "CPOR_GROUP_PREFIX": self.prefix,
                    "CPOR_PARTITIONS": str(partitions), "CPOR_HTTP_PORT": "0"}
        self.create_database()
        base = stack.env["CPOR_REDIS_URL"].rpartition("/")[0]
        self.env["CPOR_REDIS_URL"] = f"{base}/{number % 16}"
        self.redis = redis.Redis.from_url(self.env["CPOR_REDIS_URL"])
        self.redis.flushdb()
        self.set_clock(speed, start_at_ms)
        self.env.update(settings or {})
        self.mail_offset = stack.mail_file.stat().st_size if stack.mail_file.exists() else 0
        self.setup()
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": self.env["CPOR_KAFKA_BROKERS"], "linger.ms": 2,
            "partitioner": "murmur2_random", "message.max.bytes": 4_000_000,
            "queue.buffering.max.messages": 500_000, "log_level": 2,
            "reconnect.backoff.max.ms": 500, "topic.metadata.refresh.interval.ms": 5000})
        self.admin = confluent_kafka.admin.AdminClient(
            {"bootstrap.servers": self.env["CPOR_KAFKA_BROKERS"], "log_level": 2})
        self.tail = None  # reads on where the last lag() stopped
        self.last_offsets = collections.defaultdict(lambda: -1)

    # ---- set-up

    def create_database(self):
        self.database = re.sub(r"\W", "_", self.name)
        self.recreate_database()

    def recreate_database(self):
        """Where a test has destroyed its server."""
        url = self.stack.env["CPOR_DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'create database "{self.database}"')
        self.env["CPOR_DATABASE_URL"] = f"{url.rpartition('/')[0]}/{self.database}"
        self.env["TEST_OWNER_URL"] = self.env["CPOR_DATABASE_URL"]

    def set_clock(self, speed, start_at_ms):
        self.speed = speed
        self.wall_start_ms = int(time.time() * 1000)
        self.start_at_ms = self.wall_start_ms if start_at_ms is None else start_at_ms
        self.epochs.append((self.wall_start_ms, self.start_at_ms, speed))
        if speed != 1 or start_at_ms is not None:
            self.env.update({"CPOR_CLOCK_START": instant_text(self.start_at_ms),
                             "CPOR_CLOCK_WALL_START": str(self.wall_start_ms),
                             "CPOR_CLOCK_SPEED": str(speed)})

    def business_ms(self, wall_ms):
        """By the clock that ran at that wall instant."""
        wall_start_ms, start_at_ms, speed = next(
            (epoch for epoch in reversed(self.epochs) if epoch[0] <= wall_ms), self.epochs[0])
        return start_at_ms + (wall_ms - wall_start_ms) * speed

    def jump(self, to_ms, seconds=120):
        """All that is due by now happens; then every worker is started again at business time
        to_ms, and what fell due meanwhile happens. Nothing is decided by how fast this machine is.
        """
        assert to_ms > self.now_ms(), "the clock never goes back"
        self.wait_settled(seconds)
        self.stop_workers()
        self.set_clock(self.speed, to_ms)
        for worker in self.workers.values():
            worker.start()
        self.wait_settled(seconds)

    def wait_settled(self, seconds=60):
        """Until every record is consumed and no timer is due."""
        def is_settled():
            [(due,)] = self.query("select count(*) from timers where due_at_ms < %s", self.now_ms())
            return due == 0 and not self.lag() and not self.lag()
        try:
            self.wait("all workers to have done what is due", is_settled, seconds)
        except AssertionError as error:
            due = self.query("select kind, shard, claim_id, due_at_ms from timers"
                             " where due_at_ms < %s limit 9", self.now_ms())
            raise AssertionError(f"{error}; due: {due}; not consumed: {self.lag()}") from None

    def wall_ms(self, business_ms):
        """The first wall instant whose business time is not before it."""
        return self.wall_start_ms - (self.start_at_ms - business_ms) // self.speed

    def now_ms(self):
        return self.business_ms(int(time.time() * 1000))

    def setup(self):
        cporctl = (self.binaries if (self.binaries / "cporctl").exists() else BIN) / "cporctl"
        result = subprocess.run([str(cporctl), "setup", "--roles"], env=self.env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert result.returncode == 0, f"cporctl setup failed:\n{result.stdout}"
        roles.create_users(self.env["CPOR_DATABASE_URL"], SERVICES)

    # ---- workers

    def start_workers(self, instances=1, services=SERVICES, settings=None, before_exec=None):
        for service in services:
            for number in range(1, instances + 1):
                worker = Worker(self, service, number, settings)
                worker.before_exec = before_exec  # limits
                self.workers[worker.instance] = worker.start()

    def check_workers(self):
        if self.supervised:
            for worker in self.workers.values():
                worker.check_alive()

    def restart_fallen(self):
        """What a supervisor does: a worker that ended by itself is started again."""
        for worker in self.workers.values():
            if worker.process is not None and worker.process.poll() is not None:
                worker.process = None
                worker.start()

    def stop_workers(self):
        """Drains all; every worker ends well."""
        for worker in self.workers.values():
            if worker.process is not None:
                worker.process.send_signal(signal.SIGTERM)
        for worker in self.workers.values():
            worker.stop(drains=True)

    def close(self):
        """Ends the workers; then all that they published must be what deploy/contracts/ says."""
        running.remove(self)
        for follower in self.followers:
            follower.close()
        if KEEP:
            leftovers.keep(self)
            return
        for worker in self.workers.values():
            if worker.process is not None and worker.process.poll() is None:
                worker.process.kill()
        for worker in self.workers.values():
            if worker.process is not None:
                worker.process.wait()
        try:
            if self.checks_contract and not self.has_forged_events:
                published.check(self)
        finally:
            self.delete_topics()

    def delete_topics(self):
        """A broker with the partitions of a hundred tests takes minutes to recover."""
        try:
            topics = self.admin.list_topics(timeout=10).topics
            mine = [name for name in topics if name.startswith(self.prefix)]
            for future in self.admin.delete_topics(mine).values() if mine else []:
                future.result(30)
        except confluent_kafka.KafkaException as error:
            say(f"  topics of {self.name} stay: {error}")

    def report(self):
        """The ends of the logs, for a failure."""
        parts = [f"logs: {self.folder}"]
        for worker in self.workers.values():
            parts.append(f"{worker.instance} ({worker.log}):\n{worker.log_tail()}")
        return "\n".join(parts)

    # ---- Kafka

    def partition_numbers(self, topic):
        one = topic in ("partner", "tenant", "subscription")
        metadata = self.admin.list_topics(self.prefix + topic, timeout=10)
        found = metadata.topics[self.prefix + topic].partitions
        count = self.partition_counts.get(topic, self.partition_count)
        assert found and (one or len(found) == count or topic == "dead-letter"), \
            f"topic {topic} has {len(found)} partitions"
        return sorted(found)

    def signed(self, topic, key, value, headers):
        """The headers, and a signature where the installation has a key of who says so."""
        event_type = dict(headers).get("ce_type", b"").decode("utf-8", "replace")
        role = signing.role_of(topic, event_type)
        by = role and signing.key_of(self.env.get("CPOR_EVENT_KEYS", ""), role)
        if not by or signing.HEADER in dict(headers):
            return headers
        text = signing.sign(by, self.prefix + topic, headers, key, value)
        return [*headers, (signing.HEADER, text.encode())]

    def produce(self, topic, key, value, headers=None, **where):
        """Queues one record; where: partition=, timestamp= (wall ms)."""
        if isinstance(value, (dict, list)):
            value = json.dumps(value, ensure_ascii=False).encode()
        headers = self.signed(topic, key, value, headers or [])
        while True:
            try:
                self.producer.produce(self.prefix + topic, value=value, key=key,
                                      headers=headers, on_delivery=self.delivered, **where)
                self.producer.poll(0)
                return
            except BufferError:
                self.producer.poll(0.1)

    @staticmethod
    def delivered(error, message):
        if error is not None:
            raise AssertionError(f"produce to {message.topic()}: {error}")

    def flush(self):
        assert self.producer.flush(60) == 0, "Kafka did not take all records in 60 s"

    def publish(self, topic, event_type, data, tenant_id=None, event_id=None, source="/upstream",
                **where):
        """Queues one CloudEvent in binary mode. Returns its id."""
        event_id = event_id or str(uuid.uuid4())
        if tenant_id is None:
            tenant_id = data.get("tenant_id") or data["customer"]["tenant_id"]
        source = signing.fitting_source(topic, event_type, source)
        headers = [("ce_specversion", b"1.0"), ("ce_id", event_id.encode()),
                   ("ce_source", source.encode()), ("ce_type", event_type.encode()),
                   ("ce_time", instant_text(self.now_ms()).encode()),
                   ("content-type", b"application/json")]
        if data.get("claim_id"):
            headers.append(("ce_subject", str(data["claim_id"]).encode()))
        self.produce(topic, tenant_id.lower(), data, headers, **where)
        return event_id

    def follow(self, *topics, isolation="read_committed"):
        self.followers.append(Follower(self, topics, isolation))
        return self.followers[-1]

    def read(self, *topics, isolation="read_committed"):
        follower = self.follow(*topics, isolation=isolation)
        try:
            return follower.read_to_end()
        finally:
            follower.close()

    def use_create_time(self, topic):
        """From now on a record of this topic counts from the timestamp that its producer gave: for
        workers that are started from now on."""
        self.env["CPOR_ALLOW_CREATE_TIME"] = "true"
        self.alter_topic(topic, {
            "message.timestamp.type": "CreateTime",
            "message.timestamp.after.max.ms": str(2**62),
            "message.timestamp.before.max.ms": str(2**62), "retention.ms": "-1",
            "compression.type": "uncompressed"})

    def use_any_compression(self, topic):
        """From now on this topic keeps what its producers compressed, as it came."""
        self.alter_topic(topic, {"message.timestamp.type": "LogAppendTime",
                                 "retention.ms": "1209600000", "compression.type": "producer"})

    def alter_topic(self, topic, settings):
        """Its own settings are these, and no others; when the broker has them."""
        resource = confluent_kafka.admin.ConfigResource("topic", self.prefix + topic,
                                                        set_config=settings)
        for future in self.admin.alter_configs([resource]).values():
            future.result(30)
        self.wait(f"the broker to have {topic}'s new configuration", lambda: all(
            self.topic_config(topic)[name] == value for name, value in settings.items()))

    def topic_config(self, topic):
        resource = confluent_kafka.admin.ConfigResource("topic", self.prefix + topic)
        future, = self.admin.describe_configs([resource]).values()
        return {name: entry.value for name, entry in future.result(30).items()}

    def lag(self):
        """{(service, topic, partition): records not yet consumed}, nothing when all is done."""
        if self.tail is None:
            self.tail = self.follow(*SERVICES, *REFERENCE_TOPICS)
        for record in self.tail.read_to_end():
            self.last_offsets[record.topic, record.partition] = record.offset
        behind = {}
        for service in SERVICES:
            topics = (service, *REFERENCE_TOPICS) if service == "claim-validation" else (service,)
            places = [confluent_kafka.TopicPartition(self.prefix + topic, partition)
                      for topic, partition in self.last_offsets if topic in topics]
            consumer = confluent_kafka.Consumer({
                "bootstrap.servers": self.env["CPOR_KAFKA_BROKERS"],
                "group.id": self.prefix + service, "enable.auto.commit": False})
            for place in consumer.committed(places, timeout=15) if places else []:
                name = (place.topic.removeprefix(self.prefix), place.partition)
                count = self.last_offsets[name] + 1 - max(place.offset, 0)
                if count > 0:
                    behind[service, *name] = count
            consumer.close()
        return behind

    def describe_lag(self):
        """Who stands still, and whether with records in hand: one sentence."""
        try:
            behind = self.lag()
        except confluent_kafka.KafkaException as error:
            behind = error
        in_hand = {name: scrape.gauge(worker, "records_in_flight")
                   for name, worker in self.workers.items() if worker.process is not None}
        return f"not consumed: {behind}; in hand: {in_hand}"

    # ---- waiting and asking

    def wait(self, what, condition, seconds=60, poll_s=0.05):
        """Polls until condition() is true; its value. Says every 5 s what it waits for."""
        begin = said = time.monotonic()
        while True:
            value = condition()
            if value:
                return value
            if self.supervised:
                self.check_workers()
            else:
                self.restart_fallen()
            now = time.monotonic()
            if now - begin > seconds:
                raise AssertionError(f"not after {seconds} s: {what}; {self.describe_lag()}; "
                                     f"logs: {self.folder}")
            if now - said > 5:
                said = now
                say(f"  waiting for {what}: {now - begin:.0f} s")
            time.sleep(poll_s)

    def query(self, sql, *parameters):
        with psycopg.connect(self.env["CPOR_DATABASE_URL"], autocommit=True) as connection:
            return connection.execute(sql, parameters or None).fetchall()

    def wait_quiet(self, seconds=60):
        """Until every worker has consumed everything."""
        def is_quiet():
            behind = self.lag()
            return not behind and not self.lag()
        self.wait("all workers to have consumed all records", is_quiet, seconds)

    def publish_reference(self, partners=(), tenants=(), subscriptions=(), wait=True):
        """Reference records, and waits until PostgreSQL holds them."""
        for topic, key, records in (("partner", "mpn_id", partners),
                                    ("tenant", "tenant_id", tenants),
                                    ("subscription", "subscription_id", subscriptions)):
            for record in records:
                self.produce(topic, record[key], record)
        self.flush()
        if wait:
            self.wait("reference records in PostgreSQL",
                      lambda: self.holds_reference(partners, tenants, subscriptions))

    def holds_reference(self, partners=(), tenants=(), subscriptions=()):
        """True when PostgreSQL holds them all."""
        return all({record[key] for record in records}
                   <= {str(row[0]) for row in self.query(f"select {key} from {table}")}
                   for table, key, records in (("partners", "mpn_id", partners),
                                               ("tenants", "tenant_id", tenants),
                                               ("subscriptions", "subscription_id", subscriptions))
                   if records)

    def mails(self):
        """What the mail server accepted since this installation began."""
        if not self.stack.mail_file.exists():
            return []
        with self.stack.mail_file.open("rb") as file:
            file.seek(self.mail_offset)
            return [json.loads(line) for line in file.read().splitlines()]
