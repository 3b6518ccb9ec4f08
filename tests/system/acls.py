"""Applies what deploy/security/kafka-acls prints: Debian carries the library, not that tool."""

import itertools
import shlex
import socket
import struct
import subprocess

import harness

SCRIPT = harness.ROOT / "deploy/security/kafka-acls"
# The protocol's numbers.
RESOURCES = {"--topic": 2, "--group": 3, "--transactional-id": 5}
PATTERNS = {"literal": 3, "prefixed": 4}
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Delete": 6, "Alter": 7, "Describe": 8,
              "DescribeConfigs": 10, "AlterConfigs": 11, "IdempotentWrite": 12}
ALLOW, CREATE_ACLS = 3, 30


def script(*arguments):
    return subprocess.run([str(SCRIPT), *arguments], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)


def rights(*arguments):
    """{(principal, kind, name, pattern, operation)} of the script's commands."""
    result = script(*arguments, "--print")
    assert result.returncode == 0, result.stderr
    found = set()
    for line in result.stdout.splitlines():
        tool, action, *words = shlex.split(line)
        assert (tool, action) == ("kafka-acls", "--add"), line
        pairs = list(zip(words[::2], words[1::2], strict=True))
        options = {name: [value for key, value in pairs if key == name] for name, _ in pairs}
        [principal] = options.pop("--allow-principal")
        [pattern] = options.pop("--resource-pattern-type", ["literal"])
        operations = options.pop("--operation")
        resources = [(kind, name) for kind, names in options.items() for name in names]
        found |= {(principal, kind, name, pattern, operation) for (kind, name), operation
                  in itertools.product(resources, operations)}
    return found


def text(value):
    raw = value.encode()
    return struct.pack(">h", len(raw)) + raw


def apply(brokers, wanted):
    """One CreateAcls request (version 1) over the clear listener: no library here knows them all."""
    body = struct.pack(">i", len(wanted))
    for principal, kind, name, pattern, operation in sorted(wanted):
        body += struct.pack(">b", RESOURCES[kind]) + text(name)
        body += struct.pack(">b", PATTERNS[pattern]) + text(principal) + text("*")
        body += struct.pack(">bb", OPERATIONS[operation], ALLOW)
    request = struct.pack(">hhi", CREATE_ACLS, 1, 7) + text("test") + body
    host, port = brokers.split(":")
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        stream = connection.makefile("rb")
        _, correlation, _, count = struct.unpack(">iiii", stream.read(16))
        assert (correlation, count) == (7, len(wanted))
        for _ in range(count):
            code, size = struct.unpack(">hh", stream.read(4))
            assert code == 0, stream.read(max(size, 0))
            stream.read(max(size, 0))
