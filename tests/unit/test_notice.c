/* test_notice.c - the message: what it says, in which language, until when. */
#include "notice_fixture.h"

static void the_headers_are_these(void **state)
{
    (void)state;
    const Notice notice = example();
    const char *message = render(&notice);
    assert_string_equal(header_names(message), all_names);
    assert_string_equal(header(message, "From"), "\"Partner of Record\" <notices@cpor.example>");
    assert_string_equal(header(message, "To"), "\"Sam Lee\" <sam@contoso.example>");
    assert_string_equal(header(message, "Reply-To"),
                        "\"Partner of Record\" <programme@cpor.example>");
    assert_string_equal(header(message, "Subject"),
                        "Fabrikam Consulting claims to be partner of record for Contoso Ltd");
    assert_string_equal(header(message, "Date"), "Mon, 23 Nov 2026 05:04:21 +0900");
    assert_string_equal(header(message, "Auto-Submitted"), "auto-generated");
    assert_string_equal(header(message, "Content-Language"), "en");
    assert_string_equal(header(message, "MIME-Version"), "1.0");
}

static void both_parts_say_it_all(void **state)
{
    (void)state;
    const Notice notice = example();
    const char *message = render(&notice);
    static const char *const words[] = {
        "Sam Lee",
        "Fabrikam Consulting",
        "1234566",
        "Exchange Online",
        "Dynamics 365 Sales",
        "0a0b0c0d-1111-2222-3333-444455556666",
        "Contoso Ltd",
        "contoso.example",
        TENANT,
        "Mail and sales 2026",
        "claim-1",
        "do not need to do anything",
        URL,
        "programme@cpor.example",
        "the end of Monday, 30 November 2026 (24:00, UTC+09:00, Asia/Seoul)",
        "another",
        "seats"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        must_say(one_line(decoded(message, "plain")), words[i]);
        must_say(decoded(message, "html"), words[i]);
    }
    must_not_say(message, "{{");
    must_not_say(message, "List-Unsubscribe");
}

static void revenue_association_shares_nothing(void **state)
{
    (void)state;
    Notice notice = example();
    notice.shares_data = false;
    const char *message = render(&notice);
    must_say(one_line(decoded(message, "plain")), "None of your");
    must_not_say(decoded(message, "plain"), "seats");
    must_not_say(decoded(message, "html"), "seats");
}

static void absent_names_are_stood_in_for(void **state)
{
    (void)state;
    Notice notice = example();
    notice.tenant_name = notice.contact_name = notice.claim_name = notice.partner_name = "";
    const char *message = render(&notice);
    assert_string_equal(header(message, "To"), "<sam@contoso.example>");
    assert_string_equal(header(message, "Subject"),
                        "MPN ID 1234566 claims to be partner of record for contoso.example");
    must_say(decoded(message, "plain"), "Hello,");
    must_not_say(decoded(message, "plain"), "Dear");
    must_say(decoded(message, "plain"), "claim-1 (claim-1)");
}

static void a_language_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *locale, *country, *language;
    } rows[] = {
        {"en", "", "en"},      {"ko", "", "ko"},         {"ko-KR", "", "ko"},
        {"KO-kr", "US", "ko"}, {"en-GB", "KR", "en"},    {"fi-FI", "KR", "en"},
        {"", "KR", "ko"},      {"", "US", "en"},         {"", "", "en"},
        {"kok-IN", "", "en"},  {"ko-Kore-KR", "", "ko"}, {"de-AT", "", "de"},
        {"pt-BR", "", "pt"},   {"zh", "JP", "en"},       {"zh-Hant-TW", "", "en"},
        {"fr_CA", "", "fr"},   {"es-419", "", "es"},     {"", "JP", "ja"},
        {"", "DE", "de"},      {"", "MX", "es"},         {"", "BR", "pt"},
        {"", "FR", "fr"},      {"", "CH", "en"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Notice notice = example();
        notice.locale = rows[i].locale;
        notice.country = rows[i].country;
        assert_string_equal(header(render(&notice), "Content-Language"), rows[i].language);
    }
}

static void korean_is_korean(void **state)
{
    (void)state;
    Notice notice = example();
    notice.locale = "ko-KR";
    notice.contact_name = "이순신";
    notice.tenant_name = "한국 콘토소 주식회사 연구개발본부 정보전략기획실 클라우드전환추진단";
    const char *message = render(&notice);
    must_say(message, "Content-Transfer-Encoding: base64\r\n");
    must_say(decoded(message, "plain"), "2026년 11월 30일(월) 24:00 (UTC+09:00, Asia/Seoul)");
    must_say(decoded(message, "plain"), "이순신 님");
    must_say(decoded(message, "html"), "사용량 데이터");
    must_say(decoded(message, "plain"), URL "&lang=ko");
    must_say(decoded(message, "html"), "href=\"" URL "&amp;lang=ko\"");
    assert_string_equal(unword(header(message, "To")), "이순신");
    must_say(header(message, "To"), "?= <sam@contoso.example>");
    assert_string_equal(unword(header(message, "Subject")),
                        "[안내] Fabrikam Consulting에서 한국 콘토소 주식회사 연구개발본부 "
                        "정보전략기획실 클라우드전환추진단의 담당 파트너 등록을 신청했습니다");
}

static void deadlines_read_as_a_person_says_them(void **state)
{
    (void)state;
    static const struct {
        const char *name, *zone, *locale;
        int64_t at_ms;
        const char *says;
    } rows[] = {
        {"end of a day", "Asia/Seoul", "en", INT64_C(1796050800000),
         "the end of Monday, 30 November 2026 (24:00, UTC+09:00, Asia/Seoul)"},
        {"end of a year", "UTC", "ko", INT64_C(1798761600000),
         "2026년 12월 31일(목) 24:00 (UTC+00:00, UTC)"},
        {"an instant within a day", "Asia/Kolkata", "en", INT64_C(1796050800000),
         "Monday, 30 November 2026, 20:30 (UTC+05:30, Asia/Kolkata)"},
        {"the offset of the day that ends", "America/New_York", "en", INT64_C(1793505600000),
         "the end of Saturday, 31 October 2026 (24:00, UTC-04:00, America/New_York)"},
        {"clocks jump over midnight", "Africa/Cairo", "en", INT64_C(1776981600000),
         "the end of Thursday, 23 April 2026 (24:00, UTC+02:00, Africa/Cairo)"},
        {"German", "Europe/Vienna", "de-AT", INT64_C(1793487600000),
         "Samstag, 31. Oktober 2026, 24:00 Uhr (UTC+01:00, Europe/Vienna)"},
        {"Japanese", "Asia/Tokyo", "ja", INT64_C(1796050800000),
         "2026年11月30日（月）24:00（UTC+09:00、Asia/Tokyo）"},
        {"French", "Asia/Kolkata", "fr", INT64_C(1796050800000),
         "lundi 30 novembre 2026 à 20\u00a0h\u00a030 (UTC+05:30, Asia/Kolkata)"},
        {"the first of a month in French", "UTC", "fr", INT64_C(1793577600000),
         "dimanche 1er novembre 2026 à 24\u00a0h\u00a000 (UTC+00:00, UTC)"},
        {"Spanish", "Asia/Seoul", "es-MX", INT64_C(1796050800000),
         "lunes, 30 de noviembre de 2026, a las 24:00 horas (UTC+09:00, Asia/Seoul)"},
        {"Portuguese", "Asia/Kolkata", "pt-BR", INT64_C(1796050800000),
         "segunda-feira, 30 de novembro de 2026, às 20h30 (UTC+05:30, Asia/Kolkata)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Notice notice = example();
        notice.locale = rows[i].locale;
        notice.zone = zone_find(zones, rows[i].zone);
        notice.deadline_at_ms = rows[i].at_ms;
        must_say(one_line(decoded(render(&notice), "plain")), rows[i].says);
    }
}

static void our_own_faults_are_fatal(void **state)
{
    (void)state;
    Notice rows[] = {example(), example(), example(), example()};
    rows[0].from_address = "Partner <por@cpor.example>";
    rows[1].programme_address = "por";
    rows[2].opt_out_url = "https://cpor.example/opt-out?token=a b";
    rows[3].opt_out_url = "";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *message = NULL;
        size_t size = 0;
        Error error = {0};
        assert_false(notice_render(templates, &rows[i], &arena, &message, &size, &error));
        assert_int_equal(error.class, ERROR_FATAL);
        assert_null(message);
    }
}

static void the_largest_claim_fits_a_mail(void **state)
{
    (void)state;
    NoticeItem items[CLAIM_LINE_COUNT_MAX];
    char name[512] = "";
    for (size_t i = 0; i + 3 < sizeof name; i += 3)
        memcpy(name + i, "한", 3);
    for (size_t i = 0; i < CLAIM_LINE_COUNT_MAX; i++)
        items[i] = (NoticeItem){name, TENANT};
    Notice notice = example();
    notice.items = items;
    notice.item_count = CLAIM_LINE_COUNT_MAX;
    notice.partner_name = notice.tenant_name = notice.contact_name = name;
    const char *message = render(&notice);
    assert_true(strlen(message) < 128 * 1024);
    must_say(decoded(message, "plain"), "…");
    must_say(unword(header(message, "Subject")), "…");
}

static void the_message_id_is_that_of_the_claim(void **state)
{
    (void)state;
    Notice notice = example();
    const char *id = header(render(&notice), "Message-ID");
    assert_string_equal(id, notice_message_id(TENANT, "claim-1", 1, "cpor.example", &arena));
    notice.partner_name = "Someone else";
    notice.date_ms += 86400000;
    notice.contact_email = "kim@contoso.example";
    assert_string_equal(header(render(&notice), "Message-ID"), id);
    notice.revision = 2;
    assert_string_not_equal(header(render(&notice), "Message-ID"), id);
    notice.revision = 1;
    notice.claim_id = "claim-2";
    assert_string_not_equal(header(render(&notice), "Message-ID"), id);
    assert_int_equal(id[0], '<');
    assert_string_equal(id + strlen(id) - 14, "@cpor.example>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_headers_are_these),
        cmocka_unit_test(both_parts_say_it_all),
        cmocka_unit_test(revenue_association_shares_nothing),
        cmocka_unit_test(absent_names_are_stood_in_for),
        cmocka_unit_test(a_language_is_found),
        cmocka_unit_test(korean_is_korean),
        cmocka_unit_test(deadlines_read_as_a_person_says_them),
        cmocka_unit_test(our_own_faults_are_fatal),
        cmocka_unit_test(the_largest_claim_fits_a_mail),
        cmocka_unit_test(the_message_id_is_that_of_the_claim),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
