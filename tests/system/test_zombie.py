"""Instances that stop and come back, and crashes behind a dead letter: nothing is done twice."""

import collections
import signal

import psycopg

import documents
import harness
from rewind import check_said_again
from words import DAY_MS, instant_ms, instant_text

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
SUBMITTED, OPTED_OUT = "cpor.claim.submitted.v1", "cpor.customer.opted-out.v1"


def start(install, instances=1):
    installation = install(start_at_ms=START)
    installation.start_workers(services=harness.SERVICES[:3])
    installation.start_workers(instances, services=harness.SERVICES[3:])
    installation.publish_reference([documents.partner()], [TENANT])
    return installation, harness.StatusBoard(installation)


def open_windows(installation, board, *workloads):
    keys = [(TENANT["tenant_id"], f"C-{workload}") for workload in workloads]
    for (_, name), workload in zip(keys, workloads):
        installation.publish("claim-submission", SUBMITTED,
                             documents.claim(name, TENANT, "2026-03-01", (workload,)))
    installation.flush()
    return keys, max(instant_ms(board.wait_status(key, "OPT_OUT_OPEN")["deadline_at"])
                     for key in keys)


def opt_out(installation, name, **data):
    installation.publish("opt-out-expiry", OPTED_OUT, {
        "claim_id": name, "tenant_id": TENANT["tenant_id"], "actor": {"type": "customer"}, **data})
    installation.flush()


def test_instance_stopped_with_records_in_hand(install):
    """Stopped in its transaction beyond its session's time; its successor works; it comes back."""
    installation, board = start(install, instances=2)
    installation.supervised = False  # who comes back may find itself fenced, and be started again
    keys, _ = open_windows(installation, board, "TEAMS", "YAMMER", "INTUNE")

    def backends(where):
        return [pid for (pid,) in installation.query(
            "select pid from pg_stat_activity where datname = current_database()"
            f" and application_name = 'opt-out-expiry' and {where}")]

    with psycopg.connect(installation.env["CPOR_DATABASE_URL"]) as connection:
        # The claim, not a table: only who handles its record waits for this.
        connection.execute("select from claims where (tenant_id, claim_id) = (%s, %s) for update",
                           keys[0])
        opt_out(installation, keys[0][1])
        [pid] = installation.wait("an instance with the record in hand",
                                  lambda: backends("wait_event_type = 'Lock'"))
        [(port,)] = installation.query("select client_port from pg_stat_activity where pid = %s",
                                       pid)
        zombie = next(worker for worker in installation.workers.values()
                      if worker.service == "opt-out-expiry" and has_port(worker, port))
        zombie.process.send_signal(signal.SIGSTOP)
        connection.execute("select pg_terminate_backend(%s)", [pid])
        connection.rollback()
    try:
        board.wait_status(keys[0], "REJECTED", seconds=60)
        opt_out(installation, keys[1][1])
        board.wait_status(keys[1], "REJECTED")
    finally:
        zombie.process.send_signal(signal.SIGCONT)
    opt_out(installation, keys[2][1])
    board.wait_status(keys[2], "REJECTED")
    installation.wait_quiet(90)
    ids = collections.Counter(record.header("ce_id") for record in installation.read(
        "claim-status"))
    assert set(ids.values()) == {1} and len(ids) == 4 * len(keys), ids
    moves = installation.query("select claim_id, count(*) from history where event = %s"
                               " group by 1", OPTED_OUT)
    assert sorted(moves) == sorted((name, 1) for _, name in keys)


def has_port(worker, port):
    """Its connections are in /proc; the port stands there in hexadecimal."""
    with open(f"/proc/{worker.process.pid}/net/tcp", encoding="ascii") as file:
        inodes = {line.split()[9] for line in file.readlines()[1:]
                  if line.split()[1].endswith(f":{port:04X}")}
    folder = f"/proc/{worker.process.pid}/fd"
    links = {harness.os.readlink(f"{folder}/{name}") for name in harness.os.listdir(folder)}
    return any(f"socket:[{inode}]" in links for inode in inodes)


def test_dead_letter_behind_a_settle_and_a_crash(install):
    """A record that settles a window and is itself a dead letter: both again, neither twice."""
    installation, board = start(install)
    keys, deadline = open_windows(installation, board, "TEAMS", "YAMMER")
    installation.wait_settled()
    installation.stop_workers()
    installation.set_clock(1, deadline + DAY_MS)
    opt_out(installation, keys[0][1], token="forged")
    for worker in installation.workers.values():
        worker.start()
    for key in keys:
        assert board.wait_status(key, "OFFICIAL")["at"] == instant_text(deadline)
    installation.wait_settled()
    [letter] = installation.read("dead-letter")
    assert letter.header("dlq_reason") == "TOKEN_INVALID"
    causes = installation.query("select cause_id, ignored from history where to_status ="
                                " 'OFFICIAL' order by id")
    assert [cause for cause, _ in causes] == [letter.header("ce_id")] * 3
    assert [bool(ignored) for _, ignored in causes] == [False, False, True]
    check_said_again(installation, "opt-out-expiry")
