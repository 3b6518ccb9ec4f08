#!/usr/bin/env python3
"""What a test run left: told for whoever wants to look at it, and ended.

    tests/system/leftovers.py NAME     ends the workers and servers of stack NAME and of NAME-*,
                                       and removes their data
"""

import os
import pathlib
import shlex
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
TOOLS = ROOT / "build/release/bin"
sys.path.append(str(ROOT / "deploy/local"))

import process  # noqa: E402  (of the local stack)


def record(stack, started):
    """So that a run that is killed leaves no worker that nobody knows."""
    folder = pathlib.Path(stack.env["CPOR_STACK_DIR"]) / "workers"
    folder.mkdir(exist_ok=True)
    identity = process.identity_of(started.pid)
    if identity:  # else it has ended already
        (folder / str(started.pid)).write_text(identity)


def end_workers(folder):
    for file in folder.glob("workers/*"):
        pid = int(file.name)
        if process.identity_of(pid) == file.read_text():
            process.send(pid, signal.SIGKILL)


def end(name):
    """The processes that run beside each other have stacks NAME-gw0, NAME-gw1, …"""
    for folder in sorted({LOCAL / name, *LOCAL.glob(f"{name}-*")}):
        end_workers(folder)
        if folder.is_dir():
            subprocess.run([str(ROOT / "deploy/local/stack"), "clean", "--name", folder.name],
                           check=False, stdout=subprocess.DEVNULL)
        if folder.suffix == "":
            (LOCAL / f"{folder.name}.lock").unlink(missing_ok=True)


def exports(env):
    """Of what this test set, and the tools' place; not what pytest sets for itself."""
    own = {name: value for name, value in sorted(env.items())
           if name.startswith(("CPOR_", "TEST_")) or os.environ.get(name) != value}
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in own.items()]
    return "".join(lines) + f"export PATH={shlex.quote(str(TOOLS))}:\"$PATH\"\n"


def keep(installation):
    """Writes what a shell needs to go on by hand, and how, for what told() says at the end."""
    file = installation.folder / "env"
    file.write_text(exports(installation.env))
    lines = [f"kept: {installation.name}, with its logs in {installation.folder}",
             f"  source {file}   # for cporctl, psql $CPOR_DATABASE_URL, kcat, redis-cli"]
    for worker in installation.workers.values():
        own = installation.folder / f"{worker.instance}.env"
        own.write_text(exports(worker.env()))
        runs = worker.process is not None and worker.process.poll() is None
        state = f"gdb -p {worker.process.pid}" if runs else "has ended"
        lines.append(f"  {worker.instance}: {state}; by hand: (source {own}; "
                     f"gdb --args {installation.binaries / worker.service})")
    with (pathlib.Path(installation.stack.env["CPOR_STACK_DIR"]) / "kept").open("a") as kept:
        kept.write("\n".join(lines) + "\n")


def told(name):
    """Of the stacks NAME and NAME-*: what is kept, and how it is ended."""
    texts = [file.read_text() for folder in (LOCAL / name, *LOCAL.glob(f"{name}-*"))
             for file in folder.glob("kept")]
    return "".join(texts) + f"  to end all of it: {ROOT}/tests/system/leftovers.py {name}"


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    end(sys.argv[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
