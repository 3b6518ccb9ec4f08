"""Redis that asks who one is: a password in the midst of it, and rights that are just enough."""

import re

import pytest
import redis

import cporctl
import documents
import harness
import redis_guarded
from words import DAY_MS, instant_ms

# AUTH is always allowed; the others are words of answers and of scripts.
NO_COMMANDS = ("AUTH", "NOAUTH", "NOPERM", "WRONGPASS", "WRONGTYPE", "NOSCRIPT", "SCRIPT", "LOAD")
START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)


def test_password_from_now_on(install):
    """Redis that refuses a running worker is away, loudly; PostgreSQL has the timers."""
    installation = install(start_at_ms=START, speed=20000)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    installation.publish("claim-submission", "cpor.claim.submitted.v1",
                         documents.claim("C-1", TENANT, "2026-03-01"))
    installation.flush()
    key = (TENANT["tenant_id"], "C-1")
    board.wait_seen(key, "OPT_OUT_OPEN")
    admin = redis.Redis.from_url(installation.env["CPOR_REDIS_URL"])
    expiry = installation.workers["opt-out-expiry-1"]
    try:
        admin.config_set("requirepass", "secret")
        admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        installation.wait("the refusal to be told", lambda: any(
            "event=tick-retry" in line and "NOAUTH" in line and "CPOR_REDIS_URL" in line
            for line in expiry.log.read_text().splitlines()))
        board.wait_status(key, "OFFICIAL", seconds=90)
    finally:
        admin.execute_command("AUTH", "secret")
        admin.config_set("requirepass", "")
    installation.check_workers()
    assert "event=fatal" not in expiry.log.read_text()
    assert installation.query("select * from timers") == []


@pytest.fixture
def guarded(tmp_path):
    folder = tmp_path / "redis"
    folder.mkdir()
    server = redis_guarded.GuardedRedis(folder, "right-password")
    yield server
    server.kill()


def test_no_more_rights_than_written_down(install, guarded):
    installation = install(start_at_ms=START)
    installation.env["CPOR_REDIS_URL"] = guarded.url("right-password") + "/0"
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    installation.publish("claim-submission", "cpor.claim.submitted.v1",
                         documents.claim("C-1", TENANT, "2026-03-01"))
    installation.flush()
    key = (TENANT["tenant_id"], "C-1")
    deadline = instant_ms(board.wait_status(key, "OPT_OUT_OPEN")["deadline_at"])
    guarded.admin.flushall()  # a rebuild needs rights of its own
    guarded.admin.script_flush()
    installation.wait("the shards to be filled anew", lambda: guarded.admin.keys("cpor:timers:*"))
    output = cporctl.expect(0, cporctl.call(installation.env, "timers"))
    assert "WINDOW" in output, output
    installation.jump(deadline + DAY_MS)
    board.wait_status(key, "OFFICIAL")
    denied = [entry["object"] for entry in guarded.admin.acl_log()]
    assert denied == [], denied
    for words in (("CONFIG", "GET", "*"), ("KEYS", "*"), ("GET", "other:key"), ("FLUSHALL",),
                  ("SCRIPT", "FLUSH"), ("ACL", "LIST"), ("SET", "other", "1")):
        with redis.Redis.from_url(guarded.url("right-password")) as client:
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*words)


def test_each_command_that_is_written_in_the_code_is_allowed_and_no_other():
    """Some are sent only after a failure; the flow above does not come by all of them."""
    code = "".join(path.read_text() for path in
                   (harness.ROOT / "common/runtime").glob("timer_index*.c"))
    found = {word.lower() for word in re.findall(r"redis\.call\('(\w+)'", code)}
    found |= {word.lower() for word in re.findall(r'"([A-Z]{3,})"', code)}
    found -= {word.lower() for word in NO_COMMANDS}
    allowed = set(re.findall(r" \+(\S+)", redis_guarded.ACL.read_text()))
    assert allowed == found | {"script|load"}


def test_who_is_not_let_in_is_told_why(install, guarded):
    installation = install()
    lacking = "on >right-password ~cpor:* -@all +select +info +script|load"
    guarded.admin.execute_command("ACL", "SETUSER", "lacking", *lacking.split())
    port = guarded.port
    cases = {
        "password": (guarded.url("wrong-password"), ("WRONGPASS", "CPOR_REDIS_URL")),
        "user": (guarded.url("right-password", "nobody"), ("WRONGPASS", "CPOR_REDIS_URL")),
        "none": (f"redis://127.0.0.1:{port}", ("NOAUTH", "CPOR_REDIS_URL")),
        "lacking": (guarded.url("right-password", "lacking"), ("NOPERM", "redis.acl")),
        "tls": (f"rediss://cpor:right-password@127.0.0.1:{port}", ("rediss://", "tunnel")),
    }
    for name, (url, _) in cases.items():
        worker = harness.Worker(installation, "opt-out-expiry", name, {"CPOR_REDIS_URL": url})
        installation.workers[name] = worker.start()
    for name, (url, words) in cases.items():
        worker = installation.workers[name]
        assert worker.process.wait(30) == 1, name
        worker.process = None
        [line] = [line for line in worker.log.read_text().splitlines() if "event=fatal" in line]
        error = cporctl.expect(1, cporctl.call({**installation.env, "CPOR_REDIS_URL": url},
                                               "timers"))
        for text in (line, error):
            assert all(word in text for word in words), f"{name}: {text}"
            assert "t-password" not in text, text
