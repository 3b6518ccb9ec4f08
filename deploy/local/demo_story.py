"""What happens in the demo, when, and how it must end."""

import copy
import datetime
import html.parser
import json
import urllib.parse
import urllib.request
import zoneinfo

from demo_system import EXAMPLES, ROOT, DemoFailed
from demo_timeline import COLOURS, Claim, Timeline, link_of

SUBMITTED = "cpor.claim.submitted.v1"
RESUBMITTED = "cpor.claim.resubmitted.v1"
REFERENCE = ("cpor.partner", "partner-northwind", "partner-woodgrove", "partner-tailspin",
             "partner-proseware", "cpor.tenant", "tenant-litware", "tenant-adatum",
             "tenant-adventure-works", "tenant-tailwind", "cpor.subscription",
             "subscription-litware-power-bi", "subscription-adatum-finance")
PATIENCE_SECONDS = 20  # wall, for what must have happened by a moment of the story
NOT_JSON = b'{"claim_id": "C-2026-000509", "mpn_id": "7654321", "customer": {"tenant_id'

# What is wrong with the malformed claim, all of which its publisher is told at once.
MALFORMED = (
    ("mpn_id", "seven"),
    ("customer.domain", "adventure works"),
    ("customer.contact.email", "priya.shah"),
    ("lines", [{"line": 1, "workload": "TEAMS_PHONE"}, {"line": 1, "workload": "INTUNE"}]),
    ("poe", []),
    ("activities", ["PRE_SALES"]),
)

MISTAKES = {("FIELD_INVALID", "/mpn_id"), ("FIELD_INVALID", "/customer/domain"),
            ("FIELD_INVALID", "/customer/contact/email"), ("FIELD_INVALID", "/lines/1/line"),
            ("ACTIVITY_INVALID", "/activities"), ("WRONG_PROGRAM", "/program"),
            ("POE_MISSING", "/poe")}

# How each claim must end: its status, and {line: (status, reason)}.
EXPECTED = {
    "C-2026-000123": ("OFFICIAL", {1: ("ENDED", "SUPERSEDED"), 2: ("OFFICIAL", None)}),
    "C-2026-000131": ("OFFICIAL", {1: ("OFFICIAL", None)}),
    "C-2026-000201": ("REJECTED", {1: ("DECLINED", "CUSTOMER_DECLINED")}),
    "C-2026-000318": ("OFFICIAL", {1: ("OFFICIAL", None), 2: ("OFFICIAL", None)}),
    "C-2026-000410": ("REJECTED", {1: ("REJECTED", "COMPETING_CLAIM_OLDER_POE")}),
    "C-2026-000415": ("OFFICIAL", {1: ("OFFICIAL", None)}),
    "C-2026-000457": ("OFFICIAL", {1: ("OFFICIAL", None), 2: ("OFFICIAL", None)}),
    "C-2026-000508": ("REJECTED", {}),
}


def moment(text, zone):
    at = datetime.datetime.strptime(text, "%Y-%m-%d %H:%M")
    return round(at.replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp() * 1000)


BEGIN = moment("2026-12-16 09:00", "America/Chicago")
END = moment("2027-01-09 00:00", "Asia/Seoul")


def example(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def malformed_claim():
    document = copy.deepcopy(example("claim-m365-english-notice"))
    document["claim_id"], document["claim_name"] = "C-2026-000508", "Adventure Works: a hasty claim"
    for path, value in MALFORMED:
        *parents, last = path.split(".")
        place = document
        for parent in parents:
            place = place[parent]
        place[last] = value
    return document


class Form(html.parser.HTMLParser):
    """What a browser makes of the opt-out page: its title, its form, its text."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields, self.headline, self.status = None, {}, "", ""
        self.inside = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "form":
            self.action = values.get("action", "")
        elif tag == "input":
            self.fields[values["name"]] = values.get("value", "")
        elif tag == "h1" or values.get("role") in ("status", "alert"):
            self.inside = "headline" if tag == "h1" else "status"

    def handle_endtag(self, tag):
        if tag in ("h1", "p"):
            self.inside = None

    def handle_data(self, data):
        if self.inside:
            setattr(self, self.inside, getattr(self, self.inside) + data)


class Act:
    """One thing that somebody outside does, at a moment of business time, once it can be done."""

    def __init__(self, text, zone, do, when=None, waits_for=""):
        self.at_ms, self.do, self.waits_for = moment(text, zone), do, waits_for
        self.can = when or (lambda: True)


class Story:
    """The acts in their order, and the verdict at the end."""

    def __init__(self, screen, system):
        self.screen, self.system = screen, system
        catalogue = {entry["code"]: entry["name"] for entry in
                     json.loads((ROOT / "deploy/catalogue/products.json").read_text())}
        documents = [example(name) for name in
                     ("claim-bizapps", "claim-m365", "claim-m365-english-notice",
                      "claim-m365-unsigned-poe", "claim-m365-rival-older-poe",
                      "claim-m365-rival-newer-poe", "claim-m365-challenger")]
        documents.append(malformed_claim())
        self.claims = {document["claim_id"]: Claim(document, catalogue, colour)
                       for document, colour in zip(documents, COLOURS)}
        self.timeline = Timeline(screen, system, self.claims.values())
        self.acts = self.script()

    def script(self):
        claims = self.claims
        submit = self.submit
        return [
            Act("2026-12-16 09:00", "America/Chicago", submit("C-2026-000457")),
            Act("2026-12-17 15:00", "Europe/London", submit(
                "C-2026-000508", "Every mistake is told, all of them at once.",
                text="Northwind Consulting sends a hasty claim, full of mistakes")),
            Act("2026-12-17 19:00", "Europe/London", self.send_no_json),
            Act("2026-12-18 09:00", "Asia/Seoul", submit("C-2026-000123")),
            Act("2026-12-18 11:00", "Europe/London", submit("C-2026-000201")),
            Act("2026-12-21 09:00", "America/Denver", submit("C-2026-000318")),
            Act("2026-12-22 17:00", "Europe/London", self.opt_out,
                lambda: claims["C-2026-000201"].mail, "the notice of C-2026-000201"),
            Act("2026-12-23 09:00", "America/Denver", self.answer,
                lambda: claims["C-2026-000318"].status == "PARTNER_ACTION_REQUIRED",
                "the question about C-2026-000318"),
            Act("2026-12-24 08:00", "Europe/Berlin", submit("C-2026-000410")),
            Act("2026-12-24 11:00", "Europe/Berlin", submit(
                "C-2026-000415", "A rival for the same slot, with newer evidence: both windows "
                "will close at the same midnight.")),
            Act("2026-12-31 10:00", "Asia/Seoul", submit(
                "C-2026-000131", "A challenger for what Fabrikam holds, with newer evidence."),
                lambda: claims["C-2026-000123"].status == "OFFICIAL",
                "C-2026-000123 to be official"),
        ]

    # ---- acts

    def submit(self, claim_id, *remarks, text=None):
        def do(now_ms):
            claim = self.claims[claim_id]
            self.timeline.act(now_ms, claim, text or claim.summary(), *remarks)
            self.system.publish(SUBMITTED, claim.document)
        return do

    def send_no_json(self, now_ms):
        self.timeline.act(now_ms, None, "A partner's system sends a record that was cut off")
        self.system.publish_bytes(b"9d2b8e14-3c5f-4a60-8b71-2e4f6a8c0d13", NOT_JSON)

    def answer(self, now_ms):
        claim = self.claims["C-2026-000318"]
        document = example("resubmitted-m365-signed-poe")
        self.timeline.act(now_ms, claim, f"{claim.partner} sends revision 2, now with a proof of "
                          f"execution signed {document['poe'][0]['signed_on']}")
        self.system.publish(RESUBMITTED, document)

    def opt_out(self, now_ms):
        """As a browser does it: open the mail's link, press the page's button."""
        claim = self.claims["C-2026-000201"]
        url = link_of(claim.mail)
        name = claim.document["customer"]["contact"]["name"]
        with urllib.request.urlopen(url, timeout=10) as answer:
            status, page = answer.status, Form(answer.read().decode())
        if not page.fields.get("token"):
            raise DemoFailed(f"the opt-out page has no form: {url}")
        self.timeline.act(now_ms, claim, f"{name} opens the link of the mail",
                          f"GET {status}: “{page.headline}”", "Looking changes nothing.")
        data = urllib.parse.urlencode(page.fields).encode()
        target = urllib.parse.urljoin(url, page.action)
        pressed_ms = self.system.clock.now()
        with urllib.request.urlopen(urllib.request.Request(target, data), timeout=10) as answer:
            status, page = answer.status, Form(answer.read().decode())
        self.timeline.act(pressed_ms, claim, f"{name} presses the page's button",
                          f"POST {status}: “{page.headline}”", page.status.strip())

    # ---- run

    def run(self):
        self.timeline.head()
        acts = list(self.acts)
        while not self.is_over(acts):
            self.timeline.take(self.system.poll(0.05))
            now_ms = self.system.clock.now()
            self.timeline.print_lagging(min(now_ms, END))
            self.system.check_workers()
            while acts and now_ms >= acts[0].at_ms and acts[0].can():
                acts.pop(0).do(now_ms)
            patience_ms = PATIENCE_SECONDS * 1000 * self.system.clock.speed
            late_since_ms = acts[0].at_ms if acts else END
            if now_ms > late_since_ms + patience_ms:
                if not acts:
                    break  # the verdict names what is missing
                raise DemoFailed(f"{acts[0].waits_for} did not come within {PATIENCE_SECONDS} s")
        self.timeline.print_until(END)

    def is_over(self, acts):
        return not acts and self.system.clock.now() > END and not self.differences()

    # ---- verdict

    def differences(self):
        """What is not as it should be, in sentences; nothing: all is."""
        return self.claim_differences() + self.official_differences() + self.other_differences()

    def claim_differences(self):
        found = []
        for claim_id, (status, lines) in EXPECTED.items():
            claim = self.claims[claim_id]
            if claim.status != status:
                found.append(f"{claim_id} should be {status}, but is {claim.status}")
                continue
            numbers = [event["sequence"] for event in claim.events]
            if numbers != list(range(1, len(numbers) + 1)):
                found.append(f"{claim_id}: the status events are numbered {numbers}")
            actual = {line["line"]: (line["status"], line["reason"])
                      for line in claim.events[-1]["lines"]}
            for line, wanted in lines.items():
                if actual.get(line) != wanted:
                    found.append(f"{claim_id} line {line} should be {wanted}, but is "
                                 f"{actual.get(line)}")
        return found

    def official_differences(self):
        """Exactly one official event per association; ended right before its successor."""
        found = []
        wanted = sorted((claim_id, line) for claim_id, (_, lines) in EXPECTED.items()
                        for line, (status, _) in lines.items() if status in ("OFFICIAL", "ENDED"))
        events = sorted(self.timeline.official, key=lambda event: event[:2])
        official = [data for _, _, kind, data in events if kind.endswith("official.v1")]
        ended = [(index, data) for index, (_, _, kind, data) in enumerate(events)
                 if kind.endswith("ended.v1")]
        actual = sorted((data["claim_id"], data["line"]) for data in official)
        if actual != wanted:
            found.append(f"official events should be {wanted}, but are {actual}")
        if len({data["association_id"] for data in official}) != len(official):
            found.append("an association has two official events")
        if [(data["claim_id"], data["line"], data["reason"]) for _, data in ended] != \
                [("C-2026-000123", 1, "SUPERSEDED")]:
            found.append(f"one association should have ended, of C-2026-000123; actual: "
                         f"{[data for _, data in ended]}")
        for index, data in ended:
            after = events[index + 1][3] if index + 1 < len(events) else {}
            if after.get("supersedes") != data["association_id"] or \
                    after.get("official_at") != data["ended_at"]:
                found.append("what ended is not right before its successor's official event")
        return found

    def other_differences(self):
        found = []
        reasons = [headers["dlq_reason"].decode() for _, headers in self.timeline.dead]
        if reasons != ["NOT_JSON"]:
            found.append(f"there should be one dead letter, NOT_JSON, but there are: {reasons}")
        challenged = [(data["claim_id"], data["line"]) for data in self.timeline.challenged]
        if challenged != [("C-2026-000123", 1)]:
            found.append(f"C-2026-000123 should be challenged once, on line 1, not: {challenged}")
        told = {(finding["code"], finding["path"]) for event in self.claims["C-2026-000508"].events
                for finding in event["findings"]}
        if told != MISTAKES:
            found.append(f"C-2026-000508 should be told {sorted(MISTAKES)}, but was told "
                         f"{sorted(told)}")
        return found
