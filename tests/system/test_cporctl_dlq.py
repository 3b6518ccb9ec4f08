"""cporctl dlq: dead letters are found, shown as they came, and put back without doing harm twice."""

import contextlib
import json
import os
import time

import confluent_kafka.admin
import pytest

import documents
import harness
from cporctl import call, expect
from words import instant_text

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
def strange_topics(installation):
    """Topics of a prefix of their own: not all that is put there keeps the contract."""
    prefix = installation.prefix
    installation.prefix = installation.env["CPOR_TOPIC_PREFIX"] = prefix + "strange."
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
    """One dead letter as a worker would have written it, on partition 0: its offset."""
    headers = [*own, *worker_headers(installation, number, reason, **others)]
    installation.produce("dead-letter", key, value, headers, partition=partition)


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


STRANGE = [  # key, value, headers of the record's own
    (KEY, b"{}", EVENT),
    (None, b"\xff\x00", []),
    (b"", None, [("a", None), ("a", b""), ("a", b"\x00\xff"), ("a", b"2")]),
    (b"\x00\xfe", b"", [("dlq_reason", b"MINE"), ("dlq_cut", b"7"), ("", b"x")]),
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
        installation.flush()
        for offset, why in ((0, "only its beginning was kept"), (1, "reference data"),
                            (6, "no worker wrote it"), (7, "no worker of this installation")):
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
        assert "3 put back, 1 the same as another, 4 cannot be put back" in result.stdout
        assert "0 3  UNKNOWN_CLAIM    claim-submission: the same record as 0 2" in result.stdout
        error = expect(1, call(installation.env, "dlq", "replay", "0", "99"))
        assert "0 99: no dead letter: nothing was written there yet" in error


def test_what_no_broker_takes_is_named(install):
    with strange_topics(install()) as installation:
        resource = confluent_kafka.admin.ConfigResource(
            "topic", installation.prefix + "claim-submission",
            set_config={"max.message.bytes": "3000"})
        for future in installation.admin.alter_configs([resource]).values():
            future.result(30)
        put(installation, 0, "UNKNOWN_CLAIM", value=b"x" * 5000)
        put(installation, 1, "UNKNOWN_CLAIM", topic="opt-out-expiry")
        installation.flush()
        answer = json.loads(call(installation.env, "dlq", "replay", "--all", "--json").stdout)
        assert answer["put_back"] == 1 and answer["failures"][0]["offset"] == 0
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
