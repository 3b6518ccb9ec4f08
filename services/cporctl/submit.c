/* submit.c - `cporctl submit`: claim documents out of files, checked, then published. */
#include "kafka_sender.h"
#include "output.h"
#include "progress.h"
#include "submit_wait.h"

#include "claim/event.h"
#include "claim/json_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FAILURE_TOLD_MAX = 20, FLUSH_POLL_MS = 100, TAG_LINE_BITS = 44, WAIT_SECONDS = 60 };

const Option submit_options[] = {
    {"--check", NULL, "only check, publish nothing"},
    {"--skip-bad", NULL, "publish the good documents although others are bad"},
    {"--revision", NULL, "a document with a member revision answers a question: resubmit it"},
    {"--wait", NULL, "until each claim was validated, and tell what became of it"},
    {"--timeout", "SECONDS", "of --wait, 1..86400; else 60"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

typedef struct Submit {
    Session *session;
    SubmitChecker *checker;
    KafkaSender *sender; /* NULL: nothing is published (yet) */
    SubmitWait *wait;    /* NULL: nobody waits */
    DocumentFile *files[COMMAND_WORD_COUNT_MAX];
    size_t file_count;
    bool is_check, skips_bad;
    int64_t timeout_ms;
    uint64_t size, position; /* of all files; of those before the one in hand */
    uint64_t document_count, bad_count, asked_count, finding_count;
    uint64_t told_count; /* failures that were told */
    Progress progress;
    Arena arena; /* of a line of output */
} Submit;

/* ---- telling ---- */

static void print_finding(Submit *submit, const char *place, const SubmitDocument *document,
                          const Finding *finding)
{
    Session *session = submit->session;
    const bool is_refusal = finding->kind == FINDING_REFUSAL;
    const char *code = finding->code == CODE_NONE ? document->fault_code : code_name(finding->code);
    const char *kind = is_refusal ? "refusal" : "question";
    printf("%s: %s%s%s %s", place, document->claim_id, document->claim_id[0] == '\0' ? "" : ": ",
           session->has_colour ? (is_refusal ? "\033[31mrefusal\033[0m" : "\033[33mquestion\033[0m")
                               : kind,
           code);
    if (finding->line != 0)
        printf(", line %" PRId32, finding->line);
    if (finding->path != NULL)
        printf(", %s", finding->path);
    printf(": %s\n", finding->message);
}

static void write_finding(Submit *submit, const char *file_name, size_t line,
                          const SubmitDocument *document, const Finding *finding)
{
    JsonWriter writer;
    writer_init(&writer, &submit->arena, 512);
    writer_open(&writer, '{');
    writer_member_text(&writer, "file", file_name);
    writer_member_integer(&writer, "file_line", (int64_t)line);
    writer_member_or_null(&writer, "tenant_id", document->tenant_id);
    writer_member_or_null(&writer, "claim_id", document->claim_id);
    writer_member_text(&writer, "code",
                       finding->code == CODE_NONE ? document->fault_code
                                                  : code_name(finding->code));
    writer_member_text(&writer, "kind", finding_kind_name(finding->kind));
    writer_key(&writer, "line");
    if (finding->line == 0)
        writer_text(&writer, NULL);
    else
        writer_integer(&writer, finding->line);
    writer_member_text(&writer, "path", finding->path);
    writer_member_text(&writer, "message", finding->message);
    writer_close(&writer, '}');
    printf("%s%s", submit->finding_count == 0 ? "" : ",", writer_finish(&writer, NULL));
}

static void tell_findings(Submit *submit, const DocumentFile *file, const DocumentText *text,
                          const SubmitDocument *document)
{
    const char *name = document_file_name(file);
    if (document->finding_count > 0)
        progress_clear(&submit->progress);
    for (size_t i = 0; i < document->finding_count; i++) {
        const Finding *finding = &document->findings[i];
        arena_reset(&submit->arena);
        if (submit->session->is_json)
            write_finding(submit, name, text->line, document, finding);
        else
            print_finding(submit, arena_printf(&submit->arena, "%s:%zu", name, text->line),
                          document, finding);
        submit->finding_count++;
    }
}

/* Called by the sender: no broker took the document of this file and line. */
static void tell_failed(void *context, uintptr_t tag, const char *why)
{
    Submit *submit = context;
    const DocumentFile *file = submit->files[tag >> TAG_LINE_BITS];
    if (submit->told_count++ >= FAILURE_TOLD_MAX)
        return;
    progress_clear(&submit->progress);
    fprintf(stderr, "cporctl submit: %s:%" PRIu64 ": not published: %s\n", document_file_name(file),
            (uint64_t)tag & (((uint64_t)1 << TAG_LINE_BITS) - 1), why);
}

/* ---- one document ---- */

static bool publish(Submit *submit, size_t file_index, const DocumentText *text,
                    const SubmitDocument *document)
{
    const EventType type = document->is_revision ? EVENT_CLAIM_RESUBMITTED : EVENT_CLAIM_SUBMITTED;
    const SentEvent event = {.key = document->tenant_id,
                             .type = type,
                             .id = document->event_id,
                             .subject = document->claim_id,
                             .at_ms = submit_checker_now(submit->checker),
                             .body = text->text,
                             .body_size = text->size,
                             .tag = (uintptr_t)file_index << TAG_LINE_BITS | text->line};
    if (!kafka_sender_send(submit->sender, &event))
        return false;
    if (submit->wait != NULL)
        submit_wait_add(submit->wait, document);
    return true;
}

static bool handle(Submit *submit, bool is_first_look, size_t file_index, const DocumentText *text)
{
    const DocumentFile *file = submit->files[file_index];
    SubmitDocument document;
    submit_check(submit->checker, document_file_name(file), text, is_first_look, &document);
    if (is_first_look) {
        submit->document_count++;
        submit->bad_count += document.is_bad;
        submit->asked_count += !document.is_bad && document.finding_count > 0;
        tell_findings(submit, file, text, &document);
    } else if (document.is_bad) {
        return error_set(&submit->session->error, ERROR_FATAL,
                         "publish %s: it changed while it was read", document_file_name(file));
    }
    return document.is_bad || submit->sender == NULL ||
           publish(submit, file_index, text, &document);
}

/* ---- all documents ---- */

/* Brokers that are gone take nothing more. */
static bool is_failing(const Submit *submit)
{
    return submit->sender != NULL && kafka_sender_counts(submit->sender).failed > 0;
}

static bool pass_file(Submit *submit, bool is_first_look, size_t file_index, uint64_t *count)
{
    DocumentFile *file = submit->files[file_index];
    Error *error = &submit->session->error;
    DocumentText text;
    bool found = true;
    if (!document_file_rewind(file, error))
        return false;
    while (!is_failing(submit)) {
        if (!document_file_next(file, &text, &found, error))
            return false;
        if (!found)
            break;
        if (!handle(submit, is_first_look, file_index, &text))
            return false;
        progress_tell(&submit->progress, submit->position + document_file_position(file),
                      submit->size, ++*count);
    }
    submit->position += document_file_size(file);
    return true;
}

/* The first look tells what is found; with a sender, what is good is published. */
static bool pass(Submit *submit, bool is_first_look)
{
    uint64_t count = 0;
    submit->position = 0;
    submit->progress = progress_begin(submit->sender == NULL ? "checking" : "publishing");
    bool done = true;
    for (size_t i = 0; done && i < submit->file_count; i++)
        done = pass_file(submit, is_first_look, i, &count);
    while (submit->sender != NULL && kafka_sender_poll(submit->sender, FLUSH_POLL_MS) > 0)
        ; /* ends: a record that no broker takes fails in time */
    progress_clear(&submit->progress);
    return done;
}

static bool open_servers(Submit *submit)
{
    Session *session = submit->session;
    return (submit->wait == NULL || session_open_reader(session)) &&
           kafka_sender_open(session, event_type_topic(EVENT_CLAIM_SUBMITTED), tell_failed, submit,
                             &submit->sender);
}

static bool run_passes(Submit *submit)
{
    if (submit->is_check)
        return pass(submit, true);
    if (submit->skips_bad)
        return open_servers(submit) && pass(submit, true);
    if (!pass(submit, true))
        return false;
    if (submit->bad_count > 0 || submit->document_count == 0)
        return true;
    return open_servers(submit) && pass(submit, false);
}

/* ---- the answer ---- */

static void print_summary(const Submit *submit, uint64_t published)
{
    printf("%" PRIu64 " document%s, %" PRIu64 " bad, %" PRIu64 " with questions; %" PRIu64
           " published\n",
           submit->document_count, submit->document_count == 1 ? "" : "s", submit->bad_count,
           submit->asked_count, published);
}

static void print_summary_json(const Submit *submit, uint64_t published, uint64_t failed)
{
    printf("],\"documents\":%" PRIu64 ",\"bad\":%" PRIu64 ",\"questions\":%" PRIu64
           ",\"published\":%" PRIu64 ",\"failed\":%" PRIu64,
           submit->document_count, submit->bad_count, submit->asked_count, published, failed);
}

static ExitCode wait_for_all(Submit *submit)
{
    Session *session = submit->session;
    size_t left = 0;
    if (!submit_wait_run(session, submit->wait, submit->timeout_ms, &left))
        return session_fail(session);
    if (session->is_json)
        printf(",\"claims\":");
    const size_t refused = session->is_json ? submit_wait_print_json(submit->wait)
                                            : submit_wait_print(session, submit->wait);
    if (left > 0)
        return session_deny(session,
                            "%zu of the claims were not handled in time; they are published, and "
                            "cporctl status tells when they are",
                            left);
    return refused == 0 ? EXIT_CODE_DONE : EXIT_CODE_NEGATIVE;
}

static ExitCode tell_unpublished(const Submit *submit, uint64_t published)
{
    const uint64_t good = submit->document_count - submit->bad_count;
    if (submit->document_count == 0)
        return session_deny(submit->session, "there is no document in it");
    if (submit->is_check)
        return submit->bad_count == 0 ? EXIT_CODE_DONE : EXIT_CODE_NEGATIVE;
    if (submit->bad_count > 0 && !submit->skips_bad)
        return session_deny(submit->session,
                            "nothing was published: mend what is bad, or publish the rest with "
                            "--skip-bad");
    if (published < good)
        return session_deny(submit->session,
                            "not all was published; submit it again: what is there already "
                            "changes nothing");
    return submit->bad_count == 0 ? EXIT_CODE_DONE : EXIT_CODE_NEGATIVE;
}

static ExitCode run_and_tell(Submit *submit)
{
    Session *session = submit->session;
    SenderCounts counts = {0};
    if (session->is_json)
        printf("{\"findings\":[");
    const bool done = run_passes(submit);
    if (submit->sender != NULL)
        counts = kafka_sender_counts(submit->sender);
    if (session->is_json)
        print_summary_json(submit, counts.delivered, counts.failed);
    else
        print_summary(submit, counts.delivered);
    ExitCode code = done ? tell_unpublished(submit, counts.delivered) : session_fail(session);
    if (done && submit->wait != NULL && counts.delivered > 0) {
        const ExitCode wait_code = wait_for_all(submit);
        code = code == EXIT_CODE_DONE ? wait_code : code;
    }
    if (session->is_json)
        printf("}\n");
    return code;
}

static ExitCode read_options(Submit *submit)
{
    const Session *session = submit->session;
    const Arguments *arguments = &session->arguments;
    int64_t timeout_s = 0;
    const bool waits = arguments_option(arguments, "--wait") != NULL;
    submit->is_check = arguments_option(arguments, "--check") != NULL;
    submit->skips_bad = arguments_option(arguments, "--skip-bad") != NULL;
    if (submit->is_check && (waits || submit->skips_bad))
        return session_refuse(session, "--check publishes nothing: neither --wait nor --skip-bad "
                                       "goes with it");
    if (!waits && arguments_option(arguments, "--timeout") != NULL)
        return session_refuse(session, "--timeout is that of --wait, which is not given");
    for (size_t i = 0; i < arguments->word_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(arguments->words[i], "-") == 0 && strcmp(arguments->words[j], "-") == 0)
                return session_refuse(session, "standard input (-) can be read once only");
    const ExitCode code = option_number(session, "--timeout", 1, 86400, WAIT_SECONDS, &timeout_s);
    submit->timeout_ms = timeout_s * 1000;
    submit->wait = waits && code == EXIT_CODE_DONE ? submit_wait_new() : NULL;
    return code;
}

static bool open_files(Submit *submit)
{
    Session *session = submit->session;
    for (size_t i = 0; i < session->arguments.word_count; i++) {
        if (!document_file_open(session->arguments.words[i], &submit->files[i], &session->error))
            return false;
        submit->file_count++;
        submit->size += document_file_size(submit->files[i]);
    }
    return submit_checker_open(session, arguments_option(&session->arguments, "--revision") != NULL,
                               &submit->checker);
}

ExitCode submit_run(Session *session)
{
    Submit submit = {.session = session};
    arena_init(&submit.arena);
    ExitCode code = read_options(&submit);
    if (code == EXIT_CODE_DONE)
        code = open_files(&submit) ? run_and_tell(&submit) : session_fail(session);
    kafka_sender_release(&submit.sender);
    submit_wait_free(&submit.wait);
    submit_checker_release(&submit.checker);
    for (size_t i = 0; i < submit.file_count; i++)
        document_file_release(&submit.files[i]);
    arena_deinit(&submit.arena);
    return code;
}
