"""Faults of Kafka, PostgreSQL and Redis as whole servers; claims keep coming meanwhile."""

import os
import pathlib
import shutil
import signal
import time

import confluent_kafka
import psycopg
import redis

from faults import Fault
from harness import SERVICES, say
from world import INSTANCES, Mark

SLOTS = 120  # more than max_connections
SCRIPT = "local sum = 0; for i = 1, tonumber(ARGV[1]) do sum = sum + i % 7 end; return sum"
SCRIPT_TRY = 5_000_000  # rounds; a script knows no time
GROUPS_S, GROUPS_TRIES = 20, 3


# ---- any server

def kill(world, server):
    world.stack.kill(server)
    world.beside(world.stack.start, server)
    return Mark(time.time())


def kill_kafka(world, _):
    """Started again if one of its group coordinators fails while it starts: that happens, and only
    another start heals it (ADR 12)."""
    for _ in range(GROUPS_TRIES):
        mark = kill(world, "kafka")
        if world.until(lambda: groups_stand(world), GROUPS_S) or groups_answer(world):
            break
        say("    a group coordinator of Kafka is stuck; Kafka is killed and started again")
    return mark


def groups_stand(world):
    """Every group has its members, as Kafka says."""
    installation = world.installation
    try:
        return all(group.state == "Stable" and len(group.members) >= len(INSTANCES)
                   for service in SERVICES
                   for group in installation.admin.list_groups(installation.prefix + service,
                                                               timeout=3))
    except confluent_kafka.KafkaException:
        return False


def groups_answer(world):
    try:
        world.installation.lag()
    except confluent_kafka.KafkaException as error:
        say(f"    {error}")
        return False
    return True


def pid_of(world, server):
    folder = pathlib.Path(world.stack.env["CPOR_STACK_DIR"])
    return int((folder / f"{server}.pid").read_text().split()[0])


def pause(world, server):
    """It keeps its connections and answers nothing: 6 s, in long runs a minute."""
    pid = pid_of(world, server)
    os.kill(pid, signal.SIGSTOP)
    try:
        world.go_on(world.seconds(6, 60))
    finally:
        os.kill(pid, signal.SIGCONT)
    return Mark(time.time())


def pause_postgres(world, _):
    """All its processes, back ends too."""
    main = pid_of(world, "postgres")
    family = [main, *children_of(main)]
    for pid in family:
        signal_if_there(pid, signal.SIGSTOP)
    try:
        world.go_on(world.seconds(6, 60))
    finally:
        for pid in family:
            signal_if_there(pid, signal.SIGCONT)
    return Mark(time.time())


def children_of(parent):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                found.append(int(entry.name))
    return found


def signal_if_there(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


# ---- PostgreSQL

def stop_immediate(world, _):
    """pg_ctl -m immediate: no checkpoint, the log is read at the next start."""
    pid = pid_of(world, "postgres")
    os.kill(pid, signal.SIGQUIT)
    world.until(lambda: not pathlib.Path(f"/proc/{pid}/fd").exists() or is_zombie(pid), 20)
    world.go_on(1)
    world.beside(world.stack.start, "postgres")
    return Mark(time.time())


def is_zombie(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def connect(world, **options):
    return psycopg.connect(world.installation.env["CPOR_DATABASE_URL"], autocommit=True, **options)


TERMINATE = ("select pg_terminate_backend(pid) from pg_stat_activity"
             " where datname = current_database() and pid <> pg_backend_pid()")


def terminate(world, _):
    with connect(world) as connection:
        for _ in range(3):
            connection.execute(TERMINATE)
            world.go_on(0.3)
    return Mark(time.time())


def lock(world, _):
    """Nobody can touch a claim: 7 s, more than a worker's lock time-out; in long runs a minute."""
    with connect(world) as connection, connection.transaction():
        connection.execute("lock table claims in access exclusive mode")
        world.go_on(world.seconds(7, 60))
    return Mark(time.time())


def take_slots(world, _):
    """Who loses its connection finds no free slot; again and again, for a worker may be quicker."""
    taken = [connect(world)]
    try:
        for _ in range(6):
            taken[0].execute(TERMINATE + " and application_name <> ''")
            fill_slots(world, taken)
        [[left]] = taken[0].execute("select count(*) from pg_stat_activity where"
                                    " datname = current_database() and application_name <> ''")
        assert len(taken) > 50 and left < 4, f"{len(taken)} slots taken, {left} left to workers"
        world.go_on(world.seconds(5, 20))
    finally:
        for connection in taken:
            connection.close()
    return Mark(time.time())


def fill_slots(world, taken):
    try:
        while len(taken) < SLOTS:
            taken.append(connect(world))
    except psycopg.OperationalError:
        pass


def read_only(world, _):
    """As a standby after a failover that the clients do not know of."""
    name = world.installation.database
    with psycopg.connect(world.stack.env["CPOR_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'alter database "{name}" set default_transaction_read_only = on')
        ends = TERMINATE.replace("current_database()", "%s")
        connection.execute(ends, [name])
        try:
            world.go_on(world.seconds(5, 20))
        finally:
            connection.execute(f'alter database "{name}" reset default_transaction_read_only')
            connection.execute(ends, [name])
    return Mark(time.time())


# ---- Redis

def redis_shutdown(world, _):
    try:
        world.installation.redis.shutdown(nosave=True)
    except redis.RedisError:
        pass
    world.go_on(world.seconds(3, 20))
    world.beside(world.stack.start, "redis")
    return Mark(time.time())


def redis_flush(world, _):
    world.installation.redis.flushall()
    return Mark(time.time())


def redis_replace(world, _):
    """Another, empty instance at the same place."""
    world.stack.kill("redis")
    for path in (pathlib.Path(world.stack.env["CPOR_STACK_DIR"]) / "redis").iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    world.beside(world.stack.start, "redis")
    return Mark(time.time())


def redis_full(world, _):
    server = world.installation.redis
    server.config_set("maxmemory", 1)
    try:
        world.go_on(world.seconds(5, 20))
    finally:
        server.config_set("maxmemory", 0)
    return Mark(time.time())


def redis_script(world, _):
    """Somebody's script takes the whole server."""
    with redis.Redis.from_url(world.installation.env["CPOR_REDIS_URL"],
                              socket_timeout=120) as client:
        began = time.monotonic()
        client.eval(SCRIPT, 0, SCRIPT_TRY)
        rounds = SCRIPT_TRY * world.seconds(4, 20) / (time.monotonic() - began)
        world.beside(client.eval, SCRIPT, 0, int(rounds))
    return Mark(time.time())


def table():
    yield Fault("Kafka: kill -9, restarted", "servers", kill_kafka, 15)
    yield Fault("Kafka: stopped, then goes on", "servers", pause, 15, "kafka")
    yield Fault("PostgreSQL: kill -9, restarted", "servers", kill, 15, "postgres")
    yield Fault("PostgreSQL: -m immediate, restarted", "servers", stop_immediate, 15)
    yield Fault("PostgreSQL: stopped, then goes on", "servers", pause_postgres, 15)
    yield Fault("PostgreSQL: all back ends terminated", "servers", terminate, 15)
    yield Fault("PostgreSQL: table claims locked", "servers", lock, 15)
    yield Fault("PostgreSQL: too many connections", "servers", take_slots, 15)
    yield Fault("PostgreSQL: read-only", "servers", read_only, 15)
    yield Fault("Redis: kill -9, restarted", "servers", kill, 15, "redis")
    yield Fault("Redis: SHUTDOWN NOSAVE, restarted", "servers", redis_shutdown, 15)
    yield Fault("Redis: FLUSHALL", "servers", redis_flush, 15)
    yield Fault("Redis: another, empty instance", "servers", redis_replace, 15)
    yield Fault("Redis: out of memory, noeviction", "servers", redis_full, 15)
    yield Fault("Redis: a slow script", "servers", redis_script, 15)
