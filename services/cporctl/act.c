/* act.c - see act.h: what is said, looked up, published. What comes of it is in act_follow.c. */
#include "act_follow.h"
#include "kafka_sender.h"
#include "status.h"

#include "claim/uuid.h"
#include "runtime/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { ACT_SECONDS = 30, SEND_POLL_MS = 50, LINE_NUMBER_LAST = 9999 };

/* ---- the call ---- */

static ExitCode read_lines(Act *act)
{
    const Session *session = act->session;
    const char *text;
    for (size_t i = 0; (text = arguments_repeat(&session->arguments, "--line", i)) != NULL; i++) {
        char *end = NULL;
        const long line = strtol(text, &end, 10);
        if (*text < '1' || *text > '9' || *end != '\0' || line > LINE_NUMBER_LAST)
            return session_refuse(session, "--line %.20s: wants a number from 1 to %d", text,
                                  LINE_NUMBER_LAST);
        if (act->line_count > 0 && act_names_line(act, (int32_t)line))
            return session_refuse(session, "--line %ld is given twice", line);
        if (act->line_count == CLAIM_LINE_COUNT_MAX)
            return session_refuse(session, "--line is given too often: a claim has at most %d",
                                  CLAIM_LINE_COUNT_MAX);
        act->lines[act->line_count++] = (int32_t)line;
    }
    return EXIT_CODE_DONE;
}

ExitCode act_read(Session *session, EventType type, Act *ret_act)
{
    int64_t timeout_s = 0;
    *ret_act = (Act){.session = session, .type = type};
    ret_act->waits = arguments_option(&session->arguments, "--no-wait") == NULL;
    ExitCode code = claim_words_check(session);
    if (code == EXIT_CODE_DONE)
        code = read_lines(ret_act);
    if (code == EXIT_CODE_DONE)
        code = option_number(session, "--timeout", 1, 86400, ACT_SECONDS, &timeout_s);
    if (code == EXIT_CODE_DONE && !ret_act->waits &&
        arguments_option(&session->arguments, "--timeout") != NULL)
        return session_refuse(session, "--timeout is that of waiting, which --no-wait forbids");
    ret_act->timeout_ms = timeout_s * 1000;
    return code;
}

ExitCode act_text(const Session *session, const char *option, const char **ret_text)
{
    *ret_text = arguments_option(&session->arguments, option);
    if (*ret_text != NULL && (*ret_text)[strspn(*ret_text, " \t\n")] != '\0')
        return EXIT_CODE_DONE;
    return session_refuse(session, *ret_text == NULL ? "%s is missing" : "%s is blank", option);
}

/* ---- the claim ---- */

static ExitCode check_lines(const Act *act)
{
    for (size_t i = 0; i < act->line_count; i++)
        if (claim_line(&act->claim, act->lines[i]) == NULL)
            return session_deny(act->session, "claim %s has no line %" PRId32, act->name.claim_id,
                                act->lines[i]);
    return EXIT_CODE_DONE;
}

static ExitCode look_up(Act *act)
{
    Session *session = act->session;
    Clock clock;
    if (!session_clock(session, &clock) || !session_open_reader(session))
        return session_fail(session);
    act->now_ms = clock_now(&clock);
    const ExitCode code = claim_find(session, &act->name);
    if (code != EXIT_CODE_DONE)
        return code;
    if (!status_load_claim(session, &act->name, &act->claim))
        return session_fail(session);
    if (act->claim.version == 0)
        return session_deny(session, "no claim %s of tenant %s", act->name.claim_id,
                            act->name.tenant_id);
    return check_lines(act);
}

bool act_names_line(const Act *act, int32_t line)
{
    for (size_t i = 0; i < act->line_count; i++)
        if (act->lines[i] == line)
            return true;
    return act->line_count == 0;
}

ExitCode act_begin(Act *act)
{
    JsonWriter *writer = &act->writer;
    const ExitCode code = look_up(act);
    if (code != EXIT_CODE_DONE)
        return code;
    writer_init(writer, &act->session->arena, 512);
    writer_open(writer, '{');
    writer_member_text(writer, "tenant_id", act->name.tenant_id);
    writer_member_text(writer, "claim_id", act->name.claim_id);
    if (act->line_count > 0) {
        writer_key(writer, "lines");
        writer_open(writer, '[');
        for (size_t i = 0; i < act->line_count; i++)
            writer_integer(writer, act->lines[i]);
        writer_close(writer, ']');
    }
    return EXIT_CODE_DONE;
}

void act_add_actor(Act *act, ActorType type, const char *id)
{
    writer_key(&act->writer, "actor");
    writer_open(&act->writer, '{');
    writer_member_text(&act->writer, "type", actor_type_name(type));
    writer_member_text(&act->writer, "id", id);
    writer_close(&act->writer, '}');
}

/* ---- publishing ---- */

/* Each call is an event of its own. */
static bool id_make(char ret_id[UUID_SIZE])
{
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return false;
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40); /* version 4 */
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    size_t size = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        const char *hyphen = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        size += (size_t)snprintf(ret_id + size, UUID_SIZE - size, "%s%02x", hyphen, bytes[i]);
    }
    return true;
}

static RecordHeader header_of(const char *name, const char *value)
{
    return (RecordHeader){name, value, strlen(value)};
}

/* As its worker will: what it would refuse is refused here, before anybody sees it. */
static bool decode_first(const Act *act, const SentEvent *sent, Error *reterr)
{
    const EventContext context = {.zone_is_valid = NULL};
    Arena *arena = &act->session->arena;
    Event event;
    const RecordHeader headers[] = {
        header_of("ce_specversion", "1.0"),
        header_of("ce_id", sent->id),
        header_of("ce_source", SENDER_SOURCE),
        header_of("ce_type", event_type_name(sent->type)),
    };
    const Record record = {.topic = event_type_topic(act->type),
                           .value = sent->body,
                           .value_size = sent->body_size,
                           .headers = headers,
                           .header_count = sizeof headers / sizeof headers[0]};
    return event_decode(&record, &context, arena, &event, reterr);
}

/* Called by the sender: context is the session. */
static void take_failure(void *context, uintptr_t tag, const char *why)
{
    Session *session = context;
    (void)tag;
    error_set(&session->error, ERROR_FATAL, "publish the event: %s", why);
}

static bool publish(Session *session, const char *topic, const SentEvent *sent)
{
    KafkaSender *sender = NULL;
    if (!kafka_sender_open(session, topic, take_failure, session, &sender))
        return false;
    bool done = kafka_sender_send(sender, sent);
    while (done && kafka_sender_poll(sender, SEND_POLL_MS) > 0)
        ; /* ends: it fails in time */
    done = done && kafka_sender_counts(sender).failed == 0;
    kafka_sender_release(&sender);
    return done;
}

ExitCode act_send(Act *act)
{
    Session *session = act->session;
    char id[UUID_SIZE];
    SentEvent sent = {.key = act->name.tenant_id,
                      .type = act->type,
                      .id = id,
                      .subject = act->name.claim_id,
                      .at_ms = act->now_ms};
    writer_close(&act->writer, '}');
    sent.body = writer_finish(&act->writer, &sent.body_size);
    if (!id_make(id))
        return session_deny(session, "make the event's id: %m");
    if (!decode_first(act, &sent, &session->error))
        return session_refuse(session, "%s", session->error.text);
    if (!publish(session, event_type_topic(act->type), &sent))
        return session_fail(session);
    return act_follow(act, id);
}
