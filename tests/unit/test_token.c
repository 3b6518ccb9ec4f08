/* test_token.c - opt-out tokens: round trip, each part forged, rotation, bad settings. */
#include "claim/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TENANT "7f3c2a10-0b1d-4e5f-8a9b-1c2d3e4f5a6b"
#define SECRET "0123456789abcdef"
#define OTHER_SECRET "fedcba9876543210"

static Arena arena;

static TokenKeys *keys_open(const char *text)
{
    TokenKeys *keys = NULL;
    Error error = {0};
    if (!token_keys_open(text, &keys, &error))
        fail_msg("%s", error.text);
    return keys;
}

static char *sign(const TokenKeys *keys)
{
    return arena_text(&arena,
                      token_sign(keys, TENANT, "claim-1._X", 3, "Sam@Customer.example", &arena));
}

static void a_token_comes_back(void **state)
{
    (void)state;
    TokenKeys *keys = keys_open("k1:" SECRET);
    const char *token = sign(keys);
    TokenContent content;
    assert_true(token_verify(keys, token, &content));
    assert_string_equal(content.tenant_id, TENANT);
    assert_string_equal(content.claim_id, "claim-1._X");
    assert_int_equal(content.revision, 3);
    assert_int_equal(strlen(content.contact_hash), 16);
    assert_ptr_equal(strstr(token, "v1.k1."), token);
    assert_int_equal(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_."),
                     strlen(token)); /* fit for a URL as it is */
    token_keys_release(&keys);
    assert_null(keys);
}

static void the_longest_content_fits(void **state)
{
    (void)state;
    TokenKeys *keys = keys_open("ABCDEFGHIJKLMNOP:" SECRET);
    char claim_id[CLAIM_ID_SIZE] = "";
    memset(claim_id, 'z', CLAIM_ID_SIZE - 1);
    const char *token = token_sign(keys, TENANT, claim_id, INT32_MAX, "a@b", &arena);
    TokenContent content;
    assert_true(strlen(token) < TOKEN_SIZE_MAX);
    assert_true(token_verify(keys, token, &content));
    assert_string_equal(content.claim_id, claim_id);
    assert_int_equal(content.revision, INT32_MAX);
    token_keys_release(&keys);
}

/* RFC 4648 and RFC 2104 written out once by other means (Python's hmac, hashlib, base64). */
static void a_token_is_what_it_always_was(void **state)
{
    (void)state;
    TokenKeys *keys = keys_open("k1:" SECRET);
    assert_string_equal(
        sign(keys), "v1.k1.N2YzYzJhMTAtMGIxZC00ZTVmLThhOWItMWMyZDNlNGY1YTZiL2NsYWltLTEuX1gvMy8zMTdh"
                    "NGU3ZTk1ZTMzOWVi.LMHTZ_dY4ZqCQsjaK65TS5MWf6k6iTUaeODur4jprIs");
    token_keys_release(&keys);
}

static void the_contact_is_bound_without_case(void **state)
{
    (void)state;
    TokenKeys *keys = keys_open("k1:" SECRET);
    const char *upper = token_sign(keys, TENANT, "c", 1, "SAM@CUSTOMER.EXAMPLE", &arena);
    const char *lower = token_sign(keys, TENANT, "c", 1, "sam@customer.example", &arena);
    const char *other = token_sign(keys, TENANT, "c", 1, "kim@customer.example", &arena);
    assert_string_equal(upper, lower);
    assert_string_not_equal(lower, other);
    token_keys_release(&keys);
}

static void every_changed_character_is_seen(void **state)
{
    (void)state;
    TokenKeys *keys = keys_open("k1:" SECRET ",k2:" OTHER_SECRET);
    char *token = sign(keys);
    const size_t size = strlen(token);
    TokenContent content;
    for (size_t i = 0; i < size; i++) {
        static const char others[] = "AB.-2 ";
        for (size_t other = 0; other < sizeof others; other++) { /* the NUL, too: cut there */
            const char kept = token[i];
            token[i] = others[other];
            if (token[i] != kept && token_verify(keys, token, &content))
                fail_msg("position %zu: '%c' passes for '%c'", i, token[i], kept);
            token[i] = kept;
        }
    }
    assert_true(token_verify(keys, token, &content));
    token_keys_release(&keys);
}

static void strange_texts_are_no_tokens(void **state)
{
    (void)state;
    TokenKeys *keys = keys_open("k1:" SECRET);
    const char *good = sign(keys);
    char *too_long = arena_new(&arena, 4096);
    memset(too_long, 'A', 4095);
    memcpy(too_long, "v1.k1.", 6);
    const char *const rows[] = {
        "",
        ".",
        "v1",
        "v1.",
        "v1..",
        "v1...",
        "v1.k1",
        "v1.k1.",
        "v1.k1..",
        "v1.k1.....",
        "v2.k1.AAAA.AAAA",
        too_long,
        arena_printf(&arena, " %s", good),
        arena_printf(&arena, "%s ", good),
        arena_printf(&arena, "%s=", good),
        arena_printf(&arena, "%s.%s", good, good),
        "v1.k1.\xff\xfe.\xc3",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TokenContent content = {.revision = -1};
        if (token_verify(keys, rows[i], &content))
            fail_msg("accepted: %s", rows[i]);
        assert_int_equal(content.revision, -1); /* never touched on failure */
    }
    token_keys_release(&keys);
}

static void another_key_does_not_verify(void **state)
{
    (void)state;
    TokenKeys *keys = keys_open("k1:" SECRET);
    TokenKeys *same_id = keys_open("k1:" OTHER_SECRET);
    TokenKeys *other_id = keys_open("k2:" SECRET);
    const char *token = sign(keys);
    TokenContent content;
    assert_int_equal(token_examine(same_id, token, &content), TOKEN_FORGED);
    assert_int_equal(token_examine(other_id, token, &content), TOKEN_UNKNOWN_KEY);
    token_keys_release(&keys);
    token_keys_release(&same_id);
    token_keys_release(&other_id);
}

static void keys_rotate(void **state)
{
    (void)state;
    TokenKeys *before = keys_open("k1:" SECRET);
    TokenKeys *during = keys_open("k2:" OTHER_SECRET ",k1:" SECRET);
    TokenKeys *after = keys_open("k2:" OTHER_SECRET);
    const char *old = sign(before);
    const char *new = sign(during);
    TokenContent content;
    assert_ptr_equal(strstr(new, "v1.k2."), new); /* the first signs */
    assert_true(token_verify(during, old, &content));
    assert_true(token_verify(during, new, &content));
    assert_true(token_verify(after, new, &content));
    assert_int_equal(token_examine(after, old, &content), TOKEN_UNKNOWN_KEY);
    token_keys_release(&before);
    token_keys_release(&during);
    token_keys_release(&after);
}

static void each_cut_has_its_reason(void **state)
{
    (void)state;
    TokenKeys *keys = keys_open("k1:" SECRET);
    const char *token = sign(keys);
    const size_t payload_at = strlen("v1.k1.");
    const size_t mac_at = payload_at + strcspn(token + payload_at, ".");
    for (size_t size = 0; size < strlen(token); size++) {
        TokenContent content;
        const TokenVerdict expected = size <= mac_at ? TOKEN_UNREADABLE : TOKEN_FORGED;
        assert_int_equal(
            token_examine(keys, arena_printf(&arena, "%.*s", (int)size, token), &content),
            expected);
    }
    token_keys_release(&keys);
}

static void contents_that_nobody_signs_are_refused(void **state)
{
    (void)state;
    TokenKeys *keys = keys_open("k1:" SECRET);
    const struct {
        const char *name, *tenant_id, *claim_id;
        int32_t revision;
    } rows[] = {
        {"no tenant", "", "c", 1},
        {"tenant is no GUID", "7f3c2a10", "c", 1},
        {"no claim", TENANT, "", 1},
        {"slash in claim", TENANT, "a/b", 1},
        {"claim too long", TENANT,
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1},
        {"negative revision", TENANT, "c", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TokenContent content;
        const char *token =
            token_sign(keys, rows[i].tenant_id, rows[i].claim_id, rows[i].revision, "a@b", &arena);
        if (token_verify(keys, token, &content))
            fail_msg("accepted: %s", rows[i].name);
    }
    token_keys_release(&keys);
}

static void bad_keys_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *keys, *says;
    } rows[] = {
        {"nothing", "", "key 1"},
        {"no id", ":" SECRET, "key 1"},
        {"no colon", SECRET, "key 1"},
        {"id with a hyphen", "k-1:" SECRET, "key 1"},
        {"id with a dot", "k.1:" SECRET, "key 1"},
        {"id too long", "ABCDEFGHIJKLMNOPQ:" SECRET, "key 1"},
        {"short secret", "k1:0123456789abcde", "15 bytes"},
        {"comma at the end", "k1:" SECRET ",", "key 2"},
        {"repeated id", "k1:" SECRET ",k1:" OTHER_SECRET, "repeats"},
        {"nine keys",
         "a:" SECRET ",b:" SECRET ",c:" SECRET ",d:" SECRET ",e:" SECRET ",f:" SECRET ",g:" SECRET
         ",h:" SECRET ",i:" SECRET,
         "more than 8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TokenKeys *keys = NULL;
        Error error = {0};
        if (token_keys_open(rows[i].keys, &keys, &error))
            fail_msg("accepted: %s", rows[i].name);
        assert_null(keys);
        assert_int_equal(error.class, ERROR_FATAL);
        if (strstr(error.text, rows[i].says) == NULL)
            fail_msg("%s: \"%s\" does not say %s", rows[i].name, error.text, rows[i].says);
        assert_null(strstr(error.text, "0123456789")); /* no secret in an error */
        assert_null(strstr(error.text, "fedcba"));
    }
}

static void a_secret_may_hold_a_colon(void **state)
{
    (void)state;
    TokenKeys *keys = keys_open("k1:0123456789:abcdef=/+");
    TokenContent content;
    assert_true(token_verify(keys, sign(keys), &content));
    token_keys_release(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_comes_back),
        cmocka_unit_test(the_longest_content_fits),
        cmocka_unit_test(a_token_is_what_it_always_was),
        cmocka_unit_test(the_contact_is_bound_without_case),
        cmocka_unit_test(every_changed_character_is_seen),
        cmocka_unit_test(strange_texts_are_no_tokens),
        cmocka_unit_test(another_key_does_not_verify),
        cmocka_unit_test(keys_rotate),
        cmocka_unit_test(each_cut_has_its_reason),
        cmocka_unit_test(contents_that_nobody_signs_are_refused),
        cmocka_unit_test(bad_keys_are_refused),
        cmocka_unit_test(a_secret_may_hold_a_colon),
    };
    arena_init(&arena);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_deinit(&arena);
    return failed;
}
