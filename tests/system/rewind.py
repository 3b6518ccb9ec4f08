"""Reads a worker's log from its start again: what a crash between its two commits makes it do."""

import collections
import re

import confluent_kafka

from harness import SERVICES

OUTPUTS = (*SERVICES, "claim-status", "association-official", "dead-letter")


def published_by(installation, service):
    """How often each record was published by a service; timers' wake-ups are no outcomes."""
    found = collections.Counter()
    for record in installation.read(*OUTPUTS):
        is_dead = record.topic == "dead-letter"
        source = record.header("dlq_service" if is_dead else "ce_source") or ""
        is_wake_up = re.search(r"-due\.|window\.closed", record.header("ce_type") or "")
        if source.endswith(service) and (is_dead or not is_wake_up):
            headers = tuple(sorted((name, value) for name, value in record.headers))
            found[record.topic, record.key, record.value, headers] += 1
    return found


def rewind(installation, service, seconds=30):
    """Stops the service's instances, sets its group back to the start, starts them again."""
    mine = [worker for worker in installation.workers.values() if worker.service == service]
    for worker in mine:
        worker.stop()
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": installation.env["CPOR_KAFKA_BROKERS"],
        "group.id": installation.prefix + service, "enable.auto.commit": False, "log_level": 2})
    places = [confluent_kafka.TopicPartition(installation.prefix + service, number, 0)
              for number in installation.partition_numbers(service)]

    def is_set_back():
        try:
            consumer.commit(offsets=places, asynchronous=False)
        except confluent_kafka.KafkaException:
            return False  # its members' session has not run out yet
        return True
    installation.wait(f"the group of {service} to be set back", is_set_back, seconds, 0.2)
    consumer.close()
    for worker in mine:
        worker.start()


def check_said_again(installation, service, is_silent=False):
    """Everything that the service ever published appears once more, byte for byte, nothing else:
    what it did is known, and nothing is done twice."""
    before = published_by(installation, service)
    assert bool(before) != is_silent, f"{service} has published {sorted(before)}"
    tables = ("claims", "holders", "contenders", "timers", "history", "kept_opt_outs")
    rows = {table: installation.query(f"select * from {table} order by 1, 2, 3")
            for table in tables}
    rewind(installation, service)
    installation.wait_quiet()
    after = published_by(installation, service)
    wrong = {key: (count, after[key]) for key, count in before.items() if after[key] != 2 * count}
    assert not wrong, f"not exactly once more: {wrong}"
    assert not after.keys() - before.keys(), f"new: {after.keys() - before.keys()}"
    for table in tables:
        new = [row for row in installation.query(f"select * from {table} order by 1, 2, 3")
               if row not in rows[table]]
        assert not new, f"{table} has rows that are new or changed: {new}"
