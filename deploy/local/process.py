"""Server processes of the local stack: free ports, recorded pids, readiness, orderly ends."""

import os
import pathlib
import random
import signal
import socket
import subprocess
import time


class StackError(Exception):
    """What went wrong and what to do about it, in words for the person at the terminal."""


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def choose_port(taken):
    """A free port below the kernel's ephemeral range.

    Above it, a client that reconnects to a killed server can be given the server's own port as
    its source port, connects to itself, and the restarted server finds its port taken.
    """
    range_file = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
    ephemeral_min = int(range_file.read_text().split()[0])
    low, high = (15000, min(ephemeral_min, 32768)) if ephemeral_min > 16000 else (20000, 32768)
    for _ in range(1000):
        port = random.randrange(low, high)
        if port not in taken and port_is_free(port):
            return port
    raise StackError(f"no free port between {low} and {high}")


def stat_of(pid):
    """(state, parent's pid, start time) of a process, None when there is none."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[1]), fields[19]


def identity_of(pid):
    """What tells a process from a later one with the same pid; None when it is gone or a zombie."""
    stat = stat_of(pid)
    if stat is None or stat[0] == "Z":
        return None
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{pid} {stat[2]} {boot}"


def children_of(pid):
    pids = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    stats = ((child, stat_of(child)) for child in pids)
    return [child for child, stat in stats if stat and stat[1] == pid]


class Process:
    """One server process, known by a pid file that names its start time too."""

    def __init__(self, pid_file, log_file):
        self.pid_file = pid_file
        self.log_file = log_file

    def pid(self):
        """The server's pid while it runs, else None. Never somebody else's."""
        try:
            recorded = self.pid_file.read_text().strip()
        except OSError:
            return None
        pid = int(recorded.split()[0])
        return pid if identity_of(pid) == recorded else None

    def spawn(self, command, cwd, user=None):
        options = {}
        if user:
            options = {"user": user, "group": user, "extra_groups": []}
        with open(self.log_file, "ab") as log:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                     cwd=cwd, start_new_session=True, **options)
        self.pid_file.write_text(identity_of(child.pid) or "0 0 0")
        return child

    def stop(self, number, wait_seconds):
        """Send the signal; after wait_seconds SIGKILL. Returns when nothing of it is left."""
        pid = self.pid()
        if pid is not None:
            family = [pid, *children_of(pid)]
            identities = {member: identity_of(member) for member in family}
            send(pid, number)
            if number == signal.SIGKILL or not wait_until_gone(identities, wait_seconds):
                for member, identity in identities.items():
                    if identity_of(member) == identity is not None:
                        send(member, signal.SIGKILL)
                wait_until_gone(identities, 10)
        self.pid_file.unlink(missing_ok=True)

    def log_tail(self, line_count=15):
        try:
            lines = self.log_file.read_text(errors="replace").splitlines()
        except OSError:
            return "(no log)"
        return "\n".join("    " + line for line in lines[-line_count:])


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wait_until_gone(identities, wait_seconds):
    end = time.monotonic() + wait_seconds
    while any(identity and identity_of(pid) == identity for pid, identity in identities.items()):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def run(command, user=None, env=None, **options):
    """Run a set-up command to its end; its output becomes the error's text when it fails."""
    if user:
        options |= {"user": user, "group": user, "extra_groups": []}
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False,
                                env=os.environ | (env or {}), **options)
    except FileNotFoundError as error:
        raise StackError(f"{command[0]} is missing: run deploy/install") from error
    if result.returncode != 0:
        raise StackError(f"{' '.join(map(str, command[:3]))} failed:\n{result.stdout.strip()}")
    return result.stdout
