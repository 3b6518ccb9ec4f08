/* dlq_replay.c - `cporctl dlq replay`: dead letters go back to where they came from; ADR 7. */
#include "dlq_origin.h"
#include "kafka_sender.h"
#include "output.h"
#include "workers.h"

#include "claim/event.h"
#include "runtime/crash_point.h"
#include "runtime/digest.h"
#include "runtime/text_map.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FLUSH_POLL_MS = 100, TAG_OFFSET_BITS = 44, SENDER_COUNT_MAX = 8 };

const Option dlq_replay_options[] = {
    {"--reason", "CODE", "all of that reason, e.g. UNKNOWN_CLAIM"},
    {"--all", NULL, "all"},
    {"--dry-run", NULL, "only tell what would be put back"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

/* A record that no broker took. */
typedef struct Failure {
    int32_t partition;
    int64_t offset;
    const char *why;
} Failure;

typedef struct Replay {
    Session *session;
    Dlq dlq;
    bool is_dry, is_many;
    DlqFilter filter;
    KafkaSender *senders[SENDER_COUNT_MAX]; /* beside worker_topics; NULL: not needed yet */
    TextMap seen;                           /* hash of a record -> the place of its first letter */
    Arena arena;                            /* of the letter in hand */
    uint64_t sent, same, refused, content;  /* content: of those sent, refused again as they are */
    uint64_t told;
    Failure *failures;
    size_t failure_count, failure_room;
} Replay;

/* ---- where it goes ---- */

/* Reference data is not put back: as the newest record of its key it would undo what was published
 * since. The log that decides hears of subscriptions by events of claim-validation. */
static bool is_reference(const WorkerTopics *worker, const char *const *topic,
                         const DlqLetter *letter)
{
    return topic != worker->topics ||
           strcmp(letter->type, event_type_name(EVENT_SUBSCRIPTION_CHANGED)) == 0;
}

static const char *why_not_replayable(const DlqLetter *letter)
{
    if (!letter->is_workers)
        return "no worker wrote it: nobody knows where it came from";
    if (strcmp(letter->detail, DLQ_SKIPPED) == 0)
        return "no program can read it, or it would not have been skipped: publish it anew";
    return letter->is_cut ? "only its beginning was kept: publish it anew" : NULL;
}

/* The index in worker_topics, or -1 and why not. */
static int find_origin(const DlqLetter *letter, const char **ret_why_not)
{
    *ret_why_not = why_not_replayable(letter);
    for (int i = 0; *ret_why_not == NULL && worker_topics[i].service != NULL; i++) {
        const char *const *topic = worker_topics[i].topics;
        while (*topic != NULL && strcmp(*topic, letter->topic) != 0)
            topic++;
        if (*topic != NULL && !is_reference(&worker_topics[i], topic, letter))
            return i;
        if (*topic != NULL)
            *ret_why_not = DLQ_REFERENCE;
    }
    if (*ret_why_not == NULL)
        *ret_why_not = "no worker of this installation reads the topic that it came from";
    return -1;
}

static void hash_add(Arena *arena, char **bytes, size_t *size, size_t *room, const void *part,
                     size_t part_size)
{
    const int64_t mark = part == NULL ? -1 : (int64_t)part_size;
    const size_t added = sizeof mark + part_size;
    if (*size + added > *room) {
        *room = 2 * (*size + added);
        char *grown = arena_new(arena, *room);
        if (*size > 0)
            memcpy(grown, *bytes, *size);
        *bytes = grown;
    }
    memcpy(*bytes + *size, &mark, sizeof mark);
    if (part_size > 0)
        memcpy(*bytes + *size + sizeof mark, part, part_size);
    *size += added;
}

/* A record that was put back and refused again is two letters with the same content; so is one
 * that its publisher sent twice. The place of the first one, or NULL: this is it. */
static const char *seen_before(Replay *replay, const DlqLetter *letter, const KafkaRecord *record)
{
    char *bytes = NULL, hex[65];
    size_t size = 0, room = 0;
    KafkaHeader header;
    Arena *arena = &replay->arena;
    hash_add(arena, &bytes, &size, &room, letter->topic, strlen(letter->topic));
    hash_add(arena, &bytes, &size, &room, record->key, record->key_size);
    hash_add(arena, &bytes, &size, &room, record->value, record->value_size);
    for (size_t i = 0; i < letter->own_header_count && kafka_record_header(record, i, &header);
         i++) {
        hash_add(arena, &bytes, &size, &room, header.name, strlen(header.name));
        hash_add(arena, &bytes, &size, &room, header.value, header.value_size);
    }
    sha256_hex(bytes, size, hex);
    const char *first = text_map_get(&replay->seen, hex);
    if (first == NULL)
        text_map_put(&replay->seen, hex,
                     arena_printf(&replay->session->arena, "%" PRId32 " %" PRId64,
                                  letter->partition, letter->offset));
    return first;
}

/* ---- telling ---- */

static void tell(Replay *replay, const DlqLetter *letter, const char *result, const char *why)
{
    JsonWriter writer;
    if (!replay->session->is_json) {
        printf("%" PRId32 " %" PRId64 "  %-15s  %s: %s%s\n", letter->partition, letter->offset,
               letter->reason, letter->topic, why == NULL ? "put back" : why,
               why == NULL && replay->is_dry ? " (not done: --dry-run)" : "");
        return;
    }
    writer_init(&writer, &replay->arena, 512);
    writer_open(&writer, '{');
    writer_member_integer(&writer, "partition", letter->partition);
    writer_member_integer(&writer, "offset", letter->offset);
    writer_member_or_null(&writer, "reason", letter->reason);
    writer_member_or_null(&writer, "topic", letter->topic);
    writer_member_text(&writer, "result", result);
    writer_member_text(&writer, "why", why);
    writer_close(&writer, '}');
    printf("%s%s", replay->told++ == 0 ? "" : ",\n ", writer_finish(&writer, NULL));
}

/* Called by the sender: no broker took the letter at this place. */
static void take_failure(void *context, uintptr_t tag, const char *why)
{
    Replay *replay = context;
    Arena *arena = &replay->session->arena;
    replay->failures = arena_grow(arena, replay->failures, sizeof *replay->failures,
                                  replay->failure_count, &replay->failure_room);
    replay->failures[replay->failure_count++] =
        (Failure){.partition = (int32_t)(tag >> TAG_OFFSET_BITS),
                  .offset = (int64_t)(tag & (((uintptr_t)1 << TAG_OFFSET_BITS) - 1)),
                  .why = arena_text(arena, why)};
}

/* ---- one letter ---- */

static bool send_copy(Replay *replay, int origin, const DlqLetter *letter,
                      const KafkaRecord *record, const char **ret_why_not)
{
    KafkaSender **sender = &replay->senders[origin];
    const SentCopy copy = {record, letter->own_header_count,
                           (uintptr_t)letter->partition << TAG_OFFSET_BITS |
                               (uintptr_t)letter->offset};
    if (replay->is_dry)
        return true;
    if (*sender == NULL &&
        !kafka_sender_open(replay->session, letter->topic, take_failure, replay, sender))
        return false;
    return dlq_is_place(letter)
               ? dlq_origin_send(&replay->dlq, letter, *sender, copy.tag, ret_why_not)
               : kafka_sender_send_copy(*sender, &copy);
}

static bool take_letter(void *context, const DlqLetter *letter, const KafkaRecord *record)
{
    Replay *replay = context;
    const char *why_not = NULL;
    if (!dlq_filter_fits(&replay->filter, letter))
        return true;
    arena_reset(&replay->arena);
    const int origin = find_origin(letter, &why_not);
    if (why_not != NULL) {
        replay->refused++;
        tell(replay, letter, "refused", why_not);
        return true;
    }
    const bool may_repeat = replay->is_many && !dlq_is_place(letter);
    const char *first = may_repeat ? seen_before(replay, letter, record) : NULL;
    if (first != NULL) {
        replay->same++;
        tell(replay, letter, "same", arena_printf(&replay->arena, "the same record as %s", first));
        return true;
    }
    if (!send_copy(replay, origin, letter, record, &why_not))
        return false;
    if (why_not != NULL) {
        replay->refused++;
        tell(replay, letter, "refused", why_not);
        return true;
    }
    crash_point(CRASH_AFTER_COPY);
    const DlqReason *reason = dlq_reason(letter->reason);
    replay->sent++;
    replay->content += reason != NULL && reason->is_content;
    tell(replay, letter, "put_back", NULL);
    return true;
}

/* ---- the answer ---- */

static void flush_all(Replay *replay)
{
    for (size_t i = 0; i < SENDER_COUNT_MAX; i++)
        while (replay->senders[i] != NULL && kafka_sender_poll(replay->senders[i], FLUSH_POLL_MS))
            ; /* ends: a record that no broker takes fails in time */
}

static uint64_t count_delivered(const Replay *replay)
{
    uint64_t count = 0;
    for (size_t i = 0; i < SENDER_COUNT_MAX; i++)
        if (replay->senders[i] != NULL)
            count += kafka_sender_counts(replay->senders[i]).delivered;
    return count;
}

static void print_end_json(const Replay *replay, uint64_t put_back)
{
    JsonWriter writer;
    writer_init(&writer, &replay->session->arena, 512);
    writer_open(&writer, '[');
    for (size_t i = 0; i < replay->failure_count; i++) {
        writer_open(&writer, '{');
        writer_member_integer(&writer, "partition", replay->failures[i].partition);
        writer_member_integer(&writer, "offset", replay->failures[i].offset);
        writer_member_text(&writer, "why", replay->failures[i].why);
        writer_close(&writer, '}');
    }
    writer_close(&writer, ']');
    printf("],\"dry_run\":%s,\"put_back\":%" PRIu64 ",\"same\":%" PRIu64 ",\"refused\":%" PRIu64
           ",\"failures\":%s}\n",
           replay->is_dry ? "true" : "false", put_back, replay->same, replay->refused,
           writer_finish(&writer, NULL));
}

static void print_end(const Replay *replay, uint64_t put_back)
{
    printf("%" PRIu64 " put back%s, %" PRIu64 " the same as another, %" PRIu64
           " cannot be put back\n",
           put_back, replay->is_dry ? " (not done: --dry-run)" : "", replay->same, replay->refused);
    if (replay->content > 0)
        printf("Of those put back %" PRIu64
               " are dead for what they say: unless the workers are others now they refuse them\n"
               "again. cporctl dlq show tells what to publish instead.\n",
               replay->content);
}

static ExitCode finish(Replay *replay, bool done)
{
    Session *session = replay->session;
    flush_all(replay);
    crash_point(CRASH_AFTER_COPIES);
    const uint64_t put_back = replay->is_dry ? replay->sent : count_delivered(replay);
    if (session->is_json)
        print_end_json(replay, put_back);
    else
        print_end(replay, put_back);
    fflush(stdout);
    for (size_t i = 0; i < replay->failure_count && !session->is_json; i++)
        fprintf(stderr, "cporctl dlq replay: %" PRId32 " %" PRId64 ": not put back: %s\n",
                replay->failures[i].partition, replay->failures[i].offset, replay->failures[i].why);
    if (!done)
        return session_fail(session);
    if (replay->failure_count > 0)
        return session_deny(session, "not all was put back; do it again: what is there already "
                                     "changes nothing");
    return replay->refused == 0 ? EXIT_CODE_DONE : EXIT_CODE_NEGATIVE;
}

static bool run(Replay *replay, int32_t partition, int64_t offset, const char **ret_why_not)
{
    if (replay->session->is_json)
        printf("{\"records\":[");
    bool done = dlq_open(replay->session, &replay->dlq);
    if (done && replay->is_many)
        done = dlq_read(&replay->dlq, take_letter, replay);
    else if (done)
        done = dlq_read_one(&replay->dlq, partition, offset, take_letter, replay, ret_why_not);
    dlq_release(&replay->dlq);
    return done;
}

static ExitCode read_call(Replay *replay, int32_t *ret_partition, int64_t *ret_offset)
{
    Session *session = replay->session;
    const Arguments *arguments = &session->arguments;
    const bool is_one = arguments->word_count > 0;
    const bool is_all = arguments_option(arguments, "--all") != NULL;
    const bool is_reason = arguments_option(arguments, "--reason") != NULL;
    replay->is_dry = arguments_option(arguments, "--dry-run") != NULL;
    replay->is_many = !is_one;
    if (is_one + is_all + is_reason != 1)
        return session_refuse(session, "which ones? PARTITION OFFSET, or --reason CODE, or --all");
    return is_one ? dlq_words(session, ret_partition, ret_offset)
                  : dlq_filter_read(session, &replay->filter);
}

ExitCode dlq_replay_run(Session *session)
{
    Replay replay = {.session = session};
    int32_t partition = 0;
    int64_t offset = 0;
    const char *why_not = NULL;
    ExitCode code = read_call(&replay, &partition, &offset);
    if (code != EXIT_CODE_DONE)
        return code;
    arena_init(&replay.arena);
    text_map_init(&replay.seen, &session->arena);
    const bool done = run(&replay, partition, offset, &why_not);
    code = finish(&replay, done);
    if (why_not != NULL)
        code = session_deny(session, "%" PRId32 " %" PRId64 ": no dead letter: %s", partition,
                            offset, why_not);
    for (size_t i = 0; i < SENDER_COUNT_MAX; i++)
        kafka_sender_release(&replay.senders[i]);
    arena_deinit(&replay.arena);
    return code;
}
