"""One round: an installation, its workers and a flow of claims, in which faults are injected."""

import dataclasses
import http.client
import random
import re
import threading
import time
import typing

from flow import Flow, Stories
from harness import SERVICES, Installation, Worker, say
from tally import WENT_ON_MAX_S, Finding

INSTANCES = (1, 2)
POKE_S, POKE_MAX_S = 0.6, 5
HEALTH_S = 0.5
DRAIN_SPEED = 200_000
DRAIN_DAYS = 30
DAY_MS = 86_400_000
CLAIMS_PER_SECOND = 8


@dataclasses.dataclass
class Mark:
    """When what was taken away came back, and who had to begin again."""
    at: float
    services: tuple = SERVICES
    afterwards: typing.Callable = lambda: None  # when the recovery was measured
    until: typing.Callable | None = None  # instead of the services' words: its moment, or false


class World:
    def __init__(self, stack, folder, theme, seed, seconds, options):
        self.stack, self.theme, self.options = stack, theme, options
        self.random = random.Random(seed)
        self.installation = Installation(stack, folder, speed=theme.speed,
                                         start_at_ms=theme.start_at_ms,
                                         settings={} if options.long else theme.settings)
        self.installation.supervised = False
        self.paused = set()  # instances that are stopped on purpose
        self.restart_count = 0
        self.notes = []  # what was seen that must not be
        self.health_at = self.poked_at = 0.0
        self.poke_pause_s = None
        self.health_turn = 0
        self.clock_slack_ms = 0  # of business time: between the clocks of brokers
        self.poison = []  # records of the workers' own topics that must end as dead letters
        stories = Stories(seed, int(seconds * CLAIMS_PER_SECOND * 1.4) + 300, theme.start_at_ms,
                          window_s=20.0)
        self.prepare()
        for service in SERVICES:
            for number in INSTANCES:
                self.add_worker(service, number)
        self.installation.publish_reference(stories.partners, stories.tenants,
                                            stories.subscriptions)
        self.flow = Flow(self.installation, stories, CLAIMS_PER_SECOND)

    def prepare(self):
        """What a theme needs before the first worker starts."""

    def settings_of(self, _number):
        """Of the workers with this number."""
        return {}

    def refused_addresses(self):
        """Of contacts that a mail server refused by chance."""
        return ()

    def seconds(self, short, long):
        return long if self.options.long else short

    def warm_up(self):
        assert self.recover(Mark(time.time())) is not None, "the workers did not begin"

    # ---- workers

    def add_worker(self, service, number):
        worker = Worker(self.installation, service, number, self.settings_of(number))
        worker.may_be_fenced = True
        self.installation.workers[worker.instance] = worker.start()
        return worker

    def worker(self, service, number):
        return self.installation.workers[f"{service}-{number}"]

    def supervise(self):
        for worker in self.installation.workers.values():
            if worker.process is not None and worker.process.poll() is not None:
                say(f"    {worker.instance} ended with {worker.process.returncode}, is restarted")
                worker.process = None
                worker.start()
                self.restart_count += 1

    def bring_back(self, worker):
        """Starts it; until it has its partitions: the next fault finds both instances at work."""
        before = worker.log.read_text(errors="replace").count("partitions-assigned")
        worker.start()
        self.until(lambda: worker.log.read_text(errors="replace").count("partitions-assigned")
                   > before, 30)
        self.go_on(1)

    def check_health(self):
        """One worker at a time: whoever runs is alive, whatever it waits for."""
        if time.monotonic() - self.health_at < HEALTH_S:
            return
        self.health_at = time.monotonic()
        workers = list(self.installation.workers.values())
        self.health_turn += 1
        worker = workers[self.health_turn % len(workers)]
        if worker.process is None or worker.instance in self.paused:
            return
        process = worker.process
        status = health_of(worker)
        if status not in (200, None) and worker.process is process and process.poll() is None:
            self.notes.append(f"/healthz of {worker.instance} answered {status}")

    # ---- time passes

    def turn(self):
        self.flow.round()
        self.supervise()
        self.check_health()

    def go_on(self, seconds):
        self.until(lambda: False, seconds)

    def until(self, condition, seconds):
        """Lets the claims flow until condition(); its value, false when it never came."""
        end = time.monotonic() + seconds
        while True:
            value = condition()
            if value or time.monotonic() > end:
                return value
            self.turn()

    def beside(self, function, *arguments):
        """Calls something slow while the claims flow."""
        failed = []

        def run():
            try:
                function(*arguments)
            except BaseException as error:  # it is raised below, in the thread that waits
                failed.append(error)
        thread = threading.Thread(target=run)
        thread.start()
        while thread.is_alive():
            self.turn()
        if failed:
            raise failed[0]

    def poke(self):
        """Often at first, then seldom: work that cannot go on must not pile up."""
        now = time.monotonic()
        if self.poke_pause_s is None or now - self.poked_at > self.poke_pause_s:
            self.poke_pause_s = min(POKE_S if self.poke_pause_s is None
                                    else 1.4 * self.poke_pause_s, POKE_MAX_S)
            self.poked_at = now
            self.flow.poke()

    def recover(self, mark):
        """Seconds from the mark until each of its services spoke on every partition, or None."""
        wanted = {(service, partition) for service in mark.services
                  for partition in range(self.installation.partition_count)}

        def first_words():
            self.poke()
            found = self.flow.board.first_after(mark.at)
            return found if wanted <= found.keys() else None
        self.poke_pause_s = None
        if mark.until is not None:
            at = self.until(mark.until, WENT_ON_MAX_S)
            return at - mark.at if at else None
        found = self.until(first_words, WENT_ON_MAX_S)
        if not found:
            missing = sorted(wanted - self.flow.board.first_after(mark.at).keys())
            say(f"    did not go on: {missing}")
            return None
        return max(found[place] for place in wanted) - mark.at

    # ---- the end

    def drain(self, seconds=90):
        """No more claims; all time-outs pass; every claim comes to its end."""
        self.flow.feeds = False
        self.until(lambda: False, 1)
        installation = self.installation
        installation.speed = DRAIN_SPEED
        installation.jump(installation.now_ms() + DRAIN_DAYS * DAY_MS)
        self.flow.run(seconds)
        installation.stop_workers()
        self.look_into_logs()

    def end_notes(self):
        notes, self.notes = self.notes, []
        return [Finding("other", text, None) for text in notes]

    def close(self):
        self.flow.board.close()
        self.installation.close()

    def look_into_logs(self):
        for worker in self.installation.workers.values():
            text = worker.log.read_text(errors="replace")
            for word in ("poll-interval-exceeded", "AddressSanitizer", "assertion"):
                if word in text:
                    self.notes.append(f"{worker.instance} logged {word}")


def health_of(worker):
    """/healthz of a worker; None while it does not listen."""
    ports = re.findall(r"event=listening address=127.0.0.1 port=(\d+)",
                       worker.log.read_text(errors="replace"))
    if not ports:
        return None
    connection = http.client.HTTPConnection("127.0.0.1", int(ports[-1]), timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    except ConnectionError:
        return None  # it just ended, or starts
    except OSError as error:
        return str(error)
    finally:
        connection.close()
