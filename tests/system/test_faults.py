"""Workers and servers killed at random moments: the same outcome as the model's."""

import random
import time

import pytest

import harness
from driver import Driver
from generator import InterruptedLoad
from judge import Judge
from words import instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
SPEED = 50_000


class Faults:
    """A plan of (seconds after the start, what to do), carried out between the driver's rounds."""

    def __init__(self, plan):
        self.plan = sorted(plan, key=lambda entry: entry[0])
        self.begin = None
        self.done = []

    def __call__(self, _driver):
        self.begin = self.begin or time.monotonic()
        while self.plan and time.monotonic() - self.begin >= self.plan[0][0]:
            at, name, action = self.plan.pop(0)
            harness.say(f"  {at:.1f} s: {name}")
            action()
            self.done.append(name)

    def check_all_done(self):
        assert not self.plan, f"the run was over before: {[name for _, name, _ in self.plan]}"


def run_load(installation, load, faults, instances=2, seconds=240):
    installation.start_workers(instances)
    installation.publish_reference(load.partners, load.tenants, load.subscriptions)
    Driver(installation, load).run(seconds, disturb=faults)
    faults.check_all_done()
    installation.stop_workers()
    judge = Judge(installation).check_all()
    judge.check_mails(exactly_once=False)
    judge.verdict()


def test_workers_killed_and_redis_flushed(install, seed):
    """Each instance of each worker in turn: kill -9, back under its name; FLUSHALL in between."""
    chance = random.Random(seed)
    installation = install(speed=SPEED, start_at_ms=START)

    def kill(name):
        installation.workers[name].kill()
        installation.workers[name].start()

    plan, at = [], 0.3
    for turn in (1, 2, 1):
        for service in harness.SERVICES:
            name = f"{service}-{turn}"
            plan.append((at, f"kill -9 {name}", lambda name=name: kill(name)))
            at += chance.uniform(0.4, 1.6)
    plan.append((plan[len(plan) // 2][0] + 0.01, "FLUSHALL", installation.redis.flushall))
    run_load(installation, InterruptedLoad(seed, 800, START), Faults(plan))


@pytest.mark.parametrize("server", ["kafka", "postgres", "redis"])
def test_server_killed(install, stack, seed, server):
    """kill -9 of a server while claims are in flight; it comes back, and so do the workers."""
    chance = random.Random(seed)
    installation = install(speed=SPEED, start_at_ms=START)
    installation.supervised = False  # a worker may end on a fatal error: its supervisor restarts it

    def crash():
        stack.kill(server)
        stack.start(server)

    plan = [(chance.uniform(0.3, 1.5), f"kill -9 {server}", crash),
            (chance.uniform(6, 9), f"kill -9 {server} again", crash)]
    run_load(installation, InterruptedLoad(seed, 150, START), Faults(plan), instances=1)
