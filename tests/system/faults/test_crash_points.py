"""Each worker is killed between any two of its steps, and at random: all ends as it should."""

import itertools
import os
import subprocess

import pytest

import harness
from siege import Siege, names

LOOP = ["after-poll", "after-decode", "after-begin", "before-database-commit",
        "after-database-commit", "after-arming", "before-publish", "after-kafka-begin",
        "after-produce", "after-offsets", "after-kafka-commit"]
MAIL = ["after-mail", "after-mails"]
TIMERS = ["after-lease", "after-wake-ups", "in-sweep", "after-sweep", "in-rebuild",
          "after-rebuild"]
CPORCTL = ["after-migrations", "after-topics", "after-copy", "after-copies"]
STATEMENTS_MIN = 4  # of a transaction that loads and saves something
STORM_S, STORM_MEAN = 60, 500
PROGRAMS = (*harness.SERVICES, "cporctl")


def test_each_point_of_the_table_is_struck():
    assert sorted([*LOOP, *MAIL, *TIMERS, *CPORCTL, "after-statement"]) == sorted(names())


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_release_has_crash_points(program):
    words = [word.encode() for word in ("CPOR_CRASH_POINT", "crash-point-armed", *names())]
    release = (harness.BIN / program).read_bytes()
    found = [word for word in words if word in release]
    assert not found, f"{program} of the release has {found}"
    faults = (harness.FAULTS_BIN / program).read_bytes()
    assert [word for word in words if word not in faults] == [], "is it the faults build?"


BAD = [("no-such-point", "no crash point has this name"), (":1", "no crash point has this name"),
       ("after-pol", "no crash point has this name"), ("after-poll:0", "number of a pass"),
       ("after-poll:", "number of a pass"), ("after-poll:2x", "number of a pass"),
       ("after-poll:-1", "number of a pass"), ("after-poll:99999999999", "number of a pass"),
       ("random:7", "random:SEED:MEAN"), ("random:7:0", "random:SEED:MEAN"),
       ("random:x:5", "random:SEED:MEAN"), ("random:7:5:1", "random:SEED:MEAN")]


@pytest.mark.parametrize("value, text", BAD)
def test_a_bad_point_is_fatal_at_start(value, text):
    for program in ("opt-out-expiry", "cporctl"):
        result = subprocess.run(
            [str(harness.FAULTS_BIN / program), *(["timers"] if program == "cporctl" else [])],
            env={**os.environ, "CPOR_CRASH_POINT": value}, text=True, timeout=20, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert result.returncode == 1 and text in result.stdout and value in result.stdout


# ---- each point


def forget_all(siege):
    siege.installation.redis.flushdb()


def forget_timers(siege):
    """The markers stay: only the sweep finds what is due."""
    for key in siege.installation.redis.scan_iter(_type="zset"):
        siege.installation.redis.delete(key)


PREPARE = {"in-rebuild": forget_all, "after-rebuild": forget_all,
           "in-sweep": forget_timers, "after-sweep": forget_timers}


def after_statements(siege):
    """After the first statement of a transaction, the second, …, until there is none."""
    living, count = list(harness.SERVICES), {}
    for number in itertools.count(1):
        missed = siege.strike({service: f"after-statement:{number}" for service in living},
                              may_miss=True)
        for service in missed:
            living.remove(service)
            count[service] = number - 1
        if not living:
            break
    harness.say(f"  statements of a transaction: {count}")
    assert min(count.values()) >= STATEMENTS_MIN, f"only {count} statements were reached"


def test_killed_at_each_point(install, seed):
    siege = Siege(install, seed)
    for point in LOOP:
        siege.strike({service: point for service in harness.SERVICES})
    for timers, mail in itertools.zip_longest(TIMERS, MAIL):
        points = {"opt-out-expiry": timers, "customer-notification": mail}
        siege.strike({service: point for service, point in points.items() if point},
                     PREPARE.get(timers))
    after_statements(siege)
    twice = siege.finish()
    assert twice, "nobody died between a mail's acceptance and its commit"


def test_killed_at_random(install, seed):
    """Each worker dies every few seconds, wherever it is, and is started again at once."""
    siege = Siege(install, seed)
    siege.storm(seed, STORM_S, STORM_MEAN, STORM_S // 6)
    siege.finish()
