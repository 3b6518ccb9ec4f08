"""The demo's timeline: what is published and mailed, as rows that a person can read."""

import datetime
import heapq
import itertools
import json
import re
import zoneinfo

from demo_screen import WIDTH, cut, width_of, wrap
from demo_system import DemoFailed, instant_ms, instant_text

UTC = datetime.timezone.utc
ROW = 46  # columns before a row's text
LAG_SECONDS = 0.8  # wall: rows wait so long for what happened before them and is told later
NOTE = 6  # columns before a block below a row
COUNTRY_NAMES = {"KR": "Korea", "GB": "Great Britain", "US": "United States", "DE": "Germany"}
COLOURS = ("cyan", "magenta", "blue", "yellow", "green", "cyan", "magenta", "blue", "yellow")
STATUS_STYLE = {"OFFICIAL": ("green", "bold"), "REJECTED": ("red", "bold"),
                "ENDED": ("red", "bold"), "PARTNER_ACTION_REQUIRED": ("yellow", "bold")}


def at_zone(at_ms, zone):
    return datetime.datetime.fromtimestamp(at_ms / 1000, zone)


def local_text(at_ms, zone, with_date=False):
    """"Mon 10:12"; the first instant of a day is the end of the one before: "Mon 24:00"."""
    at = at_zone(at_ms, zone)
    pattern = "%a %-d %b" if with_date else "%a"
    if (at.hour, at.minute, at.second) == (0, 0, 0):
        return (at - datetime.timedelta(days=1)).strftime(pattern) + " 24:00"
    return at.strftime(pattern + " %H:%M")


def city(zone):
    return zone.key.rpartition("/")[2].replace("_", " ")


def join(words):
    *head, last = words
    return f"{', '.join(head)} and {last}" if head else last


class Claim:
    """What the timeline knows of a claim: the document, and what was published of it."""

    def __init__(self, document, catalogue, colour):
        customer = document["customer"]
        self.id, self.document, self.colour = document["claim_id"], document, colour
        self.tenant_id, self.country = customer["tenant_id"], customer["country"]
        self.zone = zoneinfo.ZoneInfo(customer["time_zone"])
        self.partner = document["partner"]["name"]
        self.customer, self.email = customer["name"], customer["contact"]["email"]
        self.items = {line["line"]: catalogue.get(line.get("workload") or line.get("product"), "?")
                      for line in document["lines"]}
        self.events = []
        self.mail = None

    @property
    def status(self):
        return self.events[-1]["status"] if self.events else None

    @property
    def reason(self):
        return self.events[-1]["reason"] if self.events else None

    def summary(self):
        poe = document_poe(self.document)
        return f"{self.partner} claims {join(list(self.items.values()))} of {self.customer} ({poe})"


def document_poe(document):
    first = (document.get("poe") or [{}])[0]
    if not first.get("signed_by"):
        return "proof of execution not signed"
    return f"proof of execution signed {first['signed_on']}"


class Timeline:
    """Prints rows in the order of business time, with a ruler at each new day (UTC)."""

    def __init__(self, screen, system, claims):
        self.screen, self.system = screen, system
        self.claims = {claim.id: claim for claim in claims}
        self.day = None
        self.queue, self.numbers = [], itertools.count()
        self.day_names = {}
        self.official = []  # (partition, offset, type, data) of association-official
        self.dead = []
        self.challenged = []
        self.mail_count = 0
        self.explained_whole = False
        self.framed = set()
        self.reckoned = {}  # how a deadline was reckoned -> the first claim of which it was told

    def learn_days(self, first_at_ms):
        """Which days are no business days, and where: from cporctl, for the rulers."""
        for country, name in COUNTRY_NAMES.items():
            days = self.explain(country, None, first_at_ms, 20)["days"]
            for day in days[1:]:
                is_weekend = datetime.date.fromisoformat(day["date"]).weekday() >= 5
                if is_weekend:  # of all four countries
                    self.day_names[day["date"]] = "weekend"
                elif day["kind"] == "holiday":
                    self.day_names.setdefault(day["date"], {}) \
                        .setdefault(day["holiday"], []).append(name)

    def explain(self, country, zone, at_ms, days=None):
        extra = ["--time-zone", zone.key] if zone else []
        extra += ["--days", str(days)] if days else []
        return self.system.ctl("explain", "deadline", "--json", "--country", country, "--at",
                               instant_text(at_ms), *extra)

    # ---- rows

    def head(self):
        text = f"  {'UTC':<7}{'customer’s own time':<21}{'claim':<15}what happens"
        self.screen.say(self.screen.paint(text, "dim"))

    def later(self, at_ms, rank, show, *arguments):
        """Queues a row: the topics are read one by one, a person reads in the order of time."""
        heapq.heappush(self.queue, (at_ms, rank, next(self.numbers), show, arguments))

    def print_until(self, now_ms):
        while self.queue and self.queue[0][0] <= now_ms:
            *_, show, arguments = heapq.heappop(self.queue)
            show(*arguments)
        if self.day is not None:
            self.tick(now_ms)

    def print_lagging(self, now_ms):
        self.print_until(now_ms - int(LAG_SECONDS * 1000) * self.system.clock.speed)

    def tick(self, now_ms, may_go_back=False):
        """A ruler for each day that has begun."""
        today = at_zone(now_ms, UTC).date()
        day = datetime.timedelta(days=1)
        if self.day is None:
            self.day = today - day
        if self.day > today and may_go_back:
            self.day = today
            self.ruler("told late")
        while self.day < today:
            self.day += day
            self.ruler(self.day_names.get(self.day.isoformat(), ""))

    def ruler(self, why):
        if isinstance(why, dict):
            why = "; ".join(f"{name} ({', '.join(where)})" for name, where in why.items())
        text = f"── {self.day:%a %-d %b %Y} ──" + (f" {why} " if why else "")
        self.screen.say(self.screen.paint(text + "─" * (WIDTH - width_of(text)), "dim"))

    def row(self, at_ms, claim, text, *styles, mark="●"):
        paint = self.screen.paint
        self.tick(at_ms, may_go_back=True)
        utc = at_zone(at_ms, UTC).strftime("%H:%M")
        local = f"{local_text(at_ms, claim.zone)} {city(claim.zone)}" if claim else ""
        name = claim.id if claim else ""
        first, *rest = wrap(text, WIDTH - ROW)
        self.screen.say(f"  {paint(utc, 'dim')}  {local:<19}  "
                        f"{paint(f'{name:<13}', claim.colour if claim else 'dim')} "
                        f"{paint(mark, *styles)} {paint(first, *styles)}")
        for line in rest:
            self.screen.say(" " * ROW + paint(line, *styles))

    def note(self, text, *styles, indent=ROW):
        for line in wrap(text, WIDTH - indent):
            self.screen.say(" " * indent + self.screen.paint(line, *(styles or ("dim",))))

    def act(self, at_ms, claim, text, *remarks):
        """What somebody outside does; each remark begins a line below it."""
        def show():
            self.row(at_ms, claim, text, mark="→")
            for remark in remarks:
                self.note(remark)
        self.later(at_ms, 0, show)

    # ---- events

    def take(self, found):
        """found: System.poll's. Noted at once, shown a little later."""
        for topic, at_ms, message in found:
            headers = dict(message.headers() or [])
            if topic == "dead-letter":
                self.dead.append((message, headers))
                self.later(at_ms, 1, self.show_dead_letter, at_ms, message, headers)
                continue
            data = json.loads(message.value())
            kind = headers["ce_type"].decode()
            if kind == "cpor.association.challenged.v1":
                self.challenged.append(data)
                self.later(at_ms, 3, self.show_challenged, at_ms, data)
            elif kind == "cpor.claim.answer-reminder.v1":
                self.later(at_ms, 3, self.show_reminder, at_ms, data)
            elif topic == "association-official":
                self.official.append((message.partition(), message.offset(), kind, data))
                at_ms = instant_ms(data.get("official_at") or data["ended_at"])
                self.later(at_ms, 2, self.show_association, kind, data, at_ms)
            else:
                claim = self.claims[data["claim_id"]]
                previous = claim.events[-1] if claim.events else None
                claim.events.append(data)
                if data["status"] == "OPT_OUT_OPEN":
                    self.take_mails()
                self.later(instant_ms(data["at"]), 1, self.show_status, claim, data, previous)

    def show_status(self, claim, data, previous):
        at_ms, status = instant_ms(data["at"]), data["status"]
        style = STATUS_STYLE.get(status, ("bold",))
        if status == "OPT_OUT_OPEN":
            self.show_window(claim, at_ms, data)
        elif status == "VALIDATED":
            self.row(at_ms, claim, "Validated: every rule passed, the customer is told", *style)
        elif status == "SUBMITTED":
            again = f", revision {data['revision']}" if data["revision"] > 1 else ""
            self.row(at_ms, claim, f"Submitted{again}: stored, not yet checked", *style)
        elif status == "PARTNER_ACTION_REQUIRED":
            self.row(at_ms, claim, "Partner action required", *style)
            self.note("to be answered until the end of the partner's fifth business day, "
                      f"{local_text(instant_ms(data['deadline_at']), claim.zone, True)} "
                      f"{city(claim.zone)}")
            self.show_findings(data)
        elif status == data["previous_status"]:
            self.show_moved_lines(claim, at_ms, data, previous)
        elif status == "OFFICIAL":
            self.row(at_ms, claim, "Official: the window closed, nobody objected", *style)
        else:
            reason = f": {data['reason']}" if data["reason"] else ""
            self.row(at_ms, claim, f"{status.capitalize()}{reason}", *style)
            if data["reason"] == "CUSTOMER_DECLINED":
                self.note("Received before the deadline: this will never be official.")
            self.show_findings(data)

    def show_moved_lines(self, claim, at_ms, data, previous):
        before = {line["line"]: line["status"] for line in previous["lines"]} if previous else {}
        for line in data["lines"]:
            if before.get(line["line"]) != line["status"]:
                text = f"{claim.items[line['line']]}: {line['status'].capitalize()}"
                self.row(at_ms, claim, f"{text}, {line['reason']}", "red", "bold")

    def show_findings(self, data):
        same = {}  # the same finding on several lines is read once
        for finding in data["findings"]:
            key = (finding["code"], finding.get("path"), finding["message"])
            same.setdefault(key, []).append(finding.get("line"))
        for (code, path, message), numbers in same.items():
            numbers = [str(number) for number in numbers if number]
            lines = f", line{'s' if len(numbers) > 1 else ''} {join(numbers)}" if numbers else ""
            self.note(f"{code}{lines}{f' at {path}' if path else ''}", "yellow")
            self.note(message, indent=ROW + 2)

    def show_association(self, kind, data, at_ms):
        claim = self.claims[data["claim_id"]]
        what = f"{claim.items[data['line']]}, {claim.partner}"
        if kind.endswith("official.v1"):
            how = "official in its place" if data["supersedes"] else "official"
            self.row(at_ms, claim, f"{how}: {what}", "green", mark="◆")
        else:
            self.row(at_ms, claim, f"ended ({data['reason']}): {what}", "red", mark="◆")

    def show_challenged(self, at_ms, data):
        claim = self.claims[data["claim_id"]]
        deadline = local_text(instant_ms(data["deadline_at"]), claim.zone, True)
        self.row(at_ms, claim, f"{claim.partner} is warned: a claim with newer evidence wants "
                 f"{claim.items[data['line']]} and would take over at {deadline}. Whose it is "
                 "stays untold; fresher evidence would keep the slot.", "yellow", mark="◆")

    def show_reminder(self, at_ms, data):
        claim = self.claims[data["claim_id"]]
        deadline = local_text(instant_ms(data["deadline_at"]), claim.zone, True)
        self.row(at_ms, claim, f"{claim.partner} is reminded: its answer is due by {deadline}",
                 "yellow", mark="◆")

    def show_dead_letter(self, at_ms, message, headers):
        self.row(at_ms, None, f"Dead letter: {headers['dlq_reason'].decode()}", "red", "bold")
        self.note(headers["dlq_detail"].decode("utf-8", "replace"))
        self.note("kept as it came: " + cut(message.value().decode("utf-8", "replace"), 60))

    # ---- notice and window

    def take_mails(self):
        """Gives each new mail to its claim: the notice names it in brackets."""
        mails = self.system.mails()
        for mail in mails[self.mail_count:]:
            for claim in self.claims.values():
                if claim.email in mail["rcpt_tos"] and f"({claim.id})" in (mail["text"] or ""):
                    claim.mail = mail
        self.mail_count = len(mails)

    def show_window(self, claim, at_ms, data):
        if claim.mail is None:
            raise DemoFailed(f"{claim.id} is notified, but there is no mail to {claim.email}")
        self.row(at_ms, claim, f"Notice sent to {claim.email}", "bold", mark="✉")
        language = claim.document["customer"]["locale"].split("-")[0]
        if language not in self.framed and language in ("en", "ko"):
            self.framed.add(language)
            self.frame_mail(claim, whole=language == "en")
        deadline_ms = instant_ms(data["deadline_at"])
        self.row(at_ms, claim, "Opt-out open until "
                 f"{local_text(deadline_ms, claim.zone, True)} {city(claim.zone)}", "bold")
        if claim.country == "KR" and not self.explained_whole:
            self.explained_whole = True
            self.show_explanation(claim, at_ms)
        else:
            text = self.skipped_days(claim, at_ms)
            like = self.reckoned.setdefault(text, claim.id)
            self.note(text if like == claim.id else f"reckoned as for {like}")

    def show_explanation(self, claim, at_ms):
        arguments = ["explain", "deadline", "--country", claim.country, "--time-zone",
                     claim.zone.key, "--at", instant_text(at_ms)]
        self.note("$ cporctl " + " ".join(arguments), "cyan", indent=NOTE)
        for line in self.system.ctl(*arguments).splitlines():
            counts = "business day" in line
            self.screen.say(" " * NOTE + self.screen.paint(line, *(() if counts else ("dim",))))

    def skipped_days(self, claim, at_ms):
        """How a deadline was reckoned, in a sentence."""
        told = self.explain(claim.country, claim.zone, at_ms)
        skipped = [day for day in told["days"][1:] if not day["counts"]]
        parts = ["weekends"] if any(day["kind"] == "weekend" for day in skipped) else []
        for day in skipped:
            if day["kind"] == "holiday":
                date = datetime.date.fromisoformat(day["date"])
                parts.append(f"{day['holiday']} on {date:%a %-d %b}")
        first = at_zone(at_ms, claim.zone)
        text = f"{told['business_days']} business days of {claim.country} after {first:%a %-d %b}"
        return f"{text}; not counted: {', '.join(parts)}" if parts else text

    def frame_mail(self, claim, whole):
        headers = claim.mail["headers"]
        lines = [f"{name}: {headers[name.lower()]}" for name in ("From", "To", "Subject")
                 if name.lower() in headers]
        body = claim.mail["text"].replace("\r\n", "\n").rstrip("\n").split("\n")
        lines += [""] + shorten(body, whole)
        self.screen.frame("the mail, as the customer sees it", lines)


def link_of(mail):
    found = re.search(r"https?://\S+[?&]token=\S+", mail["text"])
    if not found:
        raise DemoFailed(f"no link in the mail {mail['message_id']}")
    return found[0]


def shorten(body, whole):
    """The beginning of a notice; whole: also how to opt out. Long links lose their middle."""
    deadline = next((i for i, line in enumerate(body) if line.startswith("    ")), 8)
    claimed = next((i for i, line in enumerate(body) if line.startswith("  - ")), deadline)
    blank = next((i for i in range(claimed, len(body)) if not body[i]), claimed)
    kept = body[:blank] if whole else body[:deadline + 1]
    kept = [line for i, line in enumerate(kept) if line or i + 1 == len(kept) or kept[i + 1]]
    if not whole:
        return kept + ["", "[…]"]
    link = next((i for i, line in enumerate(body) if "token=" in line), None)
    if link is None:
        return kept + ["", "[…]"]
    start = next(i for i in range(link - 2, 0, -1) if not body[i - 1])
    heading = max((i for i in range(start) if body[i].isupper()), default=start)
    tail = [re.sub(r"(token=\S{16})\S+(\S{6})$", r"\1…\2", line)
            for line in body[heading:link + 1]]
    return kept + ["", "[…]", ""] + tail + ["", "[…]"]
