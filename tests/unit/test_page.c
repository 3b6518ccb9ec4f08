/* test_page.c - the opt-out page's handlers, called directly: who opts out, and who is told what.
 */
#include "services/opt-out-expiry/page.c" /* a service is no library */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TENANT "7f3c2a10-0b1d-4e5f-8a9b-1c2d3e4f5a6b"
#define ADDRESS "por@cpor.example"
#define FOLDER CPOR_SOURCE_DIR "/deploy/templates"
#define RECORDED_AT_MS INT64_C(1795964399999) /* 2026-11-29T14:59:59.999Z */

static Arena arena;
static TokenKeys *keys;
static const char *token;
static OptOutPage *page;
static Metric *refused[TOKEN_VERDICT_COUNT];

/* A fake log. */
static struct {
    bool fails;
    int call_count;
    TokenContent content;
    char token[TOKEN_SIZE_MAX];
} appended;

static bool append(void *context, const TokenContent *content, const char *text, int64_t *ret_at_ms,
                   Error *reterr)
{
    assert_ptr_equal(context, &appended);
    appended.call_count++;
    appended.content = *content;
    snprintf(appended.token, sizeof appended.token, "%s", text);
    if (appended.fails)
        return error_set(reterr, ERROR_RETRY, "append opt-out: broker away");
    *ret_at_ms = RECORDED_AT_MS;
    return true;
}

static const char *language_parameter(const HttpRequest *request, const char *name)
{
    assert_string_equal(name, "lang");
    return request->opaque;
}

static HttpResponse call(HttpHandler *handler, const char *request_token, const char *language)
{
    const HttpRequest request = {.method = handler == opt_out_page_post ? "POST" : "GET",
                                 .path = "/opt-out",
                                 .token = request_token,
                                 .content_type = "",
                                 .body = "",
                                 .parameter = language_parameter,
                                 .opaque = arena_text(&arena, language)};
    HttpRequest without = request;
    without.opaque = NULL; /* "lang" absent */
    HttpResponse response = {0};
    handler(language[0] == '\0' ? &without : &request, &response, page);
    assert_non_null(response.body);
    assert_string_equal(response.content_type, "text/html; charset=utf-8");
    assert_int_equal(response.body_size, strlen(response.body));
    assert_null(strstr(response.body, "{{"));
    return response;
}

static void must_say(const HttpResponse *response, const char *text)
{
    if (strstr(response->body, text) == NULL)
        fail_msg("\"%s\" is not in:\n%s", text, response->body);
}

static void must_not_say(const HttpResponse *response, const char *text)
{
    if (strstr(response->body, text) != NULL)
        fail_msg("\"%s\" is in:\n%s", text, response->body);
}

static int begin(void **state)
{
    (void)state;
    memset(&appended, 0, sizeof appended);
    return 0;
}

static void get_asks_and_never_opts_out(void **state)
{
    (void)state;
    HttpResponse response = call(opt_out_page_get, token, "");
    assert_int_equal(response.status, 200);
    assert_int_equal(appended.call_count, 0);
    must_say(&response, "<form method=\"post\"");
    must_say(&response, arena_printf(&arena, "name=\"token\" value=\"%s\"", token));
    must_say(&response, "another partner has taken over");
    must_say(&response, "<html lang=\"en\">");
    must_say(&response, ADDRESS);
    free(response.body);
}

static void post_opts_out(void **state)
{
    (void)state;
    HttpResponse response = call(opt_out_page_post, token, "");
    assert_int_equal(response.status, 200);
    assert_int_equal(appended.call_count, 1);
    assert_string_equal(appended.content.tenant_id, TENANT);
    assert_string_equal(appended.content.claim_id, "claim-1");
    assert_int_equal(appended.content.revision, 2);
    assert_string_equal(appended.token, token);
    must_say(&response, "2026-11-29 14:59:59 UTC");
    must_say(&response, "another partner has taken over");
    must_not_say(&response, "<form");
    free(response.body);
}

static void a_second_post_is_appended_and_answered_alike(void **state)
{
    (void)state;
    HttpResponse first = call(opt_out_page_post, token, "");
    HttpResponse second = call(opt_out_page_post, token, "");
    assert_int_equal(appended.call_count, 2);
    assert_string_equal(first.body, second.body);
    free(first.body);
    free(second.body);
}

static void a_failed_append_is_no_opt_out(void **state)
{
    (void)state;
    appended.fails = true;
    HttpResponse response = call(opt_out_page_post, token, "en");
    assert_int_equal(response.status, 503);
    must_say(&response, "was not recorded");
    must_say(&response, "<form method=\"post\"");
    must_say(&response, token);
    must_say(&response, ADDRESS);
    must_not_say(&response, "broker away"); /* our inside is ours */
    must_not_say(&response, "UTC");
    free(response.body);
}

static void a_bad_token_tells_where_to_write(void **state)
{
    (void)state;
    HttpHandler *const handlers[] = {opt_out_page_get, opt_out_page_post};
    const char *const rows[] = {"", "x", "\"><script>alert(1)</script>",
                                arena_printf(&arena, "%.*s", (int)strlen(token) - 1, token)};
    for (size_t handler = 0; handler < 2; handler++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            HttpResponse response = call(handlers[handler], rows[i], "");
            assert_int_equal(response.status, 400);
            must_say(&response, ADDRESS);
            must_not_say(&response, "<form");
            must_not_say(&response, "script");
            must_not_say(&response, TENANT);
            free(response.body);
        }
    }
    assert_int_equal(appended.call_count, 0);
}

static void a_refused_link_is_counted_by_its_reason(void **state)
{
    (void)state;
    TokenKeys *foreign = NULL;
    Error error = {0};
    if (!token_keys_open("old:another-secret-of-some-length", &foreign, &error))
        fail_msg("%s", error.text);
    const char *other_key = token_sign(foreign, TENANT, "claim-1", 2, "a@b.example", &arena);
    token_keys_release(&foreign);
    const struct {
        const char *token;
        TokenVerdict verdict;
    } rows[] = {
        {"", TOKEN_UNREADABLE},
        {other_key, TOKEN_UNKNOWN_KEY},
        {arena_printf(&arena, "%.*s", (int)strlen(token) - 1, token), TOKEN_FORGED},
        {token, TOKEN_GOOD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t before[TOKEN_VERDICT_COUNT];
        for (int j = 0; j < TOKEN_VERDICT_COUNT; j++)
            before[j] = metric_value(refused[j]);
        HttpResponse got = call(opt_out_page_get, rows[i].token, "");
        HttpResponse posted = call(opt_out_page_post, rows[i].token, "");
        free(got.body);
        free(posted.body);
        for (int j = 0; j < TOKEN_VERDICT_COUNT; j++)
            assert_int_equal(metric_value(refused[j]) - before[j],
                             j == (int)rows[i].verdict && j != TOKEN_GOOD ? 2 : 0);
    }
}

static void the_language_is_that_of_the_link(void **state)
{
    (void)state;
    static const struct {
        const char *language, *says;
    } rows[] = {
        {"", "<html lang=\"en\">"},       {"en", "<html lang=\"en\">"},
        {"ko", "<html lang=\"ko\">"},     {"KO-kr", "<html lang=\"ko\">"},
        {"k", "<html lang=\"en\">"},      {"kok", "<html lang=\"en\">"},
        {"de-AT", "<html lang=\"de\">"},  {"pt-BR", "<html lang=\"pt\">"},
        {"zh", "<html lang=\"en\">"},     {"fi", "<html lang=\"en\">"},
        {"\"><b>", "<html lang=\"en\">"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        HttpResponse response = call(opt_out_page_get, token, rows[i].language);
        must_say(&response, rows[i].says);
        must_not_say(&response, "<b>");
        free(response.body);
    }
}

static void the_other_languages_are_offered(void **state)
{
    (void)state;
    HttpResponse response = call(opt_out_page_get, token, "de");
    must_say(&response, arena_printf(&arena,
                                     "<a href=\"?token=%s&amp;lang=ja\" lang=\"ja\" "
                                     "hreflang=\"ja\">日本語</a>",
                                     token));
    must_say(&response, ">English</a>");
    must_not_say(&response, ">Deutsch</a>");
    free(response.body);
}

static void each_face_is_there_in_each_language(void **state)
{
    (void)state;
    for (size_t i = 0; i < page->languages->count; i++) {
        const char *const locale = page->languages->languages[i].locale;
        const char *const lang = arena_printf(&arena, "<html lang=\"%s\">", locale);
        HttpResponse ask = call(opt_out_page_get, token, locale);
        HttpResponse refusal = call(opt_out_page_get, "", locale);
        HttpResponse recorded = call(opt_out_page_post, token, locale);
        appended.fails = true;
        HttpResponse failed = call(opt_out_page_post, token, locale);
        appended.fails = false;
        HttpResponse *const all[] = {&ask, &refusal, &recorded, &failed};
        static const int statuses[] = {200, 400, 200, 503};
        for (size_t face = 0; face < 4; face++) {
            assert_int_equal(all[face]->status, statuses[face]);
            must_say(all[face], lang);
            must_say(all[face], "<h1>");
            assert_null(strstr(strstr(all[face]->body, "<h1>") + 1, "<h1>")); /* one face only */
            free(all[face]->body);
        }
    }
}

static void a_missing_folder_is_fatal(void **state)
{
    (void)state;
    OptOutPage *none = NULL;
    Error error = {0};
    const OptOutPageOptions options = {.keys = keys, .programme_address = ADDRESS};
    assert_false(opt_out_page_open("/nowhere", &options, &none, &error));
    assert_int_equal(error.class, ERROR_FATAL);
    assert_non_null(strstr(error.text, "/nowhere"));
    assert_null(none);
}

static int open_all(void **state)
{
    (void)state;
    Error error = {0};
    arena_init(&arena);
    if (!token_keys_open("k1:0123456789abcdef", &keys, &error))
        fail_msg("%s", error.text);
    token = token_sign(keys, TENANT, "claim-1", 2, "sam@customer.example", &arena);
    for (int i = 0; i < TOKEN_VERDICT_COUNT; i++)
        refused[i] = metrics_counter("refused_total", token_verdict_name((TokenVerdict)i),
                                     "links that were refused");
    const OptOutPageOptions options = {.keys = keys,
                                       .programme_address = ADDRESS,
                                       .refused = refused,
                                       .append = append,
                                       .context = &appended};
    if (!opt_out_page_open(FOLDER, &options, &page, &error))
        fail_msg("%s", error.text);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    opt_out_page_release(&page);
    token_keys_release(&keys);
    arena_deinit(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(get_asks_and_never_opts_out, begin),
        cmocka_unit_test_setup(post_opts_out, begin),
        cmocka_unit_test_setup(a_second_post_is_appended_and_answered_alike, begin),
        cmocka_unit_test_setup(a_failed_append_is_no_opt_out, begin),
        cmocka_unit_test_setup(a_bad_token_tells_where_to_write, begin),
        cmocka_unit_test_setup(a_refused_link_is_counted_by_its_reason, begin),
        cmocka_unit_test_setup(the_language_is_that_of_the_link, begin),
        cmocka_unit_test_setup(the_other_languages_are_offered, begin),
        cmocka_unit_test_setup(each_face_is_there_in_each_language, begin),
        cmocka_unit_test_setup(a_missing_folder_is_fatal, begin),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
