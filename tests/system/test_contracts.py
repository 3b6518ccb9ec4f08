"""The published examples and schemas against the real workers; what they publish against both."""

import copy
import pytest

import contract
import documents
import harness
import published
import signing
from words import instant_ms

START = instant_ms("2026-11-02T02:00:00.000Z")  # what the examples say happens then
SUBMITTED, RESUBMITTED = "cpor.claim.submitted.v1", "cpor.claim.resubmitted.v1"
KEYS = {"cpor.partner": "mpn_id", "cpor.tenant": "tenant_id",
        "cpor.subscription": "subscription_id"}


def example(name):
    return contract.read_json(f"examples/{name}.json")


def topic_of(event_type):
    """Where upstream or a worker first puts it."""
    topics = [topic for topic, names in contract.channel_types().items() if event_type in names]
    return "claim-submission" if "claim-submission" in topics else topics[0]


def publish_references(installation):
    found = {name: [] for name in KEYS}
    for file, name in contract.example_files().items():
        if name in KEYS:
            found[name].append(contract.read_json(f"examples/{file}"))
    installation.publish_reference(found["cpor.partner"], found["cpor.tenant"],
                                   found["cpor.subscription"])


def claim_key(document):
    return document["customer"]["tenant_id"], document["claim_id"]


# ---- examples

def test_examples_are_accepted(install):
    installation = install(start_at_ms=START)
    installation.start_workers()
    publish_references(installation)
    board = harness.StatusBoard(installation)
    claims, others = {}, []
    for file, name in contract.example_files().items():
        data = contract.read_json(f"examples/{file}")
        if name == SUBMITTED:
            claims[claim_key(data)] = data
        elif name not in KEYS and \
                topic_of(name) not in published.OUTPUT:
            others.append((name, data))
    for document in claims.values():
        installation.publish("claim-submission", SUBMITTED, document)
    installation.flush()
    for key in claims:
        board.wait_status(key, "PARTNER_ACTION_REQUIRED", "OPT_OUT_OPEN", "UNDER_REVIEW",
                          "REJECTED")
    fields = [finding for key in claims for finding in board.latest(key)["findings"]
              if finding["code"].startswith("FIELD_")]
    assert fields == []
    for name, data in others:
        installation.publish(topic_of(name), name, data)
    installation.flush()
    installation.wait_quiet()
    assert [(record, record.header("dlq_detail"))
            for record in installation.read("dead-letter")] == []
    readable = set().union(*(contract.channel_types()[topic] for topic in published.PIPELINE))
    assert {name for name, _ in others} | {SUBMITTED} == readable
    assert len(claims) == 8


def shape(value):
    """The names of all members, and what kind of value each is."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


def values_of(value, names):
    return {name: value[name] for name in names if name in value}


def test_output_examples_are_what_the_workers_publish(install):
    """The claim of the examples becomes official; its challenger takes one of its slots."""
    installation = install(start_at_ms=START)
    installation.start_workers()
    publish_references(installation)
    board = harness.StatusBoard(installation)
    holder, challenger = example("claim-m365"), example("claim-m365-challenger")
    unsigned = example("claim-m365-unsigned-poe")
    for document, wanted in ((holder, "OPT_OUT_OPEN"), (unsigned, "PARTNER_ACTION_REQUIRED")):
        installation.publish("claim-submission", SUBMITTED, document)
        installation.flush()
        asked = board.wait_status(claim_key(document), wanted)
    installation.jump(instant_ms(asked["deadline_at"]) - 3_600_000)  # past the reminder
    installation.jump(instant_ms("2026-12-08T02:00:00.000Z"))
    installation.publish("claim-submission", SUBMITTED, challenger)
    installation.flush()
    board.wait_status(claim_key(challenger), "OPT_OUT_OPEN")
    installation.jump(instant_ms("2026-12-21T02:00:00.000Z"))
    board.wait_status(claim_key(challenger), "OFFICIAL")
    found = {}
    for record in installation.read(*published.OUTPUT):
        found.setdefault(record.header("ce_type"), []).append(record.json)
    board.close()
    written = {name for topic in published.OUTPUT for name in contract.channel_types()[topic]}
    assert set(found) == written
    for name, data in found.items():
        wanted = example(name)
        names = ("association_id", "claim_id", "tenant_id", "mpn_id", "line", "slot", "reason",
                 "sequence", "status", "supersedes", "superseded_by")
        assert [shape(wanted), values_of(wanted, names)] in [
            [shape(event), values_of(event, names)] for event in data], f"{name}: {data}"


# ---- schemas: what they allow is what the workers take

GONE = object()
GUID = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"
VALUES = [
    GONE, None, "", " ", "x", "X1", "1", 0, 1, -1, 1.5, 9999, 10000, 2**31, True, [], {}, ["x"],
    [1, 1], [0], "1" * 12, "1" * 13, "A" * 63, *["a" * size for size in (
        63, 64, 65, 128, 129, 256, 257, 2048, 2049, 4000, 4001)], "a\nb", "a\tb", "\n", "a\u202eb",
    "a\u0085b", "\u3000", "é", "ab" * 32, "ab" * 31 + "g", "2026-11-02", "2026-13-01",
    "2026-11-02T00:00:00Z", "2026-11-02t00:00:00.1234567+09:00", "2026-11-02T24:00:00Z",
    "2026-11-02T00:00:60Z", "2026-11-02 00:00:00Z", "a@b.example", "a..b@b.example", "@b.example",
    "a" * 65 + "@b.example", "a@" + "b." * 125 + "example", "b.example", "-b.example", "b-.example",
    "b..example", "B.Example", "b.example.", "b" * 64 + ".example", "US", "us", "USA", "ko-KR",
    "k", "en-abcdefghi", "en-" + "a-" * 15 + "ab", "en-" + "a-" * 15 + "abc",
    "Asia/Seoul", "As!a", GUID, GUID.upper(), GUID[:-1], GUID + "\n",
    "a/b", "a/", "application/pdf\n", "USAGE", ["USAGE"],
    ["USAGE", "USAGE"], ["usage"], "MICROSOFT_365", "ACTIVE", "CSP", "APPROVE", "partner",
    "operator", "POE_MISSING", "SUPERSEDED"]

# What a schema cannot say: it lets these by, the workers do not.
BEYOND_A_SCHEMA = {"/customer/time_zone": "a zone that does not exist",
                   "/poe/0/covers": "a line that the claim does not have",
                   "/poe/0/covers/0": "likewise", "/lines/0/line": "what `covers` names is gone",
                   "/lines/0": "likewise", "/lines": "likewise"}


def pointers(value, path=""):
    """Of every value but the root; of an array's items the first."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else \
        list(enumerate(value))[:1] if isinstance(value, list) else ()
    for key, item in items:
        yield from pointers(item, f"{path}/{key}")


def mutations(data):
    """[(pointer, value, data)]: one value of one place changed."""
    for path in pointers(data):
        for value in VALUES:
            changed = copy.deepcopy(data)
            *parents, last = path.split("/")[1:]
            place = changed
            for part in parents:
                place = place[int(part) if isinstance(place, list) else part]
            last = int(last) if isinstance(place, list) else last
            if value is GONE:
                del place[last]
            else:
                place[last] = value
            yield path, value, changed


def full_claim():
    """With every field there is; its partner is no location, so that every one ends REJECTED."""
    return {**example("claim-bizapps"), "mpn_id": "9",
            "revenue": example("claim-revenue")["revenue"],
            "comments": example("claim-m365")["comments"]}


def named_claims():
    workload = {**full_claim(), "lines": [{"line": 1, "workload": "TEAMS"}]}
    workload["poe"] = [{**workload["poe"][0], "covers": [1]}]
    for document in (full_claim(), workload):
        for path, value, data in mutations(document):
            if document is workload and not path.startswith("/lines"):
                continue
            yield path, value, data


class Cases:
    """Records under test, each with a header of its own that a dead letter keeps."""

    def __init__(self, installation):
        self.installation = installation
        self.sent = []  # (schema, pointer, value, data)

    def send(self, name, topic, path, value, data):
        number = str(len(self.sent)).encode()
        key = data.get(KEYS[name]) if name in KEYS else "any"
        headers = [("x-case", number), ("ce_specversion", b"1.0"), ("ce_id", number),
                   ("ce_source", signing.fitting_source(topic, name, "/cases").encode()),
                   ("ce_type", name.encode())]
        self.installation.produce(topic, str(key), data, headers)
        self.sent.append((name, path, value, data))

    def dead(self):
        """{case: code}."""
        return {int(record.header("x-case")): record.header("dlq_reason")
                for record in self.installation.read("dead-letter")}

    def check(self, refused):
        """refused: the cases for whose fields the workers did not take them."""
        wrong, counts = [], [0, 0]
        for number, (name, path, value, data) in enumerate(self.sent):
            problems = contract.violations(name, data)
            counts[bool(problems)] += 1
            may_pass = path in BEYOND_A_SCHEMA and not problems
            if bool(problems) != (number in refused) and not may_pass:
                wrong.append(f"{name} {path} = {'(gone)' if value is GONE else repr(value)[:60]}: "
                             f"workers {'refuse' if number in refused else 'take'} it, schema: "
                             f"{problems or 'valid'}")
        assert not wrong, f"{len(wrong)} of {len(self.sent)}:\n" + "\n".join(wrong[:20])
        harness.say(f"  {counts[0]} valid and {counts[1]} invalid records, judged alike")
        assert min(counts) > 20


def test_claims_schema_allows_what_the_workers_take(install):
    installation = install(speed=2000, start_at_ms=START)
    installation.start_workers()
    publish_references(installation)
    installation.publish_reference([documents.partner("9", location=False)])
    cases, keys = Cases(installation), {}
    for number, (path, value, data) in enumerate(named_claims()):
        if path != "/claim_id":
            data["claim_id"] = f"C-{number}"
        keys[number] = data.get("claim_id") if isinstance(data.get("claim_id"), str) else None
        cases.send(SUBMITTED, "claim-submission", path, value, data)
    installation.flush()
    board = harness.StatusBoard(installation)
    dead = {}

    def all_have_ended():
        board.update()
        ended = {key[1] for key in board.events if board.status(key) == "REJECTED"}
        if len(ended) + len(dead) < len(keys):
            dead.update(cases.dead())
        return len(ended) + len(dead) >= len(keys)

    installation.wait("all claims to be rejected or dead", all_have_ended, 120)
    fields = {key[1] for key in board.events for finding in board.latest(key)["findings"]
              if finding["code"].startswith("FIELD_")}
    board.close()
    assert set(dead.values()) == {"FIELD_INVALID"}
    cases.check(set(dead) | {number for number, name in keys.items() if name in fields})


PUBLIC = ["cpor.claim.withdrawn.v1", "cpor.claim.evidence-added.v1",
          "cpor.claim.comment-added.v1", "cpor.claim.reviewed.v1",
          "cpor.association.disassociated.v1", "cpor.association.imported.v1",
          "cpor.customer.opted-out.v1", "cpor.window.extended.v1", *KEYS]


def test_schemas_allow_what_the_workers_take(install):
    installation = install(start_at_ms=START)
    installation.start_workers()
    publish_references(installation)
    board = harness.StatusBoard(installation)
    document = example("claim-m365")
    installation.publish("claim-submission", SUBMITTED, document)
    installation.flush()
    board.wait_seen(claim_key(document), "VALIDATED")
    board.close()
    cases = Cases(installation)
    for name in PUBLIC:
        topic = name.removeprefix("cpor.") if name in KEYS else topic_of(name)
        for path, value, data in mutations(example(name)):
            cases.send(name, topic, path, value, data)
    installation.flush()
    installation.wait_quiet()
    expected = {"FIELD_INVALID", "UNKNOWN_CLAIM", "TOKEN_INVALID"}
    dead = cases.dead()
    assert set(dead.values()) <= expected
    cases.check({number for number, code in dead.items() if code == "FIELD_INVALID"})


# ---- the check at the end of every test sees what it must see

STATUS, RECEIVED = "cpor.claim.status-changed.v1", "cpor.claim.received.v1"
WRONG = [  # (topic, type, headers changed, data changed, what is said)
    ("claim-status", STATUS, {}, {"status": "ACCEPTED"}, "/status"),
    ("claim-status", STATUS, {}, {"contact": "sam@contoso.example"}, "contact"),
    ("claim-status", STATUS, {}, {"tenant_id": GUID}, "the key is"),
    ("claim-status", STATUS, {"ce_subject": "C-other"}, {}, "ce_subject is"),
    ("claim-status", STATUS, {"ce_time": "now"}, {}, "header /ce_time"),
    ("claim-status", STATUS, {"ce_source": "/upstream"}, {}, "header /ce_source"),
    ("claim-status", STATUS, {"ce_type": "cpor.claim.praised.v1"}, {}, "no schema"),
    ("association-official", STATUS, {}, {}, "no operation"),
    ("claim-validation", RECEIVED, {}, {"revision": 0}, "/revision"),
    ("dead-letter", RECEIVED, {"dlq_reason": "BAD"}, {}, "dlq_detail"),
]


def produce_as_worker(installation, topic, event_type, header_changes, data_changes):
    data = example(event_type)
    headers = {"ce_specversion": "1.0", "ce_id": GUID, "ce_source": "cpor/claim-submission",
               "ce_type": event_type, "ce_time": "2026-11-02T02:00:00.000Z",
               "content-type": "application/json", "ce_subject": data["claim_id"],
               **header_changes}
    installation.produce(topic, data["tenant_id"], {**data, **data_changes},
                         [(name, value.encode()) for name, value in headers.items()],
                         partition=0)


def test_what_breaks_the_contract_is_seen(stack, tmp_path):
    installation = harness.Installation(stack, tmp_path)
    produce_as_worker(installation, "claim-status", STATUS, {}, {})
    produce_as_worker(installation, "claim-validation", RECEIVED, {}, {})
    installation.flush()
    published.check(installation)
    for topic, event_type, header_changes, data_changes, _ in WRONG:
        produce_as_worker(installation, topic, event_type, header_changes, data_changes)
    installation.flush()
    said = {}
    for topic, records in published.read_all(installation).items():
        said[topic] = [published.check_record(record) for record in records]
    assert said["claim-status"].pop(0) == said["claim-validation"].pop(0) == []
    for topic, _, _, _, wanted in WRONG:
        found = said[topic].pop(0)
        assert found and wanted in found[0], f"expected {wanted}, said {found}"
    with pytest.raises(AssertionError, match="violations of deploy/contracts/"):
        installation.close()
