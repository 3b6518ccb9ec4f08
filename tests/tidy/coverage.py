"""tests/coverage.csv: which row of which test shows each rule, move, event and dead letter.

The names come from the C tables, so that a new code, status or event type without a test fails
here. Columns: kind, name, test (a file), row (a text in that file that holds the name's words).
A pair is `STATUS event-type`; its status may be `*`, all, or `+`, all of a known claim.
"""

import csv
import itertools
import re

TABLE = "tests/coverage.csv"
COLUMNS = ["kind", "name", "test", "row"]
CODES, EVENTS = "common/claim/codes.c", "common/claim/event.c"
NO_CLAIM = "NONE"  # the status before the first event, which has no word of its own


def read_codes(tree):
    return set(re.findall(r"^ +(?:REFUSAL|QUESTION|WAIT|REASON)\((\w+)", tree.texts.get(CODES, ""),
                          re.MULTILINE))


def read_rules(tree):
    """Of the tables of rules, and what the reader of a document's fields reports."""
    rule = re.compile(r"^ +\{CODE_(\w+), \w+\},$|\bfield_report\([^;]*?CODE_(\w+)", re.MULTILINE)
    return {table or reader for _, text in tree.matching(r"common/claim/\w+\.c")
            for table, reader in rule.findall(text)}


def read_statuses(tree):
    named = re.findall(r'\[CLAIM_\w+\] = (NULL|"\w+")', tree.texts.get(CODES, ""))
    return [NO_CLAIM if name == "NULL" else name.strip('"') for name in named]


def read_event_types(tree):
    return re.findall(r'\[EVENT_\w+\] = \{"([^"]+)"', tree.texts.get(EVENTS, ""))


def read_published_types(tree):
    return {name for _, text in tree.matching(r"common/claim/\w+\.c")
            for name in re.findall(r'"(cpor\.[\w.-]+\.v\d+)"', text)}


def read_dead_letters(tree):
    call = re.compile(r'\b(?:error_reject|\w+_dead_letter)\([^;"]*"([A-Z_]+)"')
    return {code for _, text in tree.matching(r"(common|services)/.+\.c")
            for code in call.findall(text)}


def read_pairs(tree):
    return {f"{status} {event}" for status, event in
            itertools.product(read_statuses(tree), read_event_types(tree))}


# kind -> the names that must have a row
KINDS = {
    "code": read_codes,  # as a partner sees it, through the real binaries
    "rule": read_rules,  # by itself, in a unit test
    "status": lambda tree: set(read_statuses(tree)),  # where the signs of pairs are spelt out
    "pair": read_pairs,
    "event": lambda tree: set(read_event_types(tree)) | read_published_types(tree),
    "dead-letter": read_dead_letters,
}


def names_of(row, statuses):
    """A row's names: one, or those that a sign stands for."""
    sign, _, event = row["name"].partition(" ")
    if row["kind"] != "pair" or sign not in ("*", "+"):
        return {row["name"]}
    return {f"{status} {event}" for status in statuses if sign == "*" or status != NO_CLAIM}


def what_is_wrong(tree, row, names, known):
    if row["kind"] not in KINDS:
        return f"the kind {row['kind']} is none of {', '.join(KINDS)}"
    gone = sorted(names - known[row["kind"]])
    if gone:
        return f"{row['kind']} {gone[0]} does not exist in the C tables"
    text = tree.texts.get(row["test"])
    if text is None or not row["test"].startswith("tests/") or row["test"] == TABLE:
        return f"{row['test']} is no file of the tests"
    if not row["row"] or row["row"] not in text:
        return f"{row['test']} does not have the row {row['row']}"
    missing = [word for word in row["name"].split() if word not in row["row"]]
    return f"the row {row['row']} says nothing of {missing[0]}" if missing else None


def check(tree):
    """(line, message) of what is wrong with the table, or missing in it."""
    known = {kind: names(tree) for kind, names in KINDS.items()}
    if TABLE not in tree.texts:
        if any(known.values()):
            yield 1, "there is no such table"
        return
    lines = csv.reader(tree.texts[TABLE].splitlines())
    if next(lines, None) != COLUMNS:
        yield 1, f"the columns are not {','.join(COLUMNS)}"
        return
    statuses, shown = read_statuses(tree), {kind: set() for kind in KINDS}
    for cells in lines:
        row = dict(zip(COLUMNS, cells + [""] * len(COLUMNS)))
        names = names_of(row, statuses)
        wrong = what_is_wrong(tree, row, names, known)
        if wrong:
            yield lines.line_num, wrong
        else:
            shown[row["kind"]] |= names
    for kind, names in known.items():
        for name in sorted(names - shown[kind]):
            yield 1, f"{kind} {name} has no row: which test shows it?"
