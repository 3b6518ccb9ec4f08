"""One record to one event, or the dead letter's code: EVENTS sections 1, 3 and 4. Slow, obvious."""

import base64
import json
from dataclasses import dataclass, field

import fields
import signing
from words import DAY_MS, instant_ms, instant_text

SIZE_MAX = 256 * 1024
HEADERS_SIZE_MAX = 64 * 1024
WHOLE_SIZE_MAX = 512 * 1024  # of a dead letter's value
DEPTH_MAX = 16

TYPES = {
    "claim-submission": {
        "cpor.claim.submitted.v1", "cpor.claim.resubmitted.v1", "cpor.claim.withdrawn.v1",
        "cpor.claim.evidence-added.v1", "cpor.claim.comment-added.v1", "cpor.claim.reviewed.v1",
        "cpor.association.disassociated.v1", "cpor.association.imported.v1",
        "cpor.claim.answer-due.v1", "cpor.claim.reminder-due.v1"},
    "opt-out-expiry": {
        "cpor.customer.opted-out.v1", "cpor.window.extended.v1", "cpor.window.opened.v1",
        "cpor.window.closed.v1", "cpor.opt-out.kept-due.v1", "cpor.subscription.changed.v1",
        "cpor.claim.withdrawn.v1",
        "cpor.claim.evidence-added.v1", "cpor.association.disassociated.v1",
        "cpor.association.imported.v1"},
}


class DeadLetter(Exception):
    """The record can never be processed; args[0] is the code."""


@dataclass
class Event:
    topic: str
    type: str
    source: str
    id: str
    data: dict
    at: int = 0
    headers: dict = field(default_factory=dict)


def strict_json(raw):
    def pairs(items):
        names = [name for name, _ in items]
        if len(set(names)) != len(names):
            raise ValueError("duplicate key")
        return dict(items)

    def no_constant(name):
        raise ValueError(name)

    if not raw:
        raise DeadLetter("NOT_JSON")
    try:
        text = raw.decode("utf-8")
        if text.startswith("\ufeff"):
            raise ValueError("byte-order mark")
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=no_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # unpaired surrogates fail here
    except RecursionError as error:  # far beyond the limit, whatever comes after
        raise DeadLetter("TOO_DEEP") from error
    except (ValueError, UnicodeError) as error:
        raise DeadLetter("NOT_JSON") from error
    if depth_of(value) > DEPTH_MAX:
        raise DeadLetter("TOO_DEEP")
    return value


def depth_of(value):
    if isinstance(value, dict):
        return 1 + max((depth_of(inner) for inner in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((depth_of(inner) for inner in value), default=0)
    return 0


def need(condition):
    if not condition:
        raise DeadLetter("FIELD_INVALID")


def check_actor(data, types):
    actor = data.get("actor")
    need(isinstance(actor, dict) and actor.get("type") in types)
    need(fields.is_text(actor.get("id"))
         or (actor.get("id") is None and actor["type"] in ("customer", "operator")))


def check_lines(data):
    lines = data.get("lines")
    need(lines is None or (isinstance(lines, list) and lines != []
                           and all(fields.is_whole(n, 1) for n in lines)
                           and len(set(lines)) == len(lines)))


def check_other(event_type, data, at):
    """Every field of an event that is no submission."""
    if "withdrawn" in event_type or "disassociated" in event_type:
        check_lines(data)
        check_actor(data, {"partner"})
        reason = data.get("reason")
        need(fields.is_text(reason, many_lines=True)
             or (reason is None and "withdrawn" in event_type))
    elif "opted-out" in event_type:
        check_lines(data)
        check_actor(data, {"customer", "operator"})
    elif "extended" in event_type:
        check_lines(data)
        check_actor(data, {"operator"})
        need(fields.is_instant(data.get("deadline_at")))
        need(fields.is_text(data.get("reason"), many_lines=True))
    elif "evidence" in event_type:
        need(isinstance(data.get("poe"), list) and data["poe"] != [])
        check_actor(data, {"partner"})
    elif "comment" in event_type:
        comment = data.get("comment")
        need(isinstance(comment, dict) and fields.is_text(comment.get("text"), 4000, True)
             and fields.is_text(comment.get("author")) and fields.is_instant(comment.get("at")))


    elif "reviewed" in event_type:
        check_lines(data)
        check_actor(data, {"reviewer"})
        need(fields.is_whole(data.get("revision"), 1))
        need(data.get("verdict") in ("APPROVE", "REJECT", "ASK"))
        need(data["verdict"] == "APPROVE" or fields.is_text(data.get("reason"), many_lines=True))
    elif "imported" in event_type:
        need(fields.is_whole(data.get("line"), 1) and fields.is_instant(data.get("official_at")))
        need(fields.is_domain(data.get("domain")) and data.get("solution_area") in fields.AREAS)
        need(data.get("activities") and fields.check_activities(data["activities"]))
        need(isinstance(data.get("mpn_id"), str) and fields.MPN_ID.match(data["mpn_id"]))
        need((data.get("product") is None) != (data.get("workload") is None))
        need(data.get("poe_signed_on") is None or fields.is_date(data["poe_signed_on"]))
        need(instant_ms(data["official_at"]) <= at)
        need((data.get("poe_signed_on") or "") <= instant_text(at + DAY_MS)[:10])


def check_data(event_type, data, at):
    need(isinstance(data, dict))
    if event_type in ("cpor.claim.submitted.v1", "cpor.claim.resubmitted.v1"):
        customer = data.get("customer")
        tenant_id = customer.get("tenant_id") if isinstance(customer, dict) else None
    else:
        tenant_id = data.get("tenant_id")
    need(isinstance(tenant_id, str) and fields.GUID.match(tenant_id))
    if event_type in ("cpor.window.closed.v1", "cpor.subscription.changed.v1"):
        return
    need(isinstance(data.get("claim_id"), str) and fields.CLAIM_ID.match(data["claim_id"]))
    if event_type not in ("cpor.claim.submitted.v1", "cpor.claim.resubmitted.v1"):
        check_other(event_type, data, at)


def tenant_of(event):
    holder = event.data["customer"] if "submitted" in event.type else event.data
    return holder["tenant_id"].lower()


def headers_size(headers):
    return sum(len(name.encode()) + len(value or b"") for name, value in headers)


def structured(raw, named):
    """The envelope of structured mode, or None."""
    media_type = named.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/cloudevents+json":
        envelope = strict_json(raw)
        need(isinstance(envelope, dict))
        return envelope
    if any(name.startswith("ce_") for name in named):
        return None
    try:
        envelope = strict_json(raw)
    except DeadLetter:
        return None
    is_one = isinstance(envelope, dict) and sum(
        name in envelope for name in ("specversion", "id", "source", "type")) >= 2
    return envelope if is_one else None


def decode(topic, raw, headers, at=0):
    """An Event received at `at`, or DeadLetter with its code. `headers` is a list of (name, bytes).
    """
    named = {name.lower(): (value or b"").decode("utf-8", "replace") for name, value in headers}
    if len(raw or b"") > SIZE_MAX or headers_size(headers) > HEADERS_SIZE_MAX:
        raise DeadLetter("TOO_LARGE")
    envelope = structured(raw, named)
    if envelope is not None:
        named = {f"ce_{name}": value for name, value in envelope.items() if name != "data"}
        data = envelope.get("data")
        if data is None and isinstance(envelope.get("data_base64"), str):
            data = strict_json(base64.b64decode(envelope["data_base64"]))
    elif topic == "claim-submission" and not any(name.startswith("ce_") for name in named):
        data = strict_json(raw)
        check_data("cpor.claim.submitted.v1", data, at)
        name = f"{data['customer']['tenant_id'].lower()}/{data['claim_id']}"
        return Event(topic, "cpor.claim.submitted.v1", "", name, data, 0, named)
    else:
        data = None
    if any(not named.get(f"ce_{name}") for name in ("specversion", "id", "source", "type")):
        raise DeadLetter("HEADER_MISSING")
    if named["ce_type"] not in TYPES[topic]:
        raise DeadLetter("UNKNOWN_TYPE")
    is_own = named["ce_source"].lower().startswith(("cpor/", "urn:cpor:"))
    is_internal = signing.is_internal(topic, named["ce_type"])
    if is_own != is_internal and (is_internal or topic == "claim-submission") \
            and named["ce_source"] != "urn:cpor:cporctl":
        raise DeadLetter("SOURCE_INVALID")
    if data is None:
        data = strict_json(raw)
    check_data(named["ce_type"], data, at)
    return Event(topic, named["ce_type"], named["ce_source"], named["ce_id"], data, 0, named)
