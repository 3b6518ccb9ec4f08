#!/usr/bin/env python3
"""What a run of faults measured: one row per fault, as a table and as lines of JSON.

Called with such files it prints the table of all of them.
"""

import collections
import dataclasses
import json
import statistics
import sys

WENT_ON_MAX_S = 60
VERDICTS = ("lost", "early", "double", "other")


@dataclasses.dataclass
class Finding:
    """One thing that does not agree with the promises."""
    kind: str  # one of VERDICTS
    text: str
    key: tuple | None  # (tenant, claim)


@dataclasses.dataclass
class Row:
    """in_flight: the most claims that had not ended when it struck. recovery_s: of each injection,
    seconds until every worker that it touched has moved a claim again on every partition."""
    fault: str
    aim_s: float = WENT_ON_MAX_S
    injected: int = 0
    in_flight: int = 0
    lost: int = 0
    early: int = 0
    double: int = 0
    other: int = 0
    recovery_s: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)

    def is_bad(self):
        return any(getattr(self, name) for name in VERDICTS) or bool(self.notes)

    def is_slow(self):
        return max(self.recovery_s, default=0) > self.aim_s


class Tally:
    def __init__(self):
        self.rows = {}

    def row(self, fault, aim_s=WENT_ON_MAX_S):
        return self.rows.setdefault(fault, Row(fault, aim_s))

    def failed_count(self):
        return sum(row.is_bad() for row in self.rows.values())

    def table(self):
        """What was above its aim is bold, and named below: no failure, for machines are shared."""
        lines = ["| fault | injected | in flight | lost | early | double | work went on, s: median "
                 "| max | aim |", "|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
        for row in self.rows.values():
            middle = f"{statistics.median(row.recovery_s):.1f}" if row.recovery_s else "-"
            most = f"{max(row.recovery_s):.1f}" if row.recovery_s else "-"
            most = f"**{most}**" if row.is_slow() else most
            lines.append(f"| {row.fault} | {row.injected} | {row.in_flight} | {row.lost} | "
                         f"{row.early} | {row.double} | {middle} | {most} | {row.aim_s:g} |")
        sums = collections.Counter()
        for row in self.rows.values():
            sums.update({name: getattr(row, name) for name in ("injected", *VERDICTS)})
        lines.append(f"| **all** | {sums['injected']} | | {sums['lost']} | {sums['early']} | "
                     f"{sums['double']} | | | |")
        return "\n".join(lines + self.slow_lines())

    def slow_lines(self):
        slow = [row for row in self.rows.values() if row.is_slow()]
        lines = [f"- {row.fault}: {sum(each > row.aim_s for each in row.recovery_s)} of "
                 f"{len(row.recovery_s)} times, {max(row.recovery_s):.1f} s instead of "
                 f"{row.aim_s:g} s at most" for row in slow]
        return ["", f"Above the aim: {len(slow)} of {len(self.rows)} faults", *lines]

    def read(self, path):
        """Adds the rows of a file that write() wrote, or a test of crash points."""
        with open(path, encoding="utf-8") as file:
            for line in file:
                data = json.loads(line)
                row = self.row(data["fault"], data.get("aim_s", WENT_ON_MAX_S))
                row.in_flight = max(row.in_flight, data["in_flight"])
                for name in ("injected", *VERDICTS, "recovery_s", "notes"):
                    setattr(row, name, getattr(row, name) + data.get(name, type(
                        getattr(row, name))()))

    def failures(self):
        return [f"{row.fault}: " + ", ".join(
            [f"{name} {getattr(row, name)}" for name in VERDICTS if getattr(row, name)] + row.notes)
                for row in self.rows.values() if row.is_bad()]

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            for row in self.rows.values():
                file.write(json.dumps(dataclasses.asdict(row)) + "\n")


def main():
    tally = Tally()
    for path in sys.argv[1:]:
        tally.read(path)
    print(tally.table())
    print("\n".join(tally.failures()))


if __name__ == "__main__":
    main()
