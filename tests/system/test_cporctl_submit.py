"""cporctl submit: what a file holds, what is found of it, what is published, what comes of it."""

import json
import os
import pty
import subprocess
import time

import confluent_kafka.admin
import pytest

import documents
import harness
from cporctl import call, expect
from words import instant_ms, instant_text

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
SOURCE = "urn:cpor:cporctl"
NOW = {**os.environ, "CPOR_CLOCK_START": instant_text(START), "CPOR_CLOCK_SPEED": "1",
       "CPOR_CLOCK_WALL_START": str(int(time.time() * 1000))}


def claim(number=1, **changes):
    return {**documents.claim(f"C-{number}", TENANT, "2026-05-01", ("EXCHANGE_ONLINE", "TEAMS")),
            **changes}


def text_of(*claims):
    return "".join(json.dumps(document) + "\n" for document in claims)


def submit(env, text, *arguments):
    return subprocess.run([str(harness.BIN / "cporctl"), "submit", *arguments, "-"], env=env,
                          input=text, text=True, capture_output=True, check=False, timeout=120)


def check(text, *arguments):
    """What --check finds of it: its answer, and [(line of the file, code)]."""
    result = submit(NOW, text, "--check", "--json", *arguments)
    answer = json.loads(result.stdout)
    assert result.returncode == (0 if answer["documents"] and not answer["bad"] else 1)
    return answer, [(found["file_line"], found["code"]) for found in answer["findings"]]


# ---- usage

USAGE_ERRORS = [
    ("no file", (), "an argument is missing"),
    ("check and wait", ("--check", "--wait", "x"), "--check publishes nothing"),
    ("check and skip", ("--check", "--skip-bad", "x"), "--check publishes nothing"),
    ("time-out of nothing", ("--timeout", "5", "x"), "--timeout is that of --wait"),
    ("no time-out", ("--wait", "--timeout", "soon", "x"), "wants a number from 1 to 86400"),
    ("standard input twice", ("-", "x", "-"), "can be read once only"),
    ("unknown option", ("--force", "x"), "unknown option --force"),
]


@pytest.mark.parametrize("arguments,text", [row[1:] for row in USAGE_ERRORS],
                         ids=[row[0] for row in USAGE_ERRORS])
def test_usage_errors(arguments, text):
    error = expect(2, call(os.environ, "submit", *arguments))
    assert text in error and error.count("\n") == 1


@pytest.mark.parametrize("path,text", [("/nowhere", "open /nowhere"), ("/tmp", "it is a folder")])
def test_no_such_file(path, text):
    error = expect(1, call(os.environ, "submit", "--check", path))
    assert text in error and error.count("\n") == 1


# ---- what a file holds

PRETTY = json.dumps(claim(), indent=2) + "\n"
SHAPES = [  # text, documents, lines of those that are bad
    ("one line", text_of(claim()), 1, []),
    ("no line feed at the end", json.dumps(claim()), 1, []),
    ("lines, blank ones between", text_of(claim(1)) + "\n  \n" + text_of(claim(2)), 2, []),
    ("lines that end as on Windows", text_of(claim(1), claim(2)).replace("\n", "\r\n"), 2, []),
    ("byte-order mark of an editor", "\ufeff" + text_of(claim()), 1, []),
    ("one over many lines", PRETTY, 1, []),
    ("two over many lines", PRETTY + PRETTY.replace("C-1", "C-2"), 2, []),
    ("an array", json.dumps([claim(1), claim(2), claim(3)]), 3, []),
    ("an array over many lines", json.dumps([claim(1), claim(2)], indent=1), 2, []),
    ("brackets and quotes in texts", text_of(claim(claim_name='}]{["\\')), 1, []),
    ("nothing", "", 0, []),
    ("blank", " \n\n", 0, []),
    ("an empty array", "[ ]", 0, []),
    ("a bad line among lines", text_of(claim(1)) + '{"a":\n' + text_of(claim(2)), 3, [2]),
    ("a bad first line", '{"claim_id":"x"\n' + text_of(claim(1), claim(2)), 3, [1]),
    ("words", "hello\nworld\n", 2, [1, 2]),
    ("an end within", PRETTY[:-4], 1, [1]),
    ("an array that is not closed", "[" + json.dumps(claim()), 2, [1]),
    ("a comma too many", "[" + json.dumps(claim()) + ",]", 2, [1]),
    ("a comma too few", f"[{json.dumps(claim(1))}\n{json.dumps(claim(2))}]", 2, [2]),
    ("something behind an array", f"[{json.dumps(claim())}]\nx", 2, [2]),
    ("an array of other things", '["a",\n5]', 2, [1, 2]),
    ("larger than an event", text_of(claim(1), claim(2, x="x" * 262144), claim(3)), 3, [2]),
]


@pytest.mark.parametrize("text,count,bad", [row[1:] for row in SHAPES],
                         ids=[row[0] for row in SHAPES])
def test_shapes(text, count, bad):
    answer, found = check(text)
    assert answer["documents"] == count
    assert sorted({line for line, code in found}) == bad
    assert answer["bad"] == len(bad) and answer["published"] == 0


def changed(path, value):
    return documents.changed(claim(), path, value)


FOUND = [  # document, codes, whether it is bad
    ("good", claim(), [], False),
    ("no name", changed("/claim_name", ...), ["FIELD_MISSING"], True),
    ("bad tenant and e-mail", documents.changed(changed("/customer/tenant_id", "contoso"),
                                                "/customer/contact/email", "nobody"),
     ["FIELD_INVALID"] * 2, True),
    ("another programme", changed("/program", "CSP"), ["WRONG_PROGRAM"], True),
    ("activities of the other area", changed("/activities", ["PRE_SALES"]),
     ["ACTIVITY_INVALID"], True),
    ("no such workload", changed("/lines/0/workload", "NO_SUCH"), ["PRODUCT_UNKNOWN"], True),
    ("two lines in one slot", changed("/lines/1/workload", "EXCHANGE_ONLINE"),
     ["DUPLICATE_OWN_CLAIM"], True),
    ("no such zone", changed("/customer/time_zone", "Asia/Busan"), ["FIELD_INVALID"], True),
    ("no technical contact", documents.changed(
        documents.bizapps_claim("C-1", TENANT, "2026-05-01", [("D365_SALES", None)]),
        "/customer/technical_contact", ...), ["TECHNICAL_CONTACT_MISSING"], True),
    ("no proof", changed("/poe", []), ["POE_MISSING"] * 2, False),
    ("an old proof", changed("/poe/0/signed_on", "2025-05-19"), ["POE_TOO_OLD"] * 2, False),
    ("a proof of tomorrow", changed("/poe/0/signed_on", "2026-05-22"),
     ["POE_DATE_IN_FUTURE"] * 2, False),
    ("a line not covered", changed("/poe/0/covers", [1]), ["POE_LINE_NOT_COVERED"], False),
]


@pytest.mark.parametrize("document,codes,is_bad", [row[1:] for row in FOUND],
                         ids=[row[0] for row in FOUND])
def test_findings(document, codes, is_bad):
    answer, found = check(json.dumps(document))
    assert [code for line, code in found] == codes
    assert answer["bad"] == int(is_bad)
    kinds = {finding["kind"] for finding in answer["findings"]}
    assert kinds == (set() if not codes else {"refusal"} if is_bad else {"question"})


def test_findings_name_file_line_claim_and_pointer(tmp_path):
    path = tmp_path / "claims.jsonl"
    path.write_text(text_of(claim(1), changed("/mpn_id", "x")))
    result = call(NOW, "submit", "--check", str(path))
    assert result.returncode == 1
    line = result.stdout.splitlines()[0]
    assert line.startswith(f"{path}:2: C-1: refusal FIELD_INVALID, /mpn_id: ")
    assert "\033" not in result.stdout and result.stderr == ""


def test_a_claim_twice_in_one_call():
    other = claim(1, claim_name="another")
    same = json.dumps(dict(reversed(claim(1).items())), indent=1)  # written otherwise
    assert check(json.dumps([claim(1), claim(2), claim(1)]))[1] == []
    assert check(f"[{json.dumps(claim(1))},{same}]")[1] == []
    answer, found = check(text_of(claim(1), claim(2), other))
    assert found == [(3, "CLAIM_IMMUTABLE")] and answer["bad"] == 1


# ---- what is published

def published(installation):
    return installation.read("claim-submission")


def test_nothing_is_published_when_any_is_bad(install):
    installation = install()
    text = text_of(claim(1), changed("/mpn_id", ...), claim(2))
    error = expect(1, submit(installation.env, text))
    assert "nothing was published" in error
    assert published(installation) == []
    result = submit(installation.env, text, "--skip-bad", "--json")
    assert result.returncode == 1 and result.stderr == ""
    answer = json.loads(result.stdout)
    assert (answer["documents"], answer["bad"], answer["published"]) == (3, 1, 2)
    assert sorted(record.json["claim_id"] for record in published(installation)) == ["C-1", "C-2"]


def test_records_are_events(install):
    installation = install()
    upper = documents.changed(claim(), "/customer/tenant_id", TENANT["tenant_id"].upper())
    expect(0, submit(installation.env, PRETTY.replace(TENANT["tenant_id"],
                                                      TENANT["tenant_id"].upper())))
    installation.publish("claim-submission", "cpor.claim.submitted.v1", claim(2))
    installation.flush()
    ours, theirs = sorted(published(installation), key=lambda record: record.json["claim_id"])
    assert ours.key.decode() == TENANT["tenant_id"] and ours.partition == theirs.partition
    assert ours.json == upper
    assert {name: ours.header(name) for name in (
        "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "content-type")} == {
        "ce_specversion": "1.0", "ce_id": f"{TENANT['tenant_id']}/C-1", "ce_source": SOURCE,
        "ce_type": "cpor.claim.submitted.v1", "ce_subject": "C-1",
        "content-type": "application/json"}
    assert ours.header("ce_time").endswith("Z")


def test_what_no_broker_takes_is_named(install, tmp_path):
    installation = install()
    small = f"{installation.name}.small."
    topic = confluent_kafka.admin.NewTopic(small + "claim-submission", 1,
                                           config={"max.message.bytes": "3000"})
    for future in installation.admin.create_topics([topic]).values():
        future.result(30)
    installation.wait("the topic", lambda: small + "claim-submission" in
                      installation.admin.list_topics(timeout=10).topics)
    path = tmp_path / "claims.jsonl"
    path.write_text(text_of(claim(1, comment="x" * 5000)))
    error = expect(1, call({**installation.env, "CPOR_TOPIC_PREFIX": small}, "submit", str(path)))
    assert f"{path}:1: not published: " in error and "too large" in error
    assert "submit it again" in error


def test_no_topic_and_no_broker(install):
    installation = install()
    error = expect(1, submit({**installation.env, "CPOR_TOPIC_PREFIX": "none."}, text_of(claim())))
    assert "look for topic none.claim-submission: there is none" in error
    error = expect(1, submit({**installation.env, "CPOR_KAFKA_BROKERS": "127.0.0.1:1",
                              "CPOR_KAFKA_TIMEOUT_MS": "1000"}, text_of(claim())))
    assert "CPOR_KAFKA_BROKERS" in error and error.count("\n") == 1


# ---- what comes of it

def test_wait_repeat_and_revision(install):
    installation = install(start_at_ms=START)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    asked = documents.claim("C-2", TENANT, "2026-05-01", ("YAMMER",))
    asked["poe"] = []
    result = submit(installation.env, text_of(claim(1), asked), "--wait")
    text = expect(0, result)
    assert "POE_MISSING" in text and "2 documents, 0 bad, 1 with questions; 2 published" in text
    assert "C-2                       PARTNER_ACTION_REQUIRED" in text and "1 PARTNER_ACT" in text

    # the same again changes nothing; other content is told at once
    installation.wait_settled()
    [(before,)] = installation.query("select count(*) from history")
    answer = json.loads(expect(0, submit(installation.env, text_of(claim(1)), "--wait", "--json")))
    assert answer["claims"][0]["status"] not in (None, "SUBMITTED")
    assert answer["claims"][0]["ignored"] is None
    installation.wait_settled()
    assert installation.query("select count(*) from history") == [(before,)]
    result = submit(installation.env, text_of(claim(1, claim_name="other")), "--wait", "--json")
    assert result.returncode == 1
    assert "CLAIM_IMMUTABLE" in json.loads(result.stdout)["claims"][0]["ignored"]

    # an answer that changes what it may not, then under the same number one that is right
    bad = {**asked, "revision": 2, "solution_area": "BUSINESS_APPLICATIONS", "lines": [
        {"line": 1, "product": "POWER_BI"}]}
    answer = json.loads(submit(installation.env, text_of(bad), "--revision", "--wait",
                               "--json").stdout)
    assert answer["claims"][0]["status"] == "PARTNER_ACTION_REQUIRED"
    good = {**asked, "revision": 2, "poe": [documents.poe("2026-05-01", [1])]}
    text = expect(0, submit(installation.env, text_of(good), "--revision", "--wait"))
    assert "C-2" in text and "PARTNER_ACTION_REQUIRED" not in text
    [(revision,)] = installation.query("select revision from claims where claim_id = 'C-2'")
    assert revision == 2
    late = submit(installation.env, text_of({**good, "revision": 7}), "--revision", "--wait",
                  "--json")
    assert late.returncode == 1 and json.loads(late.stdout)["claims"][0]["ignored"]


def test_wait_ends(install):
    installation = install()  # nobody works
    result = submit(installation.env, text_of(claim()), "--wait", "--timeout", "1", "--json")
    assert result.returncode == 1 and "not handled in time" in result.stderr
    assert json.loads(result.stdout)["claims"] == [
        {"tenant_id": TENANT["tenant_id"], "claim_id": "C-1", "status": None, "reason": None,
         "ignored": None}]
    assert len(published(installation)) == 1


# ---- a terminal

def progress_of(path, **env):
    """What standard error gets where it is a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen([str(harness.BIN / "cporctl"), "submit", "--check", str(path)],
                               env={**NOW, "TERM": "xterm", **env}, stdout=subprocess.DEVNULL,
                               stderr=slave)
    os.close(slave)
    parts = []
    try:
        while part := os.read(master, 65536):
            parts.append(part)
    except OSError:  # the end, on Linux
        pass
    os.close(master)
    assert process.wait(60) == 0
    return b"".join(parts).decode()


def test_progress_on_a_terminal_only(tmp_path):
    path = tmp_path / "many.jsonl"
    path.write_text("".join(text_of(claim(number)) for number in range(20_000)))
    bar = progress_of(path)
    assert "checking [" in bar and "/s" in bar and bar.endswith("\r\033[K")
    assert progress_of(path, TERM="dumb") == ""
    result = call({**NOW, "TERM": "xterm"}, "submit", "--check", str(path))
    assert expect(0, result).startswith("20000 documents") and result.stderr == ""


def test_memory_is_bounded(tmp_path):
    """Ten times the documents need no more than what is remembered of each claim's name."""
    def peak_kb(count):
        path = tmp_path / f"{count}.jsonl"
        with path.open("w") as file:
            for number in range(count):
                file.write(text_of(claim(number, comment="x" * 2000)))
        code = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
                "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        run = subprocess.run(["python3", "-c", code, str(harness.BIN / "cporctl"), "submit",
                              "--check", str(path)], env=NOW, check=True, text=True,
                             capture_output=True, timeout=120)
        return int(run.stdout.split()[-1])
    few, many = peak_kb(1000), peak_kb(10_000)
    assert many - few < 4096, f"{few} KB for 1,000 documents, {many} KB for 10,000"
