"""Values go into SQL as parameters only: no statement's text is made of them."""

import re

SQL = re.compile(r"\b(select .*\bfrom|insert into|update \w+( \w+)? set|delete from|where \w+"
                 r"|order by|limit |declare |fetch .*from|set \w+ =|unnest\()", re.IGNORECASE)
CONVERSION = re.compile(r"%[-+ #0]*[\d.*]*(?:hh?|ll?|[zjt])?[diouxXeEfgGscp]|%$")
# A C text in pieces, with macros such as PRId64 between them.
TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"(?:\s*(?:[A-Z][A-Z0-9_a-z]*\s*)?"(?:\\.|[^"\\\n])*")*')
CALL = re.compile(r"\b(\w*(?:printf|sql_add))\s*\(")

# Put together from constant texts; each says which. No value of anybody's is among them.
CONSTANT = {
    "common/runtime/database_connect.c": "SET takes no parameters; numbers of the configuration",
    "common/store/claim_row.c": "the names in its table of columns",
    "services/cporctl/audit.c": "the checks of audit_checks.c",
    "services/cporctl/audit_compare.c": "cursors take no parameters; names and texts of this file",
    "services/cporctl/find.c": "its conditions; $1, $2, … for the values",
}


def without_quotes(text):
    return "".join(re.findall(r'"((?:\\.|[^"\\\n])*)"', text))


def line_of(code, place):
    return code.count("\n", 0, place) + 1


def check(texts):
    """texts: {path: code without comments}. Yields (path, line, message)."""
    for path, code in texts.items():
        if path in CONSTANT:
            continue
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
