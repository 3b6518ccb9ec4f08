/* dlq.c - what the commands on dead letters share: reasons, filters, members of JSON; see dlq.h. */
#include "dlq.h"

#include "options.h"
#include "workers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOKEN_ADVICE                                                                               \
    "put it back once the workers have the key that signed the link; a forged link, or one of an " \
    "earlier revision, stays dead"

static const DlqReason reasons[] = {
    {"TOO_LARGE", true, "publish it anew: the value at most 256 KiB, all headers 64 KiB"},
    {"HEADER_MISSING", true, "publish it anew with ce_specversion, ce_id, ce_source and ce_type"},
    {"UNKNOWN_TYPE", true,
     "publish it anew with a ce_type that this topic has, or put it back once the workers know it"},
    {"SOURCE_INVALID", true,
     "publish it anew under a ce_source of your own; what is internal only the workers say"},
    {"SIGNATURE_INVALID", false,
     "publish it anew signed by a key of the role that its detail names, or put it back once the"
     " workers have its key (reference data: publish it anew)"},
    {"NOT_JSON", true, "publish it anew, mended"},
    {"TOO_DEEP", true, "publish it anew, at most 16 levels deep"},
    {"FIELD_INVALID", true, "publish it anew with that field mended"},
    {"UNKNOWN_CLAIM", false, "put it back once its claim was submitted"},
    {"CLAIM_IMMUTABLE", true,
     "publish it anew under a claim_id of its own, or as a revision where the partner was asked"},
    {"TOKEN_INVALID", false, TOKEN_ADVICE},
    {"ID_REUSED", true, "publish it anew under a ce_id of its own"},
    {"POISON", false,
     "tell the makers; put it back (it is read again where it lies) once a release can take it"},
    {NULL, false, NULL},
};

const DlqReason *dlq_reason(const char *code)
{
    for (const DlqReason *reason = reasons; reason->code != NULL; reason++)
        if (strcasecmp(reason->code, code) == 0)
            return reason;
    return NULL;
}

/* ---- what is meant ---- */

static ExitCode read_reason(Session *session, const char **ret_reason)
{
    const char *text = arguments_option(&session->arguments, "--reason");
    const DlqReason *reason = text == NULL ? NULL : dlq_reason(text);
    const char *list = "";
    *ret_reason = reason == NULL ? NULL : reason->code;
    if (text == NULL || reason != NULL)
        return EXIT_CODE_DONE;
    for (reason = reasons; reason->code != NULL; reason++)
        list =
            arena_printf(&session->arena, "%s%s%s", list, *list == '\0' ? "" : ", ", reason->code);
    return session_refuse(session, "--reason %.60s: there are %s", text, list);
}

static ExitCode read_topic(Session *session, const char **ret_topic)
{
    const char *text = arguments_option(&session->arguments, "--topic");
    const char *prefix = config_text(session->config, "CPOR_TOPIC_PREFIX");
    const char *list = "";
    *ret_topic = NULL;
    if (text == NULL)
        return EXIT_CODE_DONE;
    const bool has_prefix = strncmp(text, prefix, strlen(prefix)) == 0;
    const char *name = has_prefix ? text + strlen(prefix) : text;
    for (const WorkerTopics *worker = worker_topics; worker->service != NULL; worker++)
        for (const char *const *topic = worker->topics; *topic != NULL; topic++) {
            if (strcmp(*topic, name) == 0)
                *ret_topic = *topic;
            list = arena_printf(&session->arena, "%s%s%s", list, *list == '\0' ? "" : ", ", *topic);
        }
    return *ret_topic != NULL
               ? EXIT_CODE_DONE
               : session_refuse(session, "--topic %.60s: workers read %s", text, list);
}

ExitCode dlq_filter_read(Session *session, DlqFilter *ret_filter)
{
    ExitCode code = read_reason(session, &ret_filter->reason);
    if (code == EXIT_CODE_DONE)
        code = read_topic(session, &ret_filter->topic);
    if (code == EXIT_CODE_DONE)
        code = option_instant(session, "--since", &ret_filter->since_ms);
    return code;
}

bool dlq_filter_fits(const DlqFilter *filter, const DlqLetter *letter)
{
    return (filter->reason == NULL || strcmp(filter->reason, letter->reason) == 0) &&
           (filter->topic == NULL || strcmp(filter->topic, letter->topic) == 0) &&
           (filter->since_ms == 0 || letter->received_at_ms >= filter->since_ms);
}

static bool word_number(const char *text, int64_t max, int64_t *ret_value)
{
    char *end = NULL;
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 18 || *text == '\0')
        return false;
    *ret_value = strtoll(text, &end, 10);
    return *ret_value <= max;
}

ExitCode dlq_words(const Session *session, int32_t *ret_partition, int64_t *ret_offset)
{
    const Arguments *arguments = &session->arguments;
    int64_t partition = 0;
    if (arguments->word_count != 2)
        return session_refuse(session, "which one? PARTITION and OFFSET, as cporctl dlq list "
                                       "tells them");
    if (!word_number(arguments->words[0], INT32_MAX, &partition))
        return session_refuse(session, "%.60s: PARTITION is a number", arguments->words[0]);
    if (!word_number(arguments->words[1], INT64_MAX, ret_offset))
        return session_refuse(session, "%.60s: OFFSET is a number", arguments->words[1]);
    *ret_partition = (int32_t)partition;
    return EXIT_CODE_DONE;
}

/* ---- JSON ---- */

static void write_origin(JsonWriter *writer, const DlqLetter *letter)
{
    writer_key(writer, "origin");
    if (!letter->is_workers) {
        writer_text(writer, NULL);
        return;
    }
    writer_open(writer, '{');
    writer_member_text(writer, "topic", letter->topic);
    writer_member_integer(writer, "partition", letter->origin_partition);
    writer_member_integer(writer, "offset", letter->origin_offset);
    writer_close(writer, '}');
}

void dlq_write_letter(JsonWriter *writer, const DlqLetter *letter)
{
    writer_member_integer(writer, "partition", letter->partition);
    writer_member_integer(writer, "offset", letter->offset);
    writer_member_or_null(writer, "reason", letter->reason);
    writer_member_or_null(writer, "detail", letter->detail);
    writer_member_or_null(writer, "service", letter->service);
    write_origin(writer, letter);
    writer_member_instant(writer, "received_at", letter->received_at_ms);
    writer_member_or_null(writer, "type", letter->type);
    writer_member_or_null(writer, "id", letter->id);
    writer_member_or_null(writer, "subject", letter->subject);
    writer_member_integer(writer, "value_size", (int64_t)letter->value_size);
    writer_key(writer, "cut");
    writer_boolean(writer, letter->is_cut);
}
