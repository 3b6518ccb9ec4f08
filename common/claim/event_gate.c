/* event_gate.c - who said it: sources and signatures, before and after the data is read. */
#include "claim/event_internal.h"
#include "claim/reference.h"
#include "claim/text_check.h"

#include <stdio.h>

static void roles_text(unsigned roles, char *ret_text, size_t text_room)
{
    size_t size = 0;
    ret_text[0] = '\0';
    for (unsigned role = 1; role < SIGNATURE_ANYBODY && size < text_room; role <<= 1)
        if ((roles & role) != 0)
            size += (size_t)snprintf(ret_text + size, text_room - size, "%s%s",
                                     size == 0 ? "" : " or ", signature_role_name(role));
}

static bool refuse(const EventGate *gate, unsigned demanded, SignatureVerdict verdict,
                   const char *type, Error *reterr)
{
    char roles[80];
    roles_text(demanded, roles, sizeof roles);
    if (gate->refused != NULL)
        gate->refused(gate->context, demanded, verdict);
    return error_reject(reterr, "SIGNATURE_INVALID",
                        "check " SIGNATURE_HEADER ": %s; %s wants that of a key of role %s",
                        signature_verdict_name(verdict), type, roles);
}

bool gate_check(const EventGate *gate, unsigned demanded, const Record *record,
                const SignedRecord *names, Signer *ret_signer, Error *reterr)
{
    char topic[256];
    const RecordHeader *header = record_header(record, SIGNATURE_HEADER);
    SignedRecord signed_record = *names;
    snprintf(topic, sizeof topic, "%s%s", gate->topic_prefix, record->topic);
    signed_record.topic = topic;
    signed_record.key = record->key;
    signed_record.key_size = record->key_size;
    signed_record.value = record->value;
    signed_record.value_size = record->value_size;
    SignatureVerdict verdict =
        signature_verify(gate->keys, header == NULL ? NULL : header->value,
                         header == NULL ? 0 : header->value_size, &signed_record, ret_signer);
    if (demanded == SIGNATURE_NOBODY)
        return true;
    if (verdict == SIGNATURE_GOOD && (ret_signer->role & demanded) == 0)
        verdict = SIGNATURE_FOREIGN_ROLE;
    return verdict == SIGNATURE_GOOD ||
           refuse(gate, demanded, verdict, names->type == NULL ? record->topic : names->type,
                  reterr);
}

static const char *header_text(const Record *record, const char *name, Arena *arena)
{
    const RecordHeader *header = record_header(record, name);
    return header == NULL ? NULL : arena_copy(arena, header->value, header->value_size);
}

bool reference_admit(const Record *record, const EventGate *gate, Arena *arena, Error *reterr)
{
    Signer signer;
    if (!record_check_size(record, reterr))
        return false;
    const SignedRecord names = {.type = header_text(record, "ce_type", arena),
                                .source = header_text(record, "ce_source", arena),
                                .id = header_text(record, "ce_id", arena)};
    return gate_check(gate, signature_demand_reference(gate->level), record, &names, &signer,
                      reterr);
}

/* ---- of an event ---- */

static Saying saying_of(const Envelope *envelope, const Event *event)
{
    return (Saying){.type = event->type,
                    .actor = event->actor.type,
                    .source = envelope->source,
                    .topic = event->record->topic};
}

static bool check_envelope(const Envelope *envelope, const EventGate *gate, unsigned demanded,
                           Event *event, Error *reterr)
{
    const SignedRecord names = {
        .type = envelope->type, .source = envelope->source, .id = envelope->id};
    Signer signer;
    const bool is_admitted = gate_check(gate, demanded, event->record, &names, &signer, reterr);
    event->proof = signer.key_id;
    return is_admitted;
}

/* Its worker has proved that it handed it on; who said it is the original's proof. */
static void take_original_proof(const Saying *saying, Arena *arena, Event *event)
{
    const RecordHeader *header = record_header(event->record, RECORD_PROOF_HEADER);
    if (event->proof == NULL || !saying_is_handed_on(saying))
        return;
    const bool is_id = header != NULL &&
                       text_is_key_id(header->value, header->value_size, 1, SIGNATURE_ID_SIZE_MAX);
    event->proof = is_id ? arena_copy(arena, header->value, header->value_size) : NULL;
}

bool event_admit(const Envelope *envelope, const EventContext *context, Arena *arena, Event *event,
                 Error *reterr)
{
    const char *why;
    const EventGate *gate = context->gate;
    const Saying saying = saying_of(envelope, event);
    if (envelope->id == NULL) /* friendly: whoever may write may submit */
        return true;
    if (!source_may_say(&saying, &why))
        return error_reject(reterr, "SOURCE_INVALID", "read ce_source: %s from %.200s: %s",
                            envelope->type, envelope->source, why);
    if (gate == NULL)
        return true;
    if (!check_envelope(envelope, gate, signature_demand(gate->level, &saying), event, reterr))
        return false;
    take_original_proof(&saying, arena, event);
    return true;
}

bool event_admit_actor(const Envelope *envelope, const EventContext *context, Event *event,
                       Error *reterr)
{
    const EventGate *gate = context->gate;
    const Saying saying = saying_of(envelope, event);
    Saying before = saying;
    before.actor = ACTOR_NONE;
    if (gate == NULL || envelope->id == NULL ||
        signature_demand(gate->level, &saying) == signature_demand(gate->level, &before))
        return true;
    return check_envelope(envelope, gate, signature_demand(gate->level, &saying), event, reterr);
}

/* Only a worker's key can stop us so: whatever else stands in a log, it stops no partition. A type
 * that another topic has is no newer release's. */
bool event_refuse_type(const Envelope *envelope, const EventContext *context, const Record *record,
                       Error *reterr)
{
    Signer signer = {0};
    const EventGate *gate = context->gate;
    const SignedRecord names = {
        .type = envelope->type, .source = envelope->source, .id = envelope->id};
    if (gate != NULL && envelope->id != NULL &&
        !gate_check(gate, signature_demand_unknown(gate->level, envelope->source), record, &names,
                    &signer, reterr))
        return false;
    if (signer.role == SIGNATURE_WORKER && !event_type_is_known(envelope->type))
        return error_set(reterr, ERROR_FATAL,
                         "read ce_type: %s on %s is signed by key %s and not known here: a newer"
                         " release published it; upgrade this worker, readers come before writers",
                         envelope->type, record->topic, signer.key_id);
    return error_reject(reterr, "UNKNOWN_TYPE", "read ce_type: %s is not known on %s",
                        envelope->type, record->topic);
}
