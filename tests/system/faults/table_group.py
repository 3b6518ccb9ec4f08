"""Faults of the consumer groups: who comes, who goes, who is believed dead, who is there twice."""

import signal
import time

import confluent_kafka
from confluent_kafka.admin import NewPartitions

from faults import Fault
from harness import SERVICES, Worker
from world import Mark

GUEST = 3
MORE_PARTITIONS = 2


def come_and_go(world, _):
    """A third instance of each service joins and, some seconds later, leaves."""
    for _ in range(world.seconds(1, 3)):
        for service in world.random.sample(SERVICES, len(SERVICES)):
            guest = world.add_worker(service, GUEST)
            world.go_on(world.random.uniform(1.5, 3))
            del world.installation.workers[guest.instance]
            world.beside(guest.stop)
    return Mark(time.time())


def believed_dead(world, service):
    """Stopped for longer than its session; its work goes to the other; then it wakes up."""
    worker = world.worker(service or world.random.choice(SERVICES), world.random.choice((1, 2)))
    world.paused.add(worker.instance)
    worker.process.send_signal(signal.SIGSTOP)
    try:
        world.go_on(world.seconds(9, 40))
    finally:
        worker.process.send_signal(signal.SIGCONT)
    at = time.time()
    world.paused.discard(worker.instance)
    return Mark(at, (worker.service,))


def same_name(world, service):
    """A second process with the name of one that works; each fences the other."""
    worker = world.worker(service or world.random.choice(SERVICES), world.random.choice((1, 2)))
    double = Worker(world.installation, worker.service, int(worker.instance[-1]),
                    worker.settings).start()
    world.go_on(world.seconds(6, 20))
    double.kill()
    return Mark(time.time(), (worker.service,))


def add_partitions(world, _):
    """Tenants change their partition. Not of the outputs: their readers rely on the order.

    Work goes on when each worker has consumed records of each new partition.
    """
    installation = world.installation
    before = len(installation.partition_numbers(SERVICES[0]))
    count = before + MORE_PARTITIONS
    for service in SERVICES:
        installation.partition_counts[service] = count
    made = [NewPartitions(installation.prefix + service, count) for service in SERVICES]
    for future in installation.admin.create_partitions(made).values():
        future.result(30)
    mark = Mark(time.time())
    if installation.tail is not None:
        installation.tail.close()
        installation.tail = None

    def is_consumed():
        world.poke()
        return all(committed(installation, service, number) > 0
                   for service in SERVICES for number in range(before, count)) and time.time()
    mark.until = is_consumed
    return mark


def committed(installation, service, number):
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": installation.env["CPOR_KAFKA_BROKERS"],
        "group.id": installation.prefix + service, "enable.auto.commit": False, "log_level": 2})
    [place] = consumer.committed([confluent_kafka.TopicPartition(
        installation.prefix + service, number)], timeout=15)
    consumer.close()
    return place.offset


def table():
    yield Fault("group: instances come and go", "workers", come_and_go, 10)
    yield Fault("group: stopped beyond its session, then goes on", "workers", believed_dead, 10)
    yield Fault("group: opt-out-expiry stopped beyond its session, then goes on", "workers",
                believed_dead, 10, "opt-out-expiry")
    yield Fault("group: two instances with one name", "workers", same_name, 10)
    yield Fault("group: partitions added", "slow", add_partitions, 60)
