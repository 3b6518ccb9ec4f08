"""Redis that asks for a password in the midst of it: a clear end, and a start that heals."""

import redis

import documents
import harness
from words import DAY_MS, instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)


def test_password_from_now_on(install):
    installation = install(start_at_ms=START)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    installation.publish("claim-submission", "cpor.claim.submitted.v1",
                         documents.claim("C-1", TENANT, "2026-03-01"))
    installation.flush()
    key = (TENANT["tenant_id"], "C-1")
    deadline = instant_ms(board.wait_status(key, "OPT_OUT_OPEN")["deadline_at"])
    admin = redis.Redis.from_url(installation.env["CPOR_REDIS_URL"])
    expiry = installation.workers["opt-out-expiry-1"]
    installation.supervised = False
    try:
        admin.config_set("requirepass", "secret")
        admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        code = expiry.process.wait(20)
        assert code == 1
        [line] = [line for line in expiry.log.read_text().splitlines() if "event=fatal" in line]
        assert "NOAUTH" in line and "level=error" in line, line
        expiry.process = None
        secret = installation.env["CPOR_REDIS_URL"].replace("redis://", "redis://:secret@")
        installation.stop_workers()
        installation.env["CPOR_REDIS_URL"] = secret
        installation.set_clock(1, deadline + DAY_MS)
        for worker in installation.workers.values():
            worker.start()
        board.wait_status(key, "OFFICIAL")
        installation.check_workers()
    finally:
        admin.execute_command("AUTH", "secret")
        admin.config_set("requirepass", "")
    assert installation.query("select * from timers") == []
