"""A PgBouncer of a test's own, in any of its modes."""

import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import harness

sys.path.insert(0, str(harness.ROOT / "deploy/local"))
import process  # noqa: E402

PROGRAM = "/usr/sbin/pgbouncer"

SETTINGS = """\
[databases]
* = host=127.0.0.1 port={server_port} user={user} password={password}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
server_round_robin = {round_robin}
ignore_startup_parameters = extra_float_digits
logfile = {folder}/pgbouncer.log
"""


class PgBouncer:
    """In front of the server of a database's URL; all come in as the URL's user."""

    def __init__(self, url, mode, size=20, round_robin=0):
        user, password, server_port = re.fullmatch(
            r"postgresql://([^:]+):([^@]+)@127\.0\.0\.1:(\d+)/.*", url).groups()
        # Of its own: a user that is not root does not come into the tests' folders.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cpor-pgbouncer-"))
        self.port = process.choose_port(())
        settings = self.folder / "pgbouncer.ini"
        settings.write_text(SETTINGS.format(
            user=user, password=password, server_port=server_port, port=self.port, mode=mode,
            size=size, round_robin=round_robin, folder=self.folder))
        command = [PROGRAM, "-q", str(settings)]
        if os.geteuid() == 0:  # it refuses to run as root
            entry = pwd.getpwnam("postgres")
            for path in (self.folder, settings):
                os.chown(path, entry.pw_uid, entry.pw_gid)
            command[1:1] = ["-u", "postgres"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        self.wait()

    def wait(self):
        end = time.monotonic() + 20
        while True:
            assert self.process.poll() is None, f"PgBouncer ended: {self.process.stderr.read()}"
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < end, "PgBouncer does not start"
                time.sleep(0.02)

    def url(self, url):
        """The same, through the pooler."""
        return re.sub(r"@127\.0\.0\.1:\d+/", f"@127.0.0.1:{self.port}/", url)

    def close(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()
        shutil.rmtree(self.folder)
