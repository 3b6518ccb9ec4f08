"""deploy/contracts/ as it is published, for tests: schemas, AsyncAPI, examples."""

import functools
import json
import pathlib
import re

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/contracts"
SUFFIX = ".schema.json"


@functools.cache
def read_json(path):
    return json.loads((FOLDER / path).read_text(encoding="utf-8"))


@functools.cache
def schema_names():
    """Of everything but what they share: "cpor.claim.submitted.v1", "cpor.partner", ..."""
    return {path.name.removesuffix(SUFFIX)
            for path in (FOLDER / "schemas").glob(f"*{SUFFIX}")} - {"common"}


def example_files():
    """{file name: name of its schema}: cpor.* is named by its type, another by its start."""
    starts = {"claim-": "cpor.claim.submitted.v1", "resubmitted-": "cpor.claim.resubmitted.v1",
              "partner-": "cpor.partner", "tenant-": "cpor.tenant",
              "subscription-": "cpor.subscription"}
    found = {}
    for path in sorted((FOLDER / "examples").glob("*.json")):
        found[path.name] = next((name for start, name in starts.items()
                                 if path.name.startswith(start)), path.name.removesuffix(".json"))
    return found


@functools.cache
def definitions():
    return read_json(f"schemas/common{SUFFIX}")["$defs"]


def words(name):
    """The enum of a shared definition, in its order."""
    return definitions()[name]["enum"]


# ---- schemas: every $ref replaced by what it names, so that validation is fast and needs no net

def resolve(reference):
    file, _, name = reference.partition("#/$defs/")
    assert file in ("", f"common{SUFFIX}") and name in definitions(), f"$ref {reference}"
    return definitions()[name]


def flat(schema):
    if isinstance(schema, list):
        return [flat(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: flat(value) for key, value in schema.items() if key != "$ref"}
    if "$ref" not in schema:
        return inner
    target = flat(resolve(schema["$ref"]))
    inner.pop("description", None)
    return {**target, "allOf": [*target.get("allOf", []), inner]} if inner else target


@functools.cache
def compiled_pattern(pattern):
    # ECMA's $ is the end; Python's would let a line feed follow
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern)


def check_pattern(_validator, pattern, value, _schema):
    if isinstance(value, str) and not compiled_pattern(pattern).search(value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator,
                                         {"pattern": check_pattern})


@functools.cache
def validator(name):
    """Of an event type, a reference record, or "common#name" of what they share."""
    file, _, part = name.partition("#")
    schema = definitions()[part] if part else read_json(f"schemas/{file}{SUFFIX}")
    return Validator({key: value for key, value in flat(schema).items() if key != "$id"})


def violations(name, value, count_max=3):
    """What of value breaks the schema, as text; nothing when it is valid."""
    check = validator(name)
    if check.is_valid(value):
        return []
    errors = sorted(check.iter_errors(value), key=lambda error: len(error.absolute_path))
    return [f"/{'/'.join(map(str, error.absolute_path))}: {error.message}"[:400]
            for error in errors[:count_max]]


# ---- AsyncAPI

@functools.cache
def asyncapi():
    return yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))


def local(reference):
    """What "#/a/b" names in asyncapi.yaml."""
    place = asyncapi()
    for part in reference.removeprefix("#/").split("/"):
        place = place[part]
    return place


def follow(value):
    while isinstance(value, dict) and set(value) == {"$ref"} and value["$ref"].startswith("#/"):
        value = local(value["$ref"])
    return value


@functools.cache
def channel_types():
    """{topic without its prefix: names of its messages}."""
    return {channel["address"].removeprefix("cpor."):
            {follow(message)["name"] for message in channel["messages"].values()}
            for channel in asyncapi()["channels"].values()}


@functools.cache
def operations():
    """{(role, "send" / "receive", topic, message's name)}."""
    return {(operation["tags"][0]["name"], operation["action"],
             follow(operation["channel"])["address"].removeprefix("cpor."), follow(message)["name"])
            for operation in asyncapi()["operations"].values()
            for message in operation["messages"]}


def type_is_internal(name):
    return any(message.get("x-internal") and message["name"] == name
               for message in asyncapi()["components"]["messages"].values())
