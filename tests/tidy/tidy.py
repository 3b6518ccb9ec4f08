#!/usr/bin/python3
"""What a machine can hold of the style: layers, sizes, banned words, comments, names.

    tidy.py [--root FOLDER]   check the tree; one line per violation, exit 1 when there is any
    tidy.py --self-test       plant each violation in a temporary tree and see it caught

A check is a function that yields (path, line, message) and a row of CHECKS.
"""

import argparse
import collections
import pathlib
import re
import shutil
import subprocess
import sys

import coverage
import sql

FUNCTION_LINES_MAX, FUNCTION_LINES_AIM = 70, 40
FILE_LINES_MAX = 500
LINE_WIDTH_MAX = 100

# Which folders of common/ a layer may include; a service adds its own folder.
LAYERS = {"runtime": ["runtime"], "claim": ["runtime", "claim"],
          "store": ["runtime", "claim", "store"]}
SERVICE_MAY_INCLUDE = ["runtime", "claim", "store"]

# The headers of a client library belong to its adapter; a library's name is a regular expression.
LIBRARIES = {
    r"librdkafka/": [r"common/runtime/kafka\w*\.[ch]", r"services/cporctl/(topics|kafka_\w+)\.c"],
    r"libpq|postgres": [r"common/runtime/database\w*\.[ch]"],
    r"hiredis": [r"common/runtime/(timer_index|redis)\w*\.[ch]"],
    r"curl/": [r"common/runtime/smtp\w*\.[ch]"],
    r"microhttpd": [r"common/runtime/http\w*\.[ch]"],
    r"libical/": [r"common/claim/calendar_file\.c"],
    r"openssl/": [r"common/runtime/digest\.c",
                  r"common/claim/(uuid|base64|base64url|token|signature)\.c",
                  r"common/claim/(calendar_file|mime_header|mime_body)\.c"],
    # cporctl reshapes the JSON of stored rows, which no event's codec knows.
    r"jansson": [r"common/claim/\w+\.[ch]", r"services/cporctl/\w+\.c"],
}

# Another version formats otherwise; Debian 12's package has this one under both names.
CLANG_FORMATS = ["clang-format-14", "clang-format"]
CLANG_FORMAT_VERSION = 14

BANNED_CALLS = ("strcpy strcat sprintf vsprintf atoi atol strtok localtime gmtime system popen "
                "gets").split()
# Written in two halves, so that this file has none of them.
BANNED_WORDS = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
OUTSIDE_PATHS = ["../" + "shared", "/work/" + "shared"]

# Hosts that a URL may name: reserved names, this machine, and public sites by exact name.
HOST_SUFFIXES = (".example", ".test", ".invalid", ".localhost")
HOSTS = {"localhost", "127.0.0.1", "[::1]", "maven.apache.org", "no-color.org", "www.w3.org",
         "json-schema.org", "www.rfc-editor.org", "github.com", "mailpit"}

CODE = (".c", ".h", ".py")
Found = collections.namedtuple("Found", "path line message")


class Tree:
    """The files of a folder: what git tracks or would track, or all where there is no git."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.texts = {}
        for path in self.list_paths():
            try:
                self.texts[path] = (self.root / path).read_text("utf-8")
            except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
                continue  # no text: a fuzz corpus, or a file that was removed but not yet in git

    def list_paths(self):
        if (self.root / ".git").exists():
            listing = subprocess.run(
                ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                cwd=self.root, check=True, capture_output=True, text=True).stdout
            return sorted(set(listing.split("\0")) - {""})
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*")
                      if path.is_file())

    def matching(self, pattern):
        """(path, text) of the files whose path matches the whole pattern."""
        return [(path, text) for path, text in self.texts.items() if re.fullmatch(pattern, path)]


def numbered(text):
    return enumerate(text.split("\n"), 1)


def blank(match):
    """White space of the same shape."""
    return re.sub(r"[^\n]", " ", match[0])


C_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def without_comments(text):
    return C_TOKEN.sub(lambda m: blank(m) if m[0].startswith("/") else m[0], text)


def without_comments_and_texts(text):
    return C_TOKEN.sub(blank, text)


# ---- includes ----

def includes(text):
    for line, content in numbered(without_comments(text)):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', content)
        if match:
            yield line, match[1] == '"', match[2]


def check_layers(tree):
    for path, text in tree.matching(r"(common|services)/[^/]+/[^/]+\.[ch]"):
        top, layer, _ = path.split("/")
        allowed = LAYERS.get(layer, []) if top == "common" else SERVICE_MAY_INCLUDE
        for line, is_own, name in includes(text):
            if not is_own:
                continue
            folder, _, rest = name.partition("/")
            if rest == "":
                if f"{top}/{layer}/{name}" not in tree.texts:
                    yield Found(path, line, f'"{name}" is not in its own folder')
            elif folder not in allowed or f"common/{name}" not in tree.texts:
                yield Found(path, line, f'"{name}" is of no layer that {top}/{layer} may see')


def check_libraries(tree):
    for path, text in tree.matching(r"(common|services)/.+\.[ch]"):
        for line, _, name in includes(text):
            for library, homes in LIBRARIES.items():
                if re.match(library, name) and not any(re.fullmatch(h, path) for h in homes):
                    yield Found(path, line, f"<{name}> belongs to its adapter alone")


# ---- sizes ----

def functions(text):
    """(first line, length in lines, name) of the functions: their braces stand in column 0."""
    lines = without_comments_and_texts(text).split("\n")
    start, in_macro = None, False
    for index, content in enumerate(lines):
        if in_macro or content.startswith("#"):
            in_macro = content.endswith("\\")
            start = None
        elif content == "{" and start is not None:
            end = next((i for i in range(index, len(lines)) if lines[i].startswith("}")), index)
            head = " ".join(lines[start:index])
            name = re.search(r"(\w+)\s*\(", head)
            if name:
                yield start + 1, end - start + 1, name[1]
            start = None
        elif not content.strip() or content.rstrip().endswith((";", "}")):
            start = None
        elif start is None and re.match(r"[A-Za-z_]", content):
            start = index


def check_function_length(tree):
    for path, text in tree.matching(r".+\.[ch]"):
        for line, length, name in functions(text):
            if length > FUNCTION_LINES_MAX:
                yield Found(path, line, f"{name} has {length} lines of {FUNCTION_LINES_MAX}")


def is_code(path, text):
    return path.endswith(CODE) or text.startswith("#!")


def check_file_length(tree):
    for path, text in tree.texts.items():
        count = text.count("\n")
        if is_code(path, text) and count > FILE_LINES_MAX:
            yield Found(path, count, f"the file has {count} lines of {FILE_LINES_MAX}")


def check_line_width(tree):
    for path, text in tree.texts.items():
        if is_code(path, text) or path.endswith("CMakeLists.txt"):
            for line, content in numbered(text):
                if len(content) > LINE_WIDTH_MAX:
                    yield Found(path, line, f"{len(content)} columns of {LINE_WIDTH_MAX}")


# ---- words ----

def check_banned_calls(tree):
    call = re.compile(r"(?<![\w.>])(" + "|".join(BANNED_CALLS) + r")\s*\(")
    for path, text in tree.matching(r".+\.[ch]"):
        for line, content in numbered(without_comments_and_texts(text)):
            for match in call.finditer(content):
                yield Found(path, line, f"{match[1]} is banned")
        for line, _, name in includes(text):
            if name == "assert.h":
                yield Found(path, line, "<assert.h> is banned: assertions stay on")


def check_banned_words(tree):
    word = re.compile(r"\b(" + "|".join(BANNED_WORDS) + r")\b")
    for path, text in tree.texts.items():
        for line, content in numbered(text):
            for match in word.finditer(content):
                yield Found(path, line, f"{match[1]}: do it, or write an issue")


def check_outside_paths(tree):
    for path, text in tree.texts.items():
        for line, content in numbered(text):
            for outside in OUTSIDE_PATHS:
                if outside in content:
                    yield Found(path, line, f"{outside} is no part of the project")


def host_is_fine(host):
    name = host.split("@")[-1]
    name = name if name.startswith("[") else name.split(":")[0]
    return (not name or re.search(r"[%{}$…]", name) or name in HOSTS or name.endswith(".") or
            name.endswith(HOST_SUFFIXES))


def check_hosts(tree):
    """No package registry, mirror or proxy: those are the machine's settings, not the project's."""
    url = re.compile(r"\bhttps?://([^\s/\"'<>)\\,`;]*)", re.IGNORECASE)
    image = re.compile(r"^\s*(?:FROM|image:)\s+((?:[\w-]+\.)+[\w-]+(?::\d+)?)/", re.IGNORECASE)
    for path, text in tree.texts.items():
        for line, content in numbered(text):
            for match in url.finditer(content):
                if not host_is_fine(match[1].rstrip(".")):
                    yield Found(path, line, f"the host {match[1]} is not in tidy.py's HOSTS")
            match = image.match(content)
            if match:
                yield Found(path, line, f"the image's registry {match[1]} is a setting")


def check_fixed_folders(tree):
    fixed = re.compile(r"(?<![\w}-])/" + r"tmp/[^\s\"'`)]*")
    for path, text in tree.matching(r"tests/.+"):
        for line, content in numbered(text):
            for match in fixed.finditer(content):
                if not re.search(r"X{6}", match[0]):
                    yield Found(path, line, f"{match[0]}: two runs would share it")


# ---- comments and names ----

def first_line_is_comment(path, text):
    lines = text.split("\n")
    if lines[0].startswith("#!"):
        lines = lines[1:]
    if path.endswith((".c", ".h")):
        head = "\n".join(lines[:2])
        name = re.escape(pathlib.PurePath(path).name)
        return re.match(r"/\*(?:\n \*)? " + name + r" - \S", head) is not None
    if path.endswith(".sql"):
        return lines[0].startswith("-- ")
    return lines[0].startswith(('"""', "# "))


def check_first_lines(tree):
    for path, text in tree.texts.items():
        if is_code(path, text) or path.endswith(".sql"):
            if not first_line_is_comment(path, text):
                yield Found(path, 1, "must open with one line: what the file is for")


def prototypes(text):
    """(line, name) of the functions that a header declares."""
    code = without_comments(text)
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, code, flags=re.MULTILINE)
    code = re.sub(r"\{[^{}]*\}", blank, code)  # bodies of types; the inner ones first
    code = re.sub(r"\{[^{}]*\}", blank, code)
    declaration = re.compile(r"^(?!typedef|static|struct|enum|union|_Static_assert|extern\b[^(]*;)"
                             r"[A-Za-z_][^;{}]*?\b(\w+)\s*\([^;{}]*;", re.MULTILINE)
    for match in declaration.finditer(code):
        yield code.count("\n", 0, match.start()) + 1, match[1]


def has_comment_above(lines, line):
    """Directly, or above declarations that follow it without an empty line."""
    for content in reversed(lines[:line - 1]):
        if not content.strip():
            return False
        if content.lstrip().startswith(("/*", "*")):
            return True
    return False


def check_docstrings(tree):
    for path, text in tree.matching(r"(common|services)/.+\.h"):
        lines = text.split("\n")
        for line, name in prototypes(text):
            if not has_comment_above(lines, line):
                yield Found(path, line, f"{name} has no comment above it")


def check_setting_names(tree):
    table = re.compile(r"\bConfigItem\s+\w+\[\]\s*=\s*\{(.*?)\n?\};|"
                       r"#define\s+\w*CONFIG_ITEMS\b((?:[^\n]*\\\n)*[^\n]*)", re.DOTALL)
    name = re.compile(r'\{\s*(?:\.name\s*=\s*)?"([^"]*)"')
    for path, text in tree.matching(r"(common|services)/.+\.[ch]"):
        code = without_comments(text)
        for match in table.finditer(code):
            group = 1 if match[1] is not None else 2
            for item in name.finditer(match[group]):
                if not re.fullmatch(r"CPOR_[A-Z0-9_]+", item[1]):
                    line = code.count("\n", 0, match.start(group) + item.start()) + 1
                    yield Found(path, line, f"the setting {item[1]} must begin with CPOR_")


# ---- crash points ----

CRASH_POINTS = "common/runtime/crash_point.h"


def check_crash_points(tree):
    """Each point of the table is passed somewhere; each that is passed is in the table."""
    places = [(path, line, match[1]) for path, text in tree.matching(r"(common|services)/.+\.c")
              for line, content in numbered(without_comments_and_texts(text))
              for match in re.finditer(r"\bcrash_point(?:_restart)?\((CRASH_\w+)\)", content)]
    table = {match[1]: line for line, content in numbered(tree.texts.get(CRASH_POINTS, ""))
             for match in re.finditer(r"\bPOINT\((CRASH_\w+),", content)}
    for path, line, name in places:
        if name not in table:
            yield Found(path, line, f"{name} is not in the table of {CRASH_POINTS}")
    for name, line in table.items():
        if name not in {used for _, _, used in places}:
            yield Found(CRASH_POINTS, line, f"{name} is passed nowhere")


# ---- tests ----

def check_coverage(tree):
    """Each code, move, event and dead letter of the C tables names the test that shows it."""
    for line, message in coverage.check(tree):
        yield Found(coverage.TABLE, line, message)


# ---- SQL ----

def check_sql(tree):
    """Values go into statements as parameters only."""
    code = {path: without_comments(text) for path, text in
            tree.matching(r"(common|services)/.+\.[ch]")}
    for path, line, message in sql.check(code):
        yield Found(path, line, message)


# ---- format ----

def clang_format():
    """The program of the right version, or None."""
    for name in CLANG_FORMATS:
        program = shutil.which(name)
        if program:
            said = subprocess.run([program, "--version"], check=False, capture_output=True,
                                  text=True).stdout
            if re.search(rf"version {CLANG_FORMAT_VERSION}\.", said):
                return program
    return None


def check_format(tree):
    """Where a folder has a .clang-format above it, C is laid out as that says."""
    paths = [path for path, _ in tree.matching(r".+\.[ch]")]
    program = clang_format()
    if program is None:
        yield Found(".clang-format", 1, f"there is no clang-format {CLANG_FORMAT_VERSION} here")
    elif paths:
        said = subprocess.run(
            [program, "--dry-run", "--style=file", "--fallback-style=none", *paths],
            cwd=tree.root, check=False, capture_output=True, text=True).stderr
        places = re.findall(r"^(\S+):(\d+):\d+: (?:warning|error): (.*)", said, re.MULTILINE)
        for path, line, message in dict.fromkeys(places):
            yield Found(path, int(line), message.partition(" [")[0])


CHECKS = {
    "layers": check_layers,
    "libraries": check_libraries,
    "function-length": check_function_length,
    "file-length": check_file_length,
    "line-width": check_line_width,
    "banned-calls": check_banned_calls,
    "banned-words": check_banned_words,
    "outside-paths": check_outside_paths,
    "hosts": check_hosts,
    "fixed-folders": check_fixed_folders,
    "first-lines": check_first_lines,
    "docstrings": check_docstrings,
    "setting-names": check_setting_names,
    "crash-points": check_crash_points,
    "coverage": check_coverage,
    "sql": check_sql,
    "format": check_format,
}


def print_share(tree):
    lengths = sorted(length for path, text in tree.matching(r"(common|services)/.+\.c")
                     for _, length, _ in functions(text))
    if lengths:
        within = sum(length <= FUNCTION_LINES_AIM for length in lengths)
        median = lengths[len(lengths) // 2]
        print(f"{len(lengths)} functions in common and services: median {median}"
              f" lines, {100 * within / len(lengths):.1f} % within {FUNCTION_LINES_AIM},"
              f" longest {lengths[-1]}")


def check_tree(root):
    tree = Tree(root)
    count = 0
    for name, check in CHECKS.items():
        for found in check(tree):
            print(f"{found.path}:{found.line}: {name}: {found.message}")
            count += 1
    print_share(tree)
    print(f"{len(tree.texts)} files, {len(CHECKS)} checks, {count} violations")
    return count == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.self_test:
        import self_test
        return 0 if self_test.run() else 1
    return 0 if check_tree(arguments.root) else 1


if __name__ == "__main__":
    sys.exit(main())
