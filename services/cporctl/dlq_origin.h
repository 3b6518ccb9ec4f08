/* dlq_origin.h - the record that a dead letter of coordinates alone stands for. */
#pragma once

#include "dlq.h"
#include "kafka_sender.h"

/* dlq_is_place - the letter holds nothing of its record (POISON). */
bool dlq_is_place(const DlqLetter *letter);

/*
 * dlq_origin_send - read the record where it lies, and hand it to a sender, as it is.
 *
 * Out:     ret_why_not  NULL: sent; else why there is none, for people.
 * Errors:  in session->error.
 */
MUST_CHECK bool dlq_origin_send(const Dlq *dlq, const DlqLetter *letter, KafkaSender *sender,
                                uintptr_t tag, const char **ret_why_not);
