"""Signatures of events as deploy/contracts/EVENTS.md describes them, written a second time."""

import base64
import hashlib
import hmac

HEADER = "cpor_signature"
OUTSIDERS = {"cpor.claim.submitted.v1", "cpor.claim.resubmitted.v1", "cpor.claim.withdrawn.v1",
             "cpor.claim.evidence-added.v1", "cpor.claim.comment-added.v1",
             "cpor.claim.reviewed.v1", "cpor.association.disassociated.v1",
             "cpor.association.imported.v1", "cpor.customer.opted-out.v1",
             "cpor.window.extended.v1"}
EXPIRY_OUTSIDERS = {"cpor.customer.opted-out.v1", "cpor.window.extended.v1"}
ROLES = {"cpor.claim.reviewed.v1": "reviewer", "cpor.association.imported.v1": "importer",
         "cpor.window.extended.v1": "operator"}
REFERENCE_TOPICS = ("partner", "tenant", "subscription")


def is_internal(topic, event_type):
    """Only the system's own sources say it: cpor/…, urn:cpor:…"""
    return event_type.startswith("cpor.") and event_type not in (
        EXPIRY_OUTSIDERS if topic == "opt-out-expiry" else OUTSIDERS)


def fitting_source(topic, event_type, source):
    """What a test says in a worker's place comes from a source that may say it."""
    if source.lower().startswith(("cpor/", "urn:cpor:")) or not is_internal(topic, event_type):
        return source
    return "urn:cpor:" + source.strip("/")


def sign(key, topic, headers, record_key, value):
    """The header's value. key: "id:role:secret"; topic: on the wire; headers: [(name, bytes)]."""
    key_id, _, secret = key.split(":", 2)
    named = dict(headers)
    parts = [topic.encode(), named.get("ce_type", b""), named.get("ce_source", b""),
             named.get("ce_id", b""),
             record_key.encode() if isinstance(record_key, str) else record_key or b"",
             value.encode() if isinstance(value, str) else value or b""]
    text = b"".join(b"%d:%s" % (len(part), part) for part in parts)
    mac = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return f"v1 {key_id} {base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def key_of(keys, role):
    """The first of the role in CPOR_EVENT_KEYS; None: there is none."""
    return next((key for key in keys.split(",") if key.split(":")[1:2] == [role]), None)


def role_of(topic, event_type):
    """Who says so, where it is demanded; None: anybody."""
    if topic in REFERENCE_TOPICS:
        return "importer"
    if is_internal(topic, event_type):
        return "worker"
    return ROLES.get(event_type)
