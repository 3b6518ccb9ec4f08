/* fuzz_event.c - no record, however odd, may crash the decoder or get through half read. */
#include "claim/event.h"
#include "claim/outbound.h"
#include "claim/signature_demand.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const int64_t receipt_at_ms = 1790000000000; /* imports are older */
static Arena arena;

/* What holds for whatever was taken; a fuzzer finds only what stops it. */
static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_submission(const Event *event)
{
    JSON_AUTO root = json_loads(event->canonical, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    size_t size = 0;
    require(root != NULL);
    require(strcmp(document_canonical(root, &arena, &size), event->canonical) == 0);
    require(event->document->line_count <= CLAIM_LINE_COUNT_MAX);
    require(event->document->poe_count <= CLAIM_POE_COUNT_MAX);
    require(event->document->finding_count <= CLAIM_FINDING_COUNT_MAX);
}

/* What is handed on must be read on the other side as it was on this one. */
static void check_forward(const Event *event, const EventContext *context)
{
    const Outcome outcome = outbound_forward(event, &arena);
    const RecordHeader headers[] = {{"ce_specversion", "1.0", 3},
                                    {"ce_id", outcome.id, strlen(outcome.id)},
                                    {"ce_source", "cpor/test", 9},
                                    {"ce_type", outcome.type, strlen(outcome.type)}};
    Record record = {.topic = outcome.topic,
                     .receipt_at_ms = event->receipt_at_ms,
                     .value = outcome.body,
                     .value_size = outcome.body_size,
                     .headers = headers,
                     .header_count = 4};
    Event again;
    Error error = {0};
    if (!event_decode(&record, context, &arena, &again, &error)) {
        require(strcmp(error.code, "TOO_LARGE") == 0); /* escapes may have made it longer */
        return;
    }
    require(strcmp(again.data, event->data) == 0);
}

static void check_event(const Event *event, const EventContext *context)
{
    require(strlen(event->tenant_id) == UUID_SIZE - 1);
    require(event->id != NULL && event->source != NULL);
    require(event->line_count <= CLAIM_LINE_COUNT_MAX);
    if (event->document != NULL)
        check_submission(event);
    if (event->data != NULL)
        check_forward(event, context);
}

/* What is internal comes from the system's own sources alone. */
static RecordHeader fitting_source(EventType type, const char *topic)
{
    const char *why;
    const Saying saying = {.type = type, .source = "s", .topic = topic};
    return source_may_say(&saying, &why) ? (RecordHeader){"ce_source", "s", 1}
                                         : (RecordHeader){"ce_source", "cpor/test", 9};
}

/* First byte: topic (two high bits); 63 friendly, 62 structured, else a type (the others). */
static Record new_record(uint8_t selector, const uint8_t *value, size_t value_size)
{
    static RecordHeader headers[4];
    static const char *const topics[] = {"claim-submission", "claim-validation",
                                         "customer-notification", "opt-out-expiry"};
    Record record = {.topic = topics[selector / 64],
                     .receipt_at_ms = receipt_at_ms,
                     .value = value,
                     .value_size = value_size,
                     .headers = headers,
                     .header_count = 4};
    const unsigned kind = selector % 64;
    const EventType type = (EventType)(1 + kind % (EVENT_TYPE_COUNT - 1));
    if (kind == 62) {
        headers[0] = (RecordHeader){"content-type", "application/cloudevents+json", 28};
        record.header_count = 1;
        return record;
    }
    if (kind == 63) {
        record.header_count = 0;
        return record;
    }
    headers[0] = (RecordHeader){"ce_specversion", "1.0", 3};
    headers[1] = (RecordHeader){"ce_id", "1", 1};
    headers[2] = fitting_source(type, record.topic);
    headers[3] = (RecordHeader){"ce_type", event_type_name(type), strlen(event_type_name(type))};
    return record;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const EventContext context;
    if (size == 0)
        return 0;
    const Record record = new_record(bytes[0], bytes + 1, size - 1);
    Event event;
    Error error = {0};
    arena_reset(&arena);
    if (event_decode(&record, &context, &arena, &event, &error))
        check_event(&event, &context);
    else
        require(error.class == ERROR_REJECT && error.code[0] != '\0');
    return 0;
}
