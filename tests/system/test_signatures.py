"""Who may say what: an installation that demands signatures, what it refuses, and how keys go."""

import re

import pytest

import documents
import harness
import scrape
import signing
from cporctl import call, expect

KEYS = ("w1:worker:the-workers-secret-1,o1:operator:the-operators-secret,"
        "r1:reviewer:the-reviewers-secret,i1:importer:the-importers-secret")
ROTATED = f"w2:worker:the-workers-secret-2,{KEYS}"
TENANT = documents.tenant(1)
TENANT_ID = TENANT["tenant_id"]
START = 1_777_000_000_000  # 2026-04-24
OPTED_OUT = "cpor.customer.opted-out.v1"
REVIEWED, COMMENT = "cpor.claim.reviewed.v1", "cpor.claim.comment-added.v1"


@pytest.fixture(scope="module")
def told(stack, tmp_path_factory):
    """An installation that demands all signatures, three claims in their windows."""
    installation = harness.Installation(
        stack, tmp_path_factory.mktemp("signatures"), start_at_ms=START,
        settings={"CPOR_EVENT_KEYS": KEYS, "CPOR_DEMAND_SIGNATURES": "privileged"})
    try:
        begin(installation)
        yield installation
    finally:
        installation.has_forged_events = True
        installation.close()


def begin(installation):
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    submit(installation, "EXCHANGE_ONLINE", "TEAMS", "YAMMER")


def submit(installation, *workloads):
    board = harness.StatusBoard(installation)
    for name in workloads:
        installation.publish("claim-submission", "cpor.claim.submitted.v1",
                             documents.claim(name, TENANT, "2026-04-01", [name]))
    installation.flush()
    for name in workloads:
        board.wait_status((TENANT_ID, name), "OPT_OUT_OPEN")
    board.close()


def event(event_type, number, source="/outsider"):
    return [("ce_specversion", b"1.0"), ("ce_id", f"e-{number}".encode()),
            ("ce_source", source.encode()), ("ce_type", event_type.encode())]


def about(claim_id, actor="operator", **data):
    return {"claim_id": claim_id, "tenant_id": TENANT_ID, "actor": {"type": actor, "id": "x"},
            **data}


REVIEW = about("TEAMS", "reviewer", revision=1, verdict="APPROVE")
CLOSED = {"tenant_id": TENANT_ID, "due_at": "2026-12-01T00:00:00.000Z"}
SAID = {"claim_id": "TEAMS", "tenant_id": TENANT_ID,
        "comment": {"author": "x", "at": "2026-04-24T00:00:00Z", "text": "hello"}}
# (name, topic, type, source, data, the signing key's role or the signature, code, in the detail)
REFUSED = [
    ("no signature", "claim-submission", REVIEWED, "/desk", REVIEW, b"-", "missing"),
    ("a torn one", "claim-submission", REVIEWED, "/desk", REVIEW, b"v1 r1", "unreadable"),
    ("a key of nobody", "claim-submission", REVIEWED, "/desk", REVIEW, b"v1 zz " + b"A" * 43,
     "unknown_key"),
    ("a forged one", "claim-submission", REVIEWED, "/desk", REVIEW, b"v1 r1 " + b"A" * 43,
     "forged"),
    ("an importer's", "claim-submission", REVIEWED, "/desk", REVIEW, "importer", "foreign_role"),
    ("an operator's opt-out", "opt-out-expiry", OPTED_OUT, "/desk", about("TEAMS"), b"-",
     "missing"),
    ("an extension", "opt-out-expiry", "cpor.window.extended.v1", "/desk",
     about("TEAMS", reason="r", deadline_at="2026-12-01T00:00:00.000Z"), "reviewer",
     "foreign_role"),
    ("a worker's wake-up", "opt-out-expiry", "cpor.window.closed.v1", "cpor/opt-out-expiry", CLOSED,
     b"-", "missing"),
    ("by an operator", "opt-out-expiry", "cpor.window.closed.v1", "urn:cpor:x", CLOSED, "operator",
     "foreign_role"),
    ("what is handed on", "opt-out-expiry", "cpor.claim.withdrawn.v1", "cpor/claim-submission",
     about("TEAMS", "partner"), b"-", "missing"),
    ("a worker's opt-out", "opt-out-expiry", OPTED_OUT, "CPOR/opt-out-expiry",
     about("TEAMS", "customer"), b"-", "missing"),
]
SOURCES = [
    ("a wake-up of an outsider", "opt-out-expiry", "cpor.window.closed.v1", "/outsider", CLOSED),
    ("handed on by an outsider", "opt-out-expiry", "cpor.claim.withdrawn.v1", "/outsider",
     about("TEAMS", "partner")),
    ("a comment of a worker", "claim-submission", COMMENT, "cpor/claim-validation", SAID),
    ("in capitals", "claim-submission", COMMENT, "Cpor/claim-validation", SAID),
    ("of the system", "claim-submission", COMMENT, "urn:cpor:friendly", SAID),
]


def put(installation, topic, number, row_type, source, data, by):
    value = harness.json.dumps(data).encode()
    headers = event(row_type, number, source)
    if isinstance(by, bytes):
        text = by
    else:
        key = signing.key_of(KEYS, by)
        text = signing.sign(key, installation.prefix + topic, headers, TENANT_ID, value).encode()
    if text == b"-":  # else the harness signs
        installation.producer.produce(installation.prefix + topic, value=value, key=TENANT_ID,
                                      headers=headers)
    else:
        installation.produce(topic, TENANT_ID, value, [*headers, (signing.HEADER, text)])


def letters(installation):
    return {record.header("ce_id"): record for record in installation.read("dead-letter")}


def test_refused_with_its_reason(told):
    """Each a dead letter "SIGNATURE_INVALID" or "SOURCE_INVALID", and counted by role."""
    for number, (_, topic, kind, source, data, by, _) in enumerate(REFUSED):
        put(told, topic, number, kind, source, data, by)
    for number, (_, topic, kind, source, data) in enumerate(SOURCES, 100):
        put(told, topic, number, kind, source, data, "worker")
    told.flush()
    told.wait_quiet()
    found = letters(told)
    for number, row in enumerate(REFUSED):
        letter = found[f"e-{number}"]
        assert letter.header("dlq_reason") == "SIGNATURE_INVALID", row
        assert row[-1] in letter.header("dlq_detail"), (row, letter.header("dlq_detail"))
    for number, row in enumerate(SOURCES, 100):
        assert found[f"e-{number}"].header("dlq_reason") == "SOURCE_INVALID", row
    assert len(found) == len(REFUSED) + len(SOURCES)
    submission = told.workers["claim-submission-1"]
    assert scrape.gauge(submission, "signatures_refused_total",
                        'role="reviewer",reason="foreign_role"') == 1
    rows = told.query("select 1 from history where cause_id like 'e-%%'")
    assert rows == [], "what was refused moved something"


def test_partners_and_customers_need_none(told):
    """Also with a wrong signature: their right comes first."""
    headers = [*event(OPTED_OUT, 200), (signing.HEADER, b"v1 o1 " + b"A" * 43)]
    told.produce("opt-out-expiry", TENANT_ID, about("YAMMER", "customer"), headers)
    told.flush()
    harness.StatusBoard(told).wait_status((TENANT_ID, "YAMMER"), "REJECTED")
    [(actor, proof)] = told.query(
        "select actor_type, proof from history where cause_id = 'e-200'")
    assert (actor, proof) == ("customer", None)


def test_cporctl_signs_and_tells(told):
    without = {**told.env, "CPOR_EVENT_KEYS": "r1:reviewer:the-reviewers-secret"}
    refused = expect(1, call(without, "opt-out", TENANT_ID, "EXCHANGE_ONLINE", "--operator", "ann"))
    assert "id:operator:secret" in refused
    expect(0, call(told.env, "opt-out", TENANT_ID, "EXCHANGE_ONLINE", "--operator", "ann"))
    shown = expect(0, call(told.env, "history", TENANT_ID, "EXCHANGE_ONLINE"))
    assert "by operator ann, proved by key o1" in shown
    assert re.search(r"was handed to the mail server, by system, proved by key w1", shown)
    as_json = harness.json.loads(
        expect(0, call(told.env, "history", TENANT_ID, "EXCHANGE_ONLINE", "--json")))
    proofs = {row["proof"] for row in as_json}
    assert proofs == {None, "w1", "o1"}  # the partner's own submission has none


def test_keys_are_exchanged(told):
    """Listed everywhere, then first; a letter that was refused for its key goes through then."""
    value = harness.json.dumps(about("TEAMS", reason="asked for",
                                     deadline_at="2027-01-01T00:00:00.000Z")).encode()
    headers = event("cpor.window.extended.v1", 300)
    text = signing.sign("o2:operator:the-operators-new-secret", told.prefix + "opt-out-expiry",
                        headers, TENANT_ID, value)
    told.produce("opt-out-expiry", TENANT_ID, value, [*headers, (signing.HEADER, text.encode())])
    told.flush()
    told.wait_quiet()
    letter = letters(told)["e-300"]
    assert "unknown_key" in letter.header("dlq_detail")
    told.stop_workers()
    told.env["CPOR_EVENT_KEYS"] = f"{ROTATED},o2:operator:the-operators-new-secret"
    for worker in told.workers.values():
        worker.start()
    expect(0, call(told.env, "dlq", "replay", str(letter.partition), str(letter.offset)))
    told.wait("the extension", lambda: told.query(
        "select proof from history where cause_id = 'e-300'") == [("o2",)])
    submit(told, "INTUNE")
    shown = expect(0, call(told.env, "history", TENANT_ID, "INTUNE"))
    assert "proved by key w2" in shown and "key w1" not in shown


def test_a_newer_workers_event_stops_an_older_one(install):
    installation = install(settings={"CPOR_EVENT_KEYS": KEYS})
    installation.has_forged_events = True
    installation.supervised = False
    installation.start_workers(services=("opt-out-expiry",))
    worker = installation.workers["opt-out-expiry-1"]
    headers = event("cpor.window.melted.v1", 1, "cpor/opt-out-expiry")
    installation.producer.produce(installation.prefix + "opt-out-expiry", value=b"{}",
                                  key=TENANT_ID, headers=headers)
    installation.flush()  # whoever may write can do that: it stops nobody
    installation.wait("the dead letter", lambda: letters(installation).get("e-1"))
    installation.produce("opt-out-expiry", TENANT_ID, b"{}",
                         event("cpor.window.melted.v1", 2, "cpor/opt-out-expiry"))
    installation.flush()
    installation.wait("the worker to stop", lambda: worker.process.poll() is not None)
    assert worker.process.returncode == 1
    assert "upgrade this worker" in worker.log_tail()
    worker.process = None


def test_no_comment_spends_the_id_of_a_notice(install):
    """Without any keys, too: the other claim's customer is told."""
    installation = install()
    installation.has_forged_events = True
    services = [name for name in harness.SERVICES if name != "customer-notification"]
    installation.start_workers(services=services)
    installation.publish_reference([documents.partner()], [TENANT])
    installation.publish("claim-submission", "cpor.claim.submitted.v1",
                         documents.claim("C-1", TENANT, "2026-04-01", ["TEAMS"]))
    installation.flush()
    board = harness.StatusBoard(installation)
    board.wait_status((TENANT_ID, "C-1"), "VALIDATED")
    [request] = [record for record in installation.read("customer-notification")]
    comment = {**SAID, "claim_id": "C-1"}
    headers = [(name, request.header("ce_id").encode() if name == "ce_id" else value)
               for name, value in event(COMMENT, 0, "cpor/claim-validation")]
    installation.produce("claim-submission", TENANT_ID, comment, headers)
    installation.flush()
    installation.wait("the dead letter", lambda: [
        record for record in installation.read("dead-letter")
        if record.header("dlq_reason") == "SOURCE_INVALID"])
    installation.start_workers(services=("customer-notification",))
    board.wait_status((TENANT_ID, "C-1"), "OPT_OUT_OPEN")
