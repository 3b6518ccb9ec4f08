/* lag.c - `cporctl lag`: how far each worker is behind, partition by partition. */
#include "kafka_reader.h"
#include "options.h"
#include "output.h"
#include "workers.h"

#include "claim/json_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* So few offsets are looked at one by one: the marker behind a transaction is no record. */
enum { LAG_EXACT_COUNT_MAX = 1000 };

const Option lag_options[] = {
    {"--max", "N", "exit code 1 when a partition's lag is larger"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

/* One worker's partitions: places [first, first + count). */
typedef struct GroupLag {
    const char *service;
    size_t first, count;
    bool is_known; /* it has committed something */
} GroupLag;

typedef struct Lag {
    KafkaPlaces places;
    int64_t *lags; /* beside places */
    GroupLag groups[8];
    size_t group_count;
    int64_t max, total;
    size_t over_count; /* partitions above --max */
} Lag;

static bool groups_add(KafkaReader *reader, Lag *lag)
{
    for (const WorkerTopics *worker = worker_topics; worker->service != NULL; worker++) {
        GroupLag *group = &lag->groups[lag->group_count++];
        *group = (GroupLag){.service = worker->service, .first = lag->places.count};
        for (size_t i = 0; worker->topics[i] != NULL; i++)
            if (!kafka_reader_add(reader, worker->topics[i], &lag->places))
                return false;
        group->count = lag->places.count - group->first;
    }
    return true;
}

/* Committed before ends: a lag is never below 0, and never told too small. */
static bool groups_ask(KafkaReader *reader, Lag *lag)
{
    for (size_t i = 0; i < lag->group_count; i++) {
        GroupLag *group = &lag->groups[i];
        KafkaPlace *places = &lag->places.places[group->first];
        if (!kafka_reader_committed(reader, group->service, places, group->count))
            return false;
        for (size_t j = 0; j < group->count; j++)
            group->is_known |= places[j].committed >= 0;
    }
    return kafka_reader_ends(reader, lag->places.places, lag->places.count);
}

static bool count_record(void *context, const KafkaRecord *record)
{
    int64_t *lags = context;
    lags[record->place_index]++;
    return true;
}

static bool lags_count(Session *session, KafkaReader *reader, Lag *lag)
{
    lag->lags = arena_new(&session->arena, (lag->places.count + 1) * sizeof *lag->lags);
    for (size_t i = 0; i < lag->places.count; i++) {
        KafkaPlace *place = &lag->places.places[i];
        const int64_t from = place->committed < place->first ? place->first : place->committed;
        const int64_t distance = place->end > from ? place->end - from : 0;
        place->next = distance <= LAG_EXACT_COUNT_MAX ? from : place->end;
        lag->lags[i] = distance <= LAG_EXACT_COUNT_MAX ? 0 : distance;
    }
    if (!kafka_reader_read(reader, lag->places.places, lag->places.count, count_record, lag->lags))
        return false;
    for (size_t i = 0; i < lag->places.count; i++) {
        lag->total += lag->lags[i];
        lag->over_count += lag->max >= 0 && lag->lags[i] > lag->max;
    }
    return true;
}

static int64_t group_total(const Lag *lag, const GroupLag *group)
{
    int64_t total = 0;
    for (size_t i = 0; i < group->count; i++)
        total += lag->lags[group->first + i];
    return total;
}

/* ---- the answer ---- */

static const char *committed_text(Session *session, const KafkaPlace *place)
{
    return place->committed < 0 ? "-" : arena_printf(&session->arena, "%" PRId64, place->committed);
}

static void print_group(Session *session, const Lag *lag, const GroupLag *group)
{
    for (size_t i = group->first; i < group->first + group->count; i++) {
        const KafkaPlace *place = &lag->places.places[i];
        const char *text = arena_printf(&session->arena, "%" PRId64, lag->lags[i]);
        const bool is_over = lag->max >= 0 && lag->lags[i] > lag->max;
        printf("%-22s %-32s %4d %12s %12" PRId64 " %12s\n", group->service, place->topic,
               place->partition, committed_text(session, place), place->end,
               is_over ? output_paint(session, COLOUR_BAD, text) : text);
    }
    printf("%-22s %-32s %4s %12s %12s %12" PRId64 "%s\n", group->service, "all", "", "", "",
           group_total(lag, group),
           group->is_known ? "" : "  (this group has committed nothing yet)");
}

static void write_place(JsonWriter *writer, const Lag *lag, size_t index)
{
    const KafkaPlace *place = &lag->places.places[index];
    writer_open(writer, '{');
    writer_member_text(writer, "topic", place->topic);
    writer_member_integer(writer, "partition", place->partition);
    writer_key(writer, "committed");
    if (place->committed < 0)
        writer_text(writer, NULL);
    else
        writer_integer(writer, place->committed);
    writer_member_integer(writer, "end", place->end);
    writer_member_integer(writer, "lag", lag->lags[index]);
    writer_close(writer, '}');
}

static void print_json(Session *session, const Lag *lag)
{
    JsonWriter writer;
    writer_init(&writer, &session->arena, 8192);
    writer_open(&writer, '{');
    writer_member_integer(&writer, "lag", lag->total);
    writer_key(&writer, "groups");
    writer_open(&writer, '[');
    for (size_t i = 0; i < lag->group_count; i++) {
        const GroupLag *group = &lag->groups[i];
        writer_open(&writer, '{');
        writer_member_text(&writer, "service", group->service);
        writer_key(&writer, "known");
        writer_boolean(&writer, group->is_known);
        writer_member_integer(&writer, "lag", group_total(lag, group));
        writer_key(&writer, "partitions");
        writer_open(&writer, '[');
        for (size_t j = 0; j < group->count; j++)
            write_place(&writer, lag, group->first + j);
        writer_close(&writer, ']');
        writer_close(&writer, '}');
    }
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    printf("%s\n", writer_finish(&writer, NULL));
}

static ExitCode lag_print(Session *session, const Lag *lag)
{
    if (session->is_json) {
        print_json(session, lag);
    } else {
        printf("%-22s %-32s %4s %12s %12s %12s\n", "WORKER", "TOPIC", "PART", "COMMITTED", "END",
               "LAG");
        for (size_t i = 0; i < lag->group_count; i++)
            print_group(session, lag, &lag->groups[i]);
        printf("%" PRId64 " record%s behind\n", lag->total, lag->total == 1 ? "" : "s");
    }
    if (lag->over_count == 0)
        return EXIT_CODE_DONE;
    return session_deny(session, "%zu partition%s more than --max %" PRId64, lag->over_count,
                        lag->over_count == 1 ? " lags" : "s lag", lag->max);
}

ExitCode lag_run(Session *session)
{
    KafkaReader *reader = NULL;
    Lag *lag = arena_new(&session->arena, sizeof *lag);
    const ExitCode code = option_number(session, "--max", 0, INT64_MAX, -1, &lag->max);
    if (code != EXIT_CODE_DONE)
        return code;
    const bool done = kafka_reader_open(session, &reader) && groups_add(reader, lag) &&
                      groups_ask(reader, lag) && lags_count(session, reader, lag);
    kafka_reader_release(&reader);
    return done ? lag_print(session, lag) : session_fail(session);
}
