/* test_language.c - a folder of templates: which languages it has, what each must have, and lines
 * of any language within their columns. */
#include "claim/notice_internal.h"
#include "services/opt-out-expiry/page.c" /* a service is no library */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static Arena arena;
static char folder[] = "/tmp/test_language.XXXXXX";

/* A folder of two languages, one of them made up; every file that is not named is one of these. */
#define NOTICE                                                                                     \
    "{{partner_name}}{{tenant_id}}{{domain}}{{claim_id}}{{deadline}}{{opt_out_url}}"               \
    "{{programme_address}}{{#shares_data}}x{{/shares_data}}{{#items}}{{name}}{{/items}}"
#define PAGE                                                                                       \
    "{{#ask}}{{token}}{{#languages}}{{language_code}}{{language_name}}{{/languages}}{{/ask}}"      \
    "{{#recorded}}{{recorded_at}}{{/recorded}}{{#failed}}{{token}}{{/failed}}{{#refused}}-"        \
    "{{/refused}}{{programme_address}}"
#define WEEKDAYS "{{#weekdays}}s0 s1 s2 s3 s4 s5 s6{{/weekdays}}"
#define MONTHS "{{#months}}m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11 m12{{/months}}"
#define END_OF_DAY "{{#end_of_day}}{{year}} {{month}} {{day}} {{offset}} {{zone}}{{/end_of_day}}"
#define INSTANT                                                                                    \
    "{{#instant}}{{year}} {{month}} {{day}} {{hour}}:{{minute}} {{offset}} {{zone}}{{/instant}}"
#define HEAD "{{#language_name}} So named\n{{/language_name}}\n"
#define WORDS(countries)                                                                           \
    HEAD "{{#countries}}" countries "{{/countries}}\n" WEEKDAYS MONTHS END_OF_DAY INSTANT

static const struct {
    const char *name, *text;
} files[] = {
    {"notice.en.subject", NOTICE}, {"notice.en.txt", NOTICE},
    {"notice.en.html", NOTICE},    {"page.en.html", PAGE},
    {"words.en.txt", WORDS("")},   {"notice.tlh-AQ.subject", NOTICE},
    {"notice.tlh-AQ.txt", NOTICE}, {"notice.tlh-AQ.html", NOTICE},
    {"page.tlh-AQ.html", PAGE},    {"words.tlh-AQ.txt", WORDS("AQ\n  TF ")},
};
enum { FILE_TOTAL = sizeof files / sizeof files[0] };

static void file_write(const char *name, const char *text)
{
    FILE *file = fopen(arena_printf(&arena, "%s/%s", folder, name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void file_drop(const char *name)
{
    unlink(arena_printf(&arena, "%s/%s", folder, name));
}

static int folder_fill(void **state)
{
    (void)state;
    for (size_t i = 0; i < FILE_TOTAL; i++)
        file_write(files[i].name, files[i].text);
    return 0;
}

/* As either service does. */
static bool open_all(Error *reterr)
{
    NoticeTemplates *notices = NULL;
    OptOutPage *opened = NULL;
    const OptOutPageOptions options = {.programme_address = "a@b.example"};
    const bool good = notice_templates_open(folder, &notices, reterr) &&
                      opt_out_page_open(folder, &options, &opened, reterr);
    notice_templates_release(&notices);
    opt_out_page_release(&opened);
    return good;
}

static const struct {
    const char *name, *changed, *text; /* NULL: no such file */
    const char *says;                  /* NULL: good */
} mistakes[] = {
    {"whole", "words.en.txt", WORDS(""), NULL},
    {"a free subject", "notice.en.subject", "Hello", NULL},
    {"a backup", "notice.en.txt~", "{{x}}", NULL},
    {"another file", "products.html", "{{x}}", NULL},
    {"a new language, its text alone", "notice.fi.txt", NOTICE, "fi has no notice.fi.subject"},
    {"its page alone", "page.fi.html", PAGE, "fi has no notice.fi.subject"},
    {"its words alone", "words.fi.txt", WORDS(""), "fi has no notice.fi.subject"},
    {"no subject", "notice.tlh-AQ.subject", NULL, "tlh-AQ has no notice.tlh-AQ.subject"},
    {"no text", "notice.en.txt", NULL, "en has no notice.en.txt"},
    {"no HTML", "notice.tlh-AQ.html", NULL, "tlh-AQ has no notice.tlh-AQ.html"},
    {"no page", "page.tlh-AQ.html", NULL, "tlh-AQ has no page.tlh-AQ.html"},
    {"no words", "words.tlh-AQ.txt", NULL, "tlh-AQ has no words.tlh-AQ.txt"},
    {"no locale", "notice.x.txt", NOTICE, "notice.x.txt"},
    {"no link", "notice.tlh-AQ.html",
     "{{partner_name}}{{tenant_id}}{{domain}}{{claim_id}}{{deadline}}{{programme_address}}",
     "notice.tlh-AQ.html: {{opt_out_url}} must be in it"},
    {"unknown in a subject", "notice.tlh-AQ.subject", "{{partner}}",
     "notice.tlh-AQ.subject: line 1, {{partner}}: unknown"},
    {"unknown in a page", "page.tlh-AQ.html", PAGE "\n{{x}}",
     "page.tlh-AQ.html: line 2, {{x}}: unknown"},
    {"unknown in words", "words.tlh-AQ.txt", "{{x}}", "words.tlh-AQ.txt: line 1, {{x}}"},
    {"no deadline where nothing is shared", "notice.en.txt",
     "{{partner_name}}{{tenant_id}}{{domain}}{{claim_id}}{{opt_out_url}}{{programme_address}}"
     "{{#shares_data}}{{deadline}}{{/shares_data}}{{#items}}{{name}}{{/items}}",
     "notice.en.txt: {{deadline}} must be in it, with {{^shares_data}}"},
    {"no link where nobody is addressed", "notice.en.html",
     "{{partner_name}}{{tenant_id}}{{domain}}{{claim_id}}{{deadline}}{{programme_address}}"
     "{{#contact_name}}{{opt_out_url}}{{/contact_name}}{{#shares_data}}x{{/shares_data}}"
     "{{#items}}{{name}}{{/items}}",
     "notice.en.html: {{opt_out_url}} must be in it, without {{contact_name}}"},
    {"items without their names", "notice.en.html",
     "{{partner_name}}{{tenant_id}}{{domain}}{{claim_id}}{{deadline}}{{opt_out_url}}"
     "{{programme_address}}{{#shares_data}}x{{/shares_data}}"
     "{{#items}}{{^name}}{{name}}{{/name}}{{/items}}",
     "notice.en.html: {{name}} must be in it"},
    {"a face without its token", "page.en.html",
     "{{#ask}}{{#languages}}{{language_code}}{{language_name}}{{/languages}}{{/ask}}"
     "{{#recorded}}{{recorded_at}}{{/recorded}}{{#failed}}{{token}}{{/failed}}{{#refused}}-"
     "{{/refused}}{{programme_address}}",
     "page.en.html: {{token}} must be in it, in {{#ask}}"},
    {"six days", "words.en.txt",
     HEAD
     "{{#countries}}{{/countries}}{{#weekdays}}a b c d e f{{/weekdays}}" MONTHS END_OF_DAY INSTANT,
     "words.en.txt: {{#weekdays}} holds 6 words, it must be 7"},
    {"thirteen months", "words.en.txt",
     HEAD "{{#countries}}{{/countries}}" WEEKDAYS
          "{{#months}}1 2 3 4 5 6 7 8 9 10 11 12 13{{/months}}" END_OF_DAY INSTANT,
     "words.en.txt: {{#months}} holds 13 words, it must be 12"},
    {"a date without its month", "words.en.txt",
     HEAD "{{#countries}}{{/countries}}" WEEKDAYS MONTHS INSTANT
          "{{#end_of_day}}{{year}} {{day}} {{offset}} {{zone}}{{/end_of_day}}",
     "words.en.txt: {{month}} must be in it, in {{#end_of_day}}"},
    {"an instant without its hour", "words.en.txt",
     HEAD "{{#countries}}{{/countries}}" WEEKDAYS MONTHS
          "{{#end_of_day}}{{year}} {{month}} {{day}} {{hour}} {{offset}} {{zone}}{{/end_of_day}}"
          "{{#instant}}{{year}} {{month}} {{day}} {{minute}} {{offset}} {{zone}}{{/instant}}",
     "words.en.txt: {{hour}} must be in it, in {{#instant}}"},
    {"no country", "words.en.txt", WORDS("England"), "\"England\" is no country such as KR"},
    {"a country of two languages", "words.en.txt", WORDS("US AQ"),
     "words.tlh-AQ.txt: {{#countries}}: AQ is in words.en.txt, too"},
};

static void folders_are_checked(void **state)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        folder_fill(state);
        if (mistakes[i].text == NULL)
            file_drop(mistakes[i].changed);
        else
            file_write(mistakes[i].changed, mistakes[i].text);
        Error error = {0};
        const bool good = open_all(&error);
        if (good != (mistakes[i].says == NULL) ||
            (!good && strstr(error.text, mistakes[i].says) == NULL))
            fail_msg("%s: %s", mistakes[i].name, error.text);
        assert_int_equal(error.class, good ? ERROR_NONE : ERROR_FATAL);
        file_drop(mistakes[i].changed);
    }
}

static void english_must_be_there(void **state)
{
    (void)state;
    Error error = {0};
    for (size_t i = 0; i < 5; i++)
        file_drop(files[i].name);
    assert_false(open_all(&error));
    assert_non_null(strstr(error.text, "notice.en.txt"));
    LanguageSet *none = NULL;
    assert_false(language_set_open("/nowhere", &none, &error));
    assert_non_null(strstr(error.text, "/nowhere"));
    assert_null(none);
}

static void a_language_is_added_by_files_alone(void **state)
{
    (void)state;
    static const struct {
        const char *locale, *country, *found;
    } rows[] = {
        {"tlh-AQ", "", "tlh-AQ"},
        {"TLH-aq", "US", "tlh-AQ"},
        {"tlh-AQ-x-old", "", "tlh-AQ"},
        {"tlh", "", "en"},
        {"tlh-AR", "AQ", "en"},
        {"", "AQ", "tlh-AQ"},
        {"", "TF", "tlh-AQ"},
        {"", "US", "en"},
        {"", "", "en"},
        {"tlh-AQx", "", "en"},
        {"-", "", "en"},
    };
    LanguageSet *set = NULL;
    ZoneSet *zones = NULL;
    Error error = {0};
    if (!language_set_open(folder, &set, &error) ||
        !zone_set_open(&zones, CALENDAR_ZONE_FOLDER, &error))
        fail_msg("%s", error.text);
    assert_int_equal(set->count, 2);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t index = language_find(set, rows[i].locale, rows[i].country);
        assert_string_equal(set->languages[index].locale, rows[i].found);
    }
    const Language *language = &set->languages[language_find(set, "tlh-AQ", "")];
    assert_string_equal(language->name, "So named");
    assert_string_equal(language_instant_text(language, zone_find(zones, "Asia/Seoul"),
                                              INT64_C(1796050800000), &arena),
                        "2026 m11 30 UTC+09:00 Asia/Seoul");
    assert_string_equal(
        language_instant_text(language, zone_find(zones, "UTC"), INT64_C(1796050800000), &arena),
        "2026 m11 30 15:00 UTC+00:00 UTC");
    zone_set_release(&zones);
    language_set_release(&set);
}

#define TEN "aaaaaaaaa "
#define SIXTY TEN TEN TEN TEN TEN TEN
#define HAN_TEN "漢字漢字漢字漢字漢字"

static void lines_are_broken(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *wrapped;
    } rows[] = {
        {"nothing", "", ""},
        {"short", "a\n\nb\n", "a\n\nb\n"},
        {"74 stay", SIXTY "aaaaaaaaa bbbb", SIXTY "aaaaaaaaa bbbb"},
        {"75 do not", SIXTY "aaaaaaaaa bbbbb", SIXTY "aaaaaaaaa\nbbbbb"},
        {"an item", "  - " SIXTY "aaaaaaaaa b", "  - " SIXTY "aaaaaaaaa\n    b"},
        {"a label", "  Name   " SIXTY "aaaaaa b",
         "  Name   " TEN TEN TEN TEN TEN "aaaaaaaaa\n         aaaaaa b"},
        {"wide characters", HAN_TEN HAN_TEN HAN_TEN HAN_TEN,
         HAN_TEN HAN_TEN HAN_TEN "漢字漢字漢字漢\n字漢字"},
        {"no line begins with a full stop", HAN_TEN HAN_TEN HAN_TEN "漢字漢字漢字漢。漢",
         HAN_TEN HAN_TEN HAN_TEN "漢字漢字漢字\n漢。漢"},
        {"no line ends with a bracket", HAN_TEN HAN_TEN HAN_TEN "漢字漢字漢字「漢」",
         HAN_TEN HAN_TEN HAN_TEN "漢字漢字漢字\n「漢」"},
        {"Korean words stay whole",
         "한국어한국어한국어한국어한국어한국어한국어한국어한국어한국어 한국어한국어한국어",
         "한국어한국어한국어한국어한국어한국어한국어한국어한국어한국어\n한국어한국어한국어"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *wrapped = notice_wrap(rows[i].text, &arena);
        if (strcmp(wrapped, rows[i].wrapped) != 0)
            fail_msg("%s: \"%s\"", rows[i].name, wrapped);
    }
}

static void long_words_are_cut_but_no_links(void **state)
{
    (void)state;
    char word[201] = "";
    memset(word, 'a', sizeof word - 1);
    const char *cut = notice_wrap(word, &arena);
    assert_int_equal(strcspn(cut, "\n"), NOTICE_COLUMN_COUNT_MAX);
    assert_int_equal(strlen(cut), sizeof word - 1 + 2);
    memcpy(word, "https://a.example/", 18);
    assert_string_equal(notice_wrap(word, &arena), word);
    word[5] = '@';
    assert_string_equal(notice_wrap(arena_printf(&arena, "to %s", word), &arena),
                        arena_printf(&arena, "to\n%s", word));
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
    for (size_t i = 0; i < FILE_TOTAL; i++)
        file_drop(files[i].name);
    const int result = rmdir(folder);
    arena_deinit(&arena);
    return result;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_are_checked),
        cmocka_unit_test_setup(english_must_be_there, folder_fill),
        cmocka_unit_test_setup(a_language_is_added_by_files_alone, folder_fill),
        cmocka_unit_test(lines_are_broken),
        cmocka_unit_test(long_words_are_cut_but_no_links),
    };
    return cmocka_run_group_tests(tests, folder_open, folder_remove);
}
