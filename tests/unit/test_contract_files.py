"""deploy/contracts/ against the C tables, topics.json and its own rules; no server is needed."""

import json
import pathlib
import re
import sys

import jsonschema
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import contract  # noqa: E402 (shared with the system tests)

CLAIM = contract.ROOT / "common/claim"
HANDED_ON = {"cpor.claim.withdrawn.v1", "cpor.claim.evidence-added.v1",
             "cpor.association.disassociated.v1", "cpor.association.imported.v1"}
REFERENCE = {"cpor.partner", "cpor.tenant", "cpor.subscription"}


# ---- the C side

def source(name):
    text = (CLAIM / name).read_text(encoding="utf-8")
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def table(name, declared):
    """The text between the braces of the table that is declared so; there must be one."""
    [found] = re.findall(re.escape(declared) + r"\[[^\]]*\] = \{(.*?)\n?\};", source(name), re.S)
    return found


def table_words(name, declared):
    return re.findall(r'"([^"]*)"', table(name, declared))


def code_kinds():
    """{word of codes.c: its macro}."""
    rows = re.findall(r"^\s*(REFUSAL|QUESTION|WAIT|REASON)\((\w+)", table("codes.c", "code_rows"),
                      re.M)
    assert len(rows) == len(re.findall(r"^    CODE_\w+,", source("codes.h"), re.M)) - 1, \
        "a row of code_rows or of the enum Code was not understood"
    return {word: kind for kind, word in rows}


def event_rows():
    """{type: (topics, handed on)} of event.c."""
    text = source("event.c")
    topics = dict(re.findall(r'static const char (\w+_topic)\[\] = "([^"]+)";', text))
    rows = re.findall(r'\[EVENT_\w+\] =\s*\{"([^"]+)",\s*(\w+),\s*(true|false)\}', text)
    enum = re.search(r"typedef enum EventType \{(.*?)\}", source("event.h"), re.S)[1]
    assert len(rows) == len(re.findall(r"\bEVENT_\w+", enum)) - 2, "a row was not understood"
    return {name: (topics[topic], handed_on == "true") for name, topic, handed_on in rows}


def outbound_topics():
    """{type: topic} of the events that only others read: outbound.c names both."""
    pairs = re.findall(r'new_claim_outcome\(\s*"([^"]+)",\s*"(cpor\.[^"]+)"', source("outbound.c"))
    return {name: topic for topic, name in pairs}


def dead_letter_codes():
    called = re.compile(r"\b(?:error_reject|batch_add_dead_letter|work_dead_letter)\([^\"]*?"
                        r"\"([A-Z_]+)\"", re.S)
    return {code for folder in ("common", "services")
            for path in (contract.ROOT / folder).rglob("*.c")
            for code in called.findall(path.read_text(encoding="utf-8"))}


# ---- words

def test_codes_and_their_kinds():
    kinds = code_kinds()
    for name, macro in (("refusal_code", "REFUSAL"), ("question_code", "QUESTION"),
                        ("wait_code", "WAIT"), ("reason_code", "REASON")):
        assert contract.words(name) == [word for word, kind in kinds.items() if kind == macro]


@pytest.mark.parametrize("definition, file, declared", [
    ("claim_status", "codes.c", "claim_status_names"),
    ("line_status", "codes.c", "line_status_names"),
    ("solution_area", "codes.c", "solution_area_names"),
    ("activity", "codes.c", "activity_names"),
    ("program", "codes.c", "program_names"),
    ("actor_type", "event.c", "actor_names"),
    ("subscription_state", "event.c", "state_names"),
    ("subscription_state", "event_fields.c", "state_words"),
    ("subscription_channel", "reference.c", "channel_words"),
    ("verdict", "event_fields.c", "verdict_words"),
])
def test_words(definition, file, declared):
    assert contract.words(definition) == table_words(file, declared)


def test_finding_kinds():
    names = table_words("codes.c", "finding_kind_names")
    assert contract.words("finding_kind") == [name for name in names if name != "wait"]


def test_dead_letter_codes():
    assert set(contract.words("dead_letter_code")) == dead_letter_codes()


def test_reasons_of_an_end_are_codes():
    ended = contract.read_json("schemas/cpor.association.ended.v1.schema.json")
    assert set(ended["properties"]["reason"]["enum"]) < set(contract.words("reason_code"))


# ---- event types

def test_there_is_a_schema_for_every_event_type_and_no_other():
    known = set(event_rows()) | set(outbound_topics())
    assert contract.schema_names() == known | REFERENCE


def test_every_type_is_on_its_channels():
    expected = {}
    for name, (topic, handed_on) in event_rows().items():
        expected[name] = {topic, "opt-out-expiry"} if handed_on else {topic}
    expected.update({name: {topic} for name, topic in outbound_topics().items()})
    expected.update({name: {name.removeprefix("cpor.")} for name in REFERENCE})
    expected["dead-letter"] = {"dead-letter"}
    found = {}
    for topic, names in contract.channel_types().items():
        for name in names:
            found.setdefault(name, set()).add(topic)
    assert found == expected
    assert {name for name, row in event_rows().items() if row[1]} == HANDED_ON


# ---- schemas and examples

@pytest.mark.parametrize("name", sorted(contract.schema_names() | {"common"}))
def test_schema_is_valid(name):
    schema = contract.read_json(f"schemas/{name}{contract.SUFFIX}")
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"{name}{contract.SUFFIX}"
    assert schema["title"]
    references = re.findall(r'"\$ref": "([^"]+)"', json.dumps(schema))
    for reference in references:
        contract.resolve(reference)


def test_every_definition_is_used():
    text = "".join(path.read_text() for path in contract.FOLDER.rglob("*")
                   if path.suffix in (".json", ".yaml"))
    unused = [name for name in contract.definitions() if f"#/$defs/{name}" not in text]
    assert set(unused) == {"actor_type"}, "actor_type: the words of the history"


@pytest.mark.parametrize("file, name", contract.example_files().items())
def test_example_is_valid(file, name):
    assert contract.violations(name, contract.read_json(f"examples/{file}")) == []


def test_every_schema_has_an_example():
    assert set(contract.example_files().values()) == contract.schema_names()


def published_types():
    """What workers alone write: its schemas are closed."""
    return sorted(name for name in contract.schema_names() - REFERENCE if any(
        contract.type_is_internal(name) or topic in ("association-official", "claim-status")
        for topic, names in contract.channel_types().items() if name in names))


def objects_of(value, path=""):
    """Every object of an example, by JSON pointer."""
    if isinstance(value, dict):
        yield path
    inner = value.items() if isinstance(value, dict) else \
        enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from objects_of(item, f"{path}/{key}")


def with_leak(value, pointer):
    copy = json.loads(json.dumps(value))
    place = copy
    for part in pointer.split("/")[1:]:
        place = place[int(part) if isinstance(place, list) else part]
    place["email"] = "sam@contoso.example"
    return copy


@pytest.mark.parametrize("name", published_types())
def test_a_leak_into_what_workers_write_shows(name):
    example = contract.read_json(f"examples/{name}.json")
    for pointer in objects_of(example):
        assert contract.violations(name, with_leak(example, pointer)), f"{pointer} is open"


@pytest.mark.parametrize("name", sorted(contract.schema_names() - set(published_types())))
def test_unknown_fields_are_allowed_on_input(name):
    example = contract.read_json(f"examples/{name}.json")
    for pointer in objects_of(example):
        assert contract.violations(name, with_leak(example, pointer)) == [], f"{pointer} is closed"


# ---- AsyncAPI 3.0: the rules that matter

FIELDS = {
    "root": "asyncapi id info servers defaultContentType channels operations components",
    "info": "title version description termsOfService contact license tags externalDocs",
    "server": "host protocol protocolVersion pathname description title summary variables security "
              "tags externalDocs bindings",
    "channel": "address messages title summary description servers parameters tags externalDocs "
               "bindings",
    "operation": "action channel title summary description security tags externalDocs bindings "
                 "traits messages reply",
    "message": "headers payload correlationId contentType name title summary description tags "
               "externalDocs bindings examples traits",
    "components": "schemas servers channels operations messages securitySchemes serverVariables "
                  "parameters correlationIds replies replyAddresses externalDocs tags "
                  "operationTraits messageTraits serverBindings channelBindings "
                  "operationBindings messageBindings",
    "channel kafka": "topic partitions replicas topicConfiguration bindingVersion",
    "operation kafka": "groupId clientId bindingVersion",
    "message kafka": "key schemaIdLocation schemaIdPayloadEncoding schemaLookupStrategy "
                     "bindingVersion",
}
NAME = re.compile(r"^[A-Za-z0-9._-]+$")
SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"


def check_fields(kind, value, where):
    unknown = {key for key in value if not key.startswith("x-")} - set(FIELDS[kind].split())
    assert not unknown, f"{where}: {unknown} is no field of {kind}"
    if "bindings" in value:
        assert set(value["bindings"]) == {"kafka"}, where
        check_fields(f"{kind} kafka", value["bindings"]["kafka"], f"{where}/bindings/kafka")
        assert value["bindings"]["kafka"]["bindingVersion"] == "0.5.0", where


def all_references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            assert set(value) == {"$ref"}, f"what stands beside a $ref is ignored: {value}"
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from all_references(item)


def test_asyncapi_references_resolve():
    for reference in all_references(contract.asyncapi()):
        if reference.startswith("#/"):
            contract.local(reference)
            continue
        file, _, pointer = reference.partition("#")
        place = contract.read_json(file.removeprefix("./"))
        for part in pointer.split("/")[1:]:
            place = place[part]


def test_asyncapi_root_and_names():
    document = contract.asyncapi()
    check_fields("root", document, "root")
    assert document["asyncapi"] == "3.0.0"
    check_fields("info", document["info"], "info")
    assert document["info"]["title"] and document["info"]["version"]
    check_fields("components", document["components"], "components")
    for name, server in document["servers"].items():
        check_fields("server", server, name)
        assert server["host"] and server["protocol"] == "kafka"
    for part in (document["servers"], document["channels"], document["operations"],
                 *document["components"].values()):
        assert all(NAME.match(name) for name in part)


def test_asyncapi_channels_equal_topics_json():
    topics = {f"cpor.{topic['name']}": topic for topic in contract.read_json("topics.json")}
    channels = contract.asyncapi()["channels"]
    assert {channel["address"] for channel in channels.values()} == set(topics)
    assert len(channels) == len(topics), "an address is there twice"
    for name, channel in channels.items():
        check_fields("channel", channel, name)
        topic = topics[channel["address"]]
        kafka = channel["bindings"]["kafka"]
        assert kafka["topic"] == channel["address"]
        assert kafka["partitions"] == (default_partitions() if topic["partitions"] == "default"
                                       else topic["partitions"]), name
        assert kafka["topicConfiguration"] == {
            "cleanup.policy": [topic["cleanup"]], "retention.ms": topic["retention_ms"],
            "max.message.bytes": int(topic["config"]["max.message.bytes"])}, name
        assert channel["x-message-timestamp-type"] == topic["config"]["message.timestamp.type"]
        assert channel.get("x-compression-type") == topic["config"].get("compression.type"), name
        assert set(topic["config"]) - {"compression.type"} == {"max.message.bytes",
                                                               "message.timestamp.type"}


def test_brokers_unpack_what_outsiders_write():
    """A compressed bomb is met by the broker, not by the worker that reads the topic."""
    uncompressed = {topic["name"] for topic in contract.read_json("topics.json")
                    if topic["config"].get("compression.type") == "uncompressed"}
    acls = (contract.ROOT / "deploy/security/kafka-acls").read_text()
    [names] = re.findall(r'rule "\$publisher" --operation Write \\\n\s+\$\(topics ([^)]*)\)', acls)
    assert uncompressed == set(names.split())


def default_partitions():
    settings = (contract.ROOT / "services/cporctl/settings.c").read_text()
    return int(re.search(r'\{"CPOR_PARTITIONS",\s*"(\d+)"', settings)[1])


def test_asyncapi_operations():
    document = contract.asyncapi()
    for name, operation in document["operations"].items():
        check_fields("operation", operation, name)
        assert operation["action"] in ("send", "receive"), name
        channel = operation["channel"]["$ref"]
        assert channel.startswith("#/channels/"), f"{name}: a channel of the root is meant"
        assert operation["messages"], name
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"{channel}/messages/"), f"{name}: {message}"
        assert len(operation["tags"]) == 1, f"{name}: the role"
    for topic, names in contract.channel_types().items():
        for action in ("send", "receive"):
            done = {message for _, did, where, message in contract.operations()
                    if did == action and where == topic}
            if (topic, action) not in {("dead-letter", "receive")}:
                assert done == names, f"{topic}: not all are in an operation to {action}"


def test_asyncapi_messages():
    names = []
    for key, message in contract.asyncapi()["components"]["messages"].items():
        check_fields("message", message, key)
        names.append(message["name"])
        if key == "deadLetter":
            continue
        assert message["payload"] == {"schemaFormat": SCHEMA_FORMAT, "schema": {
            "$ref": f"./schemas/{message['name']}{contract.SUFFIX}"}}, key
        assert "key" in message["bindings"]["kafka"], key
        assert ("headers" in message) == (message["name"] not in REFERENCE), key
    assert sorted(names) == sorted(contract.schema_names() | {"dead-letter"})


def test_what_is_internal():
    """Every type is upstream's, downstream's, or marked x-internal."""
    outside = {message for role, _, _, message in contract.operations()
               if role in ("upstream", "downstream", "operators")}
    for name in contract.schema_names():
        assert contract.type_is_internal(name) == (name not in outside), name
