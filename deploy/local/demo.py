#!/usr/bin/python3
"""deploy/demo's second half: what it does once the packages are there."""

import argparse
import fcntl
import json
import shlex
import signal
import subprocess
import sys
import textwrap
import urllib.error

sys.dont_write_bytecode = True  # a tree owned by somebody else stays clean

from demo_screen import WIDTH, OutputClosed, Screen, cut  # noqa: E402
from demo_story import BEGIN, END, EXPECTED, REFERENCE, Story, at_zone, local_text  # noqa: E402
from demo_system import (BIN, Clock, DemoFailed, FOLDER, ROOT, RUN, StackError, System,  # noqa: E402
                         build, instant_ms, stop_kept)
from demo_timeline import UTC  # noqa: E402

KEPT_SPEED = 3600  # after the story: an hour in a second
LEAD_SECONDS = (4, 10, 25)  # what the workers get to become ready before the story begins


class Interrupted(Exception):
    """Ctrl-C, TERM, or the terminal is gone."""


def catch_signals():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(number, _frame):
        # One is enough: a second must not cut the cleaning up short.
        for other in numbers:
            signal.signal(other, signal.SIG_IGN)
        raise Interrupted(signal.Signals(number).name)

    for number in numbers:
        signal.signal(number, interrupt)


def lock():
    """One demo at a time in a tree; held until the process ends."""
    (ROOT / ".local").mkdir(exist_ok=True)
    file = open(ROOT / ".local/demo-run.lock", "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise DemoFailed("another deploy/demo is running in this tree") from None
    return file


def prepare(screen, system):
    RUN.mkdir(parents=True, exist_ok=True)
    names = stop_kept()
    if names:
        screen.say(f"  ended what the last --keep left running: {', '.join(names)}")
    for log in RUN.glob("*.log"):
        log.unlink()
    build(screen)
    system.start_servers()
    system.settle()
    system.open_clients()


def start(screen, system, speed):
    """Workers with the scaled clock, set so that the story's first moment is a little ahead."""
    for seconds in LEAD_SECONDS:
        screen.begin("start the four workers, publish partners, tenants and subscriptions")
        system.start_workers(Clock(BEGIN - seconds * speed * 1000, speed))
        system.publish_reference(REFERENCE)
        if system.clock.now() < BEGIN:
            screen.done("ready")
            return
        screen.done("slow; once more with a later start")
        system.stop_workers()
    raise DemoFailed("this machine is too busy to start four workers in time: try a lower --speed")


def introduce(screen, speed):
    days = (END - BEGIN) / 86400e3
    screen.heading("Three weeks of claims")
    for line in textwrap.wrap(
            "Partners claim to be a customer's partner of record. A claim is checked, the customer "
            "is told, and unless the customer opts out within five business days it becomes "
            "official: one partner for each tenant and workload. Below is what the four workers "
            f"publish and mail, as it happens; {days:.0f} days pass in "
            f"{(END - BEGIN) / 1000 / speed:.0f} s, {speed / 3600:.3g} hours in each second.",
            WIDTH - 4):
        screen.say("  " + line)
    screen.say("  " + screen.paint("→ what somebody outside does   ● the claim's new status   "
                                   "✉ a mail   ◆ an association", "dim"))
    screen.say()


# ---- the end: what an independent reader finds

def show_official(screen, system):
    screen.heading("The events on association-official, read by kcat")
    topic = system.prefix + "association-official"
    command = ["kcat", "-C", "-q", "-e", "-b", system.env["CPOR_KAFKA_BROKERS"], "-t", topic, "-X",
               "isolation.level=read_committed", "-f", r"%p %o %h %s\n"]
    screen.say(screen.paint("  $ " + shlex.join(command), "cyan"))
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            check=False, timeout=60)
    if result.returncode != 0:
        raise DemoFailed(f"kcat: {result.stderr.strip()}")
    rows = []
    for line in result.stdout.splitlines():
        partition, offset, _, value = line.split(" ", 3)
        data = json.loads(value)
        rows.append((int(partition), int(offset), data))
    rows.sort(key=lambda row: row[:2])
    screen.say(screen.paint(f"  {'partition@offset':<18}{'event':<10}{'at (UTC)':<18}"
                            f"{'claim/line':<17}{'partner':<9}slot", "dim"))
    for partition, offset, data in rows:
        is_official = "official_at" in data
        at = at_zone(instant_ms(data["official_at" if is_official else "ended_at"]), UTC)
        event = screen.paint(f"{'official' if is_official else 'ended':<10}",
                             "green" if is_official else "red")
        more = "" if is_official else f"  {data['reason']}"
        if data.get("supersedes"):
            more = "  in its place"
        screen.say(f"  {f'{partition}@{offset}':<18}{event}{at:%a %-d %b %H:%M}".ljust(0)
                   + " " * (18 - len(f"{at:%a %-d %b %H:%M}"))
                   + f"{data['claim_id'] + '/' + str(data['line']):<17}{data['mpn_id']:<9}"
                   + cut(short_slot(data["slot"]) + more, WIDTH - 74))
    screen.say(screen.paint("  One of them whole:", "dim"))
    last = rows[-1][2]
    for line in textwrap.wrap(json.dumps(last), WIDTH - 4, break_long_words=True):
        screen.say("    " + line)


def short_slot(slot):
    head, slash, tail = slot.partition("/")
    return f"{head[:8]}…/{tail}" if slash else slot


def show_claims(screen, system, story):
    screen.heading("Each claim in PostgreSQL: cporctl status, cporctl history")
    for claim_id in EXPECTED:
        claim = story.claims[claim_id]
        status = system.ctl("status", "--json", claim.tenant_id, claim_id)
        shown = status["shown_as"]
        style = "green" if status["status"] == "OFFICIAL" else "red"
        screen.say(f"  {screen.paint(claim_id, 'bold')}  {screen.paint(shown, style, 'bold')}  "
                   + cut(f"{claim.partner} at {claim.customer}", 50))
        for line in status["lines"]:
            reason = f", {line['reason']}" if line.get("reason") else ""
            item = claim.items.get(line["line"], "?")
            screen.say(f"      line {line['line']}  {item}: {line['status']}{reason}")
        rows = system.ctl("history", "--json", claim.tenant_id, claim_id)
        for row in rows["history"] if isinstance(rows, dict) else rows:
            at = at_zone(instant_ms(row["at"]), UTC)
            move = f"{row['from'] or 'new'} → {row['to']}" if row["from"] != row["to"] \
                else f"stays {row['to']}"
            who = " ".join(filter(None, (row["actor"]["type"], row["actor"]["id"])))
            reason = f", {row['reason']}" if row["reason"] else ""
            ignored = " (ignored)" if row["ignored"] else ""
            cause = row["cause"]
            place = f"{cause['topic'].removeprefix(system.prefix)}/{cause['partition']}" \
                    f"@{cause['offset']}"
            text = f"{at:%a %-d %b %H:%M}".ljust(18) + f"{move}{reason}{ignored}"
            screen.say("      " + screen.paint(cut(f"{text:<66}{who}, {place}", WIDTH - 6), "dim"))


def show_audit(screen, system):
    screen.heading("The promises, checked on the stored data: cporctl audit")
    for line in system.ctl("audit").splitlines():
        screen.say("  " + cut(line, WIDTH - 2))


def judge(screen, story):
    found = story.differences()
    screen.say()
    if not found:
        events = sum(len(claim.events) for claim in story.claims.values())
        screen.say(screen.paint("As expected: ", "green", "bold") +
                   f"all {len(EXPECTED)} claims ended as they should ({events} status events), "
                   f"{len(story.timeline.official)} events on")
        screen.say("association-official, exactly one official event for each association, and one "
                   "dead letter.")
        return 0
    screen.say(screen.paint("NOT as expected:", "red", "bold"))
    for text in found:
        screen.say(f"  - {text}")
    screen.say(f"Logs of the workers: {RUN}/*.log; of the servers: {FOLDER}/*.log")
    return 1


def slow_down(screen, system):
    """For --keep: a clock in which a person can follow, from where the story ended."""
    screen.begin(f"restart the workers with a slower clock: {KEPT_SPEED / 3600:.0f} hour in a second")
    now_ms = system.clock.now()
    system.stop_workers()
    system.start_workers(Clock(now_ms, KEPT_SPEED))
    screen.done()


def tell_how_to_go_on(screen, system):
    file = RUN / "env"
    lines = [f"export {name}={shlex.quote(value)}" for name, value in
             {**system.exports, **system.clock.env()}.items()]
    file.write_text("\n".join([*lines, f'export PATH="{BIN}:$PATH"']) + "\n")
    file.chmod(0o600)
    screen.heading("Everything is left running (--keep)")
    claim = "deploy/contracts/examples/claim-revenue.json"
    pids = " ".join(str(worker.process.pid) for worker in system.workers)
    pages = "  ".join(f"{worker.name} :{worker.port}" for worker in system.workers)
    for line in textwrap.dedent(f"""\
        . {file.relative_to(ROOT)}      # the exports of this run
        kcat -P -b $CPOR_KAFKA_BROKERS -t ${{CPOR_TOPIC_PREFIX}}claim-submission \\
            -k c0ffee00-1d2e-4f3a-8b4c-5d6e7f8a9b0c {claim}
        cporctl status C-2026-000902      # official after three minutes
        cporctl history C-2026-000123
        cporctl holders
        kcat -C -q -b $CPOR_KAFKA_BROKERS -t ${{CPOR_TOPIC_PREFIX}}claim-status -o beginning
        tail -f .local/demo/mail.jsonl

        /metrics, /healthz, /readyz on 127.0.0.1: {pages}
        logs: .local/demo/run/

        To end it: kill {pids}; deploy/local/stack down --name demo
        """).splitlines():
        screen.say("  " + line)


def tell_story(screen, system, speed):
    story = Story(screen, system)
    screen.heading("Getting ready")
    prepare(screen, system)
    story.timeline.learn_days(BEGIN)
    start(screen, system, speed)
    introduce(screen, speed)
    story.run()
    show_official(screen, system)
    show_claims(screen, system, story)
    show_audit(screen, system)
    return judge(screen, story)


def run(screen, options):
    system, code = System(screen), 1
    try:
        code = tell_story(screen, system, options.speed)
        if options.keep:
            slow_down(screen, system)
    except Interrupted as interrupted:
        code = 130 if interrupted.args[0] == "SIGINT" else 143
        screen.say()
        screen.say(f"{interrupted}: cleaning up" if not options.keep else str(interrupted))
    except OutputClosed:
        pass
    except (DemoFailed, StackError, OSError, subprocess.SubprocessError,
            urllib.error.URLError) as error:
        screen.say()
        screen.say(screen.paint(f"The demo failed: {error}", "red"))
        screen.say(f"Logs of the workers: {RUN}/*.log; of the servers: {FOLDER}/*.log")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        screen.say()
        system.close(options.keep)
        if options.keep and system.workers:
            tell_how_to_go_on(screen, system)
    return code


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--speed", type=int, default=36000)
    options = parser.parse_args()
    screen = Screen()
    catch_signals()
    try:
        held = lock()
        code = run(screen, options)
        held.close()
        return code
    except (DemoFailed, StackError) as error:
        print(f"deploy/demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
