"""A Redis that lets in nobody but whom deploy/security/redis.acl names."""

import hashlib
import subprocess
import sys
import time

import redis

import harness

sys.path.insert(0, str(harness.ROOT / "deploy/local"))

import process  # noqa: E402  (of the local stack)

ACL = harness.ROOT / "deploy/security/redis.acl"
PLACE = "SHA256-OF-THE-PASSWORD"


class GuardedRedis:
    """One server of a test; whoever tests it is 'admin'."""

    def __init__(self, folder, password):
        self.port = process.choose_port(())
        text = ACL.read_text()
        assert text.count(PLACE) == 1
        users = folder / "users.acl"
        digest = hashlib.sha256(password.encode()).hexdigest()
        users.write_text(f"{text.replace(PLACE, digest)}user admin on nopass ~* &* +@all\n")
        with (folder / "redis.log").open("wb") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder,
                 "--aclfile", users, "--save", "", "--appendonly", "no"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        self.admin = redis.Redis(port=self.port, username="admin", password="any")
        try:
            self.wait_until_it_answers(folder / "redis.log")
        except BaseException:
            self.kill()
            raise

    def wait_until_it_answers(self, log):
        end = time.monotonic() + 20
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.02)

    def answers(self):
        try:
            return self.admin.ping()
        except redis.exceptions.ConnectionError:
            return False

    def url(self, password, user="cpor"):
        return f"redis://{user}:{password}@127.0.0.1:{self.port}"

    def kill(self):
        self.admin.close()
        self.process.kill()
        self.process.wait()
