"""Compares everything that an installation published and stored with what the model expects."""

import collections
import json

import calendars
from envelope import HEADERS_SIZE_MAX, WHOLE_SIZE_MAX, headers_size
from model import Model
from state import Input
from words import OF_THE_CLAIM, association_id, event_id, instant_ms, instant_text

INPUT_TOPICS = ("partner", "tenant", "subscription", "claim-submission", "opt-out-expiry")
OFFSETS_PER_PARTITION = 10**9
SHOWN_MAX = 25


def is_kept(letter, original):
    """As it came; of what is too large the beginning, which says so."""
    is_large = headers_size(original.headers) > HEADERS_SIZE_MAX or \
        len(original.value or b"") > WHOLE_SIZE_MAX
    if letter.header("dlq_truncated") is not None:
        return is_large and (original.value or b"").startswith(letter.value or b"")
    return not is_large and letter.value == original.value and all(
        header in letter.headers for header in original.headers)


class Judge:
    """Reads all topics once; `mismatches` collects sentences: which claim, expected, actual."""

    def __init__(self, installation, contact_rule=True, review="none", refused=()):
        """refused: addresses that a mail server, not their own name, made unreachable."""
        self.installation = installation
        self.mismatches = []
        self.inputs = []
        latest = collections.Counter()  # of each partition
        for record in sorted(installation.read(*INPUT_TOPICS), key=lambda r: r.offset):
            place = (record.topic, record.partition)
            # The log's order decides: no record was received before the one that it follows,
            # whatever the clock of a new leader says.
            latest[place] = max(latest[place], record.timestamp)
            record.timestamp = latest[place]
            self.inputs.append(self.input_of(record))
        self.statuses = collections.defaultdict(list)
        self.status_ids = collections.Counter()
        self.challenged = collections.Counter()
        for record in installation.read("claim-status"):
            self.take_status(record)
        for events in self.statuses.values():
            events.sort(key=lambda data: data["sequence"])
        self.official = sorted(installation.read("association-official"),
                               key=lambda r: (r.partition, r.offset))
        self.dead = installation.read("dead-letter")
        self.model = Model(self.notices(), self.answer_dues(), contact_rule, review, self.looks())
        self.model.refused = self.refused_notices(set(refused))
        self.model.run(self.inputs, installation.now_ms())

    # ---- what was observed

    def input_of(self, record):
        return Input(record.topic, self.installation.business_ms(record.timestamp),
                     self.order(record.partition, record.offset),
                     record.key.decode() if record.key else None, record.value, record.headers)

    @staticmethod
    def order(partition, offset):
        return partition * OFFSETS_PER_PARTITION + offset

    def take_status(self, record):
        data = record.json
        if record.header("ce_type") == "cpor.claim.answer-reminder.v1":
            return
        if record.header("ce_type") != "cpor.claim.status-changed.v1":
            self.challenged[record.header("ce_id"), json.dumps(data, sort_keys=True)] += 1
            return
        key = (data["tenant_id"], data["claim_id"])
        self.statuses[key].append(data)
        self.status_ids[record.header("ce_id")] += 1
        expected = event_id(f"{key[0]}/{key[1]}/status/{data['sequence']}")
        if record.header("ce_id") != expected:
            self.say(key, f"id of status {data['sequence']}", expected, record.header("ce_id"))

    def notices(self):
        found = {}
        for key, events in self.statuses.items():
            for data in events:
                if data["status"] == "OPT_OUT_OPEN" and data["previous_status"] == "VALIDATED":
                    found.setdefault((*key, data["revision"]), (instant_ms(data["at"]), {
                        line["line"]: instant_ms(line.get("deadline_at"))
                        for line in data["lines"]}))
        return found

    def answer_dues(self):
        found = collections.defaultdict(list)
        for key, events in self.statuses.items():
            for data in events:
                if data["status"] == "PARTNER_ACTION_REQUIRED" != data["previous_status"]:
                    found[(*key, data["revision"])].append(instant_ms(data["deadline_at"]))
        return found

    def refused_notices(self, addresses):
        """{(tenant, claim, revision)} of those of which the partner was told so."""
        return {(*key, data["revision"]): addresses for key, events in self.statuses.items()
                for data in events if any(finding["code"] == "CONTACT_UNREACHABLE"
                                          for finding in data["findings"])} if addresses else {}

    def looks(self):
        found = collections.defaultdict(list)
        for record in self.installation.read("claim-validation"):
            if record.header("ce_type") == "cpor.claim.recheck-due.v1":
                found[record.json["tenant_id"], record.json["claim_id"]].append(
                    self.installation.business_ms(record.timestamp))
        return found

    # ---- verdicts

    def say(self, key, what, expected, actual):
        self.mismatches.append(f"claim {key[1]} of tenant {key[0]}: {what}: "
                               f"expected {expected}, actual {actual}")

    def check_all(self):
        self.check_sequences()
        self.check_claims()
        self.check_deadlines()
        self.check_associations()
        self.check_order_of_slots()
        self.check_holders()
        self.check_dead_letters()
        return self

    def check_sequences(self):
        for key, events in self.statuses.items():
            numbers = [data["sequence"] for data in events]
            if numbers != list(range(1, len(numbers) + 1)):
                self.say(key, "status sequence", f"1..{len(set(numbers))}", numbers)
            previous = None
            for data in events:
                if data["previous_status"] != previous:
                    self.say(key, f"previous_status of {data['sequence']}", previous,
                             data["previous_status"])
                previous = data["status"]
        for name, count in self.status_ids.items():
            if count != 1:
                self.mismatches.append(f"status event {name}: published {count} times")

    def check_claims(self):
        expected = {(tenant, claim.claim_id): claim for tenant, claims in self.model.tenants.items()
                    for claim in claims.values()}
        for key in sorted(expected.keys() | self.statuses.keys()):
            if key not in expected:
                self.say(key, "existence", "no such claim", self.statuses[key][-1]["status"])
            elif key not in self.statuses:
                self.say(key, "existence", expected[key].status(), "no status event")
            else:
                self.check_claim(key, expected[key], self.statuses[key][-1])

    def check_claim(self, key, claim, data):
        path = " > ".join(event["status"] for event in self.statuses[key])
        if claim.status() != data["status"]:
            self.say(key, "status", f"{claim.status()} {sorted(claim.findings, key=str)}",
                     f"{data['status']} ({path}) {json.dumps(data['findings'])}")
            return
        if data["revision"] != claim.revision:
            self.say(key, "revision", claim.revision, data["revision"])
        codes = {code for code, _ in claim.findings}
        if not any(code.startswith("FIELD_") for code in codes):
            expected = {line.number: (line.status, line.reason) for line in claim.lines}
            actual = {line["line"]: (line["status"], line["reason"]) for line in data["lines"]}
            if expected != actual:
                self.say(key, f"lines ({path})", expected, actual)
            if claim.reasons and data["status"] in ("REJECTED", "ENDED", "WITHDRAWN") \
                    and data["reason"] not in {line.reason for line in claim.lines} | claim.reasons:
                self.say(key, "reason", claim.reasons, data["reason"])
        actual = {(entry["code"], None if entry["code"] in OF_THE_CLAIM else entry.get("line"))
                  for entry in data["findings"]}
        if actual != claim.findings:
            self.say(key, f"findings ({path})", sorted(claim.findings, key=str),
                     sorted(actual, key=str))

    def check_deadlines(self):
        """Each window by an independent calendar."""
        for (tenant_id, claim_id, _), (accepted_at, deadlines) in self.notices().items():
            key = (tenant_id, claim_id)
            claim = self.model.tenants.get(tenant_id, {}).get(claim_id)
            if claim is None:
                continue
            tenant = self.model.reference.tenants.get(tenant_id)
            expected = calendars.deadline_ms(
                accepted_at, calendars.calendar_id(claim.document, tenant),
                calendars.zone_of(claim.document, tenant))
            for number, deadline in deadlines.items():
                if deadline not in (None, expected):
                    self.say(key, f"deadline of line {number}, "
                             f"notified {instant_text(accepted_at)}",
                             instant_text(expected), instant_text(deadline))

    def check_associations(self):
        published = collections.defaultdict(list)
        for record in self.official:
            published[record.header("ce_id")].append(record)
        for name, records in published.items():
            if len(records) != 1:
                self.mismatches.append(
                    f"{records[0].header('ce_type')} {name} of "
                    f"{records[0].json['claim_id']}: published {len(records)} times")
        expected = {}
        for association in self.model.associations.values():
            expected[event_id(f"{association.id}/official")] = ("official", association)
            if association.ended_at is not None:
                expected[event_id(f"{association.id}/ended")] = ("ended", association)
        for name in sorted(expected.keys() | published.keys()):
            if name not in published:
                kind, association = expected[name]
                self.say((association.tenant_id, association.claim_id),
                         f"line {association.line}", f"one {kind} event", "none")
            elif name not in expected:
                data = published[name][0].json
                self.say((data["tenant_id"], data["claim_id"]), f"line {data['line']}",
                         "no such event", published[name][0].header("ce_type"))
            else:
                self.check_association(*expected[name], published[name][0].json)

    def check_association(self, kind, association, data):
        key = (association.tenant_id, association.claim_id)
        names = {"association_id": association.id, "line": association.line,
                 "claim_id": association.claim_id, "tenant_id": association.tenant_id,
                 "slot": association.slot, "mpn_id": association.mpn_id}
        if kind == "official":
            names |= {"official_at": instant_text(association.official_at),
                      "deadline_at": association.deadline_at
                      and instant_text(association.deadline_at),
                      "origin": association.origin, "supersedes": association.supersedes,
                      "poe_signed_on": association.poe_day or None}
        else:
            names |= {"ended_at": instant_text(association.ended_at),
                      "reason": association.reason, "superseded_by": association.superseded_by}
        for name, value in names.items():
            if data.get(name) != value:
                self.say(key, f"line {association.line}, {kind}, {name}", value, data.get(name))
        personal = [word for word in ("email", "contact", "actor") if word in json.dumps(data)]
        if personal:
            self.say(key, f"personal data in {kind}", "none", personal)

    def replay(self):
        """Who holds what, from association-official alone; says when a slot is taken twice."""
        holders = {}
        for record in self.official:
            data = record.json
            slot = (data["tenant_id"], data["slot"])
            if record.header("ce_type") == "cpor.association.official.v1":
                if slot in holders:
                    self.say((data["tenant_id"], data["claim_id"]), f"slot {data['slot']}",
                             "free", f"held by {holders[slot]}")
                holders[slot] = (data["association_id"], data["claim_id"], data["line"])
            elif holders.pop(slot, (None,))[0] != data["association_id"]:
                self.say((data["tenant_id"], data["claim_id"]), f"slot {data['slot']}",
                         "held by what ended", "not held by it")
        return holders

    def check_order_of_slots(self):
        replayed = self.replay()
        expected = {slot: (association_id(slot[0], claim.claim_id, line.number), claim.claim_id,
                           line.number)
                    for slot, (claim, line) in self.model.holders.items()}
        for slot in sorted(replayed.keys() | expected.keys()):
            if replayed.get(slot) != expected.get(slot):
                self.mismatches.append(f"slot {slot}: expected holder {expected.get(slot)}, "
                                       f"replayed {replayed.get(slot)}")

    def check_holders(self):
        rows = self.installation.query(
            "select tenant_id, slot, association_id, claim_id, line from holders")
        stored = {(str(tenant), slot): (str(association), claim, line)
                  for tenant, slot, association, claim, line in rows}
        replayed = self.replay()
        for slot in sorted(replayed.keys() | stored.keys()):
            if replayed.get(slot) != stored.get(slot):
                self.mismatches.append(f"slot {slot}: PostgreSQL has {stored.get(slot)}, "
                                       f"association-official gives {replayed.get(slot)}")

    def check_dead_letters(self):
        originals = {(item.topic, item.order): item for item in self.inputs}
        expected = {(topic, order): code for topic, order, code in self.model.dead_letters}
        actual = {}
        for record in self.dead:
            topic = record.header("dlq_topic").removeprefix(self.installation.prefix)
            order = self.order(int(record.header("dlq_partition")),
                               int(record.header("dlq_offset")))
            if (topic, order) in actual:
                self.mismatches.append(f"dead letter of {topic} {order}: published twice")
            actual[topic, order] = record.header("dlq_reason")
            original = originals.get((topic, order))
            if original and not is_kept(record, original):
                self.mismatches.append(f"dead letter of {topic} {order}: bytes or headers differ")
        for place in sorted(expected.keys() | actual.keys()):
            if expected.get(place) != actual.get(place):
                self.mismatches.append(f"dead letter of {place}: expected {expected.get(place)}, "
                                       f"actual {actual.get(place)}")

    def check_mails(self, exactly_once=True):
        """Each accepted notice has its mail, at the right address, under one Message-ID."""
        by_address = collections.defaultdict(list)
        for mail in self.installation.mails():
            for address in mail["rcpt_tos"]:
                by_address[address.lower()].append(mail)
        messages = {}
        for (tenant_id, claim_id, revision) in self.notices():
            key = (tenant_id, claim_id)
            claim = self.model.tenants[tenant_id][claim_id]
            address = claim.document["customer"]["contact"]["email"].lower()
            mails = by_address.pop(address, [])
            ids = {mail["message_id"] for mail in mails}
            if len(ids) != 1 or "" in ids or (exactly_once and len(mails) != 1):
                self.say(key, f"mails of revision {revision} to {address}",
                         "one Message-ID" + (", one mail" if exactly_once else ""),
                         [mail["message_id"] for mail in mails])
            for name in ids:
                if messages.setdefault(name, (key, revision)) != (key, revision):
                    self.say(key, "Message-ID", "its own", f"{name} of {messages[name]}")
        for address, mails in by_address.items():
            claim_id = self.claim_of_address(address)
            if claim_id is None:
                self.mismatches.append(f"mail to {address}, whom no notice is for: "
                                       f"{mails[0]['subject']}")

    def check_answers(self):
        """The partner's five business days, by an independent calendar of its country."""
        for key, events in self.statuses.items():
            for data in events:
                if data["status"] != "PARTNER_ACTION_REQUIRED" or data["status"] == \
                        data["previous_status"]:
                    continue
                partner = self.model.reference.partners.get(data["mpn_id"], {})
                expected = instant_text(calendars.deadline_ms(instant_ms(data["at"]),
                                                              partner.get("country")))
                if data["deadline_at"] != expected:
                    self.say(key, f"answer due, asked {data['at']}", expected, data["deadline_at"])

    def check_challenges(self):
        """Each opening and extension of a window with a newer proof is told to the holder."""
        lines = {association.id: association for association in self.model.associations.values()}
        expected = collections.Counter()
        for holder_id, challenger_id, deadline in self.model.challenges:
            holder = lines[holder_id]
            expected[event_id(f"{holder_id}/challenged/{challenger_id}"), json.dumps({
                "association_id": holder_id, "claim_id": holder.claim_id, "line": holder.line,
                "tenant_id": holder.tenant_id, "mpn_id": holder.mpn_id, "slot": holder.slot,
                "deadline_at": instant_text(deadline)}, sort_keys=True)] += 1
        for name in sorted(expected.keys() | self.challenged.keys()):
            if expected[name] != self.challenged[name]:
                self.mismatches.append(f"challenge {name}: expected {expected[name]} times, "
                                       f"actual {self.challenged[name]}")

    def check_forwarded(self):
        """What claim-submission and claim-validation hand on to the log that decides."""
        wanted, came = self.model.to_forward, self.model.forwarded
        for key in sorted(wanted.keys() | came.keys()):
            if wanted[key] != came[key]:
                self.mismatches.append(f"forwarded {key}: expected {wanted[key]}, "
                                       f"actual {came[key]}")
        states = self.model.subscription_states
        for subscription_id, record in self.model.reference.subscriptions.items():
            if states.get(subscription_id, "ACTIVE") != record["state"] and (
                    subscription_id in states or record["state"] not in ("ACTIVE", "GRACE")):
                self.mismatches.append(f"subscription {subscription_id}: is {record['state']}, "
                                       f"forwarded {states.get(subscription_id)}")

    def claim_of_address(self, address):
        """Some claim whose notice may have been on its way when it was stopped."""
        for claims in self.model.tenants.values():
            for claim in claims.values():
                contact = (claim.document.get("customer") or {}).get("contact") or {}
                if str(contact.get("email", "")).lower() == address and any(
                        line.status in ("DECLINED", "WITHDRAWN", "ENDED", "OFFICIAL", "REJECTED")
                        for line in claim.lines):
                    return claim.claim_id
        return None

    def verdict(self):
        """Fails with all that does not agree."""
        if self.mismatches:
            shown = "\n".join(f"  {text}" for text in self.mismatches[:SHOWN_MAX])
            more = len(self.mismatches) - SHOWN_MAX
            raise AssertionError(f"{len(self.mismatches)} do not agree with the model:\n{shown}"
                                 + (f"\n  and {more} more" if more > 0 else "")
                                 + f"\nlogs: {self.installation.folder}")
