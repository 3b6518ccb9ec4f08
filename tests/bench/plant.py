"""The servers, the mail sink, and workers that are watched while they work."""

import http.client
import re
import socket
import subprocess
import time

import harness
import machine

POLL_S = 0.05
SAY_S = 5


class RunFailed(Exception):
    """The run itself failed: lost, double or early events, a worker that ended, a stage stuck."""


def say(text):
    print(text, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class MailSink:
    """bench_smtp_sink: takes mail as fast as a program can."""

    def __init__(self, program):
        self.process = subprocess.Popen([str(program)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def count(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            lines = connection.makefile("rw", newline="\r\n")
            lines.readline()
            lines.write("VRFY count\r\n")
            lines.flush()
            return int(lines.readline().split()[1])

    def close(self):
        self.process.terminate()
        self.process.wait()


class Plant:
    """A stack of its own, kept for the whole run."""

    def __init__(self, name, folder, tools):
        self.folder, self.tools = folder, tools
        self.stack = harness.Stack(name)
        self.sink = MailSink(tools / "bench_smtp_sink")
        self.peaks = {}  # service -> MB
        self.installations = []

    def up(self):
        self.stack.up()
        table = self.stack.call("status")
        self.pids = {line.split()[0]: int(line.split()[2])
                     for line in table.splitlines()[1:] if line.split()[2].isdigit()}

    def install(self, name, **options):
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        settings = {"CPOR_SMTP_URL": f"smtp://127.0.0.1:{self.sink.port}"}
        installation = harness.Installation(self.stack, folder, settings=settings, **options)
        installation.checks_contract = False  # a test does it; here it would take minutes
        self.installations.append(installation)
        return installation

    def retire(self, installation):
        """Its logs stay until the end, its workers go."""
        installation.close()
        self.installations.remove(installation)

    def close(self, keep):
        for installation in list(self.installations):
            self.retire(installation)
        self.sink.close()
        if not keep:
            self.stack.clean()

    def meter(self, workers):
        pids = {"kafka": self.pids["kafka"], "redis": self.pids["redis"],
                "smtp sink": self.sink.process.pid}
        pids.update({worker.service: worker.pid for worker in workers})
        return machine.CpuMeter(pids, self.pids["postgres"])


class Watched:
    """A worker of the harness, and what its /metrics say."""

    def __init__(self, plant, installation, service, settings=None):
        self.plant, self.service = plant, service
        self.port = free_port()
        self.worker = harness.Worker(installation, service, 1, {
            "CPOR_HTTP_PORT": str(self.port), "CPOR_LOG_LEVEL": "warning", **(settings or {})})
        installation.workers[self.worker.instance] = self.worker
        self.worker.start()
        self.connection = None
        self.values = {}

    @property
    def pid(self):
        return self.worker.process.pid

    def refresh(self):
        """Reads /metrics; what was read last stays while the worker is starting."""
        if self.worker.process.poll() is not None:
            raise RunFailed(f"{self.service} ended by itself:\n{self.worker.log_tail()}")
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            self.connection.request("GET", "/metrics")
            text = self.connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            self.connection = None
            return
        found = re.findall(r'^cpor_(\w+)(?:\{topic="([^"]*)"\})? ([-\d.e+]+)$', text, re.M)
        self.values = {(name, topic): float(value) for name, topic, value in found}

    def is_ready(self):
        """/readyz: assigned and connected."""
        if self.connection is None:
            return False
        self.connection.request("GET", "/readyz")
        response = self.connection.getresponse()
        response.read()
        return response.status == 200

    def value(self, name, topic=""):
        return self.values.get((name, topic), 0.0)

    def stop(self):
        peak = machine.peak_mb(self.pid)
        self.plant.peaks[self.service] = max(peak, self.plant.peaks.get(self.service, 0))
        self.worker.stop(seconds=60)
        return peak


def wait(what, workers, condition, seconds, progress, poll_s=POLL_S):
    """Until condition(); says every few seconds how far it is."""
    begin = said = time.monotonic()
    while True:
        for worker in workers:
            worker.refresh()
        if condition():
            return
        now = time.monotonic()
        if now - said > SAY_S:
            said = now
            say(f"    {now - begin:3.0f} s: {progress()}")
        if now - begin > seconds:
            raise RunFailed(f"{what}: not after {seconds} s ({progress()})")
        time.sleep(poll_s)


def preload(installation, load):
    """Reference data and every submission, before any worker starts."""
    for record in load.partners:
        installation.produce("partner", record["mpn_id"], record)
    for record in load.tenants:
        installation.produce("tenant", record["tenant_id"], record)
    for index in range(load.count):
        installation.publish("claim-submission", "cpor.claim.submitted.v1", load.claim(index),
                             event_id=f"bench-{index}")
    installation.flush()


def clock_settings(start_at_ms, wall_start_ms, speed=1):
    return {"CPOR_CLOCK_START": str(start_at_ms), "CPOR_CLOCK_WALL_START": str(wall_start_ms),
            "CPOR_CLOCK_SPEED": str(speed)}
