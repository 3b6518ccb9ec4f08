"""No secret is ever shown: each is a marker, each way of failing is made to happen, and all that
comes out is searched."""

import pathlib
import re
import shutil
import subprocess
import time

import pytest

import cporctl
import harness
import scrape

# One word per secret, so that a find names the leak.
DATABASE, REDIS, MAIL, KEY, SASL = (f"Marker{name}Secret" for name in
                                    ("Database", "Redis", "Mail", "OptOut", "Sasl"))
MARKERS = re.compile("Marker[A-Z]")
AWAY = "127.0.0.1:1"  # nobody listens there
SECRET_NAME = re.compile(r"URL|KEYS|PASSWORD|SECRET|TOKEN")
# Where people are sent, not how we log in.
NO_SECRETS = {"CPOR_OPT_OUT_URL"}


def database_cases(url):
    """Wrong, away, and each way of writing a URL badly."""
    address = url.rpartition("@")[2]
    return {
        "wrong": f"postgresql://cpor:{DATABASE}@{address}",
        "away": f"postgresql://cpor:{DATABASE}@{AWAY}/cpor",
        "no-host": f"postgresql://cpor:{DATABASE}@nowhere.invalid/cpor",
        "no-colon": f"postgres//cpor:{DATABASE}@{address}",
        "slash": f"postgresql://cpor:x/{DATABASE}@{address}",
        "at": f"postgresql://cpor:x@{DATABASE}@{address}",
        "percent": f"postgresql://cpor:%zz{DATABASE}@{address}",
        "no-at": f"postgresql://cpor:{DATABASE}",
        "no-scheme": DATABASE,
        "words": f"host=127.0.0.1 password=x {DATABASE}",
        "option": f"postgresql://cpor:{DATABASE}@{address}?sslmode=never",
    }


def redis_cases(url):
    address = url.rpartition("//")[2]
    return {
        "wrong": f"redis://cpor:{REDIS}@{address}",
        "away": f"redis://cpor:{REDIS}@{AWAY}",
        "port": f"redis://cpor:{REDIS}",
        "no-scheme": REDIS,
        "tls": f"rediss://:{REDIS}@{address}",
        "percent": f"redis://cpor:%zz{REDIS}@{address}",
        "user": f"redis://{REDIS}@{address}",
        "number": f"redis://cpor:{REDIS}@{address.partition('/')[0]}/x",
    }


MAIL_CASES = {
    "clear": f"smtp://relay:{MAIL}@mail.example",
    "slash": f"smtp://relay:x/{MAIL}@localhost",
    "at": f"smtp://relay:x@{MAIL}@local host",
    "no-at": f"smtp://relay:{MAIL}",
    "scheme": f"http://relay:{MAIL}@localhost",
    "no-scheme": MAIL,
}
KEY_CASES = {
    "no-id": f"{KEY}-and-more-of-it",
    "short": f"k:{KEY[:15]}",
    "twice": f"k:{KEY}0123456789,k:{KEY}0123456789",
    "space": f"a b:{KEY}0123456789",
    "long": f"k:{KEY * 20}",
}
PROPERTIES_CASES = {
    "unknown": f"sasl.pasword={SASL}\n",
    "no-equals": f"sasl.password {SASL}\n",
    "jaas": f'sasl.jaas.config=required password="{SASL}";\n',
    "enum": f"security.protocol={'nonsense'}\nsasl.password={SASL}\n",
    "no-broker": f"security.protocol=sasl_ssl\nsasl.mechanism=PLAIN\nsasl.username=u\n"
                 f"sasl.password={SASL}\nssl.key.password={SASL}\ndebug=all\n",
}


def bad_environments(env, folder):
    """name -> (program, changes of the environment)."""
    cases = {}
    for kind, setting, program, values in (
            ("database", "CPOR_DATABASE_URL", "claim-submission",
             database_cases(env["CPOR_DATABASE_URL"])),
            ("redis", "CPOR_REDIS_URL", "opt-out-expiry", redis_cases(env["CPOR_REDIS_URL"])),
            ("mail", "CPOR_SMTP_URL", "customer-notification", MAIL_CASES),
            ("key", "CPOR_OPT_OUT_KEYS", "opt-out-expiry", KEY_CASES)):
        for name, value in values.items():
            cases[f"{kind}-{name}"] = (program, {setting: value})
    for name, text in PROPERTIES_CASES.items():
        path = folder / f"{name}.properties"
        path.write_text(text)
        cases[f"kafka-{name}"] = ("claim-validation", {"CPOR_KAFKA_PROPERTIES": str(path)})
    twice = folder / "twice"
    twice.write_text(REDIS)
    cases["file-and-value"] = ("opt-out-expiry", {"CPOR_REDIS_URL": f"redis://:{REDIS}@{AWAY}",
                                                  "CPOR_REDIS_URL_FILE": str(twice)})
    large = folder / "large"
    large.write_text(KEY * 1000)
    cases["file-too-long"] = ("opt-out-expiry", {"CPOR_OPT_OUT_KEYS_FILE": str(large)})
    return cases


def wait_said(worker, pattern, seconds=60):
    end = time.monotonic() + seconds
    while not pattern.search(worker.log.read_text()):
        assert time.monotonic() < end, f"{worker.instance} says nothing:\n{worker.log_tail()}"
        time.sleep(0.05)


def command_line(process):
    """What everybody on the machine may read; nothing of a process that has ended."""
    return pathlib.Path(f"/proc/{process.pid}/cmdline").read_text(errors="replace")


def check_silent(name, text):
    found = MARKERS.search(text)
    assert found is None, f"{name}: {text[max(0, found.start() - 300):found.end() + 100]}"


def test_no_failure_shows_a_secret(install, tmp_path):
    """Each bad setting ends the worker, or is waited out, with a line that says which it is."""
    installation = install()
    cases = bad_environments(installation.env, tmp_path)
    for name, (program, changes) in cases.items():
        worker = harness.Worker(installation, program, name, {
            "CPOR_LOG_LEVEL": "debug", "CPOR_DATABASE_TIMEOUT_MS": "3000", **changes})
        installation.workers[name] = worker.start()
    says = re.compile(r"event=(?:fatal|open-retry|tick-retry) ")
    for name in cases:
        worker = installation.workers[name]
        wait_said(worker, says)
        check_silent(name, worker.log.read_text())
        check_silent(name, command_line(worker.process))
        for path in ("/metrics", "/healthz", "/readyz"):
            check_silent(name, scrape.get(worker, path) or "")
    for worker in installation.workers.values():
        worker.kill()
    for name in ("wrong", "away", "slash", "no-scheme", "option"):
        url = database_cases(installation.env["CPOR_DATABASE_URL"])[name]
        env = {**installation.env, "CPOR_DATABASE_URL": url, "CPOR_LOG_LEVEL": "debug"}
        check_silent(name, cporctl.expect(1, cporctl.call(env, "status", "C-1")))
    for name, url in redis_cases(installation.env["CPOR_REDIS_URL"]).items():
        result = cporctl.call({**installation.env, "CPOR_REDIS_URL": url}, "timers")
        check_silent(name, result.stdout + result.stderr)
    for name in PROPERTIES_CASES:
        result = cporctl.call({**installation.env, "CPOR_KAFKA_TIMEOUT_MS": "1000",
                               "CPOR_KAFKA_PROPERTIES": str(tmp_path / f"{name}.properties")},
                              "lag")
        check_silent(name, result.stdout + result.stderr)


def test_a_secret_that_is_right_is_not_shown_either(install, tmp_path):
    """All secrets from files, everything works, everything is looked at."""
    installation = install()
    secrets = {"CPOR_OPT_OUT_KEYS": f"k:{KEY}0123456789",
               "CPOR_SMTP_URL": installation.env["CPOR_SMTP_URL"].replace("//", f"//u:{MAIL}@"),
               "CPOR_DATABASE_URL": installation.env["CPOR_DATABASE_URL"],
               "CPOR_REDIS_URL": installation.env["CPOR_REDIS_URL"]}
    password = re.search(":([0-9a-f]{16,})@", secrets["CPOR_DATABASE_URL"]).group(1)
    for name, value in secrets.items():
        (tmp_path / name).write_text(f"{value}\nwhat follows the first line is not read\n")
        installation.env.pop(name, None)
        installation.env[f"{name}_FILE"] = str(tmp_path / name)
    installation.start_workers(settings={"CPOR_LOG_LEVEL": "debug"})
    for worker in installation.workers.values():
        installation.wait("the worker to be ready",
                          lambda: "ready" in (scrape.get(worker, "/readyz") or ""))  # noqa: B023
        seen = [worker.log.read_text(), command_line(worker.process)]
        seen += [scrape.get(worker, path) for path in ("/metrics", "/healthz", "/readyz")]
        for text in seen:
            check_silent(worker.instance, text)
            assert password not in text, worker.instance
    cporctl.expect(0, cporctl.call(installation.env, "timers"))
    installation.stop_workers()


@pytest.fixture
def backup_script(install, tmp_path):
    """A function: runs one of deploy/backup/; returns what it said. With all that it called."""
    installation = install()
    calls, folder = tmp_path / "calls", tmp_path / "bin"
    folder.mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        (folder / name).write_text(f'#!/bin/sh\nprintf "%s\\n" {name} "$@" >>{calls}\n'
                                   f'exec {shutil.which(name)} "$@"\n')
        (folder / name).chmod(0o755)

    def run(is_good, name, **settings):
        env = {key: value for key, value in installation.env.items()
               if key != "CPOR_DATABASE_URL"}
        env |= {"PATH": f"{folder}:{env['PATH']}", **settings}
        result = subprocess.run([str(harness.ROOT / "deploy/backup" / name),
                                 str(tmp_path / "saved")], env=env, text=True, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert (result.returncode == 0) == is_good, f"{name} {settings}: {result.stdout}"
        return result.stdout
    run.installation, run.calls = installation, calls
    return run


def test_backup_and_restore_show_no_password(backup_script, tmp_path):
    """A right one, as a file and as a value, with each character as %XX; and each bad URL."""
    installation = backup_script.installation
    url = installation.env["TEST_OWNER_URL"]
    [password] = re.findall(":([0-9a-f]{16,})@", url)
    coded = url.replace(password, "".join(f"%{ord(letter):02x}" for letter in password))
    file, name = tmp_path / "url", installation.database + "_restored"
    file.write_text(f"{coded}\nwhat follows the first line is not read\n")
    said = backup_script(True, "backup", CPOR_DATABASE_URL_FILE=str(file))
    cporctl.execute(installation, f'create database "{name}"')
    try:
        restored = coded.rpartition("/")[0] + f"/{name}"
        said += backup_script(True, "restore", CPOR_DATABASE_URL=restored)
        assert "not empty" in backup_script(False, "restore", CPOR_DATABASE_URL=restored)
    finally:
        cporctl.execute(installation, f'drop database "{name}"')
    for case, bad in database_cases(url).items():
        for script in ("backup", "restore"):
            check_silent(case, backup_script(False, script, CPOR_DATABASE_URL=bad))
    assert "both" in backup_script(False, "backup", CPOR_DATABASE_URL=url,
                                   CPOR_DATABASE_URL_FILE=str(file))
    called = backup_script.calls.read_text()
    assert {"pg_dump", "pg_restore", "psql"} < set(called.splitlines())
    check_silent("a command line", called)
    assert password not in called + said and "%" not in called


@pytest.mark.parametrize("program", [*harness.SERVICES, "cporctl"])
def test_each_secret_may_come_from_a_file_and_help_shows_none(program):
    env = {"CPOR_DATABASE_URL": DATABASE, "CPOR_REDIS_URL": REDIS, "CPOR_SMTP_URL": MAIL,
           "CPOR_OPT_OUT_KEYS": KEY, "PATH": "/usr/bin:/bin"}
    words = ["man"] if program == "cporctl" else ["--help"]
    result = subprocess.run([str(harness.BIN / program), *words], env=env, text=True, check=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    check_silent(program, result.stdout)
    text = result.stdout.replace("\\-", "-").replace("\\&", "")
    names = set(re.findall(r"\bCPOR_[A-Z_]+\b", text))
    wanted = {name for name in names if SECRET_NAME.search(name)} - NO_SECRETS
    wanted = {name for name in wanted if not name.endswith("_FILE")}
    assert "CPOR_DATABASE_URL" in wanted
    missing = {name for name in wanted if f"{name}_FILE" not in text}
    assert not missing, f"{program}: {missing} cannot come from a file"
