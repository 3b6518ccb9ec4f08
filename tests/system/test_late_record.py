"""A reference record is saved while another instance validates the claim that waits for it."""

import psycopg

import documents
import harness
from words import DAY_MS, instant_text

SUBMITTED = "cpor.claim.submitted.v1"


def tenant_of_second_instance(installation, tenants):
    """Range assignment: the first instance has the reference topics and the lower partitions."""
    for tenant in tenants:
        installation.produce("claim-validation", tenant["tenant_id"], b"probe")
    installation.flush()
    high = {record.key.decode() for record in installation.read("claim-validation")
            if record.partition >= installation.partition_count // 2}
    return next(tenant for tenant in tenants if tenant["tenant_id"] in high)


def test_record_saved_during_validation(install):
    """Validation has looked and not committed when the record is saved: the claim is woken."""
    installation = install()
    tenants = [documents.tenant(number) for number in range(1, 9)]
    tenant = tenant_of_second_instance(installation, tenants)
    installation.start_workers(services=[name for name in harness.SERVICES
                                         if name != "claim-validation"])
    installation.start_workers(instances=2, services=["claim-validation"])
    installation.publish_reference([documents.partner()], tenants)
    board = harness.StatusBoard(installation)
    day = instant_text(installation.now_ms() - 30 * DAY_MS)[:10]
    document = documents.bizapps_claim("C-1", tenant, day, [("D365_SALES", None)])

    def waiting(kind):
        return [name for (name,) in installation.query(
            "select a.application_name from pg_locks l join pg_stat_activity a using (pid)"
            " where not l.granted and l.locktype = %s and a.datname = current_database()", kind)]

    with psycopg.connect(installation.env["CPOR_DATABASE_URL"]) as connection:
        connection.execute("lock table timers in share mode")
        installation.publish("claim-submission", SUBMITTED, document)
        installation.flush()
        [blocked] = installation.wait("the second instance in its transaction",
                                      lambda: waiting("relation"))
        assert blocked == "claim-validation"
        installation.publish_reference(subscriptions=[documents.subscription(tenant)], wait=False)
        installation.wait("the first instance to have the record", lambda: waiting("advisory") or
                          installation.query("select 1 from subscriptions"))
        connection.rollback()
    board.wait_status((tenant["tenant_id"], "C-1"), "OPT_OUT_OPEN")
