"""What the release build is protected by, as readelf sees it in the programs themselves."""

import os
import re
import subprocess

import pytest

import harness

PROGRAMS = (*harness.SERVICES, "cporctl")
# x86 has marks for the targets of indirect jumps; elsewhere the compiler has no such flag.
FLAGS = ["-fPIE", "-fstack-protector-strong", "-fstack-clash-protection",
         *(["-fcf-protection=full"] if os.uname().machine == "x86_64" else [])]


def readelf(program, *options):
    return subprocess.run(["readelf", "--wide", *options, str(harness.BIN / program)], check=True,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_how_it_is_loaded(program):
    """At a random address, its tables read-only before main, nothing writable that is executable,
    and its libraries from nowhere but the system's folders."""
    head = readelf(program, "--file-header", "--segments", "--dynamic")
    assert re.search(r"Type: +DYN", head) and re.search(r"\(FLAGS_1\).*\bPIE\b", head)
    assert "GNU_RELRO" in head and re.search(r"\(FLAGS_1\).*\bNOW\b", head)
    assert re.search(r"GNU_STACK.* RW +0x", head)
    loads = re.findall(r"^ +LOAD(?: +0x\w+){5} ([RWE ]{3}) ", head, re.M)
    assert {"R E", "RW "} <= set(loads) and not any({"W", "E"} <= set(load) for load in loads)
    assert "TEXTREL" not in head and "RPATH" not in head and "RUNPATH" not in head


@pytest.mark.parametrize("program", PROGRAMS)
def test_how_it_was_compiled(program):
    """Every file of ours with every flag; the checking variants of libc's functions are called."""
    info = readelf(program, "--debug-dump=info", "--dwarf-depth=1")
    producers = re.findall(r"DW_AT_producer .*: (GNU C.*)", info)
    paths = re.findall(r"DW_AT_name .*: .*/((?:common|services)/.*\.c)", info)
    assert len(producers) == len(paths) > 30
    for producer, path in zip(producers, paths):
        assert set(FLAGS) <= set(producer.split()), f"{path}: {producer}"
    called = set(re.findall(r" UND (\w+)@", readelf(program, "--dyn-syms")))
    assert {"__stack_chk_fail", "__memcpy_chk", "__snprintf_chk"} <= called
    assert not {"gets", "sprintf", "strcpy", "strcat"} & called
