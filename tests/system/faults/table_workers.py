"""Faults of single workers, in the middle of whatever they do."""

import time

from faults import Fault
from harness import SERVICES
from world import Mark


def kill_and_restart(world, service):
    """The supervisor starts it again at once, under its name."""
    worker = world.worker(service, world.random.choice((1, 2)))
    worker.kill()
    at = time.time()
    worker.start()
    return Mark(at, (service,))


def kill_for_good(world, service):
    """Nobody starts it again before the other instance has all its work."""
    worker = world.worker(service, world.random.choice((1, 2)))
    worker.kill()
    mark = Mark(time.time(), (service,))
    mark.afterwards = lambda: world.bring_back(worker)
    return mark


def kill_all(world, _):
    """The whole machine: every worker at the same moment."""
    workers = list(world.installation.workers.values())
    for worker in workers:
        worker.kill()
    at = time.time()
    for worker in workers:
        worker.start()
    return Mark(at)


def table():
    for service in SERVICES:
        yield Fault(f"kill -9 {service}, restarted", "workers", kill_and_restart, 2, service)
        yield Fault(f"kill -9 {service}, never back", "workers", kill_for_good, 10, service)
    yield Fault("kill -9 all workers, restarted", "workers", kill_all, 2)
