/* event_envelope.c - CloudEvents 1.0 in binary and structured mode, and none at all. */
#include "claim/event_internal.h"

#include "claim/signature_demand.h"
#include "claim/text_check.h"

#include <string.h>
#include <strings.h>

/* Bounds of our own: an id and a source go into keys and logs. */
enum { ID_MAX = 256, SOURCE_MAX = 1024, TYPE_MAX = 128, VERSION_MAX = 16 };

typedef struct Attribute {
    const char *header; /* "ce_" and the attribute's name */
    int64_t size_max;   /* bytes */
} Attribute;

enum { ATTRIBUTE_VERSION = 0, ATTRIBUTE_ID, ATTRIBUTE_SOURCE, ATTRIBUTE_TYPE, ATTRIBUTE_COUNT };
static const Attribute attributes[ATTRIBUTE_COUNT] = {
    [ATTRIBUTE_VERSION] = {"ce_specversion", VERSION_MAX},
    [ATTRIBUTE_ID] = {"ce_id", ID_MAX},
    [ATTRIBUTE_SOURCE] = {"ce_source", SOURCE_MAX},
    [ATTRIBUTE_TYPE] = {"ce_type", TYPE_MAX},
};
static const size_t prefix_size = 3; /* of "ce_" */

static bool reject_attribute(const char *name, const char *what, Error *reterr)
{
    return error_reject(reterr, "HEADER_MISSING", "read envelope: %s %s", name, what);
}

/* One attribute, from a header or a member; its name for the detail. */
static bool take_attribute(const Attribute *attribute, const char *name, const char *value,
                           size_t value_size, Arena *arena, const char **ret_text, Error *reterr)
{
    if (value == NULL || value_size == 0)
        return reject_attribute(name, "is missing", reterr);
    if (value_size > (size_t)attribute->size_max ||
        !text_is_plain(value, value_size, 1, attribute->size_max))
        return reject_attribute(name, "is too long or no printable text", reterr);
    *ret_text = arena_copy(arena, value, value_size);
    return true;
}

static bool fill_envelope(const char *const texts[ATTRIBUTE_COUNT], Envelope *ret_envelope,
                          Error *reterr)
{
    if (strcmp(texts[ATTRIBUTE_VERSION], "1.0") != 0)
        return reject_attribute("specversion", "must be 1.0", reterr);
    *ret_envelope = (Envelope){
        .type = texts[ATTRIBUTE_TYPE],
        .source = texts[ATTRIBUTE_SOURCE],
        .id = texts[ATTRIBUTE_ID],
    };
    return true;
}

static bool read_binary(const Record *record, Arena *arena, Envelope *ret_envelope, Error *reterr)
{
    const char *texts[ATTRIBUTE_COUNT];
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        const RecordHeader *header = record_header(record, attributes[i].header);
        const char *value = header == NULL ? NULL : header->value;
        if (!take_attribute(&attributes[i], attributes[i].header, value,
                            header == NULL ? 0 : header->value_size, arena, &texts[i], reterr))
            return false;
    }
    return fill_envelope(texts, ret_envelope, reterr);
}

static bool read_members(const json_t *root, Arena *arena, Envelope *ret_envelope, Error *reterr)
{
    const char *texts[ATTRIBUTE_COUNT];
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        const char *name = attributes[i].header + prefix_size;
        const json_t *value = json_object_get(root, name);
        if (!take_attribute(&attributes[i], name, json_string_value(value),
                            json_string_length(value), arena, &texts[i], reterr))
            return false;
    }
    const json_t *data = field_member(root, "data");
    if (!json_is_object(data)) /* data_base64 is no JSON data either */
        return reject_attribute("data", "must be an object", reterr);
    if (!fill_envelope(texts, ret_envelope, reterr))
        return false;
    ret_envelope->data = data;
    return true;
}

static bool read_structured(const Record *record, Arena *arena, Envelope *ret_envelope,
                            Error *reterr)
{
    JSON_AUTO root = NULL;
    if (!json_decode_strict(record->value, record->value_size, &root, reterr) ||
        !read_members(root, arena, ret_envelope, reterr))
        return false;
    ret_envelope->root = json_incref(root);
    return true;
}

static bool is_structured(const Record *record)
{
    static const char type[] = "application/cloudevents+json";
    const size_t type_size = sizeof type - 1;
    const RecordHeader *header = record_header(record, "content-type");
    return header != NULL && header->value != NULL && header->value_size >= type_size &&
           strncasecmp(header->value, type, type_size) == 0;
}

/* A claim from `kcat -P`, or from whoever has never heard of CloudEvents. */
static bool is_friendly(const Record *record)
{
    if (strcmp(record->topic, "claim-submission") != 0)
        return false;
    for (size_t i = 0; i < record->header_count; i++) {
        if (strncmp(record->headers[i].name, "ce_", prefix_size) == 0)
            return false;
    }
    return true;
}

bool envelope_read(const Record *record, Arena *arena, Envelope *ret_envelope, Error *reterr)
{
    if (record->value_size > EVENT_SIZE_MAX)
        return error_reject(reterr, "TOO_LARGE", "read value: %zu bytes, at most %d are allowed",
                            record->value_size, EVENT_SIZE_MAX);
    if (is_structured(record))
        return read_structured(record, arena, ret_envelope, reterr);
    if (!is_friendly(record))
        return read_binary(record, arena, ret_envelope, reterr);
    *ret_envelope =
        (Envelope){.type = event_type_name(EVENT_CLAIM_SUBMITTED), .source = SOURCE_FRIENDLY};
    return true;
}

void envelope_release(Envelope *envelope)
{
    json_release(&envelope->root);
}
