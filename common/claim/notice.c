/* notice.c - a claim's facts become a message: clean each once, fill the parts, put them together.
 */
#include "claim/notice_internal.h"

#include "claim/mime.h"
#include "claim/text_check.h"
#include "claim/uuid.h"

#include <inttypes.h>
#include <string.h>

enum {
    NAME_POINT_COUNT_MAX = 128,
    SUBJECT_POINT_COUNT_MAX = 200,
    URL_SIZE_MAX = 2000,
    MESSAGE_SIZE_HINT = 24 * 1024,
};

/* What is our own must be right: it is checked, never mended. */
static bool check_settings(const Notice *notice, Error *reterr)
{
    if (!mime_is_address(notice->from_address))
        return error_set(reterr, ERROR_FATAL, "render notice: the sender \"%.100s\" is no address",
                         notice->from_address);
    if (!mime_is_address(notice->programme_address))
        return error_set(reterr, ERROR_FATAL,
                         "render notice: the programme's \"%.100s\" is no address",
                         notice->programme_address);
    if (!text_is_uri(notice->opt_out_url, strlen(notice->opt_out_url), 1, URL_SIZE_MAX))
        return error_set(reterr, ERROR_FATAL,
                         "render notice: the opt-out link is no printable ASCII of 1..%d bytes",
                         URL_SIZE_MAX);
    return true;
}

static const char *clean_or(const char *text, const char *other, Arena *arena)
{
    const char *clean = notice_clean(text, NAME_POINT_COUNT_MAX, arena);
    return clean[0] != '\0' ? clean : notice_clean(other, NAME_POINT_COUNT_MAX, arena);
}

static TemplateValue items_value(const Notice *notice, Arena *arena)
{
    const size_t cell_count = notice->item_count * NOTICE_ITEM_COLUMN_COUNT;
    const char **cells = arena_new(arena, (cell_count + 1) * sizeof *cells);
    for (size_t i = 0; i < notice->item_count; i++) {
        const NoticeItem *item = &notice->items[i];
        cells[i * NOTICE_ITEM_COLUMN_COUNT] = clean_or(item->name, "?", arena);
        cells[i * NOTICE_ITEM_COLUMN_COUNT + 1] = clean_or(item->detail, "", arena);
    }
    return (TemplateValue){.cells = cells, .row_count = notice->item_count};
}

static void fill_values(const Notice *notice, const Language *language, Arena *arena,
                        TemplateValue ret_values[NOTICE_NAME_COUNT])
{
    const char *mpn_name = arena_printf(arena, "MPN ID %s", notice->mpn_id);
    const struct {
        NoticeName name;
        const char *text;
    } texts[] = {
        {NOTICE_PARTNER_NAME, clean_or(notice->partner_name, mpn_name, arena)},
        {NOTICE_MPN_ID, clean_or(notice->mpn_id, "", arena)},
        {NOTICE_TENANT_NAME, clean_or(notice->tenant_name, notice->domain, arena)},
        {NOTICE_TENANT_ID, clean_or(notice->tenant_id, "", arena)},
        {NOTICE_DOMAIN, notice_clean(notice->domain, DOMAIN_SIZE, arena)},
        {NOTICE_CONTACT_NAME, clean_or(notice->contact_name, "", arena)},
        {NOTICE_CLAIM_ID, clean_or(notice->claim_id, "", arena)},
        {NOTICE_CLAIM_NAME, clean_or(notice->claim_name, notice->claim_id, arena)},
        {NOTICE_DEADLINE,
         language_instant_text(language, notice->zone, notice->deadline_at_ms, arena)},
        {NOTICE_OPT_OUT_URL, notice->opt_out_url},
        {NOTICE_PROGRAMME_ADDRESS, notice->programme_address},
    };
    memset(ret_values, 0, NOTICE_NAME_COUNT * sizeof *ret_values);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ret_values[texts[i].name].text = texts[i].text;
    ret_values[NOTICE_SHARES_DATA].flag = notice->shares_data;
    ret_values[NOTICE_ITEMS] = items_value(notice, arena);
}

static const char *render_part(const NoticeParts *parts, NoticePart part,
                               const TemplateValue *values, Arena *arena)
{
    JsonWriter text;
    writer_init(&text, arena, MESSAGE_SIZE_HINT / 2);
    template_render((*parts)[part], part == NOTICE_HTML ? TEMPLATE_HTML : TEMPLATE_PLAIN, values,
                    &text);
    return writer_finish(&text, NULL);
}

/* An address that could be read as something else is left out; smtp_send refuses it anyway, and
 * the partner is told that the contact cannot be reached. */
static void put_recipient(JsonWriter *message, const Notice *notice, Arena *arena)
{
    if (mime_is_address(notice->contact_email))
        mime_header_address(message, "To", clean_or(notice->contact_name, "", arena),
                            notice->contact_email);
    else
        mime_header(message, "To", "undisclosed-recipients:;");
}

static void put_head(JsonWriter *message, const Notice *notice, const char *locale,
                     const char *subject, Arena *arena)
{
    const char *host = strchr(notice->from_address, '@') + 1;
    const char *from_name = clean_or(notice->from_name, "", arena);
    mime_header(message, "Date", notice_date_text(notice->zone, notice->date_ms, arena));
    mime_header_address(message, "From", from_name, notice->from_address);
    put_recipient(message, notice, arena);
    mime_header_address(message, "Reply-To", from_name, notice->programme_address);
    mime_header_text(message, "Subject", notice_clean(subject, SUBJECT_POINT_COUNT_MAX, arena));
    mime_header(
        message, "Message-ID",
        notice_message_id(notice->tenant_id, notice->claim_id, notice->revision, host, arena));
    mime_header(message, "Auto-Submitted", "auto-generated");
    mime_header(message, "Content-Language", locale);
    mime_header(message, "MIME-Version", "1.0");
}

/* "=_" can be in neither encoding, so that no text can end its part. */
static const char *boundary_text(const Notice *notice, Arena *arena)
{
    char id[UUID_SIZE];
    uuid_event(notice_message_id(notice->tenant_id, notice->claim_id, notice->revision, "", arena),
               id);
    return arena_printf(arena, "=_%s", id);
}

static void put_line(JsonWriter *message, const char *text)
{
    writer_append(message, text, strlen(text));
    writer_append(message, "\r\n", 2);
}

bool notice_render(const NoticeTemplates *templates, const Notice *notice, Arena *arena,
                   const char **ret_message, size_t *ret_size, Error *reterr)
{
    if (!check_settings(notice, reterr))
        return false;
    const size_t index = language_find(templates->languages, notice->locale, notice->country);
    const Language *language = &templates->languages->languages[index];
    const NoticeParts *parts = &templates->parts[index];
    TemplateValue values[NOTICE_NAME_COUNT];
    fill_values(notice, language, arena, values);

    JsonWriter message;
    writer_init(&message, arena, MESSAGE_SIZE_HINT);
    put_head(&message, notice, language->locale, render_part(parts, NOTICE_SUBJECT, values, arena),
             arena);
    const char *boundary = boundary_text(notice, arena);
    const char *delimiter = arena_printf(arena, "\r\n--%s", boundary);
    put_line(
        &message,
        arena_printf(arena, "Content-Type: multipart/alternative;\r\n boundary=\"%s\"", boundary));
    put_line(&message, delimiter);
    mime_text_part(&message, "plain",
                   notice_wrap(render_part(parts, NOTICE_TEXT, values, arena), arena));
    put_line(&message, delimiter);
    mime_text_part(&message, "html", render_part(parts, NOTICE_HTML, values, arena));
    put_line(&message, arena_printf(arena, "%s--", delimiter));
    *ret_message = writer_finish(&message, ret_size);
    return true;
}

const char *notice_message_id(const char *tenant_id, const char *claim_id, int32_t revision,
                              const char *host, Arena *arena)
{
    char id[UUID_SIZE];
    uuid_event(arena_printf(arena, "%s/%s/notice/%" PRId32, tenant_id, claim_id, revision), id);
    return arena_printf(arena, "<%s@%s>", id, host);
}
