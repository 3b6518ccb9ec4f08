"""Claims that keep coming while things go wrong, and what each worker says of them when."""

import collections
import heapq
import itertools
import time

import harness
from driver import Driver
from generator import FINAL, InterruptedLoad

SUBMITTED = "cpor.claim.submitted.v1"
SAME_MOMENT_S = 0.001


class Stories(InterruptedLoad):
    """The mixed load; every second story is a pulse: a claim with a window and an opt-out soon.

    The pulses keep all four workers busy on every partition, so that it shows when one stops.
    """

    def add_story(self):
        if self.random.random() < 0.5:
            super().add_story()
            return
        document, _ = self.m365(self.add_tenant(), 1)
        self.tell(self.submit(document), self.later(
            document, ("OPT_OUT_OPEN", "OFFICIAL", "REJECTED", "ENDED"), self.random.random() * 6,
            "opt-out-expiry", "cpor.customer.opted-out.v1", actor={"type": "customer"}))

    def keys_of(self, story):
        """The claims of a story that must come to an end."""
        named = {(message.data["customer"]["tenant_id"], message.data["claim_id"])
                 for step in story for message in step.messages
                 if message.type == SUBMITTED and isinstance(message.data, dict)}
        return named & self.known

    def make_known(self):
        self.known = set(self.claims)


class Board(harness.StatusBoard):
    """Notes, too, when each service last said something on each partition."""

    def __init__(self, installation):
        super().__init__(installation)
        self.said = collections.defaultdict(list)  # (service, partition) -> append times, seconds

    def update(self, timeout_s=0.02):
        fresh = []
        for record in self.follower.poll(timeout_s):
            service = (record.header("ce_source") or "").removeprefix("cpor/")
            self.said[service, record.partition].append(record.timestamp / 1000)
            if record.header("ce_type") == "cpor.claim.status-changed.v1":
                data = record.json
                key = (data["tenant_id"], data["claim_id"])
                self.events[key][data["sequence"]] = data
                fresh.append((key, data))
        return fresh

    def first_after(self, at):
        """{(service, partition): append time of the first event at or after that moment}."""
        found = {}
        for place, times in self.said.items():
            later = [moment for moment in times if moment >= at]
            if later:
                found[place] = min(later)
        return found

    def reopen(self):
        """With partitions that came since; reads from the start, what it knows it knows."""
        self.follower.close()
        self.follower = self.installation.follow("claim-status")
        self.said.clear()


class Flow(Driver):
    """Feeds the stories at a steady rate, for as long as it is asked to."""

    def __init__(self, installation, stories, per_second):
        self.stories, self.per_second = stories, per_second
        waiting, stories.stories = stories.stories, []
        super().__init__(installation, stories)
        stories.stories = waiting
        self.board.close()
        self.board = Board(installation)
        self.coming = iter(waiting)
        stories.make_known()
        stories.claims = []  # from now on those that were submitted
        self.in_flight = set()
        self.next_at = time.monotonic()
        self.feeds = True

    def submit_next(self, count=1):
        chosen = list(itertools.islice(self.coming, count))
        assert chosen, "the stories of the round are used up"
        for story in chosen:
            keys = self.stories.keys_of(story)
            self.stories.claims += sorted(keys)
            self.in_flight |= keys
            self.arm(story, 0)

    def round(self):
        if self.feeds and time.monotonic() >= self.next_at:
            self.next_at = max(self.next_at + 1 / self.per_second, time.monotonic() - 1)
            self.submit_next()
        super().round()
        if not self.feeds:
            self.drop_hopeless()
        self.in_flight = {key for key in self.in_flight if self.board.status(key) not in FINAL}

    def drop_hopeless(self):
        """Steps that wait for what a claim can no longer become: its notice was refused for good
        by a fault, or a proof dated in the future was good by then, for a long run takes a year;
        the story was meant for another end. Each final status goes on to later ones only, and no
        step waits for one of these alone."""
        for key, entries in self.waiting.items():
            if self.board.status(key) not in FINAL:
                continue
            for entry in list(entries):
                entries.remove(entry)
                self.open_steps -= 1
                story, index = entry[2:]
                lost = self.stories.keys_of(story[index:]) - self.stories.keys_of(story[:index])
                self.stories.claims = [claim for claim in self.stories.claims if claim not in lost]

    def poke(self, count=12):
        """Now: some claims, and all opt-outs that would come later."""
        self.submit_next(count)
        now = time.monotonic()
        self.due = [(now + SAME_MOMENT_S, tie, story, index)
                    if story[index].messages[0].topic == "opt-out-expiry" else
                    (at, tie, story, index) for at, tie, story, index in self.due]
        heapq.heapify(self.due)
