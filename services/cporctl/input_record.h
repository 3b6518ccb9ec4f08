/* input_record.h - a record that a worker reads, as the workers' decoders want it. */
#pragma once

#include "kafka_reader.h"

#include "claim/event.h"
#include "runtime/clock.h"
#include "runtime/record.h"

/* For event_decode: any time zone, for a bad one is its claim's finding, no dead letter. */
extern const EventContext input_event_context;

/* input_record_make - borrows from the place and from what was read. */
void input_record_make(const Session *session, const Clock *clock, const KafkaPlace *place,
                       const KafkaRecord *from, Record *ret_record);
