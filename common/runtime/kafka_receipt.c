/* kafka_receipt.c - which records' time is their receipt. */
#include "kafka_internal.h"

#include <string.h>

bool kafka_time_is_receipt(const KafkaSettings *settings, const char *topic,
                           rd_kafka_timestamp_type_t type)
{
    if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME || settings->allow_create_time)
        return true;
    const char *const *references = settings->reference_topics;
    for (size_t i = 0; references != NULL && references[i] != NULL; i++)
        if (strcmp(references[i], topic) == 0)
            return true;
    return false;
}
