"""The rounds: which faults go together, under which clock, in which order the seed puts them."""

import dataclasses
import math
import random
import sys

import table_group
import table_mail
import table_network
import table_poison
import table_servers
import table_time
import table_workers
from harness import ROOT
from words import instant_ms
from world import World

FAULTS_PER_ROUND = 9  # in a long run; a short one has one round per theme, to be done in time
# Of a short run, drawn by the seed: ten minutes are enough for these, less for their part.
SHORT_MINUTES = 10
SHORT_COUNTS = {"workers": 20, "servers": 13, "network": 7, "slow": 9, "time": 3}


@dataclasses.dataclass
class Theme:
    """start_at_ms, speed: of the scaled clock; settings: of the workers in a short run."""
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
    # Workers, their groups, and poison for them.
    Theme("workers", 20_000, instant_ms("2026-05-20T08:00:00.000Z")),
    Theme("servers", 20_000, instant_ms("2026-09-14T08:00:00.000Z"), seconds_each=14),
    Theme("network", 20_000, instant_ms("2026-06-10T08:00:00.000Z"), seconds_each=14,
          make=table_network.NetworkWorld),
    # No deadline passes, and no notice is given up, while its faults last.
    Theme("slow", 2_000, instant_ms("2026-04-13T08:00:00.000Z"),
          {"CPOR_SMTP_TIMEOUT_MS": "4000"}, seconds_each=10, make=table_mail.MailWorld),
    Theme("time", 20_000, instant_ms("2026-10-15T08:00:00.000Z"), seconds_each=25,
          make=table_time.TimeWorld),
)}
# Random crash points (a build that has them) are one more table, of the theme "workers".
TABLES = (table_workers, table_servers, table_network, table_group, table_mail, table_time,
          table_poison)


def all_faults():
    return [fault for table in TABLES for fault in table.table()]


def stack_env():
    """Listeners of Kafka for the workers of each side, which the proxies stand before."""
    sys.path.append(str(ROOT / "deploy/local"))
    from process import choose_port
    table_network.NetworkWorld.sides = table_network.Sides(choose_port)
    return table_network.NetworkWorld.sides.env()


def rounds(options):
    """Endless: (theme, faults, seed of the claims). Each theme once, then all again otherwise."""
    chance = random.Random(options.seed)
    while cycle := one_cycle(options, chance):
        for theme, chosen in cycle:
            yield theme, chosen, chance.randrange(1_000_000)


def one_cycle(options, chance):
    only, found = options.only, []
    for theme in THEMES.values():
        mine = [fault for fault in all_faults() if fault.theme == theme.name and (
            only is None or only.search(fault.name) or only.search(fault.theme))]
        chance.shuffle(mine)
        found += [(theme, sorted(part, key=lambda fault: not fault.comes_first))
                  for part in parts_of(theme, mine, options)]
    chance.shuffle(found)
    return found


def round_count(options):
    """Of one cycle."""
    return len(one_cycle(options, random.Random(options.seed)))


def parts_of(theme, faults, options):
    if not options.long:
        share = min(1, options.minutes / SHORT_MINUTES)
        return [faults[:math.ceil(SHORT_COUNTS[theme.name] * share)]] if faults else []
    size = -(-len(faults) // max(1, round(len(faults) / FAULTS_PER_ROUND)))
    return [faults[at:at + size] for at in range(0, len(faults), size or 1)]
