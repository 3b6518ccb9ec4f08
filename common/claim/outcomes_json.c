/* outcomes_json.c - a move's outcomes as its history row keeps them, byte for byte. */
#include "claim/json_writer.h"
#include "claim/outbound.h"

#include <jansson.h>
#include <string.h>

const char *outcomes_encode(const Outcome *outcomes, size_t count, Arena *arena)
{
    JsonWriter writer;
    size_t size_hint = 64;
    for (size_t i = 0; i < count; i++)
        size_hint += 512 + outcomes[i].body_size * 5 / 4; /* quotes in the body are escaped */
    writer_init(&writer, arena, size_hint);
    writer_open(&writer, '[');
    for (size_t i = 0; i < count; i++) {
        writer_open(&writer, '{');
        writer_member_text(&writer, "topic", outcomes[i].topic);
        writer_member_text(&writer, "key", outcomes[i].key);
        writer_member_text(&writer, "type", outcomes[i].type);
        writer_member_text(&writer, "id", outcomes[i].id);
        writer_member_text(&writer, "subject", outcomes[i].subject);
        writer_member_integer(&writer, "at_ms", outcomes[i].at_ms);
        if (outcomes[i].traceparent != NULL)
            writer_member_text(&writer, "traceparent", outcomes[i].traceparent);
        writer_key(&writer, "body");
        writer_text_sized(&writer, outcomes[i].body, outcomes[i].body_size);
        writer_close(&writer, '}');
    }
    writer_close(&writer, ']');
    return writer_finish(&writer, NULL);
}

/* NULL for JSON null. */
static const char *copy_member(const json_t *item, const char *name, Arena *arena)
{
    const json_t *value = json_object_get(item, name);
    return json_is_string(value)
               ? arena_copy(arena, json_string_value(value), json_string_length(value))
               : NULL;
}

static bool decode_outcome(const json_t *item, const Record *cause, Arena *arena,
                           Outcome *ret_outcome)
{
    const json_t *at_ms = json_object_get(item, "at_ms");
    *ret_outcome = (Outcome){
        .topic = copy_member(item, "topic", arena),
        .key = copy_member(item, "key", arena),
        .type = copy_member(item, "type", arena),
        .id = copy_member(item, "id", arena),
        .subject = copy_member(item, "subject", arena),
        .at_ms = json_integer_value(at_ms),
        .body = copy_member(item, "body", arena),
        .body_size = json_string_length(json_object_get(item, "body")),
        .cause = cause,
        .traceparent = copy_member(item, "traceparent", arena),
    };
    return json_is_integer(at_ms) && ret_outcome->topic != NULL && ret_outcome->key != NULL &&
           ret_outcome->type != NULL && ret_outcome->id != NULL && ret_outcome->body != NULL;
}

bool outcomes_decode(const char *text, const Record *cause, Arena *arena, Outcome **ret_outcomes,
                     size_t *ret_count, Error *reterr)
{
    JSON_AUTO root = json_loads(text, 0, NULL);
    if (!json_is_array(root))
        return error_set(reterr, ERROR_FATAL, "read outcomes of a history row: no JSON array");
    const size_t count = json_array_size(root);
    Outcome *outcomes = arena_new(arena, count * sizeof *outcomes);
    for (size_t i = 0; i < count; i++) {
        if (!decode_outcome(json_array_get(root, i), cause, arena, &outcomes[i]))
            return error_set(reterr, ERROR_FATAL, "read outcomes of a history row: item %zu", i);
    }
    *ret_outcomes = outcomes;
    *ret_count = count;
    return true;
}
