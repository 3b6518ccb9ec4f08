/* recall.c - see recall.h. */
#include "recall.h"
#include "input_record.h"

#include "claim/event.h"

#include <jansson.h>
#include <string.h>

typedef struct Reading {
    Session *session;
    const Clock *clock;
    const KafkaPlace *places;
    Recall *recall;
    Arena scratch;
} Reading;

static void add(Recall *recall, const char *tenant_id, const char *claim_id, int64_t revision,
                int64_t answered_at_ms, int64_t deadline_at_ms)
{
    db_column_add_text(&recall->columns[0], tenant_id);
    db_column_add_text(&recall->columns[1], claim_id);
    db_column_add_integer(&recall->columns[2], revision);
    db_column_add_integer(&recall->columns[3], answered_at_ms);
    db_column_add_integer(&recall->columns[4], deadline_at_ms);
}

/* ---- accepted ---- */

static bool take_window(void *context, const KafkaRecord *from)
{
    Reading *reading = context;
    Record record;
    Event event;
    Error error;
    int64_t notified_at_ms;
    const RecordOrigin origin = {reading->session, reading->clock,
                                 &reading->places[from->place_index], from};
    input_record_make(&origin, &reading->scratch, &record);
    const RecordHeader *time = record_header(&record, "ce_time");
    if (event_decode(&record, &input_event_context, &reading->scratch, &event, &error) &&
        event.type == EVENT_WINDOW_OPENED && time != NULL &&
        clock_parse(time->value, time->value_size, &notified_at_ms))
        add(reading->recall, event.tenant_id, event.claim_id, event.revision, notified_at_ms,
            event.at_ms);
    arena_reset(&reading->scratch);
    return true;
}

/* What the database does not know of was published behind its position in the log that decides. */
static bool find_windows(Reading *reading, Gap *gap)
{
    for (size_t i = 0; i < gap->places.count; i++) {
        KafkaPlace *place = &gap->places.places[i];
        const bool decides = strcmp(gap->items[i].service, "opt-out-expiry") == 0;
        place->next = gap->items[i].position > place->first ? gap->items[i].position : place->first;
        if (!decides || place->next > place->end)
            place->next = place->end;
    }
    reading->places = gap->places.places;
    return kafka_reader_read(gap->reader, gap->places.places, gap->places.count, take_window,
                             reading);
}

/* ---- refused ---- */

static bool text_is(const json_t *data, const char *name, const char *text)
{
    const char *value = json_string_value(json_object_get(data, name));
    return value != NULL && strcmp(value, text) == 0;
}

/* From VALIDATED a claim comes back to its partner in one way only. */
static bool take_status(void *context, const KafkaRecord *record)
{
    Reading *reading = context;
    json_t *data =
        record->value == NULL ? NULL : json_loadb(record->value, record->value_size, 0, NULL);
    const char *at = json_string_value(json_object_get(data, "at"));
    const char *tenant_id = json_string_value(json_object_get(data, "tenant_id"));
    const char *claim_id = json_string_value(json_object_get(data, "claim_id"));
    int64_t at_ms;
    if (text_is(data, "previous_status", "VALIDATED") &&
        text_is(data, "status", "PARTNER_ACTION_REQUIRED") && tenant_id != NULL &&
        claim_id != NULL && at != NULL && clock_parse(at, strlen(at), &at_ms))
        add(reading->recall, tenant_id, claim_id,
            json_integer_value(json_object_get(data, "revision")), at_ms, 0);
    json_decref(data);
    return true;
}

static bool find_refusals(Reading *reading, Gap *gap)
{
    KafkaPlaces status = {0};
    bool done = kafka_reader_add(gap->reader, "claim-status", &status) &&
                kafka_reader_ends(gap->reader, status.places, status.count);
    for (size_t i = 0; i < status.count; i++)
        status.places[i].next = status.places[i].first;
    reading->places = status.places;
    done =
        done && kafka_reader_read(gap->reader, status.places, status.count, take_status, reading);
    return done;
}

bool recall_find(Session *session, const Clock *clock, Gap *gap, Recall *ret_recall)
{
    Reading reading = {.session = session, .clock = clock, .recall = ret_recall};
    arena_init(&reading.scratch);
    for (size_t i = 0; i < 5; i++)
        db_column_init(&ret_recall->columns[i], &session->arena);
    const bool done = find_windows(&reading, gap) && find_refusals(&reading, gap);
    arena_deinit(&reading.scratch);
    return done;
}

bool recall_save(Session *session, Recall *recall)
{
    static const DbStatement statement = {
        "recalled-insert",
        "insert into recalled_notices (tenant_id, claim_id, revision, answered_at_ms,"
        " deadline_at_ms) select * from unnest($1::uuid[], $2::text[], $3::integer[],"
        " $4::bigint[], $5::bigint[]) on conflict do nothing"};
    const char *parameters[5];
    for (size_t i = 0; i < 5; i++)
        parameters[i] = db_column_literal(&recall->columns[i]);
    return database_run(session->database, &statement, parameters, 5, NULL, &session->error);
}
