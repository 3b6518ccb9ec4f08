"""Bad input of every kind: one dead letter with its code, or REJECTED with every finding."""

import collections
import hashlib
import json
import uuid

import confluent_kafka
import pytest

import documents
import harness
from documents import changed
from words import OF_THE_CLAIM, WORKLOADS, instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
SPEED = 2_000  # the grace period of ten minutes passes in 0.3 s, five business days in five minutes
TENANT = documents.tenant(1)
DAY = "2026-03-01"
SUBMITTED, WITHDRAWN = "cpor.claim.submitted.v1", "cpor.claim.withdrawn.v1"
OPTED_OUT, DISASSOCIATED = "cpor.customer.opted-out.v1", "cpor.association.disassociated.v1"
SUBMISSION, EXPIRY = "claim-submission", "opt-out-expiry"


def good(name="C-good"):
    return documents.claim(name, TENANT, DAY)


def body(**changes):
    return {"claim_id": "C-known", "tenant_id": TENANT["tenant_id"],
            "actor": {"type": "partner", "id": "1234566"}, **changes}


def text(value):
    return json.dumps(value).encode()


def envelope(event_type, event_id, without=None):
    headers = [("ce_specversion", b"1.0"), ("ce_id", event_id.encode()), ("ce_source", b"/bad"),
               ("ce_type", event_type.encode()), ("content-type", b"application/json"),
               ("traceparent", b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01"),
               ("x-own", b"\x00\xff")]
    return [header for header in headers if header[0] != without]


REFERENCE = {"partner": documents.partner("3333333"), "tenant": documents.tenant(3),
             "subscription": documents.subscription(TENANT, number=3)}
# (topic, JSON pointer, value): not what the contract says of the field.
BAD_REFERENCE = [
    *[(topic, f"/{name}", ...) for topic, record in REFERENCE.items() for name in record
      if (topic, name) not in (("partner", "country"), ("tenant", "country"))],
    ("partner", "/mpn_id", "12a"), ("partner", "/mpn_id", 3333333), ("partner", "/location", "yes"),
    ("partner", "/enrolments", "OSU_M365"), ("partner", "/enrolments", [1]),
    ("partner", "/valid_from", "2026-02-30"), ("partner", "/country", "KOR"),
    ("tenant", "/tenant_id", "contoso"), ("tenant", "/domains", ["a b.example"]),
    ("tenant", "/public_sector", None), ("tenant", "/name", ""), ("tenant", "/country", 1),
    ("subscription", "/subscription_id", "1"), ("subscription", "/tenant_id", "contoso"),
    ("subscription", "/channel", "SHOP"), ("subscription", "/state", "active"),
    ("subscription", "/provisioned", 1), ("subscription", "/starts_on", "1 May"),
    ("subscription", "/ends_on", ""), ("subscription", "/product", "x" * 100)]

# (name, topic, type, header left out, value, code); headers of reference records are ignored.
DEAD = [
    *[(name, topic, None, None, value, code) for topic, record in REFERENCE.items()
      for name, value, code in (
          ("too large", text(record) + b" " * 262_144, "TOO_LARGE"),
          ("empty", b"", "NOT_JSON"), ("random bytes", bytes(range(256)), "NOT_JSON"),
          ("cut off", text(record)[:-1], "NOT_JSON"),
          ("duplicate key", b'{"name":"x",' + text({**record, "name": "y"})[1:], "NOT_JSON"),
          ("too deep", text({**record, "more": json.loads("[" * 17 + "]" * 17)}), "TOO_DEEP"),
          ("a list", text([record]), "FIELD_INVALID"))],
    *[(f"{path} {value}", topic, None, None, text(changed(REFERENCE[topic], path, value)),
       "FIELD_INVALID") for topic, path, value in BAD_REFERENCE],
    # Its key is a tenant's id.
    ("tombstone of no partner", "partner", None, None, None, "FIELD_INVALID"),
    ("too large", SUBMISSION, SUBMITTED, None, text(good()) + b" " * 262_144, "TOO_LARGE"),
    ("too large and no type", SUBMISSION, SUBMITTED, "ce_type", b" " * 262_145, "TOO_LARGE"),
    *[(f"no {name}", topic, event_type, name, text(value), "HEADER_MISSING")
      for name in ("ce_specversion", "ce_id", "ce_source", "ce_type")
      for topic, event_type, value in ((SUBMISSION, SUBMITTED, good()),
                                       (EXPIRY, OPTED_OUT, body()))],
    ("no header at all", EXPIRY, None, None, text(body()), "HEADER_MISSING"),
    ("unknown type", SUBMISSION, "cpor.claim.praised.v1", None, text(good()), "UNKNOWN_TYPE"),
    ("next major version", SUBMISSION, "cpor.claim.submitted.v2", None,
     text(good()), "UNKNOWN_TYPE"),
    ("type of another topic", SUBMISSION, OPTED_OUT, None, text(body()), "UNKNOWN_TYPE"),
    ("submission on opt-out-expiry", EXPIRY, SUBMITTED, None, text(good()), "UNKNOWN_TYPE"),
    ("unknown type and no JSON", EXPIRY, "x", None, b"{", "UNKNOWN_TYPE"),
    ("empty", SUBMISSION, SUBMITTED, None, b"", "NOT_JSON"),
    ("null", SUBMISSION, SUBMITTED, None, None, "NOT_JSON"),
    ("null opt-out", EXPIRY, OPTED_OUT, None, None, "NOT_JSON"),
    ("cut off", SUBMISSION, SUBMITTED, None, text(good())[:-1], "NOT_JSON"),
    ("trailing bytes", SUBMISSION, SUBMITTED, None, text(good()) + b" x", "NOT_JSON"),
    ("byte-order mark", SUBMISSION, SUBMITTED, None, b"\xef\xbb\xbf" + text(good()), "NOT_JSON"),
    ("duplicate key", SUBMISSION, SUBMITTED, None,
     b'{"claim_id":"C-x",' + text(good())[1:], "NOT_JSON"),
    ("duplicate key deep", EXPIRY, OPTED_OUT, None, text(body(more={"a": 1})).replace(
        b'"a": 1', b'"a": 1, "a": 2'), "NOT_JSON"),
    ("unpaired surrogate", SUBMISSION, SUBMITTED, None,
     text(changed(good(), "/claim_name", "\ud800")), "NOT_JSON"),
    ("invalid UTF-8", SUBMISSION, SUBMITTED, None,
     text(good()).replace(b"Sam", b"\xff\xfe"), "NOT_JSON"),
    ("random bytes", SUBMISSION, SUBMITTED, None, bytes(range(256)), "NOT_JSON"),
    ("too deep", SUBMISSION, SUBMITTED, None,
     text({**good(), "more": json.loads("[" * 17 + "]" * 17)}), "TOO_DEEP"),
    ("too deep opt-out", EXPIRY, OPTED_OUT, None, text(body(more=json.loads("[" * 16 + "]" * 16))),
     "TOO_DEEP"),
    ("no claim id", SUBMISSION, SUBMITTED, None,
     text(changed(good(), "/claim_id", ...)), "FIELD_INVALID"),
    ("claim id too long", SUBMISSION, SUBMITTED, None, text(good("C" * 65)), "FIELD_INVALID"),
    ("claim id with a slash", SUBMISSION, SUBMITTED, None, text(good("a/b")), "FIELD_INVALID"),
    ("no tenant", SUBMISSION, SUBMITTED, None, text(changed(good(), "/customer/tenant_id", ...)),
     "FIELD_INVALID"),
    ("no customer", SUBMISSION, SUBMITTED, None,
     text(changed(good(), "/customer", ...)), "FIELD_INVALID"),
    ("tenant no GUID", SUBMISSION, SUBMITTED, None,
     text(changed(good(), "/customer/tenant_id", "contoso")), "FIELD_INVALID"),
    ("empty lines", SUBMISSION, WITHDRAWN, None, text(body(lines=[])), "FIELD_INVALID"),
    ("lines no numbers", SUBMISSION, WITHDRAWN, None, text(body(lines=["1"])), "FIELD_INVALID"),
    ("line 1.0", SUBMISSION, WITHDRAWN, None, text(body(lines=[1.0])), "FIELD_INVALID"),
    ("no actor", SUBMISSION, WITHDRAWN, None,
     text(changed(body(), "/actor", ...)), "FIELD_INVALID"),
    ("no reason", SUBMISSION, DISASSOCIATED, None, text(body()), "FIELD_INVALID"),
    ("blank reason", SUBMISSION, DISASSOCIATED, None, text(body(reason=" \t")), "FIELD_INVALID"),
    ("opt-out of no lines", EXPIRY, OPTED_OUT, None,
     text(body(actor={"type": "customer"}, lines=[])), "FIELD_INVALID"),
    ("withdrawal of nothing known", SUBMISSION, WITHDRAWN, None, text(body(claim_id="C-unknown")),
     "UNKNOWN_CLAIM"),
    ("revision of nothing known", SUBMISSION, "cpor.claim.resubmitted.v1", None,
     text({**good("C-unknown"), "revision": 2}), "UNKNOWN_CLAIM"),
    ("other content", SUBMISSION, SUBMITTED, None,
     text(changed(good("C-known"), "/claim_name", "another")), "CLAIM_IMMUTABLE"),
    ("forged token", EXPIRY, OPTED_OUT, None,
     text(body(actor={"type": "customer"}, token="forged")), "TOKEN_INVALID"),
]

# (name, JSON pointer, value, expected findings)
REJECTED = [
    ("claim name missing", "/claim_name", ..., {("FIELD_MISSING", "/claim_name")}),
    ("claim name null", "/claim_name", None, {("FIELD_MISSING", "/claim_name")}),
    ("claim name long", "/claim_name", "x" * 129, {("FIELD_INVALID", "/claim_name")}),
    ("claim name bell", "/claim_name", "a\u0007", {("FIELD_INVALID", "/claim_name")}),
    ("claim name line feed", "/claim_name", "a\nb", {("FIELD_INVALID", "/claim_name")}),
    ("claim name C1", "/claim_name", "a\u0085b", {("FIELD_INVALID", "/claim_name")}),
    ("claim name DEL", "/claim_name", "a\u007fb", {("FIELD_INVALID", "/claim_name")}),
    ("claim name NUL", "/claim_name", "a\u0000b", {("FIELD_INVALID", "/claim_name")}),
    ("claim name override", "/claim_name", "a\u202eb", {("FIELD_INVALID", "/claim_name")}),
    ("claim name number", "/claim_name", 7, {("FIELD_INVALID", "/claim_name")}),
    ("MPN letters", "/mpn_id", "12a", {("FIELD_INVALID", "/mpn_id")}),
    ("MPN long", "/mpn_id", "1" * 13, {("FIELD_INVALID", "/mpn_id")}),
    ("MPN missing", "/mpn_id", ..., {("FIELD_MISSING", "/mpn_id")}),
    ("domain missing", "/customer/domain", ..., {("FIELD_MISSING", "/customer/domain")}),
    ("domain spaces", "/customer/domain", "a b.example", {("FIELD_INVALID", "/customer/domain")}),
    ("domain unicode", "/customer/domain", "bücher.example",
     {("FIELD_INVALID", "/customer/domain")}),
    ("domain long", "/customer/domain", "a." * 126 + "ab", {("FIELD_INVALID", "/customer/domain")}),
    ("contact missing", "/customer/contact", ..., {("FIELD_MISSING", "/customer/contact")}),
    ("contact title missing", "/customer/contact/title", ...,
     {("FIELD_MISSING", "/customer/contact/title")}),
    ("mail invalid", "/customer/contact/email", "nobody",
     {("FIELD_INVALID", "/customer/contact/email")}),
    ("mail long", "/customer/contact/email", "a" * 240 + "@customer1.example",
     {("FIELD_INVALID", "/customer/contact/email")}),
    ("mail line feed", "/customer/contact/email", "a@customer1.example\nBcc: b@c.example",
     {("FIELD_INVALID", "/customer/contact/email")}),
    ("partner contact missing", "/partner/contact", ..., {("FIELD_MISSING", "/partner/contact")}),
    ("partner missing", "/partner", ..., {("FIELD_MISSING", "/partner")}),
    ("country", "/customer/country", "KOR", {("FIELD_INVALID", "/customer/country")}),
    ("zone", "/customer/time_zone", "Mars/Olympus", {("FIELD_INVALID", "/customer/time_zone")}),
    ("area", "/solution_area", "AZURE", {("FIELD_INVALID", "/solution_area")}),
    ("area missing", "/solution_area", ..., {("FIELD_MISSING", "/solution_area")}),
    ("activities missing", "/activities", ..., {("FIELD_MISSING", "/activities")}),
    ("activity unknown", "/activities", ["DANCING"], {("FIELD_INVALID", "/activities/0")}),
    ("no lines", "/lines", [], {("FIELD_INVALID", "/lines")}),
    ("lines missing", "/lines", ..., {("FIELD_MISSING", "/lines")}),
    ("51 lines", "/lines", [{"line": n, "workload": "TEAMS"} for n in range(1, 52)],
     {("FIELD_INVALID", "/lines")}),
    ("21 proofs", "/poe", [documents.poe(DAY, [1])] * 21, {("FIELD_INVALID", "/poe")}),
    ("proof's date", "/poe/0/signed_on", "2026-02-30", {("FIELD_INVALID", "/poe/0/signed_on")}),
    ("proof's lines", "/poe/0/covers", [1, 9], {("FIELD_INVALID", "/poe/0/covers/1")}),
    ("proof's hash", "/poe/0/sha256", "abc", {("FIELD_INVALID", "/poe/0/sha256")}),
    ("comment long", "/comments",
     [{"author": "a", "at": "2026-05-20T08:00:00Z", "text": "x" * 4001}],
     {("FIELD_INVALID", "/comments/0/text")}),
    ("101 comments", "/comments",
     [{"author": "a", "at": "2026-05-20T08:00:00Z", "text": "x"}] * 101,
     {("FIELD_INVALID", "/comments")}),
    ("line number 1.0", "/lines/0/line", 1.0, {("FIELD_INVALID", "/lines/0/line")}),
    ("line number 0", "/lines/0/line", 0, {("FIELD_INVALID", "/lines/0/line")}),
    ("programme", "/program", "CSP", {("WRONG_PROGRAM", None)}),
    ("activities that do not fit", "/activities", ["PRE_SALES"], {("ACTIVITY_INVALID", None)}),
    ("partner not known", "/mpn_id", "999999", {("PARTNER_UNKNOWN", None)}),
    ("global account", "/mpn_id", "2000001", {("MPN_NOT_LOCATION", None)}),
    ("not enrolled", "/mpn_id", "2000002", {("MPN_NOT_ENROLLED", None)}),
    ("another's domain", "/customer/domain", "other.example", {("DOMAIN_TENANT_MISMATCH", None)}),
    ("unknown workload", "/lines/0/workload", "CLIPPY", {("PRODUCT_UNKNOWN", None)}),
]

GOOD = [
    ("unknown fields", "/surprise", {"deep": [1, 2]}), ("128 characters", "/claim_name", "é" * 128),
    ("optional null", "/customer/country", None),
    ("upper case", "/customer/domain", "CUSTOMER1.Example"),
    ("upper GUID", "/customer/tenant_id", TENANT["tenant_id"].upper()),
    ("long comment", "/comments",
     [{"author": "a", "at": "2026-05-20T08:00:00Z", "text": "x\n\t" * 1333}]),
]


@pytest.fixture(scope="module")
def run(stack, tmp_path_factory):
    """Publishes all cases, with good claims between them, once; each test looks at its own."""
    installation = harness.Installation(stack, tmp_path_factory.mktemp("bad-input"), speed=SPEED,
                                        start_at_ms=START)
    try:
        installation.start_workers()
        installation.publish_reference(
            [documents.partner(), documents.partner("7654321"),
             documents.partner("2000001", location=False),
             documents.partner("2000002", enrolments=[])], [TENANT])
        board = harness.StatusBoard(installation)
        installation.publish(SUBMISSION, SUBMITTED, good("C-known"))
        installation.flush()
        board.wait_status((TENANT["tenant_id"], "C-known"), "OPT_OUT_OPEN")
        publish_all(installation)
        installation.wait_quiet()
        last = (str(uuid.uuid5(uuid.NAMESPACE_DNS, "tenant-1")), "C-last")
        board.wait_status(last, "OPT_OUT_OPEN")
        installation.wait_quiet()
        for _ in range(20):
            board.update()
        sources = {(record.topic, record.header("x-case")): record
                   for record in installation.read(SUBMISSION, EXPIRY, *REFERENCE)}
        yield installation, board, installation.read("dead-letter"), sources
    finally:
        installation.close()


def publish_all(installation):
    for name, topic, event_type, without, value, _ in DEAD:
        headers = envelope(event_type, name, without) if event_type else []
        installation.produce(topic, TENANT["tenant_id"], value,
                             [*headers, ("x-case", name.encode())])
    for index, (name, path, value, _) in enumerate(REJECTED):
        installation.publish(SUBMISSION, SUBMITTED, with_own_slot(f"R-{index}", path, value),
                             TENANT["tenant_id"])
    for index, (name, path, value) in enumerate(GOOD):
        installation.publish(SUBMISSION, SUBMITTED, with_own_slot(f"G-{index}", path, value),
                             TENANT["tenant_id"])
    friendly = documents.claim("C-friendly", TENANT, DAY, ("SHAREPOINT_ONLINE",))
    installation.produce(SUBMISSION, TENANT["tenant_id"], friendly, [])
    structured = documents.claim("C-structured", TENANT, DAY, ("INFORMATION_PROTECTION",))
    installation.produce(SUBMISSION, TENANT["tenant_id"], {
        "specversion": "1.0", "id": "s-1", "source": "/bad", "type": SUBMITTED, "data": structured},
        [("content-type", b"application/cloudevents+json")])
    installation.publish(SUBMISSION, SUBMITTED, documents.claim(
        "C-last", TENANT, DAY, ("INTUNE",), "7654321"))
    installation.flush()


def with_own_slot(name, path, value):
    """One change to an otherwise good claim, in a slot that good cases do not fight about."""
    workload = "TEAMS" if name.startswith("R") else WORKLOADS[3 + int(name[2:])]
    return changed(documents.claim(name, TENANT, DAY, (workload,)), path, value)


@pytest.mark.parametrize("case", DEAD, ids=[f"{case[0]} ({case[1]})" for case in DEAD])
def test_dead_letter(run, case):
    name, topic, event_type, without, value, code = case
    _, _, dead, sources = run
    letters = [record for record in dead if record.header("x-case") == name
               and record.header("dlq_topic").endswith(topic)]
    assert len(letters) == 1, f"{name}: expected one dead letter, actual {letters}"
    [letter] = letters
    assert letter.header("dlq_reason") == code, letter.header("dlq_detail")
    assert letter.value == value or (value in (b"", None) and not letter.value)
    assert letter.key == TENANT["tenant_id"].encode()
    original = [*(envelope(event_type, name, without) if event_type else []),
                ("x-case", name.encode())]
    assert letter.headers[:len(original)] == original
    for header in ("detail", "service", "topic", "partition", "offset", "timestamp"):
        assert letter.header(f"dlq_{header}"), f"{name}: no dlq_{header}"
    source = sources[topic, name]
    assert (int(letter.header("dlq_partition")), int(letter.header("dlq_offset"))) == \
        (source.partition, source.offset)


def test_no_other_dead_letters(run):
    _, _, dead, _ = run
    names = collections.Counter(record.header("x-case") for record in dead)
    assert None not in names, [record.headers for record in dead if not record.header("x-case")]
    assert sum(names.values()) == len(DEAD)


def test_nothing_of_a_bad_reference_record_is_kept(run):
    installation = run[0]
    for topic, key in (("partner", "mpn_id"), ("tenant", "tenant_id"),
                       ("subscription", "subscription_id")):
        rows = installation.query(f"select {key} from {topic}s where {key}::text = %s",
                                  REFERENCE[topic][key])
        assert rows == [], f"{topic}: {rows}"


@pytest.mark.parametrize("index", range(len(REJECTED)), ids=[case[0] for case in REJECTED])
def test_rejected_with_its_finding(run, index):
    _, board, _, _ = run
    name, _, _, expected = REJECTED[index]
    key = (TENANT["tenant_id"], f"R-{index}")
    event = board.latest(key)
    assert event is not None, f"{name}: no status event"
    assert event["status"] == "REJECTED", f"{name}: {board.statuses(key)} {event['findings']}"
    found = {(entry["code"], entry.get("path")) for entry in event["findings"]}
    for code, path in expected:
        assert any(code == c and path in (None, p) for c, p in found), \
            f"{name}: expected {expected}, actual {found}"
    others = {c for c, _ in found} - {code for code, _ in expected}
    assert not {c for c in others if c.startswith("FIELD") or c in OF_THE_CLAIM}, f"{name}: {found}"
    assert all(entry["message"] for entry in event["findings"])
    statuses = board.statuses(key)
    assert statuses[0] == "SUBMITTED" and statuses[-1] == "REJECTED" and set(statuses) <= {
        "SUBMITTED", "UNDER_REVIEW", "REJECTED"}, statuses


@pytest.mark.parametrize("index", range(len(GOOD)), ids=[case[0] for case in GOOD])
def test_good_all_the_same(run, index):
    _, board, _, _ = run
    event = board.latest((TENANT["tenant_id"], f"G-{index}"))
    assert event is not None and event["status"] == "OPT_OUT_OPEN", \
        f"{GOOD[index][0]}: {event and event['findings']}"


@pytest.mark.parametrize("name", ["C-friendly", "C-structured", "C-last"])
def test_other_envelopes_and_what_comes_after(run, name):
    _, board, _, _ = run
    assert board.status((TENANT["tenant_id"], name)) == "OPT_OUT_OPEN"


def test_all_findings_at_once(run):
    """Every rule whose inputs can be read is tried; one answer has it all."""
    installation, board, _, _ = run
    document = documents.claim("R-all", TENANT, DAY, ("CLIPPY", "TEAMS_PHONE"))
    document |= {"mpn_id": "2000001", "program": "SURFACE", "claim_name": "", "poe": []}
    document["customer"]["domain"] = "other.example"
    document["customer"]["contact"]["email"] = "somebody@else.example"
    document["customer"]["time_zone"] = 5
    installation.publish(SUBMISSION, SUBMITTED, document)
    installation.flush()
    event = board.wait_status((TENANT["tenant_id"], "R-all"), "REJECTED")
    found = {(entry["code"], entry.get("line")) for entry in event["findings"]}
    assert {code for code, _ in found} >= {"WRONG_PROGRAM", "MPN_NOT_LOCATION", "FIELD_INVALID",
                                           "DOMAIN_TENANT_MISMATCH", "CONTACT_NOT_AT_CUSTOMER",
                                           "PRODUCT_UNKNOWN", "POE_MISSING"}, found
    assert ("PRODUCT_UNKNOWN", 1) in found and ("PRODUCT_UNKNOWN", 2) not in found
    assert {("POE_MISSING", 1), ("POE_MISSING", 2)} <= found
    paths = {entry["path"] for entry in event["findings"] if entry["code"].startswith("FIELD_")}
    assert {"/claim_name", "/customer/time_zone"} <= paths, paths


def test_record_that_unpacks_to_more_than_any_topic_takes(run):
    """A few kilobytes on the wire, 3.9 MB unpacked, on a topic that was made before the brokers
    unpacked them: a dead letter, cut; the partition goes on."""
    installation, board, _, _ = run
    installation.use_any_compression(SUBMISSION)
    sender = confluent_kafka.Producer({
        "bootstrap.servers": installation.env["CPOR_KAFKA_BROKERS"], "compression.type": "lz4",
        "message.max.bytes": 8_000_000, "partitioner": "murmur2_random", "log_level": 2})
    value = b" " * 3_900_000
    sender.produce(installation.env["CPOR_TOPIC_PREFIX"] + SUBMISSION, value,
                   TENANT["tenant_id"].encode(), headers=[("x-case", b"bomb")])
    assert sender.flush(30) == 0
    installation.publish(SUBMISSION, SUBMITTED, good("C-after-bomb"))
    installation.flush()
    board.wait_seen((TENANT["tenant_id"], "C-after-bomb"), "SUBMITTED")
    [letter] = [record for record in installation.read("dead-letter")
                if record.header("x-case") == "bomb"]
    assert letter.header("dlq_reason") == "TOO_LARGE"
    assert letter.header("dlq_truncated").startswith(f"value={len(value)} ")
    assert letter.header("dlq_sha256") == hashlib.sha256(value).hexdigest()
    assert letter.value == value[:65536]
