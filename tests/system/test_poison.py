"""A record that kills its worker, or that no database takes: put aside, loudly; the log goes on."""

import datetime
import json

import documents
import harness
from cporctl import call, execute, expect

TENANT = documents.tenant(1)
DAY = (datetime.date.today() - datetime.timedelta(days=30)).isoformat()
SUBMITTED = "cpor.claim.submitted.v1"
KILLER = "C-kills-who-reads-it"

# What no statement can store, whatever it is: a data exception for one claim.
REFUSE = """
create function refuse() returns trigger language plpgsql as $$begin
    if new.claim_id like 'C-refused%' then
        raise exception 'no such thing can be stored' using errcode = '22021';
    end if;
    return new;
end$$;
create trigger refuse before insert on claims for each row execute function refuse();
"""


def submit(installation, *names):
    for name, workload in zip(names, ("TEAMS", "YAMMER", "INTUNE", "TEAMS_PHONE", "EXCHANGE_ONLINE",
                                      "SHAREPOINT_ONLINE")):
        installation.publish("claim-submission", SUBMITTED,
                             documents.claim(name, TENANT, DAY, (workload,)))
    installation.flush()


def poison(installation):
    return [record for record in installation.read("dead-letter")
            if record.header("dlq_reason") == "POISON"]


def place_of(installation, claim_id):
    for record in installation.read("claim-submission"):
        if claim_id in (record.value or b"").decode(errors="replace"):
            return record.partition, record.offset
    raise AssertionError(f"{claim_id} was never sent")


def check_aside(installation, letters, *claim_ids):
    """Coordinates, and nothing of the record."""
    places = {(int(letter.header("dlq_partition")), int(letter.header("dlq_offset")))
              for letter in letters}
    assert places == {place_of(installation, claim_id) for claim_id in claim_ids}
    for letter in letters:
        assert not letter.value and not letter.key
        assert not [name for name, _ in letter.headers if not name.startswith("dlq_")]


def test_record_that_kills_is_put_aside(install):
    installation = install(binaries=harness.FAULTS_BIN)
    installation.supervised = False
    installation.start_workers(settings={"CPOR_CRASH_RECORD": KILLER})
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    submit(installation, "C-1", KILLER, "C-2")

    def is_past():
        installation.restart_fallen()
        board.update()
        return board.latest((TENANT["tenant_id"], "C-2")) is not None
    installation.wait("the claim behind it", is_past, 120, 0.1)
    letters = poison(installation)
    check_aside(installation, letters, KILLER)
    assert len(letters) == 1
    board.wait_status((TENANT["tenant_id"], "C-1"), "OPT_OUT_OPEN")
    installation.wait_quiet()
    expect(0, call(installation.env, "audit"))

    # A release that can read it: the record is read again where it lies.
    installation.stop_workers()
    installation.start_workers()
    expect(0, call(installation.env, "dlq", "replay", "--reason", "POISON"))
    board.wait_status((TENANT["tenant_id"], KILLER), "OPT_OUT_OPEN")


def test_record_that_no_database_takes_is_put_aside(install):
    installation = install()
    execute(installation, REFUSE)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    names = ("C-1", "C-refused-1", "C-2", "C-refused-2", "C-3")
    submit(installation, *names)
    for name in ("C-1", "C-2", "C-3"):
        board.wait_status((TENANT["tenant_id"], name), "OPT_OUT_OPEN")
    installation.wait_quiet()
    check_aside(installation, poison(installation), "C-refused-1", "C-refused-2")
    installation.check_workers()  # none has ended
    expect(0, call(installation.env, "audit"))


def test_letter_that_its_topic_refuses_holds_the_coordinates(install):
    """Somebody gave the dead letters' topic less room than the records they come from."""
    installation = install()
    installation.alter_topic("dead-letter", {"max.message.bytes": "20000"})
    audit = call(installation.env, "audit")
    assert audit.returncode == 1 and "dead-letter has max.message.bytes=20000" in audit.stdout
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    installation.produce("claim-submission", TENANT["tenant_id"], b"no JSON: large " * 4000)
    submit(installation, "C-1")
    board.wait_status((TENANT["tenant_id"], "C-1"), "OPT_OUT_OPEN", seconds=60)
    check_aside(installation, poison(installation), "no JSON: large")


def test_skip(install):
    """By hand: only the record at which a worker stands, and only while no worker runs."""
    installation = install()
    installation.publish_reference([documents.partner()], [TENANT], wait=False)
    submit(installation, KILLER, "C-2")
    partition, offset = place_of(installation, KILLER)

    def skip(at, *more):
        return call(installation.env, "dlq", "skip", "--topic", "claim-submission", "--partition",
                    str(partition), "--offset", str(at), *more)
    assert "would be lost" in expect(1, skip(offset + 1, "--yes"))
    assert "would be passed by" in expect(0, skip(offset))
    assert poison(installation) == []
    expect(0, skip(offset, "--yes"))
    assert "is past it" in expect(1, skip(offset, "--yes"))
    check_aside(installation, poison(installation), KILLER)
    installation.start_workers()
    board = harness.StatusBoard(installation)
    board.wait_status((TENANT["tenant_id"], "C-2"), "OPT_OUT_OPEN")
    assert "has members" in expect(1, skip(offset + 2, "--yes"))
    installation.wait_quiet()
    expect(0, call(installation.env, "audit"))
    [row] = json.loads(expect(0, call(installation.env, "dlq", "list", "--json")))["dead_letters"]
    assert row["reason"] == "POISON"
    said = call(installation.env, "dlq", "replay", "--reason", "POISON")
    assert "no program can read it" in said.stdout + said.stderr
