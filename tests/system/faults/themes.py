"""The rounds: which faults go together, under which clock, and in which order the seed puts them."""

import dataclasses
import random

import table_servers
import table_workers
from words import instant_ms
from world import World

FAULTS_PER_ROUND = 9


@dataclasses.dataclass
class Theme:
    """start_at_ms, speed: of the scaled clock."""
    name: str
    speed: int
    start_at_ms: int
    settings: dict = dataclasses.field(default_factory=dict)
    seconds_each: float = 9  # of one fault, to have claims enough
    make: type = World

    def open(self, stack, folder, seed, count, options):
        seconds = (20 + self.seconds_each * count) * (3 if options.long else 1)
        return self.make(stack, folder, self, seed, seconds, options)


THEMES = {theme.name: theme for theme in (
    Theme("workers", 20_000, instant_ms("2026-05-20T08:00:00.000Z")),
    Theme("servers", 20_000, instant_ms("2026-09-14T08:00:00.000Z"), seconds_each=14),
)}
TABLES = (table_workers, table_servers)


def all_faults():
    return [fault for table in TABLES for fault in table.table()]


def stack_env():
    return {}


def rounds(seed, only=None):
    """Endless: (theme, faults, seed of the claims). All faults once, then all again otherwise."""
    chance = random.Random(seed)
    faults = [fault for fault in all_faults()
              if only is None or only.search(fault.name) or only.search(fault.theme)]
    while faults:
        found = []
        for theme in THEMES.values():
            mine = [fault for fault in faults if fault.theme == theme.name]
            chance.shuffle(mine)
            size = -(-len(mine) // max(1, round(len(mine) / FAULTS_PER_ROUND)))
            found += [(theme, mine[at:at + size]) for at in range(0, len(mine), size or 1)]
        chance.shuffle(found)
        for theme, chosen in found:
            yield theme, chosen, chance.randrange(1_000_000)
