"""cporctl killed between its steps: what it did is whole, and doing it again does the rest."""

import itertools
import json
import signal
import subprocess

import psycopg

import documents
import harness
from cporctl import call, expect
from words import instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
TABLES = ("documents", "attachments", "history", "claims")


def killed(env, point, *arguments):
    """True when it died at the point; it may end well instead, and nothing else."""
    result = subprocess.run(
        [str(harness.FAULTS_BIN / "cporctl"), *arguments], env={**env, "CPOR_CRASH_POINT": point},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)
    assert result.returncode in (0, -signal.SIGKILL), f"{point}: {result.stdout}"
    return result.returncode != 0


def columns(url):
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = 'public' order by 1, 2").fetchall()


def test_setup(install):
    installation = install()
    whole = installation.env["CPOR_DATABASE_URL"]
    with psycopg.connect(whole, autocommit=True) as connection:
        connection.execute(f'create database "{installation.database}_killed"')
    env = {**installation.env, "CPOR_DATABASE_URL": f"{whole}_killed",
           "CPOR_TOPIC_PREFIX": f"{installation.prefix}killed."}
    for point in ("after-statement", "after-statement:2", "after-migrations", "after-topics"):
        assert killed(env, point, "setup"), f"{point} was never reached"
    expect(0, call(env, "setup"))
    answer = json.loads(expect(0, call(env, "setup", "--json")))
    assert [step["outcome"] for step in answer["steps"]] == ["up-to-date"] * 2
    assert columns(env["CPOR_DATABASE_URL"]) == columns(whole)


def start(install):
    installation = install(start_at_ms=START)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    return installation, harness.StatusBoard(installation)


def submit(installation, board, count):
    claims = [documents.claim(f"C-{number}", TENANT, "2026-03-01", (workload,)) for number, workload
              in zip(range(count), ("EXCHANGE_ONLINE", "TEAMS", "YAMMER", "INTUNE"))]
    for claim in claims:
        installation.publish("claim-submission", "cpor.claim.submitted.v1", claim)
    installation.flush()
    keys = [(TENANT["tenant_id"], claim["claim_id"]) for claim in claims]
    for key in keys:
        board.wait_status(key, "OPT_OUT_OPEN")
    return keys


def audit(installation):
    result = call(installation.env, "audit")
    assert result.returncode == 0, f"cporctl audit:\n{result.stdout}{result.stderr}"


def test_replayed_dead_letters(install):
    """Withdrawals that came before their claims: put back two and a half times, applied once."""
    installation, board = start(install)
    for number in range(4):
        installation.publish("claim-submission", "cpor.claim.withdrawn.v1", {
            "claim_id": f"C-{number}", "tenant_id": TENANT["tenant_id"],
            "actor": {"type": "partner", "id": "1234566"}})
    installation.flush()
    installation.wait("four dead letters",
                      lambda: len(installation.read("dead-letter")) == 4, poll_s=0.2)
    keys = submit(installation, board, 4)
    for point in ("after-copy:2", "after-copies"):
        assert killed(installation.env, point, "dlq", "replay", "--all"), f"{point}: not reached"
    expect(0, call(installation.env, "dlq", "replay", "--all"))
    for key in keys:
        board.wait_status(key, "WITHDRAWN")
    installation.wait_quiet()
    board.update(1)
    for key in keys:
        assert board.statuses(key) == ["SUBMITTED", "VALIDATED", "OPT_OUT_OPEN", "WITHDRAWN"]
    assert len(installation.read("dead-letter")) == 4
    audit(installation)


def rows(installation):
    """All that may hold a person's data."""
    return {table: installation.query(f"select t::text from {table} t order by 1")
            for table in TABLES}


def test_forgotten_person(install):
    """Killed after its first statement, its second, …: all is there; not killed: all is gone."""
    installation, board = start(install)
    keys = submit(installation, board, 2)
    installation.wait_quiet()
    email = documents.claim("C-0", TENANT, "2026-03-01")["customer"]["contact"]["email"].lower()
    forget = ("forget", "C-0", "--operator", "ann", "--yes")
    for number in itertools.count(1):
        before = rows(installation)
        assert email in str(before).lower()
        if not killed(installation.env, f"after-statement:{number}", *forget):
            break
        assert rows(installation) == before, f"after statement {number}: something is gone"
    assert number > 3, f"it died at {number - 1} statements only"
    assert email not in str(rows(installation)).lower()
    assert keys[1][1] in str(rows(installation))
    audit(installation)
