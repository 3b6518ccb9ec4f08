/* test_template.c - templates: what they render, and every mistake an editor can make. */
#include "claim/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static Arena arena;
static char folder[] = "/tmp/test_template.XXXXXX";

enum { WHO, EMPTY, FLAG, ROWS, CELL, NOTE, NAME_COUNT };

static const TemplateName names[NAME_COUNT + 1] = {
    [WHO] = {"who", TEMPLATE_TEXT, true},    [EMPTY] = {"empty", TEMPLATE_TEXT, false},
    [FLAG] = {"flag", TEMPLATE_FLAG, false}, [ROWS] = {"rows", TEMPLATE_LIST, false},
    [CELL] = {"cell", TEMPLATE_ITEM, true},  [NOTE] = {"note", TEMPLATE_ITEM, false},
};

static void file_write(const char *name, const char *text, size_t size)
{
    FILE *file = fopen(arena_printf(&arena, "%s/%s", folder, name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void templates_render(void **state)
{
    (void)state;
    static const char *const cells[] = {"a<b", "", "c", "it's \"x\" & y"};
    TemplateValue values[NAME_COUNT] = {0};
    values[WHO].text = "{{who}} <&>";
    values[FLAG].flag = true;
    values[ROWS] = (TemplateValue){.cells = cells, .row_count = 2};
    static const struct {
        const char *name, *source, *plain, *html;
    } rows[] = {
        {"literal", "a } { b\n", "a } { b\n", "a } { b\n"},
        {"value, not read again", "-{{who}}-", "-{{who}} <&>-", "-{{who}} &lt;&amp;&gt;-"},
        {"null value", "-{{empty}}-", "--", "--"},
        {"text as a section", "{{#who}}y{{/who}}{{^who}}n{{/who}}", "y", "y"},
        {"no text as a section", "{{#empty}}y{{/empty}}{{^empty}}n{{/empty}}", "n", "n"},
        {"flag", "{{#flag}}y{{/flag}}{{^flag}}n{{/flag}}", "y", "y"},
        {"rows", "{{#rows}}{{cell}};{{/rows}}", "a<b;c;", "a&lt;b;c;"},
        {"section in rows", "{{#rows}}{{cell}}{{#note}} ({{note}}){{/note}};{{/rows}}",
         "a<b;c (it's \"x\" & y);", "a&lt;b;c (it&#39;s &quot;x&quot; &amp; y);"},
        {"rows twice", "{{#rows}}1{{/rows}}{{#rows}}2{{/rows}}{{^rows}}3{{/rows}}", "1122", "1122"},
        {"own lines leave none", "a\n  {{#flag}}  \nb\n{{/flag}}\nc\n", "a\nb\nc\n", "a\nb\nc\n"},
        {"own lines at both ends", "{{#flag}}\nb\n{{/flag}}", "b\n", "b\n"},
        {"not alone in its line", "a {{#flag}}\nb{{/flag}}\n", "a \nb\n", "a \nb\n"},
        {"line ends of Windows", "a\r\n{{#flag}}\r\nb\r\n{{/flag}}\r\n", "a\nb\n", "a\nb\n"},
        {"left out, with what is in it", "{{^flag}}{{#rows}}{{cell}}{{/rows}}{{/flag}}z", "z", "z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Template *template = NULL;
        Error error = {0};
        file_write("t", rows[i].source, strlen(rows[i].source));
        if (!template_open(folder, "t", names, &template, &error))
            fail_msg("%s: %s", rows[i].name, error.text);
        for (TemplateForm form = TEMPLATE_PLAIN; form <= TEMPLATE_HTML; form++) {
            JsonWriter text;
            writer_init(&text, &arena, 0);
            template_render(template, form, values, &text);
            assert_string_equal(writer_finish(&text, NULL),
                                form == TEMPLATE_HTML ? rows[i].html : rows[i].plain);
        }
        template_release(&template);
    }
}

static void mistakes_are_fatal_and_say_where(void **state)
{
    (void)state;
    static const struct {
        const char *source, *says;
    } rows[] = {
        {"", "empty"},
        {"\xff", "UTF-8"},
        {"a\x01", "control"},
        {"a\n{{whom}}", "line 2, {{whom}}: unknown; allowed: who empty flag rows cell note"},
        {"{{ who }}", "unknown"},
        {"{{}}", "no name"},
        {"{{who", "not closed by }}"},
        {"{{who}", "not closed by }}"},
        {"{{#}}", "unknown"},
        {"{{cell}}", "only inside the section of its list"},
        {"{{^rows}}{{cell}}{{/rows}}", "only inside"},
        {"{{flag}}", "is a section"},
        {"{{rows}}", "is a section"},
        {"\n{{#flag}}", "line 2, {{flag}}: the section is not closed"},
        {"{{/flag}}", "does not close"},
        {"{{#flag}}{{#who}}{{/flag}}{{/who}}", "does not close"},
        {"{{#rows}}{{#rows}}{{/rows}}{{/rows}}", "inside itself"},
        {"{{#flag}}{{#flag}}{{#flag}}{{#flag}}{{#flag}}", "too many sections"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Template *template = NULL;
        Error error = {0};
        file_write("t.txt", rows[i].source, strlen(rows[i].source));
        if (template_open(folder, "t.txt", names, &template, &error))
            fail_msg("accepted: %s", rows[i].source);
        assert_null(template);
        assert_int_equal(error.class, ERROR_FATAL);
        if (strstr(error.text, rows[i].says) == NULL || strstr(error.text, "t.txt") == NULL)
            fail_msg("%s: \"%s\"", rows[i].source, error.text);
    }
}

static void a_nul_and_a_long_file_are_refused(void **state)
{
    (void)state;
    Template *template = NULL;
    Error error = {0};
    char *text = arena_new(&arena, TEMPLATE_SIZE_MAX + 1);
    memset(text, 'a', TEMPLATE_SIZE_MAX + 1);
    file_write("t", text, TEMPLATE_SIZE_MAX + 1);
    assert_false(template_open(folder, "t", names, &template, &error));
    text[5] = '\0';
    file_write("t", text, 10);
    assert_false(template_open(folder, "t", names, &template, &error));
    assert_null(template);
}

static void required_names_are_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        bool good;
    } rows[] = {
        {"{{who}}{{#rows}}{{cell}}{{/rows}}", true},
        {"{{#who}}{{/who}}{{#rows}}{{cell}}{{/rows}}", true},
        {"who", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Template *template = NULL;
        Error error = {0};
        file_write("t.txt", rows[i].source, strlen(rows[i].source));
        assert_true(template_open(folder, "t.txt", names, &template, &error));
        assert_int_equal(template_check_required(template, &error), rows[i].good);
        if (!rows[i].good)
            assert_string_equal(error.text, "read template t.txt: {{who}} must be in it");
        template_release(&template);
    }
}

static void what_must_be_said_is_asked_for(void **state)
{
    (void)state;
    static const char *const cells[] = {"<cell>", ""};
    static const struct {
        const char *source, *says; /* NULL: good */
    } rows[] = {
        {"{{who}}{{#rows}}{{cell}}{{/rows}}", NULL},
        {"{{#flag}}{{who}}{{/flag}}{{#rows}}{{cell}}{{/rows}}",
         "t.txt: {{who}} must be in it, here"},
        {"{{who}}{{#rows}}-{{/rows}}", "t.txt: {{cell}} must be in it, here"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const TemplateValue values[NAME_COUNT] = {
            [WHO].text = "<who>", [ROWS] = {.cells = cells, .row_count = 1}};
        Template *template = NULL;
        Error error = {0};
        file_write("t.txt", rows[i].source, strlen(rows[i].source));
        assert_true(template_open(folder, "t.txt", names, &template, &error));
        assert_int_equal(template_check_says(template, values, "here", &error),
                         rows[i].says == NULL);
        if (rows[i].says != NULL)
            assert_non_null(strstr(error.text, rows[i].says));
        template_release(&template);
    }
}

static int folder_open(void **state)
{
    (void)state;
    arena_init(&arena);
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int folder_remove(void **state)
{
    (void)state;
    static const char *const files[] = {"t", "t.txt"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        unlink(arena_printf(&arena, "%s/%s", folder, files[i]));
    arena_deinit(&arena);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_render),
        cmocka_unit_test(mistakes_are_fatal_and_say_where),
        cmocka_unit_test(a_nul_and_a_long_file_are_refused),
        cmocka_unit_test(required_names_are_asked_for),
        cmocka_unit_test(what_must_be_said_is_asked_for),
    };
    return cmocka_run_group_tests(tests, folder_open, folder_remove);
}
