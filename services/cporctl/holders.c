/* holders.c - `cporctl holders`: who is partner of record, slot by slot. */
#include "claim_find.h"
#include "output.h"

#include "claim/json_writer.h"
#include "claim/uuid.h"

#include <stdio.h>
#include <string.h>

enum { HOLDERS_PAGE_COUNT = 1000 };

/* Page by page in the order of the primary key. $1: a tenant or null; $2, $3: after which. */
static const DbStatement page_statement = {
    "holders-page",
    "select h.tenant_id, h.slot, h.mpn_id, h.claim_id, h.line, h.association_id, h.poe_signed_on,"
    " (select (l->>'official')::bigint from claims c, jsonb_array_elements(c.lines) l"
    "  where c.tenant_id = h.tenant_id and c.claim_id = h.claim_id"
    "  and (l->>'n')::integer = h.line limit 1)"
    " from holders h where ($1::uuid is null or h.tenant_id = $1::uuid)"
    " and (h.tenant_id, h.slot) > ($2::uuid, $3::text)"
    " order by h.tenant_id, h.slot limit 1000"};

/* The statement's columns, in order. */
enum {
    COLUMN_TENANT,
    COLUMN_SLOT,
    COLUMN_MPN_ID,
    COLUMN_CLAIM,
    COLUMN_LINE,
    COLUMN_ASSOCIATION,
    COLUMN_POE,
    COLUMN_OFFICIAL,
};

/* Where the next page begins. */
typedef struct Place {
    char tenant_id[UUID_SIZE];
    char slot[SLOT_SIZE];
    size_t row_count; /* before it */
} Place;

static void print_row(Session *session, const DbResult *result, size_t row)
{
    const char *poe = db_text(result, row, COLUMN_POE);
    printf("%s  %-46s  partner %-12s  claim %s line %s  since %s  PoE %s\n",
           db_text(result, row, COLUMN_TENANT), db_text(result, row, COLUMN_SLOT),
           db_text(result, row, COLUMN_MPN_ID), db_text(result, row, COLUMN_CLAIM),
           db_text(result, row, COLUMN_LINE),
           output_instant(session, db_integer(result, row, COLUMN_OFFICIAL)),
           *poe == '\0' ? "-" : poe);
}

static void print_row_json(Session *session, const DbResult *result, size_t row, bool is_first)
{
    JsonWriter writer;
    writer_init(&writer, &session->arena, 512);
    writer_open(&writer, '{');
    writer_member_text(&writer, "tenant_id", db_text(result, row, COLUMN_TENANT));
    writer_member_text(&writer, "slot", db_text(result, row, COLUMN_SLOT));
    writer_member_text(&writer, "mpn_id", db_text(result, row, COLUMN_MPN_ID));
    writer_member_text(&writer, "claim_id", db_text(result, row, COLUMN_CLAIM));
    writer_member_integer(&writer, "line", db_integer(result, row, COLUMN_LINE));
    writer_member_text(&writer, "association_id", db_text(result, row, COLUMN_ASSOCIATION));
    writer_member_instant(&writer, "official_at", db_integer(result, row, COLUMN_OFFICIAL));
    writer_member_or_null(&writer, "poe_signed_on", db_text(result, row, COLUMN_POE));
    writer_close(&writer, '}');
    printf("%s%s", is_first ? "" : ",\n ", writer_finish(&writer, NULL));
}

static void print_page(Session *session, const DbResult *result, Place *place)
{
    const size_t count = db_result_rows(result);
    for (size_t row = 0; row < count; row++) {
        if (session->is_json)
            print_row_json(session, result, row, place->row_count + row == 0);
        else
            print_row(session, result, row);
    }
    place->row_count += count;
    if (count > 0) {
        snprintf(place->tenant_id, sizeof place->tenant_id, "%s",
                 db_text(result, count - 1, COLUMN_TENANT));
        snprintf(place->slot, sizeof place->slot, "%s", db_text(result, count - 1, COLUMN_SLOT));
    }
}

static bool holders_page(Session *session, const char *tenant_id, Place *place, size_t *ret_count)
{
    const char *parameters[] = {tenant_id, place->tenant_id, place->slot};
    DbResult *result = NULL;
    arena_reset(&session->arena);
    if (!database_run(session->database, &page_statement, parameters, 3, &result, &session->error))
        return false;
    *ret_count = db_result_rows(result);
    print_page(session, result, place);
    db_result_release(&result);
    return true;
}

static ExitCode holders_show(Session *session, const char *tenant_id)
{
    Place place = {.tenant_id = "00000000-0000-0000-0000-000000000000"};
    size_t count = HOLDERS_PAGE_COUNT;
    if (session->is_json)
        printf("[");
    while (count == HOLDERS_PAGE_COUNT)
        if (!holders_page(session, tenant_id, &place, &count))
            return session_fail(session);
    if (session->is_json)
        printf("]\n");
    else
        printf("%zu slot%s held\n", place.row_count, place.row_count == 1 ? "" : "s");
    return EXIT_CODE_DONE;
}

ExitCode holders_run(Session *session)
{
    const Arguments *arguments = &session->arguments;
    char tenant_id[UUID_SIZE];
    if (arguments->word_count == 1) {
        const ExitCode code = tenant_word_check(session, arguments->words[0]);
        if (code != EXIT_CODE_DONE)
            return code;
        uuid_fold(arguments->words[0], tenant_id);
    }
    if (!session_open_reader(session) || !session_begin_snapshot(session))
        return session_fail(session);
    return holders_show(session, arguments->word_count == 1 ? tenant_id : NULL);
}
