"""The database and the log must fit: groups that Kafka has forgotten, a database that is older."""

import collections
import ctypes
import subprocess

import pytest

import documents
import harness
from cporctl import call, execute, expect, rewind_groups
from words import DAY_MS, instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
OUTPUTS = ("claim-status", "association-official", "dead-letter", *harness.SERVICES)


@pytest.fixture(scope="module")
def lived(stack, tmp_path_factory):
    """A claim with two official lines, one in its window, a dead letter; workers that have drained.
    The tests go on from one another, each leaves the workers stopped."""
    installation = harness.Installation(stack, tmp_path_factory.mktemp("lived"), start_at_ms=START)
    yield populate(installation)
    installation.close()


def populate(installation):
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    submit(installation, "C-1", "TEAMS", "YAMMER")
    installation.produce("opt-out-expiry", TENANT["tenant_id"], b"not JSON")
    installation.flush()
    installation.jump(START + 20 * DAY_MS)
    submit(installation, "C-2", "INTUNE")
    installation.wait_settled()
    assert statuses(installation) == {"C-1": "OFFICIAL", "C-2": "OPT_OUT_OPEN"}
    installation.stop_workers()
    return installation


def submit(installation, name, *workloads):
    installation.publish("claim-submission", "cpor.claim.submitted.v1",
                         documents.claim(name, TENANT, "2026-04-01", workloads))
    installation.flush()


def statuses(installation):
    return dict(installation.query("select claim_id, status from claims"))


def delete_group(installation, name):
    """Python's client cannot. Whether it is gone is asked of the group."""
    library = ctypes.CDLL("librdkafka.so.1")
    for function in ("conf_new", "new", "DeleteGroup_new", "queue_new", "queue_poll"):
        getattr(library, f"rd_kafka_{function}").restype = ctypes.c_void_p
    handle = ctypes.c_void_p
    conf = handle(library.rd_kafka_conf_new())
    library.rd_kafka_conf_set(conf, b"bootstrap.servers",
                              installation.env["CPOR_KAFKA_BROKERS"].encode(), None, 0)
    client = handle(library.rd_kafka_new(0, conf, None, 0))
    queue = handle(library.rd_kafka_queue_new(client))
    groups = (handle * 1)(library.rd_kafka_DeleteGroup_new(name.encode()))
    library.rd_kafka_DeleteGroups(client, groups, ctypes.c_size_t(1), None, queue)
    library.rd_kafka_event_destroy(handle(library.rd_kafka_queue_poll(queue, 10_000)))
    library.rd_kafka_DeleteGroup_destroy_array(groups, ctypes.c_size_t(1))
    library.rd_kafka_queue_destroy(queue)
    library.rd_kafka_destroy(client)


def committed(installation, service):
    topics = (service, *harness.REFERENCE_TOPICS) if service == "claim-validation" else (service,)
    consumer = harness.confluent_kafka.Consumer({
        "bootstrap.servers": installation.env["CPOR_KAFKA_BROKERS"],
        "group.id": installation.prefix + service, "enable.auto.commit": False})
    places = [harness.confluent_kafka.TopicPartition(installation.prefix + topic, number)
              for topic in topics for number in installation.partition_numbers(topic)]
    offsets = [place.offset for place in consumer.committed(places, timeout=15)]
    consumer.close()
    return [offset for offset in offsets if offset >= 0]


def forget_groups(installation):
    """As Kafka does by itself when they were empty for offsets.retention.minutes."""
    def are_gone():
        left = [name for name in harness.SERVICES if committed(installation, name)]
        for name in left:
            delete_group(installation, installation.prefix + name)
        return not left
    installation.wait("the groups to be gone", are_gone, 30, 0.2)


def start(installation):
    for worker in installation.workers.values():
        worker.start()


def said(installation):
    """Each event that was published: how often its id is there."""
    return collections.Counter(
        (record.topic, record.header("ce_id"), record.header("ce_type"))
        for record in installation.read(*OUTPUTS)
        if (record.header("ce_source") or "").startswith("cpor/"))


def test_forgotten_groups_go_on_where_they_were(lived):
    lived.supervised = False
    before = said(lived)
    letters = len(lived.read("dead-letter"))
    assert before and set(before.values()) == {1} and letters == 1
    forget_groups(lived)
    start(lived)
    submit(lived, "C-3", "EXCHANGE_ONLINE")
    lived.wait("the new claim", lambda: statuses(lived).get("C-3") == "OPT_OUT_OPEN")
    lived.stop_workers()
    after = said(lived)
    assert {key: after[key] for key in before} == before, "published again"
    assert set(after.values()) == {1} and len(lived.read("dead-letter")) == letters
    assert lived.query("select count(*) from partners") == [(1,)]
    expect(0, call(lived.env, "audit"))


def test_groups_forgotten_after_a_kill(lived):
    """What was handled but is not known to be published is read again: nothing is lost."""
    start(lived)
    lived.supervised = False
    lived.wait("what is published to be noted", lambda: lived.query(
        "select count(*) from positions where published_offset < next_offset") == [(0,)])
    before = said(lived)
    for worker in lived.workers.values():
        worker.kill()
    forget_groups(lived)
    start(lived)
    submit(lived, "C-4", "SHAREPOINT_ONLINE")
    lived.wait("the new claim", lambda: statuses(lived).get("C-4") == "OPT_OUT_OPEN")
    lived.stop_workers()
    after = said(lived)
    assert {key: after[key] for key in before} == before, "published again"


def test_the_first_batch_was_saved_and_not_published(install):
    """The group has no offset yet: its position is no proof that anything came out."""
    installation = install(start_at_ms=START, binaries=harness.FAULTS_BIN)
    installation.supervised = False
    installation.start_workers(services=["claim-submission"],
                               settings={"CPOR_CRASH_POINT": "before-publish"})
    [worker] = installation.workers.values()
    submit(installation, "C-1", "TEAMS")
    worker.process.wait(30)
    assert statuses(installation) == {"C-1": "SUBMITTED"} and not said(installation)
    worker.settings, worker.process = {}, None
    worker.start()
    installation.wait("what it decided", lambda: said(installation))
    assert set(said(installation).values()) == {1}


def dump(installation, path):
    subprocess.run(["pg_dump", "--clean", "--if-exists", "--no-owner", "-f", str(path),
                    installation.env["TEST_OWNER_URL"]], check=True)


def restore(installation, path):
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(path),
                    installation.env["TEST_OWNER_URL"]], check=True, stdout=subprocess.DEVNULL)


def opt_out(installation, name):
    installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1", {
        "claim_id": name, "tenant_id": TENANT["tenant_id"], "actor": {"type": "customer"}})
    installation.flush()


def refused(installation):
    """The line with which opt-out-expiry ended. What ended is started again, and ends again."""
    def find():
        log = installation.workers["opt-out-expiry-1"].log
        return [line for line in log.read_text().splitlines()
                if "event=fatal" in line and "older than the log" in line]
    lines = installation.wait("the worker that decides to refuse", find)
    for worker in installation.workers.values():
        worker.kill()
    return lines


def test_an_older_database_is_refused(lived, tmp_path):
    """Restored without a rewind: what it has forgotten must not be decided without it."""
    dump(lived, tmp_path / "dump.sql")
    start(lived)
    opt_out(lived, "C-2")
    lived.wait("the opt-out", lambda: statuses(lived)["C-2"] == "REJECTED")
    lived.wait_settled()
    lived.stop_workers()
    restore(lived, tmp_path / "dump.sql")
    assert statuses(lived)["C-2"] == "OPT_OUT_OPEN"

    lived.supervised = False
    start(lived)
    lines = refused(lived)
    assert "cporctl rewind" in lines[0] and statuses(lived)["C-2"] == "OPT_OUT_OPEN"
    rewind_groups(lived)
    lived.redis.flushdb()
    start(lived)
    expect(0, call(lived.env, "replay"))
    lived.wait("the opt-out once more", lambda: statuses(lived)["C-2"] == "REJECTED")
    lived.wait_settled()
    lived.stop_workers()
    assert set(said(lived).values()) == {1}
    expect(0, call(lived.env, "audit"))


def test_an_older_database_under_running_workers(lived, tmp_path):
    """A fail-over that lost commits: nobody gets new partitions, each gets a new connection."""
    log = lived.workers["opt-out-expiry-1"].log
    log.rename(log.with_suffix(".before"))
    dump(lived, tmp_path / "dump.sql")
    lived.supervised = False
    start(lived)
    opt_out(lived, "C-3")
    lived.wait("the opt-out", lambda: statuses(lived)["C-3"] == "REJECTED")
    restore(lived, tmp_path / "dump.sql")
    execute(lived, "select pg_terminate_backend(pid) from pg_stat_activity"
                   " where datname = current_database() and pid <> pg_backend_pid()")
    opt_out(lived, "C-4")
    assert "cporctl rewind" in refused(lived)[-1]
    rewind_groups(lived)
    start(lived)
    expect(0, call(lived.env, "replay"))
    lived.wait_settled()
    lived.stop_workers()
    assert statuses(lived)["C-3"] == statuses(lived)["C-4"] == "REJECTED"
    assert set(said(lived).values()) == {1}
    expect(0, call(lived.env, "audit"))


def test_a_topic_made_anew(lived):
    """It is longer already than the old one was: all of its records are new."""
    topic = lived.prefix + "claim-submission"
    partitions = lived.partition_numbers("claim-submission")
    lived.admin.delete_topics([topic])[topic].result(30)
    lived.wait("the topic to be gone", lambda: topic not in lived.admin.list_topics(timeout=10)
               .topics)
    expect(0, call({**lived.env, "CPOR_DATABASE_URL": lived.env["TEST_OWNER_URL"]}, "setup"))
    # As if an hour lay between the old one's last record and the new one's first.
    execute(lived, "update positions set last_timestamp_ms = last_timestamp_ms - 3600000")
    for number in range(6):
        submit(lived, f"N-{number}", "EXCHANGE_ONLINE")
    start(lived)
    lived.wait("all new claims", lambda: sum(
        name.startswith("N-") for name in statuses(lived)) == 6)
    assert len(partitions) == harness.PARTITIONS
    lived.stop_workers()
