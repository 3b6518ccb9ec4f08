"""Plays the generator's stories: publishes each step when what it waits for has been seen."""

import heapq
import itertools
import json
import time

import harness
from generator import FINAL


class Driver:
    """One run of a load. `disturb` is called in every round, for faults."""

    def __init__(self, installation, load):
        self.installation, self.load = installation, load
        self.board = harness.StatusBoard(installation)
        self.seen = {}  # key -> set of statuses
        self.waiting = {}  # key -> [(statuses, delay, story, index)]
        self.due = []  # heap of (wall, tie, story, index)
        self.ties = itertools.count()
        self.open_steps = 0
        for story in load.stories:
            self.arm(story, 0)

    def arm(self, story, index):
        if index >= len(story):
            return
        self.open_steps += 1
        step = story[index]
        if step.key is None or self.seen.get(step.key, set()) & set(step.statuses):
            self.schedule(step.delay_s, story, index)
        else:
            self.waiting.setdefault(step.key, []).append((set(step.statuses), step.delay_s,
                                                          story, index))

    def schedule(self, delay_s, story, index):
        heapq.heappush(self.due, (time.monotonic() + delay_s, next(self.ties), story, index))

    def publish(self, story, index):
        for message in story[index].messages:
            if message.headers is not None:
                self.installation.produce(message.topic, message.tenant_id, message.data,
                                          message.headers)
            elif isinstance(message.data, bytes):
                self.publish_bytes(message)
            else:
                self.installation.publish(message.topic, message.type, message.data,
                                          message.tenant_id, message.id)
        self.open_steps -= 1
        self.arm(story, index + 1)

    def publish_bytes(self, message):
        headers = [("ce_specversion", b"1.0"), ("ce_source", b"/upstream"),
                   ("ce_id", f"raw-{next(self.ties)}".encode()),
                   ("ce_type", message.type.encode())]
        self.installation.produce(message.topic, message.tenant_id, message.data, headers)

    def round(self):
        """One look at what is due and what came."""
        now = time.monotonic()
        while self.due and self.due[0][0] <= now:
            _, _, story, index = heapq.heappop(self.due)
            self.publish(story, index)
        self.installation.producer.poll(0)
        for key, data in self.board.update():
            self.seen.setdefault(key, set()).add(data["status"])
            ready = [entry for entry in self.waiting.get(key, []) if data["status"] in entry[0]]
            for entry in ready:
                self.waiting[key].remove(entry)
                self.schedule(entry[1], *entry[2:])

    def unfinished(self):
        return [key for key in self.load.claims if self.board.status(key) not in FINAL]

    def run(self, seconds, disturb=None):
        """Until every step is published and every claim has ended; then until all is consumed."""
        begin = said = time.monotonic()
        while True:
            self.round()
            if disturb:
                disturb(self)
            if self.installation.supervised:
                self.installation.check_workers()
            else:
                self.installation.restart_fallen()
            now = time.monotonic()
            left = self.unfinished() if self.open_steps == 0 or now - said > 5 else None
            if self.open_steps == 0 and not left:
                break
            if now - said > 5:
                said = now
                harness.say(f"  {now - begin:.0f} s: {len(self.load.claims) - len(left)} of "
                            f"{len(self.load.claims)} claims have ended, "
                            f"{self.open_steps} steps to come{self.name_few(left)}")
            if now - begin > seconds:
                raise AssertionError(f"not all over after {seconds} s: {self.describe()}\n"
                                     f"logs: {self.installation.folder}")
        self.installation.flush()
        self.installation.wait_quiet()
        self.board.close()

    def name_few(self, left):
        if len(left) >= 5:
            return ""
        named = [f"{key[1]} {self.board.statuses(key)}" for key in left[:2]]
        return "".join(f"; {name}" for name in named)

    def describe(self):
        left = self.unfinished()
        lines = [f"{len(left)} claims have not ended, {self.open_steps} steps wait"]
        for key in left[:10]:
            latest = self.board.latest(key)
            lines.append(f"  claim {key[1]} of tenant {key[0]}: {self.board.statuses(key)}, "
                         f"findings {json.dumps(latest['findings']) if latest else None}")
        steps = [(key, *entry) for key, entries in self.waiting.items() for entry in entries]
        for key, statuses, _, story, index in steps[:10]:
            lines.append(f"  {[message.type for message in story[index].messages]} waits for claim "
                         f"{key[1]} of tenant {key[0]} to be {sorted(statuses)}: it was "
                         f"{self.board.statuses(key)}")
        return "\n".join(lines)
