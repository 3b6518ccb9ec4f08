"""Reads what the workers published, as a read_committed consumer, and checks it."""

import collections
import json
import time

STEPS = ("SUBMITTED", "VALIDATED", "OPT_OUT_OPEN", "OFFICIAL")
SCAN_SECONDS_MAX = 300


def scan(installation, topic, visit):
    """Calls visit(record) for every record of the topic up to its present end."""
    follower = installation.follow(topic)
    ends = {}
    for place in follower.partitions:
        _, high = follower.consumer.get_watermark_offsets(place, timeout=10)
        ends[place.topic, place.partition] = high
    give_up = time.monotonic() + SCAN_SECONDS_MAX
    while any(follower.reached[place] < end for place, end in ends.items()):
        for record in follower.poll():
            visit(record)
        assert time.monotonic() < give_up, f"{topic} not read in {SCAN_SECONDS_MAX} s"
    follower.close()


class Sizes:
    """How many events of each kind, and how large: what the Kafka limit publishes again."""

    def __init__(self):
        self.counts, self.bytes = collections.Counter(), collections.Counter()

    def add(self, kind, record):
        self.counts[kind] += 1
        self.bytes[kind] += len(record.value)

    def mean(self, kind):
        return self.bytes[kind] // self.counts[kind] if self.counts[kind] else 0


class Outcome:
    """Everything that an installation published about a load, and what is wrong with it."""

    def __init__(self, installation, load):
        self.load = load
        self.appended = {status: {} for status in STEPS}  # status -> claim -> wall ms
        self.deadlines = {}  # claim -> business ms text
        self.submitted, self.closed, self.officials = {}, [], collections.Counter()
        self.official_appended = []
        self.sequences = collections.defaultdict(list)
        self.sizes = Sizes()
        self.dead_letters = []
        for topic, visit in (("claim-submission", self.see_submission),
                             ("claim-status", self.see_status),
                             ("claim-validation", self.see_any),
                             ("customer-notification", self.see_any),
                             ("opt-out-expiry", self.see_expiry),
                             ("association-official", self.see_official),
                             ("dead-letter", self.see_dead_letter)):
            scan(installation, topic, visit)

    def see_submission(self, record):
        self.sizes.add(record.topic, record)
        self.submitted[json.loads(record.value)["claim_id"]] = record.timestamp

    def see_status(self, record):
        data = json.loads(record.value)
        claim, status = data["claim_id"], data["status"]
        self.sequences[claim].append((data["sequence"], status))
        self.appended.setdefault(status, {})[claim] = record.timestamp
        self.sizes.add(f"claim-status {status}", record)
        if status == "OPT_OUT_OPEN":
            self.deadlines[claim] = data["deadline_at"]

    def see_any(self, record):
        self.sizes.add(record.topic, record)

    def see_expiry(self, record):
        kind = record.header("ce_type")
        self.sizes.add(kind, record)
        if kind == "cpor.window.closed.v1":
            self.closed.append((record.timestamp, json.loads(record.value)["due_at"]))

    def see_official(self, record):
        data = json.loads(record.value)
        self.sizes.add(record.topic, record)
        self.official_appended.append(record.timestamp)
        self.officials[data["claim_id"], data["line"]] += 1

    def see_dead_letter(self, record):
        self.dead_letters.append((record.header("dlq_reason"), record.header("dlq_detail")))

    def faults(self):
        """What is lost or double, in words; [] when all is as it must be."""
        found = [f"{len(self.dead_letters)} dead letters, the first {self.dead_letters[0]}"] \
            if self.dead_letters else []
        wanted = [(number + 1, status) for number, status in enumerate(STEPS)]
        wrong = [claim for claim, seen in self.sequences.items() if sorted(seen) != wanted]
        if wrong:
            found.append(f"{len(wrong)} claims with other statuses than one each of {STEPS}, e.g. "
                         f"{wrong[0]}: {sorted(self.sequences[wrong[0]])}")
        if len(self.sequences) != self.load.count:
            found.append(f"{len(self.sequences)} claims have a status, {self.load.count} were sent")
        if len(self.officials) != self.load.association_count:
            found.append(f"{len(self.officials)} associations became official, expected "
                         f"{self.load.association_count}")
        double = [key for key, count in self.officials.items() if count > 1]
        if double:
            found.append(f"{len(double)} associations became official twice, e.g. {double[0]}")
        return found


def percentile(values, share):
    """The smallest value that at least this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)] if ordered else None
