"""Applies what deploy/security/kafka-acls prints: Debian carries the library, not that tool."""

import io
import itertools
import shlex
import socket
import struct
import subprocess
import time

import harness

SCRIPT = harness.ROOT / "deploy/security/kafka-acls"
# The protocol's numbers.
RESOURCES = {"--topic": 2, "--group": 3, "--cluster": 4, "--transactional-id": 5}
PATTERNS = {"literal": 3, "prefixed": 4}
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Delete": 6, "Alter": 7, "Describe": 8,
              "DescribeConfigs": 10, "AlterConfigs": 11, "IdempotentWrite": 12}
ANY, ALLOW = 1, 3
DESCRIBE_ACLS, CREATE_ACLS, CORRELATION = 29, 30, 7


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
        if "--cluster" in words:  # the one that takes no value: there is one cluster
            words.insert(words.index("--cluster") + 1, "kafka-cluster")
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


def ask(brokers, api_key, body):
    """The answer to one request (version 1), in clear: no library here knows all kinds of ACLs."""
    request = struct.pack(">hhi", api_key, 1, CORRELATION) + text("test") + body
    host, port = brokers.split(":")
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        stream = connection.makefile("rb")
        size, correlation = struct.unpack(">ii", stream.read(8))
        assert correlation == CORRELATION
        return stream.read(size - 4)


def apply(brokers, wanted):
    """Creates these rights, and waits until the broker goes by them."""
    body = struct.pack(">i", len(wanted))
    for principal, kind, name, pattern, operation in sorted(wanted):
        body += struct.pack(">b", RESOURCES[kind]) + text(name)
        body += struct.pack(">b", PATTERNS[pattern]) + text(principal) + text("*")
        body += struct.pack(">bb", OPERATIONS[operation], ALLOW)
    answer = io.BytesIO(ask(brokers, CREATE_ACLS, body))
    _, count = struct.unpack(">ii", answer.read(8))
    assert count == len(wanted)
    for _ in range(count):
        code, size = struct.unpack(">hh", answer.read(4))
        message = answer.read(max(size, 0))
        assert code == 0, message
    # The controller said yes; the broker's authorizer learns of it a moment later.
    every = struct.pack(">bhbhhbb", ANY, -1, ANY, -1, -1, ANY, ANY)
    names = {text(name) for _, _, name, _, _ in wanted}
    end = time.monotonic() + 30
    while not all(name in (known := ask(brokers, DESCRIBE_ACLS, every)) for name in names):
        assert time.monotonic() < end, f"the broker knows {known} only"
        time.sleep(0.05)
