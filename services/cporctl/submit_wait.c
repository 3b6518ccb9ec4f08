/* submit_wait.c - see submit_wait.h. */
#include "submit_wait.h"

#include "kafka_sender.h"
#include "output.h"
#include "progress.h"

#include "claim/json_writer.h"
#include "claim/uuid.h"
#include "runtime/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ASK_COUNT_MAX = 2000, ASK_PAUSE_MS = 200 };

/* status is one of the contract's words, or why the event changed nothing. */
typedef struct Waited {
    const char *tenant_id, *claim_id;
    const char *cause_key;             /* of a revision; NULL: a first submission */
    const char *content_hash;          /* of a first submission; NULL: a revision */
    const char *status, *reason, *why; /* NULL: not known yet, or none */
} Waited;

struct SubmitWait {
    Arena arena;
    Waited *claims;
    size_t count, room;
};

SubmitWait *submit_wait_new(void)
{
    SubmitWait *wait = calloc(1, sizeof *wait);
    if (wait == NULL)
        abort();
    arena_init(&wait->arena);
    return wait;
}

void submit_wait_free(SubmitWait **place)
{
    SubmitWait *wait = *place;
    if (wait == NULL)
        return;
    arena_deinit(&wait->arena);
    free(wait);
    *place = NULL;
}

void submit_wait_add(SubmitWait *wait, const SubmitDocument *document)
{
    Arena *arena = &wait->arena;
    char key[UUID_SIZE];
    Waited claim = {.tenant_id = arena_text(arena, document->tenant_id),
                    .claim_id = arena_text(arena, document->claim_id)};
    if (document->is_revision) {
        uuid_cause(SENDER_SOURCE, document->event_id, key);
        claim.cause_key = arena_text(arena, key);
    } else {
        claim.content_hash = arena_text(arena, document->content_hash);
    }
    wait->claims = arena_grow(arena, wait->claims, sizeof *wait->claims, wait->count, &wait->room);
    wait->claims[wait->count++] = claim;
}

/* A repeated submission leaves no trace: the claim's own content tells. A revision's event does. */
static const DbStatement ask_statement = {
    "submit-wait",
    "select t.place, c.status, c.reason, case when t.hash is null then h.ignored"
    " when c.content_hash <> t.hash then 'CLAIM_IMMUTABLE: it is known with other content' end"
    " from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[])"
    " as t(tenant_id, claim_id, cause_key, hash, place)"
    " join claims c using (tenant_id, claim_id)"
    " left join lateral (select true as found, ignored from history"
    " where history.cause_key = t.cause_key and history.tenant_id = t.tenant_id"
    " and history.claim_id = t.claim_id order by id desc limit 1) h on true"
    " where case when t.hash is null then h.found and (h.ignored is not null"
    " or c.status <> 'SUBMITTED') else c.content_hash <> t.hash or c.status <> 'SUBMITTED' end"};

static bool is_settled(const Waited *claim)
{
    return claim->status != NULL;
}

static void take_answers(SubmitWait *wait, const DbResult *result)
{
    for (size_t row = 0; row < db_result_rows(result); row++) {
        Waited *claim = &wait->claims[db_integer(result, row, 0)];
        claim->status = arena_text(&wait->arena, db_text(result, row, 1));
        if (!db_is_null(result, row, 2))
            claim->reason = arena_text(&wait->arena, db_text(result, row, 2));
        if (!db_is_null(result, row, 3))
            claim->why = arena_text(&wait->arena, db_text(result, row, 3));
    }
}

/* Of some claims from *place on; moves it. */
static bool ask_some(Session *session, SubmitWait *wait, size_t *place)
{
    DbColumn columns[5];
    const char *parameters[5];
    DbResult *result = NULL;
    Arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < 5; i++)
        db_column_init(&columns[i], &arena);
    for (; *place < wait->count && columns[0].count < ASK_COUNT_MAX; (*place)++) {
        const Waited *claim = &wait->claims[*place];
        if (is_settled(claim))
            continue;
        db_column_add_text(&columns[0], claim->tenant_id);
        db_column_add_text(&columns[1], claim->claim_id);
        db_column_add_text(&columns[2], claim->cause_key);
        db_column_add_text(&columns[3], claim->content_hash);
        db_column_add_integer(&columns[4], (int64_t)*place);
    }
    for (size_t i = 0; i < 5; i++)
        parameters[i] = db_column_literal(&columns[i]);
    const bool done =
        database_run(session->database, &ask_statement, parameters, 5, &result, &session->error);
    if (done)
        take_answers(wait, result);
    db_result_release(&result);
    arena_deinit(&arena);
    return done;
}

static size_t count_left(const SubmitWait *wait)
{
    size_t count = 0;
    for (size_t i = 0; i < wait->count; i++)
        count += !is_settled(&wait->claims[i]);
    return count;
}

bool submit_wait_run(Session *session, SubmitWait *wait, int64_t timeout_ms, size_t *ret_left_count)
{
    const struct timespec pause = {.tv_nsec = ASK_PAUSE_MS * 1000000L};
    const int64_t end_mono_ms = clock_mono_now() + timeout_ms;
    Progress progress = progress_begin("waiting");
    size_t left = wait->count;
    bool done = true;
    while (done && left > 0) {
        const bool is_last = clock_mono_now() >= end_mono_ms;
        for (size_t place = 0; done && place < wait->count;)
            done = ask_some(session, wait, &place);
        left = count_left(wait);
        progress_tell(&progress, wait->count - left, wait->count, wait->count - left);
        if (is_last)
            break;
        if (left > 0)
            nanosleep(&pause, NULL);
    }
    progress_clear(&progress);
    *ret_left_count = left;
    return done;
}

/* ---- answers ---- */

static size_t count_status(const SubmitWait *wait, const char *status)
{
    size_t count = 0;
    for (size_t i = 0; i < wait->count; i++)
        count += is_settled(&wait->claims[i]) && strcmp(wait->claims[i].status, status) == 0;
    return count;
}

static void print_counts(const SubmitWait *wait)
{
    const char *separator = "";
    for (int i = 0; i < CLAIM_STATUS_COUNT; i++) {
        const char *status = claim_status_name((ClaimStatus)i);
        const size_t count = status == NULL ? 0 : count_status(wait, status);
        if (count > 0)
            printf("%s%zu %s", separator, count, status);
        separator = count > 0 ? ", " : separator;
    }
    const size_t left = count_left(wait);
    if (left > 0)
        printf("%s%zu not handled yet", separator, left);
    printf("\n");
}

size_t submit_wait_print(Session *session, const SubmitWait *wait)
{
    size_t refused = 0;
    printf("%-36s  %-24s  %s\n", "TENANT", "CLAIM", "STATUS");
    for (size_t i = 0; i < wait->count; i++) {
        const Waited *claim = &wait->claims[i];
        printf("%-36s  %-24s  %s%s%s%s%s\n", claim->tenant_id, claim->claim_id,
               is_settled(claim) ? claim->status : "not handled yet",
               claim->reason == NULL ? "" : ", ", claim->reason == NULL ? "" : claim->reason,
               claim->why == NULL ? "" : "; the event changed nothing: ",
               output_clean(session, claim->why));
        refused += claim->why != NULL;
    }
    print_counts(wait);
    return refused;
}

size_t submit_wait_print_json(const SubmitWait *wait)
{
    size_t refused = 0;
    Arena arena;
    arena_init(&arena);
    printf("[");
    for (size_t i = 0; i < wait->count; i++) {
        const Waited *claim = &wait->claims[i];
        JsonWriter writer;
        arena_reset(&arena);
        writer_init(&writer, &arena, 256);
        writer_open(&writer, '{');
        writer_member_text(&writer, "tenant_id", claim->tenant_id);
        writer_member_text(&writer, "claim_id", claim->claim_id);
        writer_member_text(&writer, "status", claim->status);
        writer_member_text(&writer, "reason", claim->reason);
        writer_member_text(&writer, "ignored", claim->why);
        writer_close(&writer, '}');
        printf("%s%s", i == 0 ? "" : ",", writer_finish(&writer, NULL));
        refused += claim->why != NULL;
    }
    printf("]");
    arena_deinit(&arena);
    return refused;
}
