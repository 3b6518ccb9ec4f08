"""Deliberately broken builds, one row each: which promise is broken, how, and who must find it.

A mutant is an exact substitution in a source file; where the source has moved on it fits nowhere:
that is a failing test. Nothing is built anew but the files that are broken: they are compiled as
build/release did it, and linked in front of its libraries.
"""

import dataclasses
import json
import pathlib
import shlex
import subprocess

import harness

ALL = harness.SERVICES
EXPIRY, SUBMISSION = ("opt-out-expiry",), ("claim-submission",)
MARK = "CPOR_MUTANT_MARK"

# kill -9 from inside, once, at this very place.
CRASH = f'(unlink(getenv("{MARK}")) == 0 ? raise(SIGKILL) : 0)'
LIBC = [argument for name in ("signal.h", "stdlib.h", "unistd.h")
        for argument in ("-include", name)]


@dataclasses.dataclass
class Mutant:
    promise: int  # of the eight
    name: str
    edits: tuple  # (path, text, other text)
    finds: set  # checks of the audit, all of which must speak; others may
    services: tuple = EXPIRY  # those that run the broken build
    story: str = "races"

    def __str__(self):
        return f"{self.promise}-{self.name}"


WORKER, SETTLE, SAVE = "common/runtime/worker.c", "services/opt-out-expiry/settle.c", \
    "common/store/store_save.c"
CAUSE, DECIDE = "common/store/store_cause.c", "services/opt-out-expiry/decide.c"
PUBLISH, TIMERS = "common/runtime/kafka_publish.c", "services/opt-out-expiry/timer_loop.c"
NOTICE = "services/customer-notification/customer_notification.c"

HANDLE = "done = worker_handle(worker, reterr) && worker_publish(worker, reterr);"
COMMIT = "!database_commit(work->database, reterr)"
SEND = "    if (send_all(kafka, batch, deadline_mono_ms, reterr) &&\n"
SAVE_HOLDERS = """            holders_compare(work->entries[i], &deletes, &inserts);
    return rows_run(&deletes, work, false, reterr) && rows_run(&inserts, work, {}, reterr);
"""
CRASH_BEFORE_KAFKA = (WORKER, HANDLE, HANDLE.replace(" && ", f" && !{CRASH} && "))

MUTANTS = [
    Mutant(1, "a batch that failed is committed", (
        (WORKER, HANDLE, HANDLE.replace(" && ", ", ").replace("= ", "= (").replace(";", ");")),),
        {"input-lost"}, SUBMISSION),
    Mutant(1, "what nobody can read is skipped", (
        ("common/store/store.c", "} else if (error.class == ERROR_REJECT) {",
         "} else if (error.class == ERROR_REJECT) {\nif (false)"),), {"input-lost"}, SUBMISSION),
    Mutant(1, "what is ignored leaves no trace", (
        ("common/store/change.c", """    Move *move = work_note(work, event, event->tenant_id,"""
         """ event->claim_id, event->receipt_at_ms);
    move->ignored = why;
""", ""),), {"input-lost"}),

    Mutant(2, "offsets in a transaction after the outcomes", (
        (PUBLISH, SEND, SEND + f"""
        txn_commit(kafka, deadline_mono_ms, reterr) && !{CRASH} && txn_begin(kafka, reterr) &&
"""),), {"log-official-once", "log-status-repeats"}),
    Mutant(2, "a new id each time", (
        ("common/claim/outbound.c", """association_name(claim, line, "official", arena)""",
         """arena_printf(arena, "official/%d", getpid())"""),), {"log-readable"}),
    Mutant(2, "a group that Kafka forgot begins at the beginning", (
        ("common/store/position.c", "? POSITION_AS_SAVED", "? POSITION_AS_GROUP"),),
        {"log-official-once", "log-status-repeats"}, story="forgotten"),
    Mutant(2, "a duplicate is new", (
        (CAUSE, "return MEETING_DUPLICATE;", "return MEETING_NEW;"),
        (SAVE, '" $6::text[])"};', '" $6::text[]) on conflict do nothing"};')),
        {"history-handled-twice"}, SUBMISSION),
    Mutant(1, "the name is enough: another event under it is a duplicate", (
        (CAUSE, "strcmp(named->digest, digest) == 0", "digest[0] != '\\0'"),),
        {"input-lost"}, SUBMISSION),

    Mutant(3, "the deadline's own millisecond is too late", (
        (SETTLE, "line->deadline_at_ms >= receipt_at_ms", "line->deadline_at_ms > receipt_at_ms"),),
        {"input-decided-early"}),
    Mutant(3, "an opt-out in time is ignored", (
        (DECIDE, """move_lines(deciding, event, entry, LINE_OPT_OUT, "nothing is left""",
         """work_ignore(deciding->work, event, "nothing is left"""),),
        {"input-opt-out-overruled"}),
    Mutant(3, "official a millisecond early", (
        (SETTLE, "line_move(line, LINE_WIN, CODE_NONE, closing->deadline_at_ms)",
         "line_move(line, LINE_WIN, CODE_NONE, closing->deadline_at_ms - 1)"),),
        {"official-before-deadline", "log-official-before-deadline"}),
    Mutant(3, "a window of four days", (
        (NOTICE, "store->business_day_count, &deadline",
         "store->business_day_count - 1, &deadline"),
    ), {"window-too-short"}, ("customer-notification",)),

    Mutant(4, "two holders", (
        (SETTLE, "    if (holder != NULL)\n        supersede", "    if (false)\n        supersede"),
        (SAVE, SAVE_HOLDERS.format("true"), SAVE_HOLDERS.format("false"))),
        {"log-one-holder", "official-without-holder"}),
    Mutant(4, "the successor first, then the end", (
        (SETTLE, "change_add(winner, &ended);",
         "change_add(closing_change(closing, entry), &ended);"),),
        {"log-swap-order", "log-one-holder"}),

    Mutant(5, "neither rebuild nor sweep", (
        (TIMERS, "if (rebuild_lost(tick, reterr) && release_due", "if (release_due"),
        (TIMERS, "const bool rows = sweep_if_time(&tick, is_away, &error) && ",
         "const bool rows = ")), {"timer-overdue"}, story="flushed"),

    Mutant(6, "Kafka first, then PostgreSQL", (
        (WORKER, HANDLE, HANDLE.replace(
            ";", f" && !{CRASH} && database_commit(worker->database, reterr);")),
        (SAVE, COMMIT, "false"),
        ("common/store/position.c", "committed_offset > position->next_offset", "false")),
        {"input-lost", "log-official-unexplained", "log-one-holder"}),
    Mutant(6, "outcomes are not sent again", (
        CRASH_BEFORE_KAFKA,
        (CAUSE, "        work_replay(work, cause, settling);\n", "        return;\n"),
        (CAUSE, "        work_replay(work, cause, event);\n", "        (void)event;\n")),
        {"log-official-once", "log-official-unexplained", "log-status-gap"}),

    Mutant(7, "the calendar's version is forgotten", (
        (NOTICE, """             deadline.calendar_version);""", """             "");"""),),
        {"window-without-calendar"}, ("customer-notification",)),
    Mutant(7, "the cause is forgotten", (
        (SAVE, "db_column_add_text(column++, event->id);",
         """db_column_add_text(column++, "");"""),), {"history-without-cause"}),
    Mutant(7, "nobody did it", (
        (SAVE, "actor_type_name(event->actor.type == ACTOR_NONE ? ACTOR_SYSTEM :"
               " event->actor.type)", """"\""""),), {"history-without-actor"}),
    Mutant(7, "a change without history", (
        (SAVE, "if (work->moves[i]->event != NULL)", "if (work->moves[i]->event == NULL)"),),
        {"history-behind", "official-unexplained", "input-lost"}),

    Mutant(8, "nobody asks who signed", (
        ("common/claim/event_gate.c", "return verdict == SIGNATURE_GOOD ||", "return true ||"),),
        {"act-unproved"}, story="forged"),
    Mutant(8, "the proof is forgotten", (
        (SAVE, "db_column_add_text(column++, event->proof);",
         "db_column_add_text(column++, NULL);"),), {"act-unproved"}),
    Mutant(8, "what outsiders say is the system's own", (
        ("common/claim/event_gate.c", "if (!source_may_say(&saying, &why))",
         "if (!source_may_say(&saying, &why) && false)"),
        ("common/claim/event_gate.c", "return verdict == SIGNATURE_GOOD ||", "return true ||")),
        {"input-lost"}, story="forged"),
]

# Good builds: the stories themselves break nothing. Killed: kill -9 between the two commits.
CONTROLS = [
    Mutant(0, "unbroken", (), set()),
    Mutant(0, "unbroken, flushed", (), set(), story="flushed"),
    Mutant(0, "unbroken, forged", (), set(), story="forged"),
    Mutant(0, "unbroken, forgotten", (), set(), story="forgotten"),
    Mutant(0, "unbroken, killed", (CRASH_BEFORE_KAFKA,), set()),
]


class Build:
    """Compiles and links as the build beside harness.BIN did; knows its commands."""

    def __init__(self, folder):
        self.folder = folder
        self.root = harness.BIN.parent
        path = self.root / "compile_commands.json"
        assert path.exists(), f"{path} is missing: CPOR_BIN_DIR must be the bin/ of a build folder"
        self.compiles = {entry["file"]: entry for entry in json.loads(path.read_text())}

    def make(self, mutant):
        """A folder with all programs, of which the mutant's services are broken."""
        programs = self.folder / str(mutant).replace(" ", "-").replace(",", "")
        programs.mkdir()
        texts = edited_texts(mutant)
        objects = {path: self.compile(programs, path, text) for path, text in texts.items()}
        for service in ALL:
            if objects and service in mutant.services:
                self.link(programs, service, objects)
            else:
                (programs / service).symlink_to(harness.BIN / service)
        return programs

    def compile(self, programs, path, text):
        source = programs / path.replace("/", "-")
        source.write_text(text)
        entry = self.compiles[str(harness.ROOT / path)]
        command = shlex.split(entry["command"])
        command[command.index("-c") + 1] = str(source)
        command[command.index("-o") + 1] = str(source.with_suffix(".o"))
        # Its neighbours' headers; and what a mutant leaves unused is no matter.
        command += ["-iquote", str((harness.ROOT / path).parent), "-w", *LIBC]
        execute(command, entry["directory"])
        return source.with_suffix(".o")

    def link(self, programs, service, objects):
        """In front of the libraries, which then are not asked for these names."""
        said = execute(["ninja", "-t", "commands", f"bin/{service}"], self.root)
        command = shlex.split(said.splitlines()[-1].removeprefix(": && ").removesuffix(" && :"))
        command[command.index("-o") + 1] = str(programs / service)
        own = f"CMakeFiles/{service}.dir/"
        for path, made in objects.items():
            if f"{own}{path}.o" in command:
                command[command.index(f"{own}{path}.o")] = str(made)
            elif path.startswith("common/"):
                command.insert(1, str(made))
        execute(command, self.root)


def edited_texts(mutant):
    texts = {}
    for path, old, new in mutant.edits:
        text = texts.get(path) or (harness.ROOT / path).read_text()
        assert text.count(old) == 1, \
            f"mutant {mutant}: {text.count(old)} times in {path}, not once:\n{old}"
        texts[path] = text.replace(old, new)
    return texts


def execute(command, folder):
    result = subprocess.run(command, cwd=pathlib.Path(folder), text=True, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 0, f"{shlex.join(command)}\n{result.stdout}"
    return result.stdout
