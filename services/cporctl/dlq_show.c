/* dlq_show.c - `cporctl dlq show`: one dead letter whole, with why and what can be done. */
#include "dlq.h"
#include "dlq_value.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHOW_SIZE_MAX = 4096 };

const Option dlq_show_options[] = {
    {"--full", NULL, "the whole value, however large (with --json it always is)"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

static const char *advice_of(Session *session, const DlqLetter *letter)
{
    const DlqReason *reason = dlq_reason(letter->reason);
    if (!letter->is_workers)
        return "nothing: no worker wrote this, so nobody knows where it came from";
    if (letter->is_cut)
        return "publish it anew: only its beginning was kept";
    if (reason == NULL)
        return "this version does not know the reason";
    if (reason->is_content)
        return arena_printf(&session->arena,
                            "%s (put back as it is, the same workers refuse it again)",
                            reason->advice);
    return arena_printf(&session->arena, "%s: cporctl dlq replay %" PRId32 " %" PRId64,
                        reason->advice, letter->partition, letter->offset);
}

/* ---- for people ---- */

static const char *bytes_text(Session *session, const void *value, size_t value_size)
{
    if (value == NULL)
        return "(none)";
    if (value_is_text(value, value_size))
        return output_clean(session, arena_copy(&session->arena, value, value_size));
    JsonWriter writer;
    writer_init(&writer, &session->arena, 2 * value_size + 8);
    value_write_hex(&writer, value, value_size);
    return arena_printf(&session->arena, "hex %s", writer_finish(&writer, NULL));
}

static void print_worker(Session *session, const DlqLetter *letter)
{
    printf("%s: %s\n", output_paint(session, COLOUR_BAD, letter->reason), letter->detail);
    printf("  read by   %s\n", letter->service);
    printf("  came from %s, partition %" PRId64 ", offset %" PRId64 "\n", letter->topic,
           letter->origin_partition, letter->origin_offset);
    printf("  received  %s\n", output_instant(session, letter->received_at_ms));
}

static void print_letter(Session *session, const DlqLetter *letter, const KafkaRecord *record)
{
    KafkaHeader header;
    const bool is_full = arguments_option(&session->arguments, "--full") != NULL;
    printf("Dead letter %" PRId32 " %" PRId64 "\n", letter->partition, letter->offset);
    if (letter->is_workers)
        print_worker(session, letter);
    printf("  what now  %s\n", advice_of(session, letter));
    printf("  key       %s\n", bytes_text(session, record->key, record->key_size));
    for (size_t i = 0; i < letter->own_header_count && kafka_record_header(record, i, &header); i++)
        printf("  header    %s: %s\n", output_clean(session, header.name),
               bytes_text(session, header.value, header.value_size));
    if (record->value == NULL) {
        printf("  value     (none)\n");
        return;
    }
    printf("  value     %zu bytes", record->value_size);
    if (letter->is_cut)
        printf(", cut: it had %zu", letter->cut_size);
    printf("\n\n");
    value_print(session, record->value, record->value_size, is_full ? 0 : SHOW_SIZE_MAX);
}

/* ---- for programs ---- */

static void write_headers(JsonWriter *writer, const DlqLetter *letter, const KafkaRecord *record)
{
    KafkaHeader header;
    writer_key(writer, "headers");
    writer_open(writer, '[');
    for (size_t i = 0; i < letter->own_header_count && kafka_record_header(record, i, &header);
         i++) {
        writer_open(writer, '{');
        value_write_text(writer, "name", header.name, strlen(header.name));
        value_write_text(writer, "value", header.value, header.value_size);
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
}

static void print_letter_json(Session *session, const DlqLetter *letter, const KafkaRecord *record)
{
    JsonWriter writer;
    const bool is_json = value_is_json(record->value, record->value_size);
    writer_init(&writer, &session->arena, 2048 + record->value_size);
    writer_open(&writer, '{');
    dlq_write_letter(&writer, letter);
    writer_member_text(&writer, "advice", advice_of(session, letter));
    value_write_text(&writer, "key", record->key, record->key_size);
    write_headers(&writer, letter, record);
    writer_key(&writer, "value");
    if (is_json)
        writer_raw(&writer, record->value, record->value_size);
    else
        writer_text(&writer, NULL);
    writer_key(&writer, "value_hex");
    value_write_hex(&writer, is_json ? NULL : record->value, record->value_size);
    writer_close(&writer, '}');
    printf("%s\n", writer_finish(&writer, NULL));
}

static bool take_letter(void *context, const DlqLetter *letter, const KafkaRecord *record)
{
    Session *session = context;
    if (session->is_json)
        print_letter_json(session, letter, record);
    else
        print_letter(session, letter, record);
    return true;
}

ExitCode dlq_show_run(Session *session)
{
    Dlq dlq;
    int32_t partition = 0;
    int64_t offset = 0;
    const char *why_not = NULL;
    const ExitCode code = dlq_words(session, &partition, &offset);
    if (code != EXIT_CODE_DONE)
        return code;
    const bool done = dlq_open(session, &dlq) &&
                      dlq_read_one(&dlq, partition, offset, take_letter, session, &why_not);
    dlq_release(&dlq);
    if (!done)
        return session_fail(session);
    if (why_not != NULL)
        return session_deny(session, "%" PRId32 " %" PRId64 ": no dead letter: %s", partition,
                            offset, why_not);
    return EXIT_CODE_DONE;
}
