/* fuzz_template.c - a template and values from outside: no value becomes markup or a placeholder.
 */
#include "claim/template.h"
#include "fuzz.h"

static Arena arena;

enum { WHO, WHAT, FLAG, ROWS, CELL, NOTE, NAME_COUNT };

static const TemplateName names[NAME_COUNT + 1] = {
    [WHO] = {"who", TEMPLATE_TEXT, true},    [WHAT] = {"what", TEMPLATE_TEXT, false},
    [FLAG] = {"flag", TEMPLATE_FLAG, false}, [ROWS] = {"rows", TEMPLATE_LIST, false},
    [CELL] = {"cell", TEMPLATE_ITEM, false}, [NOTE] = {"note", TEMPLATE_ITEM, false},
};

/* Another way than the renderer's, to judge it by. */
static const char *escaped(const char *text)
{
    static const char signs[] = "&<>\"'";
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    JsonWriter html;
    writer_init(&html, &arena, 0);
    for (; *text != '\0'; text++) {
        const char *sign = strchr(signs, *text);
        const char *out = sign == NULL ? (char[]){*text, '\0'} : entities[sign - signs];
        writer_append(&html, out, strlen(out));
    }
    return writer_finish(&html, NULL);
}

static const char *rendered(const Template *template, TemplateForm form, const char *texts[6],
                            bool flag)
{
    const TemplateValue values[NAME_COUNT] = {
        [WHO].text = texts[0],
        [WHAT].text = texts[1],
        [FLAG].flag = flag,
        [ROWS] = {.cells = texts + 2, .row_count = 2},
    };
    JsonWriter text;
    writer_init(&text, &arena, 0);
    template_render(template, form, values, &text);
    return writer_finish(&text, NULL);
}

/* Six lines are the values, the rest is the template. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *raw[6], *safe[6];
    Template *template = NULL;
    Error error = {0};
    arena_reset(&arena);
    for (size_t i = 0; i < 6; i++) {
        raw[i] = fuzz_line(&arena, &bytes, &size);
        safe[i] = escaped(raw[i]);
    }
    (void)fuzz_file("template", bytes, size);
    if (!template_open(fuzz_folder, "template", names, &template, &error)) {
        require(template == NULL && error.class == ERROR_FATAL);
        require(strstr(error.text, "template") != NULL);
        return 0;
    }
    require(template_check_required(template, &error) == (error.class == ERROR_NONE));
    for (int flag = 0; flag < 2; flag++)
        require(strcmp(rendered(template, TEMPLATE_HTML, raw, flag),
                       rendered(template, TEMPLATE_PLAIN, safe, flag)) == 0);
    template_release(&template);
    return 0;
}
