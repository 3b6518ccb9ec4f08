/* replay.c - `cporctl replay`: moves all workers through what a restored database has forgotten. */
#include "gap.h"
#include "options.h"

#include "claim/json_writer.h"
#include "runtime/clock.h"
#include "runtime/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POLL_MS = 5 };

const Option replay_options[] = {
    {"--slice", "MS", "records received within so many milliseconds may go together; else 50"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

typedef struct Replaying {
    Session *session;
    Gap gap;
    Clock clock;
    ReplayItem *items;
    size_t count, room;
    int64_t *wanted;    /* beside the places: offsets to be behind of */
    int64_t *positions; /* likewise, what the workers have come to; one more for others' */
    int64_t slice_ms;
} Replaying;

static bool take_record(void *context, const KafkaRecord *record)
{
    Replaying *replaying = context;
    if (replaying->count == replaying->room) {
        replaying->room = replaying->room == 0 ? 4096 : 2 * replaying->room;
        replaying->items = realloc(replaying->items, replaying->room * sizeof *replaying->items);
        if (replaying->items == NULL)
            abort();
    }
    ReplayItem *added = &replaying->items[replaying->count++];
    *added = (ReplayItem){
        .timestamp_ms = record->timestamp_ms,
        .offset = record->offset,
        .place_index = record->place_index,
    };
    if (record->key != NULL)
        memcpy(added->key, record->key,
               record->key_size < REPLAY_KEY_SIZE ? record->key_size : REPLAY_KEY_SIZE);
    return true;
}

static int compare(const void *left, const void *right)
{
    const ReplayItem *one = left, *other = right;
    return (one->timestamp_ms > other->timestamp_ms) - (one->timestamp_ms < other->timestamp_ms);
}

static bool read_gap(Replaying *replaying)
{
    Gap *gap = &replaying->gap;
    for (size_t i = 0; i < gap->places.count; i++) {
        const GapPlace *item = &gap->items[i];
        gap->places.places[i].next = item->position + item->gone_count;
        gap->places.places[i].end = item->end;
    }
    if (!kafka_reader_read(gap->reader, gap->places.places, gap->places.count, take_record,
                           replaying))
        return false;
    if (replaying->count > 0)
        qsort(replaying->items, replaying->count, sizeof *replaying->items, compare);
    const size_t room = (gap->places.count + 1) * sizeof(int64_t);
    replaying->wanted = arena_new(&replaying->session->arena, room);
    replaying->positions = arena_new(&replaying->session->arena, room);
    return true;
}

static bool set_horizon(Replaying *replaying, int64_t at_ms)
{
    static const DbStatement statement = {"replay-horizon-set",
                                          "update replay_horizon set at_ms = $1::bigint"};
    Session *session = replaying->session;
    const char *text = arena_printf(&session->arena, "%" PRId64, at_ms);
    const bool done =
        database_begin(session->database, &session->error) &&
        database_run(session->database, &statement, &text, 1, NULL, &session->error) &&
        database_commit(session->database, &session->error);
    if (!done)
        database_rollback(session->database);
    return done;
}

/* RETRY: one of them is not yet where it should be. */
static bool check_positions(Replaying *replaying)
{
    static const DbStatement statement = {
        "replay-positions", "select service, topic, partition, next_offset from handled_positions"};
    Session *session = replaying->session;
    const Gap *gap = &replaying->gap;
    int64_t *positions = replaying->positions;
    DbResult *result = NULL;
    bool done = true;
    if (!database_begin(session->database, &session->error) ||
        !database_run(session->database, &statement, NULL, 0, &result, &session->error) ||
        !database_commit(session->database, &session->error)) {
        db_result_release(&result);
        database_rollback(session->database);
        return false;
    }
    memset(positions, 0, gap->places.count * sizeof *positions);
    for (size_t row = 0; row < db_result_rows(result); row++)
        positions[gap_find_place(gap, result, row)] = db_integer(result, row, 3);
    for (size_t i = 0; done && i < gap->places.count; i++)
        if (positions[i] < replaying->wanted[i])
            done = error_set(&session->error, ERROR_RETRY, "%s is at %s/%d@%" PRId64 " of %" PRId64,
                             gap->items[i].service, gap->items[i].topic,
                             gap->places.places[i].partition, positions[i], replaying->wanted[i]);
    db_result_release(&result);
    return done;
}

static bool wait_slice(Replaying *replaying)
{
    static const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    Session *session = replaying->session;
    const int64_t begin_mono_ms = clock_mono_now();
    while (!check_positions(replaying)) {
        if (session->error.class != ERROR_RETRY)
            return false;
        if (clock_mono_now() - begin_mono_ms >
            config_integer(session->config, "CPOR_REPLAY_WAIT_MS")) {
            const Error cause = session->error;
            return error_set(&session->error, ERROR_FATAL,
                             "no worker got on: %.300s (does it run? then replay again)",
                             cause.text);
        }
        nanosleep(&pause, NULL);
    }
    return true;
}

/* The workers' clock maps the same instants: a slice ends where they see it end. */
static bool run_slices(Replaying *replaying, size_t *ret_slice_count)
{
    for (size_t first = 0, end; first < replaying->count; first = end) {
        end = replay_slice_end(replaying->items, replaying->count, first, replaying->slice_ms);
        for (size_t i = first; i < end; i++) {
            const ReplayItem *item = &replaying->items[i];
            if (replaying->wanted[item->place_index] <= item->offset)
                replaying->wanted[item->place_index] = item->offset + 1;
        }
        (*ret_slice_count)++;
        const int64_t last_ms = replaying->items[end - 1].timestamp_ms;
        if (!set_horizon(replaying, clock_from_wall(&replaying->clock, last_ms)) ||
            !wait_slice(replaying))
            return false;
    }
    return true;
}

static void print_answer(Session *session, const Replaying *replaying, size_t slice_count,
                         int64_t duration_ms)
{
    JsonWriter writer;
    if (!session->is_json) {
        printf("%zu records replayed in %zu slices and %" PRId64 " ms\n", replaying->count,
               slice_count, duration_ms);
        return;
    }
    writer_init(&writer, &session->arena, 256);
    writer_open(&writer, '{');
    writer_member_integer(&writer, "record_count", (int64_t)replaying->count);
    writer_member_integer(&writer, "slice_count", (int64_t)slice_count);
    writer_member_integer(&writer, "duration_ms", duration_ms);
    writer_close(&writer, '}');
    printf("%s\n", writer_finish(&writer, NULL));
}

static ExitCode run(Replaying *replaying)
{
    Session *session = replaying->session;
    size_t slice_count = 0;
    const int64_t begin_mono_ms = clock_mono_now();
    if (!session_open_reader(session) || !session_clock(session, &replaying->clock) ||
        !gap_find(session, &replaying->gap))
        return session_fail(session);
    if (!replaying->gap.is_begun)
        return session_deny(session, "there is nothing to replay (cporctl rewind comes first)");
    if (!read_gap(replaying) || !run_slices(replaying, &slice_count) ||
        !set_horizon(replaying, INT64_MAX))
        return session_fail(session);
    print_answer(session, replaying, slice_count, clock_mono_now() - begin_mono_ms);
    return EXIT_CODE_DONE;
}

ExitCode replay_run(Session *session)
{
    Replaying *replaying = arena_new(&session->arena, sizeof *replaying);
    replaying->session = session;
    ExitCode code = option_number(session, "--slice", 0, 60000, 50, &replaying->slice_ms);
    if (code == EXIT_CODE_DONE)
        code = run(replaying);
    gap_release(&replaying->gap);
    free(replaying->items);
    return code;
}
