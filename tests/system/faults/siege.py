"""An installation of the faults build under a mixed load, whose workers die at crash points."""

import collections
import datetime
import re
import signal
import time

import harness
import mails_twice
from driver import Driver
from generator import InterruptedLoad
from judge import SHOWN_MAX, Judge
from mails_twice import Span
from results import Results
from tally import VERDICTS
from verdict import audit, early_events, finding_of
from words import instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
SPEED = 50_000
# A wake-up that died with its lease comes again within the test, and so does one Redis forgot.
SETTINGS = {"CPOR_TIMER_LEASE_MS": "1000", "CPOR_TIMER_SWEEP_SECONDS": "1"}
# Between a mail's acceptance and the commit that records it: it goes out once more.
MAILS_TWICE = ("after-mail", "after-mails", "before-database-commit", "after-statement",
               "random")
ROUND_S = 60
STORM_LONGER = 5  # times as long as it was meant to be, where the machine is slow
HEADER = harness.ROOT / "common/runtime/crash_point.h"


def names():
    """Every crash point's name, in the table's order."""
    return re.findall(r'POINT\(CRASH_\w+, "([^"]+)"\)', HEADER.read_text())


def wall_ms():
    return int(time.time() * 1000)


class Death:
    """A worker armed with a point: when it was armed, started again and worked (wall ms)."""

    def __init__(self, worker, point):
        self.worker, self.point = worker, point
        self.armed_ms = wall_ms()
        self.restarted_ms = self.recovered_ms = None  # None: died again before it worked
        self.replaced_ms = None

    @property
    def fault(self):
        return f"kill -9 {self.worker.service} {self.point.partition(':')[0]}"

    @property
    def recovery_s(self):
        return (self.recovered_ms - self.restarted_ms) / 1000 if self.recovered_ms else 0

    @property
    def span(self):
        return Span(self.armed_ms, self.restarted_ms,
                    self.recovered_ms or self.replaced_ms or wall_ms())

    def __repr__(self):
        return f"{self.worker.service} at {self.point}"


class Siege:
    """Load, deaths and what became of it all."""

    def __init__(self, install, seed):
        self.installation = install(speed=SPEED, start_at_ms=START, settings=SETTINGS,
                                    binaries=harness.FAULTS_BIN)
        self.installation.supervised = False  # deaths are what it is about
        self.installation.start_workers()
        self.load = InterruptedLoad(seed, 0, START)
        self.published = [0, 0, 0]  # of the load's partners, tenants, subscriptions
        self.fresh = []  # of them: what was published last
        self.told = 0  # of the load's stories
        self.deaths = []
        self.results = Results()
        self.publish_reference()
        self.driver = Driver(self.installation, self.load)

    # ---- load

    def publish_reference(self, wait=True):
        kinds = (self.load.partners, self.load.tenants, self.load.subscriptions)
        self.fresh = [kind[count:] for kind, count in zip(kinds, self.published)]
        self.published = [len(kind) for kind in kinds]
        self.installation.publish_reference(*self.fresh, wait=wait)

    def think_up(self, *stories):
        """Stories of this day, to be told by tell(): what they refer to is known by then."""
        now = datetime.datetime.fromtimestamp(self.installation.now_ms() / 1000,
                                              datetime.timezone.utc)
        self.load.today = now.date()
        for story in stories:
            story()

    def mix(self):
        load = self.load
        return (load.story_good, load.story_good, load.story_opt_out, load.story_withdrawn,
                load.story_competition, load.story_publisher_duplicate, load.story_dead_letter,
                load.random.choice((load.story_refused, load.story_asked, load.story_disassociated,
                                    load.story_evidence)), self.probe)

    def probe(self):
        """Makes every worker speak, and soon: declined as soon as the window is open."""
        document, _ = self.load.m365(count=1)
        self.load.tell(self.load.submit(document), self.load.later(
            document, ("OPT_OUT_OPEN",), 0, "opt-out-expiry", "cpor.customer.opted-out.v1",
            actor={"type": "customer"}))

    def tell(self, count=None):
        stories = self.load.stories[self.told:][:count]
        self.told += len(stories)
        for story in stories:
            self.driver.arm(story, 0)

    # ---- deaths

    def arm(self, points, prepare=None):
        """Restarts these workers ({service: point}) with their points; prepare() in between."""
        workers = [self.installation.workers[f"{service}-1"] for service in points]
        for worker in workers:
            worker.process.send_signal(signal.SIGTERM)
        for worker in workers:
            worker.stop(drains=True)
        if prepare:
            prepare(self)
        armed = [Death(worker, points[worker.service]) for worker in workers]
        for death in armed:
            self.start(death.worker, death.point)
        return armed

    @staticmethod
    def start(worker, point=""):
        worker.settings = {**worker.settings, "CPOR_CRASH_POINT": point}
        worker.start()

    def take_death(self, death, next_point=""):
        """True when the worker is dead: notes how, and starts it again."""
        worker = death.worker
        code = worker.process.poll()
        if code is None:
            return False
        assert code == -signal.SIGKILL, f"{death}: ended with {code}\n{worker.log_tail()}"
        self.results.row(death.fault).struck(len(self.driver.unfinished()))
        self.deaths.append(death)
        worker.process = None
        death.restarted_ms = wall_ms()
        self.start(worker, next_point)
        return True

    def take_recovery(self, death):
        """True when the worker has published something that it did not before it died."""
        if self.driver.board.heard.get(death.worker.service, 0) < death.restarted_ms:
            return False
        death.recovered_ms = wall_ms()
        self.results.row(death.fault).recovered(death.recovery_s)
        return True

    def take_misses(self, waiting):
        """Those that have worked, have nothing left to read, and live: there is no such point."""
        heard = self.driver.board.heard
        spoken = [death for death in waiting
                  if heard.get(death.worker.service, 0) >= death.armed_ms]
        if not spoken:
            return []
        self.installation.flush()
        behind = {service for service, _, _ in self.installation.lag()}
        return [death for death in spoken
                if death.worker.service not in behind and self.disarm(death)]

    def disarm(self, death):
        """True when the worker has ended by itself: it is started again without the point."""
        worker = death.worker
        worker.process.send_signal(signal.SIGTERM)
        if worker.process.wait(20) != 0:
            return False  # it did in its last batch: take_death comes to it
        worker.process = None
        self.start(worker)
        return True

    def strike(self, points, prepare=None, may_miss=False):
        """One round: each of these workers dies at its point, comes back, and works. Returns those
        that did not die; none, unless they may."""
        missed = []
        self.think_up(*self.mix(), *[self.probe] * len(points))
        self.publish_reference()
        waiting, recovering = self.arm(points, prepare), []
        self.tell(-len(points))
        begin = time.monotonic()
        while waiting or recovering:
            self.driver.round()
            for death in [death for death in waiting if self.take_death(death)]:
                waiting.remove(death)
                recovering.append(death)
                self.tell(1)
            recovering = [death for death in recovering if not self.take_recovery(death)]
            missed += self.take_misses(waiting) if may_miss else []
            waiting = [death for death in waiting if death not in missed]
            self.check_others(waiting)
            assert time.monotonic() - begin < ROUND_S, (
                f"after {ROUND_S} s: never reached: {waiting}; silent since: {recovering}")
        died = self.deaths[len(self.deaths) - len(points) + len(missed):]
        harness.say(f"  {time.monotonic() - begin:.1f} s: " + ", ".join(
            f"{death} {death.recovery_s:.2f} s" for death in died))
        return [death.worker.service for death in missed]

    def storm(self, seed, seconds, mean, death_count):
        """Death at random points of all workers, again and again; one story every quarter of a
        second, until the time is over and all have died, and that often: on a slow machine, where
        a batch is larger and they come by fewer points, it takes more stories."""
        def is_enough():
            struck = {death.worker.service for death in self.deaths}
            return len(self.deaths) >= death_count and struck == set(harness.SERVICES)
        for _ in range(seconds // 2):
            self.think_up(*self.load.random.sample(self.mix(), 8))
        self.publish_reference()
        living = self.arm({service: f"random:{seed + number}:{mean}"
                           for number, service in enumerate(harness.SERVICES)})
        begin, recovering = time.monotonic(), []
        while time.monotonic() - begin < seconds or not is_enough():
            assert time.monotonic() - begin < STORM_LONGER * seconds, \
                f"only {len(self.deaths)} deaths: {[str(death) for death in self.deaths]}"
            if self.told == len(self.load.stories):
                self.think_up(*self.load.random.sample(self.mix(), 8))
                self.publish_reference(wait=False)
            if self.told < (time.monotonic() - begin) * 4 and (
                    self.installation.holds_reference(*self.fresh)):
                self.tell(1)
            self.driver.round()
            for death in list(living):
                point = f"random:{seed + len(harness.SERVICES) + len(self.deaths)}:{mean}"
                if self.take_death(death, point):
                    self.replace(living, recovering, death, point)
            recovering = [death for death in recovering if not self.take_recovery(death)]
        for death in living:
            death.worker.process.kill()
            death.worker.process.wait()
            self.take_death(death)

    @staticmethod
    def replace(living, recovering, death, point):
        """The dead one's successor is to die, too; whom it replaces without having worked, nobody
        waits for."""
        living.remove(death)
        living.append(Death(death.worker, point))
        for older in [older for older in recovering if older.worker is death.worker]:
            recovering.remove(older)
        death.replaced_ms = wall_ms()
        recovering.append(death)

    def check_others(self, waiting):
        """Who is not to die lives."""
        for worker in self.installation.workers.values():
            if worker not in [death.worker for death in waiting]:
                worker.check_alive()

    # ---- the end

    def sender_spans(self):
        """Of the deaths that can leave a mail accepted and not recorded."""
        return [death.span for death in self.deaths
                if death.worker.service == "customer-notification"
                and death.point.startswith(MAILS_TWICE)]

    def finish(self, seconds=120):
        """Until all is over; then the model, the auditor and the mails."""
        self.publish_reference()
        self.tell()
        self.installation.supervised = True
        self.driver.run(seconds)
        self.installation.stop_workers()
        judge = Judge(self.installation).check_all()
        judge.check_mails(exactly_once=False)
        twice = mails_twice.check(judge, self.sender_spans())
        found = [*early_events(judge, 0), *map(finding_of, judge.mismatches), *audit(self)]
        counts = collections.Counter(finding.kind for finding in found)
        self.results.write(**{kind: counts[kind] for kind in VERDICTS})
        assert not found, "\n".join([f"{len(found)} findings:", *(
            f"  {finding.kind}: {finding.text}" for finding in found[:SHOWN_MAX]),
            f"logs: {self.installation.folder}"])
        slowest = max(self.deaths, key=lambda death: death.recovery_s)
        harness.say(f"  {len(self.deaths)} deaths, {len(self.load.claims)} claims, "
                    f"{len(judge.official)} association events, {len(twice)} mails twice; slowest "
                    f"back: {slowest}, {slowest.recovery_s:.2f} s")
        return twice
