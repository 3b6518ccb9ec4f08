"""What a test of faults measured: one JSON line for each fault, appended to $CPOR_FAULT_RESULTS.

    {"fault": "kill -9 claim-validation after-poll", "injected": 3, "in_flight": 120,
     "recovery_s": [0.41, 0.62, 0.55], "lost": 0, "early": 0, "double": 0}

in_flight: the most claims that had not ended when it struck. recovery_s: of each injection, seconds
from the moment at which what was taken away came back until the first new status event. lost, early
and double: only where somebody counted them; the tests fail when one of them is not 0.
"""

import dataclasses
import fcntl
import json
import os


@dataclasses.dataclass
class Row:
    fault: str
    injected: int = 0
    in_flight: int = 0
    recovery_s: list = dataclasses.field(default_factory=list)
    verdict: dict = dataclasses.field(default_factory=dict)  # lost, early, double

    def struck(self, in_flight):
        """The fault was injected once more, while so many claims were on their way."""
        self.injected += 1
        self.in_flight = max(self.in_flight, in_flight)

    def recovered(self, seconds):
        self.recovery_s.append(round(seconds, 3))


class Results:
    """Rows by fault; write() appends them, whole lines even where several tests run at once."""

    def __init__(self):
        self.rows = {}

    def row(self, fault):
        return self.rows.setdefault(fault, Row(fault))

    def write(self, **verdict):
        path = os.environ.get("CPOR_FAULT_RESULTS")
        if not path:
            return
        lines = []
        for row in self.rows.values():
            numbers = {name: value for name, value in vars(row).items() if name != "verdict"}
            lines.append(json.dumps({**numbers, **row.verdict, **verdict}))
        with open(path, "a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write("".join(f"{line}\n" for line in lines))


def read(path):
    """All lines of such a file, the rows of one fault as one."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            data = json.loads(line)
            row = found.setdefault(data["fault"], Row(data["fault"]))
            row.injected += data["injected"]
            row.in_flight = max(row.in_flight, data["in_flight"])
            row.recovery_s += data["recovery_s"]
            for name in data.keys() - {"fault", "injected", "in_flight", "recovery_s"}:
                row.verdict[name] = row.verdict.get(name, 0) + data[name]
    return list(found.values())
