"""The table moves.csv: what each event does to a claim in each status, and how to bring it about.

A row's `status` is one status, `*` for all that have no row of their own for this event and `how`,
or `+` for all of a known claim. `how` is a variant of the event, `@` with how the claim came to its
status (UNDER_REVIEW means all three of its ways), or `own ...`: the event that the workers
themselves published, with which claim. `outcome` is one of

    moves    a history row and a status event `to`; the claim's and its line's `reason`
    tells    the same with an unchanged status
    keeps    a history row, no status event; `detail` is what is kept with the claim
    ignored  a history row that says why (`detail`), no status event
    dead     a dead letter with the code `reason`, no status event
    kept     an opt-out that waits for its claim
    silent   nothing at all: a wake-up and no more, or a duplicate

`line` is the status of the line; of two lines both, each with `:` and its reason. Variants that
need a word: one-line, of two lines one is named (or left out of the revision); asked-line, the
same, and only about this one the partner is asked; outrun, the rival that holds the slot, or has
a window on it too, has sent fresher evidence; late, received after the deadline while no worker
ran, so that the log and no timer decides: the event finds what the deadline left.

A new wake-up needs its name in TOPICS below, `*,<type>,,silent,,,,` in moves.csv, a row in OUTPUTS
of test_moves.py, and its pair and event in tests/coverage.csv.
"""

import csv
import pathlib

import documents
from documents import changed
from words import DAY_MS, instant_ms, instant_text

TABLE = pathlib.Path(__file__).with_suffix(".csv")
START = instant_ms("2026-05-20T08:00:00.000Z")
LATER = instant_ms("2026-06-02T08:00:00.000Z")  # past windows, answers, waits, five days of mail
LAST = instant_ms("2026-06-20T08:00:00.000Z")  # the same again
DAY, NEWER_DAY, NEWEST_DAY = "2026-03-01", "2026-04-01", "2026-05-01"
PARTNER, RIVAL, STRANGER = "1234566", "7654321", "999999"
SOURCE = "/moves"
STATUSES = ("NONE SUBMITTED UNDER_REVIEW PARTNER_ACTION_REQUIRED VALIDATED OPT_OUT_OPEN OFFICIAL "
            "REJECTED WITHDRAWN ENDED").split()
WAYS = {"UNDER_REVIEW": ("subscription", "reviewer", "grace")}
SUBMITTED = "cpor.claim.submitted.v1"
TOPICS = {
    "claim-submission": "claim.submitted claim.resubmitted claim.withdrawn claim.evidence-added "
                        "claim.comment-added claim.reviewed association.disassociated "
                        "association.imported claim.answer-due claim.reminder-due",
    "claim-validation": "claim.received claim.recheck-due",
    "customer-notification": "notice.requested notice.retry-due",
    "opt-out-expiry": "customer.opted-out window.opened window.extended window.closed "
                      "subscription.changed opt-out.kept-due",
}
TOPIC_OF = {f"cpor.{name}.v1": topic for topic, names in TOPICS.items() for name in names.split()}


class Row:
    """One row, its claim and its tenant."""

    def __init__(self, number, entry, status, how):
        self.status, self.event, self.how = status, entry["event"], how
        self.outcome, self.to, self.reason = entry["outcome"], entry["to"], entry["reason"]
        self.line, self.detail = entry["line"], entry["detail"]
        self.variant, _, self.way = how.partition("@")
        self.words = set(self.variant.split())
        self.is_own = how.split(" ")[0] == "own"
        self.id = f"{status}-{self.event}" + (f"-{how}" if how else "")
        self.tenant = documents.tenant(number)
        self.subscription = documents.subscription(self.tenant)
        self.second = documents.subscription(self.tenant, "POWER_BI")
        self.claim_id = f"M-{number}"
        self.key = (self.tenant["tenant_id"], self.claim_id)
        self.before = 0  # the claim's sequence when the event is sent
        self.history_before = 0

    @property
    def has_two_lines(self):
        return bool(self.words & {"one-line", "asked-line"})

    @property
    def is_late(self):
        return "late" in self.words

    @property
    def found(self):
        """The status in which the event finds the claim."""
        return {"OPT_OUT_OPEN": "OFFICIAL", "PARTNER_ACTION_REQUIRED": "REJECTED"}[
            self.status] if self.is_late else self.status

    @property
    def is_ahead(self):
        """Put into the log before the claim's own record for validation."""
        return self.status == "SUBMITTED" and TOPIC_OF[self.event] == "claim-validation"


def statuses_of(entry, entries):
    if entry["status"] not in "*+":
        return [entry["status"]]
    named = {other["status"] for other in entries
             if other["event"] == entry["event"] and other["how"] == entry["how"]}
    return [status for status in STATUSES
            if status not in named and (entry["status"] == "*" or status != "NONE")]


def ways_of(entry, status, entries):
    """`how` of the tests of one entry: a status with several ways stands for all of them."""
    how = entry["how"]
    if status not in WAYS or "@" in how or how.startswith("own"):
        return [how]
    named = {other["how"] for other in entries
             if (other["status"], other["event"]) == (status, entry["event"])}
    return [f"{how}@{way}" for way in WAYS[status] if f"{how}@{way}" not in named]


def read_table():
    with TABLE.open(encoding="utf-8", newline="") as file:
        entries = list(csv.DictReader(file))
    rows = []
    for entry in entries:
        for status in statuses_of(entry, entries):
            for how in ways_of(entry, status, entries):
                rows.append(Row(len(rows) + 1, entry, status, how))
    return rows


# ---- claims ----

def document(row, signed_on=DAY, mpn_id=PARTNER, claim_id=None, **contact):
    products = ["D365_SALES", "POWER_BI"] if row.has_two_lines else ["D365_SALES"]
    claim = documents.bizapps_claim(claim_id or row.claim_id, row.tenant, signed_on,
                                    [(product, None) for product in products], mpn_id=mpn_id)
    claim["customer"]["contact"].update(contact)
    return claim


def address(row, local):
    """At the mail server an address that it refuses, as its local part says."""
    return {"email": f"{local}.{row.claim_id}@{row.tenant['domains'][0]}".lower()}


def unsigned(row):
    if "asked-line" in row.words:
        return changed(document(row), "/poe/0/covers", [2])
    return changed(document(row), "/poe/0/signed_by", "")


OWN_DOCUMENTS = {
    "own refused": lambda row: changed(document(row), "/lines/0/product", "D365_CLIPPY"),
    "own asks": unsigned, "own grace": lambda row: document(row, mpn_id=STRANGER),
    "own bounced": lambda row: document(row, **address(row, "bounce")),
    "own later": lambda row: document(row, **address(row, "tempfail")),
}


def own_document(row):
    """Of a claim that goes its way by the workers' own events."""
    if row.event == "cpor.notice.retry-due.v1":
        return document(row, **address(row, "tempfail" if row.how == "own over" else "tempfail-1"))
    if row.event == "cpor.claim.answer-due.v1":
        return unsigned(row)
    return OWN_DOCUMENTS.get(row.how, document)(row)


def document_of(row):
    """What brings the row's claim to its status, or on the way there."""
    if row.is_own:
        return own_document(row)
    if row.status == "PARTNER_ACTION_REQUIRED":
        return document(row, **address(row, "bounce")) if row.way == "contact" else unsigned(row)
    if row.status == "VALIDATED":
        return document(row, **address(row, "tempfail"))
    if row.status == "REJECTED":
        return changed(document(row), "/lines/0/product", "D365_CLIPPY")
    if row.way == "reviewer":
        return changed(document(row), "/activities", ["PRE_SALES"])
    return document(row, mpn_id=STRANGER) if row.way == "grace" else document(row)


def subscriptions_of(row):
    waits = row.how in ("own waits", "own came") or (
        row.status == "UNDER_REVIEW" and row.how == "own over")
    there = not waits and row.way != "subscription" and row.variant != "lapsed"
    return [row.subscription, row.second] if there else []


def imported(row, claim_id=None, mpn_id=PARTNER):
    """The first line of an association of the old model."""
    return {"claim_id": claim_id or row.claim_id, "tenant_id": row.key[0], "mpn_id": mpn_id,
            "domain": row.tenant["domains"][0], "solution_area": "BUSINESS_APPLICATIONS",
            "activities": ["USAGE"], "line": 1, "product": "D365_SALES",
            "subscription_id": row.subscription["subscription_id"],
            "official_at": "2025-06-30T22:00:00.000Z", "poe_signed_on": DAY}


# ---- the events of the table ----

def base(row, **more):
    return {"claim_id": row.claim_id, "tenant_id": row.key[0], **more}


def named_lines(row):
    if "unknown-line" in row.words:
        return {"lines": [9]}
    return {"lines": [1]} if row.has_two_lines else {}


def by_partner(row, **more):
    mpn_id = RIVAL if row.variant == "other-partner" else document_of(row)["mpn_id"]
    return base(row, actor={"type": "partner", "id": mpn_id}, **named_lines(row), **more)


def submitted(row, _):
    claim = document_of(row)
    return {**claim, "claim_name": "Another"} if row.variant == "other-content" else claim


def resubmitted(row, _):
    claim = {**document(row), "revision": 3 if row.variant == "wrong-revision" else 2}
    if row.has_two_lines:  # the first is left out
        claim["lines"].pop(0)
        claim["poe"][0]["covers"] = [2]
    if row.variant == "other-domain":
        claim["customer"]["domain"] = row.tenant["domains"][1]
    return {**claim, "claim_name": ""} if row.variant == "malformed" else claim


def evidence(row, _):
    data = by_partner(row, poe=[documents.poe(NEWER_DAY, [9 if row.variant == "unknown-line"
                                                          else 1])])
    data.pop("lines", None)
    return data


def reviewed(row, _):
    verdict = "REJECT" if row.variant == "other-revision" else row.variant.split(" ")[0].upper()
    return base(row, revision=7 if row.variant == "other-revision" else 1, verdict=verdict,
                reason="As the reviewer says.", actor={"type": "reviewer", "id": "r.tanaka"},
                **named_lines(row))


def importing(row, _):
    data = imported(row)
    if row.variant == "second-line":
        data.update(line=2, product="POWER_BI", subscription_id=row.second["subscription_id"])
    if row.variant == "microsoft-365":
        del data["product"], data["subscription_id"]
        data.update(solution_area="MICROSOFT_365", workload="TEAMS")
    return data


def opted_out(row, _):
    actor = {"type": "operator" if row.variant == "operator" else "customer", "id": "sam"}
    data = base(row, actor=actor, **named_lines(row))
    if row.variant == "forged-token":
        data["token"] = "forged"
    return data


def extended(row, now_ms):
    days = 1 if row.variant == "shorter" else 30
    return base(row, deadline_at=instant_text(now_ms + days * DAY_MS), reason="Mail was down.",
                actor={"type": "operator", "id": "h.meyer"}, **named_lines(row))


def wake_up(row, now_ms):
    return base(row, due_at=instant_text(now_ms - DAY_MS))  # of a timer long gone


def of_revision(row, _):
    return base(row, revision=7 if row.variant == "other-revision" else 1)


def window_closed(row, now_ms):
    return {"tenant_id": row.key[0], "due_at": instant_text(now_ms - DAY_MS)}


def subscription_changed(row, _):
    return {"tenant_id": row.key[0], "subscription_id": row.subscription["subscription_id"],
            "state": "SUSPENDED" if row.variant == "suspended" else "EXPIRED"}


DATA = {
    "cpor.claim.submitted.v1": submitted,
    "cpor.claim.resubmitted.v1": resubmitted,
    "cpor.claim.withdrawn.v1": lambda row, _: by_partner(row),
    "cpor.claim.evidence-added.v1": evidence,
    "cpor.claim.comment-added.v1": lambda row, now_ms: base(row, comment={
        "author": "Robin", "at": instant_text(now_ms), "text": "A word."}),
    "cpor.claim.reviewed.v1": reviewed,
    "cpor.association.disassociated.v1": lambda row, _: by_partner(row, reason="It ended."),
    "cpor.association.imported.v1": importing,
    "cpor.claim.received.v1": of_revision,
    "cpor.notice.requested.v1": of_revision,
    "cpor.customer.opted-out.v1": opted_out,
    "cpor.window.opened.v1": lambda row, now_ms: base(
        row, revision=1, deadline_at=instant_text(now_ms + 7 * DAY_MS)),
    "cpor.window.extended.v1": extended,
    "cpor.window.closed.v1": window_closed,
    "cpor.subscription.changed.v1": subscription_changed,
}  # all others are wake-ups of one claim


def send(installation, row):
    event_id = f"submit-{row.claim_id}" if row.variant == "same-id" else row.id
    data = DATA.get(row.event, wake_up)(row, installation.now_ms())
    installation.publish(TOPIC_OF[row.event], row.event, data, row.key[0], event_id, SOURCE)


# ---- what becomes of it when all deadlines have passed: an event that changes nothing changes
# no timer either

ENDS = {"SUBMITTED": "OFFICIAL", "UNDER_REVIEW": "REJECTED", "PARTNER_ACTION_REQUIRED": "REJECTED",
        "VALIDATED": "PARTNER_ACTION_REQUIRED", "OPT_OUT_OPEN": "OFFICIAL"}
ENDS_OF_MOVES = {**ENDS, "VALIDATED": "OFFICIAL"}  # there the mail server takes no notice


def end_of(row):
    """The claim's status at LAST; None: there is no claim."""
    if row.outcome == "moves":
        return ENDS_OF_MOVES.get(row.to, row.to)
    if row.status == "NONE":
        return None
    if row.way == "reviewer":
        return row.status
    if row.event == "cpor.window.extended.v1" and row.outcome == "tells":
        return "OPT_OUT_OPEN"
    if row.event == "cpor.subscription.changed.v1" and row.status in ("SUBMITTED", "OPT_OUT_OPEN"):
        return "REJECTED"  # promotion looks at the subscription again
    return row.found if row.is_late else ENDS.get(row.status, row.status)
