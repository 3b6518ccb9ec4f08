/* forget.c - `cporctl forget`: erases a person's data. */
#include "claim_find.h"
#include "forget_claim.h"
#include "output.h"

#include "claim/json_writer.h"
#include "claim/text_check.h"
#include "claim/uuid.h"
#include "runtime/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPERATOR_SIZE_MAX = 64, ANSWER_SIZE = 16 };

const Option forget_options[] = {
    {"--email", "ADDRESS", "the person, in all claims that have this address"},
    {"--operator", "ID", "who does it; stands in the history"},
    {"--dry-run", NULL, "tell what would be erased, change nothing"},
    {"--yes", NULL, "do not ask"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

/* All that an opt-out says; bytes beyond ASCII as octal escapes. */
#define SAID                                                                                       \
    "concat_ws(' ', actor_id, note, encode(record_key, 'escape'), encode(record_value, 'escape')," \
    " (select string_agg(encode(decode(h->>'value', 'hex'), 'escape'), ' ')"                       \
    " from jsonb_array_elements(record_headers::jsonb) h))"

/* Claims in which the address stands. Everything is read: nothing has an index for this. In a
 * record's JSON it may be written with escapes: what has any is looked at (not is_seen), and mostly
 * it is not there. */
static const DbStatement find_statement = {
    "forget-find",
    "select tenant_id, claim_id, bool_or(is_seen) from"
    " (select tenant_id, claim_id, true from documents where position($1 in lower(document)) > 0"
    " union all select tenant_id, claim_id, true from attachments"
    " where position($1 in lower(body)) > 0"
    " union all select tenant_id, claim_id, true from history"
    " where position($1 in lower(actor_id)) > 0"
    " or position($1 in lower(note)) > 0 or position($1 in lower(outcomes)) > 0"
    " union all select tenant_id, claim_id, true from claims"
    " where position($1 in lower(findings::text)) > 0"
    " union all select tenant_id, claim_id, position($1 in lower(said)) > 0 from"
    " (select tenant_id, claim_id, " SAID " as said from kept_opt_outs"
    " union all select tenant_id, claim_id, " SAID " from expired_opt_outs) o"
    " where position($1 in lower(said)) > 0 or position('\\u' in said) > 0)"
    " f(tenant_id, claim_id, is_seen) group by 1, 2 order by 1, 2"};

static bool is_operator(const char *text)
{
    return text != NULL && *text != '\0' && strlen(text) <= OPERATOR_SIZE_MAX &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-") ==
               strlen(text);
}

static ExitCode call_check(Session *session, Forgetting *forgetting)
{
    const Arguments *arguments = &session->arguments;
    const char *email = arguments_option(arguments, "--email");
    forgetting->operator_id = arguments_option(arguments, "--operator");
    forgetting->is_dry_run = arguments_option(arguments, "--dry-run") != NULL;
    if ((email == NULL) == (arguments->word_count == 0))
        return session_refuse(session, "whose data? either --email ADDRESS or a CLAIM_ID");
    if (email != NULL && !text_is_email(email, strlen(email), 0, 254))
        return session_refuse(session,
                              "--email %.60s: wants an address such as sam@contoso.example", email);
    if (!is_operator(forgetting->operator_id))
        return session_refuse(session,
                              "--operator ID is missing, or is not 1 to %d of A-Z a-z 0-9 "
                              ". _ @ -",
                              OPERATOR_SIZE_MAX);
    if (arguments->word_count > 0)
        return claim_words_check(session);
    char *folded = arena_text(&session->arena, email);
    for (char *c = folded; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    forgetting->email = folded;
    return EXIT_CODE_DONE;
}

/* It cannot be undone: a person is asked, a script must say so. */
static ExitCode confirm(const Session *session, const Forgetting *forgetting)
{
    char answer[ANSWER_SIZE] = "";
    if (forgetting->is_dry_run || arguments_option(&session->arguments, "--yes") != NULL)
        return EXIT_CODE_DONE;
    if (isatty(STDIN_FILENO) != 1)
        return session_refuse(session, "what is erased cannot come back: say --yes, or --dry-run");
    fprintf(stderr, "What is erased cannot come back. Erase (yes/no)? ");
    if (fgets(answer, sizeof answer, stdin) != NULL && strcmp(answer, "yes\n") == 0)
        return EXIT_CODE_DONE;
    return session_deny(session, "nothing was erased");
}

static bool clock_read(Session *session, Forgetting *forgetting)
{
    Clock clock;
    if (!clock_init(&clock, config_text(session->config, "CPOR_CLOCK_START"),
                    config_text(session->config, "CPOR_CLOCK_WALL_START"),
                    config_text(session->config, "CPOR_CLOCK_SPEED"), false, &session->error))
        return false;
    forgetting->now_ms = clock_now(&clock);
    return true;
}

/* ---- the answer ---- */

static const char outcome_names[][12] = {
    [FORGET_DONE] = "erased", [FORGET_NOTHING] = "nothing", [FORGET_NEEDED] = "refused"};

static const char needed_advice[] =
    "its notice is still to be sent to this contact: withdraw the claim or opt out first";

static void print_text(const Forgetting *forgetting, const ClaimName *name, ForgetOutcome outcome,
                       const ForgetCounts *counts)
{
    printf("%s %s: ", name->tenant_id, name->claim_id);
    if (outcome == FORGET_NEEDED)
        printf("refused, %s\n", needed_advice);
    else if (outcome == FORGET_NOTHING)
        printf("nothing to erase\n");
    else
        printf("%serased in %zu document%s, %zu attachment%s, %zu row%s of history, %zu kept "
               "opt-out%s%s\n",
               forgetting->is_dry_run ? "would be " : "", counts->documents,
               counts->documents == 1 ? "" : "s", counts->attachments,
               counts->attachments == 1 ? "" : "s", counts->history,
               counts->history == 1 ? "" : "s", counts->kept, counts->kept == 1 ? "" : "s",
               counts->findings ? ", and findings" : "");
}

static void print_json(Session *session, const ClaimName *name, ForgetOutcome outcome,
                       const ForgetCounts *counts, bool is_first)
{
    JsonWriter writer;
    writer_init(&writer, &session->arena, 512);
    writer_open(&writer, '{');
    writer_member_text(&writer, "tenant_id", name->tenant_id);
    writer_member_text(&writer, "claim_id", name->claim_id);
    writer_member_text(&writer, "outcome", outcome_names[outcome]);
    writer_member_text(&writer, "why", outcome == FORGET_NEEDED ? needed_advice : NULL);
    writer_member_integer(&writer, "documents", (int64_t)counts->documents);
    writer_member_integer(&writer, "attachments", (int64_t)counts->attachments);
    writer_member_integer(&writer, "history", (int64_t)counts->history);
    writer_member_integer(&writer, "kept_opt_outs", (int64_t)counts->kept);
    writer_key(&writer, "findings");
    writer_boolean(&writer, counts->findings);
    writer_close(&writer, '}');
    printf("%s%s", is_first ? "" : ",\n ", writer_finish(&writer, NULL));
}

/* ---- */

/* What was told of all the claims so far. */
typedef struct Answer {
    size_t count;
    bool is_refused;
} Answer;

/* is_seen: it is known that the person is there; else nothing is told of finding nothing. */
static bool forget_one(Session *session, const Forgetting *forgetting, const ClaimName *name,
                       bool is_seen, Answer *answer)
{
    ForgetOutcome outcome = FORGET_NOTHING;
    ForgetCounts counts = {0};
    if (!forget_claim(session, forgetting, name->tenant_id, name->claim_id, &outcome, &counts))
        return false;
    if (outcome == FORGET_NOTHING && !is_seen)
        return true;
    answer->is_refused |= outcome == FORGET_NEEDED;
    if (session->is_json)
        print_json(session, name, outcome, &counts, answer->count == 0);
    else
        print_text(forgetting, name, outcome, &counts);
    answer->count++;
    return true;
}

static ExitCode forget_found(Session *session, const Forgetting *forgetting, const DbResult *found)
{
    Answer answer = {.count = 0};
    bool good = true;
    printf(session->is_json ? "[" : "");
    for (size_t row = 0; good && row < db_result_rows(found); row++) {
        ClaimName name = {.claim_id = db_text(found, row, 1)};
        snprintf(name.tenant_id, sizeof name.tenant_id, "%s", db_text(found, row, 0));
        good = forget_one(session, forgetting, &name, *db_text(found, row, 2) == 't', &answer);
    }
    printf(session->is_json && good ? "]\n" : "");
    if (!good)
        return session_fail(session);
    if (answer.count == 0)
        return session_deny(session, "no claim has the address %s", forgetting->email);
    return answer.is_refused ? EXIT_CODE_NEGATIVE : EXIT_CODE_DONE;
}

static ExitCode forget_person(Session *session, const Forgetting *forgetting)
{
    DbResult *found = NULL;
    if (!database_run(session->database, &find_statement, &forgetting->email, 1, &found,
                      &session->error))
        return session_fail(session);
    const ExitCode code = forget_found(session, forgetting, found);
    db_result_release(&found);
    return code;
}

static ExitCode forget_named(Session *session, const Forgetting *forgetting)
{
    ClaimName name;
    Answer answer = {.count = 0};
    const ExitCode code = claim_find(session, &name);
    if (code != EXIT_CODE_DONE)
        return code;
    printf(session->is_json ? "[" : "");
    if (!forget_one(session, forgetting, &name, true, &answer))
        return session_fail(session);
    printf(session->is_json ? "]\n" : "");
    return answer.is_refused ? EXIT_CODE_NEGATIVE : EXIT_CODE_DONE;
}

ExitCode forget_run(Session *session)
{
    Forgetting forgetting = {.email = NULL};
    ExitCode code = call_check(session, &forgetting);
    if (code == EXIT_CODE_DONE)
        code = confirm(session, &forgetting);
    if (code != EXIT_CODE_DONE)
        return code;
    if (!clock_read(session, &forgetting) ||
        !session_open_database(session,
                               (int)config_integer(session->config, "CPOR_FORGET_TIMEOUT_MS")))
        return session_fail(session);
    return forgetting.email != NULL ? forget_person(session, &forgetting)
                                    : forget_named(session, &forgetting);
}
