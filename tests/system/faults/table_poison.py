"""Records that no worker can do anything with: each ends in the dead letters, or as REJECTED."""

import dataclasses
import json
import time
import uuid

import documents
from faults import Fault
from words import instant_text
from world import Mark

COUNT = 12  # of each kind and topic
SIZE_MAX = 256 * 1024
PUBLIC = {"claim-submission": "cpor.claim.submitted.v1",
          "opt-out-expiry": "cpor.customer.opted-out.v1"}
OWN = {"claim-validation": "cpor.claim.received.v1",
       "customer-notification": "cpor.notice.requested.v1"}


@dataclasses.dataclass
class Put:
    topic: str
    partition: int
    offset: int


def headers_of(event_type):
    return [("ce_specversion", b"1.0"), ("ce_id", str(uuid.uuid4()).encode()),
            ("ce_source", b"urn:cpor:poison" if event_type in OWN.values() else b"/poison"),
            ("ce_type", event_type.encode()),
            ("content-type", b"application/json")]


def event_of(world, topic):
    """A good event but for the programme: a claim that is refused at once."""
    tenant = world.random.choice(world.flow.stories.tenants)
    name = f"P-{uuid.uuid4()}"
    if topic == "claim-submission":
        day = instant_text(world.theme.start_at_ms - 40 * 86_400_000)[:10]
        return {**documents.claim(name, tenant, day, mpn_id="1000000"), "program": "CSP"}
    return {"claim_id": name, "tenant_id": tenant["tenant_id"], "revision": 1,
            "actor": {"type": "customer"}}


def put(world, topic, value, headers, key=None):
    """Publishes one record and notes where it came to lie."""
    def delivered(error, message):
        assert error is None, f"poison was not taken: {error}"
        world.poison.append(Put(topic, message.partition(), message.offset()))
    installation = world.installation
    key = key or world.random.choice(world.flow.stories.tenants)["tenant_id"]
    installation.producer.produce(installation.prefix + topic, value=value, key=key,
                                  headers=headers, on_delivery=delivered)


def text_of(world, topic):
    return json.dumps(event_of(world, topic)).encode()


# ---- kinds: (world, topic) -> (value, headers to add)

def random_bytes(world, _):
    return world.random.randbytes(world.random.randrange(1, 3000)), []


def bit_flips(world, topic):
    """Of quotes, braces, colons and commas: what is flipped is no JSON, or another member."""
    value = bytearray(text_of(world, topic))
    marks = [at for at, byte in enumerate(value) if byte in b'{}[]:,"']
    for at in world.random.sample(marks, 3):
        value[at] ^= 1 << world.random.randrange(8)
    return bytes(value), []


def deep(world, topic):
    depth = world.random.choice((17, 100, 300))
    event = {**event_of(world, topic), "deep": None}
    text = json.dumps(event).replace('"deep": null', '"deep": ' + "[" * depth + "]" * depth)
    return text.encode(), []


def endless(_world, _topic):
    return b"[" * 100_000, []


def huge_numbers(world, topic):
    event = {**event_of(world, topic), "revision": "N"}
    if topic == "claim-submission":
        event["claim_name"] = "N"
    else:
        event["claim_id"] = "N"
    text = json.dumps(event)
    number = world.random.choice(("1e999", "-1e999", "9" * 400, "1" + "0" * 30, "1.5",
                                  "0." + "0" * 400 + "1"))
    return text.replace('"N"', number).encode(), []


def not_utf_8(world, topic):
    bad = world.random.choice((b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2"))
    return text_of(world, topic).replace(b'": "', b'": "' + bad, 1), []


def keys_twice(world, topic):
    text = text_of(world, topic).decode()
    return (text[:-1] + ', "claim_id": "other"}' if '"claim_id"' in text
            else text[:-1] + ', "a": 1, "a": 1}').encode(), []


def too_large(world, topic):
    event = {**event_of(world, topic), "padding": ""}
    size = world.random.choice((SIZE_MAX + 1, 2 * SIZE_MAX, 900_000))
    event["padding"] = "x" * (size - len(json.dumps(event).encode()))
    return json.dumps(event).encode(), []


def at_the_limit(world, topic):
    """One byte less than too large; refused for its programme, or dead for a bad field."""
    event = {**event_of(world, topic), "revision": 0, "padding": ""}
    if topic in PUBLIC:
        event["actor"] = 1
    event["padding"] = "x" * (SIZE_MAX - len(json.dumps(event).encode()))
    return json.dumps(event).encode(), []


def header_flood(world, topic):
    return b"{", [(f"x-{number}", world.random.randbytes(200)) for number in range(1000)]


def inject(world, kind):
    for topic, event_type in {**PUBLIC, **OWN}.items():
        for _ in range(COUNT):
            value, more = kind(world, topic)
            put(world, topic, value, headers_of(event_type) + more)
        world.go_on(0.2)
    world.installation.flush()
    return Mark(time.time())


def table():
    for text, kind in (
            ("random bytes", random_bytes), ("bit flips", bit_flips), ("deep nesting", deep),
            ("endless nesting", endless), ("huge numbers", huge_numbers),
            ("invalid UTF-8", not_utf_8), ("duplicate keys", keys_twice),
            ("header floods", header_flood), ("over the size limit", too_large),
            ("at the size limit", at_the_limit)):
        yield Fault(f"poison: {text}", "workers", inject, 60, kind)
