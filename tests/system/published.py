"""Everything that workers published, held against deploy/contracts/ when an installation closes."""

import json
import os
import random
import time

import confluent_kafka

import contract
from reader import Follower

OUTPUT = ("association-official", "claim-status")
PIPELINE = ("claim-submission", "claim-validation", "customer-notification", "opt-out-expiry")
# Of one topic and type; of more, as many are drawn. They come from thousands of like claims.
COUNT_MAX = 10_000 if os.environ.get("CPOR_TEST_LONG") else 1_000
SHOWN_MAX = 5
LEADERS_S = 30


def headers_of(record, dead_letter=False):
    """{name: text}; of a dead letter only those that the worker added."""
    return {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers
            if not dead_letter or name.startswith("dlq_")}


def is_workers(record):
    """Other records on a topic of the pipeline are what a test put there."""
    return record.topic in OUTPUT or (record.header("ce_source") or "").startswith("cpor/")


def check_route(record, headers, data):
    """Who sends it where, under which key and subject."""
    event_type, service = headers["ce_type"], headers["ce_source"].removeprefix("cpor/")
    if (service, "send", record.topic, event_type) not in contract.operations():
        yield f"asyncapi.yaml has no operation: {service} sends {event_type} to {record.topic}"
    tenant_id = str(data.get("tenant_id")).lower()
    if record.key != tenant_id.encode():
        yield f"the key is {record.key}, the tenant {tenant_id}"
    if headers.get("ce_subject") != data.get("claim_id"):
        yield f"ce_subject is {headers.get('ce_subject')}, the claim {data.get('claim_id')}"


def check_event(record):
    headers = headers_of(record)
    wrong = contract.violations("common#worker_headers", headers)
    if wrong:
        return [f"header {text}" for text in wrong]
    if headers["ce_type"] not in contract.schema_names():
        return [f"no schema for {headers['ce_type']}"]
    try:
        data = json.loads(record.value)
    except ValueError as error:
        return [f"no JSON: {error}"]
    return contract.violations(headers["ce_type"], data) or list(check_route(record, headers, data))


def check_record(record):
    """What of a record that a worker wrote breaks the contract; nothing when all is well."""
    if record.topic == "dead-letter":
        return contract.violations("common#dead_letter_headers", headers_of(record, True))
    return check_event(record)


def drawn(records):
    """Of each type of event not more than COUNT_MAX."""
    of_type = {}
    for record in records:
        of_type.setdefault(record.header("ce_type"), []).append(record)
    chance = random.Random(len(records))
    return [record for like in of_type.values()
            for record in (like if len(like) <= COUNT_MAX else chance.sample(like, COUNT_MAX))]


def read_all(installation):
    """{topic: records}; what a test left as it was made, or deleted, has none.

    A topic that was made a moment ago may have no leader yet; it gets one."""
    give_up = time.monotonic() + LEADERS_S
    while True:
        try:
            return read_topics(installation)
        except confluent_kafka.KafkaException:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)


def read_topics(installation):
    existing = installation.admin.list_topics(timeout=15).topics
    topics = [topic for topic in (*OUTPUT, *PIPELINE, "dead-letter")
              if installation.prefix + topic in existing]
    found = {topic: [] for topic in topics}
    if topics:
        follower = Follower(installation, topics, numbers=lambda topic: sorted(
            existing[installation.prefix + topic].partitions))
        try:
            for record in follower.read_to_end(seconds=120):
                found[record.topic].append(record)
        finally:
            follower.close()
    return found


def check(installation):
    """Raises AssertionError with the first violations. The broker must be up."""
    bad = []
    for topic, records in read_all(installation).items():
        written = [record for record in records if topic == "dead-letter" or is_workers(record)]
        for record in drawn(written):
            bad += [f"{record}: {text}\n  {record.value[:1000]!r}" for text in check_record(record)]
    shown = "\n".join(bad[:SHOWN_MAX])
    assert not bad, f"{len(bad)} violations of deploy/contracts/ in {installation.name}:\n{shown}"
