"""What production refuses of its servers at a worker's start: all at once, a line each."""

import secrets

import harness

SETTINGS = {
    "CPOR_ENV": "production",
    "CPOR_MAIL_FROM": "partner-of-record@contoso.com",
    "CPOR_PROGRAMME_ADDRESS": "partner-programme@contoso.com",
    "CPOR_OPT_OUT_URL": "https:" "//por.contoso.com/opt-out",
    "CPOR_OPT_OUT_KEYS": f"k1:{secrets.token_urlsafe(33)}",
    "CPOR_EVENT_KEYS": f"w1:worker:{secrets.token_urlsafe(33)}",
}


def start(installation, service):
    """Its log, when it has ended with 1."""
    worker = harness.Worker(installation, service, 1, SETTINGS).start()
    installation.workers[worker.instance] = worker
    assert worker.process.wait(30) == 1
    worker.process = None
    return worker.log.read_text()


def test_one_broker_and_an_evicting_redis_are_refused_together(install):
    installation = install()
    installation.supervised = False
    installation.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        log = start(installation, "claim-submission")
    finally:
        installation.redis.config_set("maxmemory-policy", "noeviction")
    lines = [line for line in log.splitlines() if "event=production-refused" in line]
    assert "redis_maxmemory_policy=allkeys-lru" in lines[0] and "noeviction" in lines[0]
    topics = {line.partition(" topic=")[2].partition(" ")[0] for line in lines[1:]}
    assert topics == {installation.prefix + name for name in (
        "claim-submission", "claim-status", "claim-validation", "customer-notification",
        "opt-out-expiry", "dead-letter")}
    assert all(" replication=1 min_insync_replicas=1 " in line and "kafka-reassign" in line
               for line in lines[1:])
    assert "event=fatal" in log and f"production refuses {len(lines)} things" in log
