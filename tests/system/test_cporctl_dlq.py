"""cporctl dlq: dead letters are found, shown as they came, and put back; twice does no harm."""

import contextlib
import json
import os
import time

import confluent_kafka
import confluent_kafka.admin
import pytest

import documents
import harness
from cporctl import call, expect
from words import instant_ms, instant_text

TENANT = documents.tenant(1)
KEY = TENANT["tenant_id"].encode()
RECEIVED = 1_780_000_000_000  # of the first letter that is made by hand


# ---- usage

USAGE_ERRORS = [
    ("list", ("--reason", "NO_SUCH"), "there are TOO_LARGE, HEADER_MISSING"),
    ("list", ("--topic", "claim-status"), "workers read claim-submission"),
    ("list", ("--since", "yesterday"), "wants an instant"),
    ("list", ("--limit", "0"), "wants a number from 1 to 10000"),
    ("show", (), "PARTITION and OFFSET"),
    ("show", ("1",), "PARTITION and OFFSET"),
    ("show", ("one", "2"), "PARTITION is a number"),
    ("show", ("4294967296", "2"), "PARTITION is a number"),
    ("show", ("1", "0x2"), "OFFSET is a number"),
    ("replay", (), "which ones?"),
    ("replay", ("--all", "--reason", "NOT_JSON"), "which ones?"),
    ("replay", ("1", "2", "--all"), "which ones?"),
    ("replay", ("1",), "PARTITION and OFFSET"),
    ("replay", ("--reason", "NO_SUCH"), "there are TOO_LARGE"),
]


@pytest.mark.parametrize("command,arguments,text", USAGE_ERRORS)
def test_usage_errors(command, arguments, text):
    error = expect(2, call(os.environ, "dlq", command, *arguments))
    assert text in error and error.count("\n") == 1


def test_every_reason_of_the_contract_is_known():
    schema = json.loads(
        (harness.ROOT / "deploy/contracts/schemas/common.schema.json").read_text())
    error = expect(2, call(os.environ, "dlq", "list", "--reason", "x"))
    told = error.split("there are ")[1].split(" (")[0].split(", ")
    assert told == schema["$defs"]["dead_letter_code"]["enum"]


def test_no_topic_and_no_broker(install):
    installation = install()
    for arguments in (("list",), ("show", "0", "0"), ("replay", "--all")):
        error = expect(1, call({**installation.env, "CPOR_TOPIC_PREFIX": "none."}, "dlq",
                               *arguments))
        assert "none.dead-letter: there is none" in error and error.count("\n") == 1
    error = expect(1, call({**installation.env, "CPOR_KAFKA_BROKERS": "127.0.0.1:1",
                            "CPOR_KAFKA_TIMEOUT_MS": "1000"}, "dlq", "list"))
    assert "CPOR_KAFKA_BROKERS" in error and error.count("\n") == 1


# ---- letters made by hand

@contextlib.contextmanager
def strange_topics(installation, narrow=None):
    """Topics of a prefix of their own: not all that is put there keeps the contract. narrow: one
    that takes no more than 3000 bytes."""
    prefix = installation.prefix
    installation.prefix = installation.env["CPOR_TOPIC_PREFIX"] = prefix + "strange."
    if narrow:
        topic = confluent_kafka.admin.NewTopic(installation.prefix + narrow, harness.PARTITIONS,
                                               config={"max.message.bytes": "3000"})
        installation.admin.create_topics([topic])[topic.topic].result(30)
    installation.setup()
    try:
        yield installation
    finally:
        installation.prefix = installation.env["CPOR_TOPIC_PREFIX"] = prefix


def worker_headers(installation, number, reason, topic="claim-submission", **others):
    named = {"reason": reason, "detail": f"detail {number}", "service": "claim-submission",
             "topic": installation.prefix + topic, "partition": "2", "offset": str(100 + number),
             "timestamp": instant_text(RECEIVED + number * 1000), **others}
    return [(f"dlq_{name}", value.encode()) for name, value in named.items()]


def put(installation, number, reason, own=(), value=b"{}", key=KEY, partition=0, **others):
    """One dead letter as a worker would have written it. partition None: that of its key."""
    headers = [*own, *worker_headers(installation, number, reason, **others)]
    where = {} if partition is None else {"partition": partition}
    installation.produce("dead-letter", key, value, headers, **where)


def listed(installation, *arguments):
    answer = json.loads(expect(0, call(installation.env, "dlq", "list", "--json", *arguments)))
    return answer, [letter["offset"] for letter in answer["dead_letters"]]


def show(installation, offset, *arguments, partition=0):
    return expect(0, call(installation.env, "dlq", "show", str(partition), str(offset), *arguments))


def replay(installation, code, *arguments):
    result = call(installation.env, "dlq", "replay", "--json", *arguments)
    assert result.returncode == code, result.stdout + result.stderr
    return json.loads(result.stdout)


def back_on(installation, topic="claim-submission"):
    return [(record.key, record.value, record.headers) for record in installation.read(topic)]


EVENT = [("ce_type", b"cpor.claim.withdrawn.v1"), ("ce_id", b"w-1"), ("ce_subject", b"C-1")]


def test_list(install):
    with strange_topics(install()) as installation:
        assert expect(0, call(installation.env, "dlq", "list")) == "0 dead letters\n"
        assert listed(installation)[0] == {"dead_letters": [], "count": 0, "more": False}
        put(installation, 0, "UNKNOWN_CLAIM", EVENT)
        put(installation, 1, "NOT_JSON", value=b"x", topic="opt-out-expiry",
            detail="a \033[31mred\nword \xff")
        put(installation, 2, "UNKNOWN_CLAIM", EVENT, cut="300000")
        installation.produce("dead-letter", None, b"by hand", [], partition=0)
        installation.flush()
        answer, offsets = listed(installation)
        assert offsets == [2, 1, 0, 3] and answer["count"] == 4 and not answer["more"]
        assert answer["dead_letters"][2] == {
            "partition": 0, "offset": 0, "reason": "UNKNOWN_CLAIM", "detail": "detail 0",
            "service": "claim-submission", "origin": {
                "topic": "claim-submission", "partition": 2, "offset": 100},
            "received_at": instant_text(RECEIVED), "type": "cpor.claim.withdrawn.v1", "id": "w-1",
            "subject": "C-1", "value_size": 2, "cut": False}
        assert [letter["cut"] for letter in answer["dead_letters"]] == [True, False, False, False]
        assert answer["dead_letters"][3]["origin"] is None

        assert listed(installation, "--reason", "unknown_claim")[1] == [2, 0]
        assert listed(installation, "--topic", "opt-out-expiry")[1] == [1]
        assert listed(installation, "--topic", installation.prefix + "opt-out-expiry")[1] == [1]
        assert listed(installation, "--since", instant_text(RECEIVED + 1000))[1] == [2, 1]
        assert listed(installation, "--since", instant_text(RECEIVED + 1001))[1] == [2]
        answer, offsets = listed(installation, "--limit", "2")
        assert offsets == [2, 1] and answer["count"] == 4 and answer["more"]

        text = expect(0, call(installation.env, "dlq", "list"))
        assert "\033" not in text and "a  [31mred word" in text
        assert "claim-submission/2@100  cpor.claim.withdrawn.v1 C-1  id w-1" in text
        assert "no worker wrote this" in text and text.endswith("4 dead letters\n")
        text = expect(0, call(installation.env, "dlq", "list", "--limit", "1"))
        assert "4 dead letters; the newest 1: raise --limit" in text


VALUES = [  # value, lines that are to be seen
    (b'{"a":1,"a":[],"b":{"c":"x, {y: [\\"z"},"d":[1.50,{}]}',
     ['{', '  "a": 1,', '  "a": [],', '  "b": {', '    "c": "x, {y: [\\"z"', '  },', '  "d": [',
      '    1.50,', '    {}', '  ]', '}']),
    (b'{"a":\x01}', ["00000000  7b 22 61 22 3a 01 7d" + " " * 28 + "  |{\"a\":.}|"]),
    (b"0123456789abcdefg\xff",
     ["00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|",
      "00000010  67 ff" + " " * 43 + "  |g.|"]),
    (" [ \"a\u007f\u009bb\" ] ".encode(), ["[", '  "a   b"', "]"]),
]


def test_show(install):
    with strange_topics(install()) as installation:
        for number, (value, _) in enumerate(VALUES):
            put(installation, number, "NOT_JSON", value=value)
        put(installation, 4, "UNKNOWN_CLAIM", [*EVENT, ("dlq_reason", b"MINE"), ("x", None),
                                               ("x", b"\xff\x00")], key=b"\x01", value=None)
        put(installation, 5, "TOO_LARGE", value=b"z" * 5000, cut="300000")
        put(installation, 6, "FIELD_INVALID", value=json.dumps(["é" * 3000]).encode())
        put(installation, 7, "FIELD_INVALID", value=json.dumps(["é" * 3000],
                                                               ensure_ascii=False).encode())
        installation.produce("dead-letter", None, b"by hand", [("a", b"b")], partition=0)
        installation.flush()
        for number, (_, lines) in enumerate(VALUES):
            text = show(installation, number)
            assert text.split("\n\n", 1)[1].splitlines() == lines
        text = show(installation, 4)
        for part in ("UNKNOWN_CLAIM: detail 4", "claim-submission, partition 2, offset 104",
                     "cporctl dlq replay 0 4", "key       hex \"01\"", "header    ce_id: w-1",
                     "header    dlq_reason: MINE", "header    x: (none)",
                     "header    x: hex \"ff00\"", "value     (none)"):
            assert part in text
        text = show(installation, 5)
        assert "5000 bytes, cut: it had 300000" in text and "only its beginning was kept" in text
        assert len(text.splitlines()) < 300 and "(5000 bytes in all; --full shows them)" in text
        assert "--full" not in show(installation, 5, "--full")
        for number in (6, 7):
            text = show(installation, number)
            assert "\n… (" in text and len(text.encode()) < 5000 and "refuse it again" in text
            assert "é" * 3000 in show(installation, number, "--full") or number == 6
        assert "no worker wrote this" in show(installation, 8)

        answer = json.loads(show(installation, 4, "--json"))
        assert answer["value"] is None and answer["value_hex"] is None
        assert (answer["key"], answer["key_hex"]) == (None, "01")
        assert answer["headers"][-1] == {"name": "x", "name_hex": None, "value": None,
                                         "value_hex": "ff00"}
        assert json.loads(show(installation, 6, "--json"))["value"] == ["é" * 3000]
        assert json.loads(show(installation, 2, "--json"))["value_hex"] == VALUES[2][0].hex()
        for place, text in ((("0", "9"), "nothing was written there yet"),
                            (("9", "0"), "there is no partition 9"),
                            (("1", "0"), "nothing was written there yet")):
            error = expect(1, call(installation.env, "dlq", "show", *place))
            assert text in error and error.count("\n") == 1
        put(installation, 9, "UNKNOWN_CLAIM", EVENT, partition=3)
        installation.flush()
        assert "cporctl dlq replay 3 0" in show(installation, 0, partition=3)
        assert json.loads(show(installation, 0, "--json", partition=3))["partition"] == 3


STRANGE = [  # key, value, headers of the record's own
    (KEY, b"{}", EVENT),
    (None, b"\xff\x00", []),
    (b"", None, [("a", None), ("a", b""), ("a", b"\x00\xff"), ("a", b"2")]),
    (b"\x00\xfe", b"", [("dlq_reason", b"MINE"), ("dlq_truncated", b"value=7"), ("", b"x")]),
]


def test_replay_gives_back_what_came(install):
    with strange_topics(install()) as installation:
        for number, (key, value, own) in enumerate(STRANGE):
            put(installation, number, "NOT_JSON", own, value, key)
        installation.flush()
        answer = replay(installation, 0, "--all", "--dry-run")
        assert (answer["put_back"], answer["dry_run"]) == (len(STRANGE), True)
        assert back_on(installation) == []
        for number in range(len(STRANGE)):
            answer = replay(installation, 0, "0", str(number))
            assert answer["records"] == [
                {"partition": 0, "offset": number, "reason": "NOT_JSON",
                 "topic": "claim-submission", "result": "put_back", "why": None}]
        assert sorted(back_on(installation), key=str) == sorted(STRANGE, key=str)
        assert len(installation.read("dead-letter")) == len(STRANGE)


def test_replay_refuses_and_counts(install):
    with strange_topics(install()) as installation:
        put(installation, 0, "TOO_LARGE", cut="300000")
        put(installation, 1, "NOT_JSON", topic="partner")
        put(installation, 2, "UNKNOWN_CLAIM", EVENT)
        put(installation, 3, "UNKNOWN_CLAIM", EVENT, detail="put back, and dead again")
        put(installation, 4, "UNKNOWN_CLAIM", EVENT, value=b"[]")
        put(installation, 5, "UNKNOWN_CLAIM", EVENT, topic="opt-out-expiry")
        installation.produce("dead-letter", KEY, b"{}", EVENT, partition=0)
        headers = worker_headers(installation, 7, "NOT_JSON")
        headers = [(name, b"other." + value if name == "dlq_topic" else value)
                   for name, value in headers]
        installation.produce("dead-letter", KEY, b"{}", headers, partition=0)
        put(installation, 8, "FIELD_INVALID", [("ce_type", b"cpor.subscription.changed.v1")],
            topic="opt-out-expiry")
        installation.flush()
        for offset, why in ((0, "only its beginning was kept"), (1, "reference data"),
                            (6, "no worker wrote it"), (7, "no worker of this installation"),
                            (8, "reference data")):
            answer = replay(installation, 1, "0", str(offset))
            assert why in answer["records"][0]["why"] and answer["refused"] == 1
        assert back_on(installation) == [] and back_on(installation, "partner") == []
        assert replay(installation, 0, "--reason", "TOKEN_INVALID")["records"] == []
        answer = replay(installation, 0, "--reason", "UNKNOWN_CLAIM")
        assert [(record["offset"], record["result"]) for record in answer["records"]] == [
            (2, "put_back"), (3, "same"), (4, "put_back"), (5, "put_back")]
        assert len(back_on(installation)) == 2 and len(back_on(installation, "opt-out-expiry")) == 1
        result = call(installation.env, "dlq", "replay", "--all")
        assert result.returncode == 1 and result.stderr == ""
        assert "3 put back, 1 the same as another, 5 cannot be put back" in result.stdout
        assert "0 3  UNKNOWN_CLAIM    claim-submission: the same record as 0 2" in result.stdout
        error = expect(1, call(installation.env, "dlq", "replay", "0", "99"))
        assert "0 99: no dead letter: nothing was written there yet" in error


def test_what_no_broker_takes_is_named(install):
    with strange_topics(install(), narrow="claim-submission") as installation:
        put(installation, 0, "UNKNOWN_CLAIM", value=b"x" * 5000)
        put(installation, 1, "TOO_LARGE", value=b"x" * 1_200_000, topic="claim-validation")
        put(installation, 2, "UNKNOWN_CLAIM", topic="opt-out-expiry")
        installation.flush()
        answer = replay(installation, 1, "--all")
        assert answer["put_back"] == 1 and len(back_on(installation, "opt-out-expiry")) == 1
        failures = sorted(answer["failures"], key=lambda failure: failure["offset"])
        assert [failure["offset"] for failure in failures] == [0, 1]
        assert all("too large" in failure["why"] for failure in failures)
        error = expect(1, call(installation.env, "dlq", "replay", "0", "0"))
        assert "0 0: not put back: " in error and "too large" in error


def test_thousands(install):
    """What the topic holds must not matter to what is asked of it; how long it takes is told."""
    count = 20_000
    with strange_topics(install()) as installation:
        for number in range(count):
            put(installation, number, "UNKNOWN_CLAIM", [("ce_id", str(number // 2).encode())],
                b"x" * 500, partition=number % 4)
        installation.flush()
        begin = time.monotonic()
        answer, _ = listed(installation, "--limit", "3")
        listing = time.monotonic()
        assert answer["count"] == count and [
            letter["origin"]["offset"] for letter in answer["dead_letters"]] == [
            99 + count, 98 + count, 97 + count]
        told = replay(installation, 0, "--all")
        harness.say(f"  {count} dead letters: listed in {listing - begin:.1f} s, "
                    f"put back in {time.monotonic() - listing:.1f} s")
        assert (told["put_back"], told["same"]) == (count // 2, count // 2)
        assert len(back_on(installation)) == count // 2


# ---- letters of workers

START = instant_ms("2026-05-20T08:00:00.000Z")
DAY = "2026-05-01"
SUBMITTED = "cpor.claim.submitted.v1"
PARTNER = {"type": "partner", "id": "1234566"}
SUBSCRIPTION = documents.subscription(TENANT)


def about(claim_id, **members):
    return {"claim_id": claim_id, "tenant_id": TENANT["tenant_id"], **members}


def asked(**changes):
    return {**documents.claim("C-2", TENANT, DAY, ("YAMMER",)), "poe": [], **changes}


EARLY = [  # topic, event, data: all before its claim
    ("claim-submission", "cpor.claim.withdrawn.v1", about("C-1", lines=[2], actor=PARTNER)),
    ("claim-submission", "cpor.claim.evidence-added.v1",
     about("C-1", poe=[documents.poe("2026-05-10", [1])], actor=PARTNER)),
    ("claim-submission", "cpor.claim.comment-added.v1",
     about("C-1", comment={"author": "ann", "at": "2026-05-20T08:00:00Z", "text": "see there"})),
    ("claim-submission", "cpor.claim.resubmitted.v1",
     asked(revision=2, poe=[documents.poe(DAY, [1])])),
    ("claim-submission", "cpor.association.disassociated.v1",
     about("L-1", reason="sold", actor=PARTNER)),
    ("opt-out-expiry", "cpor.claim.withdrawn.v1", about("C-3", actor=PARTNER)),
]
IMPORT = about("L-1", mpn_id="1234566", domain=TENANT["domains"][0], line=1, product="D365_SALES",
               solution_area="BUSINESS_APPLICATIONS", activities=["USAGE"],
               subscription_id=SUBSCRIPTION["subscription_id"],
               official_at="2025-06-30T22:00:00.000Z")
OPT_OUT = about("C-4", actor={"type": "customer", "id": "sam"})


def event_headers(event_type, event_id):
    return [("ce_specversion", b"1.0"), ("ce_id", event_id), ("ce_source", b"/upstream"),
            ("ce_type", event_type), ("content-type", b"application/json")]


def put_by_older_workers(installation):
    """What workers of today do not refuse: an import, and an opt-out that was kept for long."""
    put(installation, 0, "UNKNOWN_TYPE", event_headers(b"cpor.association.imported.v1", b"i-1"),
        IMPORT, partition=None)
    put(installation, 1, "UNKNOWN_CLAIM", event_headers(b"cpor.customer.opted-out.v1", b"o-1"),
        OPT_OUT, partition=None, topic="opt-out-expiry", service="opt-out-expiry")
    installation.flush()


def reasons(installation):
    return sorted(record.header("dlq_reason") for record in installation.read("dead-letter"))


def snapshot(installation):
    """All that a record can change or publish, but for dead letters and what is handed on."""
    installation.wait_settled()
    return [installation.query(sql) for sql in (
        "select claim_id, status, revision, sequence, lines::text from claims order by claim_id",
        "select kind, count(*) from attachments group by kind order by kind",
        "select count(*) from history", "select count(*) from holders",
        "select count(*) from timers")] + [len(installation.mails()), sorted(
            record.header("ce_id") for record in installation.read(
                "claim-status", "association-official", "customer-notification"))]


def statuses(installation):
    return dict(installation.query("select claim_id, status from claims"))


def submit_late(installation):
    for document in (documents.claim("C-1", TENANT, DAY, ("EXCHANGE_ONLINE", "TEAMS")), asked(),
                     documents.claim("C-3", TENANT, DAY, ("INTUNE",)),
                     documents.claim("C-4", TENANT, DAY, ("TEAMS_PHONE",))):
        installation.publish("claim-submission", SUBMITTED, document)
    installation.flush()
    installation.wait_settled()


def test_what_was_too_early_is_applied_once(install):
    installation = install(start_at_ms=START)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT], [SUBSCRIPTION])
    for topic, event_type, data in EARLY:
        installation.publish(topic, event_type, data)
    installation.flush()
    installation.wait_settled()
    assert reasons(installation) == ["UNKNOWN_CLAIM"] * len(EARLY)

    # still too early: dead once more, and no more than once more
    for count in (2, 3):
        assert replay(installation, 0, "--all")["put_back"] == len(EARLY)
        installation.wait_settled()
        assert reasons(installation) == ["UNKNOWN_CLAIM"] * count * len(EARLY)

    submit_late(installation)
    put_by_older_workers(installation)
    assert statuses(installation) == {"C-1": "OPT_OUT_OPEN", "C-2": "PARTNER_ACTION_REQUIRED",
                                      "C-3": "OPT_OUT_OPEN", "C-4": "OPT_OUT_OPEN"}
    [imported] = listed(installation, "--reason", "UNKNOWN_TYPE")[0]["dead_letters"]
    before = snapshot(installation)
    place = (str(imported["partition"]), str(imported["offset"]))
    assert replay(installation, 0, *place, "--dry-run")["put_back"] == 1
    assert replay(installation, 0, "--all", "--dry-run")["put_back"] == len(EARLY) + 2
    assert snapshot(installation) == before
    assert replay(installation, 0, *place)["put_back"] == 1
    installation.wait_settled()
    assert statuses(installation)["L-1"] == "OFFICIAL"

    answer = replay(installation, 0, "--reason", "UNKNOWN_CLAIM")
    assert (answer["put_back"], answer["same"]) == (len(EARLY) + 1, 2 * len(EARLY))
    after = snapshot(installation)
    assert statuses(installation) == {"C-1": "OPT_OUT_OPEN", "C-2": "OPT_OUT_OPEN",
                                      "C-3": "WITHDRAWN", "C-4": "REJECTED", "L-1": "ENDED"}
    assert after[1] == [("COMMENT", 1), ("EVIDENCE", 1)]
    [(lines,)] = installation.query("select lines::text from claims where claim_id = 'C-1'")
    assert "WITHDRAWN" in lines and "OPT_OUT_OPEN" in lines

    letters = reasons(installation)
    for _ in range(2):  # now all is there, and nothing happens twice
        assert replay(installation, 0, "--all")["put_back"] == len(EARLY) + 2
        assert snapshot(installation) == after
    assert reasons(installation) == letters
    expect(0, call(installation.env, "audit"))


def test_what_stays_dead_does_no_harm(install):
    installation = install(start_at_ms=START)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    document = documents.claim("C-1", TENANT, DAY)
    installation.publish("claim-submission", SUBMITTED, document)
    installation.flush()
    installation.wait_settled()
    installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1",
                         about("C-1", token="forged", actor={"type": "customer"}))
    installation.publish("claim-submission", "cpor.claim.evidence-added.v1",
                         about("C-1", poe=[documents.poe(DAY, [7])], actor=PARTNER))
    installation.produce("claim-submission", KEY, {**document, "claim_name": "another"})
    installation.produce("claim-submission", KEY, b"{")
    installation.flush()
    dead = ["CLAIM_IMMUTABLE", "FIELD_INVALID", "NOT_JSON", "TOKEN_INVALID"]
    before = snapshot(installation)
    assert reasons(installation) == dead
    for count in (2, 3):
        result = call(installation.env, "dlq", "replay", "--all")
        told = expect(0, result)
        assert "4 put back" in told and "Of those put back 3 are dead for what they say" in told
        after = snapshot(installation)
        assert reasons(installation) == sorted(dead * count)
        before[2] = after[2]  # the history keeps each time that something was refused
        assert after == before
    expect(0, call(installation.env, "audit"))


def test_a_record_that_was_cut(install):
    """A few kilobytes on the wire, 3.9 MB unpacked: more than a dead letter holds."""
    installation = install()
    installation.use_any_compression("claim-submission")
    installation.start_workers()
    sender = confluent_kafka.Producer({
        "bootstrap.servers": installation.env["CPOR_KAFKA_BROKERS"], "compression.type": "lz4",
        "message.max.bytes": 8_000_000, "log_level": 2})
    sender.produce(installation.prefix + "claim-submission", b" " * 3_900_000, KEY)
    assert sender.flush(30) == 0
    installation.wait("the dead letter", lambda: reasons(installation) == ["TOO_LARGE"])
    [letter] = listed(installation)[0]["dead_letters"]
    assert letter["cut"]
    place = (str(letter["partition"]), str(letter["offset"]))
    text = expect(0, call(installation.env, "dlq", "show", *place))
    assert "cut: it had 3900000" in text and len(text) < 30_000
    result = call(installation.env, "dlq", "replay", *place)
    assert result.returncode == 1 and "only its beginning was kept" in result.stdout
    assert len(back_on(installation)) == 1
