"""A load runs; PostgreSQL is destroyed, an older backup restored: all ends where the model says.

Kafka's groups are ahead of the backup then. Every event must be on its topic once all the same, and
each window must close when its customer was told. A notice may go out twice only where it was
accepted just before the crash: its window was not in the log yet.
"""

import signal
import subprocess
import time

import pytest

import harness
import mails_twice
from cporctl import call, expect, rewind_groups
from driver import Driver
from generator import InterruptedLoad
from judge import Judge
from mails_twice import Span
from own_postgres import OwnPostgres, StackWith
from words import instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
SPEED = 50_000
COUNT = 500
BACKUP = harness.ROOT / "deploy/backup"


def script(installation, name, path):
    result = subprocess.run([str(BACKUP / name), str(path)], env=installation.env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert result.returncode == 0, f"deploy/backup/{name}:\n{result.stdout}"


def wall_ms():
    return int(time.time() * 1000)


class Disaster:
    """What disturbs the load: a backup early on, the loss of the server later, the way back."""

    def __init__(self, installation, postgres, path):
        self.installation, self.postgres, self.path = installation, postgres, path
        self.is_saved = self.is_over = False
        self.saved_count = self.seconds = 0

    def __call__(self, driver):
        count = sum(1 for key in driver.load.claims if driver.board.status(key) is not None)
        if not self.is_saved and count > COUNT // 4:
            script(self.installation, "backup", self.path)
            self.is_saved, self.saved_count = True, count
        official = self.saved_count and sum(
            1 for key in driver.load.claims if driver.board.status(key) == "OFFICIAL")
        if self.is_saved and not self.is_over and official > COUNT // 3:
            begin = time.monotonic()
            self.destroy()
            self.restore()
            self.seconds = time.monotonic() - begin
            self.is_over = True

    def destroy(self):
        (self.lost,) = self.installation.query("select count(*) from history")[0]
        self.postgres.down(signal.SIGKILL)
        for worker in self.installation.workers.values():
            worker.kill()
        self.killed_ms = wall_ms()
        self.postgres.destroy()

    def restore(self):
        installation = self.installation
        installation.recreate_database()
        script(installation, "restore", self.path)
        (kept,) = installation.query("select count(*) from history")[0]
        harness.say(f"  of {self.lost} rows of history {self.lost - kept} are lost")
        assert kept < self.lost, "nothing was lost: this tests nothing"
        installation.setup()
        rewind_groups(installation)
        again = expect(0, call(installation.env, "rewind", "--yes"))  # again is safe
        harness.say("  " + again.splitlines()[-2])
        installation.redis.flushdb()
        self.restarted_ms = wall_ms()
        for worker in installation.workers.values():
            worker.start()
        said = expect(0, call(installation.env, "replay"))
        harness.say("  " + said.strip())
        assert "nothing to replay" in expect(1, call(installation.env, "replay"))


@pytest.fixture
def postgres(tmp_path):
    server = OwnPostgres(tmp_path / "postgres-of-test")
    try:
        server.up().psql("alter role cpor createrole")
        yield server
    finally:
        server.clean()


def test_an_older_backup_loses_and_doubles_nothing(stack, postgres, tmp_path, seed):
    installation = harness.Installation(StackWith(stack, postgres), tmp_path, speed=SPEED,
                                        start_at_ms=START)
    try:
        load = InterruptedLoad(seed, COUNT, START)
        installation.start_workers(instances=2)
        installation.publish_reference(load.partners, load.tenants, load.subscriptions)
        installation.supervised = False
        disaster = Disaster(installation, postgres, tmp_path / "backup")
        Driver(installation, load).run(seconds=240, disturb=disaster)
        assert disaster.is_over, "the load was over before the disaster"
        installation.stop_workers()
        judge = Judge(installation).check_all()
        judge.check_mails(exactly_once=False)
        twice = mails_twice.check(judge, [Span(0, disaster.killed_ms, disaster.restarted_ms)])
        harness.say(f"  {len(twice)} notices went out twice")
        judge.verdict()
        ids = [record.header("ce_id") for record in judge.official]
        assert len(ids) == len(set(ids)), "an association's event is there twice"
        print(expect(0, call(installation.env, "audit")))
    finally:
        installation.close()
