/* fuzz_form.c - a form's body: refused, or fields that are the same when they are sent again. */
#include "claim/json_writer.h"
#include "fuzz.h"
#include "runtime/http_form.h"

static Arena arena;
static HttpForm form, again;

static void put_encoded(JsonWriter *body, const char *text)
{
    for (; *text != '\0'; text++)
        writer_append(body, arena_printf(&arena, "%%%02X", (unsigned char)*text), 3);
}

/* As far as it fits: encoding makes three bytes of one. */
static void check_again(void)
{
    JsonWriter body;
    size_t body_size = 0;
    writer_init(&body, &arena, 0);
    for (size_t i = 0; i < form.count; i++) {
        put_encoded(&body, form.fields[i].name);
        writer_append(&body, "=", 1);
        put_encoded(&body, form.fields[i].value);
        writer_append(&body, "&", 1);
    }
    const char *text = writer_finish(&body, &body_size);
    if (body_size > HTTP_BODY_SIZE_MAX)
        return;
    require(http_form_parse(text, body_size, &again) && again.count == form.count);
    for (size_t i = 0; i < form.count; i++)
        require(strcmp(form.fields[i].name, again.fields[i].name) == 0 &&
                strcmp(form.fields[i].value, again.fields[i].value) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    arena_reset(&arena);
    if (!http_form_parse((const char *)bytes, size, &form)) {
        require(size > HTTP_BODY_SIZE_MAX || memchr(bytes, '\0', size) != NULL ||
                strstr(arena_copy(&arena, (const char *)bytes, size), "%00") != NULL ||
                form.count == HTTP_FORM_FIELD_COUNT_MAX);
        return 0;
    }
    require(form.count <= HTTP_FORM_FIELD_COUNT_MAX);
    require(form.count == 0 || http_form_value(&form, form.fields[0].name) == form.fields[0].value);
    check_again();
    return 0;
}
