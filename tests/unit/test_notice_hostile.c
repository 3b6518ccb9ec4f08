/* test_notice_hostile.c - no text from outside becomes a header, a line, markup or an address. */
#include "claim/notice_internal.h"
#include "notice_fixture.h"

/* Texts that try to become a header, a line, markup, or an address. */
static const char *const attacks[] = {
    "Sam\r\nBcc: victim@other.example",
    "Sam\nBcc: victim@other.example",
    "Sam\rBcc: victim@other.example",
    "Sam\r\n\r\n<h1>body</h1>",
    "Sam\xc2\x85"
    "Bcc: victim@other.example",
    "Sam\xe2\x80\xa8"
    "Bcc: victim@other.example",
    "Sam\x7f\x1b[31m",
    "=?UTF-8?Q?Sam=0D=0ABcc:_victim@other.example?=",
    "=?UTF-8?B?U2FtDQpCY2M6IHZpY3RpbUBvdGhlci5leGFtcGxl?=",
    "\" <victim@other.example>, \"Sam",
    "Sam <victim@other.example>",
    "Sam\\\" <victim@other.example>",
    "Sam, victim@other.example; (comment",
    "<script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "\" onclick=\"alert(1)",
    "&lt;b&gt; & \"quotes\"",
    "{{opt_out_url}} {{#items}} }}",
    "%s%n%d",
    "--=_boundary\r\n.\r\nQUIT",
    "\xe2\x80\xaereversed",
    "\xff\xfe\xc3(\xed\xa0\x80 not UTF-8",
    "  blanks   everywhere\t ",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

static void check_attack(const Notice *notice, const char *attack)
{
    const char *message = render(notice);
    assert_string_equal(header_names(message), all_names);
    const char *to = header(message, "To");
    const char *address = strstr(to, "<sam@contoso.example>");
    assert_non_null(address);
    assert_string_equal(address, "<sam@contoso.example>");
    const bool encoded = strncmp(to, "=?UTF-8?B?", 10) == 0;
    if (address != to && !encoded) { /* then it is one quoted string, nothing unescaped in it */
        assert_int_equal(to[0], '"');
        for (const char *c = to + 1; c < address - 2; c++) {
            assert_true(*c != '"');
            c += *c == '\\' ? 1 : 0;
        }
    }
    must_not_say(to, "=?UTF-8?Q?");
    const char *html = decoded(message, "html");
    must_not_say(html, "<script");
    must_not_say(html, "<img");
    must_not_say(html, "<h1>body");
    must_not_say(html, "\" onclick");
    must_not_say(html, "\nBcc");
    must_not_say(decoded(message, "plain"), "\n.\n");
    must_not_say(decoded(message, "plain"), "\xe2\x80\xae");
    if (strstr(attack, "script") != NULL)
        must_say(html, "&lt;script&gt;alert(1)&lt;/script&gt;");
}

static void no_text_becomes_anything_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        const NoticeItem items[] = {{attacks[i], attacks[i]}};
        Notice notice = example();
        notice.claim_name = notice.tenant_name = attacks[i];
        notice.partner_name = notice.contact_name = notice.from_name = attacks[i];
        notice.claim_id = notice.domain = notice.mpn_id = attacks[i];
        notice.items = items;
        notice.item_count = 1;
        for (size_t j = 0; j < templates->languages->count; j++) {
            notice.locale = templates->languages->languages[j].locale;
            check_attack(&notice, attacks[i]);
        }
    }
}

static void a_bad_recipient_is_left_out(void **state)
{
    (void)state;
    static const char *const rows[] = {"",
                                       "sam",
                                       "@b.example",
                                       "a@",
                                       "a@b@c",
                                       "a b@c.example",
                                       "a@b.example, c@d.example",
                                       "a@b.example\r\nBcc: c@d.example",
                                       "<a@b.example>",
                                       "a@b.example>",
                                       "\"a\"@b.example",
                                       "이@b.example"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Notice notice = example();
        notice.contact_email = rows[i];
        assert_string_equal(header(render(&notice), "To"), "undisclosed-recipients:;");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_text_becomes_anything_else),
        cmocka_unit_test(a_bad_recipient_is_left_out),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
