"""What starts the workers outside of the tests: systemd units, Kubernetes manifests, compose. Each
is well-formed by its own judge, names settings that there are, and gives no right away."""

import json
import pathlib
import re
import shutil
import subprocess

import jsonschema
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORKERS = ("claim-submission", "claim-validation", "customer-notification", "opt-out-expiry")
UNITS = {worker: ROOT / f"deploy/systemd/cpor-{worker}@.service" for worker in WORKERS}
EXPOSURE_MAX = 15  # of 100, in tenths as systemd-analyze prints it
MANIFESTS = [(path.name, document) for path in sorted(ROOT.glob("deploy/kubernetes/*.yaml"))
             for document in yaml.safe_load_all(path.read_text())]
SCHEMA = json.loads((ROOT / "tests/unit/kubernetes.schema.json").read_text())
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def settings():
    """The names of all settings; a secret may also come in a file."""
    names = set()
    for path in (*ROOT.glob("common/*/*.[ch]"), *ROOT.glob("services/*/*.[ch]")):
        for name, kind in re.findall(r'\{"(CPOR_\w+)",[^{}]*?CONFIG_(\w+)', path.read_text()):
            names |= {name, f"{name}_FILE"} if kind == "SECRET" else {name}
    return names


# ---- systemd

@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """A root folder in which the workers are installed, as far as systemd can see."""
    root = tmp_path_factory.mktemp("root")
    for folder in ("usr/bin", "etc/systemd/system", "etc/cpor"):
        (root / folder).mkdir(parents=True)
    for worker, unit in UNITS.items():
        (root / "usr/bin" / worker).write_text("#!/bin/sh\n")
        (root / "usr/bin" / worker).chmod(0o755)
        shutil.copy(unit, root / "etc/systemd/system")
    for target in ("basic", "multi-user", "network-online", "shutdown", "sysinit"):
        (root / f"etc/systemd/system/{target}.target").write_text("[Unit]\nDescription=x\n")
    return root


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.parametrize("worker", WORKERS)
def test_a_unit_is_understood(system, worker):
    said = analyze("verify", f"--root={system}", "--man=no", f"cpor-{worker}@1.service")
    mine = [line for line in said.stdout.splitlines() if "cpor-" in line]
    assert said.returncode == 0 and not mine, said.stdout


@pytest.mark.parametrize("worker", WORKERS)
def test_a_unit_has_no_more_rights_than_it_needs(worker):
    said = analyze("security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE_MAX}",
                   str(UNITS[worker]))
    assert said.returncode == 0, said.stdout


def test_units_differ_in_names_and_secrets_alone():
    texts = {UNITS[worker].read_text().replace(worker, "WORKER") for worker in WORKERS}
    secret = re.compile(r"^(LoadCredential=|Environment=CPOR_\w+_FILE=%d/).*\n", re.M)
    assert len({secret.sub("", text) for text in texts}) == 1
    for text in texts:
        given = set(re.findall(r"^LoadCredential=([\w.-]+):", text, re.M))
        assert given == set(re.findall(r"%d/([\w.-]+)", text)) >= {"database-url", "redis-url"}


# ---- Kubernetes

@pytest.mark.parametrize("name,document", MANIFESTS, ids=[
    f"{name}-{document['kind']}" for name, document in MANIFESTS])
def test_a_manifest_fits_the_schema(name, document):
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft7Validator(SCHEMA)
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    assert error is None, f"{name}: {error.json_path}: {error.message}"


def stateful_sets():
    return {document["metadata"]["name"]: document["spec"] for _, document in MANIFESTS
            if document["kind"] == "StatefulSet"}


def test_every_worker_has_its_set_probes_and_secrets():
    assert set(stateful_sets()) == set(WORKERS)
    for worker, spec in stateful_sets().items():
        pod = spec["template"]["spec"]
        [container] = pod["containers"]
        assert container["command"] == [worker] and spec["serviceName"] == worker
        assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
        env = {row["name"]: row.get("value") for row in container["env"]}
        assert {"name": "CPOR_INSTANCE",
                "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}} in container["env"]
        files = {value for value in env.values() if value}
        assert all(value.startswith("/etc/cpor/secrets/") for value in files)
        unit = UNITS[worker].read_text()
        assert {value.rpartition("/")[2] for value in files} == \
            set(re.findall(r"^LoadCredential=([\w.-]+):", unit, re.M))
        assert spec["selector"]["matchLabels"].items() <= \
            spec["template"]["metadata"]["labels"].items()


def test_every_service_finds_its_pods():
    pods = {name: spec["template"] for name, spec in stateful_sets().items()}
    services = [document for _, document in MANIFESTS if document["kind"] == "Service"]
    assert set(WORKERS) < {document["metadata"]["name"] for document in services}
    for document in services:
        [pod] = [pod for pod in pods.values() if document["spec"]["selector"].items()
                 <= pod["metadata"]["labels"].items()]
        ports = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in document["spec"]["ports"]} <= ports


def test_the_disruption_budget_counts_the_workers_and_nobody_else():
    [budget] = [document["spec"] for _, document in MANIFESTS
                if document["kind"] == "PodDisruptionBudget"]
    taken = {document["metadata"]["name"] for _, document in MANIFESTS
             if "template" in document.get("spec", {}) and
             budget["selector"]["matchLabels"].items()
             <= document["spec"]["template"]["metadata"]["labels"].items()}
    assert taken == set(WORKERS)


def test_a_misspelt_member_is_refused():
    for _, document in MANIFESTS:
        document = {**document, "metadata": {**document["metadata"], "lables": {}}}
        assert not jsonschema.Draft7Validator(SCHEMA).is_valid(document)


# ---- compose, and what all have in common

def test_compose_gives_no_rights_away():
    ours = {name: service for name, service in COMPOSE["services"].items()
            if service["image"].startswith("cpor-claims")}
    assert set(ours) == {*WORKERS, "setup"}
    for name, service in ours.items():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert service["user"] == "10001:10001" and not service.get("privileged"), name
        assert not service.get("volumes") and not service.get("cap_add"), name
    for name, service in COMPOSE["services"].items():
        assert service["security_opt"] == ["no-new-privileges:true"] and service["mem_limit"], name
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text()
    assert re.findall(r"^USER (.*)$", dockerfile, re.M) == ["10001:10001"]


def test_the_settings_that_are_named_exist():
    known = settings()
    assert {"CPOR_INSTANCE", "CPOR_DATABASE_URL_FILE", "CPOR_OPT_OUT_KEYS_FILE"} <= known
    named = set()
    for path in (*UNITS.values(), *ROOT.glob("deploy/kubernetes/*.yaml")):
        named |= set(re.findall(r"\bCPOR_\w+", path.read_text()))
    for service in COMPOSE["services"].values():
        named |= {name for name in service.get("environment", {}) if name.startswith("CPOR_")}
    assert named <= known, f"no such settings: {sorted(named - known)}"


def test_all_give_a_worker_the_same_memory():
    limits = {UNITS[worker].read_text().count("\nMemoryMax=256M\n") for worker in WORKERS}
    assert limits == {1}
    assert {spec["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
            for spec in stateful_sets().values()} == {"256Mi"}
    assert {COMPOSE["services"][worker]["mem_limit"] for worker in WORKERS} == {"256m"}
