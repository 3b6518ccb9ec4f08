"""A standby promoted for real: with all commits nothing is lost; without the last ones the workers
stop, and cporctl rewind brings back what is missing. And a primary that is read-only.
"""

import collections
import os
import re
import signal

import pytest

import documents
import harness
from cporctl import call, expect, rewind_groups
from own_postgres import OwnPostgres, StackWith, process
from test_database_pooler import is_ready, ready
from words import instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
PRIMARY = "\nwal_level = replica\nmax_wal_senders = 4\nwal_keep_size = '256MB'\n" \
          "synchronous_standby_names = ''\n"


class Standby(OwnPostgres):
    """Streams from a primary, until it is promoted."""

    def __init__(self, folder, primary):
        super().__init__(folder, PRIMARY)
        self.secret = primary.secret
        self.primary = primary

    def clone(self):
        home = self.home()
        process.run([self.program("pg_basebackup"), "-h", "127.0.0.1", "-p",
                     str(self.primary.port), "-U", "postgres", "-D", str(home / "data"), "-R",
                     "-X", "stream", "-c", "fast"], user=self.user, cwd=home,
                    env={"PGPASSWORD": self.secret["postgres_admin"]})
        # The password is in no connection string that pg_basebackup -R would write for it.
        auto = home / "data/postgresql.auto.conf"
        auto.write_text(auto.read_text() + "primary_conninfo = 'host=127.0.0.1 user=postgres"
                        f" port={self.primary.port} application_name=standby"
                        f" password={self.secret['postgres_admin']}'\n")
        (home / "data/standby.signal").touch()
        if self.user:
            for path in (home / "data/standby.signal", auto):
                os.chown(path, self.account().pw_uid, self.account().pw_gid)
        return self

    def start_streaming(self, wait):
        self.prepare()
        self.start()
        wait("the standby to stream", lambda: self.primary.psql(
            "select count(*) from pg_stat_replication where state = 'streaming'") == "1")

    def promote(self, wait):
        self.psql("select pg_promote(true, 60)")
        wait("the promotion", lambda: self.psql("select pg_is_in_recovery()") == "f")


class Pair:
    """Two servers and an installation whose URL names both."""

    def __init__(self, stack, folder):
        self.primary = OwnPostgres(folder / "one", PRIMARY).up()
        self.primary.psql("alter role cpor createrole")
        self.standby = Standby(folder / "two", self.primary)
        self.installation = harness.Installation(StackWith(stack, self.primary), folder,
                                                 start_at_ms=START)
        self.wait = self.installation.wait
        self.standby.clone().start_streaming(self.wait)
        both = f"@127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}/"
        for name in ("CPOR_DATABASE_URL", "TEST_OWNER_URL"):
            self.installation.env[name] = re.sub(r"@127\.0\.0\.1:\d+/", both,
                                                 self.installation.env[name])

    def set_synchronous(self, on):
        self.primary.psql("alter system set synchronous_standby_names = "
                          f"'{'standby' if on else ''}'")
        self.primary.psql("select pg_reload_conf()")
        self.wait("the standby's state", lambda: self.primary.psql(
            "select sync_state from pg_stat_replication") == ("sync" if on else "async"))

    def close(self):
        self.installation.close()
        for server in (self.primary, self.standby):
            server.clean()


@pytest.fixture
def pair(stack, tmp_path):
    made = Pair(stack, tmp_path)
    try:
        yield made
    finally:
        made.close()


def submit(installation, *names):
    for name, workload in names:
        installation.publish("claim-submission", "cpor.claim.submitted.v1",
                             documents.claim(name, TENANT, "2026-04-01", (workload,)))
    installation.flush()


def statuses(installation):
    return dict(installation.query("select claim_id, status from claims"))


def opt_out(installation, name):
    installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1", {
        "claim_id": name, "tenant_id": TENANT["tenant_id"], "actor": {"type": "customer"}})
    installation.flush()


def assert_once(installation):
    ids = collections.Counter(record.header("ce_id") for record in installation.read(
        "claim-status", "association-official"))
    assert set(ids.values()) == {1}


def test_synchronous_promotion_loses_nothing(pair):
    installation = pair.installation
    pair.set_synchronous(True)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    submit(installation, ("C-1", "TEAMS"), ("C-2", "YAMMER"))
    installation.wait("two windows", lambda: list(statuses(installation).values()) == [
        "OPT_OUT_OPEN"] * 2)
    opt_out(installation, "C-1")
    pair.primary.down(signal.SIGKILL)
    submit(installation, ("C-3", "INTUNE"))
    pair.standby.promote(pair.wait)
    installation.wait("work to go on", lambda: statuses(installation) == {
        "C-1": "REJECTED", "C-2": "OPT_OUT_OPEN", "C-3": "OPT_OUT_OPEN"})
    for worker in installation.workers.values():  # by itself, and none has been refused
        assert "event=fatal" not in worker.log.read_text()
        installation.wait("the worker to be ready", lambda: is_ready(worker))
    installation.wait_settled()
    installation.stop_workers()
    assert_once(installation)
    expect(0, call(installation.env, "audit"))


def test_promotion_without_the_last_commits(pair):
    """Asynchronous: the opt-out was handled and published, and the promoted server forgot it."""
    installation = pair.installation
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    submit(installation, ("C-1", "TEAMS"), ("C-2", "YAMMER"))
    installation.wait("two windows", lambda: list(statuses(installation).values()) == [
        "OPT_OUT_OPEN"] * 2)
    installation.wait_settled()
    installation.supervised = False
    pair.wait("the standby to have it all", lambda: pair.primary.psql(
        "select replay_lsn = pg_current_wal_lsn() from pg_stat_replication") == "t")
    pair.standby.down(signal.SIGKILL)  # it falls behind, as on a slow line
    opt_out(installation, "C-1")
    installation.wait("the opt-out", lambda: statuses(installation)["C-1"] == "REJECTED")
    installation.wait_settled()
    pair.primary.down(signal.SIGKILL)
    pair.standby.start()
    pair.wait("the standby to answer", pair.standby.is_ready)
    pair.standby.promote(pair.wait)
    assert statuses(installation)["C-1"] == "OPT_OUT_OPEN"
    log = installation.workers["opt-out-expiry-1"].log
    opt_out(installation, "C-2")
    line = pair.wait("the worker to refuse", lambda: [
        line for line in log.read_text().splitlines() if "event=fatal" in line])[0]
    assert "cporctl rewind" in line and "older than the log" in line
    for worker in installation.workers.values():
        worker.kill()
    rewind_groups(installation)
    installation.redis.flushdb()
    for worker in installation.workers.values():
        worker.start()
    expect(0, call(installation.env, "replay"))
    installation.wait("both opt-outs", lambda: statuses(installation) == {
        "C-1": "REJECTED", "C-2": "REJECTED"})
    installation.wait_settled()
    installation.stop_workers()
    assert_once(installation)
    expect(0, call(installation.env, "audit"))


def test_read_only_for_a_while(pair):
    """As an old primary is after a fail-over: connections stay open, nothing can be written."""
    installation = pair.installation
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    set_read_only(pair, "on")
    submit(installation, ("C-1", "TEAMS"))
    submission = installation.workers["claim-submission-1"]
    _, text = installation.wait("the worker not to be ready", lambda: (
        ready(submission) if ready(submission)[0] == 503 else None))
    assert "database" in text
    set_read_only(pair, "off")
    installation.wait("the claim", lambda: statuses(installation) == {"C-1": "OPT_OUT_OPEN"})
    installation.wait("the worker to be ready", lambda: is_ready(submission))
    installation.wait_settled()
    installation.stop_workers()
    expect(0, call(installation.env, "audit"))


def set_read_only(pair, value):
    pair.primary.psql(f"alter system set default_transaction_read_only = {value}")
    pair.primary.psql("select pg_reload_conf()")
    pair.wait("the server to say so", lambda: pair.primary.psql(
        "show default_transaction_read_only") == value)
