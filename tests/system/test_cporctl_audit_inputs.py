"""The audit of what was consumed: nothing is lost, and no opt-out is overruled; each kind of record
is there once, and each check finds what is broken on purpose."""

import json
import uuid

import psycopg
import pytest

import documents
import harness
from cporctl import call
from test_cporctl_audit import cut
from words import instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
PARTNER = {"type": "partner", "id": "1234566"}
CUSTOMER = {"type": "customer"}


def publish(installation, event_type, claim_id, topic="claim-submission", event_id=None, **data):
    installation.publish(topic, event_type, {
        "claim_id": claim_id, "tenant_id": TENANT["tenant_id"], **data},
        event_id=event_id or f"{event_type}-{claim_id}")
    installation.flush()


def opt_out(installation, claim_id, event_id, **data):
    publish(installation, "cpor.customer.opted-out.v1", claim_id, "opt-out-expiry", event_id,
            actor=CUSTOMER, **data)


@pytest.fixture(scope="module")
def lived(stack, tmp_path_factory):
    """A record of every kind, some twice, some nobody can read; workers drained."""
    installation = harness.Installation(stack, tmp_path_factory.mktemp("lived"),
                                        start_at_ms=START, settings={"CPOR_AUDIT_SETTLE_MS": "600"})
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    document = documents.claim("C-1", TENANT, "2026-04-01", ["TEAMS", "YAMMER"])
    for event_id in ("first", "first", "again"):
        installation.publish("claim-submission", "cpor.claim.submitted.v1", document,
                             event_id=event_id)
    friendly = documents.claim("C-2", TENANT, "2026-04-01", ["INTUNE"])
    installation.produce("claim-submission", TENANT["tenant_id"], friendly)
    installation.flush()
    installation.wait("both windows", lambda: len(installation.query(
        "select 1 from claims where status = 'OPT_OUT_OPEN'")) == 2)
    publish(installation, "cpor.claim.comment-added.v1", "C-1", comment={
        "author": "x", "at": "2026-05-20T10:00:00.000Z", "text": "well"})
    publish(installation, "cpor.claim.evidence-added.v1", "C-1", actor=PARTNER,
            poe=[documents.poe("2026-05-02", [1])])
    publish(installation, "cpor.claim.evidence-added.v1", "C-1", actor=PARTNER, event_id="no-line",
            poe=[documents.poe("2026-05-02", [7])])
    publish(installation, "cpor.claim.withdrawn.v1", "C-2", actor=PARTNER)
    publish(installation, "cpor.claim.withdrawn.v1", "C-nowhere", actor=PARTNER)
    installation.produce("claim-submission", TENANT["tenant_id"], b"no JSON")
    opt_out(installation, "C-1", "no", lines=[2])
    opt_out(installation, "C-1", "no", lines=[2])  # a publisher's duplicate
    opt_out(installation, "C-2", "no")  # none: another opt-out under its name is heard
    opt_out(installation, "C-1", "forged", token="forged")
    opt_out(installation, "C-later", "kept")
    installation.wait_settled()
    installation.stop_workers()
    yield installation
    installation.close()


def audit(lived, sql=None):
    """The checks that find something once the statement ran on a copy of the database."""
    copy = f"{lived.database}_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(lived.stack.env["CPOR_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'create database "{copy}" template "{lived.database}"')
    url = lived.env["CPOR_DATABASE_URL"].rpartition("/")[0]
    env = {**lived.env, "CPOR_DATABASE_URL": f"{url}/{copy}"}
    with psycopg.connect(env["CPOR_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("alter table history disable trigger all")
        assert sql is None or connection.execute(sql).rowcount > 0
    result = call(env, "audit", "--json")
    assert result.stdout, result.stderr
    return {check["name"]: [row["what"] for row in check["violations"]]
            for check in json.loads(result.stdout)["checks"] if check["violation_count"]}


def test_every_record_is_accounted_for(lived):
    assert audit(lived) == {}
    assert len(lived.read("dead-letter")) == 4


LOST = [  # whose history is gone: records that tell of it
    ("cause_id = 'first'", 2), ("cause_id = 'again'", 1),
    ("cause_source = 'urn:cpor:friendly'", 1),
    ("event = 'cpor.claim.comment-added.v1'", 1),
    ("event = 'cpor.claim.evidence-added.v1' and service = 'opt-out-expiry'", 2),
    ("event = 'cpor.claim.withdrawn.v1' and claim_id = 'C-2'", 2),  # as sent, and as handed on
    ("service = 'claim-validation' and claim_id = 'C-2'", 1),
    ("cause_id = 'no'", 3), ("cause_id = 'kept'", 1),
]


@pytest.mark.parametrize("where,count", LOST)
def test_what_left_no_history_is_found(lived, where, count):
    found = audit(lived, f"delete from history where {where}")
    assert len(found["input-lost"]) == count, found
    assert all("nothing tells what became of it" in what for what in found["input-lost"])


def set_line(number, **members):
    return (f"update claims set lines = jsonb_set(lines, '{{{number - 1}}}', lines->{number - 1}"
            f" || '{json.dumps(members)}') where claim_id = 'C-1'")


DUE = START + 9 * 86_400_000
OVERRULED = [
    (set_line(2, status="OFFICIAL", due=DUE, official=DUE), 1),
    (set_line(1, status="OFFICIAL", due=DUE, official=DUE), 0),  # a forged one
    (set_line(2, status="OFFICIAL", due=START - 1, official=START), 0),  # it came too late
]


@pytest.mark.parametrize("sql,count", OVERRULED)
def test_an_opt_out_that_was_overruled_is_found(lived, sql, count):
    found = audit(lived, sql).get("input-opt-out-overruled", [])
    assert len(found) == count, found
    assert all("line 2 is official, its opt-out was received" in what for what in found)


def test_a_dead_letter_that_is_missing_is_found(lived):
    """Last: the letters are gone from the log itself. The forged opt-out's history tells of it."""
    for partition in lived.partition_numbers("dead-letter"):
        cut(lived, "dead-letter", partition, -1)
    found = audit(lived)
    assert set(found) == {"input-lost"} and len(found["input-lost"]) == 3, found
    assert sum("is no dead letter: parse value" in what for what in found["input-lost"]) == 1
