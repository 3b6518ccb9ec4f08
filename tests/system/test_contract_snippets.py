"""The snippets of PUBLISHERS.md and SUBSCRIBERS.md, run as they stand on the page."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import warnings

import pytest

import contract
import harness
import signing
from words import instant_ms

START = instant_ms("2026-11-02T02:00:00.000Z")
LANGUAGES = ("sh", "python", "java", "go")
PROGRAMS = {"sh": ["kcat"], "python": [sys.executable], "java": ["java", "javac"],
            "go": ["go", "gofmt"]}
GO_VERSION_MIN = (1, 22)
GO_MODULE = "github.com/twmb/franz-go/pkg/kgo@v1.18.0"
FETCH_S, BUILD_S, RUN_S = 60, 600, 90


def snippet(page, language):
    """The one fenced block of this language."""
    text = (contract.FOLDER / page).read_text(encoding="utf-8")
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", text, re.S | re.M)
    return found


def not_run(page, language, why):
    """kcat and Python must be there; of the others it is said that they are not."""
    assert language not in ("sh", "python"), f"{why}: install it (deploy/packages.txt)"
    warnings.warn(f"NOT RUN: {page} in {language}: {why}")  # pytest shows these at the end


def call(command, folder, seconds):
    return subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
                          timeout=seconds)


def go_module_is_here(folder):
    """The Kafka module from this machine's settings or its cache; False when it cannot be had."""
    (folder / "go.mod").write_text("module snippet\n\ngo 1.22\n")
    try:
        result = call(["go", "get", GO_MODULE], folder, FETCH_S)
    except subprocess.TimeoutExpired:
        return False
    return result.returncode == 0


def prepare_go(page, text, folder):
    (folder / "main.go").write_text(text)
    check = call(["gofmt", "-e", "-l", "main.go"], folder, RUN_S)
    assert (check.returncode, check.stdout) == (0, ""), f"{page}: gofmt:\n{check.stdout}"
    version = re.search(r"go(\d+)\.(\d+)", call(["go", "version"], folder, RUN_S).stdout)
    if version is None or tuple(map(int, version.groups())) < GO_VERSION_MIN:
        not_run(page, "go", f"it is older than {GO_VERSION_MIN}; the syntax is right")
        return None
    if not go_module_is_here(folder):
        not_run(page, "go", f"{GO_MODULE} cannot be fetched; its syntax is right")
        return None
    result = call(["go", "build", "-o", "program", "."], folder, BUILD_S)
    assert result.returncode == 0, f"{page}: go build:\n{result.stdout}"
    return [str(folder / "program")]


def prepare(page, language, folder):
    """The command that runs the page's snippet; None when its language is not at hand."""
    text = snippet(page, language)
    missing = [program for program in PROGRAMS[language] if shutil.which(program) is None]
    if missing:
        not_run(page, language, f"{' and '.join(missing)} missing")
        return None
    if language == "sh":
        (folder / "snippet.sh").write_text(text)
        return ["sh", "-eu", str(folder / "snippet.sh")]
    if language == "python":
        (folder / "snippet.py").write_text(text)
        return [sys.executable, str(folder / "snippet.py")]
    if language == "java":
        name = re.search(r"public class (\w+)", text)[1]
        (folder / f"{name}.java").write_text(text)
        return ["java", "-Xmx128m", "-XX:+UseSerialGC", "-cp",
                str(harness.ROOT / ".local/kafka/libs/*"), str(folder / f"{name}.java")]
    return prepare_go(page, text, folder)


def commands(page, folder):
    """{language: command} of those at hand."""
    found = {}
    for language in LANGUAGES:
        place = folder / f"{page}-{language}"
        place.mkdir()
        found[language] = prepare(page, language, place)
    return {language: command for language, command in found.items() if command}


def publish_examples(installation):
    records = {name: [contract.read_json(f"examples/{file}")
                      for file, of in contract.example_files().items() if of == name]
               for name in ("cpor.partner", "cpor.tenant")}
    installation.publish_reference(records["cpor.partner"], records["cpor.tenant"])


def test_publishers(install, tmp_path):
    installation = install(start_at_ms=START)
    installation.start_workers()
    publish_examples(installation)
    board = harness.StatusBoard(installation)
    claim = contract.read_json("examples/claim-m365.json")
    tenant_id = claim["customer"]["tenant_id"]
    found = commands("PUBLISHERS.md", tmp_path)
    for language, command in found.items():
        document = {**claim, "claim_id": f"C-{language}"}
        document["customer"] = {**claim["customer"], "tenant_id": tenant_id.upper()}
        file = tmp_path / f"{language}.json"
        file.write_text(json.dumps(document, indent=2, ensure_ascii=False))
        result = subprocess.run([*command, str(file)], env=installation.env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                                timeout=RUN_S)
        assert result.returncode == 0, f"{language}:\n{result.stdout}"
        board.wait_seen((tenant_id, f"C-{language}"), "SUBMITTED")
    board.close()
    # the reference: where librdkafka's murmur2_random puts the same key
    installation.publish("claim-submission", "cpor.claim.submitted.v1",
                         {**claim, "claim_id": "C-reference"})
    installation.flush()
    records = [record for record in installation.read("claim-submission")
               if record.header("ce_type") == "cpor.claim.submitted.v1"]
    assert {record.key for record in records} == {tenant_id.encode()}
    assert len({record.partition for record in records}) == 1, "another partitioner"
    assert len(records) == len(found) + 1
    for record in records:
        headers = {name: value.decode() for name, value in record.headers}
        assert contract.violations("common#event_headers", headers) == []
    assert installation.read("dead-letter") == []


def test_signing(tmp_path):
    """Each gives the signature that the workers' own tests know; bytes are counted, not letters."""
    value = tmp_path / "value.json"
    value.write_text('{"a":"é"}', encoding="utf-8")
    key = "r1:reviewer:a-secret:with-a-colon-in-it"
    parts = ["cpor.claim-submission", "cpor.claim.reviewed.v1", "/büro", "r-1", "tenant"]
    headers = [(f"ce_{name}", text.encode())
               for name, text in zip(("type", "source", "id"), parts[1:4])]
    wanted = signing.sign(key, parts[0], headers, parts[4], value.read_bytes())
    bare = signing.sign(key, "cpor.partner", [], "", value.read_bytes())
    for language, command in commands("SIGNING.md", tmp_path).items():
        for given, expected in ((parts, wanted), (["cpor.partner", "", "", "", ""], bare)):
            result = subprocess.run([*command, *given, str(value)], text=True, check=False,
                                    env={**os.environ, "CPOR_EVENT_KEY": key}, timeout=RUN_S,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            assert (result.returncode, result.stdout.strip()) == (0, expected), language


def lines_of(installation):
    """What a subscriber prints of each event on association-official, in no order."""
    return sorted([record.header("ce_type"), data["tenant_id"], data["slot"], data["mpn_id"]]
                  for record in installation.read("association-official")
                  for data in [record.json])


def seen_by(language, output):
    """The same of what a snippet has printed so far; whole lines only."""
    found = []
    for line in output[:output.rfind("\n") + 1].splitlines():
        if language == "sh":
            headers, _, value = line.partition(" {")
            data = json.loads("{" + value)
            found.append([re.search(r"ce_type=([^,]+)", headers)[1], data["tenant_id"],
                          data["slot"], data["mpn_id"]])
        elif line.startswith("cpor."):
            found.append(line.split()[:4])
    return sorted(found)


def run_until(language, command, env, file, wanted):
    """Runs it until it has printed what is wanted, or too long."""
    with file.open("wb") as output:
        process = subprocess.Popen(command, env=env, stdout=output, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        give_up = time.monotonic() + RUN_S
        while seen_by(language, file.read_text()) != wanted:
            assert process.poll() is None and time.monotonic() < give_up, \
                f"{language}: expected {wanted}, printed:\n{file.read_text()[:3000]}"
            time.sleep(0.1)
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def test_subscribers(install, tmp_path):
    """Two slots, one of which a challenger takes: official three times, ended once."""
    installation = install(start_at_ms=START)
    installation.start_workers()
    publish_examples(installation)
    for file, at in (("claim-m365", "2026-12-08T02:00:00.000Z"),
                     ("claim-m365-challenger", "2026-12-21T02:00:00.000Z")):
        installation.publish("claim-submission", "cpor.claim.submitted.v1",
                             contract.read_json(f"examples/{file}.json"))
        installation.flush()
        installation.jump(instant_ms(at))
    wanted = lines_of(installation)
    assert [line[0].split(".")[2] for line in wanted] == ["ended"] + ["official"] * 3
    for language, command in commands("SUBSCRIBERS.md", tmp_path).items():
        run_until(language, command, installation.env, tmp_path / f"{language}.out", wanted)
    holders = (tmp_path / "python.out").read_text().splitlines()[-1]
    assert holders.endswith(" 2 slots are held"), holders


@pytest.mark.parametrize("page", ["PUBLISHERS.md", "SIGNING.md", "SUBSCRIBERS.md"])
def test_page_is_short(page):
    assert len((contract.FOLDER / page).read_text().splitlines()) <= 120
