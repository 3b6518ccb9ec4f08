"""The operator's tool: usage, deadlines, setup again and again, what it writes on a terminal."""

import json
import os
import pty
import shutil
import subprocess

import confluent_kafka.admin
import pytest

import harness
from cporctl import call, execute, expect

# ---- usage

USAGE_ERRORS = [
    ("no command", (), "which command"),
    ("unknown command", ("frobnicate",), "unknown command frobnicate"),
    ("half a command", ("explain",), "cporctl explain deadline"),
    ("unknown option", ("setup", "--force"), "unknown option --force"),
    ("superfluous word", ("setup", "now"), "one argument too many"),
    ("flag with a value", ("setup", "--fix=1"), "--fix takes no value"),
    ("option twice", ("status", "--json", "--json", "C-1"), "given twice"),
    ("no claim", ("status",), "argument is missing"),
    ("no tenant id", ("status", "contoso", "C-1"), "no TENANT_ID"),
    ("no claim id", ("history", "C/1"), "no CLAIM_ID"),
    ("claim id too long", ("history", "C" * 65), "no CLAIM_ID"),
    ("holders of no tenant", ("holders", "contoso"), "no TENANT_ID"),
    ("no country", ("explain", "deadline", "--at", "2020-12-18T10:00:00Z"), "--country"),
    ("no instant", ("explain", "deadline", "--country", "KR"), "--at"),
    ("option without value", ("explain", "deadline", "--country", "KR", "--at"), "wants a value"),
    ("small country", ("explain", "deadline", "--country", "kr", "--at", "2020-12-18T10:00:00Z"),
     "two capital letters"),
    ("date only", ("explain", "deadline", "--country", "KR", "--at", "2020-12-18"), "instant"),
    ("no days", ("explain", "deadline", "--country", "KR", "--at", "2020-12-18T10:00:00Z",
                 "--days", "0"), "from 1 to 30"),
    ("no zone", ("explain", "deadline", "--country", "KR", "--at", "2020-12-18T10:00:00Z",
                 "--time-zone", "Asia/Busan"), "no such zone"),
]


@pytest.mark.parametrize("arguments,text", [row[1:] for row in USAGE_ERRORS],
                         ids=[row[0] for row in USAGE_ERRORS])
def test_usage_errors(arguments, text):
    error = expect(2, call(os.environ, *arguments))
    assert text in error
    assert error.count("\n") == 1, f"one line, not:\n{error}"


def test_help():
    commands = ("setup", "status", "history", "explain deadline", "holders", "audit")
    general = expect(0, call(os.environ, "--help"))
    for command in commands:
        assert f"  {command} " in general
        text = expect(0, call(os.environ, *command.split(), "--help"))
        assert "Examples:" in text and f"  cporctl {command}" in text and "Exit codes:" in text


def test_bad_setting():
    env = {**os.environ, "CPOR_PARTITIONS": "0"}
    assert "CPOR_PARTITIONS" in expect(1, call(env, "setup"))


# ---- deadlines: the examples of the contract

DEADLINES = [  # country, notice, deadline in UTC, holidays on the way
    ("KR", "2020-11-02T10:00:00+09:00", "2020-11-09T15:00:00.000Z", 0),
    ("KR", "2020-11-06T10:00:00+09:00", "2020-11-13T15:00:00.000Z", 0),
    ("KR", "2020-11-07T10:00:00+09:00", "2020-11-13T15:00:00.000Z", 0),
    ("KR", "2020-11-08T10:00:00+09:00", "2020-11-13T15:00:00.000Z", 0),
    ("KR", "2020-12-18T10:00:00+09:00", "2020-12-28T15:00:00.000Z", 1),
    ("US", "2020-12-18T10:00:00-05:00", "2020-12-29T05:00:00.000Z", 1),
    ("AQ", "2020-12-18T10:00:00-05:00", "2020-12-29T05:00:00.000Z", 1),  # no file: the default's
]


@pytest.mark.parametrize("country,at,deadline,holidays", DEADLINES)
def test_explain_deadline(country, at, deadline, holidays):
    arguments = ("explain", "deadline", "--country", country, "--at", at)
    answer = json.loads(expect(0, call(os.environ, *arguments, "--json")))
    assert answer["deadline_at"] == deadline
    assert sum(day["counts"] for day in answer["days"]) == 5
    assert sum(day["kind"] == "holiday" for day in answer["days"]) == holidays
    text = expect(0, call(os.environ, *arguments))
    assert f"= {deadline}" in text and text.count("business day") == 5
    assert text.count("holiday, Christmas Day") == holidays


def test_explain_deadline_options():
    arguments = ("explain", "deadline", "--country=KR", "--at=2020-11-02T10:00:00+09:00")
    one = json.loads(expect(0, call(os.environ, *arguments, "--days=1", "--json")))
    assert one["deadline_at"] == "2020-11-03T15:00:00.000Z"
    west = json.loads(expect(0, call(os.environ, *arguments, "--json", "--time-zone",
                                     "America/Los_Angeles")))
    # There it is still Sunday the 1st; the clocks went back that night.
    assert west["deadline_at"] == "2020-11-07T08:00:00.000Z"


def test_explain_deadline_beyond_the_calendar():
    result = call(os.environ, "explain", "deadline", "--country", "KR", "--at",
                  "2199-01-01T00:00:00Z")
    assert "calendar" in expect(1, result)


# ---- setup

def test_setup_again(install):
    count = len(list((harness.ROOT / "deploy/migrations").glob("*.sql")))
    output = expect(0, call(install().env, "setup"))
    assert output == (f"postgresql: up to date ({count} migration{'s' if count > 1 else ''})\n"
                      "postgresql: rights of roles granted\n"
                      "kafka: up to date (10 topics)\n")


def setup_steps(env, *arguments):
    """[(server, name, outcome)]"""
    answer = json.loads(expect(0, call(env, "setup", "--json", *arguments)))
    assert all(step["message"] for step in answer["steps"])
    return [(step["server"], step["name"], step["outcome"]) for step in answer["steps"]]


def test_setup_as_json(install):
    installation = install()
    up_to_date = [("postgresql", None, "up-to-date"), ("postgresql", "rights.sql", "granted"),
                  ("kafka", None, "up-to-date")]
    assert setup_steps(installation.env) == up_to_date
    installation.use_create_time("opt-out-expiry")
    installation.wait("the broker to have the new configuration", lambda: installation.topic_config(
        "opt-out-expiry")["message.timestamp.type"] == "CreateTime")
    name = installation.prefix + "opt-out-expiry"
    assert name in expect(1, call(installation.env, "setup", "--json"))
    assert setup_steps(installation.env, "--fix")[-1] == ("kafka", name, "altered")
    fresh = {**installation.env, "CPOR_TOPIC_PREFIX": f"{installation.name}.fresh."}
    created = [step for step in setup_steps(fresh) if step[2] == "created"]
    assert len(created) == 10 and {step[0] for step in created} == {"kafka"}


def test_setup_creates_as_described(install):
    installation = install()
    described = json.loads((harness.ROOT / "deploy/contracts/topics.json").read_text())
    for topic in described:
        assert len(installation.partition_numbers(topic["name"])) == harness.PARTITIONS
        found = installation.topic_config(topic["name"])
        assert found["cleanup.policy"] == topic["cleanup"]
        assert found["retention.ms"] == str(topic["retention_ms"])
        assert {name: found[name] for name in topic["config"]} == topic["config"]


def test_setup_tells_of_groups_that_are_forgotten_early(install, tmp_path):
    """The brokers' setting of the stack fits, until the topics are to be kept for longer."""
    installation = install()
    assert "offsets.retention" not in expect(0, call(installation.env, "setup"))
    share = tmp_path / "share"
    shutil.copytree(harness.ROOT / "deploy", share, ignore=shutil.ignore_patterns("local"))
    path = share / "contracts/topics.json"
    path.write_text(path.read_text().replace("1209600000", "2592000000"))
    said = expect(0, call({**installation.env, "CPOR_SHARE_DIR": str(share)}, "setup"))
    assert "warning: offsets.retention.minutes is 20160" in said
    assert "set offsets.retention.minutes=43200" in said


def changed_share(folder, name, text):
    """A copy of the installation's files with one migration more or another one."""
    share = folder / "share"
    for folder in ("migrations", "security", "contracts"):
        shutil.copytree(harness.ROOT / "deploy" / folder, share / folder)
    with (share / "migrations" / name).open("a") as file:
        file.write(text)
    return share


def test_changed_migration_is_refused(install, tmp_path):
    installation = install()
    share = changed_share(tmp_path, "0001_pipeline.sql", "-- a remark\n")
    error = expect(1, call({**installation.env, "CPOR_SHARE_DIR": str(share)}, "setup"))
    assert "0001_pipeline.sql was changed after it was applied" in error


def test_failing_migration_leaves_nothing(install, tmp_path):
    installation = install()
    env = {**installation.env}
    share = changed_share(tmp_path, "9000_new.sql", "create table news (a int); select 1 / 0;")
    env["CPOR_SHARE_DIR"] = str(share)
    error = expect(1, call(env, "setup"))
    assert "apply migration 9000_new.sql" in error and "division by zero" in error
    assert installation.query("select to_regclass('news')") == [(None,)]
    (share / "migrations/9000_new.sql").write_text("create table news (a int);")
    assert "migration 9000_new.sql applied" in expect(0, call(env, "setup"))
    assert "up to date" in expect(0, call(env, "setup"))
    # Going back to the older release works, and says what it found.
    assert "9000_new.sql was applied by a newer release" in expect(0, call(installation.env,
                                                                           "setup"))


def test_two_setups_at_a_time(install):
    installation = install()
    database = f"{installation.database}_two"
    execute(installation, f'create database "{database}"')
    base = installation.env["CPOR_DATABASE_URL"].rpartition("/")[0]
    env = {**installation.env, "CPOR_TOPIC_PREFIX": installation.prefix + "two.",
           "CPOR_DATABASE_URL": f"{base}/{database}"}
    both = [subprocess.Popen([str(harness.BIN / "cporctl"), "setup", "--roles"], env=env,
                             text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], "\n".join(outputs)
    assert "".join(outputs).count("0001_pipeline.sql applied") == 1
    assert "".join(outputs).count("roles created") == 1


def test_other_partition_count_is_refused(install):
    error = expect(1, call({**install().env, "CPOR_PARTITIONS": "5"}, "setup"))
    assert "4 partitions, not 5" in error and "CPOR_PARTITIONS=4" in error


def test_altered_topic_is_left_alone_unless_fixed(install):
    installation = install()
    installation.use_create_time("opt-out-expiry")
    installation.wait("the broker to have the new configuration", lambda: installation.topic_config(
        "opt-out-expiry")["message.timestamp.type"] == "CreateTime")
    output = expect(1, call(installation.env, "setup"))
    assert "no receipt" in output and "cporctl setup --fix" in output
    assert installation.topic_config(
        "opt-out-expiry")["message.timestamp.type"] == "CreateTime"
    assert "altered" in expect(0, call(installation.env, "setup", "--fix"))
    found = installation.topic_config(
        "opt-out-expiry")
    assert found["message.timestamp.type"] == "LogAppendTime"
    assert found["message.timestamp.after.max.ms"] == str(2**62), "not ours to change"
    assert "kafka: up to date" in expect(0, call(installation.env, "setup"))


def test_topics_of_an_older_release_get_what_is_new(install):
    """Nobody chose it: set without --fix. Somebody did: told and left. The audit tells of both."""
    installation = install()
    name = installation.prefix + "claim-submission"
    installation.alter_topic("claim-submission", {"message.timestamp.type": "LogAppendTime"})
    installation.wait("the older configuration", lambda: installation.topic_config(
        "claim-submission")["compression.type"] == "producer")
    result = call(installation.env, "audit")
    assert result.returncode == 1 and "1 violation" in result.stdout
    assert f"topic {name} has compression.type=producer" in result.stdout
    assert ("kafka", name, "altered") in setup_steps(installation.env)
    assert installation.topic_config("claim-submission")["compression.type"] == "uncompressed"
    assert "up to date" in expect(0, call(installation.env, "setup"))
    expect(0, call(installation.env, "audit"))
    installation.use_any_compression("claim-submission")
    steps = setup_steps(installation.env)
    assert ("kafka", None, "left") in steps and ("kafka", name, "altered") not in steps
    assert installation.topic_config("claim-submission")["compression.type"] == "producer"
    assert ("kafka", name, "altered") in setup_steps(installation.env, "--fix")
    assert installation.topic_config("claim-submission")["compression.type"] == "uncompressed"


def test_servers_that_are_away():
    env = {**os.environ, "CPOR_SETUP_WAIT_MS": "300", "CPOR_KAFKA_BROKERS": "127.0.0.1:1",
           "CPOR_DATABASE_URL": "postgresql://cpor@127.0.0.1:1/cpor"}
    error = expect(1, call(env, "setup"))
    assert "wait for PostgreSQL: not there" in error and "CPOR_DATABASE_URL" in error
    assert "connect to PostgreSQL" in expect(1, call(env, "holders"))


def test_kafka_away(install):
    env = {**install().env, "CPOR_SETUP_WAIT_MS": "300", "CPOR_KAFKA_BROKERS": "127.0.0.1:1"}
    error = expect(1, call(env, "setup"))
    assert "wait for Kafka: not there" in error and "CPOR_KAFKA_BROKERS" in error


# ---- a terminal

def terminal_output(env, *arguments):
    master, slave = pty.openpty()
    subprocess.run([str(harness.BIN / "cporctl"), *arguments], env=env, stdout=slave, check=True)
    os.close(slave)
    parts = []
    try:
        while part := os.read(master, 65536):
            parts.append(part)
    except OSError:  # the end, on Linux
        pass
    os.close(master)
    return b"".join(parts).decode()


def test_colour_only_on_a_terminal():
    arguments = ("explain", "deadline", "--country", "KR", "--at", "2020-12-18T10:00:00+09:00")
    env = {**os.environ, "TERM": "xterm"}
    env.pop("NO_COLOR", None)
    assert "\033[" in terminal_output(env, *arguments)
    assert "\033" not in terminal_output({**env, "NO_COLOR": "1"}, *arguments)
    assert "\033" not in expect(0, call(env, *arguments))


def test_full_disk_is_no_answer():
    with open("/dev/full", "w") as full:
        result = subprocess.run([str(harness.BIN / "cporctl"), "--help"], stdout=full,
                                stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1 and "write the answer" in result.stderr
