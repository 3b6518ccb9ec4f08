/* rewind.c - `cporctl rewind`: after a restore, sets the groups back to what the database knows. */
#include "gap.h"
#include "recall.h"
#include "workers.h"

#include "claim/json_writer.h"
#include "runtime/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A broker's clock may be ahead of ours by so much. */
enum { CLOCK_SKEW_MS = 60 * 1000 };

const Option rewind_options[] = {
    {"--yes", NULL, "do it; else only tell what would be done"},
    {"--accept-loss", NULL, "go on although Kafka no longer keeps all that was consumed"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

typedef struct Rewind {
    Session *session;
    Gap gap;
    Clock clock;
    Recall recall;
    size_t member_count;
    bool is_settled;
    const char *member_group;
} Rewind;

/* ---- what to do ---- */

/* A transaction that a killed worker left open is over with its time-out, or when the worker starts
 * again. Until then nobody can read what lies behind its first record. */
static bool look_settled(Rewind *rewind, KafkaGroups *groups)
{
    Gap *gap = &rewind->gap;
    int64_t *ends = arena_new(&rewind->session->arena, (gap->places.count + 1) * sizeof *ends);
    if (!kafka_groups_ends(groups, gap->places.places, gap->places.count, ends) ||
        !kafka_reader_ends(gap->reader, gap->places.places, gap->places.count))
        return false;
    rewind->is_settled = true;
    for (size_t i = 0; i < gap->places.count; i++)
        rewind->is_settled &= gap->places.places[i].end >= ends[i];
    return true;
}

static bool look(Rewind *rewind)
{
    Session *session = rewind->session;
    KafkaGroups *groups = NULL;
    bool done = session_open_reader(session) && session_clock(session, &rewind->clock) &&
                gap_find(session, &rewind->gap) && kafka_groups_open(session, &groups);
    for (const WorkerTopics *worker = worker_topics; done && worker->service != NULL; worker++) {
        size_t count = 0;
        done = kafka_groups_members(groups, worker->service, &count);
        if (count > 0)
            rewind->member_group = worker->service;
        rewind->member_count += count;
    }
    done = done && look_settled(rewind, groups);
    kafka_groups_release(&groups);
    return done && recall_find(session, &rewind->clock, &rewind->gap, &rewind->recall);
}

static void tell_json(const Rewind *rewind)
{
    const Gap *gap = &rewind->gap;
    JsonWriter writer;
    writer_init(&writer, &rewind->session->arena, 4096);
    writer_open(&writer, '{');
    writer_key(&writer, "places");
    writer_open(&writer, '[');
    for (size_t i = 0; i < gap->places.count; i++) {
        const GapPlace *item = &gap->items[i];
        if (item->position == item->end)
            continue;
        writer_open(&writer, '{');
        writer_member_text(&writer, "service", item->service);
        writer_member_text(&writer, "topic", item->topic);
        writer_member_integer(&writer, "partition", gap->places.places[i].partition);
        writer_member_integer(&writer, "from", item->end);
        writer_member_integer(&writer, "to", item->position + item->gone_count);
        writer_member_integer(&writer, "gone_count", item->gone_count);
        writer_close(&writer, '}');
    }
    writer_close(&writer, ']');
    writer_member_integer(&writer, "record_count", gap->record_count - gap->gone_count);
    writer_member_integer(&writer, "gone_count", gap->gone_count);
    writer_member_integer(&writer, "notice_count", (int64_t)rewind->recall.columns[0].count);
    writer_close(&writer, '}');
    printf("%s\n", writer_finish(&writer, NULL));
}

static void tell(const Rewind *rewind)
{
    const Gap *gap = &rewind->gap;
    for (size_t i = 0; i < gap->places.count; i++) {
        const GapPlace *item = &gap->items[i];
        if (item->position == item->end)
            continue;
        printf("%-22s %s/%d: back from %" PRId64 " to %" PRId64, item->service, item->topic,
               gap->places.places[i].partition, item->end, item->position + item->gone_count);
        if (item->gone_count > 0)
            printf(", %" PRId64 " offsets are no longer kept", item->gone_count);
        printf("\n");
    }
    printf("%" PRId64 " offsets to go through again, %zu notices recalled\n",
           gap->record_count - gap->gone_count, rewind->recall.columns[0].count);
}

/* ---- doing it ---- */

static bool save_places(Rewind *rewind)
{
    static const DbStatement statement = {
        "replay-places-insert",
        "insert into replay_places (service, topic, partition, end_offset, end_at_ms) select *,"
        " $5::bigint from unnest($1::text[], $2::text[], $3::integer[], $4::bigint[])"};
    Session *session = rewind->session;
    DbColumn columns[4];
    for (size_t i = 0; i < 4; i++)
        db_column_init(&columns[i], &session->arena);
    for (size_t i = 0; i < rewind->gap.places.count; i++) {
        const GapPlace *item = &rewind->gap.items[i];
        if (item->position == item->end)
            continue;
        db_column_add_text(&columns[0], item->service);
        db_column_add_text(&columns[1], item->topic);
        db_column_add_integer(&columns[2], rewind->gap.places.places[i].partition);
        db_column_add_integer(&columns[3], item->end);
    }
    const char *parameters[] = {
        db_column_literal(&columns[0]), db_column_literal(&columns[1]),
        db_column_literal(&columns[2]), db_column_literal(&columns[3]),
        arena_printf(&session->arena, "%" PRId64, clock_now(&rewind->clock) + CLOCK_SKEW_MS)};
    return database_run(session->database, &statement, parameters, 5, NULL, &session->error);
}

/* With --accept-loss: what Kafka keeps no more is over, or the groups were ahead of it for ever. */
static bool save_loss(Rewind *rewind)
{
    static const DbStatement statement = {
        "positions-accept-loss",
        "insert into positions as p (service, topic, partition, next_offset, received_at_ms)"
        " select *, 0 from unnest($1::text[], $2::text[], $3::integer[], $4::bigint[])"
        " on conflict (service, topic, partition) do update set next_offset ="
        " greatest(p.next_offset, excluded.next_offset)"};
    Session *session = rewind->session;
    DbColumn columns[4];
    const char *parameters[4];
    for (size_t i = 0; i < 4; i++)
        db_column_init(&columns[i], &session->arena);
    for (size_t i = 0; i < rewind->gap.places.count; i++) {
        const GapPlace *item = &rewind->gap.items[i];
        if (item->gone_count == 0)
            continue;
        db_column_add_text(&columns[0], item->service);
        db_column_add_text(&columns[1], item->topic);
        db_column_add_integer(&columns[2], rewind->gap.places.places[i].partition);
        db_column_add_integer(&columns[3], item->position + item->gone_count);
    }
    for (size_t i = 0; i < 4; i++)
        parameters[i] = db_column_literal(&columns[i]);
    return database_run(session->database, &statement, parameters, 4, NULL, &session->error);
}

/* The horizon is before everything: no worker goes on before cporctl replay says so. */
static bool save(Rewind *rewind)
{
    static const char clear_sql[] = "delete from replay_places; delete from replay_horizon;"
                                    " delete from recalled_notices;"
                                    " insert into replay_horizon (at_ms) values (0)";
    Session *session = rewind->session;
    const bool done = database_begin(session->database, &session->error) &&
                      database_execute(session->database, clear_sql, &session->error) &&
                      save_places(rewind) && save_loss(rewind) &&
                      recall_save(session, &rewind->recall) &&
                      database_commit(session->database, &session->error);
    if (!done)
        database_rollback(session->database);
    return done;
}

static bool set_groups(Rewind *rewind)
{
    Gap *gap = &rewind->gap;
    KafkaGroups *groups = NULL;
    bool done = kafka_groups_open(rewind->session, &groups);
    for (size_t i = 0; i < gap->places.count; i++) {
        const GapPlace *item = &gap->items[i];
        gap->places.places[i].next =
            item->position == item->end ? -1 : item->position + item->gone_count;
    }
    for (size_t first = 0, end; done && first < gap->places.count; first = end) {
        for (end = first; end < gap->places.count &&
                          strcmp(gap->items[end].service, gap->items[first].service) == 0;)
            end++;
        done = kafka_groups_set(groups, gap->items[first].service, &gap->places.places[first],
                                end - first);
    }
    kafka_groups_release(&groups);
    return done;
}

static ExitCode answer_line(const Session *session, const char *line)
{
    if (!session->is_json)
        printf("%s\n", line);
    return EXIT_CODE_DONE;
}

static ExitCode answer(Rewind *rewind)
{
    Session *session = rewind->session;
    const bool may_lose = arguments_option(&session->arguments, "--accept-loss") != NULL;
    if (session->is_json)
        tell_json(rewind);
    else
        tell(rewind);
    if (rewind->gap.record_count == 0)
        return answer_line(session, "the database knows of all that was consumed: start the"
                                    " workers");
    if (rewind->member_count > 0)
        return session_deny(session,
                            "group %s has members: stop all workers (one that was killed counts"
                            " until its session has run out)",
                            rewind->member_group);
    if (!rewind->is_settled)
        return session_deny(session, "a worker that was killed, or a publisher, has left a"
                                     " transaction open: its time-out ends it, then again");
    if (rewind->gap.gone_count > 0 && !may_lose)
        return session_deny(session,
                            "Kafka no longer keeps %" PRId64 " offsets that the database does not"
                            " know of: restore a newer backup, or say --accept-loss",
                            rewind->gap.gone_count);
    if (arguments_option(&session->arguments, "--yes") == NULL)
        return answer_line(session, "nothing was changed; --yes does it");
    if (!save(rewind) || !set_groups(rewind))
        return session_fail(session);
    return answer_line(session, "done; now: empty Redis, start the workers, cporctl replay");
}

ExitCode rewind_run(Session *session)
{
    Rewind *rewind = arena_new(&session->arena, sizeof *rewind);
    rewind->session = session;
    const ExitCode code = look(rewind) ? answer(rewind) : session_fail(session);
    gap_release(&rewind->gap);
    return code;
}
