"""A submission's trace is passed on by all four workers, past the timer, to the association."""

import documents
import harness
from rewind import check_said_again
from words import DAY_MS, instant_ms, instant_text

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_trace_from_submission_to_association(install):
    installation = install(start_at_ms=START)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    headers = [("ce_specversion", b"1.0"), ("ce_id", b"s-1"), ("ce_source", b"/upstream"),
               ("ce_type", b"cpor.claim.submitted.v1"), ("traceparent", TRACE),
               ("tracestate", b"a=b")]
    key = (TENANT["tenant_id"], "C-1")
    installation.produce("claim-submission", key[0],
                         documents.claim("C-1", TENANT, "2026-03-01"), headers)
    installation.flush()
    board = harness.StatusBoard(installation)
    event = board.wait_status(key, "OPT_OUT_OPEN")
    for topic in ("claim-validation", "customer-notification", "opt-out-expiry", "claim-status"):
        for record in installation.read(topic):
            assert record.header("traceparent") == TRACE.decode(), record
            assert record.header("tracestate") == "a=b", record
    installation.jump(instant_ms(event["deadline_at"]) + DAY_MS)
    board.wait_status(key, "OFFICIAL")
    [official] = installation.read("association-official")
    assert official.header("traceparent") == TRACE.decode()
    assert official.json["official_at"] == instant_text(instant_ms(event["deadline_at"]))
    check_said_again(installation, "opt-out-expiry")
