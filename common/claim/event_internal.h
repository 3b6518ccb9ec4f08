/* event_internal.h - between the files of the event decoder. */
#pragma once

#include "claim/event.h"
#include "claim/field.h"

/* What stands around the data; texts are in the arena. */
typedef struct Envelope {
    const char *type; /* ce_type, known or not */
    const char *source;
    const char *id;     /* NULL: friendly input, its id is in the data */
    json_t *root;       /* the parsed value, where the envelope had to look into it; owned */
    json_t *decoded;    /* structured: what data_base64 held; owned */
    const json_t *data; /* where it is parsed already: in root or decoded; else NULL */
} Envelope;

/* record_check_size - of any record, before anything of it is read.
 * Errors: REJECT TOO_LARGE: the headers, the value. */
MUST_CHECK bool record_check_size(const Record *record, Error *reterr);

/* envelope_read - by the mode in which it came: structured where content-type says so, or where
 * there is no ce_ header and the value is such an object; binary where there is a ce_ header; else
 * friendly, on the topic that takes it.
 * Errors: REJECT TOO_LARGE, HEADER_MISSING (what is missing in that mode); without ce_ headers also
 *         NOT_JSON, TOO_DEEP, FIELD_INVALID, for an envelope that cannot be read cannot miss
 *         anything. */
MUST_CHECK bool envelope_read(const Record *record, Arena *arena, Envelope *ret_envelope,
                              Error *reterr);
void envelope_release(Envelope *envelope);

/*
 * event_admit - whether its source and its signer may say this type; friendly input always may.
 * event_admit_actor - likewise, where the actor makes the difference: after event_read_data.
 *
 * Out:     event->proof
 * Errors:  REJECT SOURCE_INVALID (whatever the context), SIGNATURE_INVALID.
 */
MUST_CHECK bool event_admit(const Envelope *envelope, const EventContext *context, Arena *arena,
                            Event *event, Error *reterr);
MUST_CHECK bool event_admit_actor(const Envelope *envelope, const EventContext *context,
                                  Event *event, Error *reterr);

/* event_refuse_type - of an event whose type is not known on its topic. Returns: false.
 * Errors: REJECT UNKNOWN_TYPE, SIGNATURE_INVALID; FATAL where no topic has it and a worker's key
 * has signed it: a newer worker's. */
MUST_CHECK bool event_refuse_type(const Envelope *envelope, const EventContext *context,
                                  const Record *record, Error *reterr);

/* Everything that the events' tables can read, before it is judged as a whole. */
typedef struct EventDraft {
    const char *tenant_id, *claim_id, *reason, *token, *subscription_id;
    Actor actor;
    int32_t revision;
    int64_t at_ms;
    const json_t *lines, *poe, *findings; /* arrays */
    struct {
        const char *text;
    } comment;
    Verdict verdict;
    SubscriptionState subscription_state;
    const json_t *activities;
    const char *mpn_id, *domain, *product, *workload;
    SolutionArea solution_area;
    int32_t line, poe_signed_on;
} EventDraft;

/* The rows of each type's data; NULL for submissions, whose document has its own tables. */
extern const FieldRow *const event_data_rows[EVENT_TYPE_COUNT];

/*
 * event_read_data - fill the event from its data; event->type is set.
 *
 * Errors: REJECT FIELD_INVALID, with the pointer and what the field must be.
 */
MUST_CHECK bool event_read_data(const json_t *data, const EventContext *context, Arena *arena,
                                Event *event, Error *reterr);
