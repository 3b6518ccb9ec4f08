/* fuzz_text.c - short texts: instants, days and Redis URLs, read and written again. */
#include "fuzz.h"
#include "runtime/clock.h"
#include "runtime/redis_url.h"

static void check_instant(const char *text, size_t size)
{
    int64_t at_ms = 0, again_ms = 0;
    char written[CLOCK_TEXT_SIZE];
    if (!clock_parse(text, size, &at_ms))
        return;
    clock_format(at_ms, written);
    require(clock_parse(written, strlen(written), &again_ms) && again_ms == at_ms);
}

static void check_day(const char *text, size_t size)
{
    int32_t day = 0;
    char written[11];
    if (!clock_date_parse(text, size, &day))
        return;
    clock_date_format(day, written);
    require(size == 10 && memcmp(written, text, 10) == 0);
}

/* The password may be anything but must never be in an error's text. */
static void check_url(const char *text)
{
    RedisUrl url;
    Error error = {0};
    if (!redis_url_parse(text, &url, &error)) {
        require(error.class == ERROR_FATAL);
        require(strlen(text) < 24 || strstr(error.text, text) == NULL);
        return;
    }
    require(url.port > 0 && url.port < 65536 && url.db >= 0);
    require(memchr(url.password, '\0', sizeof url.password) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';
    check_instant(text, size);
    check_day(text, size);
    check_url(text);
    free(text);
    return 0;
}
