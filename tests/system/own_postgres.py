"""A PostgreSQL of a test's own: to be destroyed, to speak TLS, to tell what each role has run."""

import pathlib
import shutil
import sys
import time

import harness

sys.path.insert(0, str(harness.ROOT / "deploy/local"))
import process  # noqa: E402
import servers  # noqa: E402


class OwnPostgres(servers.Postgres):
    """settings: further lines of its configuration."""

    def __init__(self, folder, settings=""):
        folder.mkdir(exist_ok=True)
        super().__init__(folder, {"postgres": process.choose_port(())}, servers.new_secret())
        self.SETTINGS = servers.Postgres.SETTINGS + settings

    def up(self):
        self.prepare()
        self.start()
        end = time.monotonic() + self.START_WAIT_SECONDS
        while not self.is_ready():
            assert time.monotonic() < end, f"PostgreSQL does not start:\n{self.log_tail()}"
            time.sleep(0.05)
        self.finish()
        return self

    def down(self, number=None):
        self.stop(number or self.STOP_SIGNAL, self.STOP_WAIT_SECONDS)

    def destroy(self):
        """All data is gone; a new server is there in its place."""
        shutil.rmtree(self.home() / "data")
        self.up().psql("alter role cpor createrole")

    def clean(self):
        self.down()
        self.remove()

    def admin_url(self, database="postgres", host="127.0.0.1"):
        password = self.secret["postgres_admin"]
        return f"postgresql://postgres:{password}@{host}:{self.port}/{database}"


class StackWith:
    """The session's servers, but with another PostgreSQL."""

    def __init__(self, stack, postgres):
        self.env = {**stack.env, **postgres.env()}
        self.mail_file = pathlib.Path(stack.mail_file)
        self.kill, self.start = stack.kill, stack.start
