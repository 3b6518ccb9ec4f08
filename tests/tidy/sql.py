"""Values go into SQL as parameters only: no statement's text is made of them."""

import collections
import re

SQL = re.compile(r"\b(select .*\bfrom|insert into|update \w+( \w+)? set|delete from|where \w+"
                 r"|order by|limit |declare |fetch .*from|set \w+ =|unnest\()", re.IGNORECASE)
CONVERSION = re.compile(r"%[-+ #0]*[\d.*]*(?:hh?|ll?|[zjt])?[diouxXeEfgGscp]|%$")
# A C text in pieces, with macros such as PRId64 between them.
TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"(?:\s*(?:[A-Z][A-Z0-9_a-z]*\s*)?"(?:\\.|[^"\\\n])*")*')
CALL = re.compile(r"\b(\w*(?:printf|sql_add))\s*\(")

# (file, line of source, what constant texts it is put together from): no value of anybody's is
# among them. Each row is for one place; one that fits none is a violation too.
CHECKS = "the checks of audit_checks.c"
CURSOR = "cursors take no parameters; names and texts of this file"
FIND = "its conditions; $1, $2, … for the values"
CONSTANT = [
    ("common/runtime/database_connect.c", '"SET statement_timeout = %d; SET lock_timeout = %d;"',
     "SET takes no parameters; numbers of the configuration"),
    ("services/cporctl/audit.c", "const DbStatement statement = {", CHECKS),
    ("services/cporctl/audit.c",
     '"select tenant_id, claim_id, what, count(*) over () from (%s)"', CHECKS),
    ("services/cporctl/audit_compare.c", "const DbStatement fetch = {", CURSOR),
    ("services/cporctl/audit_compare.c",
     'arena_printf(&session->arena, "fetch %d from %s", PAGE_COUNT, cursor)};', CURSOR),
    ("services/cporctl/audit_compare.c", "if (!database_execute(session->database,", CURSOR),
    ("services/cporctl/audit_compare.c",
     'arena_printf(&session->arena, "declare %s cursor for %s", cursor, sql),', CURSOR),
    ("services/cporctl/find.c", "const DbStatement statement = {", FIND),
    ("services/cporctl/find.c",
     '"%s%s order by first_submitted_at_ms desc, tenant_id, claim_id"', FIND),
]


def without_quotes(text):
    return "".join(re.findall(r'"((?:\\.|[^"\\\n])*)"', text))


def line_of(code, place):
    return code.count("\n", 0, place) + 1


def found_in(path, code):
    """(path, line, message) of all places that are not plainly constant."""
    for call in CALL.finditer(code):
        text = TEXT.search(code, call.end())
        end = code.find(";", call.end())
        if text and text.start() < end and SQL.search(without_quotes(text[0])) and \
                CONVERSION.search(without_quotes(text[0])):
            yield path, line_of(code, text.start()), \
                "SQL made of values: parameters, or a line in sql.py that says what they are"
    for match in re.finditer(r"(\bstatic\s+)?\bconst\s+DbStatement\s+\w+(?:\[\])?\s*=", code):
        if match[1] is None:
            yield path, line_of(code, match.start()), \
                "a statement that is made at run time: make it static, with parameters"
    for match in re.finditer(r"\bdatabase_execute\s*\([^,;]+,\s*(?:\w+\s*\()", code):
        yield path, line_of(code, match.start()), "SQL that a call makes: see sql.py"


def check(texts):
    """texts: {path: code without comments}. Yields (path, line, message)."""
    for path, code in texts.items():
        spared = collections.Counter(line for file, line, _ in CONSTANT if file == path)
        lines = code.split("\n")
        for found in found_in(path, code):
            line = lines[found[1] - 1].strip()
            if spared[line] == 0:
                yield found
            else:
                spared[line] -= 1
        for line in spared.elements():
            yield path, 1, f"sql.py spares a line that is not there: {line}"
