"""The system that the demo shows: built, its servers up, its workers, and clients to all of it."""

import concurrent.futures
import contextlib
import datetime
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import time
import urllib.error
import urllib.request
import uuid

import confluent_kafka
import confluent_kafka.admin
import psycopg

from process import choose_port, identity_of
from servers import ask

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".local/demo"
RUN = FOLDER / "run"  # logs of the last run
KEPT = ROOT / ".local/demo-kept.json"  # what --keep left running; `stack clean` leaves it, too
BIN = ROOT / "build/release/bin"
EXAMPLES = ROOT / "deploy/contracts/examples"
WORKERS = ("claim-submission", "claim-validation", "customer-notification", "opt-out-expiry")
OUTPUT_TOPICS = ("claim-status", "association-official", "dead-letter")
REFERENCE = (("partner", "mpn_id"), ("tenant", "tenant_id"), ("subscription", "subscription_id"))
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PARTITIONS = 4
READY_SECONDS = 30
STOP_SECONDS = 15


class DemoFailed(Exception):
    """What went wrong, in words for the person at the terminal."""


def instant_text(at_ms):
    at = datetime.datetime.fromtimestamp(at_ms // 1000, datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03d}Z"


def instant_ms(text):
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(at.timestamp() * 1000)


class Clock:
    """Business time = start + (wall - wall start) x speed: the workers' mapping, in integers."""

    def __init__(self, start_ms, speed):
        self.start_ms, self.speed = start_ms, speed
        self.wall_start_ms = time.time_ns() // 1_000_000

    def of_wall(self, wall_ms):
        return self.start_ms + (wall_ms - self.wall_start_ms) * self.speed

    def now(self):
        return self.of_wall(time.time_ns() // 1_000_000)

    def env(self):
        return {"CPOR_CLOCK_START": instant_text(self.start_ms),
                "CPOR_CLOCK_WALL_START": str(self.wall_start_ms),
                "CPOR_CLOCK_SPEED": str(self.speed)}


@contextlib.contextmanager
def uninterrupted():
    """Signals wait until the end: between a process's start and the note of it nothing comes."""
    seen = []
    before = {number: signal.signal(number, lambda number, _frame: seen.append(number))
              for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if seen:
        os.kill(os.getpid(), seen[0])


def run_step(screen, command, on_line, interrupt, env=None):
    """Runs a command to its end; its lines go to on_line, and the screen shows that it goes on.

    It has a session of its own: the terminal's Ctrl-C reaches the demo alone, which then ends
    the command (interrupt) or lets it finish. Returns the exit code.
    """
    process = None
    try:
        with uninterrupted():
            process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, cwd=ROOT,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env,
                                       start_new_session=True)
        rest, pipe = b"", process.stdout.fileno()
        while True:
            if not select.select([pipe], [], [], 0.2)[0]:
                screen.progress()
                continue
            chunk = os.read(pipe, 65536)
            if not chunk:
                return process.wait()
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                on_line(line.decode("utf-8", "replace").rstrip())
    except BaseException:
        if process is not None:
            if interrupt:
                process.send_signal(signal.SIGINT)
            elif process.poll() is None:
                screen.say("\n  interrupted: this step is let finish, then all is stopped")
            process.communicate()
        raise


def build(screen):
    """cmake and ninja; nothing to do: well below a second."""
    log = RUN / "build.log"
    lines = []
    done = [""]

    def on_line(line):
        lines.append(line)
        found = re.match(r"\[(\d+)/(\d+)\]", line)
        if found:
            done[0] = f"{found[1]} of {found[2]}"
            screen.progress(done[0])

    screen.begin("build the four workers and cporctl (release)")
    commands = [["ninja", "-C", ROOT / "build/release", *WORKERS, "cporctl"]]
    if not (ROOT / "build/release/build.ninja").exists():
        commands.insert(0, ["cmake", "--preset", "release"])
    for command in commands:
        code = run_step(screen, command, on_line, interrupt=True)
        log.write_text("\n".join(lines) + "\n")
        if code != 0:
            raise DemoFailed("the build failed:\n" + "\n".join(lines[-25:]) + f"\nAll of it: {log}")
    is_idle = "ninja: no work to do." in lines
    screen.done("nothing to do" if is_idle else f"{done[0].rpartition(' ')[2]} steps")


def call_stack(screen, command):
    """deploy/local/stack: what it says, a little indented. Never cut short: it is the one that
    knows which processes are its own."""
    said = []

    def on_line(line):
        said.append(line)
        if ": starting" in line:  # its progress line: ours ticks already
            screen.progress(line.strip())
        elif line.startswith("  "):
            screen.say(f"         {line}")

    code = run_step(screen, [ROOT / "deploy/local/stack", command, "--name", "demo"], on_line,
                    interrupt=False)
    if code != 0:
        raise DemoFailed(f"deploy/local/stack {command} --name demo failed:\n" + "\n".join(said))


class Worker:
    """One process of a worker."""

    def __init__(self, name, env):
        self.name, self.port = name, int(env["CPOR_HTTP_PORT"])
        self.log = RUN / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([str(BIN / name)], env=env, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        self.identity = identity_of(self.process.pid)

    def is_ready(self):
        try:
            url = f"http://127.0.0.1:{self.port}/readyz"
            with urllib.request.urlopen(url, timeout=2) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def check_alive(self):
        code = self.process.poll()
        if code is not None:
            lines = self.log.read_text(errors="replace").splitlines()[-12:]
            raise DemoFailed(f"{self.name} ended by itself with {code}:\n" + "\n".join(lines)
                             + f"\nAll of it: {self.log}")


def stop_kept():
    """Ends the workers that an earlier run with --keep left; returns their names."""
    names = []
    with contextlib.suppress(OSError, ValueError):
        for name, identity in json.loads(KEPT.read_text()).items():
            pid = int(identity.split()[0])
            if identity_of(pid) != identity:
                continue
            os.kill(pid, signal.SIGTERM)
            names.append(name)
            end = time.monotonic() + STOP_SECONDS
            while identity_of(pid) == identity:
                if time.monotonic() > end:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.02)
    KEPT.unlink(missing_ok=True)
    return names


class System:
    """One installation for one run: topics, database and workers of its own on the demo's stack."""

    def __init__(self, screen):
        self.screen = screen
        self.stamp = time.strftime("%m%d-%H%M%S")
        self.prefix = f"demo-{self.stamp}.cpor."
        self.env = {}
        self.exports = {}
        self.workers = []
        self.clock = None
        self.stack_touched = False
        self.stack_is_new = not (FOLDER / "ports").exists()
        self.consumer = self.producer = None
        self.mail_offset = 0

    # ---- set-up

    def start_servers(self):
        self.stack_touched = True
        self.screen.begin("start Kafka, PostgreSQL, Redis and a mail server (deploy/local/stack up "
                          "--name demo)")
        call_stack(self.screen, "up")
        env = subprocess.run([str(ROOT / "deploy/local/stack"), "env", "--name", "demo"],
                             stdout=subprocess.PIPE, text=True, check=True).stdout
        self.exports = dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", env, re.M))
        self.screen.done()

    def settle(self):
        """A database, a topic prefix and keys that no earlier run has touched."""
        self.screen.begin("cporctl setup")
        self.forget_earlier_runs()
        server_url = self.exports["CPOR_DATABASE_URL"].rpartition("/")[0]
        database = f"demo_{self.stamp.replace('-', '_')}"
        with psycopg.connect(self.exports["CPOR_DATABASE_URL"], autocommit=True) as connection:
            connection.execute(f'create database "{database}"')
        page_port = choose_port(set())
        self.exports.update({
            "CPOR_DATABASE_URL": f"{server_url}/{database}", "CPOR_TOPIC_PREFIX": self.prefix,
            "CPOR_GROUP_PREFIX": self.prefix, "CPOR_REDIS_PREFIX": self.prefix.replace(".", ":"),
            "CPOR_PARTITIONS": str(PARTITIONS),
            "CPOR_OPT_OUT_URL": f"http://127.0.0.1:{page_port}/opt-out"})
        # Settings of the caller's shell are not the demo's.
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CPOR_")}
        self.env = {**clean, **self.exports}
        said = []
        code = run_step(self.screen, [BIN / "cporctl", "setup"], said.append, interrupt=True,
                        env=self.env)
        if code != 0:
            raise DemoFailed("cporctl setup failed:\n" + "\n".join(said))
        mail_file = FOLDER / "mail.jsonl"
        self.mail_offset = mail_file.stat().st_size if mail_file.exists() else 0
        self.screen.done(f"topics {self.prefix}*, database {database}")

    def forget_earlier_runs(self):
        admin = self.admin()
        old = [name for name in admin.list_topics(timeout=10).topics if name.startswith("demo-")]
        if old:
            concurrent.futures.wait(admin.delete_topics(old, operation_timeout=10).values(), 10)
        with psycopg.connect(self.exports["CPOR_DATABASE_URL"], autocommit=True) as connection:
            rows = connection.execute("select datname from pg_database"
                                      " where datname like 'demo\\_%'").fetchall()
            for (name,) in rows:
                connection.execute(f'drop database if exists "{name}" with (force)')
        ask(int(self.exports["CPOR_REDIS_URL"].rpartition(":")[2].split("/")[0]), b"FLUSHALL\r\n")

    def admin(self):
        return confluent_kafka.admin.AdminClient(
            {"bootstrap.servers": self.exports["CPOR_KAFKA_BROKERS"], "log_level": 2})

    def open_clients(self):
        brokers = {"bootstrap.servers": self.env["CPOR_KAFKA_BROKERS"], "log_level": 2}
        self.producer = confluent_kafka.Producer(
            {**brokers, "linger.ms": 1, "partitioner": "murmur2_random"})
        self.producer.list_topics(timeout=10)  # or the first record waits for it
        self.consumer = confluent_kafka.Consumer(
            {**brokers, "group.id": f"{self.prefix}demo", "isolation.level": "read_committed",
             "enable.auto.commit": False, "fetch.wait.max.ms": 20})
        self.consumer.assign([confluent_kafka.TopicPartition(self.prefix + topic, number, 0)
                              for topic in OUTPUT_TOPICS for number in range(PARTITIONS)])

    # ---- workers

    def start_workers(self, clock):
        self.clock = clock
        page_port = int(self.env["CPOR_OPT_OUT_URL"].split(":")[2].split("/")[0])
        for name in WORKERS:
            port = page_port if name == "opt-out-expiry" else choose_port({page_port})
            env = {**self.env, **clock.env(), "CPOR_INSTANCE": name, "CPOR_HTTP_PORT": str(port)}
            with uninterrupted():
                self.workers.append(Worker(name, env))
        begin = time.monotonic()
        waiting = list(self.workers)
        while waiting:
            self.check_workers()
            waiting = [worker for worker in waiting if not worker.is_ready()]
            if time.monotonic() - begin > READY_SECONDS:
                names = ", ".join(worker.name for worker in waiting)
                raise DemoFailed(f"not ready after {READY_SECONDS} s: {names}. Logs: {RUN}")
            self.screen.progress(f"{len(self.workers) - len(waiting)} of {len(self.workers)}")
            time.sleep(0.05)

    def check_workers(self):
        for worker in self.workers:
            worker.check_alive()

    def stop_workers(self):
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.terminate()
        for worker in self.workers:
            try:
                worker.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        self.workers = []

    def keep_workers(self):
        KEPT.write_text(json.dumps({w.name: w.identity for w in self.workers}))

    # ---- Kafka

    def publish_reference(self, names):
        """Reference records out of the examples, and waits until PostgreSQL holds them."""
        wanted = {topic: set() for topic, _ in REFERENCE}
        for name in names:
            record = json.loads((EXAMPLES / f"{name}.json").read_text())
            topic = name.removeprefix("cpor.").split("-")[0]
            key = record[dict(REFERENCE)[topic]]
            wanted[topic].add(key)
            self.producer.produce(self.prefix + topic, key=key, value=json.dumps(record))
        self.flush()
        with psycopg.connect(self.env["CPOR_DATABASE_URL"], autocommit=True) as connection:
            end = time.monotonic() + READY_SECONDS
            for topic, key in REFERENCE:
                while not wanted[topic] <= {str(row[0]) for row in connection.execute(
                        f"select {key} from {topic}s").fetchall()}:
                    self.check_workers()
                    self.screen.progress("reference data")
                    if time.monotonic() > end:
                        raise DemoFailed(f"reference data is not in PostgreSQL. Logs: {RUN}")
                    time.sleep(0.02)

    def publish(self, event_type, document):
        """One CloudEvent on the topic of submissions."""
        headers = {"ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_source": "/demo",
                   "ce_type": event_type, "ce_time": instant_text(self.clock.now()),
                   "ce_subject": document["claim_id"], "content-type": "application/json"}
        self.producer.produce(self.prefix + "claim-submission", headers=headers,
                              key=document["customer"]["tenant_id"],
                              value=json.dumps(document, ensure_ascii=False))
        self.flush()

    def publish_bytes(self, key, value):
        self.producer.produce(self.prefix + "claim-submission", key=key, value=value)
        self.flush()

    def flush(self):
        if self.producer.flush(20) != 0:
            raise DemoFailed("Kafka did not take a record within 20 s")

    def poll(self, seconds):
        """What has newly been published: [(topic, business time of its append, message)]."""
        found = []
        for message in self.consumer.consume(500, seconds):
            if message.error():
                raise DemoFailed(f"reading from Kafka: {message.error()}")
            topic = message.topic().removeprefix(self.prefix)
            found.append((topic, self.clock.of_wall(message.timestamp()[1]), message))
        return found

    # ---- mail, page, cporctl

    def mails(self):
        with contextlib.suppress(OSError), (FOLDER / "mail.jsonl").open("rb") as file:
            file.seek(self.mail_offset)
            return [json.loads(line) for line in file.read().splitlines()]
        return []

    def ctl(self, *arguments):
        """cporctl's answer, as text or (--json) parsed. Its clock is the workers'."""
        env = {**self.env, **(self.clock.env() if self.clock else {})}
        result = subprocess.run([str(BIN / "cporctl"), *map(str, arguments)], env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                check=False)
        if result.returncode != 0:
            raise DemoFailed(f"cporctl {' '.join(map(str, arguments))}: "
                             f"{result.stderr.strip() or result.stdout.strip()}")
        return json.loads(result.stdout) if "--json" in arguments else result.stdout

    def close(self, keep):
        """Workers ended, servers stopped; with keep only the clients are let go."""
        if self.consumer is not None:
            self.consumer.close()
        if keep:
            self.keep_workers()
            return
        if self.workers:
            self.screen.begin("stop the four workers")
            self.stop_workers()
            self.screen.done()
        if self.stack_touched:
            self.screen.begin("stop Kafka, PostgreSQL, Redis and the mail server")
            call_stack(self.screen, "down")
            self.screen.done("their data stays, in .local/demo/")

