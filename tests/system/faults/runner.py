#!/usr/bin/env python3
"""Injects faults, one after another, while claims flow; the model and the auditor judge each round.

The seed gives the order of the rounds, of the faults in each, and the claims; the minutes say how
many rounds there are. What must hold after every round: nothing lost, nothing early, nothing
double, and work went on within a minute of each fault's end. Prints a table.
"""

import argparse
import os
import pathlib
import random
import re
import signal
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent),
                str(pathlib.Path(__file__).resolve().parents[1])]

import harness  # noqa: E402
import themes  # noqa: E402
from harness import Stack, say  # noqa: E402
from tally import Tally  # noqa: E402
from verdict import judge_round  # noqa: E402

PAUSE_S = 0.5
FULL_MINUTES = 2
SHOWN_MAX = 12


class Run:
    """All rounds of one run."""

    def __init__(self, options):
        self.options = options
        self.tally = Tally()
        self.begin = time.monotonic()
        self.folder = pathlib.Path(options.folder or tempfile.mkdtemp(prefix="cpor-faults-"))
        os.environ.update(themes.stack_env())
        self.stack = Stack(f"faults-{os.getpid()}")
        self.round_count = 0
        self.slowest_s = 0

    def left_s(self):
        return self.begin + self.options.minutes * 60 - time.monotonic()

    def go(self):
        try:
            for number, (theme, faults, seed) in enumerate(
                    themes.rounds(self.options), 1):
                self.round(number, theme, faults, seed)
                self.slowest_s = max(self.slowest_s, time.monotonic() - self.round_began)
                if self.options.json:  # what is known, should the rest not come
                    self.tally.write(self.options.json)
                if self.is_over(number):
                    break
        finally:
            self.end_workers()
            self.stack.clean()

    def is_over(self, round_count):
        """Each theme is seen once, also where the machine is slow."""
        if self.options.minutes >= FULL_MINUTES and round_count < themes.round_count(self.options):
            return False
        return self.left_s() < self.slowest_s / 2

    @staticmethod
    def end_workers():
        """Of a run that was interrupted: nothing of it stays."""
        for installation in harness.running:
            for worker in installation.workers.values():
                if worker.process is not None:
                    worker.process.kill()

    def round(self, number, theme, faults, seed):
        say(f"\nround {number}: {theme.name}, seed {seed}, {len(faults)} faults "
            f"({time.monotonic() - self.begin:.0f} s)")
        self.round_began = time.monotonic()
        folder = self.folder / f"round-{number}"
        folder.mkdir(parents=True)
        struck = []  # (row, claims that were in flight)
        world = None
        try:
            self.end_workers()  # what a round left down or running is no fault of the next
            self.stack.clean()
            self.stack.up()
            world = theme.open(self.stack, folder, seed, len(faults), self.options)
            world.warm_up()
            for fault in faults:
                self.strike(world, fault, struck)
            world.drain()
        except Exception as error:  # this round is lost, the next may tell more
            traceback.print_exc()
            for name in {fault.name for fault in faults}:
                self.tally.row(name).notes.append(f"round {number}: {type(error).__name__}: "
                                                  f"{str(error)[:300]}")
            if world:
                say(world.installation.report())
        if world:
            self.finish(number, world, struck)
        self.round_count += 1

    def strike(self, world, fault, struck):
        row = self.tally.row(fault.name, fault.aim_s)
        keys = set(world.flow.in_flight)
        row.injected += 1
        row.in_flight = max(row.in_flight, len(keys))
        struck.append((row, keys))
        began = time.monotonic()
        mark = fault.inject(world, fault.argument)
        lasted = time.monotonic() - began
        seconds = world.recover(mark)
        if seconds is None:
            row.notes.append("work did not go on")
        else:
            row.recovery_s.append(round(max(seconds, 0), 3))
        say(f"  {fault.name}: {len(keys)} claims in flight, lasted {lasted:.1f} s, went on after "
            f"{'-' if seconds is None else f'{seconds:.1f} s'}")
        mark.afterwards()
        row.notes += world.notes
        world.notes.clear()
        world.go_on(PAUSE_S)

    def finish(self, number, world, struck):
        """The verdict counts for every fault that found the claim in flight."""
        try:
            faults, counts = judge_round(world)
            faults += world.end_notes()
        except Exception as error:
            traceback.print_exc()
            faults, counts = world.end_notes(), ()
            for row, _ in struck:
                row.notes.append(f"round {number} was not judged: {error}")
        for fault in faults[:SHOWN_MAX]:
            say(f"  {fault.kind}: {fault.text}")
        for fault in faults:
            hit = [row for row, keys in struck if fault.key in keys] or [row for row, _ in struck]
            for row in {id(row): row for row in hit}.values():
                setattr(row, fault.kind, getattr(row, fault.kind) + 1)
        try:
            world.close()
        except Exception as error:  # the contracts, or a server that is not there
            for row, _ in struck:
                row.notes.append(f"round {number}, at its close: {str(error)[:300]}")
        say(f"  {len(faults)} faults found; {counts} records in, claims, associations, letters; "
            f"{world.restart_count} restarts by themselves; "
            f"{time.monotonic() - self.round_began:.0f} s; logs: {world.installation.folder}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--long", action="store_true", default=None,
                        help="faults last up to a minute (also from 30 minutes on)")
    parser.add_argument("--only", help="a pattern of the faults' names or themes")
    parser.add_argument("--json", help="file for the rows, one line of JSON each")
    parser.add_argument("--folder", help="for logs; else a temporary one")
    options = parser.parse_args()
    if options.long is None:
        options.long = options.minutes >= 30
    options.only = re.compile(options.only) if options.only else None
    return options


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    run = Run(parse_arguments())
    run.go()
    print(f"\nseed {run.options.seed}, {run.round_count} rounds, "
          f"{(time.monotonic() - run.begin) / 60:.1f} minutes\n\n{run.tally.table()}\n")
    for text in run.tally.failures():
        print(f"failed: {text}")
    failed = run.tally.failed_count()
    print(f"faults: {len(run.tally.rows) - failed} passed, {failed} failed")
    return 1 if failed or not run.tally.rows else 0


if __name__ == "__main__":
    sys.exit(main())
