"""A hostile log: records of random shape on every topic, between good claims; none of it matters.

Whatever the bytes: each bad record is a dead letter or an ignored row (the audit looks), each good
claim ends as if nothing else had come, and no worker ends or grows. The seed repeats a run;
CPOR_TEST_HOSTILE says how many records, 3,000 by default.
"""

import datetime
import json
import os
import random
import resource

import confluent_kafka
import pytest

import documents
import harness
import signing
from cporctl import call, expect

DAY = (datetime.date.today() - datetime.timedelta(days=30)).isoformat()
COUNT = int(os.environ.get("CPOR_TEST_HOSTILE", "3000"))
GOOD_COUNT = 40
KEYS = "w1:worker:the-workers-secret-1,i1:importer:the-importers-secret"
ADDRESS_SPACE = 448 * 1024 * 1024
TOPICS = ("claim-submission", "claim-submission", "opt-out-expiry", "opt-out-expiry",
          "claim-validation", "customer-notification", "partner", "tenant", "subscription")
TYPES = ("cpor.claim.submitted.v1", "cpor.claim.resubmitted.v1", "cpor.claim.withdrawn.v1",
         "cpor.claim.evidence-added.v1", "cpor.claim.comment-added.v1", "cpor.claim.reviewed.v1",
         "cpor.association.disassociated.v1", "cpor.association.imported.v1",
         "cpor.claim.answer-due.v1", "cpor.claim.reminder-due.v1", "cpor.claim.received.v1",
         "cpor.claim.recheck-due.v1", "cpor.notice.requested.v1", "cpor.notice.retry-due.v1",
         "cpor.customer.opted-out.v1", "cpor.window.opened.v1", "cpor.window.extended.v1",
         "cpor.window.closed.v1", "cpor.opt-out.kept-due.v1", "cpor.subscription.changed.v1",
         "cpor.no.such.v1", "", "\u202e")
INTERNAL_SOURCES = ("cpor/claim-validation", "cpor/claim-submission", "urn:cpor:x", "CPOR/x")
SOURCES = ("/erp", "/upstream", "urn:x", "\x00", "s" * 2000, *INTERNAL_SOURCES)
CODECS = ("none", "gzip", "lz4", "snappy", "zstd")


class Stranger:
    """Makes records that no honest client would send. It never says what a customer or the claim's
    own partner may say of a good claim: that would be no attack."""

    def __init__(self, chance, good):
        self.chance, self.good = chance, good

    def word(self):
        return self.chance.choice((
            "", " ", "x", "\u0000", "\ud7ff", "é" * 100, "-1", "1e999", "C-0", "../..", "'; drop",
            "\u202eevil", "a" * self.chance.choice((64, 65, 4001, 70_000)),
            self.chance.choice(self.good)["claim_id"],
            self.chance.choice(self.good)["customer"]["tenant_id"]))

    def node(self, depth=0):
        kind = self.chance.randrange(9 if depth < 5 else 5)
        if kind == 5:
            return [self.node(depth + 1) for _ in range(self.chance.randrange(4))]
        if kind >= 6:
            return {self.word()[:40]: self.node(depth + 1) for _ in range(self.chance.randrange(4))}
        return (None, True, self.chance.randrange(-2**70, 2**70), self.word(),
                self.chance.random())[kind]

    def damaged(self):
        """A document or an event's data with something wrong in it."""
        base = self.chance.choice(self.good)
        data = self.chance.choice((
            documents.claim(f"H-{self.chance.randrange(50)}", {"tenant_id": self.unknown_tenant(),
                            "domains": ["x.example"], "name": "x"}, DAY),
            {"claim_id": base["claim_id"], "tenant_id": base["customer"]["tenant_id"],
             "actor": {"type": "partner", "id": "999999"}, "reason": "r", "revision": 99,
             "due_at": "2020-01-01T00:00:00Z", "lines": [99]},
            {"claim_id": f"H-{self.chance.randrange(50)}", "tenant_id": self.unknown_tenant(),
             "actor": {"type": "customer"}, "lines": list(range(1, 40))}))
        for _ in range(self.chance.randrange(4)):
            data[self.chance.choice((*data, "extra"))] = self.node()
        return data

    def unknown_tenant(self):
        return f"00000000-0000-4000-8000-{self.chance.randrange(1000):012d}"

    def value(self):
        kind = self.chance.randrange(10)
        if kind == 0:
            return self.chance.choice((None, b"", b"{", b"[]", b"\xef\xbb\xbf{}", b"[" * 5000,
                                       b'{"a":' * 200, b"NaN", b"\xff\xfe", b'{"a":1,"a":2}'))
        if kind == 1:
            return self.chance.randbytes(self.chance.choice((1, 100, 10_000, 300_000)))
        if kind == 2:
            return self.chance.choice((b" ", b"a", b'"')) * self.chance.choice(
                (262_143, 262_145, 600_000, 900_000))
        text = json.dumps(self.damaged() if kind < 9 else self.node(), ensure_ascii=False)
        value = text.encode("utf-8", "surrogatepass")
        if kind == 3:
            return value[:self.chance.randrange(len(value) + 1)]
        if kind == 4:
            return json.dumps({"specversion": "1.0", "id": self.word(), "source": "/erp",
                               "type": self.chance.choice(TYPES), "data": self.damaged()}).encode()
        return value

    def headers(self):
        headers = [("ce_specversion", b"1.0"), ("ce_id", self.identity()),
                   ("ce_source", self.chance.choice(SOURCES).encode()),
                   ("ce_type", self.chance.choice(TYPES).encode("utf-8", "surrogatepass"))]
        kind = self.chance.randrange(8)
        if kind == 0:
            return []
        if kind == 1:
            headers.pop(self.chance.randrange(4))
        if kind == 2:
            headers = [*((f"x-{number}", b"1")
                         for number in range(self.chance.choice((64, 500)))), *headers]
        if kind == 3:
            size = self.chance.choice((512, 513, 60_000, 70_000, 900_000))
            headers += [("tracestate", b"t" * size),
                        ("traceparent", self.chance.randbytes(self.chance.choice((0, 54, 55, 56))))]
        if kind == 4:
            headers += [("content-type", self.chance.choice(
                (b"application/cloudevents+json", b"text/plain", b"", b"\xff")))]
        if kind == 5:
            self.chance.shuffle(headers)
            headers += [(name.upper(), self.chance.randbytes(9)) for name, _ in headers]
        if kind == 6:
            headers += [(signing.HEADER, self.chance.choice((
                b"", b"v1", b"v1 w1", b"v1 w1 " + b"A" * 43, b"v1 w1 " + b"=" * 44, b"v2 w1 AAAA",
                b"v1 " + b"k" * 60_000 + b" x", self.chance.randbytes(50))))]
        return headers

    def identity(self):
        """Also the names of what honest publishers have sent."""
        return self.chance.choice((
            b"", b"x" * 300, str(self.chance.random()).encode(), b"\x01",
            f"submitted {self.chance.choice(self.good)['claim_id']}".encode()))

    def key(self):
        tenant_id = self.chance.choice(self.good)["customer"]["tenant_id"]
        return self.chance.choice((None, b"", b"\xff", b"k" * 50_000, tenant_id.encode(),
                                   self.unknown_tenant().encode()))


class Senders:
    """One publisher per codec, on any partition, with any timestamp."""

    def __init__(self, installation):
        self.prefix = installation.prefix
        self.producers = [confluent_kafka.Producer({
            "bootstrap.servers": installation.env["CPOR_KAFKA_BROKERS"], "compression.type": codec,
            "linger.ms": 1, "message.max.bytes": 8_000_000, "log_level": 2}) for codec in CODECS]
        self.refused = 0

    def delivered(self, error, _):
        self.refused += error is not None  # by the broker: as good as a dead letter

    def send(self, chance, topic, stranger):
        producer = chance.choice(self.producers)
        producer.produce(self.prefix + topic, stranger.value(), stranger.key(),
                         partition=chance.randrange(harness.PARTITIONS),
                         timestamp=chance.choice((0, 1, 2**41)), headers=stranger.headers(),
                         on_delivery=self.delivered)
        producer.poll(0)

    def flush(self):
        for producer in self.producers:
            assert producer.flush(60) == 0


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def good_claims():
    tenants = [documents.tenant(number) for number in range(1, GOOD_COUNT + 1)]
    return tenants, [documents.claim(f"G-{number}", tenant, DAY, ("TEAMS",))
                     for number, tenant in enumerate(tenants)]


@pytest.mark.parametrize("level", ["none", "privileged"])
def test_hostile_log(install, seed, level):
    chance = random.Random(seed)
    tenants, good = good_claims()
    installation = install(settings={"CPOR_DEMAND_SIGNATURES": level, "CPOR_EVENT_KEYS": KEYS})
    installation.has_forged_events = True
    installation.start_workers(before_exec=limit_memory)
    installation.publish_reference([documents.partner()], tenants)
    stranger, senders = Stranger(chance, good), Senders(installation)
    board = harness.StatusBoard(installation)
    for number in range(COUNT):
        senders.send(chance, chance.choice(TOPICS[:6]), stranger)
        if number % (COUNT // GOOD_COUNT) == 0 and number * GOOD_COUNT // COUNT < len(good):
            document = good[number * GOOD_COUNT // COUNT]
            installation.publish("claim-submission", "cpor.claim.submitted.v1", document,
                                 event_id=f"submitted {document['claim_id']}")
    senders.flush()
    installation.flush()
    for document in good:
        board.wait_status((document["customer"]["tenant_id"], document["claim_id"]),
                          "OPT_OUT_OPEN", seconds=120)
    # Every second customer says no, among more of it; reference topics have theirs, too.
    for number, document in enumerate(good):
        for _ in range(COUNT // GOOD_COUNT // 10):
            senders.send(chance, chance.choice(TOPICS[6:]), stranger)
        if number % 2 == 0:
            installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1", {
                "claim_id": document["claim_id"],
                "tenant_id": document["customer"]["tenant_id"], "actor": {"type": "customer"}},
                event_id=f"submitted {document['claim_id']}")
    senders.flush()
    installation.flush()
    for number, document in enumerate(good):
        board.wait_status((document["customer"]["tenant_id"], document["claim_id"]),
                          "REJECTED" if number % 2 == 0 else "OPT_OUT_OPEN", seconds=120)
    installation.wait_quiet(120)
    installation.check_workers()
    expect(0, call(installation.env, "audit"))
    for number, document in enumerate(good):
        event = board.latest((document["customer"]["tenant_id"], document["claim_id"]))
        expected = ("REJECTED", "CUSTOMER_DECLINED") if number % 2 == 0 else ("OPT_OUT_OPEN", None)
        assert (event["status"], event["reason"]) == expected, document["claim_id"]
    harness.say(f"{COUNT} records, {senders.refused} of them refused by the broker, "
                f"{len(installation.read('dead-letter'))} dead letters")
