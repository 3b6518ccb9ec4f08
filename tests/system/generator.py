"""A seeded mixed load: stories of claims, each a list of steps, over several hundred tenants.

A step waits for a status of its claim (or nothing), then for some wall seconds, then publishes.
What races in the contract's own terms (an opt-out against the deadline) is left to chance; what the
contract leaves to the moment of validation is made certain by waiting.
"""

import copy
import dataclasses
import datetime
import random

import documents
from words import DYNAMICS, POWER_PLATFORM, PRODUCTS, WORKLOADS

COUNTRIES = ("KR", "US", "GB", "DE", "JP", None)
FINAL = ("OFFICIAL", "REJECTED", "WITHDRAWN", "ENDED")


@dataclasses.dataclass
class Message:
    topic: str
    type: str | None
    data: object  # a document, or bytes as they are
    tenant_id: str
    id: str | None = None
    headers: list | None = None  # replaces the envelope


@dataclasses.dataclass
class Step:
    messages: list
    key: tuple | None = None  # (tenant, claim) to wait for; None: at once
    statuses: tuple = ()
    delay_s: float = 0.0


class Load:
    """Reference records and stories; `claims` are the keys that must reach a final status."""

    def __init__(self, seed, count, start_at_ms, window_s=14.0):
        self.random = random.Random(seed)
        self.today = datetime.datetime.fromtimestamp(start_at_ms / 1000,
                                                     datetime.timezone.utc).date()
        self.window_s = window_s
        self.partners, self.tenants, self.subscriptions = [], [], []
        self.stories, self.claims = [], []
        self.number = 0
        self.used = set()  # (tenant, workload)
        self.make_partners()
        for _ in range(max(10, count // 5)):
            self.add_tenant()
        self.pool = list(self.tenants)
        while len(self.claims) < count:
            self.add_story()

    # ---- reference

    def make_partners(self):
        for number in range(20):
            self.partners.append(documents.partner(
                str(1000000 + number), country=self.random.choice(COUNTRIES[:5])))
        self.partners.append(documents.partner("2000001", location=False))
        self.partners.append(documents.partner("2000002", enrolments=[]))
        self.partners.append(documents.partner("2000003", enrolments=["OSU_M365"]))

    def add_tenant(self, **changes):
        country = self.random.choice(COUNTRIES)
        made = documents.tenant(len(self.tenants) + 1, country, **changes)
        if country is None and "country" not in changes:
            del made["country"]
        self.tenants.append(made)
        return made

    def day(self, days_ago):
        return (self.today - datetime.timedelta(days=days_ago)).isoformat()

    def good_day(self):
        return self.day(self.random.randint(20, 300))

    def mpn_id(self, other_than=()):
        return self.random.choice([p["mpn_id"] for p in self.partners[:20]
                                   if p["mpn_id"] not in other_than])

    def claim_id(self):
        self.number += 1
        return f"C-{self.number:05d}"

    # ---- good claims

    def free_workloads(self, tenant, count):
        free = [code for code in WORKLOADS if (tenant["tenant_id"], code) not in self.used]
        chosen = self.random.sample(free, min(count, len(free)))
        self.used.update((tenant["tenant_id"], code) for code in chosen)
        return chosen

    def m365(self, tenant=None, count=None, mpn_id=None):
        count = count or self.random.randint(1, 5)
        tenant = tenant or self.random.choice(self.pool)
        workloads = self.free_workloads(tenant, count)
        if len(workloads) < count:
            tenant = self.add_tenant()
            self.pool.append(tenant)
            workloads = self.free_workloads(tenant, count)
        return documents.claim(self.claim_id(), tenant, self.good_day(), workloads,
                               mpn_id or self.mpn_id()), tenant

    def subscription(self, tenant, product, **changes):
        made = documents.subscription(tenant, product, len(self.subscriptions) + 1, **changes)
        self.subscriptions.append(made)
        return made

    def bizapps(self, tenant=None, count=None, activities=None, products=PRODUCTS, mpn_id=None):
        """Each line names a new subscription, so that it has its slot for itself."""
        tenant = tenant or self.random.choice(self.pool)
        activities = activities or self.random.choice(
            (["USAGE"], ["PRE_SALES"], ["USAGE", "PRE_SALES"], ["REVENUE_ASSOCIATION"]))
        chosen = self.random.sample(products, count or self.random.randint(1, 3))
        lines = [(product, self.subscription(tenant, product)["subscription_id"])
                 for product in chosen]
        return documents.bizapps_claim(self.claim_id(), tenant, self.good_day(), lines, activities,
                                       mpn_id or self.mpn_id()), tenant

    def unnamed(self):
        """A line whose subscription is resolved: in a tenant of its own."""
        tenant = self.add_tenant()
        document, _ = self.bizapps(tenant, 2)
        for line in document["lines"]:
            del line["subscription_id"]
        return document, tenant

    def good(self):
        kind = self.random.random()
        if kind < 0.6:
            return self.m365()
        return self.bizapps() if kind < 0.93 else self.unnamed()

    # ---- steps

    def submit(self, document, **options):
        tenant_id = document["customer"]["tenant_id"]
        key = (tenant_id, document["claim_id"])
        self.claims.append(key)
        return Step([Message("claim-submission", "cpor.claim.submitted.v1", document, tenant_id,
                             f"submit-{document['claim_id']}")], **options)

    def later(self, document, statuses, delay_s, topic, event_type, **data):
        tenant_id = document["customer"]["tenant_id"]
        body = {"tenant_id": tenant_id, "claim_id": document["claim_id"], **data}
        return Step([Message(topic, event_type, body, tenant_id)],
                    (tenant_id, document["claim_id"]), statuses, delay_s)

    def tell(self, *steps):
        self.stories.append(list(steps))

    def add_story(self):
        kinds = ((self.story_good, 54), (self.story_refused, 11), (self.story_asked, 9),
                 (self.story_competition, 5), (self.story_own_duplicate, 2),
                 (self.story_opt_out, 7), (self.story_withdrawn, 3), (self.story_disassociated, 2),
                 (self.story_publisher_duplicate, 2), (self.story_immutable, 1),
                 (self.story_malformed, 2), (self.story_dead_letter, 1), (self.story_evidence, 1))
        story = self.random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        story()

    def story_good(self):
        document, _ = self.good()
        self.tell(self.submit(document))

    # ---- refusals

    def story_refused(self):
        kind = self.random.choice((
            self.wrong_program, self.wrong_activity, self.wrong_partner, self.wrong_domain,
            self.no_technical_contact, self.no_revenue, self.unknown_product, self.bad_subscription,
            self.not_on_tenant, self.several_at_once))
        self.tell(self.submit(kind()))

    def wrong_program(self):
        document, _ = self.m365()
        document["program"] = self.random.choice(("CSP", "MANAGED_RESELLER", "OSA_SELL",
                                                  "OSU_BIZAPPS"))
        return document

    def wrong_activity(self):
        document, _ = self.m365()
        document["activities"] = self.random.choice((["PRE_SALES"], ["USAGE", "PRE_SALES"],
                                                     ["REVENUE_ASSOCIATION"]))
        if document["activities"] == ["REVENUE_ASSOCIATION"]:
            document["customer"]["name"] = "Customer"
            document["revenue"] = {"dynamics_seller_name": "A", "customer_name": "B",
                                   "isv_solution_name": "C"}
        return document

    def wrong_partner(self):
        if self.random.random() < 0.25:
            document, _ = self.bizapps(activities=["USAGE"])
            document["mpn_id"] = "2000003"
            return document
        document, _ = self.m365()
        document["mpn_id"] = self.random.choice(("9999999", "2000001", "2000002"))
        return document

    def wrong_domain(self):
        document, _ = self.m365()
        if self.random.random() < 0.5:
            document["customer"]["domain"] = "somebody-else.example"
        else:
            stranger = documents.tenant(900_000 + self.number)
            document["customer"]["tenant_id"] = stranger["tenant_id"]
        return document

    def no_technical_contact(self):
        document, _ = self.bizapps(products=DYNAMICS)
        del document["customer"]["technical_contact"]
        return document

    def no_revenue(self):
        document, _ = self.bizapps(activities=["REVENUE_ASSOCIATION"])
        del document["revenue"][self.random.choice(("dynamics_seller_name", "isv_solution_name",
                                                    "customer_name"))]
        return document

    def unknown_product(self):
        document, _ = self.m365(count=3)
        document["lines"][self.random.randrange(3)]["workload"] = self.random.choice(
            ("CLIPPY", "D365_SALES"))
        return document

    def subscription_of(self, line):
        return next(subscription for subscription in self.subscriptions
                    if subscription["subscription_id"] == line["subscription_id"])

    def bad_subscription(self):
        document, _ = self.bizapps(count=2, activities=["USAGE"], products=POWER_PLATFORM)
        line = document["lines"][self.random.randrange(2)]
        mine = self.subscription_of(line)
        kind = self.random.randrange(5)
        if kind == 0:
            mine["channel"] = "CSP"
        elif kind == 1:
            mine["state"] = self.random.choice(("SUSPENDED", "EXPIRED", "DELETED"))
        elif kind == 2:
            mine["tenant_id"] = documents.tenant(800_000)["tenant_id"]
        elif kind == 3:
            mine["product"] = "D365_FINANCE"
        else:
            mine["product"] = "EXCHANGE_ONLINE"
        return document

    def not_on_tenant(self):
        """Waits for seven days, then refused."""
        document, tenant = self.bizapps(self.add_tenant(), 2, ["USAGE"], POWER_PLATFORM)
        line = document["lines"][0]
        mine = self.subscription_of(line)
        kind = self.random.randrange(3)
        if kind == 0:
            mine["provisioned"] = False
        else:
            self.subscriptions.remove(mine)
            if kind == 1:
                del line["subscription_id"]
        return document

    def several_at_once(self):
        document, _ = self.m365(count=2)
        document["mpn_id"] = "2000001"
        document["program"] = "SURFACE"
        document["lines"][1]["workload"] = "CLIPPY"
        document["poe"] = []
        return document

    # ---- questions

    def story_asked(self):
        document, tenant = self.m365(count=2)
        good = copy.deepcopy(document)
        kinds = [self.ask_contact, self.ask_poe, self.ask_poe, self.ask_poe, self.ask_disclosure,
                 self.ask_ambiguous, self.ask_bounce]
        asked, good = self.random.choice(kinds)(document, good)
        steps = [self.submit(asked)]
        if self.random.random() < 0.5:
            steps.append(self.resubmit(good, 2))
        self.tell(*steps)

    def resubmit(self, document, revision):
        tenant_id = document["customer"]["tenant_id"]
        return Step([Message("claim-submission", "cpor.claim.resubmitted.v1",
                             {**document, "revision": revision}, tenant_id)],
                    (tenant_id, document["claim_id"]), ("PARTNER_ACTION_REQUIRED",),
                    self.random.random() * 3)

    def ask_contact(self, asked, good):
        asked["customer"]["contact"]["email"] = f"{asked['claim_id'].lower()}@partner.example"
        return asked, good

    def ask_poe(self, asked, good):
        proof = asked["poe"][0]
        kind = self.random.randrange(6)
        if kind == 0:
            asked["poe"] = []
        elif kind == 1:
            proof["signed_by"] = ""
        elif kind == 2:
            del proof["signed_on"]
        elif kind == 3:
            proof["signed_on"] = self.day(400)
        elif kind == 4:
            proof["signed_on"] = self.day(-90)
        else:
            proof["covers"] = [1]
        return asked, good

    def ask_disclosure(self, _asked, _good):
        tenant = self.add_tenant(public_sector=True)
        tenant["country"] = "US"
        document, _ = self.m365(tenant, 2)
        good = copy.deepcopy(document)
        good["poe"][0]["public_sector_disclosure"] = True
        return document, good

    def ask_ambiguous(self, _asked, _good):
        document, tenant = self.bizapps(self.add_tenant(), 1, ["USAGE"], POWER_PLATFORM)
        self.subscription(tenant, document["lines"][0]["product"])
        good = copy.deepcopy(document)
        del document["lines"][0]["subscription_id"]
        return document, good

    def ask_bounce(self, asked, good):
        asked["customer"]["contact"]["email"] = \
            f"bounce.{asked['claim_id'].lower()}@{asked['customer']['domain']}"
        return asked, good

    # ---- competition

    RIVAL_DAYS = ((-30, 0, 30), (-40, 0, 40))  # of a second and a third that come beside the first

    def story_competition(self):
        """Two or three partners for one slot; side by side, or one after the other is official."""
        tenant = self.add_tenant()
        day = self.random.randint(60, 200)
        first, _ = self.m365(tenant, self.random.choice((1, 1, 2)))
        first["poe"][0]["signed_on"] = self.day(day)
        if self.random.random() < 0.5:
            second = self.rival(first, day + self.random.choice(self.RIVAL_DAYS[0]))
            self.tell(self.submit(first))
            self.tell(self.submit(second))
            if self.random.random() < 0.3:
                self.tell(self.submit(self.rival(
                    first, day + self.random.choice(self.RIVAL_DAYS[1]), {second["mpn_id"]})))
            return
        second = self.rival(first, day + self.random.choice((-30, 0, 30)))
        key = (tenant["tenant_id"], first["claim_id"])
        self.tell(self.submit(first), self.submit(second, key=key, statuses=("OFFICIAL",)))

    def rival(self, first, days_ago, not_these=frozenset()):
        """Another partner's claim of the first line."""
        second = copy.deepcopy(first)
        second["claim_id"] = self.claim_id()
        second["mpn_id"] = self.mpn_id({first["mpn_id"], *not_these})
        second["customer"]["contact"]["email"] = \
            f"{second['claim_id'].lower()}@{second['customer']['domain']}"
        second["lines"] = second["lines"][:1]
        second["poe"][0] |= {"signed_on": self.day(days_ago), "covers": [1]}
        return second

    def story_own_duplicate(self):
        first, tenant = self.m365(self.add_tenant(), 1)
        second = self.rival(first, 30)
        second["mpn_id"] = first["mpn_id"]
        key = (tenant["tenant_id"], first["claim_id"])
        waits = self.random.random() < 0.5
        self.tell(self.submit(first),
                  self.submit(second, **({"key": key, "statuses": ("OFFICIAL",)} if waits else {})))

    # ---- customers and partners change their mind

    def some_lines(self, document):
        numbers = [line["line"] for line in document["lines"]]
        if self.random.random() < 0.6:
            return {}
        return {"lines": self.random.sample(numbers, self.random.randint(1, len(numbers)))}

    def story_opt_out(self):
        document, _ = self.good()
        steps = [self.submit(document)]
        for _ in range(self.random.choice((1, 1, 2))):
            steps.append(self.later(
                document, ("OPT_OUT_OPEN", "OFFICIAL", "REJECTED", "ENDED"),
                self.random.random() * self.window_s, "opt-out-expiry",
                "cpor.customer.opted-out.v1", actor={"type": "customer"},
                **self.some_lines(document)))
        self.tell(*steps)

    def story_withdrawn(self):
        document, _ = self.good()
        statuses = self.random.choice((("VALIDATED", "OPT_OUT_OPEN", "OFFICIAL"),
                                       ("OPT_OUT_OPEN", "OFFICIAL"), ("OFFICIAL",)))
        self.tell(self.submit(document), self.later(
            document, statuses, self.random.random(), "claim-submission",
            "cpor.claim.withdrawn.v1", actor={"type": "partner", "id": document["mpn_id"]},
            **self.some_lines(document)))

    def story_disassociated(self):
        document, _ = self.good()
        actor = document["mpn_id"] if self.random.random() < 0.8 else "1"
        self.tell(self.submit(document), self.later(
            document, ("OFFICIAL",), self.random.random(), "claim-submission",
            "cpor.association.disassociated.v1", actor={"type": "partner", "id": actor},
            reason="the engagement has ended", **self.some_lines(document)))

    CHALLENGER_DAYS = 100  # the age of its proof; the holder's is of 200 days, then of 50

    def story_evidence(self):
        """A holder protects itself with a fresher proof before the challenger comes."""
        tenant = self.add_tenant()
        first, _ = self.m365(tenant, 1)
        first["poe"][0]["signed_on"] = self.day(200)
        second = self.rival(first, self.CHALLENGER_DAYS)
        key = (tenant["tenant_id"], first["claim_id"])
        evidence = self.later(
            first, ("OPT_OUT_OPEN",), 0, "claim-submission", "cpor.claim.evidence-added.v1",
            actor={"type": "partner", "id": first["mpn_id"]},
            poe=[documents.poe(self.day(50), [1], document_id="SOW-2")])
        self.tell(self.submit(first), evidence,
                  self.submit(second, key=key, statuses=("OFFICIAL",)))

    # ---- publishers' mistakes

    def story_publisher_duplicate(self):
        document, _ = self.good()
        step = self.submit(document)
        again = Step(list(step.messages), self.claims[-1],
                     self.random.choice((("SUBMITTED", "VALIDATED", "OPT_OUT_OPEN", "OFFICIAL"),
                                         ("OFFICIAL",))))
        self.tell(step, again)

    def story_immutable(self):
        document, _ = self.good()
        step = self.submit(document)
        other = {**copy.deepcopy(document), "claim_name": "something else"}
        name = step.messages[0].id if self.random.random() < 0.5 else None
        self.tell(step, Step([Message("claim-submission", "cpor.claim.submitted.v1", other,
                                      step.messages[0].tenant_id, name)]))

    def story_malformed(self):
        document, _ = self.m365(count=2)
        path, value = self.random.choice((
            ("/claim_name", ...), ("/claim_name", "x" * 129), ("/mpn_id", "12a"),
            ("/customer/domain", "not a domain"), ("/customer/contact/email", ...),
            ("/customer/contact/title", ...), ("/customer/country", "KOR"),
            ("/partner/contact", ...), ("/solution_area", "AZURE"), ("/activities", ...),
            ("/poe/0/signed_on", "2026-02-30"), ("/poe/0/covers", [1, 9]), ("/lines", []),
            ("/customer/contact/name", "Eve\u202egro"), ("/customer/time_zone", "Mars/Olympus")))
        self.tell(self.submit(documents.changed(document, path, value)))

    def story_dead_letter(self):
        document, tenant = self.m365(count=1)
        tenant_id = tenant["tenant_id"]
        kind = self.random.randrange(5)
        message = Message("claim-submission", "cpor.claim.submitted.v1", b"{", tenant_id)
        if kind == 1:
            message.data = {**document, "claim_id": "no spaces allowed"}
        elif kind == 2:
            message.type, message.data = "cpor.claim.praised.v1", document
        elif kind == 3:
            message.type = "cpor.claim.withdrawn.v1"
            message.data = {"claim_id": "unheard-of", "tenant_id": tenant_id,
                            "actor": {"type": "partner", "id": "1"}}
        elif kind == 4:
            message.data, message.headers = document, [("ce_id", b"1"), ("ce_type", b"x")]
        self.tell(Step([message]))


class InterruptedLoad(Load):
    """For workers that stand still at times, after which what was meant to come one after the other
    comes at once: who is refused is refused whichever is first."""

    RIVAL_DAYS = ((-30,), (-40,))
    CHALLENGER_DAYS = 250
