/* text_check.c - character by character, on bytes; never strlen: a text may hold a NUL. */
#include "claim/text_check.h"

#include "claim/uuid.h"

#include <string.h>

enum {
    LABEL_SIZE_MAX = 63,
    DOMAIN_SIZE_MAX = 253,
    EMAIL_SIZE_MAX = 254,
    EMAIL_LOCAL_SIZE_MAX = 64,
    LOCALE_SIZE_MAX = 35, /* the longest tag that RFC 5646 expects (section 4.4.1) */
    MEDIA_NAME_SIZE_MAX = 127,
};

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_lower(c) || is_upper(c) || is_digit(c);
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* The next code point and its size; size 0: not UTF-8. Overlong forms and surrogates are none. */
static uint32_t next_code_point(const unsigned char *text, size_t text_size, size_t *ret_size)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char first = text[0];
    const size_t size = first < 0x80   ? 1
                        : first < 0xc2 ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                                       : 4;
    *ret_size = 0;
    if (size == 0 || first > 0xf4 || size > text_size)
        return 0;
    uint32_t point = size == 1 ? first : first & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (text[i] & 0x3f);
    }
    if (point < smallest[size] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret_size = size;
    return point;
}

typedef struct Range {
    uint32_t first, last;
} Range;

static bool is_in_ranges(uint32_t point, const Range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    }
    return false;
}

/* Control characters, and what reverses the text around it: a notice must read as it is written. */
static bool is_refused(uint32_t point)
{
    static const Range ranges[] = {{0, 0x1f}, {0x7f, 0x9f}, {0x202a, 0x202e}, {0x2066, 0x2069}};
    return is_in_ranges(point, ranges, sizeof ranges / sizeof ranges[0]);
}

static bool is_space(uint32_t point)
{
    static const Range ranges[] = {{9, 0xd},         {0x20, 0x20},     {0x85, 0x85},
                                   {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200b},
                                   {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
                                   {0x3000, 0x3000}, {0xfeff, 0xfeff}};
    return is_in_ranges(point, ranges, sizeof ranges / sizeof ranges[0]);
}

typedef struct Scan {
    int64_t count; /* code points */
    bool good;     /* UTF-8 without refused characters */
    bool blank;
} Scan;

static Scan scan_text(const char *text, size_t text_size, bool breaks_allowed)
{
    Scan scan = {.good = true, .blank = true};
    for (size_t i = 0, size = 0; i < text_size; i += size, scan.count++) {
        const uint32_t point =
            next_code_point((const unsigned char *)text + i, text_size - i, &size);
        const bool is_break = point == '\n' || point == '\t';
        if (size == 0 || (is_refused(point) && !(is_break && breaks_allowed)))
            return (Scan){.good = false};
        scan.blank = scan.blank && is_space(point);
    }
    return scan;
}

static bool is_within(int64_t count, int64_t min, int64_t max)
{
    return count >= min && count <= max;
}

bool text_is_plain(const char *text, size_t text_size, int64_t min, int64_t max)
{
    const Scan scan = scan_text(text, text_size, false);
    return scan.good && is_within(scan.count, min, max);
}

bool text_is_message(const char *text, size_t text_size, int64_t min, int64_t max)
{
    const Scan scan = scan_text(text, text_size, true);
    return scan.good && is_within(scan.count, min, max);
}

bool text_is_said(const char *text, size_t text_size, int64_t min, int64_t max)
{
    const Scan scan = scan_text(text, text_size, true);
    return scan.good && !scan.blank && is_within(scan.count, min, max);
}

/* Sets of ASCII characters; alnum: letters and digits besides those in others. */
static bool is_of_set(const char *text, size_t text_size, bool (*in_class)(char),
                      const char *others)
{
    for (size_t i = 0; i < text_size; i++) {
        if (!in_class(text[i]) && !is_one_of(text[i], others))
            return false;
    }
    return true;
}

bool text_is_claim_id(const char *text, size_t text_size, int64_t min, int64_t max)
{
    return is_within((int64_t)text_size, min, max) && is_of_set(text, text_size, is_alnum, "._-");
}

bool text_is_key_id(const char *text, size_t text_size, int64_t min, int64_t max)
{
    return is_within((int64_t)text_size, min, max) && is_of_set(text, text_size, is_alnum, "");
}

bool text_is_digits(const char *text, size_t text_size, int64_t min, int64_t max)
{
    return is_within((int64_t)text_size, min, max) && is_of_set(text, text_size, is_digit, "");
}

bool text_is_guid(const char *text, size_t text_size, int64_t min, int64_t max)
{
    (void)min, (void)max;
    return uuid_is_valid(text, text_size);
}

static bool is_label(const char *text, size_t text_size)
{
    return is_within((int64_t)text_size, 1, LABEL_SIZE_MAX) &&
           is_of_set(text, text_size, is_alnum, "-") && text[0] != '-' &&
           text[text_size - 1] != '-';
}

bool text_is_domain(const char *text, size_t text_size, int64_t min, int64_t max)
{
    (void)min, (void)max;
    if (text_size > DOMAIN_SIZE_MAX)
        return false;
    size_t label_count = 0;
    for (size_t start = 0; start <= text_size; label_count++) {
        const char *dot = memchr(text + start, '.', text_size - start);
        const size_t end = dot == NULL ? text_size : (size_t)(dot - text);
        if (!is_label(text + start, end - start))
            return false;
        start = end + 1;
    }
    return label_count >= 2;
}

/* RFC 5322 dot-atom: words of atext between single dots. */
static bool is_dot_atom(const char *text, size_t text_size)
{
    bool after_dot = true;
    for (size_t i = 0; i < text_size; i++) {
        const bool dot = text[i] == '.';
        if (dot ? after_dot : !is_alnum(text[i]) && !is_one_of(text[i], "!#$%&'*+-/=?^_`{|}~"))
            return false;
        after_dot = dot;
    }
    return !after_dot;
}

bool text_is_email(const char *text, size_t text_size, int64_t min, int64_t max)
{
    const char *at = memchr(text, '@', text_size);
    if (at == NULL || text_size > EMAIL_SIZE_MAX)
        return false;
    const size_t local_size = (size_t)(at - text);
    return local_size <= EMAIL_LOCAL_SIZE_MAX && is_dot_atom(text, local_size) &&
           text_is_domain(at + 1, text_size - local_size - 1, min, max);
}

bool text_is_country(const char *text, size_t text_size, int64_t min, int64_t max)
{
    (void)min, (void)max;
    return text_size == 2 && is_upper(text[0]) && is_upper(text[1]);
}

bool text_is_locale(const char *text, size_t text_size, int64_t min, int64_t max)
{
    (void)min, (void)max;
    size_t start = 0;
    while (start <= text_size && text_size <= LOCALE_SIZE_MAX) {
        const char *hyphen = memchr(text + start, '-', text_size - start);
        const size_t end = hyphen == NULL ? text_size : (size_t)(hyphen - text);
        if (!is_within((int64_t)(end - start), start == 0 ? 2 : 1, 8))
            return false;
        for (size_t i = start; i < end; i++) {
            if (!is_alnum(text[i]) || (start == 0 && is_digit(text[i])))
                return false;
        }
        start = end + 1;
    }
    return text_size <= LOCALE_SIZE_MAX;
}

bool text_is_zone_name(const char *text, size_t text_size, int64_t min, int64_t max)
{
    return is_within((int64_t)text_size, min, max) && is_of_set(text, text_size, is_alnum, "_+-/");
}

static bool is_code_character(char c)
{
    return is_upper(c) || is_digit(c) || c == '_';
}

bool text_is_code(const char *text, size_t text_size, int64_t min, int64_t max)
{
    return is_within((int64_t)text_size, min, max) &&
           is_of_set(text, text_size, is_code_character, "");
}

bool text_is_hex(const char *text, size_t text_size, int64_t min, int64_t max)
{
    return is_within((int64_t)text_size, min, max) &&
           is_of_set(text, text_size, is_digit, "abcdefABCDEF");
}

static bool is_token(const char *text, size_t text_size)
{
    return is_within((int64_t)text_size, 1, MEDIA_NAME_SIZE_MAX) &&
           is_of_set(text, text_size, is_alnum, "!#$%&'*+-.^_`|~");
}

bool text_is_media_type(const char *text, size_t text_size, int64_t min, int64_t max)
{
    (void)min, (void)max;
    const char *slash = memchr(text, '/', text_size);
    if (slash == NULL)
        return false;
    const size_t type_size = (size_t)(slash - text);
    return is_token(text, type_size) && is_token(slash + 1, text_size - type_size - 1);
}

static bool is_visible(char c)
{
    return c > 0x20 && c < 0x7f;
}

bool text_is_uri(const char *text, size_t text_size, int64_t min, int64_t max)
{
    return is_within((int64_t)text_size, min, max) && is_of_set(text, text_size, is_visible, "");
}
