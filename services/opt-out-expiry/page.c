/* page.c - see page.h. Four faces of one file per language, chosen by sections. */
#include "page.h"

#include "claim/language.h"
#include "runtime/clock.h"
#include "runtime/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum PageName {
    PAGE_ASK,
    PAGE_RECORDED,
    PAGE_REFUSED,
    PAGE_FAILED,
    PAGE_TOKEN,
    PAGE_CLAIM_ID,
    PAGE_TENANT_ID,
    PAGE_RECORDED_AT,
    PAGE_PROGRAMME_ADDRESS,
    PAGE_LANGUAGES,
    PAGE_LANGUAGE_CODE,
    PAGE_LANGUAGE_NAME,
    PAGE_NAME_COUNT,
} PageName;

static const TemplateName names[PAGE_NAME_COUNT + 1] = {
    [PAGE_ASK] = {"ask", TEMPLATE_FLAG, true},
    [PAGE_RECORDED] = {"recorded", TEMPLATE_FLAG, true},
    [PAGE_REFUSED] = {"refused", TEMPLATE_FLAG, true},
    [PAGE_FAILED] = {"failed", TEMPLATE_FLAG, true},
    [PAGE_TOKEN] = {"token", TEMPLATE_TEXT, true},
    [PAGE_CLAIM_ID] = {"claim_id", TEMPLATE_TEXT, false},
    [PAGE_TENANT_ID] = {"tenant_id", TEMPLATE_TEXT, false},
    [PAGE_RECORDED_AT] = {"recorded_at", TEMPLATE_TEXT, true},
    [PAGE_PROGRAMME_ADDRESS] = {"programme_address", TEMPLATE_TEXT, true},
    [PAGE_LANGUAGES] = {"languages", TEMPLATE_LIST, true}, /* the others */
    [PAGE_LANGUAGE_CODE] = {"language_code", TEMPLATE_ITEM, true},
    [PAGE_LANGUAGE_NAME] = {"language_name", TEMPLATE_ITEM, true},
};

enum { LANGUAGE_COLUMN_COUNT = 2 };
enum { STATUS_OK = 200, STATUS_BAD_REQUEST = 400, STATUS_UNAVAILABLE = 503 };

struct OptOutPage {
    OptOutPageOptions options;
    LanguageSet *languages;
    Template *templates[LANGUAGE_COUNT_MAX]; /* parallel to the languages */
};

/* Each face must say what it is for: one without a token would ask, and never opt out. */
static bool check_faces(const Template *template, Error *reterr)
{
    static const char *const cells[LANGUAGE_COLUMN_COUNT] = {"<code>", "<language>"};
    static const struct {
        PageName face;
        const char *where, *token, *recorded_at;
        size_t language_count;
    } rows[] = {
        {PAGE_ASK, "in {{#ask}}", "<token>", "", 1},
        {PAGE_RECORDED, "in {{#recorded}}", "", "<time>", 0},
        {PAGE_REFUSED, "in {{#refused}}", "", "", 0},
        {PAGE_FAILED, "in {{#failed}}", "<token>", "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TemplateValue values[PAGE_NAME_COUNT] = {
            [PAGE_TOKEN].text = rows[i].token,
            [PAGE_RECORDED_AT].text = rows[i].recorded_at,
            [PAGE_PROGRAMME_ADDRESS].text = "<address>",
            [PAGE_LANGUAGES] = {.cells = cells, .row_count = rows[i].language_count},
        };
        values[rows[i].face].flag = true;
        if (!template_check_says(template, values, rows[i].where, reterr))
            return false;
    }
    return true;
}

bool opt_out_page_open(const char *folder, const OptOutPageOptions *options, OptOutPage **ret_page,
                       Error *reterr)
{
    OptOutPage *made __attribute__((cleanup(opt_out_page_release))) = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(reterr, ERROR_FATAL, "read page: out of memory");
    made->options = *options;
    if (!language_set_open(folder, &made->languages, reterr))
        return false;
    for (size_t i = 0; i < made->languages->count; i++) {
        char file_name[64];
        snprintf(file_name, sizeof file_name, "page.%s.html", made->languages->languages[i].locale);
        if (!template_open(folder, file_name, names, &made->templates[i], reterr) ||
            !template_check_required(made->templates[i], reterr) ||
            !check_faces(made->templates[i], reterr))
            return false;
    }
    *ret_page = made;
    made = NULL;
    return true;
}

void opt_out_page_release(OptOutPage **page)
{
    if (*page == NULL)
        return;
    for (size_t i = 0; i < LANGUAGE_COUNT_MAX; i++)
        template_release(&(*page)->templates[i]);
    language_set_release(&(*page)->languages);
    free(*page);
    *page = NULL;
}

/* The languages besides that of the page, for its links. */
static TemplateValue other_languages(const LanguageSet *set, size_t index, Arena *arena)
{
    const char **cells = arena_new(arena, set->count * LANGUAGE_COLUMN_COUNT * sizeof *cells);
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (i == index)
            continue;
        cells[count * LANGUAGE_COLUMN_COUNT] = set->languages[i].locale;
        cells[count * LANGUAGE_COLUMN_COUNT + 1] = set->languages[i].name;
        count++;
    }
    return (TemplateValue){.cells = cells, .row_count = count};
}

/* What a face is filled with; empty where a face does not say it. */
typedef struct Face {
    PageName name;
    int status;
    const TokenContent *content; /* NULL: the token did not verify */
    const char *token;
    const char *recorded_at;
} Face;

static void respond(const OptOutPage *page, const HttpRequest *request, const Face *face,
                    HttpResponse *ret_response)
{
    const char *wanted = request->parameter(request, "lang");
    const size_t index = language_find(page->languages, wanted == NULL ? "" : wanted, "");
    Arena arena;
    arena_init(&arena);
    TemplateValue values[PAGE_NAME_COUNT] = {
        [PAGE_TOKEN].text = face->token,
        [PAGE_CLAIM_ID].text = face->content == NULL ? "" : face->content->claim_id,
        [PAGE_TENANT_ID].text = face->content == NULL ? "" : face->content->tenant_id,
        [PAGE_RECORDED_AT].text = face->recorded_at,
        [PAGE_PROGRAMME_ADDRESS].text = page->options.programme_address,
        [PAGE_LANGUAGES] = other_languages(page->languages, index, &arena),
    };
    values[face->name].flag = true;
    JsonWriter text;
    writer_init(&text, &arena, 0);
    template_render(page->templates[index], TEMPLATE_HTML, values, &text);
    http_respond(ret_response, face->status, "text/html; charset=utf-8", "%s",
                 writer_finish(&text, NULL));
    arena_deinit(&arena);
}

/* Whether the link is one of ours; if not, that is the answer, and counted. */
static bool let_in(const OptOutPage *page, const HttpRequest *request, TokenContent *ret_content,
                   HttpResponse *ret_response)
{
    static const Face refused = {.name = PAGE_REFUSED, .status = STATUS_BAD_REQUEST};
    const TokenVerdict verdict = token_examine(page->options.keys, request->token, ret_content);
    if (verdict == TOKEN_GOOD)
        return true;
    metric_add(page->options.refused[verdict], 1);
    respond(page, request, &refused, ret_response);
    return false;
}

void opt_out_page_get(const HttpRequest *request, HttpResponse *ret_response, void *context)
{
    const OptOutPage *page = context;
    TokenContent content;
    if (!let_in(page, request, &content, ret_response))
        return;
    const Face ask = {
        .name = PAGE_ASK, .status = STATUS_OK, .content = &content, .token = request->token};
    respond(page, request, &ask, ret_response);
}

/* "2026-11-30 14:59:59 UTC": every reader, of any language, can compare it with the notice. */
static const char *instant_text(int64_t at_ms, char ret_text[CLOCK_TEXT_SIZE])
{
    char instant[CLOCK_TEXT_SIZE];
    clock_format(at_ms, instant);
    snprintf(ret_text, CLOCK_TEXT_SIZE, "%.10s %.8s UTC", instant, instant + 11);
    return ret_text;
}

void opt_out_page_post(const HttpRequest *request, HttpResponse *ret_response, void *context)
{
    const OptOutPage *page = context;
    TokenContent content;
    if (!let_in(page, request, &content, ret_response))
        return;
    Face face = {.content = &content, .token = request->token};
    int64_t at_ms = 0;
    Error error = {0};
    char instant[CLOCK_TEXT_SIZE];
    if (page->options.append(page->options.context, &content, request->token, &at_ms, &error)) {
        face.name = PAGE_RECORDED;
        face.status = STATUS_OK;
        face.recorded_at = instant_text(at_ms, instant);
    } else {
        /* no step of the worker's loop: nobody else logs it */
        log_error(LOG_WARNING, "opt-out-not-recorded", &error, "tenant_id=%s claim_id=%s",
                  content.tenant_id, content.claim_id);
        face.name = PAGE_FAILED;
        face.status = STATUS_UNAVAILABLE;
    }
    respond(page, request, &face, ret_response);
}
