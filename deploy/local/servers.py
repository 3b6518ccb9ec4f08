"""The four servers of the local stack: how each is prepared, started, asked and stopped.

All of them listen on 127.0.0.1 only and keep everything below the stack's folder.
"""

import base64
import glob
import json
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid

from process import Process, StackError, identity_of, run, stat_of

HERE = pathlib.Path(__file__).resolve().parent
SOCKET_PATH_SIZE_MAX = 107  # sockaddr_un holds 108 bytes with the closing NUL


def ask(port, question, timeout_s=1.0):
    """Send bytes to a loopback port and return the first answer, b"" when there is none."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
            connection.sendall(question)
            return connection.recv(256)
    except OSError:
        return b""


class Server(Process):
    """What all servers share. `ports` maps the names in PORT_NAMES to numbers."""

    NAME = ""
    PORT_NAMES = ()
    STOP_SIGNAL = signal.SIGTERM
    STOP_WAIT_SECONDS = 10
    START_WAIT_SECONDS = 30

    def __init__(self, stack_dir, ports, secret):
        super().__init__(stack_dir / f"{self.NAME}.pid", stack_dir / f"{self.NAME}.log")
        self.stack_dir = stack_dir
        self.dir = stack_dir / self.NAME
        self.ports = ports
        self.secret = secret

    @property
    def port(self):
        return self.ports[self.NAME]

    def prepare(self):
        """Make the data folder and the configuration; harmless when both are there."""

    def start(self):
        """Start the process and return it (a Popen)."""
        raise NotImplementedError

    def is_ready(self):
        """True when the server does its work for a client, not only listens."""
        raise NotImplementedError

    def finish(self):
        """What a new server needs once it answers."""

    def remove(self):
        """Remove what lies outside the stack's folder."""

    def env(self):
        raise NotImplementedError


class Kafka(Server):
    NAME = "kafka"
    PORT_NAMES = ("kafka", "kafka_controller")
    STOP_WAIT_SECONDS = 20
    START_WAIT_SECONDS = 300
    LIBS = HERE.parents[1] / ".local/kafka/libs"

    # A small single node: brokers of production keep their defaults for all of these.
    PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{kafka_controller}
listeners=PLAINTEXT://127.0.0.1:{kafka},CONTROLLER://127.0.0.1:{kafka_controller}{more_listeners}
advertised.listeners=PLAINTEXT://127.0.0.1:{kafka}{more_advertised}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{more_protocols}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={dir}/data
# Topics are made by cporctl setup: a misspelt name must fail, not make a topic.
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
# As long as the topics' records, or setup warns; its default is a week.
offsets.retention.minutes=20160
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# Tests may ask for shorter sessions than the workers' 6000.
group.min.session.timeout.ms=1000
# Look every second for transactions that outlived their time-out; at the default of 10 s a test
# that leaves one open waits up to 10 s longer for its readers.
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
# After kill -9 the restarted broker is refused until the session of its former self ends; but on a
# busy machine 2 s were too short for a heartbeat, and all partitions lost their leader.
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=500
# The cleaner's default of 128 MiB is a quarter of this heap.
log.cleaner.dedupe.buffer.size=16777216
log.index.size.max.bytes=1048576
num.network.threads=3
num.io.threads=4
"""

    def java(self, main_class, *arguments, heap="64m"):
        java = shutil.which("java")
        if java is None or not (self.LIBS.parent / "stamp").exists():
            raise StackError("Java or Kafka's jars are missing: run deploy/install")
        return [java, f"-Xmx{heap}", "-XX:+UseSerialGC", "-Xshare:auto", "-XX:-UsePerfData",
                f"-Dlog4j2.configurationFile={HERE}/kafka-log4j2.properties",
                "-cp", f"{self.LIBS}/*", main_class, *map(str, arguments)]

    @staticmethod
    def more_listeners():
        """Of CPOR_KAFKA_LISTENERS, NAME:PORT:ADVERTISED_PORT,...: who comes in by one of them is
        sent to the advertised port, where a test has a proxy."""
        named = [entry.split(":") for entry in
                 os.environ.get("CPOR_KAFKA_LISTENERS", "").split(",") if entry]
        return {"more_listeners": "".join(f",{name}://127.0.0.1:{port}"
                                          for name, port, _ in named),
                "more_advertised": "".join(f",{name}://127.0.0.1:{port}"
                                           for name, _, port in named),
                "more_protocols": "".join(f",{name}:PLAINTEXT" for name, _, _ in named)}

    def prepare(self):
        self.dir.mkdir(exist_ok=True)
        properties = self.dir / "server.properties"
        properties.write_text(self.PROPERTIES.format(dir=self.dir, **self.ports,
                                                     **self.more_listeners()))
        if (self.dir / "data/meta.properties").exists():
            return
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        run(self.java("kafka.tools.StorageTool", "format", "--cluster-id", "c" + cluster_id[1:],
                      "--config", properties))

    def start(self):
        heap = os.environ.get("CPOR_KAFKA_HEAP", "512m").removeprefix("-Xmx")
        command = self.java("kafka.Kafka", self.dir / "server.properties", heap=heap)
        return self.spawn(command, self.dir)

    def is_ready(self):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
        # Listening is not enough: a broker that is still fenced is missing from its own answer.
        answer = subprocess.run(["kcat", "-L", "-m", "2", "-b", f"127.0.0.1:{self.port}"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                check=False)
        return answer.returncode == 0 and " 1 brokers:" in answer.stdout

    def env(self):
        return {"CPOR_KAFKA_BROKERS": f"127.0.0.1:{self.port}"}


class Postgres(Server):
    NAME = "postgres"
    PORT_NAMES = ("postgres",)
    # SIGTERM would wait until every client has gone.
    STOP_SIGNAL = signal.SIGINT
    START_WAIT_SECONDS = 60

    SETTINGS = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{home}'
max_connections = 100
shared_buffers = 128MB
max_wal_size = 2GB
wal_compression = lz4
checkpoint_timeout = 15min
password_encryption = scram-sha-256
timezone = UTC
log_timezone = UTC
log_line_prefix = '%m [%p] %q%u@%d '
"""

    def __init__(self, stack_dir, ports, secret):
        super().__init__(stack_dir, ports, secret)
        # PostgreSQL refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else None

    @staticmethod
    def program(name):
        def major(path):
            return int(path.split("/")[-3])
        found = sorted(glob.glob(f"/usr/lib/postgresql/[0-9]*/bin/{name}"), key=major)
        path = found[-1] if found else shutil.which(name)
        if path is None:
            raise StackError(f"{name} is missing: run deploy/install")
        return path

    def home(self):
        """The folder of data and socket.

        It is a link when the tree's path is too long for a socket, or when user postgres
        cannot get there (a clone below /root).
        """
        if self.dir.exists():
            return self.dir.resolve()
        self.dir.unlink(missing_ok=True)
        if len(f"{self.dir}/.s.PGSQL.65535") <= SOCKET_PATH_SIZE_MAX and self.user_reaches():
            self.dir.mkdir(mode=0o700)
        else:
            self.dir.symlink_to(tempfile.mkdtemp(prefix="cpor-postgres-", dir="/var/tmp"))
        if self.user:
            entry = self.account()
            os.chown(self.dir, entry.pw_uid, entry.pw_gid)
        return self.dir.resolve()

    def account(self):
        try:
            return pwd.getpwnam(self.user)
        except KeyError as error:
            raise StackError("there is no user postgres: run deploy/install") from error

    def user_reaches(self):
        if not self.user:
            return True
        self.account()
        test = subprocess.run(["test", "-x", self.stack_dir], user=self.user, group=self.user,
                              extra_groups=[], check=False, cwd="/")
        return test.returncode == 0

    def remove_lock_of_zombie(self, home):
        """Let a server start that was killed with -9.

        Where process 1 does not collect orphans at once (some containers never do), the killed
        server stays as a zombie, and PostgreSQL takes it for a running one.
        """
        for lock in (home / "data/postmaster.pid", home / f".s.PGSQL.{self.port}.lock"):
            if lock.exists():
                pid = int(lock.read_text().split()[0])
                if stat_of(pid) is not None and identity_of(pid) is None:
                    lock.unlink()

    def prepare(self):
        home = self.home()
        data = home / "data"
        self.remove_lock_of_zombie(home)
        if not (data / "PG_VERSION").exists():
            shutil.rmtree(data, ignore_errors=True)
            # A file of the server's user: initdb reads it as that user.
            password_file = home / "password"
            password_file.write_text(self.secret["postgres_admin"])
            if self.user:
                os.chown(password_file, self.account().pw_uid, -1)
            try:
                run([self.program("initdb"), "-D", data, "-U", "postgres", "-E", "UTF8",
                     "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password_file}"],
                    user=self.user, cwd=home)
            finally:
                password_file.unlink()
        settings = data / "cpor.conf"
        settings.write_text(self.SETTINGS.format(port=self.port, home=home))
        settings.chmod(0o644)
        main = data / "postgresql.conf"
        if "cpor.conf" not in main.read_text():
            with open(main, "a", encoding="utf-8") as file:
                file.write("include 'cpor.conf'\n")

    def start(self):
        home = self.home()
        return self.spawn([self.program("postgres"), "-D", str(home / "data")], home, self.user)

    def psql(self, statement, role="postgres", database="postgres"):
        secret = self.secret["postgres_admin" if role == "postgres" else "postgres"]
        return run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
                    "-p", str(self.port), "-U", role, "-d", database, "-c", statement],
                   env={"PGPASSWORD": secret, "PGCONNECT_TIMEOUT": "2"}).strip()

    def is_ready(self):
        try:
            return self.psql("select 1") == "1"
        except StackError:
            return False

    def finish(self):
        if self.psql("select count(*) from pg_database where datname = 'cpor'") != "0":
            return
        # CREATEDB: each test has a database of its own; CREATEROLE: and roles of its own.
        if self.psql("select count(*) from pg_roles where rolname = 'cpor'") == "0":
            self.psql("create role cpor login createdb createrole password"
                      f" '{self.secret['postgres']}'")
            self.psql("grant pg_monitor, pg_signal_backend to cpor")
        self.psql("create database cpor owner cpor")

    def remove(self):
        if self.dir.is_symlink():
            shutil.rmtree(self.dir.resolve(), ignore_errors=True)

    def env(self):
        return {"CPOR_DATABASE_URL":
                f"postgresql://cpor:{self.secret['postgres']}@127.0.0.1:{self.port}/cpor"}


class Redis(Server):
    NAME = "redis"
    PORT_NAMES = ("redis",)

    SETTINGS = """\
bind 127.0.0.1
port {port}
dir {dir}
daemonize no
appendonly yes
appendfsync everysec
save ""
# Timers must never be evicted silently.
maxmemory-policy noeviction
"""

    def prepare(self):
        self.dir.mkdir(exist_ok=True)
        settings = self.SETTINGS.format(port=self.port, dir=json.dumps(str(self.dir)))
        (self.stack_dir / "redis.conf").write_text(settings)

    def start(self):
        if shutil.which("redis-server") is None:
            raise StackError("redis-server is missing: run deploy/install")
        return self.spawn(["redis-server", str(self.stack_dir / "redis.conf")], self.dir)

    def is_ready(self):
        return ask(self.port, b"PING\r\n").startswith(b"+PONG")

    def env(self):
        return {"CPOR_REDIS_URL": f"redis://127.0.0.1:{self.port}/0"}


class Mail(Server):
    NAME = "mail"
    PORT_NAMES = ("mail",)

    def start(self):
        command = [sys.executable, str(HERE / "mailsink.py"), "--port", str(self.port),
                   "--file", str(self.stack_dir / "mail.jsonl")]
        return self.spawn(command, self.stack_dir)

    def is_ready(self):
        return ask(self.port, b"").startswith(b"220")

    def env(self):
        return {"CPOR_SMTP_URL": f"smtp://127.0.0.1:{self.port}"}


ALL = (Kafka, Postgres, Redis, Mail)


def new_secret():
    return {"postgres": secrets.token_hex(16), "postgres_admin": secrets.token_hex(16)}
