"""One stack of servers for the session; one installation per test; logs of what failed."""

import contextlib
import os
import random
import shutil

import pytest

import harness


@pytest.fixture(scope="session")
def stack():
    servers = harness.Stack(f"test-{os.getpid()}")
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
    if not getattr(request.node, "failed", False):
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
