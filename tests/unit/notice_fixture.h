/* notice_fixture.h - an example of a notice, and a small reader of messages. */
#pragma once

#include "claim/json_writer.h"
#include "claim/notice.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER CPOR_SOURCE_DIR "/deploy/templates"
#define TENANT "7f3c2a10-0b1d-4e5f-8a9b-1c2d3e4f5a6b"
#define URL "https://cpor.example/opt-out?token=v1.k1.abc-_.def"

static Arena arena;
static ZoneSet *zones;
static NoticeTemplates *templates;

static inline Notice example(void)
{
    static const NoticeItem items[] = {
        {"Exchange Online", ""}, {"Dynamics 365 Sales", "0a0b0c0d-1111-2222-3333-444455556666"}};
    return (Notice){
        .claim_id = "claim-1",
        .claim_name = "Mail and sales 2026",
        .revision = 1,
        .tenant_id = TENANT,
        .tenant_name = "Contoso Ltd",
        .domain = "contoso.example",
        .partner_name = "Fabrikam Consulting",
        .mpn_id = "1234566",
        .contact_name = "Sam Lee",
        .contact_email = "sam@contoso.example",
        .locale = "en-GB",
        .country = "KR",
        .shares_data = true,
        .items = items,
        .item_count = 2,
        .deadline_at_ms = INT64_C(1796050800000), /* 2026-11-30T15:00Z */
        .zone = zone_find(zones, "Asia/Seoul"),
        .opt_out_url = URL,
        .programme_address = "programme@cpor.example",
        .from_address = "notices@cpor.example",
        .from_name = "Partner of Record",
        .date_ms = INT64_C(1795377861000),
    };
}

/* Every line of every message: CRLF only, ASCII only, at most 76 bytes. */
static inline void check_lines(const char *message, size_t size)
{
    assert_int_equal(strlen(message), size);
    size_t column = 0;
    for (size_t i = 0; i < size; i++) {
        if (message[i] == '\r') {
            assert_int_equal(message[i + 1], '\n');
            column = 0;
            i++;
            continue;
        }
        if (message[i] < 0x20 || message[i] > 0x7e || ++column > 76)
            fail_msg("byte %d at column %zu:\n%s", message[i], column, message);
    }
}

static inline const char *render(const Notice *notice)
{
    const char *message = NULL;
    size_t size = 0;
    Error error = {0};
    if (!notice_render(templates, notice, &arena, &message, &size, &error))
        fail_msg("%s", error.text);
    check_lines(message, size);
    return message;
}

static inline const char *between(const char *text, const char *begin, const char *end)
{
    const char *from = strstr(text, begin);
    const char *to = from == NULL ? NULL : strstr(from + strlen(begin), end);
    if (to == NULL) {
        fail_msg("\"%s\" ... \"%s\" is not in:\n%s", begin, end, text);
        return ""; /* not reached; the compiler does not know */
    }
    from += strlen(begin);
    return arena_copy(&arena, from, (size_t)(to - from));
}

/* A header's value, unfolded; there must be one such header, not more. */
static inline const char *header(const char *message, const char *name)
{
    const char *head = arena_printf(&arena, "\r\n%s", between(message, "", "\r\n\r\n"));
    const char *mark = arena_printf(&arena, "\r\n%s: ", name);
    const char *at = strstr(head, mark);
    assert_non_null(at);
    assert_null(strstr(at + 2, mark));
    const char *value = at + strlen(mark);
    char *unfolded = arena_new(&arena, strlen(value) + 1);
    for (size_t size = 0; *value != '\0'; value++) {
        if (value[0] == '\r' && value[2] == ' ')
            value += 2;
        else if (value[0] == '\r')
            break;
        unfolded[size++] = *value;
    }
    return unfolded;
}

/* The header names of a message, in order. */
static inline const char *header_names(const char *message)
{
    JsonWriter names;
    writer_init(&names, &arena, 0);
    for (const char *line = message; *line != '\r'; line = strstr(line, "\r\n") + 2) {
        if (*line != ' ')
            writer_append(&names, line, strcspn(line, ":") + 1);
    }
    return writer_finish(&names, NULL);
}

static inline const char *unquote(const char *text)
{
    char *plain = arena_new(&arena, strlen(text) + 1);
    for (size_t size = 0; *text != '\0'; text++) {
        if (*text == '=' && text[1] == '\r') {
            text += 2;
        } else if (*text == '=') {
            plain[size++] = (char)strtol((const char[]){text[1], text[2], '\0'}, NULL, 16);
            text += 2;
        } else if (*text != '\r') {
            plain[size++] = *text;
        }
    }
    return plain;
}

static inline const char *unbase64(const char *text)
{
    unsigned char *plain = arena_new(&arena, strlen(text) + 4);
    size_t size = 0;
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        const int line_size = (int)strcspn(line, "\r");
        if (line_size == 0)
            break;
        const int added = EVP_DecodeBlock(plain + size, (const unsigned char *)line, line_size);
        assert_true(added > 0);
        size += (size_t)added;
    }
    return (const char *)plain; /* padding decodes to NULs at the end */
}

static inline const char *decoded(const char *message, const char *subtype)
{
    const char *boundary = between(message, "boundary=\"", "\"");
    const char *part =
        between(message, arena_printf(&arena, "Content-Type: text/%s; charset=utf-8\r\n", subtype),
                arena_printf(&arena, "\r\n--%s", boundary));
    const char *body = strstr(part, "\r\n\r\n") + 4;
    if (strstr(part, "Content-Transfer-Encoding: base64") == part)
        return unbase64(body);
    assert_ptr_equal(strstr(part, "Content-Transfer-Encoding: quoted-printable"), part);
    return unquote(body);
}

/* A header's encoded words as the text they stand for. */
static inline const char *unword(const char *value)
{
    JsonWriter text;
    writer_init(&text, &arena, 0);
    const char *word;
    while ((word = strstr(value, "=?UTF-8?B?")) != NULL) {
        const char *end = strstr(word + 10, "?=");
        assert_non_null(end);
        assert_true(end + 2 - word <= 75);
        const char *chunk =
            unbase64(arena_printf(&arena, "%.*s\r\n", (int)(end - word - 10), word + 10));
        assert_true(((unsigned char)chunk[0] & 0xc0) != 0x80); /* begins with a character */
        writer_append(&text, chunk, strlen(chunk));
        value = end + 2;
    }
    return writer_finish(&text, NULL);
}

/* Whatever stands between words becomes one blank: where lines end is not what a text says. */
static inline const char *one_line(const char *text)
{
    JsonWriter line;
    writer_init(&line, &arena, 0);
    for (size_t size; *text != '\0'; text += size) {
        const size_t blank_size = strspn(text, " \n");
        writer_append(&line, " ", blank_size > 0 ? 1 : 0);
        text += blank_size;
        size = strcspn(text, " \n");
        writer_append(&line, text, size);
    }
    return writer_finish(&line, NULL);
}

static inline void must_say(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL)
        fail_msg("\"%s\" is not in:\n%s", wanted, text);
}

static inline void must_not_say(const char *text, const char *unwanted)
{
    if (strstr(text, unwanted) != NULL)
        fail_msg("\"%s\" is in:\n%s", unwanted, text);
}

static const char all_names[] = "Date:From:To:Reply-To:Subject:Message-ID:Auto-Submitted:"
                                "Content-Language:MIME-Version:Content-Type:";

static inline int fixture_open(void **state)
{
    (void)state;
    Error error = {0};
    arena_init(&arena);
    if (!zone_set_open(&zones, CALENDAR_ZONE_FOLDER, &error) ||
        !notice_templates_open(FOLDER, &templates, &error))
        fail_msg("%s", error.text);
    return 0;
}

static inline int fixture_close(void **state)
{
    (void)state;
    notice_templates_release(&templates);
    zone_set_release(&zones);
    arena_deinit(&arena);
    return 0;
}
