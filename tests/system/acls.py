"""Applies what deploy/security/kafka-acls prints: Debian carries the library, not that tool."""

import ctypes
import itertools
import shlex
import subprocess

import harness

SCRIPT = harness.ROOT / "deploy/security/kafka-acls"
ADD, REMOVE = ("--add",), ("--remove", "--force")
# librdkafka's numbers: rd_kafka_ResourceType_t, ..PatternType_t, rd_kafka_AclOperation_t
RESOURCES = {"--topic": 2, "--group": 3, "--transactional-id": 5}
PATTERNS = {"literal": 3, "prefixed": 4}
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Delete": 6, "Alter": 7, "Describe": 8,
              "DescribeConfigs": 10, "AlterConfigs": 11, "IdempotentWrite": 12}
ALLOW, PRODUCER, CREATE_ACLS, TEXT_SIZE = 3, 0, 10, 512


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


def library():
    kafka = ctypes.CDLL("librdkafka.so.1")
    for name in ("conf_new", "new", "queue_new", "AclBinding_new", "queue_poll",
                 "event_CreateAcls_result", "CreateAcls_result_acls", "acl_result_error"):
        getattr(kafka, f"rd_kafka_{name}").restype = ctypes.c_void_p
    kafka.rd_kafka_error_string.restype = ctypes.c_char_p
    return kafka


def apply(brokers, wanted):
    """Creates these rights through the broker's own protocol."""
    kafka = library()
    why = ctypes.create_string_buffer(TEXT_SIZE)
    conf = ctypes.c_void_p(kafka.rd_kafka_conf_new())
    kafka.rd_kafka_conf_set(conf, b"bootstrap.servers", brokers.encode(), why, TEXT_SIZE)
    client = ctypes.c_void_p(kafka.rd_kafka_new(PRODUCER, conf, why, TEXT_SIZE))
    queue = ctypes.c_void_p(kafka.rd_kafka_queue_new(client))
    bindings = (ctypes.c_void_p * len(wanted))(*(
        kafka.rd_kafka_AclBinding_new(RESOURCES[kind], name.encode(), PATTERNS[pattern],
                                      principal.encode(), b"*", OPERATIONS[operation], ALLOW, why,
                                      TEXT_SIZE)
        for principal, kind, name, pattern, operation in sorted(wanted)))
    assert all(bindings), why.value
    kafka.rd_kafka_CreateAcls(client, bindings, ctypes.c_size_t(len(wanted)), None, queue)
    event = ctypes.c_void_p(kafka.rd_kafka_queue_poll(queue, 30000))
    assert event, "no answer in 30 s"
    count = ctypes.c_size_t()
    result = ctypes.c_void_p(kafka.rd_kafka_event_CreateAcls_result(event))
    answers = ctypes.cast(kafka.rd_kafka_CreateAcls_result_acls(result, ctypes.byref(count)),
                          ctypes.POINTER(ctypes.c_void_p))
    assert count.value == len(wanted)
    for index in range(count.value):
        error = kafka.rd_kafka_acl_result_error(ctypes.c_void_p(answers[index]))
        assert not error, kafka.rd_kafka_error_string(ctypes.c_void_p(error))
    kafka.rd_kafka_event_destroy(event)
    kafka.rd_kafka_AclBinding_destroy_array(bindings, ctypes.c_size_t(len(wanted)))
    kafka.rd_kafka_queue_destroy(queue)
    kafka.rd_kafka_destroy(client)
