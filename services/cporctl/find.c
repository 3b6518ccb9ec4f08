/* find.c - `cporctl find`: claims by what one knows of them, newest first. */
#include "options.h"
#include "output.h"

#include "claim/codes.h"
#include "claim/json_writer.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIND_COUNT_MAX = 10000, FIND_SQL_SIZE = 1024, FIND_PARAMETER_COUNT_MAX = 8 };

const Option find_options[] = {
    {"--mpn", "ID", "of the partner as the claim names it now"},
    {"--tenant", "ID", "the customer's directory, a GUID"},
    {"--subscription", "ID", "of a line, named or found, a GUID"},
    {"--domain", "NAME", "of the customer as the claim names it"},
    {"--status", "S", "of the claim, e.g. OPT_OUT_OPEN"},
    {"--since", "INSTANT", "first submitted then or later, RFC 3339"},
    {"--limit", "N", "at most so many claims, 1..10000; else 100"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

typedef struct Search {
    char sql[FIND_SQL_SIZE];
    size_t sql_size;
    const char *parameters[FIND_PARAMETER_COUNT_MAX];
    size_t parameter_count;
    int64_t limit;
} Search;

/* One more condition, around the parameter; none where value is NULL. */
static void search_add(Search *search, const char *condition_before, const char *condition_after,
                       const char *value)
{
    if (value == NULL)
        return;
    search->parameters[search->parameter_count++] = value;
    search->sql_size +=
        (size_t)snprintf(search->sql + search->sql_size, FIND_SQL_SIZE - search->sql_size,
                         "%s %s$%zu%s", search->parameter_count == 1 ? " where" : " and",
                         condition_before, search->parameter_count, condition_after);
}

static ExitCode read_status(const Session *session, const char **ret_status)
{
    const char *text = arguments_option(&session->arguments, "--status");
    *ret_status = text;
    for (int i = 0; text != NULL && i < CLAIM_STATUS_COUNT; i++) {
        const char *name = claim_status_name((ClaimStatus)i);
        if (name != NULL && strcasecmp(name, text) == 0) {
            *ret_status = name;
            return EXIT_CODE_DONE;
        }
    }
    return text == NULL
               ? EXIT_CODE_DONE
               : session_refuse(session,
                                "--status %.40s: wants one of SUBMITTED, UNDER_REVIEW, "
                                "PARTNER_ACTION_REQUIRED, VALIDATED, OPT_OUT_OPEN, OFFICIAL, "
                                "REJECTED, WITHDRAWN, ENDED",
                                text);
}

static const char *lower(Session *session, const char *text)
{
    char *copy = text == NULL ? NULL : arena_text(&session->arena, text);
    for (char *c = copy; c != NULL && *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

static ExitCode search_read(Session *session, Search *search)
{
    const Arguments *arguments = &session->arguments;
    const char *tenant = NULL, *subscription = NULL, *status = NULL;
    int64_t since_ms = 0;
    ExitCode code = option_guid(session, "--tenant", &tenant);
    if (code == EXIT_CODE_DONE)
        code = option_guid(session, "--subscription", &subscription);
    if (code == EXIT_CODE_DONE)
        code = read_status(session, &status);
    if (code == EXIT_CODE_DONE)
        code = option_instant(session, "--since", &since_ms);
    if (code == EXIT_CODE_DONE)
        code = option_number(session, "--limit", 1, FIND_COUNT_MAX, 100, &search->limit);
    if (code != EXIT_CODE_DONE)
        return code;
    search_add(search, "tenant_id = ", "::uuid", tenant);
    search_add(search, "mpn_id = ", "", arguments_option(arguments, "--mpn"));
    search_add(search, "domain = ", "", lower(session, arguments_option(arguments, "--domain")));
    search_add(search, "status = ", "", status);
    if (subscription != NULL)
        search_add(search, "lines @> ", "::jsonb",
                   arena_printf(&session->arena, "[{\"sub\": \"%s\"}]", subscription));
    if (arguments_option(arguments, "--since") != NULL)
        search_add(search, "first_submitted_at_ms >= ", "::bigint",
                   arena_printf(&session->arena, "%" PRId64, since_ms));
    if (search->parameter_count == 0)
        return session_refuse(session, "which claims? name at least one of --mpn, --tenant, "
                                       "--subscription, --domain, --status, --since");
    return EXIT_CODE_DONE;
}

/* The statement's columns, in order. */
enum {
    COLUMN_TENANT,
    COLUMN_CLAIM,
    COLUMN_STATUS,
    COLUMN_REASON,
    COLUMN_MPN_ID,
    COLUMN_DOMAIN,
    COLUMN_SUBMITTED,
    COLUMN_REVISION,
    COLUMN_DEADLINE,
};

static const char select_sql[] =
    "select tenant_id, claim_id, status, reason, mpn_id, domain, first_submitted_at_ms, revision,"
    " (select max((l->>'due')::bigint) from jsonb_array_elements(lines) l) from claims";

/* ---- the answer ---- */

static void print_row(Session *session, const DbResult *result, size_t row)
{
    const char *reason = db_text(result, row, COLUMN_REASON);
    printf("%s  %s  %-12s  %-24s %s%s%s  %s\n",
           output_instant(session, db_integer(result, row, COLUMN_SUBMITTED)),
           db_text(result, row, COLUMN_TENANT), db_text(result, row, COLUMN_MPN_ID),
           db_text(result, row, COLUMN_CLAIM), db_text(result, row, COLUMN_STATUS),
           *reason == '\0' ? "" : " ", reason,
           output_clean(session, db_text(result, row, COLUMN_DOMAIN)));
}

static void write_row(JsonWriter *writer, const DbResult *result, size_t row)
{
    writer_open(writer, '{');
    writer_member_text(writer, "tenant_id", db_text(result, row, COLUMN_TENANT));
    writer_member_text(writer, "claim_id", db_text(result, row, COLUMN_CLAIM));
    writer_member_text(writer, "status", db_text(result, row, COLUMN_STATUS));
    writer_member_or_null(writer, "reason", db_text(result, row, COLUMN_REASON));
    writer_member_or_null(writer, "mpn_id", db_text(result, row, COLUMN_MPN_ID));
    writer_member_or_null(writer, "domain", db_text(result, row, COLUMN_DOMAIN));
    writer_member_integer(writer, "revision", db_integer(result, row, COLUMN_REVISION));
    writer_member_instant(writer, "first_submitted_at", db_integer(result, row, COLUMN_SUBMITTED));
    writer_member_instant(writer, "deadline_at", db_integer(result, row, COLUMN_DEADLINE));
    writer_close(writer, '}');
}

static void print_json(Session *session, const DbResult *result, size_t count, bool is_more)
{
    JsonWriter writer;
    writer_init(&writer, &session->arena, 64 + 512 * count);
    writer_open(&writer, '{');
    writer_key(&writer, "claims");
    writer_open(&writer, '[');
    for (size_t row = 0; row < count; row++)
        write_row(&writer, result, row);
    writer_close(&writer, ']');
    writer_key(&writer, "more");
    writer_boolean(&writer, is_more);
    writer_close(&writer, '}');
    printf("%s\n", writer_finish(&writer, NULL));
}

static void print_text(Session *session, const DbResult *result, size_t count, bool is_more)
{
    if (count > 0)
        printf("%-24s  %-36s  %-12s  %-24s %s\n", "SUBMITTED", "TENANT", "PARTNER", "CLAIM",
               "STATUS, DOMAIN");
    for (size_t row = 0; row < count; row++)
        print_row(session, result, row);
    printf("%zu claim%s%s\n", count, count == 1 ? "" : "s",
           is_more ? "; more match: raise --limit, or name more" : "");
}

/* What took too long says what to do. */
static ExitCode search_fail(Session *session)
{
    const char *text = session->error.text;
    if (strstr(text, "SQLSTATE 57014") != NULL || strstr(text, "SQLSTATE 55P03") != NULL)
        return session_deny(session,
                            "the search took longer than CPOR_DATABASE_TIMEOUT_MS=%" PRId64
                            ": name --tenant, --domain or --since too, or raise it",
                            config_integer(session->config, "CPOR_DATABASE_TIMEOUT_MS"));
    return session_fail(session);
}

ExitCode find_run(Session *session)
{
    Search search = {.sql_size = 0};
    DbResult *result = NULL;
    const ExitCode code = search_read(session, &search);
    if (code != EXIT_CODE_DONE)
        return code;
    const DbStatement statement = {
        "find", arena_printf(&session->arena,
                             "%s%s order by first_submitted_at_ms desc, tenant_id, claim_id"
                             " limit $%zu::bigint",
                             select_sql, search.sql, search.parameter_count + 1)};
    search.parameters[search.parameter_count++] =
        arena_printf(&session->arena, "%" PRId64, search.limit + 1);
    if (!session_open_reader(session) ||
        !database_run(session->database, &statement, search.parameters, search.parameter_count,
                      &result, &session->error))
        return search_fail(session);
    const size_t found = db_result_rows(result);
    const bool is_more = found > (size_t)search.limit;
    const size_t count = is_more ? (size_t)search.limit : found;
    if (session->is_json)
        print_json(session, result, count, is_more);
    else
        print_text(session, result, count, is_more);
    db_result_release(&result);
    return EXIT_CODE_DONE;
}
