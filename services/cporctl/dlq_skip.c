/* dlq_skip.c - `cporctl dlq skip`: past a record that no program can read. */
#include "dlq.h"
#include "kafka_group.h"
#include "kafka_sender.h"
#include "workers.h"

#include "runtime/clock.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLUSH_POLL_MS = 100 };

const Option dlq_skip_options[] = {
    {"--topic", "T", "where it lies, without the prefix"},
    {"--partition", "N", "likewise"},
    {"--offset", "N", "likewise; where the worker stands, which `cporctl lag` tells"},
    {"--yes", NULL, "do it; else only tell what would be done"},
    {"--json", NULL, "print JSON"},
    {.name = NULL},
};

typedef struct Skip {
    Session *session;
    const char *service, *topic;
    int32_t partition;
    int64_t offset;
    KafkaReader *reader;
    KafkaGroups *groups;
    KafkaPlaces places;
    KafkaPlace *place; /* among them */
    size_t member_count;
    const char *failure; /* why no broker took the dead letter */
} Skip;

/* ---- what is meant ---- */

static bool read_number(const Skip *skip, const char *option, int64_t number_max, int64_t *ret)
{
    const char *text = arguments_option(&skip->session->arguments, option);
    const size_t size = text == NULL ? 0 : strspn(text, "0123456789");
    if (size == 0 || size > 18 || text[size] != '\0')
        return false;
    *ret = strtoll(text, NULL, 10);
    return *ret <= number_max;
}

static const char *find_service(const char *topic)
{
    for (const WorkerTopics *worker = worker_topics; worker->service != NULL; worker++)
        for (size_t i = 0; topic != NULL && worker->topics[i] != NULL; i++)
            if (strcmp(worker->topics[i], topic) == 0)
                return worker->service;
    return NULL;
}

static ExitCode read_call(Skip *skip)
{
    int64_t partition = 0;
    skip->topic = arguments_option(&skip->session->arguments, "--topic");
    skip->service = find_service(skip->topic);
    if (skip->service == NULL)
        return session_refuse(skip->session, "--topic %.60s: no worker reads such a topic",
                              skip->topic == NULL ? "(none)" : skip->topic);
    if (!read_number(skip, "--partition", INT32_MAX, &partition) ||
        !read_number(skip, "--offset", INT64_MAX, &skip->offset))
        return session_refuse(skip->session, "--partition and --offset must be numbers: those of"
                                             " the record, as cporctl lag tells them");
    skip->partition = (int32_t)partition;
    return EXIT_CODE_DONE;
}

/* ---- how it stands ---- */

static bool look(Skip *skip)
{
    Session *session = skip->session;
    if (!kafka_reader_open(session, &skip->reader) ||
        !kafka_reader_add(skip->reader, skip->topic, &skip->places) ||
        !kafka_reader_ends(skip->reader, skip->places.places, skip->places.count) ||
        !kafka_reader_committed(skip->reader, skip->service, skip->places.places,
                                skip->places.count) ||
        !kafka_groups_open(session, &skip->groups) ||
        !kafka_groups_members(skip->groups, skip->service, &skip->member_count))
        return false;
    for (size_t i = 0; i < skip->places.count; i++)
        if (skip->places.places[i].partition == skip->partition)
            skip->place = &skip->places.places[i];
    return true;
}

/* Whatever lies before the record must be handled, and nothing else may be passed by. */
static ExitCode check(const Skip *skip)
{
    const Session *session = skip->session;
    if (skip->place == NULL)
        return session_deny(session, "%s has no partition %" PRId32, skip->topic, skip->partition);
    const int64_t at = skip->place->committed >= 0 ? skip->place->committed : skip->place->first;
    if (skip->offset < at)
        return session_deny(session, "%s is past it: it goes on at offset %" PRId64, skip->service,
                            at);
    if (skip->offset > at)
        return session_deny(session,
                            "%s stands at offset %" PRId64 ": records before %" PRId64 " would be"
                            " lost; skip only the one at which it stands",
                            skip->service, at, skip->offset);
    if (skip->member_count > 0)
        return session_deny(session,
                            "group %s has members: stop all its instances (one that was killed"
                            " counts until its session has run out)",
                            skip->service);
    return EXIT_CODE_DONE;
}

/* ---- doing it: what the database and the dead letters say comes before the log goes on ---- */

static bool note(Skip *skip)
{
    Session *session = skip->session;
    const char *parameters[] = {skip->service, skip->topic,
                                arena_printf(&session->arena, "%" PRId32, skip->partition),
                                arena_printf(&session->arena, "%" PRId64, skip->offset)};
    return attempts_aside(session->database, parameters, &session->error);
}

static void take_failure(void *context, uintptr_t tag, const char *why)
{
    Skip *skip = context;
    (void)tag;
    skip->failure = arena_text(&skip->session->arena, why);
}

static bool send_letter(Skip *skip)
{
    Session *session = skip->session;
    KafkaSender *sender = NULL;
    Clock clock;
    if (!session_clock(session, &clock) ||
        !kafka_sender_open(session, "dead-letter", take_failure, skip, &sender))
        return false;
    const SentPlace place = {.reason = "POISON",
                             .detail = DLQ_SKIPPED,
                             .service = skip->service,
                             .topic = skip->place->topic,
                             .partition = skip->partition,
                             .offset = skip->offset,
                             .at_ms = clock_now(&clock)};
    const bool sent = kafka_sender_send_place(sender, &place);
    while (sent && kafka_sender_poll(sender, FLUSH_POLL_MS) > 0)
        ; /* ends: a record that no broker takes fails in time */
    kafka_sender_release(&sender);
    return sent &&
           (skip->failure == NULL ||
            error_set(&session->error, ERROR_RETRY, "publish the dead letter: %s", skip->failure));
}

static bool set_group(Skip *skip)
{
    skip->place->next = skip->offset + 1;
    return kafka_groups_set(skip->groups, skip->service, skip->place, 1);
}

static void tell_json(const Skip *skip, bool is_done)
{
    JsonWriter writer;
    writer_init(&writer, &skip->session->arena, 256);
    writer_open(&writer, '{');
    writer_member_text(&writer, "service", skip->service);
    writer_member_text(&writer, "topic", skip->topic);
    writer_member_integer(&writer, "partition", skip->partition);
    writer_member_integer(&writer, "offset", skip->offset);
    writer_key(&writer, "is_done");
    writer_boolean(&writer, is_done);
    writer_close(&writer, '}');
    printf("%s\n", writer_finish(&writer, NULL));
}

static void tell(const Skip *skip, bool is_done)
{
    if (skip->session->is_json) {
        tell_json(skip, is_done);
        return;
    }
    printf("%s %s/%" PRId32 " offset %" PRId64 "%s", skip->service, skip->topic, skip->partition,
           skip->offset,
           is_done ? " is passed by, and a dead letter now: start the worker's instances\n"
                   : " would be passed by, and become a dead letter of its coordinates; --yes does"
                     " it\n");
}

static ExitCode answer(Skip *skip)
{
    Session *session = skip->session;
    const ExitCode code = check(skip);
    if (code != EXIT_CODE_DONE)
        return code;
    const bool is_done = arguments_option(&session->arguments, "--yes") != NULL;
    if (is_done && (!note(skip) || !send_letter(skip) || !set_group(skip)))
        return session_fail(session);
    tell(skip, is_done);
    return EXIT_CODE_DONE;
}

ExitCode dlq_skip_run(Session *session)
{
    Skip *skip = arena_new(&session->arena, sizeof *skip);
    skip->session = session;
    ExitCode code = read_call(skip);
    if (code == EXIT_CODE_DONE)
        code = session_open_reader(session) && look(skip) ? answer(skip) : session_fail(session);
    kafka_groups_release(&skip->groups);
    kafka_reader_release(&skip->reader);
    return code;
}
