/* input_record.h - a record that a worker reads, as the workers' decoders want it. */
#pragma once

#include "kafka_reader.h"

#include "claim/event.h"
#include "runtime/clock.h"
#include "runtime/record.h"

/* For event_decode: any time zone, for a bad one is its claim's finding, no dead letter. */
extern const EventContext input_event_context;

/* What a record is made from. */
typedef struct RecordOrigin {
    const Session *session;
    const Clock *clock;
    const KafkaPlace *place;
    const KafkaRecord *from;
} RecordOrigin;

/* input_record_make - borrows from the place, from what was read, and from the arena. */
void input_record_make(const RecordOrigin *origin, Arena *arena, Record *ret_record);
