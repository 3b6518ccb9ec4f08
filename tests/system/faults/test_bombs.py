"""Compressed bombs: the broker refuses them, and the workers never meet one.

300 MB of one letter are 0.3 MB on the wire as gzip, 10 kB as zstd. The broker is this test's own:
it may run out of memory as it unpacks. The workers are held to 448 MiB of address space.
"""

import resource

import confluent_kafka
import pytest

import brokers
import documents
import harness
from words import instant_ms

START = instant_ms("2026-11-02T01:00:00.000Z")
ADDRESS_SPACE_MAX = 448 * 2**20  # of each worker, as under load
HEAP = "512m"
TENANTS = [documents.tenant(number) for number in range(1, 5)]
LETTERS = b"a" * 300_000_000
# What the broker may say: too large, or that it ran out of memory at this batch.
REFUSALS = (confluent_kafka.KafkaError.MSG_SIZE_TOO_LARGE, confluent_kafka.KafkaError.UNKNOWN)
BOMBS = [("claim-submission", "gzip", "value"), ("claim-submission", "zstd", "header"),
         ("opt-out-expiry", "zstd", "value"), ("opt-out-expiry", "zstd", "header"),
         ("partner", "zstd", "value"), ("tenant", "zstd", "header"),
         ("subscription", "lz4", "value")]


@pytest.fixture
def broker(tmp_path):
    cluster = brokers.Cluster(tmp_path / "kafka", 1, HEAP)
    try:
        yield cluster.up()
    finally:
        cluster.down()


def start_limited(installation):
    for service in harness.SERVICES:
        worker = harness.Worker(installation, service, 1)
        worker.before_exec = lambda: resource.setrlimit(
            resource.RLIMIT_AS, (ADDRESS_SPACE_MAX, ADDRESS_SPACE_MAX))
        installation.workers[worker.instance] = worker.start()


def throw(installation, topic, compression, where):
    """The broker's answer, None: it took the bomb."""
    answers = []
    sender = confluent_kafka.Producer({
        "bootstrap.servers": installation.env["CPOR_KAFKA_BROKERS"], "log_level": 0,
        "compression.type": compression, "message.max.bytes": 1_000_000_000,
        "queue.buffering.max.kbytes": 2_000_000, "partitioner": "murmur2_random"})
    record = {"value": b"{}", "headers": [("x", LETTERS)]} if where == "header" else \
        {"value": LETTERS}
    sender.produce(installation.prefix + topic, key=TENANTS[0]["tenant_id"].encode(),
                   on_delivery=lambda error, _: answers.append(error), **record)
    assert sender.flush(120) == 0
    return answers[0] and answers[0].code()


def test_the_broker_meets_the_bomb_and_no_worker(broker, install):
    installation = install(start_at_ms=START, settings=brokers.cluster_settings(broker))
    start_limited(installation)
    installation.publish_reference([documents.partner()], TENANTS)
    broker_pid = broker.brokers[1].pid()
    answers = {bomb: throw(installation, *bomb) for bomb in BOMBS}
    assert {bomb: answer for bomb, answer in answers.items() if answer not in REFUSALS} == {}
    for number, tenant in enumerate(TENANTS):
        installation.publish("claim-submission", "cpor.claim.submitted.v1",
                             documents.claim(f"C-{number}", tenant, "2026-10-02"))
    installation.flush()
    installation.wait("the good claims behind them", lambda: installation.query(
        "select count(*) from claims where status = 'OPT_OUT_OPEN'") == [(len(TENANTS),)])
    installation.check_workers()
    assert broker.brokers[1].pid() == broker_pid
    harness.say(f"  the broker had {broker.brokers[1].peak_mib()} MiB at most")
