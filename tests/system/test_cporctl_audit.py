"""The audit of what was published: good on a living installation, and each check finds what is
broken on purpose, in the log or in a row."""

import ctypes
import json
import os
import re
import subprocess
import uuid

import psycopg
import pytest

import documents
import harness
from cporctl import call, execute, expect
from test_cporctl import terminal_output
from words import association_id, event_id, instant_ms, instant_text

START = instant_ms("2026-05-20T08:00:00.000Z")
LOG_CHECKS = ("log-complete log-readable log-official-once log-one-holder log-swap-order "
              "log-official-before-deadline log-status-repeats log-consumed log-holders-differ "
              "log-official-unexplained log-status-gap input-lost "
              "input-opt-out-overruled input-decided-early topic-settings").split()
QUICK = {"CPOR_AUDIT_SETTLE_MS": "600"}
TENANT = documents.tenant(1)


@pytest.fixture(scope="module")
def lived(stack, tmp_path_factory):
    """Three claims: one official, one that takes its slot in a swap, one refused; workers drained.
    Each test breaks a copy of it."""
    installation = harness.Installation(stack, tmp_path_factory.mktemp("lived"),
                                        start_at_ms=START, settings=QUICK)
    installation.start_workers()
    installation.publish_reference([documents.partner(), documents.partner("7654321")], [TENANT])
    submit(installation, documents.claim("C-1", TENANT, "2026-04-01", ["TEAMS", "YAMMER"]))
    installation.wait_settled()
    installation.jump(START + 20 * 86_400_000)
    submit(installation, documents.claim("C-2", TENANT, "2026-05-15", mpn_id="7654321",
                                         lines=["TEAMS"]))
    submit(installation, documents.claim("C-3", TENANT, "2020-01-01", ["INTUNE", "UNKNOWN"]))
    installation.wait_settled()
    installation.jump(START + 50 * 86_400_000)
    assert installation.query("select claim_id, status from claims order by 1") == [
        ("C-1", "OFFICIAL"), ("C-2", "OFFICIAL"), ("C-3", "REJECTED")]
    installation.stop_workers()
    yield installation
    installation.close()


def submit(installation, document):
    installation.publish("claim-submission", "cpor.claim.submitted.v1", document)
    installation.flush()


@pytest.fixture
def copy(lived, stack, tmp_path):
    """Database and logs of their own, with the same content; the logs' records can be changed."""
    installation = harness.Installation(stack, tmp_path, settings=QUICK)
    installation.has_forged_events = True
    with psycopg.connect(stack.env["CPOR_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'drop database "{installation.database}"')
        connection.execute(f'create database "{installation.database}"'
                           f' template "{lived.database}"')
    del installation.env["TEST_OWNER_URL"]  # the roles' rights are those of the template
    yield installation
    installation.close()


def records(lived):
    """What was published, to be changed and published again: [topic, type, data, id]."""
    return [[record.topic, record.header("ce_type"), record.json, record.header("ce_id")]
            for record in sorted(lived.read("association-official", "claim-status"),
                                 key=lambda record: (record.topic, record.partition,
                                                     record.offset))]


def publish(installation, rows):
    for topic, event_type, data, identity in rows:
        installation.publish(topic, event_type, data, event_id=identity, partition=0)
    installation.flush()


def audit(env):
    """The checks that found something, with what they tell."""
    result = call(env, "audit", "--json")
    assert result.stdout, result.stderr
    answer = json.loads(result.stdout)
    found = {check["name"]: [row["what"] for row in check["violations"]]
             for check in answer["checks"] if check["violation_count"]}
    assert result.returncode == (1 if found else 0)
    assert answer["violation_count"] == sum(check["violation_count"] for check in answer["checks"])
    names = [check["name"] for check in answer["checks"]]
    assert names[-len(LOG_CHECKS):] == LOG_CHECKS
    return found


def test_a_living_installation_keeps_its_promises(lived):
    assert audit(lived.env) == {}
    text = expect(0, call(lived.env, "audit"))
    assert text.count("good") >= len(LOG_CHECKS) + 15 and "0 violations" in text
    assert re.search(r"^(\d+) published records read$", text, re.M)[1] == str(len(records(lived)))
    assert int(re.search(r"^(\d+) consumed records read$", text, re.M)[1]) > 8
    without = expect(0, call({**lived.env, "CPOR_KAFKA_BROKERS": "127.0.0.1:1"}, "audit",
                             "--no-kafka"))
    assert "left out (--no-kafka)" in without and "log-" not in without


def test_the_copy_is_good(lived, copy):
    rows = records(lived)
    publish(copy, rows)
    assert audit(copy.env) == {}
    assert sum(row[1] == "cpor.association.ended.v1" for row in rows) == 1  # the swap


def official(rows, claim_id, line=1):
    return next(row for row in rows if row[1] == "cpor.association.official.v1" and
                (row[2]["claim_id"], row[2]["line"]) == (claim_id, line))


def twice(rows):
    rows.append(official(rows, "C-1", 2))


def other_id(rows):
    official(rows, "C-1", 2)[3] = str(uuid.uuid4())


def no_event(rows):
    rows.append(["association-official", "cpor.association.lost.v1", {
        "tenant_id": TENANT["tenant_id"]}, "x"])


def too_early(rows):
    row = official(rows, "C-1", 2)
    row[2]["official_at"] = instant_text(instant_ms(row[2]["deadline_at"]) - 1)


def second_holder(rows):
    """The swap's end is missing: two hold the slot."""
    rows.remove(next(row for row in rows if row[1] == "cpor.association.ended.v1"))
    official(rows, "C-2")[2]["supersedes"] = None


def swapped_swap(rows):
    ended = next(row for row in rows if row[1] == "cpor.association.ended.v1")
    place = rows.index(ended)
    rows[place], rows[place + 1] = rows[place + 1], rows[place]


def no_successor(rows):
    rows.remove(official(rows, "C-2"))


def ended_again(rows):
    ended = next(row for row in rows if row[1] == "cpor.association.ended.v1")
    ended[2]["superseded_by"] = None
    rows.append(ended)


def ended_early(rows):
    row = next(row for row in rows if row[1] == "cpor.association.ended.v1")
    row[2]["ended_at"] = "2026-05-01T00:00:00.000Z"


def invented(rows):
    row = json.loads(json.dumps(official(rows, "C-1", 2)))
    identity = association_id(TENANT["tenant_id"], "C-9", 1)
    row[2].update(claim_id="C-9", association_id=identity, slot="INTUNE")
    row[3] = event_id(f"{identity}/official")
    rows.append(row)


def lost_official(rows):
    rows.remove(official(rows, "C-1", 2))


def status_of(rows, claim_id, sequence):
    return next(row for row in rows if row[1] == "cpor.claim.status-changed.v1" and
                (row[2]["claim_id"], row[2]["sequence"]) == (claim_id, sequence))


def status_twice(rows):
    rows.append(status_of(rows, "C-1", 2))


def status_lost(rows):
    rows.remove(status_of(rows, "C-1", 2))


def last_status_lost(rows):
    rows.remove(max((row for row in rows if row[0] == "claim-status" and
                     row[2]["claim_id"] == "C-2" and "sequence" in row[2]),
                    key=lambda row: row[2]["sequence"]))


def all_statuses_lost(rows):
    rows[:] = [row for row in rows if row[0] != "claim-status" or row[2]["claim_id"] != "C-3"]


def status_of_nobody(rows):
    row = json.loads(json.dumps(status_of(rows, "C-1", 1)))
    row[2]["claim_id"] = "C-9"
    row[3] = event_id(f"{TENANT['tenant_id']}/C-9/status/1")
    rows.append(row)


BROKEN_LOGS = [
    (twice, {"log-official-once"}),
    (other_id, {"log-readable"}),
    (no_event, {"log-readable"}),
    (too_early, {"log-official-before-deadline"}),
    (second_holder, {"log-one-holder"}),
    (swapped_swap, {"log-swap-order", "log-one-holder"}),
    (no_successor, {"log-swap-order", "log-holders-differ", "log-official-unexplained"}),
    (ended_again, {"log-official-once", "log-swap-order"}),
    (ended_early, {"log-official-before-deadline"}),
    (invented, {"log-holders-differ", "log-official-unexplained"}),
    (lost_official, {"log-holders-differ", "log-official-unexplained"}),
    (status_twice, {"log-status-repeats"}),
    (status_lost, {"log-status-gap"}),
    (last_status_lost, {"log-status-gap"}),
    (all_statuses_lost, {"log-status-gap"}),
    (status_of_nobody, {"log-status-gap"}),
]


@pytest.mark.parametrize("break_it,wanted", BROKEN_LOGS, ids=[row[0].__name__
                                                              for row in BROKEN_LOGS])
def test_broken_log(lived, copy, break_it, wanted):
    rows = records(lived)
    break_it(rows)
    publish(copy, rows)
    found = audit(copy.env)
    assert set(found) == wanted, found
    text = call(copy.env, "audit").stdout
    assert text.count("BAD ") == len(wanted)
    assert all(what in text for whats in found.values() for what in whats)


BROKEN_ROWS = [
    ("update holders set slot = 'INTUNE' where slot = 'YAMMER'", {"log-holders-differ"}),
    ("delete from holders where slot = 'YAMMER'", {"log-holders-differ"}),
    ("update claims set sequence = sequence + 1 where claim_id = 'C-1'", {"log-status-gap"}),
    ("delete from claims where claim_id = 'C-3'", {"log-status-gap"}),
    ("alter table history disable trigger all; delete from history where to_status = 'OFFICIAL'"
     " and claim_id = 'C-2'", {"log-official-unexplained"}),
]


@pytest.mark.parametrize("sql,wanted", BROKEN_ROWS)
def test_broken_row(lived, copy, sql, wanted):
    publish(copy, records(lived))
    execute(copy, sql)
    found = audit(copy.env)
    assert {name for name in found if name.startswith("log-")} == wanted, found


def test_a_database_that_is_older_than_the_offsets(lived, stack):
    """As after a restore: the workers would go on behind what the database never saw."""
    name = f"{lived.database}_older"
    url = lived.env["CPOR_DATABASE_URL"].rpartition("/")[0]
    with psycopg.connect(stack.env["CPOR_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{lived.database}"')
    env = {**lived.env, "CPOR_DATABASE_URL": f"{url}/{name}"}
    with psycopg.connect(env["CPOR_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("update positions set next_offset = next_offset - 1"
                           " where service = 'claim-submission' and next_offset > 0")
    found = audit(env)
    assert set(found) == {"log-consumed"} and "is it an older one?" in found["log-consumed"][0]


def test_a_log_whose_beginning_is_gone(lived, copy):
    publish(copy, records(lived))
    cut(copy, "association-official", 0, 1)
    found = audit(copy.env)
    assert "log-complete" in found and "retention must be -1" in found["log-complete"][0]


def cut(installation, topic, partition, offset):
    """Deletes the records before the offset, as a retention would; Python's client cannot."""
    library = ctypes.CDLL("librdkafka.so.1")
    for name in ("conf_new", "new", "topic_partition_list_new", "DeleteRecords_new", "queue_new",
                 "queue_poll"):
        getattr(library, f"rd_kafka_{name}").restype = ctypes.c_void_p
    handle = ctypes.c_void_p
    name = (installation.prefix + topic).encode()
    conf = handle(library.rd_kafka_conf_new())
    library.rd_kafka_conf_set(conf, b"bootstrap.servers",
                              installation.env["CPOR_KAFKA_BROKERS"].encode(), None, 0)
    client = handle(library.rd_kafka_new(0, conf, None, 0))
    places = handle(library.rd_kafka_topic_partition_list_new(1))
    library.rd_kafka_topic_partition_list_add(places, name, partition)
    library.rd_kafka_topic_partition_list_set_offset(places, name, partition,
                                                     ctypes.c_int64(offset))
    request, queue = handle(library.rd_kafka_DeleteRecords_new(places)), handle(
        library.rd_kafka_queue_new(client))
    library.rd_kafka_DeleteRecords(client, ctypes.byref(request), 1, None, queue)
    answer = handle(library.rd_kafka_queue_poll(queue, 30_000))
    assert answer.value and library.rd_kafka_event_error(answer) == 0


def test_what_is_in_flight_is_no_violation(lived, copy):
    """The table is ahead of the log until the last event comes, a moment after the audit began."""
    rows = records(lived)
    late = official(rows, "C-1", 2)
    publish(copy, [row for row in rows if row is not late])
    env = {**copy.env, "CPOR_AUDIT_SETTLE_MS": "60000"}
    running = subprocess.Popen([str(harness.BIN / "cporctl"), "audit"], env=env, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    seen = [running.stdout.readline() for _ in range(10)]  # the tables' snapshot is taken
    publish(copy, [late])
    output, error = running.communicate(timeout=60)
    assert running.returncode == 0, "".join(seen) + output + error
    assert "were in flight, and gone after" in output and "0 violations" in output


def test_without_kafka_it_says_so(lived):
    env = {**lived.env, "CPOR_KAFKA_BROKERS": "127.0.0.1:1", "CPOR_KAFKA_TIMEOUT_MS": "1000"}
    error = expect(1, call(env, "audit"))
    assert error.count("\n") == 1 and "CPOR_KAFKA_BROKERS" in error


def test_no_progress_where_nobody_looks(lived):
    result = call(lived.env, "audit")
    assert result.stderr == "" and "\r" not in result.stdout
    assert "0 violations" in terminal_output({**os.environ, **lived.env}, "audit")
