"""What a random walk submits: good, refused, asked, waiting, rival and imported claims.

Each comes with the reference records that must be there before it, and those that come late.
"""

import copy
import dataclasses
import datetime

import documents
import generator
from words import POWER_PLATFORM, PRODUCTS, WORKLOADS, instant_text

DAY_S = 86_400


@dataclasses.dataclass
class Plan:
    """One claim to be. `late` are reference records that are held back: (topic, key, record)."""
    document: dict  # of an import: its data
    good: dict | None = None  # what an answer may be made of
    late: list = dataclasses.field(default_factory=list)
    imported: bool = False
    opt_out_first: bool = False
    contestable: bool = False

    @property
    def key(self):
        holder = self.document if self.imported else self.document["customer"]
        return holder["tenant_id"], self.document["claim_id"]


def slots_of(document):
    """Names of all slots that a claim's lines could be in, good or not: nothing else meets there.

    A subscription is one name, whichever kind of slot; where none is named, tenant and product are.
    """
    tenant_id = document["customer"]["tenant_id"]
    return {(tenant_id, line.get("subscription_id") or line.get("product")
             or line.get("workload")) for line in document.get("lines") or []}


class Claims:
    """Makes plans; everything is drawn from one seed."""

    def __init__(self, seed, start_at_ms):
        self.load = generator.Load(seed, 0, start_at_ms)
        self.random = self.load.random
        self.start_at_ms = start_at_ms
        for _ in range(40):
            self.load.pool.append(self.load.add_tenant())
        self.told = {"partner": 0, "tenant": 0, "subscription": 0}  # records published so far
        self.held = set()  # keys of late records
        self.rivals_of = []  # documents of claims that others may compete with
        self.kinds = ((self.good, 46), (self.refused, 7), (self.malformed, 2), (self.asked, 14),
                      (self.rival, 12), (self.own_duplicate, 3), (self.waiting, 5),
                      (self.late_partner, 2), (self.late_tenant, 2), (self.declined_first, 2),
                      (self.reviewed, 4), (self.imported, 5))

    def plan(self):
        makers, weights = zip(*self.kinds)
        plan = self.random.choices(makers, weights)[0]()
        if plan.contestable:
            self.rivals_of.append(plan.document)
        return plan

    def fresh_records(self):
        """[(topic, key, record)] that were made since the last call, without those held back."""
        load, records = self.load, []
        for topic, key, made in (("partner", "mpn_id", load.partners),
                                 ("tenant", "tenant_id", load.tenants),
                                 ("subscription", "subscription_id", load.subscriptions)):
            records += [(topic, record[key], record) for record in made[self.told[topic]:]
                        if record[key] not in self.held]
            self.told[topic] = len(made)
        return records

    # ---- claims on their own

    def good(self):
        document, _ = self.load.good()
        return Plan(document, document, contestable=all(
            line.get("workload") or line.get("subscription_id") for line in document["lines"]))

    def refused(self):
        self.load.story_refused()
        return Plan(self.load.stories.pop()[0].messages[0].data)

    def malformed(self):
        self.load.story_malformed()
        return Plan(self.load.stories.pop()[0].messages[0].data)

    def asked(self):
        load = self.load
        document, _ = load.m365(count=self.random.choice((2, 2, 3)))
        kind = self.random.choice((load.ask_contact, load.ask_poe, load.ask_poe,
                                   load.ask_disclosure, load.ask_ambiguous, load.ask_bounce))
        document, good = kind(document, copy.deepcopy(document))
        return Plan(document, good)

    def reviewed(self):
        """Pre-sales: a programme that a reviewer looks at."""
        document, _ = self.load.bizapps(activities=["PRE_SALES"])
        return Plan(document, document, contestable=True)

    def declined_first(self):
        return dataclasses.replace(self.good(), opt_out_first=True, contestable=False)

    # ---- what is not there yet

    def hold(self, topic, key, record):
        self.held.add(key)
        return [(topic, key, record)]

    def waiting(self):
        """A line without its subscription: in a tenant of its own, where nobody competes."""
        document, tenant = self.load.bizapps(self.load.add_tenant(), 2, ["USAGE"], POWER_PLATFORM)
        line = document["lines"][self.random.randrange(2)]
        mine = self.load.subscription_of(line)
        plan = Plan(document, document)
        if self.random.random() < 0.4:
            later = {**mine, "provisioned": True}
            mine["provisioned"] = False
            plan.late = [("subscription", mine["subscription_id"], later)]
            return plan
        if self.random.random() < 0.5:
            del line["subscription_id"]
        plan.late = self.hold("subscription", mine["subscription_id"], mine)
        return plan

    def late_partner(self):
        """In grace; it competes with nobody, for the grace may end beside a window's end."""
        document, _ = self.load.good()
        made = documents.partner(str(3_000_000 + self.load.number))
        self.load.partners.append(made)
        document["mpn_id"] = made["mpn_id"]
        return Plan(document, document, self.hold("partner", made["mpn_id"], made))

    def late_tenant(self):
        tenant = self.load.add_tenant()
        document, _ = self.load.m365(tenant)
        return Plan(document, document, self.hold("tenant", tenant["tenant_id"], tenant))

    # ---- competition

    def rival(self):
        """Another partner for a slot; its proof is newer, older or as old."""
        if not self.rivals_of:
            return self.good()
        first = self.random.choice(self.rivals_of)
        document = self.load.rival(first, self.days_ago(first) + self.random.choice((-15, 0, 15)))
        return Plan(document, document, contestable=True)

    def days_ago(self, document):
        signed_on = datetime.date.fromisoformat(document["poe"][0]["signed_on"])
        return max(16, min(330, (self.load.today - signed_on).days))

    def own_duplicate(self):
        if not self.rivals_of:
            return self.good()
        first = self.random.choice(self.rivals_of)
        document = self.load.rival(first, self.days_ago(first))
        document["mpn_id"] = first["mpn_id"]
        return Plan(document, document)

    # ---- what the old model left

    def imported(self):
        tenant = self.random.choice(self.load.pool)
        kind = self.random.choice(("free", "free", "taken", "unknown", "lapsed", "m365"))
        named = [line for document in self.rivals_of for line in document["lines"]
                 if line.get("subscription_id")]
        if kind == "taken" and named:
            mine = self.load.subscription_of(self.random.choice(named))
            tenant = next(t for t in self.load.tenants if t["tenant_id"] == mine["tenant_id"])
        else:
            mine = self.load.subscription(tenant, self.random.choice(PRODUCTS))
        if kind == "lapsed":
            mine["state"] = self.random.choice(("SUSPENDED", "EXPIRED", "DELETED"))
        data = self.import_of(tenant, mine)
        if kind == "unknown":
            self.load.subscriptions.remove(mine)
        elif kind == "m365":
            del data["product"], data["subscription_id"]
            data |= {"solution_area": "MICROSOFT_365", "workload": self.random.choice(WORKLOADS)}
        return Plan(data, imported=True)

    def import_of(self, tenant, subscription, claim_id=None, line=1):
        before_s = self.random.randint(30, 700) * DAY_S
        data = {"claim_id": claim_id or f"L{self.load.claim_id()}", "line": line,
                "tenant_id": tenant["tenant_id"], "domain": tenant["domains"][0],
                "mpn_id": self.load.mpn_id(), "solution_area": "BUSINESS_APPLICATIONS",
                "activities": ["USAGE"], "product": subscription["product"],
                "subscription_id": subscription["subscription_id"],
                "official_at": instant_text(self.start_at_ms - before_s * 1000)}
        if self.random.random() < 0.7:
            data["poe_signed_on"] = self.load.good_day()
        return data
