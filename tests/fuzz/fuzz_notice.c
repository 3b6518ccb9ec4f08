/* fuzz_notice.c - a notice with names from outside, in every language: no name becomes a header, a
 * line of one, or markup, and the plain text keeps within its columns. */
#include "claim/notice_internal.h"
#include "fuzz.h"

#define FOLDER CPOR_SOURCE_DIR "/deploy/templates"

static Arena arena;
static NoticeTemplates *templates;
static ZoneSet *zones;

static void open_all(void)
{
    Error error = {0};
    require(notice_templates_open(FOLDER, &templates, &error));
    require(zone_set_open(&zones, CALENDAR_ZONE_FOLDER, &error));
}

/* ASCII in lines of at most 76 bytes (an address makes a longer one), ended by CRLF. */
static void check_lines(const char *message, size_t size)
{
    size_t column = 0;
    require(strlen(message) == size);
    for (size_t i = 0; i < size; i++) {
        if (message[i] == '\r') {
            require(message[i + 1] == '\n');
            column = 0;
            i++;
            continue;
        }
        require(message[i] >= 0x20 && message[i] <= 0x7e && ++column <= 76);
    }
}

static void check_head(const char *message)
{
    static const char *const names[] = {
        "Date: ",       "From: ",           "To: ",       "Reply-To: ",     "Subject: ",
        "Message-ID: ", "Auto-Submitted: ", "Content-La", "MIME-Version: ", "Content-Type: "};
    size_t count = 0;
    for (const char *line = message; *line != '\r'; line = strstr(line, "\r\n") + 2) {
        if (*line == ' ')
            continue;
        require(count < sizeof names / sizeof names[0]);
        require(strncmp(line, names[count], strlen(names[count])) == 0);
        count++;
    }
    require(count == sizeof names / sizeof names[0]);
}

/* Nothing but blanks and line ends is added or taken away; what is too long has no blank in it. */
static void check_wrap(const char *text)
{
    const char *wrapped = notice_wrap(text, &arena);
    const char *left = text, *right = wrapped;
    for (; *left != '\0' || *right != '\0'; left++, right++) {
        left += strspn(left, " \n");
        right += strspn(right, " \n");
        require(*left == *right);
        if (*left == '\0')
            break;
    }
    for (const char *line = wrapped; *line != '\0'; line += strcspn(line, "\n")) {
        line += strspn(line, "\n");
        const size_t size = strcspn(line, "\n");
        require(size <= 4 * NOTICE_COLUMN_COUNT_MAX || memmem(line, size, "://", 3) != NULL ||
                memchr(line, '@', size) != NULL);
    }
}

/* First byte: the language; then, line by line, what comes from outside. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return -1;
    if (templates == NULL)
        open_all();
    arena_reset(&arena);
    const size_t index = bytes[0] % templates->languages->count;
    bytes++;
    size--;
    const NoticeItem item = {fuzz_line(&arena, &bytes, &size), fuzz_line(&arena, &bytes, &size)};
    Notice notice = {
        .claim_id = "C-1",
        .claim_name = fuzz_line(&arena, &bytes, &size),
        .revision = 1,
        .tenant_id = "7f3c2a10-0b1d-4e5f-8a9b-1c2d3e4f5a6b",
        .tenant_name = fuzz_line(&arena, &bytes, &size),
        .domain = fuzz_line(&arena, &bytes, &size),
        .partner_name = fuzz_line(&arena, &bytes, &size),
        .mpn_id = "1234566",
        .contact_name = fuzz_line(&arena, &bytes, &size),
        .contact_email = "sam@contoso.example",
        .locale = templates->languages->languages[index].locale,
        .country = "",
        .shares_data = index % 2 == 0,
        .items = &item,
        .item_count = 1,
        .deadline_at_ms = INT64_C(1796050800000),
        .zone = zone_find(zones, "Asia/Seoul"),
        .opt_out_url = "https://cpor.example/opt-out?token=v1",
        .programme_address = "programme@cpor.example",
        .from_address = "notices@cpor.example",
        .from_name = "Partner of Record",
        .date_ms = INT64_C(1795377861000),
    };
    const char *message = NULL;
    size_t message_size = 0;
    Error error = {0};
    require(notice_render(templates, &notice, &arena, &message, &message_size, &error));
    check_lines(message, message_size);
    check_head(message);
    check_wrap(notice_clean(arena_copy(&arena, (const char *)bytes, size), 4000, &arena));
    return 0;
}
