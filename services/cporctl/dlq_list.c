/* dlq_list.c - `cporctl dlq list`: which records could not be processed, newest first. */
#include "dlq.h"
#include "options.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIST_COUNT_MAX = 10000, LIST_COUNT = 100 };

const Option dlq_list_options[] = {
    {"--reason", "CODE", "of that reason, e.g. UNKNOWN_CLAIM"},
    {"--topic", "T", "that came from that topic, e.g. claim-submission"},
    {"--since", "INSTANT", "received then or later, RFC 3339"},
    {"--limit", "N", "at most so many, the newest, 1..10000; else 100"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

/* Memory is bounded by the limit: of twice as many the older half is dropped, again and again. */
typedef struct List {
    Session *session;
    DlqFilter filter;
    DlqLetter *letters;
    size_t count, limit;
    uint64_t found; /* of all that fit */
} List;

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* The newest first; the place makes the order total. */
static int compare_letters(const void *left, const void *right)
{
    const DlqLetter *a = left, *b = right;
    int order = compare_numbers(b->received_at_ms, a->received_at_ms);
    if (order == 0)
        order = compare_numbers(b->partition, a->partition);
    return order == 0 ? compare_numbers(b->offset, a->offset) : order;
}

static void list_trim(List *list)
{
    qsort(list->letters, list->count, sizeof *list->letters, compare_letters);
    if (list->count > list->limit)
        list->count = list->limit;
}

static bool take_letter(void *context, const DlqLetter *letter, const KafkaRecord *record)
{
    List *list = context;
    (void)record;
    if (!dlq_filter_fits(&list->filter, letter))
        return true;
    list->found++;
    list->letters[list->count++] = *letter;
    if (list->count == 2 * list->limit)
        list_trim(list);
    return true;
}

/* ---- the answer ---- */

static const char *text_or_dash(const char *text)
{
    return *text == '\0' ? "-" : text;
}

static void print_letter(Session *session, const DlqLetter *letter)
{
    printf("%-24s  %4" PRId32 " %8" PRId64 "  %s\n",
           output_instant(session, letter->received_at_ms), letter->partition, letter->offset,
           output_paint(session, COLOUR_BAD,
                        arena_printf(&session->arena, "%-15s", text_or_dash(letter->reason))));
    printf("    %s/%" PRId64 "@%" PRId64 "  %s %s  id %s%s\n", text_or_dash(letter->topic),
           letter->origin_partition, letter->origin_offset, text_or_dash(letter->type),
           letter->subject, text_or_dash(letter->id),
           letter->is_cut ? "  (cut: cannot be replayed)" : "");
    printf("    %s\n", letter->is_workers ? letter->detail : "no worker wrote this");
}

static void print_text(Session *session, const List *list)
{
    if (list->count > 0)
        printf("%-24s  %4s %8s  %s\n", "RECEIVED", "PART", "OFFSET", "REASON");
    for (size_t i = 0; i < list->count; i++)
        print_letter(session, &list->letters[i]);
    printf("%" PRIu64 " dead letter%s%s\n", list->found, list->found == 1 ? "" : "s",
           list->found > list->count
               ? arena_printf(&session->arena, "; the newest %zu: raise --limit, or name more",
                              list->count)
               : "");
}

static void print_json(Session *session, const List *list)
{
    JsonWriter writer;
    writer_init(&writer, &session->arena, 64 + 512 * list->count);
    writer_open(&writer, '{');
    writer_key(&writer, "dead_letters");
    writer_open(&writer, '[');
    for (size_t i = 0; i < list->count; i++) {
        writer_open(&writer, '{');
        dlq_write_letter(&writer, &list->letters[i]);
        writer_close(&writer, '}');
    }
    writer_close(&writer, ']');
    writer_member_integer(&writer, "count", (int64_t)list->found);
    writer_key(&writer, "more");
    writer_boolean(&writer, list->found > list->count);
    writer_close(&writer, '}');
    printf("%s\n", writer_finish(&writer, NULL));
}

ExitCode dlq_list_run(Session *session)
{
    List list = {.session = session};
    Dlq dlq;
    int64_t limit = 0;
    ExitCode code = dlq_filter_read(session, &list.filter);
    if (code == EXIT_CODE_DONE)
        code = option_number(session, "--limit", 1, LIST_COUNT_MAX, LIST_COUNT, &limit);
    if (code != EXIT_CODE_DONE)
        return code;
    list.limit = (size_t)limit;
    list.letters = arena_new(&session->arena, 2 * list.limit * sizeof *list.letters);
    const bool done = dlq_open(session, &dlq) && dlq_read(&dlq, take_letter, &list);
    dlq_release(&dlq);
    if (!done)
        return session_fail(session);
    list_trim(&list);
    if (session->is_json)
        print_json(session, &list);
    else
        print_text(session, &list);
    return EXIT_CODE_DONE;
}
