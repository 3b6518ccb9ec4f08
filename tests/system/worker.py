"""One instance of one worker, as a process."""

import signal
import subprocess

import leftovers
import roles

LOG_TAIL_LINES = 12


class Worker:
    """One instance of one service."""

    def __init__(self, installation, service, number, settings=None):
        self.installation, self.service = installation, service
        self.instance = f"{service}-{number}"
        self.settings = settings or {}
        self.log = installation.folder / f"{self.instance}.log"
        self.process = None
        self.before_exec = None  # called in the new process: limits
        self.binaries = None  # the installation's, until it is upgraded
        self.may_be_fenced = False  # its brokers were away, and it may learn of it as it ends

    def env(self):
        env = {**self.installation.env, "CPOR_INSTANCE": self.instance}
        if "CPOR_DATABASE_URL" in env:  # else it is in a file of the test's
            env["CPOR_DATABASE_URL"] = roles.login_url(env["CPOR_DATABASE_URL"], self.service)
        return {**env, **self.settings}

    def start(self):
        assert self.process is None, f"{self.instance} runs already"
        program = (self.binaries or self.installation.binaries) / self.service
        assert program.exists(), f"{program} is missing: cmake --build --preset release or faults"
        env = self.env()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([str(program)], env=env, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True,
                                            preexec_fn=self.before_exec)
        leftovers.record(self.installation.stack, self.process)
        return self

    def stop(self, number=signal.SIGTERM, seconds=20, drains=False):
        """Ends it; with SIGTERM it must drain and end with 0. drains: was told already."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if not drains:
            process.send_signal(number)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{self.instance} did not end {seconds} s after signal {number}; "
                                 f"log: {self.log}") from None
        if number == signal.SIGTERM:
            is_fenced = self.may_be_fenced and code == 1 and "fenced" in self.log_tail()
            assert code == 0 or is_fenced, \
                f"{self.instance} ended with {code} on SIGTERM; log: {self.log}"

    def kill(self):
        self.stop(signal.SIGKILL)

    def check_alive(self):
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"{self.instance} ended by itself with "
                                 f"{self.process.returncode}:\n{self.log_tail()}")

    def log_tail(self, count=LOG_TAIL_LINES):
        if not self.log.exists():
            return "  (no log)"
        lines = self.log.read_text(errors="replace").splitlines()[-count:]
        return "\n".join(f"  {line}" for line in lines)
