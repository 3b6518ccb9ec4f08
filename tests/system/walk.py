"""A seeded random walk over every input event type, in rounds on business days.

In a round each claim and each slot gets at most one event, and all is settled before the next; a
day's wall time is far shorter than the half hour by which the days move on. So what falls due does
so between two days, and the outcome depends on the seed alone. What is left out, because the
contract leaves its outcome to the moment at which a worker comes to it:
- claims of one slot in one round, but for exact duplicates: the instant of receipt breaks ties;
- competition in the slots of claims in grace: the grace may end beside a window's end, and a
  validation against a slot's holder is a courtesy;
- the same event twice of a claim that is not known: it is a dead letter, and leaves nothing to
  know it by;
- an opt-out that is kept for an association to be imported.
"""

import collections
import dataclasses

import documents
import harness
import walk_claims
from words import DAY_MS, instant_ms, instant_text

DAY_STEP_MS = DAY_MS + 30 * 60_000
DAYS, SUBMISSION_DAYS, ROUNDS = 13, 6, 2
ANY = "any"

# How often a move is made in a status, beside the others; ANY counts in every status.
WEIGHTS = {
    ANY: {"again": 2, "other_content": 2, "duplicate": 4, "resubmit": 2, "withdraw": 2,
          "withdraw_foreign": 2, "evidence": 3, "evidence_foreign": 1, "evidence_elsewhere": 1,
          "comment": 3, "review": 3, "disassociate": 2, "disassociate_foreign": 1,
          "import_here": 1, "opt_out": 2, "opt_out_forged": 1, "extend": 2, "subscription": 2,
          "malformed": 1, "unheard_of": 1},
    "PARTNER_ACTION_REQUIRED": {"resubmit": 60, "resubmit_bad": 16, "review": 20, "evidence": 6},
    "UNDER_REVIEW": {"review": 50, "opt_out": 5, "withdraw": 5},
    "OPT_OUT_OPEN": {"opt_out": 10, "withdraw": 5, "evidence": 10, "extend": 12,
                     "subscription": 12},
    "OFFICIAL": {"disassociate": 12, "opt_out": 8, "withdraw": 5, "evidence": 10,
                 "subscription": 15, "import_here": 5},
}
OPEN = ("PARTNER_ACTION_REQUIRED", "UNDER_REVIEW", "OPT_OUT_OPEN", "OFFICIAL")


@dataclasses.dataclass
class Event:
    topic: str
    type: str | None  # None: a reference record
    data: object
    tenant_id: str
    id: str


class Walk:
    """One walk; the same seed and count make the same events wherever outcomes are the same."""

    def __init__(self, installation, seed, count, start_at_ms):
        self.installation, self.count = installation, count
        self.claims = walk_claims.Claims(seed, start_at_ms)
        self.random, self.load = self.claims.random, self.claims.load
        self.start_at_ms, self.now_ms = start_at_ms, start_at_ms
        self.board = harness.StatusBoard(installation)
        self.plans = {}  # key -> Plan, of what was submitted
        self.documents = {}  # key -> the document of the last revision
        self.offered = {}  # key -> {revision: document}
        self.sent = collections.defaultdict(list)  # key -> well-formed events, for duplicates
        self.waiting_plans = []  # of the next round
        self.deferred = []  # imports of the next round
        self.late = []  # [(key of the claim, topic, key, record)]
        self.touched = set()
        self.number = 0
        self.made = collections.Counter()
        self.prepared = 0

    # ---- the run

    def run(self):
        per_round = -(-self.count // (SUBMISSION_DAYS * ROUNDS))
        self.prepare(per_round)
        self.installation.flush()
        self.installation.wait_settled()
        for day in range(DAYS):
            for _ in range(ROUNDS):
                self.round(per_round)
            self.leap(DAY_STEP_MS)
            harness.say(f"  day {day + 1} of {DAYS}: {len(self.plans)} claims, "
                        f"{sum(self.made.values())} events")
        for _ in range(3):  # what still waits, then what follows from it
            self.leap(16 * DAY_MS)
        self.board.close()

    def leap(self, step_ms):
        self.now_ms += step_ms
        self.installation.jump(self.now_ms)
        self.look()

    def look(self):
        """All that was published; nothing is on its way to a notice that never comes."""
        for record in self.board.follower.read_to_end():
            if record.header("ce_type") == "cpor.claim.status-changed.v1":
                data = record.json
                self.board.events[data["tenant_id"], data["claim_id"]][data["sequence"]] = data
        stuck = [key for key in self.plans if self.status(key) in ("SUBMITTED", "VALIDATED")]
        assert not stuck, f"{len(stuck)} settled claims are on their way, {stuck[:5]}"
        for key, offers in self.offered.items():
            self.documents[key] = offers.get(self.latest(key)["revision"], self.documents[key])

    def prepare(self, count):
        """The claims of the next round; their reference records come before them."""
        count = min(count, self.count - self.prepared)
        for _ in range(count):
            plan = self.claims.plan()
            self.waiting_plans.append(plan)
            if plan.opt_out_first:
                self.opt_out(plan.key, plan.document)
        self.prepared += count
        for topic, key, record in self.claims.fresh_records():
            self.publish_record(topic, key, record)

    def round(self, count):
        self.touched.clear()
        plans, self.waiting_plans = self.waiting_plans, []
        before = sorted(key for key in self.plans if self.latest(key))
        for plan in plans:
            self.submit(plan)
        self.arrive()
        self.import_deferred()
        self.move_some(before)
        self.prepare(count)
        self.installation.flush()
        self.installation.wait_settled(120)
        self.look()

    # ---- what happens in a round

    def touch(self, names):
        """Whether none of these had an event in this round; they have now."""
        if names & self.touched:
            return False
        self.touched |= names
        return True

    def names_of(self, key):
        plan = self.plans[key]
        if plan.imported:
            data = plan.document
            return {key, (data["tenant_id"], data.get("subscription_id"))}
        return {key} | walk_claims.slots_of(plan.document) | walk_claims.slots_of(
            plan.good or plan.document)

    def submit(self, plan):
        self.plans[plan.key] = plan
        if not self.touch(self.names_of(plan.key)):
            del self.plans[plan.key]
            self.waiting_plans.append(plan)
            return
        kind = "cpor.association.imported.v1" if plan.imported else "cpor.claim.submitted.v1"
        self.publish("claim-submission", kind, plan.document, plan.key)
        self.documents[plan.key] = plan.document
        self.late += [(plan.key, *record) for record in plan.late]

    def arrive(self):
        """Records that were late; some never come."""
        late, self.late = self.late, []
        for key, topic, name, record in late:
            chance = self.random.random()
            if key in self.touched or chance < 0.4:
                self.late.append((key, topic, name, record))
            elif chance < 0.9 and self.touch(self.names_of(key)):
                self.publish_record(topic, name, record)

    def move_some(self, keys):
        """Half of the moves go to claims on which something is open."""
        lively = [key for key in keys if self.status(key) in OPEN[:2]]
        for _ in range(self.count // 22 if keys else 0):
            chance = self.random.random()
            key = self.random.choice(lively if lively and chance < 0.3 else keys)
            if self.touch(self.names_of(key)):
                self.move(key)

    def move(self, key):
        weights = dict(WEIGHTS[ANY])
        if self.random.random() < 0.75:
            weights.update(WEIGHTS.get(self.status(key), {}))
        name = self.random.choices(list(weights), list(weights.values()))[0]
        self.made[name] += 1
        getattr(self, name)(key, self.documents[key])

    # ---- what is known of a claim

    def latest(self, key):
        return self.board.latest(key)

    def status(self, key):
        return self.board.status(key)

    def lines(self, key):
        return [line["line"] for line in self.latest(key)["lines"]]

    def some_lines(self, key):
        numbers = self.lines(key)
        if not numbers or self.random.random() < 0.5:
            return {}
        return {"lines": sorted(self.random.sample(numbers,
                                                   self.random.randint(1, len(numbers))))}

    def partner(self, key, foreign=False):
        return {"type": "partner", "id": "77" if foreign or not self.latest(key)["mpn_id"]
                else self.latest(key)["mpn_id"]}

    # ---- publishing

    def publish(self, topic, event_type, data, key, event_id=None, repeats=True):
        self.number += 1
        event = Event(topic, event_type, data, key[0], event_id or f"walk-{self.number}")
        self.installation.publish(topic, event_type, data, key[0], event.id)
        if repeats:
            self.sent[key].append(event)
        return event

    def publish_record(self, topic, key, record):
        self.installation.produce(topic, key, record)

    def tell(self, topic, event_type, key, repeats=True, **data):
        self.publish(topic, event_type, {"claim_id": key[1], "tenant_id": key[0], **data}, key,
                     repeats=repeats)

    # ---- moves of publishers

    def again(self, key, _document):
        """The same content under another id."""
        plan = self.plans[key]
        if not plan.imported:
            self.publish("claim-submission", "cpor.claim.submitted.v1", plan.document, key)

    def other_content(self, key, _document):
        plan = self.plans[key]
        if plan.imported:
            document, _ = self.load.m365()
            document["customer"]["tenant_id"], document["claim_id"] = key
        else:
            document = {**plan.document, "claim_name": f"another {self.number}"}
        name = self.sent[key][0].id if self.random.random() < 0.3 and not plan.imported else None
        self.publish("claim-submission", "cpor.claim.submitted.v1", document, key, name, False)

    def duplicate(self, key, _document):
        event = self.random.choice(self.sent[key])
        self.installation.publish(event.topic, event.type, event.data, event.tenant_id, event.id)

    def malformed(self, key, _document):
        kind = self.random.randrange(4)
        if kind == 0:
            self.tell("claim-submission", "cpor.claim.reviewed.v1", key, False, verdict="ASK",
                      revision=1, actor={"type": "reviewer", "id": "r"})
        elif kind == 1:
            self.tell("claim-submission", "cpor.association.disassociated.v1", key, False,
                      reason=" ", actor=self.partner(key))
        elif kind == 2:
            self.tell("opt-out-expiry", "cpor.customer.opted-out.v1", key, False, lines=[],
                      actor={"type": "customer"})
        else:
            self.tell("claim-submission", "cpor.claim.withdrawn.v1", key, False,
                      actor={"type": "customer", "id": "1"})

    def unheard_of(self, key, _document):
        """About a claim that nobody submits."""
        other = (key[0], f"X-{self.number}")
        kind = self.random.randrange(4)
        if kind == 0:
            self.tell("claim-submission", "cpor.claim.withdrawn.v1", other,
                      actor={"type": "partner", "id": "1"})
        elif kind == 1:
            self.tell("claim-submission", "cpor.claim.comment-added.v1", other, comment={
                "author": "A", "at": "2026-05-01T00:00:00Z", "text": "t"})
        elif kind == 2:
            self.tell("opt-out-expiry", "cpor.window.extended.v1", other, reason="r",
                      deadline_at=instant_text(self.now_ms + 9 * DAY_MS),
                      actor={"type": "operator", "id": "o"})
        else:
            self.opt_out(other, None)

    # ---- moves of partners

    def resubmit(self, key, document):
        """An answer: mostly a good one, of the lines that are left."""
        plan, latest = self.plans[key], self.latest(key)
        if plan.imported:
            self.publish("claim-submission", "cpor.claim.resubmitted.v1", {
                **self.load.m365()[0], "claim_id": key[1], "revision": 2,
                "customer": {"tenant_id": key[0]}}, key)
            return
        document = dict(plan.good if plan.good and self.random.random() < 0.9 else document)
        kept = {line.get("line") for line in self.documents[key].get("lines") or []}
        kept -= {line["line"] for line in latest["lines"] if line["status"] == "WITHDRAWN"}
        if len(kept) > 1 and self.random.random() < 0.25:
            kept.discard(self.random.choice(sorted(kept)))
        if self.random.random() < 0.93:
            document["lines"] = [line for line in document.get("lines") or []
                                 if line.get("line") in kept]
            numbers = {line.get("line") for line in document["lines"]}
            document["poe"] = [{**poe, "covers": [n for n in poe.get("covers", [])
                                                  if n in numbers]}
                               for poe in document.get("poe") or []]
        if self.random.random() < 0.1:
            document["mpn_id"] = self.load.mpn_id()
        step = 1 if self.random.random() < 0.92 else self.random.choice((0, 2))
        self.offer(key, document, latest["revision"] + step)

    def offer(self, key, document, revision):
        document = {**document, "revision": max(2, revision)}
        self.publish("claim-submission", "cpor.claim.resubmitted.v1", document, key)
        self.offered.setdefault(key, {}).setdefault(max(2, revision), document)

    def resubmit_bad(self, key, document):
        """Malformed, or of what may not change."""
        if self.plans[key].imported:
            return
        path, value = self.random.choice((
            ("/customer/domain", "mail." + document["customer"].get("domain", "x.example")),
            ("/claim_name", ""), ("/lines", document.get("lines", []) + [
                {"line": 47, "workload": "TEAMS"}]), ("/activities", ["PRE_SALES"])))
        self.publish("claim-submission", "cpor.claim.resubmitted.v1", documents.changed(
            {**document, "revision": self.latest(key)["revision"] + 1}, path, value), key)

    def withdraw(self, key, _document, foreign=False):
        self.tell("claim-submission", "cpor.claim.withdrawn.v1", key,
                  actor=self.partner(key, foreign), **self.some_lines(key))

    def withdraw_foreign(self, key, document):
        self.withdraw(key, document, True)

    def evidence(self, key, _document, foreign=False):
        numbers = self.lines(key)
        covers = sorted(self.random.sample(numbers, self.random.randint(0, len(numbers))))
        self.tell("claim-submission", "cpor.claim.evidence-added.v1", key,
                  actor=self.partner(key, foreign),
                  poe=[documents.poe(self.load.day(self.random.randint(-4, 60)), covers,
                                     document_id=f"SOW-{self.number}")])

    def evidence_foreign(self, key, document):
        self.evidence(key, document, True)

    def evidence_elsewhere(self, key, _document):
        """Covers a line that the claim does not have."""
        self.tell("claim-submission", "cpor.claim.evidence-added.v1", key, False,
                  actor=self.partner(key), poe=[documents.poe(self.load.day(9), [48])])

    def comment(self, key, _document):
        self.tell("claim-submission", "cpor.claim.comment-added.v1", key, comment={
            "author": "Kim", "at": instant_text(self.start_at_ms), "text": f"no {self.number}"})

    def disassociate(self, key, _document, foreign=False):
        self.tell("claim-submission", "cpor.association.disassociated.v1", key,
                  actor=self.partner(key, foreign), reason="it is over", **self.some_lines(key))

    def disassociate_foreign(self, key, document):
        self.disassociate(key, document, True)

    def import_here(self, key, _document):
        """Another line of an imported claim, or an import under the id of a claim."""
        plan = self.plans[key]
        tenant = next((tenant for tenant in self.load.tenants
                       if tenant["tenant_id"] == key[0]), None)
        if tenant is None:
            return
        mine = self.load.subscription(tenant, self.random.choice(walk_claims.PRODUCTS))
        data = self.claims.import_of(tenant, mine, key[1], max(self.lines(key), default=0) + 1)
        if plan.imported and self.random.random() < 0.8:
            data |= {"mpn_id": plan.document["mpn_id"], "domain": plan.document["domain"]}
        self.deferred.append((key, data))

    def import_deferred(self):
        """Imports whose subscription's record came in the round before."""
        deferred, self.deferred = self.deferred, []
        for key, data in deferred:
            if self.touch(self.names_of(key) | {(key[0], data["subscription_id"])}):
                self.publish("claim-submission", "cpor.association.imported.v1", data, key)
            else:
                self.deferred.append((key, data))

    # ---- moves of reviewers, customers and operators

    def review(self, key, _document):
        latest = self.latest(key)
        verdict = self.random.choice(("APPROVE", "APPROVE", "APPROVE", "REJECT", "ASK"))
        wrong = self.random.random() < 0.1
        data = {"revision": latest["revision"] + wrong, "verdict": verdict,
                "actor": {"type": "reviewer", "id": "rita"}, **self.some_lines(key)}
        if verdict != "APPROVE":
            data["reason"] = "the reviewer's reason"
        open_lines = [line["line"] for line in latest["lines"]
                      if line["status"] == "UNDER_REVIEW"]
        if verdict == "ASK" and open_lines and self.random.random() < 0.4:
            data["findings"] = [{"code": "POE_TOO_OLD", "line": self.random.choice(open_lines),
                                 "message": "Which day is it?"}]
        self.tell("claim-submission", "cpor.claim.reviewed.v1", key, **data)

    def opt_out(self, key, _document):
        who = self.random.choice(({"type": "customer"}, {"type": "operator", "id": "olga"}))
        lines = self.some_lines(key) if self.latest(key) else {}
        self.tell("opt-out-expiry", "cpor.customer.opted-out.v1", key, actor=who, **lines)

    def opt_out_forged(self, key, _document):
        self.tell("opt-out-expiry", "cpor.customer.opted-out.v1", key, False,
                  actor={"type": "customer"}, token=f"v1.{'x' * 40}.{self.number}")

    def extend(self, key, _document):
        """By whole days, so that it still ends at a midnight: longer, the same or shorter."""
        until = instant_ms(self.latest(key)["deadline_at"]) or self.now_ms + DAY_MS
        days = self.random.choice((-2, 0, 1, 2, 3, 4))
        self.tell("opt-out-expiry", "cpor.window.extended.v1", key, reason="a customer's wish",
                  deadline_at=instant_text(until + days * DAY_MS),
                  actor={"type": "operator", "id": "olga"}, **self.some_lines(key))

    def subscription(self, key, document):
        """One of the claim's subscriptions changes, or is gone."""
        lines = [document] if self.plans[key].imported else document.get("lines") or []
        named = [line["subscription_id"] for line in lines if line.get("subscription_id")]
        known = [record for record in self.load.subscriptions
                 if record["subscription_id"] in named
                 and record["subscription_id"] not in self.claims.held]
        if not known:
            return
        record = self.random.choice(known)
        if self.random.random() < 0.15:
            self.publish_record("subscription", record["subscription_id"], None)
            return
        record["state"] = self.random.choice(("SUSPENDED", "SUSPENDED", "GRACE", "ACTIVE",
                                              "EXPIRED", "DELETED"))
        self.publish_record("subscription", record["subscription_id"], record)
