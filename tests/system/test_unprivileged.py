"""The workers as nobody, without a capability, in a root folder that cannot be written: as in the
image and in the units, and stricter, for there is not even a /tmp."""

import os
import pathlib
import urllib.request

import documents
import harness
from cporctl import call, expect
from words import DAY_MS, instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)

# The process stays the same through all of it: the test's signals reach the worker itself. Who is
# not root gets a namespace in which to mount, and is its own nobody.
INTO_A_ROOT = r"""#!/bin/sh
exec unshare {namespace} --mount --propagation private sh -euc '
    cd "$1"
    mount -t tmpfs -o mode=755 none .
    cd "$1"
    mkdir usr etc proc dev deploy programs
    for name in bin lib lib64; do
        if [ -L "/$name" ]; then cp -d "/$name" .; fi
    done
    for pair in /usr=usr /etc=etc "$2=deploy" "$3=programs"; do
        mount --bind "${{pair%=*}}" "${{pair#*=}}"
        mount -o remount,bind,ro,nosuid,nodev "${{pair#*=}}"
    done
    touch dev/null dev/urandom
    for name in null urandom; do mount --bind "/dev/$name" "dev/$name"; done
    mount --rbind /proc proc
    mount -o remount,ro .
    export CPOR_SHARE_DIR=/deploy
    exec chroot . setpriv {identity} --inh-caps=-all --bounding-set=-all --no-new-privs \
        "/programs/$4"
' sh {root} {deploy} {programs} {service}
"""


def write_programs(folder):
    """A folder of programs with the workers' names, each of which shuts its worker in."""
    (folder / "root").mkdir()
    (folder / "programs").mkdir()
    is_root = os.getuid() == 0
    for service in harness.SERVICES:
        program = folder / "programs" / service
        program.write_text(INTO_A_ROOT.format(
            namespace="" if is_root else "--user --map-root-user",
            identity="--reuid=65534 --regid=65534 --clear-groups" if is_root else "",
            root=folder / "root", deploy=harness.ROOT / "deploy", programs=harness.BIN,
            service=service))
        program.chmod(0o755)
    return folder / "programs"


def check_shut_in(process, service):
    folder = pathlib.Path(f"/proc/{process.pid}")
    status = dict(line.split(":\t") for line in (folder / "status").read_text().splitlines()
                  if ":\t" in line)
    assert status["Name"] == service[:15]
    assert status["Uid"].split()[0] == ("65534" if os.getuid() == 0 else str(os.getuid()))
    assert status["NoNewPrivs"] == "1"
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh")} == {0}
    mounts = [line.split() for line in (folder / "mountinfo").read_text().splitlines()]
    writable = [mount[4] for mount in mounts if "ro" not in mount[5].split(",")
                and not mount[4].startswith(("/proc", "/dev/"))]
    assert mounts and not writable, f"{service} may write to {writable}"


def get(worker, path):
    port = next(line.partition("port=")[2].split()[0]
                for line in worker.log.read_text().splitlines() if " port=" in line)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.status


def test_nobody_in_a_read_only_root(install, tmp_path):
    """A claim's whole way to official, with notice; then files read anew, and a clean end."""
    installation = install(start_at_ms=START, binaries=write_programs(tmp_path), settings={
        "CPOR_AUDIT_SETTLE_MS": "600"})
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    document = documents.claim("C-1", TENANT, "2026-04-01", ["TEAMS", "YAMMER"])
    installation.publish("claim-submission", "cpor.claim.submitted.v1", document)
    installation.flush()
    installation.wait_settled()
    for worker in installation.workers.values():
        check_shut_in(worker.process, worker.service)
        assert get(worker, "/healthz") == get(worker, "/metrics") == 200
    installation.jump(START + 20 * DAY_MS)
    assert installation.query("select status from claims") == [("OFFICIAL",)]
    assert len(installation.mails()) == 1
    expect(0, call(installation.env, "audit"))
    installation.stop_workers()
    assert not list((tmp_path / "root").iterdir())
