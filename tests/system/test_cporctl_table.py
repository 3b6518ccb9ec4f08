"""What holds for every command of the operator's tool: help, exit codes, one clear line, completion
and manual made from the same table."""

import os
import re
import subprocess

import pytest

import harness
from cporctl import call, expect
from test_cporctl import terminal_output

MAIN = (harness.ROOT / "services/cporctl/main.c").read_text()
# What prints no answer of its own, but a text for a shell.
WITHOUT_JSON = {"completion bash", "man"}


def commands_of_main():
    table = MAIN[MAIN.index("static const Command commands[]"):]
    return re.findall(r'^    \{"([a-z -]+)",', table, re.M)


COMMANDS = commands_of_main()


def help_of(command):
    return expect(0, call(os.environ, *command.split(), "--help"))


def options_of(command):
    """{option: the name of its value, or None}, as --help tells them."""
    text = help_of(command).split("\nOptions:\n")[1].split("\n\n")[0]
    lines = re.finditer(r"^  (--[a-z-]+) ([A-Z][A-Z-]*)?", text, re.M)
    return {line[1]: line[2] for line in lines}


def test_the_table_is_the_help():
    assert len(COMMANDS) >= 15 and len(set(COMMANDS)) == len(COMMANDS)
    general = expect(0, call(os.environ, "--help"))
    listed = general.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    assert [line[2:21].strip() for line in listed] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command):
    text = help_of(command)
    assert text.startswith(f"cporctl {command} - ")
    for part in ("Usage: cporctl " + command, "Examples:\n", f"  cporctl {command}", "Options:\n",
                 "Settings, from the environment:\n", "Exit codes: 0 ", "--help"):
        if part.startswith("  ") and command == "completion bash":
            part = "cporctl completion bash"
        assert part in text
    assert max(len(line) for line in text.splitlines() if not line.startswith("Usage:")) <= 120
    env = {**os.environ, "NO_COLOR": "1"}
    assert "\033" not in terminal_output(env, *command.split(), "--help")
    options = options_of(command)
    assert ("--json" in options) != (command in WITHOUT_JSON)
    usage = re.search(r"^Usage: (.*)$", text, re.M)[1]
    for option in set(options) - {"--help"}:
        assert option in usage, f"{option} is not in the usage of {command}"


@pytest.mark.parametrize("command", COMMANDS)
def test_bad_arguments(command):
    calls = [("--frobnicate",)]
    if command != "submit":  # of any number of files
        calls.append(("one", "two", "three", "four"))
    for option, value in options_of(command).items():
        if value is not None:
            calls.append((option,))
            calls.append((option, ""))
        elif option != "--help":
            calls.append((option + "=1",))
            calls.append((option, option))
    for arguments in calls:
        error = expect(2, call(os.environ, *command.split(), *arguments))
        assert error.startswith(f"cporctl {command}: ") and error.count("\n") == 1, error
        assert f"try cporctl {command} --help" in error


@pytest.mark.parametrize("command", COMMANDS)
def test_bad_setting(command):
    error = expect(1, call({**os.environ, "CPOR_LOG_LEVEL": "loud"}, *command.split(),
                           *smallest_call(command)))
    assert error.startswith(f"cporctl {command}: ") and error.count("\n") == 1, error


def smallest_call(command):
    """What is enough to get past the reading of words."""
    usage = re.search(r"^Usage: (.*)$", help_of(command), re.M)[1]
    wanted = re.sub(r"\(.*\)", "", usage)
    return ["C-1"] if wanted.endswith("FILE…") or " CLAIM_ID" in wanted else []


# ---- completion, as bash does it

def complete(*words):
    """What is offered for the last word."""
    script = ('source <("$1" completion bash); shift; COMP_WORDS=(cporctl "$@"); COMP_CWORD=$#; '
              '_cporctl; printf "%s\\n" "${COMPREPLY[@]}"')
    result = subprocess.run(["bash", "-uc", script, "bash", harness.BIN / "cporctl", *words],
                            text=True, capture_output=True, check=False)
    assert result.returncode == 0 and result.stderr == "", result.stderr
    return set(result.stdout.split())


def test_completion_of_commands():
    assert complete("") == {name.split()[0] for name in COMMANDS} | {"--help", "--version"}
    assert complete("ca") == {"calendar"}
    assert complete("calendar", "") == {"list", "deadlines"}
    assert complete("calendar", "l") == {"list"}


@pytest.mark.parametrize("command", COMMANDS)
def test_completion_of_options(command):
    options = options_of(command)
    assert complete(*command.split(), "--") == set(options)
    for option, value in options.items():
        if value is not None:
            assert complete(*command.split(), option, "") == set()


# ---- manual

def test_manual():
    text = expect(0, call(os.environ, "man"))
    plain = text.replace("\\-", "-")
    for command in COMMANDS:
        section = plain.split(f"\n.SS cporctl {command} ")[1].split("\n.SS ")[0]
        for option in set(options_of(command)) - {"--help"}:
            assert f"\n.B {option}" in section, f"{option} of {command}"
    assert not re.search(r"^'", plain, re.M)
    assert {line.split()[0] for line in text.splitlines() if line.startswith(".")} <= {
        ".TH", ".SH", ".SS", ".TP", ".B", ".PP", ".nf", ".fi"}
    settings = set(re.findall(r"CPOR_[A-Z_]+", "".join(
        help_of(command).split("Settings,")[1] for command in COMMANDS)))
    assert settings <= set(re.findall(r"CPOR_[A-Z_]+", plain.split(".SH ENVIRONMENT")[1]))

