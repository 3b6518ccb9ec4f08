"""Faults of clocks: workers an hour apart, the broker behind them, daylight saving in a window."""

import pathlib
import subprocess
import time

from faults import Fault
from harness import SERVICES
from words import instant_ms
from world import INSTANCES, Mark, World

HOUR_MS = 3_600_000
SOURCE = pathlib.Path(__file__).with_name("skew.c")
# New York and London, Berlin; the round's claims have windows over both.
CHANGES = tuple(map(instant_ms, ("2026-03-08T07:00:00.000Z", "2026-03-29T01:00:00.000Z",
                                 "2026-10-25T01:00:00.000Z", "2026-11-01T06:00:00.000Z")))


class TimeWorld(World):
    def prepare(self):
        self.library = self.installation.folder / "skew.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(self.library), str(SOURCE),
                        "-ldl"], check=True)

    def set_clocks(self, numbers, business_ms):
        """Starts these instances again, with clocks that are so far ahead."""
        wall_ms = business_ms // self.installation.speed
        for service in SERVICES:
            for number in numbers:
                worker = self.worker(service, number)
                self.beside(worker.stop)
                worker.settings = {} if wall_ms == 0 else {
                    "LD_PRELOAD": str(self.library), "FAULT_SKEW_MS": str(wall_ms)}
                worker.start()


def skew(world, argument):
    """The work of ten seconds by clocks that are wrong; then by good ones."""
    numbers, hours = argument
    world.set_clocks(numbers, hours * HOUR_MS)
    mark = Mark(time.time())
    world.go_on(world.seconds(8, 30))

    def put_right():
        world.set_clocks(numbers, 0)
        world.recover(Mark(time.time()))
    mark.afterwards = put_right
    return mark


def change_of_clocks(world, _):
    """Until business time has passed the next change, with windows open over it."""
    installation = world.installation
    change = min(at for at in CHANGES if at > installation.now_ms())
    assert world.until(lambda: installation.now_ms() > change, 120), "no change of clocks came"
    return Mark(time.time())


def table():
    yield Fault("time: instances an hour apart", "time", skew, 60, ((1,), 1))
    yield Fault("time: one instance an hour behind", "time", skew, 60, ((2,), -1))
    yield Fault("time: the broker an hour behind all workers", "time", skew, 60, (INSTANCES, 1))
    # The change is some business days after the round's start, the next one months later.
    yield Fault("time: daylight saving changes in open windows", "time", change_of_clocks, 60,
                comes_first=True)
