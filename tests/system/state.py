"""What the model of a claim's life keeps: claims, their lines, associations, reference records."""

import json
from dataclasses import dataclass, field

from words import QUESTIONS, association_id

LIVE = {"UNDER_REVIEW", "VALIDATED", "OPT_OUT_OPEN"}


class Reference:
    """The reference topics as of now."""

    def __init__(self):
        self.partners, self.tenants, self.subscriptions = {}, {}, {}

    def apply(self, topic, key, value):
        table = {"partner": self.partners, "tenant": self.tenants,
                 "subscription": self.subscriptions}[topic]
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value


@dataclass
class Line:
    number: int
    status: str = "UNDER_REVIEW"
    reason: str | None = None
    check: str = "none"  # passed, waits, asked, approved
    slot: str | None = None
    subscription_id: str | None = None
    poe_day: str = ""  # newest good PoE; "" is older than any
    deadline: int | None = None


@dataclass
class Claim:
    tenant_id: str
    claim_id: str
    document: dict
    order: int
    first_submitted_at: int
    origin: str = "CLAIM"  # or LEGACY
    original: dict | None = None  # as first submitted
    revision: int = 1
    revision_at: int = 0
    validated_at: int | None = None
    grace_until: int | None = None
    answer_due: int | None = None
    answer_count: int = 0  # how often this revision was asked
    review_pending: bool = False
    lines: list = field(default_factory=list)
    findings: set = field(default_factory=set)  # (code, line or None)
    poes: list = field(default_factory=list)  # (poe, received_at)
    evidence: list = field(default_factory=list)  # likewise; stays over revisions
    reasons: set = field(default_factory=set)  # of the lines that moved last

    def mpn_id(self):
        return self.document.get("mpn_id")

    def line(self, number):
        return next((line for line in self.lines if line.number == number), None)

    def lacks_covered(self, event):
        """Evidence covers a line that is not there. (An imported claim's may be on its way.)"""
        return any(self.line(number) is None for poe in event.data["poe"]
                   for number in poe.get("covers") or [])

    def has_question(self):
        live = {line.number for line in self.lines if line.status in LIVE - {"OPT_OUT_OPEN"}}
        return any(code in QUESTIONS and (number in live or (number is None and live))
                   for code, number in self.findings)

    def status(self):
        states = [line.status for line in self.lines]
        if self.has_question():
            return "PARTNER_ACTION_REQUIRED"
        for status in ("UNDER_REVIEW", "VALIDATED", "OPT_OUT_OPEN", "OFFICIAL", "ENDED"):
            if status in states:
                return status
        return "WITHDRAWN" if states and set(states) == {"WITHDRAWN"} else "REJECTED"


@dataclass
class Association:
    tenant_id: str
    claim_id: str
    line: int
    slot: str
    mpn_id: str
    origin: str
    official_at: int
    deadline_at: int | None
    poe_day: str
    supersedes: str | None
    ended_at: int | None = None
    reason: str | None = None
    superseded_by: str | None = None

    @property
    def id(self):
        return association_id(self.tenant_id, self.claim_id, self.line)


@dataclass
class Input:
    """One record of an input topic, in business time. headers: [(name, bytes)]."""
    topic: str
    at: int
    order: int
    key: str | None
    value: bytes | None
    headers: list


def forward_key(event):
    """What is handed on is the same data, from one log to the other."""
    return event.type, json.dumps(event.data, sort_keys=True)


def newest_first(day):
    """Sorts later days first; "" last."""
    return tuple(-int(part) for part in day.split("-")) if day else (0,)
