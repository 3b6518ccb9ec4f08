"""Each check of tidy.py can fail: a violation planted in a clean tree is caught, and only by it."""

import pathlib
import tempfile

import tidy

# In two halves, so that this file does not violate what it plants.
URL, TMP = "https" + "://", "/" + "tmp"

HEADER = '/* good.h - a header. */\n#pragma once\n\n/* good - does good. */\nbool good(void);\n'
SOURCE = '/* {0} - a source. */\n#include "runtime/good.h"\n'


def source(path, *lines):
    """A file with a good first line and these lines."""
    return f"/* {pathlib.PurePath(path).name} - planted. */\n" + "\n".join(lines) + "\n"


CLEAN = {
    "common/runtime/good.h": HEADER,
    "common/runtime/good.c": '/* good.c - it. */\n#include "good.h"\n',
    "common/claim/good.h": HEADER,
    "common/claim/rule.c": SOURCE.format("rule.c") + "#include <jansson.h>\n",
    "common/store/store.h": HEADER.replace("good.h", "store.h"),
    "common/store/store.c": SOURCE.format("store.c") + '#include "claim/good.h"\n',
    "common/runtime/kafka_open.c": SOURCE.format("kafka_open.c") +
                                   "#include <librdkafka/rdkafka.h>\n",
    "services/one/one.h": HEADER.replace("good.h", "one.h"),
    "services/one/main.c": SOURCE.format("main.c") +
                           '#include "one.h"\n#include "store/store.h"\n',
    "services/two/two.h": HEADER.replace("good.h", "two.h"),
    "common/runtime/items.c": source(
        "items.c", 'const ConfigItem items[] = {', '    {"CPOR_A", "", CONFIG_TEXT},',
        "    {.name = NULL},", "};", "",
        "/* strcpy(a, b) in a comment is none. */",
        "int call(void)", "{", '    return snprintf(text, 2, "gets(7)");', "}"),
    "tests/run": "#!/bin/sh\n# Runs.\nwork=$(mktemp -d \"${TMPDIR:-/tmp}/work.XXXXXX\")\n",
    "deploy/page.html": '<a href="https://www.contoso.example/a">a</a>\n',
    "deploy/image/Dockerfile": "FROM debian:12\n",
    "deploy/first.sql": "-- The first.\n",
    ".clang-format": "DisableFormat: true\nSortIncludes: Never\n",
    "tests/fuzz/.clang-format": "BasedOnStyle: LLVM\n",
    "tests/fuzz/good.c": source("good.c", "int good = 1;"),
    "common/claim/codes.c": source(
        "codes.c", "    REFUSAL(LATE, true),", "    REASON(TIRED),", "    [CLAIM_NONE] = NULL,",
        '    [CLAIM_OPEN] = "OPEN",'),
    "common/claim/event.c": source("event.c", '    [EVENT_A] = {"cpor.a.v1", topic, false},',
                                   '    error_reject(reterr,', '                 "BROKEN", "it");'),
    "common/runtime/crash_point.h": source(
        "crash_point.h", '#define CRASH_POINTS(POINT) POINT(CRASH_A, "a")'),
    "common/runtime/dies.c": source("dies.c", "    crash_point(CRASH_A);"),
    "common/claim/rules_one.c": source("rules_one.c", "    {CODE_LATE, late},"),
    "tests/moves.csv": "+,cpor.a.v1,LATE\nNONE,cpor.a.v1,TIRED\nBROKEN OPEN\n",
}
COVERED = ["kind,name,test,row", "code,LATE,tests/moves.csv,LATE",
           "code,TIRED,tests/moves.csv,TIRED", "rule,LATE,tests/moves.csv,LATE",
           "status,NONE,tests/moves.csv,NONE", "status,OPEN,tests/moves.csv,OPEN",
           'pair,NONE cpor.a.v1,tests/moves.csv,"NONE,cpor.a.v1,"',
           'pair,+ cpor.a.v1,tests/moves.csv,"+,cpor.a.v1,"',
           "event,cpor.a.v1,tests/moves.csv,cpor.a.v1",
           "dead-letter,BROKEN,tests/moves.csv,BROKEN"]
CLEAN["tests/coverage.csv"] = "\n".join(COVERED) + "\n"


def long_function(length):
    head = ["static void f(int a,", "              int b)", "{"]
    return head + ["    a++;"] * (length - 4) + ["}"]


# A file with a row in sql.py, and what fits it.
SPARED_SQL = ("common/runtime/database_connect.c",
              ("snprintf(sql, size,",
               '         "SET statement_timeout = %d; SET lock_timeout = %d;"',
               '         "SET jit = off",',
               "         a, b);"))


def plant(check, path, *lines):
    return check, path, source(path, *lines)


def planted():
    """(check, path, text): each must be caught by its check, at its path."""
    yield plant("layers", "common/runtime/bad.c", '#include "claim/good.h"')
    yield plant("layers", "common/claim/bad.c", '#include "store/store.h"')
    yield plant("layers", "common/claim/bad.c", '#include "../runtime/good.h"')
    yield plant("layers", "common/store/bad.c", '#include "one/one.h"')
    yield plant("layers", "common/store/bad.c", '#include "elsewhere.h"')
    yield plant("layers", "services/one/bad.c", '#include "two.h"')
    yield plant("layers", "services/one/bad.c", '#include "two/two.h"')
    yield plant("layers", "services/one/bad.c", '#include "../two/two.h"')
    for header in ("librdkafka/rdkafka.h", "libpq-fe.h", "hiredis/hiredis.h", "curl/curl.h",
                   "microhttpd.h", "libical/ical.h", "openssl/evp.h", "jansson.h"):
        yield plant("libraries", "services/one/bad.c", f"#include <{header}>")
    yield plant("function-length", "common/claim/bad.c", *long_function(71))
    yield plant("file-length", "common/claim/bad.c", *["int a;"] * 500)
    yield "file-length", "tests/bad.py", '"""It."""\n' + "a = 1\n" * 500
    yield plant("line-width", "common/claim/bad.c", "int " + "a" * 96 + ";")
    yield "line-width", "tests/bad.py", '"""It."""\n' + "a" * 101 + "\n"
    for call in tidy.BANNED_CALLS:
        yield plant("banned-calls", "common/claim/bad.c", f"int a = {call} (b);")
    yield plant("banned-calls", "tests/unit/bad.c", "#include <assert.h>")
    for word in tidy.BANNED_WORDS:
        yield plant("banned-words", "common/claim/bad.c", f"/* {word}: later */")
        yield "banned-words", "deploy/bad.md", f"{word}\n"
    for outside in tidy.OUTSIDE_PATHS:
        yield "outside-paths", "deploy/bad.md", f"see {outside}/page.md\n"
    yield "hosts", "deploy/bad.txt", f"--index-url {URL}pypi.registry.internal/simple\n"
    yield "hosts", "deploy/bad.xml", f"<url>{URL}user:pass@mirror:8081/maven</url>\n"
    yield "hosts", "deploy/bad/Dockerfile", "FROM registry.company.net:5000/debian:12\n"
    yield "hosts", "compose.yml", "    image: registry.company.net/redis:7\n"
    yield plant("fixed-folders", "tests/unit/bad.c", f'const char *a = "{TMP}/a";')
    yield "fixed-folders", "tests/bad", f"#!/bin/sh\n# It.\ncat >{TMP}/out\n"
    yield "first-lines", "common/claim/bad.c", '#include "good.h"\n'
    yield "first-lines", "common/claim/bad.h", "/* good.h - another's name. */\n"
    yield "first-lines", "tests/bad.py", "import os\n"
    yield "first-lines", "deploy/bad", "#!/bin/sh\nset -e\n"
    yield "first-lines", "deploy/bad.sql", "create table a();\n"
    yield plant("docstrings", "common/claim/bad.h", "", "void bad(void);")
    yield plant("docstrings", "services/one/bad.h", "/* a - one. */", "void a(void);", "",
                "MUST_CHECK bool bad(int a,", "                    int b);")
    yield plant("docstrings", "services/one/bad.h", "", "const char *bad(int a) PRINTF_LIKE(1, 2);")
    yield plant("setting-names", "services/one/bad.c",
                "const ConfigItem items[] = {", '    {"CPOR_A", ""},', '    {"BROKERS", ""},', "};")
    yield plant("setting-names", "common/store/bad.h",
                "#define BAD_CONFIG_ITEMS \\", '    {"cpor_a", "",  \\', '     "help"}')
    yield plant("crash-points", "common/claim/bad.c", "    crash_point(CRASH_B);")
    yield plant("crash-points", "services/one/bad.c", "    crash_point_restart(CRASH_B);")
    yield plant("crash-points", "common/runtime/crash_point.h",
                '#define CRASH_POINTS(POINT) POINT(CRASH_A, "a") POINT(CRASH_B, "b")',
                "/* crash_point(CRASH_B); */")
    yield plant("format", "tests/fuzz/bad.c", "", "int bad  = 1;")
    for call in ('arena_printf(arena, "select a from b where c = \'%s\'", c);',
                 'snprintf(sql, size, "delete from b where c = %d", c);',
                 'arena_printf(arena, "select a from b"\n    " limit %" PRId64, c);',
                 'const DbStatement statement = {"a", text};',
                 "database_execute(database, sql_of(c), reterr);"):
        yield plant("sql", "services/one/bad.c", call)
    yield plant("sql", SPARED_SQL[0], *2 * SPARED_SQL[1])
    yield plant("sql", SPARED_SQL[0], "int a;")
    for lines in (COVERED[1:], *(COVERED[:i] + COVERED[i + 1:] for i in range(1, len(COVERED))),
                  COVERED + ["code,GONE,tests/moves.csv,LATE"],
                  COVERED + ["pair,GONE cpor.a.v1,tests/moves.csv,cpor.a.v1"],
                  COVERED + ["code,LATE,tests/gone.csv,LATE"],
                  COVERED + ["code,LATE,common/claim/codes.c,LATE"],
                  COVERED + ["code,LATE,tests/coverage.csv,LATE"],
                  COVERED + ["code,LATE,tests/moves.csv,TOO LATE"],
                  COVERED + ["code,LATE,tests/moves.csv,"],
                  COVERED + ["code,LATE,tests/moves.csv,TIRED"],
                  COVERED + ["colour,LATE,tests/moves.csv,LATE"]):
        yield "coverage", "tests/coverage.csv", "\n".join(lines) + "\n"


def planted_in_tables():
    """(path, text): a name that the C tables have, and tests/coverage.csv does not."""
    for path, line in (("codes.c", "    QUESTION(NEW, false),"), ("codes.c", "    WAIT(NEW),"),
                       ("codes.c", '    [CLAIM_NEW] = "NEW",'),
                       ("event.c", '    [EVENT_B] = {"cpor.b.v1", topic, true},'),
                       ("event.c", '    work_dead_letter(work, event, "NEW", "it");'),
                       ("rules_one.c", "    {CODE_NEW, is_new},"),
                       ("rules_one.c", "    field_report(reader, CODE_NEW, &at, text);"),
                       ("rules_one.c", '    publish("cpor.c.v1");')):
        yield f"common/claim/{path}", CLEAN[f"common/claim/{path}"] + line + "\n"


def spared():
    """(check, path, text): just not violations."""
    yield plant("function-length", "common/claim/fine.c", *long_function(70))
    yield plant("file-length", "common/claim/fine.c", *["int a;"] * 499)
    yield plant("line-width", "common/claim/fine.c", "int " + "한" * 95 + ";")
    yield plant("banned-calls", "common/claim/fine.c", "int a = localtime_r(b) + my_system(c);")
    yield plant("banned-words", "common/claim/fine.c", 'char a[] = "/b-XXXXXX";')
    yield plant("hosts", "common/claim/fine.c", 'char a[] = "http://%s:%d/";')
    yield plant("fixed-folders", "tests/fine.c", 'char a[] = "/tmp/a-XXXXXX";')
    yield plant("sql", "services/one/fine.c",
                'static const DbStatement s = {"a", "select a from b where c % 2 = $1"};',
                'printf("select %d of them\\n", a);', 'database_execute(database, sql, reterr);')
    yield plant("sql", SPARED_SQL[0], *SPARED_SQL[1])
    yield plant("docstrings", "common/claim/fine.h", "/* a, b - a pair. */", "void a(void);",
                "void b(int c /* of it */);", "", "typedef bool Finder(int a);", "",
                "static inline int d(void)", "{", "    return e(1);", "}")


def caught(folder, extra):
    """The names and paths that the checks find in a clean tree with one more file."""
    with tempfile.TemporaryDirectory(dir=folder) as root:
        for path, text in {**CLEAN, **extra}.items():
            file = pathlib.Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        tree = tidy.Tree(root)
        return {(name, found.path) for name, check in tidy.CHECKS.items() for found in check(tree)}


def run():
    """True when every planted violation is caught by its check alone."""
    wrong, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        found = caught(folder, {})
        if found:
            wrong.append(f"the clean tree: {sorted(found)}")
        for check, path, text in planted():
            count += 1
            found = caught(folder, {path: text})
            if found != {(check, path)}:
                wrong.append(f"{check}: planted {text[-60:]!r} in {path}, caught {sorted(found)}")
        for path, text in planted_in_tables():
            count += 1
            found = caught(folder, {path: text})
            if found != {("coverage", "tests/coverage.csv")}:
                wrong.append(f"coverage: planted {text[-60:]!r} in {path}, caught {sorted(found)}")
        for check, path, text in spared():
            count += 1
            found = caught(folder, {path: text})
            if found:
                wrong.append(f"{check}: {text[-60:]!r} in {path} is fine, caught {sorted(found)}")
        tidy.CLANG_FORMATS = ["no-such-program"]
        if caught(folder, {}) != {("format", ".clang-format")}:
            wrong.append("format: a missing clang-format is not told")
    missing = set(tidy.CHECKS) - {check for check, _, _ in planted()}
    wrong += [f"{check}: nothing is planted for it" for check in sorted(missing)]
    print("\n".join(wrong + [f"self-test: {count} planted, {len(wrong)} wrong"]))
    return not wrong
