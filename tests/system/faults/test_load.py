"""Load: a backlog after an outage, one midnight for all windows, records at the size limit.

Each worker may map ADDRESS_SPACE_MAX bytes and no more; its poll loop must be alive all the time.
CPOR_LOAD_SCALE multiplies the sizes: with 100, 500,000 claims wait and 500,000 windows close at one
instant (tests/run load).
"""

import http.client
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import types

import pytest

import documents
import harness
import scrape
from words import WORKLOADS, instant_ms, instant_text

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"
SCALE = float(os.environ.get("CPOR_LOAD_SCALE") or 1)
START = instant_ms("2026-11-02T01:00:00.000Z")  # a Monday morning in Seoul
ADDRESS_SPACE_MAX = 448 * 2**20  # at rest 240 MiB, most of it never touched
EVENT_SIZE_MAX = 256 * 1024
SUBMITTED = "cpor.claim.submitted.v1"
SECONDS_MAX = 500 + 60 * SCALE  # of one wait; some 30 s are usual at scale 1


@pytest.fixture(scope="module")
def bench():
    """The modules of the benchmark: a load without faults, a quick sink, a quick reader."""
    sys.path.append(str(BENCH))
    yield types.SimpleNamespace(**{name: __import__(name) for name in ("load", "plant", "scan")})
    sys.path.remove(str(BENCH))


@pytest.fixture
def sink(bench):
    program = harness.BIN.parent / "tools/bench_smtp_sink"
    assert program.exists(), f"{program} is missing: cmake --build --preset release"
    mails = bench.plant.MailSink(program)
    yield mails
    mails.close()


class Watch:
    """Whether the poll loops are alive, and how much memory the workers ever held."""

    def __init__(self, installation):
        self.installation = installation
        self.peak_kib = dict.fromkeys(harness.SERVICES, 0)

    def look(self):
        for worker in self.installation.workers.values():
            if worker.process is None or worker.process.poll() is not None:
                continue
            self.check_alive(worker)
            with open(f"/proc/{worker.process.pid}/status", encoding="ascii") as file:
                peak = re.search(r"VmHWM:\s+(\d+) kB", file.read())
            if peak:
                self.peak_kib[worker.service] = max(self.peak_kib[worker.service],
                                                    int(peak.group(1)))

    @staticmethod
    def check_alive(worker):
        """/healthz is 503 when the loop has not come round for long."""
        ports = re.findall(r"event=listening address=127.0.0.1 port=(\d+)",
                           worker.log.read_text(errors="replace"))
        if not ports:
            return
        connection = http.client.HTTPConnection("127.0.0.1", int(ports[-1]), timeout=30)
        try:
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            assert answer.status == 200, f"{worker.instance}: {answer.status} {answer.read()}"
        except ConnectionError:
            pass  # it was killed, or is just starting; check_workers tells the difference
        finally:
            connection.close()

    def say(self):
        harness.say("  memory at most: " + ", ".join(
            f"{service} {kib / 1024:.0f} MiB" for service, kib in self.peak_kib.items()))


def start(installation, instances=1, services=harness.SERVICES):
    """Workers that cannot have more memory than they are given; those of services that are down."""
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_MAX, ADDRESS_SPACE_MAX))
    if not installation.workers:
        for service in harness.SERVICES:
            for number in range(1, instances + 1):
                worker = harness.Worker(installation, service, number)
                worker.before_exec = limit
                installation.workers[worker.instance] = worker
    for worker in installation.workers.values():
        if worker.service in services and worker.process is None:
            worker.start()


def restart(installation, name):
    installation.workers[name].kill()
    installation.workers[name].start()


def count(installation, sql):
    return installation.query(f"select count(*) from {sql}")[0][0]


def wait_count(installation, watch, sql, wanted, at_half=()):
    """Until there are so many rows; at half of them the workers of these names are killed."""
    killed = []

    def is_there():
        watch.look()
        found = count(installation, sql)
        if found >= wanted // 2 and not killed:
            killed.append(True)
            for name in at_half:
                restart(installation, name)
        return found >= wanted
    installation.wait(f"{wanted:,} {sql}", is_there, SECONDS_MAX, poll_s=0.5)


def wait_no_lag(installation):
    """By what is committed; of much more, too much to read for this, by the workers' own count,
    which is 0 also of one that was started a moment ago."""
    if SCALE <= 1:
        installation.wait_quiet(SECONDS_MAX)
        return

    def is_over():
        return all(scrape.gauge(worker, "consumer_lag") == 0
                   for worker in installation.workers.values()
                   for _ in range(2))
    installation.wait("no worker to be behind", is_over, SECONDS_MAX, poll_s=1)


def test_backlog_after_an_outage_and_one_midnight(install, sink, bench):
    load = bench.load.Load(int(5000 * SCALE), line_count=1)
    installation = install(start_at_ms=START, settings={
        "CPOR_SMTP_URL": f"smtp://127.0.0.1:{sink.port}", "CPOR_LOG_LEVEL": "info"})
    installation.checks_contract = SCALE <= 1  # else it takes longer than all the rest
    watch = Watch(installation)
    harness.say(f"  {load.count:,} claims wait for the workers")
    bench.plant.preload(installation, load)
    # Nothing orders topics: a claim that is read before its customer waits for it, under review.
    start(installation, instances=2, services=["claim-validation"])
    for table, records in (("partners", load.partners), ("tenants", load.tenants)):
        wait_count(installation, watch, table, len(records))
    start(installation, instances=2)
    wait_count(installation, watch, "claims where status = 'OPT_OUT_OPEN'", load.count,
               ("claim-submission-1", "claim-validation-2", "opt-out-expiry-1"))
    assert sink.count() == load.count
    installation.stop_workers()

    [(midnight, last)] = installation.query("select min(due_at_ms), max(due_at_ms) from timers")
    assert midnight == last, "one midnight for all"
    installation.set_clock(1, midnight - 4000)
    start(installation)
    wait_count(installation, watch, "claims where status = 'OFFICIAL'", load.count,
               ("opt-out-expiry-1",))
    wait_no_lag(installation)
    installation.stop_workers()
    watch.say()
    outcome = bench.scan.Outcome(installation, load)
    assert outcome.faults() == []
    assert min(outcome.official_appended) >= installation.wall_ms(midnight), "early"
    assert count(installation, "holders") == load.association_count
    audit = subprocess.run([str(harness.BIN / "cporctl"), "audit"], env=installation.env, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert audit.returncode == 0, f"cporctl audit:\n{audit.stdout}"


def filled(document, size):
    """Comments until the record is so many bytes long, all of it text that must be kept."""
    def length():
        return len(json.dumps(document, ensure_ascii=False).encode())
    comment = {"author": "Robin Park", "at": instant_text(START), "text": ""}
    document["comments"] = []
    while length() + 4200 < size:
        document["comments"].append({**comment, "text": "x" * 4000})
    document["comments"].append({**comment, "text": "y"})
    document["comments"][-1]["text"] += "y" * (size - length())
    assert length() == size and len(document["comments"]) <= 100
    return document


def test_records_at_the_size_limit(install):
    """As many as two batches of bytes; one more byte is a dead letter."""
    tenants = [documents.tenant(number) for number in range(int(50 * min(SCALE, 20)))]
    installation = install(start_at_ms=START)
    installation.checks_contract = SCALE <= 1
    watch = Watch(installation)
    for index, tenant in enumerate(tenants):
        claim = documents.claim(f"C-{index}", tenant, "2026-10-02", WORKLOADS[:5])
        installation.publish("claim-submission", SUBMITTED, filled(claim, EVENT_SIZE_MAX))
    larger = documents.claim("C-LARGER", tenants[0], "2026-10-02", WORKLOADS[5:6])
    installation.publish("claim-submission", SUBMITTED, filled(larger, EVENT_SIZE_MAX + 1))
    installation.flush()
    start(installation)
    installation.publish_reference([documents.partner()], tenants)
    wait_count(installation, watch, "claims where status = 'OPT_OUT_OPEN'", len(tenants))
    [dead] = installation.read("dead-letter")
    assert dead.header("dlq_reason") == "TOO_LARGE"
    watch.say()
