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
import traceback

sys.dont_write_bytecode = True  # a tree owned by somebody else stays clean

from process import StackError  # noqa: E402
from demo_screen import WIDTH, OutputClosed, Screen, cut  # noqa: E402
from demo_story import BEGIN, END, EXPECTED, REFERENCE, Story  # noqa: E402
from demo_system import (BIN, FOLDER, ROOT, RUN, SIGNALS, Clock, DemoFailed,  # noqa: E402
                         System, build, instant_ms, stop_kept)
from demo_timeline import UTC, at_zone  # noqa: E402

KEPT_SPEED = 3600  # after the story: an hour in a second
# What the workers get to become ready before the story begins. A broker's first need longer.
LEAD_SECONDS = (3, 6, 12, 25)


class Interrupted(Exception):
    """Ctrl-C, TERM, or the terminal is gone."""


def catch_signals():
    def interrupt(number, _frame):
        # One is enough: a second must not cut the cleaning up short.
        for other in SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        raise Interrupted(signal.Signals(number).name)

    for number in SIGNALS:
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
        screen.say(f"  ended the {len(names)} workers that the last --keep left running")
    for log in RUN.glob("*.log"):
        log.unlink()
    build(screen)
    system.start_servers()
    system.settle()
    system.open_clients()


def start(screen, system, speed):
    """Workers with the scaled clock, set so that the story's first moment is a little ahead."""
    for seconds in LEAD_SECONDS[1 if system.stack_is_new else 0:]:
        screen.begin("start the four workers, publish reference data")
        system.start_workers(Clock(BEGIN - seconds * speed * 1000, speed))
        system.publish_reference(REFERENCE)
        ahead_ms = BEGIN - system.clock.now()
        if ahead_ms > 0:
            screen.done(f"ready, the story begins in {ahead_ms / 1000 / speed:.1f} s")
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
    command = ["kcat", "-C", "-q", "-e", "-b", system.env["CPOR_KAFKA_BROKERS"], "-t", topic,
               "-X", "isolation.level=read_committed", "-f", r"%p %o %s\n"]
    screen.say(screen.paint(f"  $ {shlex.join(command[:8])} \\", "cyan"))
    screen.say(screen.paint(f"      {shlex.join(command[8:])}", "cyan"))
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            check=False, timeout=60)
    if result.returncode != 0:
        raise DemoFailed(f"kcat: {result.stderr.strip()}")
    fields = [line.split(" ", 2) for line in result.stdout.splitlines()]
    rows = sorted((int(partition), int(offset), json.loads(value))
                  for partition, offset, value in fields)
    screen.say(screen.paint(f"  {'place':<8}{'event':<10}{'at (UTC)':<18}{'claim/line':<17}"
                            f"{'partner':<9}slot", "dim"))
    for partition, offset, data in rows:
        show_official_row(screen, f"{partition}@{offset}", data)
    whole = next((data for _, _, data in rows if data.get("supersedes")), rows[-1][2])
    screen.say(screen.paint("  One of them whole:", "dim"))
    last = rows[-1][2]
    for line in textwrap.wrap(json.dumps(whole), WIDTH - 4, break_long_words=True):
        screen.say("    " + line)


def show_official_row(screen, place, data):
    is_official = "official_at" in data
    at = at_zone(instant_ms(data["official_at" if is_official else "ended_at"]), UTC)
    event = screen.paint(f"{'official' if is_official else 'ended':<10}",
                         "green" if is_official else "red")
    more = "" if is_official else f"  {data['reason']}"
    if data.get("supersedes"):
        more = "  in its place"
    claim_line = f"{data['claim_id']}/{data['line']}"
    screen.say(f"  {place:<8}{event}{at.strftime('%a %-d %b %H:%M'):<18}{claim_line:<17}"
               f"{data['mpn_id']:<9}{cut(short_slot(data['slot']) + more, WIDTH - 64)}")


def short_slot(slot):
    """A subscription's id needs not be read in full."""
    head, slash, tail = slot.partition("/")
    return f"{head[:8]}…/{tail}" if slash else slot


def show_claims(screen, system, story):
    screen.heading("Each claim in PostgreSQL: cporctl status, cporctl history")
    for claim_id in EXPECTED:
        claim = story.claims[claim_id]
        status = system.ctl("status", "--json", claim.tenant_id, claim_id)
        style = "green" if status["status"] == "OFFICIAL" else "red"
        screen.say(f"  {screen.paint(claim_id, 'bold')}  "
                   f"{screen.paint(status['shown_as'], style, 'bold')}  "
                   + cut(f"{claim.partner} at {claim.customer}", 50))
        for line in status["lines"]:
            reason = f", {line['reason']}" if line.get("reason") else ""
            item = claim.items.get(line["line"], "?")
            screen.say(f"  line {line['line']}  {item}: {line['status']}{reason}")
        for row in system.ctl("history", "--json", claim.tenant_id, claim_id):
            show_history_row(screen, system, row)


def show_history_row(screen, system, row):
    """When, what, by whom, and the record that caused it."""
    at = at_zone(instant_ms(row["at"]), UTC)
    reason = f", {row['reason']}" if row["reason"] else ""
    move = f"→ {row['to']}"
    if row["from"] == row["to"]:
        numbers = ", ".join(str(line["line"]) for line in row["lines"])
        move = f"  line {numbers} → {row['lines'][0]['to']}" if numbers else f"  {row['event']}"
    who = " ".join(filter(None, (row["actor"]["type"], row["actor"]["id"])))
    cause = row["cause"]
    place = f"{cause['topic'].removeprefix(system.prefix)}/{cause['partition']}@{cause['offset']}"
    when = at.strftime("%a %-d %b %H:%M")
    text = f"  {when:<17}{cut(move + reason, 38):<39}{cut(who, 15):<16}{place}"
    screen.say(screen.paint(cut(text, WIDTH), "dim"))


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
    screen.begin(f"restart the workers with a slower clock, {KEPT_SPEED / 3600:.0f} h in a second")
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
    ports = ", ".join(f"{worker.name} {worker.port}" for worker in system.workers)
    for line in textwrap.dedent(f"""\
        . {file.relative_to(ROOT)}      # the exports of this run
        kcat -P -b $CPOR_KAFKA_BROKERS -t ${{CPOR_TOPIC_PREFIX}}claim-submission \\
            -k c0ffee00-1d2e-4f3a-8b4c-5d6e7f8a9b0c {claim}
        cporctl status C-2026-000902      # official after three minutes
        cporctl history C-2026-000123
        cporctl holders
        kcat -C -q -b $CPOR_KAFKA_BROKERS -t ${{CPOR_TOPIC_PREFIX}}claim-status -o beginning
        tail -f .local/demo/mail.jsonl

        Logs: .local/demo/run/. The clock goes on: {system.clock.speed} s of business in a second.
        /metrics, /healthz and /readyz are on 127.0.0.1, ports
        {ports}
        To end it: kill {pids}; deploy/local/stack down --name demo
        """).splitlines():
        screen.say(f"  {line}".rstrip())


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
        screen.say("Interrupted." if options.keep else "Interrupted: cleaning up.")
    except OutputClosed:
        pass
    except Exception as error:  # whatever it is: what was started must be ended
        if RUN.exists():
            (RUN / "demo.log").write_text(traceback.format_exc())
        screen.say()
        text = error if isinstance(error, (DemoFailed, StackError)) else repr(error)
        screen.say(screen.paint(f"The demo failed: {text}", "red"))
        screen.say(f"Logs of the demo and the workers: {RUN}/*.log; of the servers: {FOLDER}/*.log")
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        screen.say()
        system.close(options.keep)
        if options.keep and system.workers:
            tell_how_to_go_on(screen, system)
        elif options.keep and system.stack_touched:
            screen.say("The servers are left running: deploy/local/stack down --name demo")
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
