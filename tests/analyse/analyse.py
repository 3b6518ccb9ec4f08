#!/usr/bin/python3
"""gcc -fanalyzer, clang-tidy and cppcheck over common/ and services/; exit 1 where one finds any.

    analyse.py [--only gcc|clang-tidy|cppcheck]... [PATH...]   all tools, all files if none is named

They see mistakes where there are none. Such a row of KNOWN names the file, the tool's check, the
very line and the reason; one that its tool does not report any more is a finding too.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release"
CLANG_TIDY_FILES = 6  # of one call
Found = collections.namedtuple("Found", "path line check message")

# (file, check, line of source, why it is no mistake)
CLEANUP = "the cleanup attribute frees it"
COUNTED = "counted by reference: only the last that leaves frees it"
BYTES = "bytes of a known size; the end is set, or not wanted"
MOVED = "it moved into the structure, which its owner frees"
FILLED = "filled wherever the call before it succeeded, and else it is not reached"
NOT_NULL = "not NULL where its size is above 0"
KNOWN = [
    ("common/claim/strict_json.c", "bugprone-not-null-terminated-result",
     'memcpy(text + i, "0.5", 3);', BYTES),
    ("common/claim/template.c", "analyzer-malloc-leak",
     "if (!node_add(parse, (Node){.text = rest, .size = literal_size}) ||", MOVED),
    ("common/claim/token.c", "clang-analyzer-unix.Malloc", "return false;", CLEANUP),
    ("common/claim/zone_load.c", "clang-analyzer-unix.Malloc",
     'return error_set(reterr, ERROR_FATAL, "read time zones in %s: out of memory", folder);',
     CLEANUP),
    ("common/runtime/config.c", "analyzer-malloc-leak", "return true;", MOVED),
    ("common/runtime/http.c", "clang-analyzer-core.CallAndMessage",
     "*ret_port = ntohs(bound.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&bound)"
     "->sin6_port", FILLED),
    ("common/runtime/kafka_append.c", "analyzer-double-free", "free(appending);", COUNTED),
    ("common/runtime/kafka_append.c", "clang-analyzer-unix.Malloc",
     "appending_fail(appending, code);", COUNTED),
    ("common/runtime/log.c", "bugprone-not-null-terminated-result",
     "memcpy(line + size, escape, escape_size);", BYTES),
    ("common/runtime/timer_index.c", "clang-analyzer-core.NullDereference",
     "else if (index->context->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK))",
     "a step that loses the context is the last"),
    ("common/runtime/timer_index.c", "clang-analyzer-core.NullDereference",
     'snprintf(index->scripts[i], sizeof index->scripts[i], "%s", reply->str);', FILLED),
    ("common/runtime/timer_index.c", "clang-analyzer-core.NullDereference",
     'const bool named = redis_info_read(reply->str, "run_id", index->run_id,'
     ' sizeof index->run_id);', FILLED),
    ("common/store/store_kept.c", "bugprone-not-null-terminated-result",
     "memcpy(text, prefix, start);", BYTES),
    ("services/cporctl/calendars.c", "clang-analyzer-core.CallAndMessage",
     "const Calendar *calendar = calendar_find(set, span->country);", FILLED),
    ("services/cporctl/dlq_replay.c", "clang-analyzer-core.NonNullParamChecker",
     "memcpy(*bytes + *size + sizeof mark, part, part_size);", NOT_NULL),
    ("services/cporctl/document_file.c", "analyzer-file-leak", "free(file);", "it was closed"),
    ("services/cporctl/document_file.c", "analyzer-malloc-leak", "free(file);", "it was freed"),
    ("services/cporctl/explain_deadline.c", "clang-analyzer-core.CallAndMessage",
     "const Calendar *calendar = calendar_resolve(set, question->country, NULL, default_country);",
     FILLED),
    ("services/cporctl/setup.c", "clang-analyzer-core.uninitialized.Branch", "if (!is_new[i])",
     "the list has as many topics as before"),
    ("services/cporctl/sql_file.c", "resourceLeak",
     "return error_set(&session->error, ERROR_FATAL,", CLEANUP),
    ("services/cporctl/sql_file.c", "resourceLeak", "return true;", CLEANUP),
]

GCC_LINE = re.compile(r"^(\S+?):(\d+):\d+: warning: (.*) \[-W(analyzer-[\w-]+)\]$", re.M)
TIDY_LINE = re.compile(r"^(\S+?):(\d+):\d+: (?:warning|error): (.*) \[([\w.-]+)[\],]", re.M)
CPPCHECK_LINE = re.compile(r"^(\S+?):(\d+): (\w+: .*) \[(\w+)\]$", re.M)


def run(command, folder=ROOT):
    return subprocess.run(command, cwd=folder, check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


def findings(pattern, output):
    for path, line, message, check in pattern.findall(output):
        path = os.path.relpath(ROOT / path, ROOT)
        if path.startswith(("common/", "services/")):
            yield Found(path, int(line), check, message)


def failed(tool, result):
    sys.exit(f"{tool} failed with {result.returncode}:\n{result.stdout[-2000:]}")


def gcc(entry):
    """The compiler's own command, with the analysis instead of an object."""
    command = shlex.split(entry["command"])
    command[command.index("-o") + 1] = "/dev/null"
    result = run([*command, "-fanalyzer", "-Wno-error"], entry["directory"])
    if result.returncode:
        failed("gcc", result)
    return findings(GCC_LINE, result.stdout)


def clang_tidy(paths):
    result = run(["clang-tidy", "--quiet", "-p", str(BUILD), *paths])
    # 1: there are findings; but also where it cannot read a file, and then there are none.
    found = list(findings(TIDY_LINE, result.stdout))
    if result.returncode and not found:
        failed("clang-tidy", result)
    return found


def cppcheck(paths):
    # readdir_r is deprecated: glibc's readdir is safe as long as each has a directory of its own.
    result = run(["cppcheck", "--quiet", "-I", "common", "--std=c11", "--library=posix",
                  "--enable=warning,performance,portability", "--suppress=readdirCalled",
                  "--template={file}:{line}: {severity}: {message} [{id}]", *paths])
    if result.returncode:
        failed("cppcheck", result)
    return findings(CPPCHECK_LINE, result.stdout)


def jobs(tools, entries):
    """(tool, function, argument) of all calls, the long ones first."""
    paths = [entry["file"] for entry in entries]
    if "cppcheck" in tools:
        yield "cppcheck", cppcheck, [os.path.relpath(path, ROOT) for path in paths]
    for first in range(0, len(paths) if "clang-tidy" in tools else 0, CLANG_TIDY_FILES):
        yield "clang-tidy", clang_tidy, paths[first:first + CLANG_TIDY_FILES]
    for entry in entries if "gcc" in tools else []:
        yield "gcc", gcc, entry


def source_line(found):
    return (ROOT / found.path).read_text().split("\n")[found.line - 1].strip()


def tool_of(check):
    if check.startswith("analyzer-"):
        return "gcc"
    # A group and a name; cppcheck's are one word.
    return "clang-tidy" if "-" in check else "cppcheck"


def judge(found, tools, paths):
    """Prints what is not known, and what is known but is not there. Returns how many."""
    known = {(path, check, line) for path, check, line, _ in KNOWN}
    rows = {each: (each.path, each.check, source_line(each)) for each in found}
    fresh = sorted(each for each in rows if rows[each] not in known)
    for each in fresh:
        print(f"{each.path}:{each.line}: {each.message} [{each.check}]")
    expected = set() if paths else {row for row in known if tool_of(row[1]) in tools}
    stale = sorted(expected - set(rows.values()))
    for path, check, line in stale:
        print(f"{path}: is in KNOWN, but nothing finds it [{check}]: {line}")
    return len(fresh) + len(stale)


def main():
    tools = ("gcc", "clang-tidy", "cppcheck")
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", choices=tools)
    parser.add_argument("paths", nargs="*")
    arguments = parser.parse_args()
    chosen = arguments.only or tools
    entries = [entry for entry in json.loads((BUILD / "compile_commands.json").read_text())
               if os.path.relpath(entry["file"], ROOT).startswith(("common/", "services/"))
               and (not arguments.paths or os.path.relpath(entry["file"], ROOT) in arguments.paths)]
    begin_s, found = time.monotonic(), set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        calls = [pool.submit(function, argument) for _, function, argument in jobs(chosen, entries)]
        for call in calls:
            found.update(call.result())
    count = judge(found, chosen, arguments.paths)
    print(f"{', '.join(chosen)}: {len(entries)} files, {len(KNOWN)} known false alarms, {count} "
          f"findings, {time.monotonic() - begin_s:.0f} s")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
