"""One stack of servers for the session; one installation per test; logs of what failed.

With -n N (tests/run system) N processes run whole files side by side. They share one broker, which
the process in front starts; PostgreSQL, Redis and the mail sink are each process's own.
"""

import contextlib
import os
import pathlib
import random
import shutil
import signal

import pytest

import harness
import leftovers
import schedule

SHARED = "CPOR_TEST_SHARED_STACK"  # the stack that the processes share, told to them


def is_in_front(config):
    return not hasattr(config, "workerinput") and getattr(config.option, "dist", "no") != "no"


def pytest_configure(config):
    os.environ.setdefault("CPOR_TEST_STACK", f"test-{os.getpid()}")
    if not hasattr(config, "workerinput"):
        # What it started is ended also when it is told to go.
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_sessionstart(session):
    """Before xdist starts its processes, which inherit the environment."""
    if is_in_front(session.config):
        name = os.environ[SHARED] = os.environ["CPOR_TEST_STACK"]
        harness.Stack(name).call("up", "kafka")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """When the processes have ended: also what one of them was too slow to end."""
    if is_in_front(session.config) and not harness.KEEP:
        leftovers.end(os.environ[SHARED])


def pytest_terminal_summary(terminalreporter):
    if harness.KEEP:
        terminalreporter.write_line(leftovers.told(os.environ["CPOR_TEST_STACK"]))


def pytest_xdist_make_scheduler(config, log):
    return schedule.make(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """What takes longest begins first; files stay together."""
    folder = pathlib.Path(__file__).parent
    items.sort(key=lambda item: schedule.rank(str(item.path.relative_to(folder))))


@pytest.fixture(scope="session")
def stack():
    shared, number = os.environ.get(SHARED), os.environ.get("PYTEST_XDIST_WORKER")
    name = os.environ["CPOR_TEST_STACK"]
    servers = harness.Stack(f"{name}-{number}" if number else name, kafka_from=shared)
    try:
        servers.up()
        yield servers
    finally:
        servers.clean()


@pytest.fixture(scope="module")
def own_stack(stack):
    """For a file that stops or kills its broker: there, let a fixture `stack` return this one."""
    servers = harness.Stack(f"{stack.name}-own")
    try:
        servers.up()
        yield servers
    finally:
        servers.clean()


@pytest.fixture
def install(stack, tmp_path, request):
    """A function that makes an Installation; all are closed at the end of the test."""
    made = []

    def make(**options):
        folder = tmp_path / f"installation-{len(made) + 1}"
        folder.mkdir()
        installation = harness.Installation(stack, folder, **options)
        made.append(installation)
        return installation

    yield make
    with contextlib.ExitStack() as closing:  # all are closed, whatever one of them says
        for installation in made:
            closing.callback(installation.close)
    if not getattr(request.node, "failed", False) and not harness.KEEP:
        shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def seed():
    """Printed with every failure; CPOR_TEST_SEED repeats a run."""
    value = int(os.environ.get("CPOR_TEST_SEED") or random.randrange(1_000_000))
    print(f"seed {value}: repeat with CPOR_TEST_SEED={value}")
    return value


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        item.failed = True
        for installation in harness.running:
            report.sections.append((f"workers of {installation.name}", installation.report()))
