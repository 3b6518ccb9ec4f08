/* event_envelope.c - CloudEvents 1.0 in binary and structured mode, and none at all. */
#include "claim/event_internal.h"

#include "claim/base64.h"
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
static const char prefix[] = "ce_";
static const size_t prefix_size = sizeof prefix - 1;

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

static bool fill_envelope(const char *const texts[ATTRIBUTE_COUNT], Envelope *envelope,
                          Error *reterr)
{
    if (strcmp(texts[ATTRIBUTE_VERSION], "1.0") != 0)
        return reject_attribute("specversion", "must be 1.0", reterr);
    envelope->type = texts[ATTRIBUTE_TYPE];
    envelope->source = texts[ATTRIBUTE_SOURCE];
    envelope->id = texts[ATTRIBUTE_ID];
    return true;
}

static bool read_binary(const Record *record, Arena *arena, Envelope *envelope, Error *reterr)
{
    const char *texts[ATTRIBUTE_COUNT] = {NULL};
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        const RecordHeader *header = record_header(record, attributes[i].header);
        const char *value = header == NULL ? NULL : header->value;
        if (!take_attribute(&attributes[i], attributes[i].header, value,
                            header == NULL ? 0 : header->value_size, arena, &texts[i], reterr))
            return false;
    }
    return fill_envelope(texts, envelope, reterr);
}

static bool read_base64(const json_t *value, Arena *arena, Envelope *envelope, Error *reterr)
{
    size_t size = 0;
    const char *text = json_string_value(value);
    const char *bytes =
        text == NULL ? NULL : base64_decode(text, json_string_length(value), arena, &size);
    if (bytes == NULL)
        return error_reject(reterr, "NOT_JSON", "read data_base64: it is no base64 text");
    if (!json_decode_strict(bytes, size, &envelope->decoded, reterr))
        return false;
    envelope->data = envelope->decoded;
    return true;
}

/* The data of a structured event, in either form. */
static bool read_data(const json_t *root, Arena *arena, Envelope *envelope, Error *reterr)
{
    const json_t *data = field_member(root, "data");
    const json_t *base64 = field_member(root, "data_base64");
    if (data == NULL && base64 == NULL)
        return reject_attribute("data", "is missing (or data_base64)", reterr);
    if (data != NULL && base64 != NULL)
        return reject_attribute("data", "and data_base64 are both there: give one", reterr);
    if (base64 != NULL)
        return read_base64(base64, arena, envelope, reterr);
    if (!json_is_object(data))
        return reject_attribute("data", "must be an object", reterr);
    envelope->data = data;
    return true;
}

/* Keeps root in any case. */
static bool read_structured(json_t *root, Arena *arena, Envelope *envelope, Error *reterr)
{
    const char *texts[ATTRIBUTE_COUNT] = {NULL};
    envelope->root = root;
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        const char *name = attributes[i].header + prefix_size;
        const json_t *value = json_object_get(root, name);
        if (!take_attribute(&attributes[i], name, json_string_value(value),
                            json_string_length(value), arena, &texts[i], reterr))
            return false;
    }
    return fill_envelope(texts, envelope, reterr) && read_data(root, arena, envelope, reterr);
}

static bool says_structured(const Record *record)
{
    static const char type[] = "application/cloudevents+json";
    const size_t type_size = sizeof type - 1;
    const RecordHeader *header = record_header(record, "content-type");
    if (header == NULL)
        return false;
    const char *value = header->value;
    size_t size = header->value_size;
    for (; size > 0 && (*value == ' ' || *value == '\t'); size--)
        value++;
    return size >= type_size && strncasecmp(value, type, type_size) == 0 &&
           (size == type_size || strchr("; \t", value[type_size]) != NULL);
}

static bool has_attribute_header(const Record *record)
{
    for (size_t i = 0; i < record->header_count; i++)
        if (strncasecmp(record->headers[i].name, prefix, prefix_size) == 0)
            return true;
    return false;
}

/* A claim from `kcat -P`, or from whoever has never heard of CloudEvents. */
static bool is_friendly(const Record *record)
{
    return strcmp(record->topic, "claim-submission") == 0;
}

static bool reject_no_envelope(Error *reterr)
{
    return error_reject(reterr, "HEADER_MISSING",
                        "read envelope: there is no ce_ header (ce_specversion, ce_id, ce_source,"
                        " ce_type), and the value is no structured CloudEvent (specversion, id,"
                        " source, type, data)");
}

/* One of the four may be missing, and is named then. A claim may have an id or a type of its own;
 * nothing but an envelope has a specversion. */
static bool is_structured(const json_t *root, bool may_be_friendly)
{
    size_t count = 0;
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
        count += json_object_get(root, attributes[i].header + prefix_size) != NULL;
    return count >= 2 && (!may_be_friendly || json_object_get(root, "specversion") != NULL);
}

/* No ce_ header: the value says what it is. */
static bool read_value(const Record *record, Arena *arena, Envelope *envelope, Error *reterr)
{
    json_t *root = NULL;
    if (!json_decode_strict(record->value, record->value_size, &root, reterr))
        return is_friendly(record) ? false : reject_no_envelope(reterr);
    if (is_structured(root, is_friendly(record)))
        return read_structured(root, arena, envelope, reterr);
    envelope->root = root;
    if (!is_friendly(record))
        return reject_no_envelope(reterr);
    envelope->type = event_type_name(EVENT_CLAIM_SUBMITTED);
    envelope->source = SOURCE_FRIENDLY;
    envelope->data = root;
    return true;
}

bool record_check_size(const Record *record, Error *reterr)
{
    if (record->headers_are_too_large)
        return error_reject(reterr, "TOO_LARGE", "read headers: %zu bytes, at most %d are allowed",
                            record->headers_size, RECORD_HEADERS_SIZE_MAX);
    if (record->value_size > EVENT_SIZE_MAX)
        return error_reject(reterr, "TOO_LARGE", "read value: %zu bytes, at most %d are allowed",
                            record->value_size, EVENT_SIZE_MAX);
    return true;
}

bool envelope_read(const Record *record, Arena *arena, Envelope *ret_envelope, Error *reterr)
{
    *ret_envelope = (Envelope){0};
    if (!record_check_size(record, reterr))
        return false;
    if (says_structured(record)) {
        json_t *root = NULL;
        return json_decode_strict(record->value, record->value_size, &root, reterr) &&
               read_structured(root, arena, ret_envelope, reterr);
    }
    return has_attribute_header(record) ? read_binary(record, arena, ret_envelope, reterr)
                                        : read_value(record, arena, ret_envelope, reterr);
}

void envelope_release(Envelope *envelope)
{
    json_release(&envelope->root);
    json_release(&envelope->decoded);
}
