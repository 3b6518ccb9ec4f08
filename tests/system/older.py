"""The binaries of an older release, built from this repository's history, kept by its hash."""

import fcntl
import shutil
import subprocess
import tempfile

import harness

# The release before the log's contract was changed.
RELEASE = "56d5855b7fefe4347f5b95ec73646224e75af3fd"
PROGRAMS = (*harness.SERVICES, "cporctl")


def git(*arguments):
    return subprocess.run(["git", "-C", str(harness.ROOT), *arguments], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def extract(commit, folder):
    found = git("archive", commit)
    assert found.returncode == 0, (
        f"commit {commit} is not in this clone: fetch the whole history (git fetch --unshallow)\n"
        f"{found.stderr.decode()}")
    subprocess.run(["tar", "-x", "-C", folder], input=found.stdout, check=True)


def build(folder):
    for command in (["cmake", "--preset", "release"],
                    ["cmake", "--build", "--preset", "release", "--target", *PROGRAMS]):
        result = subprocess.run(command, cwd=folder, text=True, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout[-4000:]}"


def binaries(commit=RELEASE):
    """The folder of its programs. Built once; two that ask at a time build it once."""
    releases = harness.ROOT / ".local/releases"
    releases.mkdir(parents=True, exist_ok=True)
    kept = releases / commit
    with (releases / f"{commit}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            harness.say(f"  building release {commit[:12]}")
            folder = tempfile.mkdtemp(dir=releases)
            try:
                extract(commit, folder)
                build(folder)
                shutil.move(folder, kept)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    return kept / "build/release/bin"
