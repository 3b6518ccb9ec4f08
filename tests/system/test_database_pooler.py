"""PostgreSQL behind a pooler: workers want sessions of their own."""

import re
import urllib.error
import urllib.request

import pytest

import harness
from pgbouncer import PgBouncer


@pytest.fixture(scope="module")
def shared(stack, tmp_path_factory):
    """One installation; each test leaves it without workers."""
    installation = harness.Installation(stack, tmp_path_factory.mktemp("moved"))
    yield installation
    installation.close()


@pytest.fixture
def pooled(shared):
    """A function that starts a pooler in front of the installation's server."""
    made = []

    def make(mode, **options):
        made.append(PgBouncer(shared.env["TEST_OWNER_URL"], mode, **options))
        return made[-1]
    yield make
    for pooler in made:
        pooler.close()


def run_worker(installation, pooler, service="claim-submission"):
    """One start, until it ends or is ready. Returns its exit code (None: it is ready) and log."""
    worker = harness.Worker(installation, service, 7, {
        "CPOR_DATABASE_URL": pooler.url(installation.env["TEST_OWNER_URL"])})
    worker.log.unlink(missing_ok=True)
    worker.start()
    try:
        installation.wait("the worker to end or to be ready", lambda: (
            worker.process.poll() is not None or is_ready(worker)))
        code = worker.process.poll()
    finally:
        if worker.process.poll() is None:
            worker.stop()
        worker.process = None
    return code, worker.log.read_text()


def ready(worker):
    """Status and text of /readyz; (0, "") while it does not listen."""
    found = re.findall(r"event=listening address=\S+ port=(\d+)", worker.log.read_text())
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{found[-1]}/readyz", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (IndexError, OSError):
        return 0, ""


def is_ready(worker):
    return ready(worker)[0] == 200


@pytest.mark.parametrize("mode, options", [
    ("transaction", {}), ("transaction", {"size": 1}), ("transaction", {"round_robin": 1}),
    ("statement", {})])
def test_a_pooler_that_shares_sessions_is_refused(shared, pooled, mode, options):
    code, log = run_worker(shared, pooled(mode, **options))
    fatal = [line for line in log.splitlines() if "event=fatal" in line]
    assert code == 1 and len(fatal) == 1 and "session mode" in fatal[0], log


def test_a_pooler_in_session_mode_is_good(shared, pooled):
    assert run_worker(shared, pooled("session"))[0] is None
    assert run_worker(shared, pooled("session", size=1))[0] is None
