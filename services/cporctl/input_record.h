/* input_record.h - a record that a worker reads, as the workers' decoders want it. */
#pragma once

#include "kafka_reader.h"

#include "runtime/clock.h"
#include "runtime/record.h"

/* input_record_make - borrows from the place and from what was read. */
void input_record_make(const Session *session, const Clock *clock, const KafkaPlace *place,
                       const KafkaRecord *from, Record *ret_record);
