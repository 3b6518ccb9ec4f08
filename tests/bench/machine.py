"""What /proc and the servers tell: CPU seconds, peak memory, versions."""

import glob
import os
import pathlib
import platform
import re

import psycopg
import redis

TICKS = os.sysconf("SC_CLK_TCK")


def stat_of(pid):
    """(parent, own CPU seconds, CPU seconds of children that ended), or None when it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    user, system, child_user, child_system = (int(field) for field in fields[11:15])
    return int(fields[1]), (user + system) / TICKS, (child_user + child_system) / TICKS


def cpu_of(pid, with_children=False):
    """CPU seconds so far. with_children: PostgreSQL's backends, living and ended."""
    found = stat_of(pid)
    if found is None:
        return 0.0
    if not with_children:
        return found[1]
    total = found[1] + found[2]
    for path in glob.glob("/proc/[0-9]*"):
        child = stat_of(path.rpartition("/")[2])
        if child is not None and child[0] == pid:
            total += child[1]
    return total


def cpu_of_machine():
    """CPU seconds of all processes so far."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


def peak_mb(pid):
    """The most memory that the process ever had resident."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024


class CpuMeter:
    """CPU seconds by name between two moments: the servers' and some processes'."""

    def __init__(self, pids, postgres_pid):
        self.pids, self.postgres_pid = dict(pids), postgres_pid
        self.before = self.now()

    def now(self):
        values = {name: cpu_of(pid) for name, pid in self.pids.items()}
        values["postgres"] = cpu_of(self.postgres_pid, with_children=True)
        values["bench"] = sum(os.times()[:2])
        values["machine"] = cpu_of_machine()
        return values

    def restart(self):
        self.before = self.now()

    def read(self):
        """Seconds since the restart; others: what everybody else on this machine used."""
        now = self.now()
        used = {name: now[name] - self.before[name] for name in now}
        used["others"] = max(0.0, 2 * used["machine"] - sum(used.values()))
        return used


def versions(env, root):
    with psycopg.connect(env["CPOR_DATABASE_URL"]) as connection:
        postgres = connection.execute("show server_version").fetchone()[0]
    jars = glob.glob(str(root / ".local/kafka/libs/kafka_*.jar"))
    kafka = re.search(r"kafka_[\d.]+-([\d.]+)\.jar", " ".join(jars))
    server = redis.Redis.from_url(env["CPOR_REDIS_URL"]).info("server")
    return {"postgres": postgres.split()[0], "kafka": kafka[1] if kafka else "unknown",
            "redis": server["redis_version"], "kernel": platform.release()}


def describe():
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.*)", cpuinfo)
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return {"cores": os.cpu_count(), "memory_mb": int(memory[1]) // 1024,
            "processor": model[1] if model else platform.machine(),
            "load_before": round(os.getloadavg()[0], 2)}
