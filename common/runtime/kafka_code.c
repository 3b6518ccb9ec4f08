/* kafka_code.c - what librdkafka's codes mean for the loop: one table. */
#include "kafka_internal.h"

typedef struct CodeClass {
    rd_kafka_resp_err_t code;
    ErrorClass class;
    const char *advice;
} CodeClass;

static const char run_setup[] = " (run cporctl setup)";
static const char check_address[] =
    " (do the brokers run, and is security.protocol that of their listener?)";
static const char check_rights[] = " (give this principal its ACLs: deploy/security/kafka-acls)";
/* Or ourselves: librdkafka 3437, our answers after a session time-out under two member ids. */
static const char check_instance[] =
    " (another process has the same CPOR_INSTANCE, or the session had timed out)";

/* Codes that no repetition heals, and codes with a known remedy. Everything else is RETRY: the
 * brokers may heal, and a loop that repeats loses nothing. */
static const CodeClass code_classes[] = {
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ERROR_RETRY, run_setup},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, ERROR_RETRY, run_setup},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, ERROR_RETRY, run_setup},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, ERROR_RETRY, check_address},
    {RD_KAFKA_RESP_ERR__FATAL, ERROR_FATAL, ""},
    {RD_KAFKA_RESP_ERR__FENCED, ERROR_FATAL, check_instance},
    {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, ERROR_FATAL, check_instance},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, ERROR_FATAL, check_instance},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, ERROR_FATAL, check_instance},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, ERROR_FATAL, ""},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, ERROR_FATAL, ""},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERROR_FATAL, check_rights},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ERROR_FATAL, check_rights},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, ERROR_FATAL, check_rights},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, ERROR_FATAL, check_rights},
    {RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, ERROR_FATAL, ""},
    {RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, ERROR_FATAL, ""},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ERROR_FATAL, " (raise the topic's max.message.bytes)"},
    {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, ERROR_FATAL, ""},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, ERROR_FATAL, ""},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, ERROR_FATAL, ""},
    {RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, ERROR_FATAL, ""},
    {RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT, ERROR_FATAL,
     " (the brokers' group.min.session.timeout.ms is larger)"},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, ERROR_FATAL,
     " (members of the group must all use the range assignor)"},
};

static const CodeClass *code_find(rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < sizeof code_classes / sizeof code_classes[0]; i++)
        if (code_classes[i].code == code)
            return &code_classes[i];
    return NULL;
}

ErrorClass kafka_code_class(rd_kafka_resp_err_t code)
{
    const CodeClass *found = code_find(code);
    return found == NULL ? ERROR_RETRY : found->class;
}

const char *kafka_advice(rd_kafka_resp_err_t code)
{
    const CodeClass *found = code_find(code);
    return found == NULL ? "" : found->advice;
}

bool kafka_check_alive(rd_kafka_t *client, const char *what, Error *reterr)
{
    char why[256];
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(client, why, sizeof why);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    return error_set(reterr, ERROR_FATAL, "%s: %s%s", what, why, kafka_advice(code));
}
