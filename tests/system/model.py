"""The slow, obvious model of a claim's life, written from the contract alone.

In:  the records of the input topics with their receipt instants, the instants at which the mail
     server accepted the notices, the published ends of the partners' days to answer, and when the
     claims that wait were looked at again.
Out: where each claim and line must end, with which findings, and which associations there were.

Every time-out is "strictly before what comes next": who answers at the deadline is in time.
"""

import collections

import envelope
import fields
import legacy
import revisions
import rules
import verdicts
from state import LIVE, Association, Claim, Line, Reference, forward_key, newest_first
from words import DAY_MS, MINUTE_MS, QUESTIONS, association_id, code_order, instant_ms

GRACE_MS = 10 * MINUTE_MS
WAIT_MS = 7 * DAY_MS
FORWARDED = {"withdrawn", "disassociated", "evidence-added", "imported"}


class Model:
    """Feed it everything that happened, in order of receipt, then read its claims."""

    def __init__(self, notices, answer_dues, contact_rule=True, review="none", looks=None):
        self.notices = notices  # {(tenant, claim, revision): (accepted_at, {line: deadline})}
        self.answer_dues = answer_dues  # {(tenant, claim, revision): [due]}
        self.looks = looks or {}  # {(tenant, claim): [instant]}
        self.contact_rule = contact_rule
        self.refused = {}  # {(tenant, claim, revision): addresses that were refused by chance}
        self.review = review  # "none", "all", or a list of programmes with commas
        self.reference = Reference()
        self.tenants = {}  # tenant_id -> {claim_id: Claim}
        self.holders = {}  # (tenant_id, slot) -> (Claim, Line)
        self.associations = {}
        self.subscription_states = {}  # as forwarded to the topic that decides
        self.kept_opt_outs = {}
        self.dead_letters = []  # (topic, order, code)
        self.challenges = []  # (holder's association, challenger's, deadline)
        self.to_forward, self.forwarded = collections.Counter(), collections.Counter()
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
            event = envelope.decode(item.topic, item.value, item.headers, item.at)
        except envelope.DeadLetter as letter:
            self.dead_letters.append((item.topic, item.order, letter.args[0]))
            return
        event.at = item.at
        tenant_id = envelope.tenant_of(event) if "submitted" in event.type \
            else event.data["tenant_id"].lower()
        self.advance(tenant_id, item.at)
        claim = self.tenants.get(tenant_id, {}).get(event.data.get("claim_id"))
        name = event.type.split(".")[-2]
        is_duplicate = (item.topic, event.source, event.id) in self.seen
        self.seen.add((item.topic, event.source, event.id))
        if name == "submitted":
            self.submitted(event, tenant_id, claim, item, is_duplicate)
        elif is_duplicate or name in ("answer-due", "reminder-due", "kept-due", "opened", "closed",
                                      "comment-added"):
            if claim is None and name == "comment-added":
                self.dead_letters.append((item.topic, item.order, "UNKNOWN_CLAIM"))
        elif name == "changed":
            self.subscription_changed(tenant_id, event)
        elif name == "opted-out" and event.data.get("token"):
            # The judge holds no key: a token in what it judges is a forged one.
            self.dead_letters.append((item.topic, item.order, "TOKEN_INVALID"))
        elif claim is None and name == "opted-out":
            self.kept_opt_outs.setdefault((tenant_id, event.data["claim_id"]), []).append(event)
        elif claim is None and name != "imported":
            self.dead_letters.append((item.topic, item.order, "UNKNOWN_CLAIM"))
        elif item.topic == "claim-submission":
            self.take_of_submission(name, event, claim, item)
        else:
            if name in FORWARDED:
                self.forwarded[forward_key(event)] += 1
            if name == "evidence-added" and claim.lacks_covered(event):
                self.dead_letters.append((item.topic, item.order, "FIELD_INVALID"))
                return
            {"opted-out": self.opted_out, "withdrawn": self.withdrawn,
             "disassociated": self.disassociated, "evidence-added": self.evidence_added,
             "imported": self.imported, "extended": self.extended}[name](event, claim)

    def take_of_submission(self, name, event, claim, item):
        if name == "resubmitted":
            self.resubmitted(event, claim)
        elif name == "reviewed":
            if verdicts.apply(claim, event.data):
                self.settle(claim)
        elif name == "evidence-added" and claim.origin != "LEGACY" and claim.lacks_covered(event):
            self.dead_letters.append((item.topic, item.order, "FIELD_INVALID"))
        else:
            self.to_forward[forward_key(event)] += 1  # and counts where it arrives

    def reference_changed(self, item, at):
        """A record that came wakes the claims that it may be about."""
        value = None if not item.value else envelope.strict_json(item.value)
        concerned = [claim for tenant_id, claims in self.tenants.items()
                     for claim in claims.values()
                     if value is not None and (claim.mpn_id() == item.key if item.topic == "partner"
                                               else tenant_id == value["tenant_id"].lower())]
        for claim in concerned:  # what was due before it came is decided without it
            self.advance(claim.tenant_id, at)
        self.reference.apply(item.topic, item.key, value)
        for claim in concerned:
            if claim.grace_until or self.waits(claim):
                self.validate(claim, at)

    @staticmethod
    def waits(claim):
        return any(line.status == "UNDER_REVIEW" and line.check == "waits" for line in claim.lines)

    def submitted(self, event, tenant_id, claim, item, is_duplicate):
        document = event.data
        if claim is not None:
            if fields.same_content(document) != fields.same_content(claim.original):
                self.dead_letters.append((item.topic, item.order, "CLAIM_IMMUTABLE"))
            return
        if is_duplicate:
            return
        claims = self.tenants.setdefault(tenant_id, {})
        claim = Claim(tenant_id, document["claim_id"], document, len(claims), event.at,
                      original=document)
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
        bad = {(code, None) for code, _ in fields.field_findings(document, True)}
        if bad or not revisions.may_change(claim, before, document):
            others = {entry for entry in claim.findings if not entry[0].startswith("FIELD_")}
            claim.findings = others | (bad or {("FIELD_INVALID", None)})
            return
        kept = {line["line"] for line in document["lines"]}
        claim.revision += 1
        claim.document, claim.revision_at = document, event.at
        claim.answer_due = claim.validated_at = claim.grace_until = None
        claim.answer_count, claim.review_pending = 0, False
        claim.findings = set()
        claim.poes = self.poes_of(document, event.at)
        for line in claim.lines:
            if line.number not in kept and line.status in LIVE:
                self.move(claim, line, "WITHDRAWN", "PARTNER_REQUEST")
            elif line.status == "UNDER_REVIEW":
                line.check, line.reason, line.slot = "none", None, None
        self.validate(claim, event.at)

    # ---- validation

    def validate(self, claim, at, grace_over=False, wait_over=False):
        """The first time all lines; later those that wait, and nothing else."""
        anew = claim.validated_at is None
        lines = [line for line in claim.lines
                 if line.status == "UNDER_REVIEW" and (anew or line.check == "waits")]
        if claim.lines and not lines:
            claim.grace_until = None
            return
        tenant = self.reference.tenants.get(claim.tenant_id)
        codes = rules.validate_claim(claim.document, claim.poes + claim.evidence, tenant,
                                     self.reference, claim.first_submitted_at, self.contact_rule)
        refusals = [code for code in codes if code not in QUESTIONS]
        if anew and not grace_over and self.only_misses_records(refusals, tenant):
            claim.grace_until = claim.grace_until or at + GRACE_MS
            return
        claim.grace_until = None
        claim.validated_at = claim.validated_at or at
        judged = {line.number for line in lines}
        claim.findings = {(code, number) for code, number in claim.findings
                          if code == "REVIEWER_QUESTION" or number not in judged}
        claim.findings |= {(code, None) for code in codes if anew}
        for line in lines:
            self.validate_line(claim, line, tenant, refusals if anew else [], wait_over)
        claim.review_pending = verdicts.is_wanted(claim.document, self.review)
        self.settle(claim)

    @staticmethod
    def only_misses_records(refusals, tenant):
        """A refusal that rests on more than a missing partner's or tenant's record is certain."""
        missing = {"PARTNER_UNKNOWN"} | ({"DOMAIN_TENANT_MISMATCH"} if tenant is None else set())
        return bool(refusals) and set(refusals) <= missing

    def settle(self, claim):
        """What follows whenever a claim's lines or findings have changed."""
        self.hold_or_release(claim)
        self.notice_refused(claim)
        self.note_answer_due(claim)

    def validate_line(self, claim, line, tenant, refusals, wait_over):
        clean = rules.readable(claim.document)
        document_line = next(entry for entry in clean["lines"] if entry.get("line") == line.number)
        subscription, slot, poe_day, codes = rules.validate_line(
            clean, document_line, claim.poes + claim.evidence, tenant, self.reference,
            claim.first_submitted_at)
        line.slot, line.poe_day = slot, poe_day or ""
        line.subscription_id = subscription["subscription_id"] if subscription else None
        codes += self.competition_codes(claim, line)
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

    def competition_codes(self, claim, line):
        codes = []
        if line.slot is None:
            return codes
        earlier = claim.lines[:claim.lines.index(line)]
        if claim.mpn_id() and (self.has_open(claim, line.slot) or any(
                other.slot == line.slot and other.status not in ("WITHDRAWN", "DECLINED")
                for other in earlier)):
            codes.append("DUPLICATE_OWN_CLAIM")
        holder = self.holders.get((claim.tenant_id, line.slot))
        if holder and holder[0].mpn_id() != claim.mpn_id() \
                and line.poe_day and holder[1].poe_day >= line.poe_day:
            codes.append("COMPETING_CLAIM_OLDER_POE")
        return codes

    def has_open(self, claim, slot):
        """Whether another claim of the same partner holds the slot or is on its way to."""
        return any(other is not claim and other.mpn_id() == claim.mpn_id()
                   and any(line.slot == slot and line.status in LIVE | {"OFFICIAL"}
                           for line in other.lines)
                   for other in self.tenants[claim.tenant_id].values())

    def hold_or_release(self, claim):
        """A question holds all lines; a review those that no reviewer approved."""
        held = claim.has_question()
        for line in claim.lines:
            passed = line.check == "approved" or (line.check == "passed"
                                                  and not claim.review_pending)
            if line.status == "VALIDATED" and (held or not passed):
                line.status = "UNDER_REVIEW"
            elif line.status == "UNDER_REVIEW" and passed and not held:
                line.status = "VALIDATED"

    def notice_refused(self, claim):
        """A contact that the mail sink never accepts, once the notice would go out."""
        contact = (claim.document.get("customer") or {}).get("contact") or {}
        local = str(contact.get("email", "")).split("@")[0]
        name = (claim.tenant_id, claim.claim_id, claim.revision)
        hopeless = (local.startswith("bounce") or local == "tempfail"
                    or str(contact.get("email", "")).lower() in self.refused.get(name, ()))
        if hopeless and claim.status() == "VALIDATED":
            claim.findings.add(("CONTACT_UNREACHABLE", None))
            for line in claim.lines:
                if line.status == "VALIDATED":
                    self.move(claim, line, "UNDER_REVIEW", "CONTACT_UNREACHABLE")

    def note_answer_due(self, claim):
        """When the time runs out was published with each change to PARTNER_ACTION_REQUIRED."""
        if claim.status() != "PARTNER_ACTION_REQUIRED":
            claim.answer_due = None
        elif claim.answer_due is None:
            dues = self.answer_dues.get((claim.tenant_id, claim.claim_id, claim.revision))
            claim.answer_due = dues[min(claim.answer_count, len(dues) - 1)] if dues else None
            claim.answer_count += 1

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
                self.challenge(claim, line)

    def challenge(self, claim, line):
        """Whoever holds the slot is told of a window with a newer PoE."""
        holder = self.holders.get((claim.tenant_id, line.slot))
        if holder and holder[0] is not claim and line.poe_day > holder[1].poe_day:
            self.challenges.append((
                association_id(claim.tenant_id, holder[0].claim_id, holder[1].number),
                association_id(claim.tenant_id, claim.claim_id, line.number), line.deadline))

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
        self.settle(claim)

    def end(self, claim, line, at, reason, superseded_by=None):
        self.move(claim, line, "ENDED", reason)
        association = self.associations[claim.tenant_id, claim.claim_id, line.number]
        association.ended_at, association.reason = max(at, association.official_at), reason
        association.superseded_by = superseded_by
        del self.holders[claim.tenant_id, line.slot]

    def evidence_added(self, event, claim):
        if event.data["actor"].get("id") != claim.mpn_id():
            return
        claim.evidence += [(poe, event.at) for poe in event.data["poe"]]
        zone = rules.zone_of(rules.readable(claim.document),
                             self.reference.tenants.get(claim.tenant_id))
        for line in claim.lines:
            if line.status in LIVE or line.status == "OFFICIAL":
                day, _ = rules.poe_findings(claim.poes + claim.evidence, line.number,
                                            claim.first_submitted_at, zone)
                line.poe_day = max(line.poe_day, day or "")  # an imported one has none of its own

    def extended(self, event, claim):
        deadline = instant_ms(event.data["deadline_at"])
        for line in self.addressed(event, claim):
            if line.status == "OPT_OUT_OPEN" and deadline > line.deadline:
                line.deadline = deadline
                self.challenge(claim, line)

    # ---- what the old model left

    def imported(self, event, claim):
        tenant_id, document = event.data["tenant_id"].lower(), legacy.document_of(event.data)
        if claim is None:
            claims = self.tenants.setdefault(tenant_id, {})
            claim = claims[event.data["claim_id"]] = Claim(
                tenant_id, event.data["claim_id"], document, len(claims), event.at,
                origin="LEGACY", validated_at=event.at, original=document)
        elif not legacy.fits(claim, document, event.data["line"]):
            return
        claim.lines.append(legacy.line_of(event.data))
        self.import_line(claim, claim.lines[-1], instant_ms(event.data["official_at"]))

    def import_line(self, claim, line, official_at):
        known = self.reference.subscriptions.get(line.subscription_id)
        usable = known and known["tenant_id"].lower() == claim.tenant_id \
            and self.state_of(line.subscription_id) in rules.USABLE \
            and known["state"] in rules.USABLE
        code = None
        if claim.document["solution_area"] == "MICROSOFT_365":
            code = "NOT_CARRIED_OVER"
        elif not usable:
            code = "SUBSCRIPTION_INACTIVE"
        elif (claim.tenant_id, line.slot) in self.holders:
            code = "COMPETING_CLAIM_OLDER_POE"
        elif self.has_open(claim, line.slot):
            code = "DUPLICATE_OWN_CLAIM"
        if code:
            claim.findings.add((code, line.number))
            self.move(claim, line, "REJECTED", code)
        else:
            self.make_official(claim, line, official_at, None)

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
        elif claim.validated_at and self.waits(claim):
            until = self.wait_end(claim)
            entries.append((until, (0,), self.validate, (claim, until, True, True)))
        if claim.answer_due and claim.status() == "PARTNER_ACTION_REQUIRED":
            entries.append((claim.answer_due, (2,), self.no_answer, (claim,)))
        return entries

    def wait_end(self, claim):
        """Seven days; with all workers down until later, as late as they came to look."""
        until = claim.validated_at + WAIT_MS
        looks = self.looks.get((claim.tenant_id, claim.claim_id), ())
        return min((look for look in looks if look >= until), default=until)

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
        supersedes = None
        if holder:
            supersedes = association_id(claim.tenant_id, holder[0].claim_id, holder[1].number)
            self.end(*holder, line.deadline, "SUPERSEDED",
                     association_id(claim.tenant_id, claim.claim_id, line.number))
        self.make_official(claim, line, line.deadline, supersedes)

    def make_official(self, claim, line, at, supersedes):
        key = (claim.tenant_id, claim.claim_id, line.number)
        line.status, line.reason = "OFFICIAL", None
        claim.reasons = {None}
        self.holders[claim.tenant_id, line.slot] = (claim, line)
        self.associations[key] = Association(*key, line.slot, claim.mpn_id(), claim.origin, at,
                                             line.deadline, line.poe_day, supersedes)

    def state_of(self, subscription_id):
        if subscription_id in self.subscription_states:
            return self.subscription_states[subscription_id]
        return self.reference.subscriptions[subscription_id]["state"]
