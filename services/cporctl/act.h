/* act.h - an operator's or reviewer's event about one claim: published, and followed to its effect.
 */
#pragma once

#include "claim_find.h"
#include "options.h"

#include "claim/event.h"
#include "claim/json_writer.h"

/* The options that each of these commands has besides its own. */
#define ACT_OPTIONS                                                                                \
    {"--no-wait", NULL, "do not wait for what comes of it"},                                       \
        {"--timeout", "SECONDS", "of waiting, 1..86400; else 30"}, {"--json", NULL, "print JSON"}, \
    {                                                                                              \
        .name = NULL                                                                               \
    }

typedef struct Act {
    Session *session;
    EventType type;
    ClaimName name;
    Claim claim; /* as it stood before the event */
    int32_t lines[CLAIM_LINE_COUNT_MAX];
    size_t line_count; /* 0: all of them */
    bool waits;
    int64_t timeout_ms;
    int64_t now_ms;    /* business time */
    JsonWriter writer; /* the event's data; open for members between act_begin and act_send */
} Act;

/*
 * act_read - the words and options that all these commands have.
 *
 * Returns: EXIT_CODE_DONE, or EXIT_CODE_USAGE and why was told.
 */
MUST_CHECK ExitCode act_read(Session *session, EventType type, Act *ret_act);

/* act_text - an option's text, which must be given. Returns: as above. */
MUST_CHECK ExitCode act_text(const Session *session, const char *option, const char **ret_text);

/*
 * act_begin - look the claim up, and begin the event: tenant_id, claim_id, lines.
 *
 * Returns: EXIT_CODE_DONE, else the exit code, and why was told: no such claim or line, ...
 */
MUST_CHECK ExitCode act_begin(Act *act);

/* act_add_actor - one more member of the event: who acts. */
void act_add_actor(Act *act, ActorType type, const char *id);

/* act_names_line - whether the event is about this line. */
bool act_names_line(const Act *act, int32_t line);

/*
 * act_send - publish the event, wait for its effect, tell it in one line.
 *
 * Returns: the exit code: EXIT_CODE_NEGATIVE where it changed nothing, or nothing is known in time.
 */
MUST_CHECK ExitCode act_send(Act *act);
