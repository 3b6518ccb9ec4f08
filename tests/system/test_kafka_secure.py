"""Kafka over TLS, each client under its own name with no more rights than it needs."""

import copy
import json
import re
import shlex
import subprocess
import time

import confluent_kafka
import pytest
from confluent_kafka import KafkaError

import acls
import certificates
import cporctl
import documents
import harness
import secure_kafka
from words import DAY_MS, instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
ROLES = (*harness.SERVICES, "publisher", "subscriber")
# Debian 12's 2.0.2 sends a nonce that brokers refuse since Kafka 4.0 (librdkafka PR 4895).
HAS_SCRAM = confluent_kafka.libversion()[1] >= 0x02060100
MECHANISM = "SCRAM-SHA-512" if HAS_SCRAM else "PLAIN"
TOPICS = [topic["name"] for topic in
          json.loads((harness.ROOT / "deploy/contracts/topics.json").read_text())]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("secure")


@pytest.fixture(scope="module")
def authorities(folder):
    return [certificates.Authority(folder, name) for name in ("ours", "foreign")]


@pytest.fixture(scope="module")
def broker(folder, authorities):
    names = (secure_kafka.ADMIN, "cporctl", *ROLES)
    server = secure_kafka.SecureKafka(folder, authorities[0],
                                      {name: f"{name}-password" for name in names})
    try:
        yield server.up()
    finally:
        server.down()


@pytest.fixture(scope="module")
def stack(stack, broker):
    """The session's other servers; the test itself sees everything, over the clear listener."""
    secure = copy.copy(stack)
    secure.env = {**stack.env, **broker.env()}
    return secure


def settings(client):
    brokers, properties = client
    return {"CPOR_KAFKA_BROKERS": brokers, "CPOR_KAFKA_PROPERTIES": str(properties)}


def own_rights(installation):
    return acls.rights("--topic-prefix", installation.prefix, "--group-prefix",
                       installation.prefix)


def python_client(client, **more):
    """The configuration of an independent client."""
    brokers, properties = client
    pairs = dict(line.split("=", 1) for line in properties.read_text().splitlines())
    return {"bootstrap.servers": brokers, "log_level": 0, **pairs,
            **{name.replace("_", "."): value for name, value in more.items()}}


@pytest.fixture(scope="module")
def logins(broker, folder):
    """role -> client; one of them with a certificate."""
    made = {role: broker.login(folder / f"{role}.properties", role, MECHANISM)
            for role in (*ROLES, "cporctl")}
    made["claim-validation"] = broker.certificate(folder / "own.properties", "claim-validation")
    return made


# ---- who is let in

WRONG = "not-what-it-should-be"


def refused_cases(broker, authorities, folder):
    """name -> (client, words of the one line)."""
    def login(name, user=secure_kafka.ADMIN, **more):
        return broker.login(folder / f"{name}.properties", user, **more)
    good = login("good")
    cases = {
        "wrong-ca": (login("ca", ssl_ca_location=authorities[1].file),
                     ("certificate verify failed", "ssl.ca.location")),
        "wrong-host": ((good[0].replace(secure_kafka.HOST, "127.0.0.1"), good[1]),
                       ("certificate verify failed", "CPOR_KAFKA_BROKERS a name")),
        "wrong-password": (login("password", sasl_password=WRONG, debug="all"),
                           ("Invalid username or password", "sasl.password")),
        "unknown-user": (login("user", "nobody"), ("Invalid username or password",
                                                   "sasl.username")),
        "foreign-certificate": (broker.certificate(folder / "foreign.properties", "admin",
                                                   authorities[1]),
                                ("SSL alert", "ssl.certificate.location")),
    }
    if not HAS_SCRAM:
        cases["old-scram"] = (login("scram", mechanism="SCRAM-SHA-512"),
                              ("invalid credentials", "librdkafka before 2.6.1"))
    return cases


def test_who_is_not_let_in_is_told_why(install, broker, authorities, folder):
    installation = install()
    cases = refused_cases(broker, authorities, folder)
    tools = {}
    for name, (client, _) in cases.items():
        worker = harness.Worker(installation, "claim-submission", name, {
            **settings(client), "CPOR_LOG_LEVEL": "debug"}).start()
        installation.workers[name] = worker
        tools[name] = subprocess.Popen(
            [str(harness.BIN / "cporctl"), "lag"], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
            env={**installation.env, **settings(client), "CPOR_KAFKA_TIMEOUT_MS": "5000"})
    address = {"CPOR_KAFKA_BROKERS": f"{secure_kafka.HOST}:{broker.ports['login']}"}
    clear = harness.Worker(installation, "claim-submission", "clear", address).start()
    installation.workers[clear.instance] = clear
    for name, (_, words) in cases.items():
        worker = installation.workers[name]
        assert worker.process.wait(60) == 1, f"{name}: not exit code 1"
        worker.process = None
        [line] = [line for line in worker.log.read_text().splitlines() if "event=fatal" in line]
        assert "class=fatal" in line and all(word in line for word in words), f"{name}: {line}"
        output, error = tools[name].communicate(timeout=60)
        assert tools[name].returncode == 1 and output == "", f"{name}: {output}{error}"
        assert error.count("\n") == 1 and all(word in error for word in words), f"{name}: {error}"
        for text in (worker.log.read_text(), error):
            assert not any(secret in text for secret in (WRONG, *broker.passwords.values())), text
    # In clear to a listener with TLS: it cannot be told from brokers that are away.
    installation.wait("the worker to say what may be wrong", lambda: re.search(
        "event=open-retry .*class=retry .*security.protocol", clear.log.read_text()))
    clear.stop()


# ---- the whole flow, each under its own name

def publish_claim(installation, claim_id):
    installation.publish("claim-submission", "cpor.claim.submitted.v1",
                         documents.claim(claim_id, TENANT, "2026-03-01", [claim_id]))


def official_claims(client, prefix, count):
    """What a downstream consumer sees."""
    consumer = confluent_kafka.Consumer(python_client(
        client, group_id=f"{prefix}subscriber-test", auto_offset_reset="earliest",
        isolation_level="read_committed"))
    consumer.subscribe([f"{prefix}association-official"])
    seen, end = [], time.monotonic() + 60
    while len(seen) < count and time.monotonic() < end:
        message = consumer.poll(1)
        if message is not None:
            assert message.error() is None, message.error()
            seen.append(json.loads(message.value())["claim_id"])
    consumer.close()
    return seen


def operate(installation, client):
    """What an operator does, with the operator's rights."""
    env = {**installation.env, **settings(client)}
    cporctl.expect(0, cporctl.call(env, "lag"))
    letters = json.loads(cporctl.expect(0, cporctl.call(env, "dlq", "list", "--json")))
    assert "NOT_JSON" in json.dumps(letters), letters
    cporctl.expect(0, cporctl.call(env, "dlq", "replay", "--all"))
    document = installation.folder / "claim.json"
    document.write_text(json.dumps(documents.claim("YAMMER", TENANT, "2026-03-01", ["YAMMER"])))
    cporctl.expect(0, cporctl.call(env, "submit", str(document)))
    installation.wait_quiet()
    cporctl.expect(0, cporctl.call(env, "opt-out", "YAMMER", "--operator", "ann"))
    cporctl.expect(0, cporctl.call(env, "audit"))
    # below the prefix it may make topics, elsewhere not
    below = {**env, "CPOR_TOPIC_PREFIX": f"{installation.prefix}more."}
    cporctl.expect(0, cporctl.call(below, "setup"))
    error = cporctl.expect(1, cporctl.call({**env, "CPOR_TOPIC_PREFIX": "else."}, "setup"))
    assert "create topic else." in error and "deploy/security/kafka-acls" in error, error


def test_the_flow_with_no_more_rights_than_written_down(install, broker, logins):
    installation = install(start_at_ms=START)
    acls.apply(broker.env()["CPOR_KAFKA_BROKERS"], own_rights(installation))
    for service in harness.SERVICES:
        installation.start_workers(services=(service,), settings=settings(logins[service]))
    installation.producer = confluent_kafka.Producer(python_client(
        logins["publisher"], partitioner="murmur2_random"))
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    for claim_id in ("TEAMS", "EXCHANGE_ONLINE"):
        publish_claim(installation, claim_id)
    installation.produce("claim-submission", TENANT["tenant_id"], b"{",
                         [("ce_specversion", b"1.0"), ("ce_id", b"junk"), ("ce_source", b"/test"),
                          ("ce_type", b"cpor.claim.submitted.v1")])
    installation.flush()
    keys = [(TENANT["tenant_id"], claim_id) for claim_id in ("TEAMS", "EXCHANGE_ONLINE")]
    deadlines = [instant_ms(board.wait_status(key, "OPT_OUT_OPEN")["deadline_at"])
                 for key in keys]
    installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1", {
        "tenant_id": TENANT["tenant_id"], "claim_id": "EXCHANGE_ONLINE",
        "actor": {"type": "customer"}})
    installation.flush()
    board.wait_status(keys[1], "REJECTED")
    installation.jump(max(deadlines) + DAY_MS)
    board.wait_status(keys[0], "OFFICIAL")
    assert official_claims(logins["subscriber"], installation.prefix, 1) == ["TEAMS"]
    operate(installation, logins["cporctl"])
    installation.stop_workers()


# ---- who may do what, as the contract has it

def contract_table():
    """{topic: (writers, readers)} of EVENTS.md, in the words of the script's roles."""
    text = (harness.ROOT / "deploy/contracts/EVENTS.md").read_text()
    section = text.partition("| topic | written by |")[2].partition("\n\n")[0]
    table = {}
    for row in section.splitlines()[2:]:
        names, writers, readers = [cell.strip() for cell in row.split("|")[1:4]]
        for topic in re.findall(r"`cpor\.([\w-]+)`", names):
            # Upstream publishes as publisher and follows its claims as subscriber.
            table[topic] = (words(writers, upstream="publisher"),
                            words(readers, upstream="subscriber", downstream="subscriber"))
    assert sorted(table) == sorted(TOPICS)
    return table


def words(cell, **meanings):
    found = {name for name in (*harness.SERVICES, *meanings) if re.search(rf"\b{name}\b", cell)}
    if "all four" in cell:
        found |= set(harness.SERVICES)
    return {meanings.get(name, name) for name in found}


def tried_writes(client, prefix, topics):
    answers = {}
    producer = confluent_kafka.Producer(python_client(client, message_timeout_ms=20000))
    for topic in topics:
        producer.produce(prefix + topic, b"tried", b"key", on_delivery=lambda error, message:
                         answers.__setitem__(message.topic(), error and error.code()))
    producer.flush(30)
    return {topic: answers[prefix + topic] for topic in topics}


def tried_reads(client, prefix, topics):
    """A topic that may not even be described is not assigned: nothing would come, no error either.
    """
    consumer = confluent_kafka.Consumer(python_client(client, group_id="none",
                                                      enable_partition_eof=True))
    answers, places = {}, []
    for topic in topics:
        error = consumer.list_topics(prefix + topic, timeout=20).topics[prefix + topic].error
        if error is None:
            places.append(confluent_kafka.TopicPartition(prefix + topic, 0, 0))
        else:
            answers[prefix + topic] = error.code()
    consumer.assign(places)
    end = time.monotonic() + 30
    while len(answers) < len(topics) and time.monotonic() < end:
        message = consumer.poll(1)
        if message is None or message.topic() is None:
            continue
        error = message.error()
        is_good = error is None or error.code() == KafkaError._PARTITION_EOF
        answers[message.topic()] = None if is_good else error.code()
    consumer.close()
    return {topic: answers.get(prefix + topic, "nothing came") for topic in topics}


def test_each_may_do_what_the_contract_says_and_nothing_else(install, broker, logins):
    installation = install()
    acls.apply(broker.env()["CPOR_KAFKA_BROKERS"], own_rights(installation))
    installation.has_forged_events = True
    table = contract_table()
    operator_writes = {"claim-submission", "claim-validation", "customer-notification",
                       "opt-out-expiry", "partner", "tenant", "subscription"}
    refused = KafkaError.TOPIC_AUTHORIZATION_FAILED
    wrong = []
    for role, client in logins.items():
        writes = tried_writes(client, installation.prefix, TOPICS)
        reads = tried_reads(client, installation.prefix, TOPICS)
        for topic in TOPICS:
            writers, readers = table[topic]
            may_write = topic in operator_writes if role == "cporctl" else role in writers
            may_read = role == "cporctl" or role in readers
            for verb, may, answer in (("write", may_write, writes[topic]),
                                      ("read", may_read, reads[topic])):
                if answer != (None if may else refused):
                    wrong.append(f"{role} {verb} {topic}: expected {may}, actual {answer}")
    assert not wrong, "\n".join(wrong)


def group_refusal(client, group, topic):
    consumer = confluent_kafka.Consumer(python_client(client, group_id=group))
    consumer.subscribe([topic])
    end = time.monotonic() + 20
    code = None
    while code is None and time.monotonic() < end:
        message = consumer.poll(1)
        code = message and message.error() and message.error().code()
    consumer.close()
    return code


def test_no_worker_takes_the_name_of_another(install, broker, logins):
    installation = install()
    prefix = installation.prefix
    acls.apply(broker.env()["CPOR_KAFKA_BROKERS"], own_rights(installation))
    others = harness.SERVICES[1:] + harness.SERVICES[:1]
    for own, other in zip(harness.SERVICES, others, strict=True):
        code = group_refusal(logins[own], prefix + other, prefix + own)
        assert code == KafkaError.GROUP_AUTHORIZATION_FAILED, (own, other, code)
        for name, allowed in ((own, True), (other, False)):
            producer = confluent_kafka.Producer(python_client(
                logins[own], transactional_id=f"{prefix}{name}.test"))
            if allowed:
                producer.init_transactions(20)
                continue
            with pytest.raises(confluent_kafka.KafkaException) as raised:
                producer.init_transactions(20)
            code = raised.value.args[0].code()
            assert code == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, raised.value


# ---- a right that is missing

# service -> (kind, name below the prefix) of what is taken away
MISSING = {"claim-submission": ("--topic", "dead-letter"),
           "claim-validation": ("--group", "claim-validation"),
           "customer-notification": ("--transactional-id", "customer-notification."),
           "opt-out-expiry": ("--topic", "opt-out-expiry")}
NAMES_WHAT = {"claim-submission": "{prefix}dead-letter", "claim-validation": "Group authorization",
              "customer-notification": "Transactional Id authorization",
              "opt-out-expiry": "{prefix}opt-out-expiry"}


def test_a_missing_right_ends_the_worker_and_is_named(install, broker, logins):
    installation = install()
    taken = {(f"User:{service}", kind, installation.prefix + name)
             for service, (kind, name) in MISSING.items()}
    acls.apply(broker.env()["CPOR_KAFKA_BROKERS"],
               {right for right in own_rights(installation) if right[:3] not in taken})
    installation.produce("claim-submission", TENANT["tenant_id"], b"{", [("ce_id", b"junk")])
    installation.flush()
    for service in MISSING:
        installation.start_workers(services=(service,), settings=settings(logins[service]))
    for worker in installation.workers.values():
        assert worker.process.wait(60) == 1, worker.instance
        worker.process = None
        [line] = [line for line in worker.log.read_text().splitlines() if "event=fatal" in line]
        named = NAMES_WHAT[worker.service].format(prefix=installation.prefix)
        assert named in line and "deploy/security/kafka-acls" in line, line


# ---- the script

def test_the_script_runs_the_tool(tmp_path):
    tool = tmp_path / "kafka-acls"
    tool.write_text('#!/bin/sh\nprintf "%s|" kafka-acls "$@" >>"$0.log"\necho >>"$0.log"\n')
    tool.chmod(0o755)
    connection = ["--bootstrap-server", "broker:9093", "--command-config", "our own/it's.conf"]
    result = acls.script("--tool", str(tool), "--", *connection)
    assert result.returncode == 0, result.stderr
    printed = acls.script("--print", "--", *connection).stdout
    ran = (tmp_path / "kafka-acls.log").read_text().splitlines()
    assert ran == ["|".join(shlex.split(line)) + "|" for line in printed.splitlines()]
    assert len(ran) > 10 and ran[0].split("|")[:6] == ["kafka-acls", *connection, "--add"]


@pytest.mark.parametrize("arguments", [
    (), ("--nonsense",), ("--principal", "nobody=User:x", "--print"), ("--topic-prefix",),
    ("--topic-prefix", "a b", "--print"), ("--principal", "operator=User:it's", "--print")])
def test_the_script_refuses_what_it_does_not_know(arguments):
    result = acls.script(*arguments)
    assert result.returncode == 2 and "--help" in result.stderr, result
