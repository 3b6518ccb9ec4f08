"""The slow, obvious model of a claim's life, written from the contract alone.

In:  the records of the input topics with their receipt instants, the instants at which the mail
     server accepted the notices, and the published ends of the partners' days to answer.
Out: where each claim and line must end, with which findings, and which associations there were.

Every time-out is "strictly before what comes next": who answers at the deadline is in time.
"""

from dataclasses import dataclass, field

import envelope
import fields
import rules
from words import DAY_MS, MINUTE_MS, QUESTIONS, association_id, code_order, instant_ms

GRACE_MS = 10 * MINUTE_MS
WAIT_MS = 7 * DAY_MS
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
    check: str = "none"  # passed, waits, asked
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
    revision: int = 1
    revision_at: int = 0
    validated_at: int | None = None
    grace_until: int | None = None
    answer_due: int | None = None
    lines: list = field(default_factory=list)
    findings: set = field(default_factory=set)  # (code, line or None)
    poes: list = field(default_factory=list)  # (poe, received_at)
    reasons: set = field(default_factory=set)  # of the lines that moved last

    def mpn_id(self):
        return self.document.get("mpn_id")

    def line(self, number):
        return next((line for line in self.lines if line.number == number), None)

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
    official_at: int
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


class Model:
    """Feed it everything that happened, in order of receipt, then read its claims."""

    def __init__(self, notices, answer_dues, contact_rule=True):
        self.notices = notices  # {(tenant, claim, revision): (accepted_at, {line: deadline})}
        self.answer_dues = answer_dues  # {(tenant, claim, revision): [due]}
        self.contact_rule = contact_rule
        self.reference = Reference()
        self.tenants = {}  # tenant_id -> {claim_id: Claim}
        self.holders = {}  # (tenant_id, slot) -> (Claim, Line)
        self.associations = {}
        self.subscription_states = {}  # as forwarded to the topic that decides
        self.kept_opt_outs = {}
        self.dead_letters = []  # (topic, order, code)
        self.seen = set()

    # ---- what comes in

    def run(self, inputs, until):
        moments = [(item.at, {"partner": 0, "tenant": 0, "subscription": 0,
                              "claim-submission": 1, "opt-out-expiry": 3}[item.topic],
                    item.order, item) for item in inputs]
        moments += [(accepted_at, 2, index, (key, deadlines))
                    for index, (key, (accepted_at, deadlines))
                    in enumerate(sorted(self.notices.items()))]
        for at, rank, _, item in sorted(moments, key=lambda m: m[:3]):
            if rank == 0:
                self.reference_changed(item, at)
            elif rank == 2:
                self.advance(item[0][0], at)
                self.notice_accepted(*item, at)
            else:
                self.take(item)
        for tenant_id in list(self.tenants):
            self.advance(tenant_id, until)

    def take(self, item):
        try:
            event = envelope.decode(item.topic, item.value, item.headers)
        except envelope.DeadLetter as letter:
            self.dead_letters.append((item.topic, item.order, letter.args[0]))
            return
        event.at = item.at
        tenant_id = envelope.tenant_of(event) if "submitted" in event.type \
            else event.data["tenant_id"].lower()
        self.advance(tenant_id, item.at)
        claim = self.tenants.get(tenant_id, {}).get(event.data.get("claim_id"))
        name = event.type.split(".")[-2]
        is_duplicate = (event.source, event.id) in self.seen and item.topic == "claim-submission"
        self.seen.add((event.source, event.id))
        if name == "submitted":
            self.submitted(event, tenant_id, claim, item, is_duplicate)
        elif is_duplicate or name in ("answer-due", "opened", "closed"):
            return
        elif name == "changed":
            self.subscription_changed(tenant_id, event)
        elif claim is None and name == "opted-out":
            self.kept_opt_outs.setdefault((tenant_id, event.data["claim_id"]), []).append(event)
        elif claim is None:
            self.dead_letters.append((item.topic, item.order, "UNKNOWN_CLAIM"))
        elif item.topic == "claim-submission":
            if name == "resubmitted":
                self.resubmitted(event, claim)
            # The rest counts where it is forwarded to.
        else:
            {"opted-out": self.opted_out, "withdrawn": self.withdrawn,
             "disassociated": self.disassociated, "evidence-added": self.evidence_added,
             "extended": self.extended}[name](event, claim)

    def reference_changed(self, item, at):
        value = None if not item.value else envelope.strict_json(item.value)
        self.reference.apply(item.topic, item.key, value)
        for claims in self.tenants.values():
            for claim in claims.values():
                if claim.grace_until or any(line.check == "waits" for line in claim.lines
                                            if line.status == "UNDER_REVIEW"):
                    self.advance(claim.tenant_id, at)
                    self.validate(claim, at)

    def submitted(self, event, tenant_id, claim, item, is_duplicate):
        document = event.data
        if claim is not None:
            if fields.same_content(document) != fields.same_content(claim.original):
                self.dead_letters.append((item.topic, item.order, "CLAIM_IMMUTABLE"))
            return
        if is_duplicate:
            return
        claims = self.tenants.setdefault(tenant_id, {})
        claim = Claim(tenant_id, document["claim_id"], document, len(claims), event.at)
        claim.original = document
        claims[claim.claim_id] = claim
        self.read_lines(claim)
        claim.revision_at = event.at
        claim.poes = self.poes_of(document, event.at)
        for kept in self.kept_opt_outs.pop((tenant_id, claim.claim_id), []):
            self.opted_out(kept, claim)
        self.validate(claim, event.at)

    @staticmethod
    def read_lines(claim):
        lines = rules.readable(claim.document).get("lines") or []
        claim.lines = [Line(line["line"]) for line in lines
                       if isinstance(line, dict) and "line" in line]

    @staticmethod
    def poes_of(document, at):
        return [(poe, at) for poe in rules.readable(document).get("poe") or []
                if isinstance(poe, dict)]

    def resubmitted(self, event, claim):
        document, before = event.data, claim.document
        if claim.status() != "PARTNER_ACTION_REQUIRED" \
                or document.get("revision") != claim.revision + 1:
            return
        if fields.field_findings(document, True) or not self.may_change(before, document):
            return
        kept = {line["line"] for line in document["lines"]}
        claim.revision += 1
        claim.document, claim.revision_at = document, event.at
        claim.answer_due = claim.validated_at = None
        claim.findings = set()
        claim.poes = self.poes_of(document, event.at)
        for line in claim.lines:
            if line.number not in kept and line.status in LIVE:
                self.move(claim, line, "WITHDRAWN", "PARTNER_REQUEST")
        self.validate(claim, event.at)

    @staticmethod
    def may_change(before, after):
        def fixed(document):
            customer = document["customer"]
            return (customer["tenant_id"].lower(), customer["domain"].lower(),
                    document["solution_area"], sorted(document["activities"]))

        def line_set(document):
            return {(line["line"], line.get("workload"), line.get("product"))
                    for line in document["lines"]}
        return fixed(before) == fixed(after) and line_set(after) <= line_set(before)

    # ---- validation

    def validate(self, claim, at, grace_over=False, wait_over=False):
        lines = [line for line in claim.lines if line.status in ("UNDER_REVIEW", "VALIDATED")]
        if claim.lines and not lines:
            return
        tenant = self.reference.tenants.get(claim.tenant_id)
        partner_is_missing = bool(claim.mpn_id()) and claim.mpn_id() not in self.reference.partners
        if (partner_is_missing or tenant is None) and not grace_over:
            claim.grace_until = claim.grace_until or at + GRACE_MS
            return
        claim.grace_until = None
        claim.validated_at = claim.validated_at or at
        clean = rules.readable(claim.document)
        codes = rules.validate_claim(claim.document, claim.poes, tenant, self.reference,
                                     claim.first_submitted_at, self.contact_rule)
        claim.findings = {(code, number) for code, number in claim.findings
                          if number is not None and claim.line(number).status == "REJECTED"}
        claim.findings |= {(code, None) for code in codes}
        refusals = [code for code in codes if code not in QUESTIONS]
        earlier = set()
        for line in lines:
            self.validate_line(claim, clean, line, tenant, refusals, earlier, wait_over)
            earlier.add(line.slot)
        self.hold_or_release(claim)
        self.notice_refused(claim)
        self.note_answer_due(claim)

    def validate_line(self, claim, clean, line, tenant, refusals, earlier, wait_over):
        document_line = next(entry for entry in clean["lines"] if entry.get("line") == line.number)
        subscription, slot, poe_day, codes = rules.validate_line(
            clean, document_line, claim.poes, tenant, self.reference, claim.first_submitted_at)
        line.slot, line.poe_day = slot, poe_day or ""
        line.subscription_id = subscription["subscription_id"] if subscription else None
        codes += self.competition_codes(claim, line, earlier)
        waits = [code for code in codes if code.rstrip("?") in rules.WAITS
                 and (code != "SUBSCRIPTION_NOT_ON_TENANT")]
        if wait_over:
            waits = []
        codes = list(dict.fromkeys(code.rstrip("?") for code in codes if code not in waits))
        claim.findings |= {(code, line.number) for code in codes}
        own = [code for code in codes if code not in QUESTIONS]
        if refusals or own:
            self.move(claim, line, "REJECTED", min(refusals + own, key=code_order))
        else:
            line.status, line.reason = "UNDER_REVIEW", None
            line.check = "waits" if waits else "asked" if codes else "passed"

    def competition_codes(self, claim, line, earlier):
        if line.slot is None or not claim.mpn_id():
            return []
        if line.slot in earlier:
            return ["DUPLICATE_OWN_CLAIM"]
        for other in self.tenants[claim.tenant_id].values():
            if other is not claim and other.mpn_id() == claim.mpn_id() \
                    and any(theirs.slot == line.slot and (theirs.status in LIVE
                                                          or theirs.status == "OFFICIAL")
                            for theirs in other.lines):
                return ["DUPLICATE_OWN_CLAIM"]
        holder = self.holders.get((claim.tenant_id, line.slot))
        if holder and line.poe_day and holder[1].poe_day >= line.poe_day:
            return ["COMPETING_CLAIM_OLDER_POE"]
        return []

    def hold_or_release(self, claim):
        held = claim.has_question()
        for line in claim.lines:
            if line.status == "VALIDATED" and held:
                line.status = "UNDER_REVIEW"
            elif line.status == "UNDER_REVIEW" and line.check == "passed" and not held:
                line.status = "VALIDATED"

    def notice_refused(self, claim):
        """A contact that the mail sink never accepts, once the notice would go out."""
        contact = (claim.document.get("customer") or {}).get("contact") or {}
        local = str(contact.get("email", "")).split("@")[0]
        hopeless = local.startswith("bounce") or local == "tempfail"
        if hopeless and claim.status() == "VALIDATED":
            claim.findings.add(("CONTACT_UNREACHABLE", None))
            for line in claim.lines:
                if line.status == "VALIDATED":
                    self.move(claim, line, "UNDER_REVIEW", "CONTACT_UNREACHABLE")

    def note_answer_due(self, claim):
        if claim.status() == "PARTNER_ACTION_REQUIRED" and claim.answer_due is None:
            dues = self.answer_dues.get((claim.tenant_id, claim.claim_id, claim.revision))
            claim.answer_due = dues[-1] if dues else None

    # ---- moves

    def move(self, claim, line, status, reason):
        line.status, line.reason = status, reason
        claim.reasons = {reason}

    def notice_accepted(self, key, deadlines, _at):
        claim = self.tenants.get(key[0], {}).get(key[1])
        if claim is None or claim.revision != key[2] or claim.status() != "VALIDATED":
            return
        for line in claim.lines:
            if line.status == "VALIDATED" and deadlines.get(line.number) is not None:
                line.status, line.deadline = "OPT_OUT_OPEN", deadlines[line.number]

    @staticmethod
    def addressed(event, claim):
        numbers = event.data.get("lines")
        return [line for line in claim.lines if numbers is None or line.number in numbers]

    def opted_out(self, event, claim):
        self.stop(event, claim, "DECLINED", "CUSTOMER_DECLINED", "CUSTOMER_DECLINED")

    def withdrawn(self, event, claim):
        if event.data["actor"].get("id") == claim.mpn_id():
            self.stop(event, claim, "WITHDRAWN", "PARTNER_REQUEST", "PARTNER_REQUEST")

    def disassociated(self, event, claim):
        if event.data["actor"].get("id") == claim.mpn_id():
            self.stop(event, claim, None, None, "PARTNER_DISASSOCIATED")

    def stop(self, event, claim, live_status, live_reason, official_reason):
        for line in self.addressed(event, claim):
            if line.status in LIVE and live_status:
                self.move(claim, line, live_status, live_reason)
            elif line.status == "OFFICIAL":
                self.end(claim, line, event.at, official_reason)
        self.hold_or_release(claim)
        self.note_answer_due(claim)

    def end(self, claim, line, at, reason, superseded_by=None):
        self.move(claim, line, "ENDED", reason)
        association = self.associations[claim.tenant_id, claim.claim_id, line.number]
        association.ended_at, association.reason = at, reason
        association.superseded_by = superseded_by
        del self.holders[claim.tenant_id, line.slot]

    def evidence_added(self, event, claim):
        if event.data["actor"].get("id") != claim.mpn_id():
            return
        claim.poes += [(poe, event.at) for poe in event.data["poe"]]
        zone = rules.zone_of(rules.readable(claim.document),
                             self.reference.tenants.get(claim.tenant_id))
        for line in claim.lines:
            if line.status in LIVE or line.status == "OFFICIAL":
                day, _ = rules.poe_findings(claim.poes, line.number, claim.first_submitted_at, zone)
                line.poe_day = day or ""

    def extended(self, event, claim):
        deadline = instant_ms(event.data["deadline_at"])
        for line in self.addressed(event, claim):
            if line.status == "OPT_OUT_OPEN" and deadline > line.deadline:
                line.deadline = deadline

    def subscription_changed(self, tenant_id, event):
        subscription_id = event.data["subscription_id"].lower()
        self.subscription_states[subscription_id] = event.data["state"]
        if event.data["state"] not in ("EXPIRED", "DELETED"):
            return
        for claim in self.tenants.get(tenant_id, {}).values():
            for line in claim.lines:
                if line.status == "OFFICIAL" and line.subscription_id == subscription_id:
                    self.end(claim, line, event.at, "SUBSCRIPTION_ENDED")

    # ---- time

    def advance(self, tenant_id, at):
        """Whatever was due before `at`, one by one, in order."""
        while True:
            due = [entry for claim in self.tenants.get(tenant_id, {}).values()
                   for entry in self.dues(claim) if entry[0] < at]
            if not due:
                return
            first = min(due, key=lambda entry: entry[0:2])
            first[2](*first[3])

    def dues(self, claim):
        """[(due, order within the instant, what to do, its arguments)]"""
        entries = []
        for line in claim.lines:
            if line.status == "OPT_OUT_OPEN":
                order = (1, newest_first(line.poe_day), claim.first_submitted_at,
                         claim.claim_id, line.number)
                entries.append((line.deadline, order, self.promote, (claim, line)))
        if claim.grace_until:
            entries.append((claim.grace_until, (0,), self.validate,
                            (claim, claim.grace_until, True)))
        elif claim.validated_at and any(line.status == "UNDER_REVIEW" and line.check == "waits"
                                        for line in claim.lines):
            until = claim.validated_at + WAIT_MS
            entries.append((until, (0,), self.validate, (claim, until, True, True)))
        if claim.answer_due and claim.status() == "PARTNER_ACTION_REQUIRED":
            entries.append((claim.answer_due, (2,), self.no_answer, (claim,)))
        return entries

    def no_answer(self, claim):
        claim.findings.add(("NO_PARTNER_RESPONSE", None))
        for line in claim.lines:
            if line.status in LIVE:
                self.move(claim, line, "REJECTED", "NO_PARTNER_RESPONSE")

    def promote(self, claim, line):
        lapsed = line.subscription_id and self.state_of(line.subscription_id) not in rules.USABLE
        holder = self.holders.get((claim.tenant_id, line.slot))
        if lapsed or (holder and holder[1].poe_day >= line.poe_day):
            code = "SUBSCRIPTION_INACTIVE" if lapsed else "COMPETING_CLAIM_OLDER_POE"
            claim.findings.add((code, line.number))
            self.move(claim, line, "REJECTED", code)
            return
        key = (claim.tenant_id, claim.claim_id, line.number)
        if holder:
            self.end(*holder, line.deadline, "SUPERSEDED", association_id(*key))
        line.status, line.reason = "OFFICIAL", None
        claim.reasons = {None}
        self.holders[claim.tenant_id, line.slot] = (claim, line)
        self.associations[key] = Association(*key, line.slot, line.deadline)

    def state_of(self, subscription_id):
        if subscription_id in self.subscription_states:
            return self.subscription_states[subscription_id]
        return self.reference.subscriptions[subscription_id]["state"]


def newest_first(day):
    """Sorts later days first; "" last."""
    return tuple(-int(part) for part in day.split("-")) if day else (0,)




