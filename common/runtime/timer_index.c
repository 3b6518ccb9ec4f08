/*
 * timer_index.c - the adapter of hiredis: one connection, made at first use and after errors.
 *
 * hiredis 0.14 writes with write(2): the process must ignore SIGPIPE, or a server that goes away
 * ends it.
 */
#include "timer_index.h"

#include "metrics.h"
#include "redis_reply.h"
#include "redis_url.h"
#include "timer_index_parse.h"
#include "timer_index_script.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum {
    PREFIX_SIZE = 64,
    KEY_SIZE = 96,
    RUN_ID_SIZE = 64,
    CHUNK_COUNT_MAX = 500,   /* timers of one command */
    PIPELINE_COUNT_MAX = 16, /* commands on their way: bounds the output buffer */
};

/* One command over up to CHUNK_COUNT_MAX timers; kept in the index, so that arming allocates
 * nothing here. */
typedef struct Command {
    int argument_count;
    const char *arguments[2 + 2 * CHUNK_COUNT_MAX];
    size_t argument_sizes[2 + 2 * CHUNK_COUNT_MAX];
    char texts[CHUNK_COUNT_MAX][NUMBER_SIZE + TIMER_MEMBER_SIZE];
} Command;

struct TimerIndex {
    RedisUrl url;
    char prefix[PREFIX_SIZE];
    struct timeval timeout;
    redisContext *context;          /* owned; NULL: connect at next use */
    bool is_checking;               /* a worker starts: what is set up wrongly ends it */
    char run_id[RUN_ID_SIZE];       /* of the instance that context is connected to */
    char scripts[SCRIPT_COUNT][41]; /* their SHA-1, as that instance named them */
    Command command;
};

static void reply_release(redisReply **reply)
{
    if (*reply != NULL)
        freeReplyObject(*reply);
    *reply = NULL;
}

#define CLEANUP_REPLY __attribute__((cleanup(reply_release)))

static void index_disconnect(TimerIndex *index)
{
    if (index->context != NULL)
        redisFree(index->context);
    index->context = NULL;
}

/* What Redis refuses while we work may heal, and Redis is only an index: a worker goes on without
 * it. Where one starts, somebody is there to be told. */
static ErrorClass setup_class(const TimerIndex *index)
{
    return index->is_checking ? ERROR_FATAL : ERROR_RETRY;
}

static void refusal_count(const RedisRefusal *refusal)
{
    char labels[METRICS_LABELS_SIZE];
    snprintf(labels, sizeof labels, "reason=\"%s\"", refusal->reason);
    metric_add(metrics_counter("redis_refused_total", labels, "answers of Redis that refuse"), 1);
}

static void refusal_set(const TimerIndex *index, const char *verb, const char *text, Error *reterr)
{
    const RedisRefusal *refusal = redis_refusal(text);
    error_set(reterr, refusal->is_setup ? setup_class(index) : ERROR_RETRY,
              "%s: Redis says %.200s%s", verb, text, refusal->advice);
    refusal_count(refusal);
}

/* After any error the connection is given up: what it still has to say belongs to nobody, and a
 * fail-over may have made the server a replica. */
static bool index_fail(TimerIndex *index, const char *verb, const redisReply *reply, Error *reterr)
{
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
        refusal_set(index, verb, reply->str, reterr);
    else if (reply != NULL)
        error_set(reterr, ERROR_RETRY, "%s: unexpected reply of type %d", verb, reply->type);
    else if (index->context->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK))
        error_set(reterr, ERROR_RETRY, "%s: Redis at %s:%d timed out", verb, index->url.host,
                  index->url.port);
    else
        error_set(reterr, ERROR_RETRY, "%s: Redis at %s:%d: %s", verb, index->url.host,
                  index->url.port, index->context->errstr);
    index_disconnect(index);
    return false;
}

/* Send a command and keep its reply, which must be of the type that is expected. */
static bool index_ask(TimerIndex *index, const char *verb, int type, int count,
                      const char **arguments, redisReply **ret_reply, Error *reterr)
{
    CLEANUP_REPLY redisReply *reply = redisCommandArgv(index->context, count, arguments, NULL);
    if (reply == NULL || reply->type != type)
        return index_fail(index, verb, reply, reterr);
    *ret_reply = reply;
    reply = NULL;
    return true;
}

static bool index_login(TimerIndex *index, Error *reterr)
{
    const RedisUrl *url = &index->url;
    CLEANUP_REPLY redisReply *answer = NULL;
    CLEANUP_REPLY redisReply *selected = NULL;
    if (url->password[0] != '\0') {
        const bool named = url->user[0] != '\0';
        const char *words[] = {"AUTH", named ? url->user : url->password, url->password};
        if (!index_ask(index, "log in", REDIS_REPLY_STATUS, named ? 3 : 2, words, &answer, reterr))
            return false;
    }
    if (url->db == 0)
        return true;
    char db[NUMBER_SIZE];
    snprintf(db, sizeof db, "%d", url->db);
    return index_ask(index, "select database", REDIS_REPLY_STATUS, 2,
                     (const char *[]){"SELECT", db}, &selected, reterr);
}

static bool index_load_scripts(TimerIndex *index, Error *reterr)
{
    for (int i = 0; i < SCRIPT_COUNT; i++) {
        CLEANUP_REPLY redisReply *reply = NULL;
        if (!index_ask(index, "load script", REDIS_REPLY_STRING, 3,
                       (const char *[]){"SCRIPT", "LOAD", timer_scripts[i]}, &reply, reterr))
            return false;
        snprintf(index->scripts[i], sizeof index->scripts[i], "%s", reply->str);
    }
    return true;
}

/* What INFO tells of one section; the caller releases *ret_reply. */
static bool index_ask_info(TimerIndex *index, const char *section, redisReply **ret_reply,
                           Error *reterr)
{
    return index_ask(index, "read INFO", REDIS_REPLY_STRING, 2, (const char *[]){"INFO", section},
                     ret_reply, reterr);
}

/* A server that restarts loses its connections: asking once per connection is enough. */
static bool index_read_server(TimerIndex *index, Error *reterr)
{
    char mode[RUN_ID_SIZE];
    CLEANUP_REPLY redisReply *reply = NULL;
    if (!index_ask_info(index, "server", &reply, reterr))
        return false;
    const bool named = redis_info_read(reply->str, "run_id", index->run_id, sizeof index->run_id);
    const bool told = redis_info_read(reply->str, "redis_mode", mode, sizeof mode);
    if (named && (!told || strcmp(mode, "standalone") == 0))
        return true;
    index_disconnect(index);
    return error_set(reterr, setup_class(index), "open timer index: Redis at %s:%d %s%s%s",
                     index->url.host, index->url.port, named ? "runs in mode " : "has no run_id",
                     named ? mode : "",
                     " (give CPOR_REDIS_URL a single server without cluster mode: the timers of "
                     "all claims fit into one)");
}

static bool index_connect(TimerIndex *index, Error *reterr)
{
    if (index->context != NULL)
        return true;
    index->context = redisConnectWithTimeout(index->url.host, index->url.port, index->timeout);
    if (index->context == NULL)
        return error_set(reterr, ERROR_RETRY, "connect to Redis: out of memory");
    if (index->context->err != 0 || redisSetTimeout(index->context, index->timeout) != REDIS_OK)
        return index_fail(index, "connect", NULL, reterr);
    return index_login(index, reterr) && index_read_server(index, reterr) &&
           index_load_scripts(index, reterr);
}

bool timer_index_open(const char *url, const char *prefix, int timeout_ms, TimerIndex **ret_index,
                      Error *reterr)
{
    RedisUrl parsed;
    if (!redis_url_parse(url, &parsed, reterr))
        return false;
    if (strlen(prefix) >= PREFIX_SIZE || timeout_ms < 1)
        return error_set(reterr, ERROR_FATAL,
                         "open timer index: prefix over %d bytes or time-out below 1 ms",
                         PREFIX_SIZE - 1);
    TimerIndex *index = calloc(1, sizeof *index);
    if (index == NULL)
        return error_set(reterr, ERROR_FATAL, "open timer index: out of memory");
    index->url = parsed;
    index->timeout.tv_sec = timeout_ms / 1000;
    index->timeout.tv_usec = timeout_ms % 1000 * 1000L;
    snprintf(index->prefix, sizeof index->prefix, "%s", prefix);
    *ret_index = index;
    return true;
}

void timer_index_release(TimerIndex **index)
{
    if (*index == NULL)
        return;
    index_disconnect(*index);
    explicit_bzero((*index)->url.password, sizeof(*index)->url.password);
    free(*index);
    *index = NULL;
}

int timer_shard(const char *tenant_id)
{
    uint64_t hash = 14695981039346656037u;
    for (const char *c = tenant_id; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    return (int)(hash % TIMER_SHARD_COUNT);
}

static void key_format(const TimerIndex *index, const char *kind, int shard, char key[KEY_SIZE])
{
    snprintf(key, KEY_SIZE, "%s%s:%d", index->prefix, kind, shard);
}

static void command_add(Command *command, const char *argument)
{
    command->arguments[command->argument_count] = argument;
    command->argument_sizes[command->argument_count] = strlen(argument);
    command->argument_count++;
}

/* Adds one timer to a command; text is room of its own for it. */
typedef void TimerFormat(Command *command, const Timer *timer, char *text, size_t text_size);

static void format_arm(Command *command, const Timer *timer, char *text, size_t text_size)
{
    snprintf(text, text_size, "%" PRId64, timer->due_at_ms);
    command_add(command, text);
    command_add(command, timer->member);
}

/* As the claim's script names a lease: one armed again with another due instant is not it. */
static void format_remove(Command *command, const Timer *timer, char *text, size_t text_size)
{
    snprintf(text, text_size, "%" PRId64 "|%s", timer->due_at_ms, timer->member);
    command_add(command, text);
}

/* A change of many timers: "ZADD timers score member …" or "ZREM leases lease …". */
typedef struct Change {
    const char *verb; /* for errors */
    const char *command;
    const char *kind; /* of key */
    TimerFormat *format;
} Change;

static bool change_append(TimerIndex *index, const Change *change, const char *key,
                          const Timer *timers, size_t count, Error *reterr)
{
    Command *command = &index->command;
    command->argument_count = 0;
    command_add(command, change->command);
    command_add(command, key);
    for (size_t i = 0; i < count; i++) {
        if (!timer_is_valid(&timers[i])) {
            index_disconnect(index); /* commands may already be on their way */
            return error_set(reterr, ERROR_FATAL, "%s: bad member or due instant %" PRId64,
                             change->verb, timers[i].due_at_ms);
        }
        change->format(command, &timers[i], command->texts[i], sizeof command->texts[i]);
    }
    if (redisAppendCommandArgv(index->context, command->argument_count, command->arguments,
                               command->argument_sizes) != REDIS_OK)
        return index_fail(index, change->verb, NULL, reterr);
    return true;
}

static bool change_read_replies(TimerIndex *index, const char *verb, int count, Error *reterr)
{
    for (int i = 0; i < count; i++) {
        CLEANUP_REPLY redisReply *reply = NULL;
        void *raw = NULL;
        if (redisGetReply(index->context, &raw) != REDIS_OK)
            return index_fail(index, verb, NULL, reterr);
        reply = raw;
        if (reply->type != REDIS_REPLY_INTEGER)
            return index_fail(index, verb, reply, reterr);
    }
    return true;
}

static bool index_change(TimerIndex *index, const Change *change, int shard, const Timer *timers,
                         size_t count, Error *reterr)
{
    char key[KEY_SIZE];
    if (count == 0)
        return true;
    if (!index_connect(index, reterr))
        return false;
    key_format(index, change->kind, shard, key);
    int waiting_count = 0;
    for (size_t done = 0; done < count;) {
        const size_t left = count - done;
        const size_t chunk = left < CHUNK_COUNT_MAX ? left : CHUNK_COUNT_MAX;
        if (!change_append(index, change, key, timers + done, chunk, reterr))
            return false;
        done += chunk;
        waiting_count++;
        if (waiting_count == PIPELINE_COUNT_MAX || done == count) {
            if (!change_read_replies(index, change->verb, waiting_count, reterr))
                return false;
            waiting_count = 0;
        }
    }
    return true;
}

bool timer_index_arm(TimerIndex *index, int shard, const Timer *timers, size_t count, Error *reterr)
{
    static const Change change = {"arm timers", "ZADD", "timers", format_arm};
    return index_change(index, &change, shard, timers, count, reterr);
}

bool timer_index_remove(TimerIndex *index, int shard, const Timer *timers, size_t count,
                        Error *reterr)
{
    static const Change change = {"remove timers", "ZREM", "leases", format_remove};
    return index_change(index, &change, shard, timers, count, reterr);
}

/* words: of EVALSHA from its third on; the first two are put in here. */
static bool index_run_script(TimerIndex *index, const char *verb, ScriptId script, int type,
                             const char **words, int count, redisReply **ret_reply, Error *reterr)
{
    words[0] = "EVALSHA";
    words[1] = index->scripts[script];
    CLEANUP_REPLY redisReply *reply = redisCommandArgv(index->context, count, words, NULL);
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR &&
        strncmp(reply->str, "NOSCRIPT", 8) == 0) { /* SCRIPT FLUSH */
        reply_release(&reply);
        words[0] = "EVAL";
        words[1] = timer_scripts[script];
        reply = redisCommandArgv(index->context, count, words, NULL);
    }
    if (reply == NULL || reply->type != type)
        return index_fail(index, verb, reply, reterr);
    *ret_reply = reply;
    reply = NULL;
    return true;
}

bool timer_index_claim(TimerIndex *index, int shard, int64_t now_ms, int lease_ms, size_t count_max,
                       Timer *ret_timers, size_t *ret_count, int64_t *ret_next_due_at_ms,
                       Error *reterr)
{
    if (count_max < 1 || count_max > TIMER_BATCH_COUNT_MAX || lease_ms < 1)
        return error_set(reterr, ERROR_FATAL,
                         "claim timers: count %zu or lease %d ms is off limits", count_max,
                         lease_ms);
    if (!index_connect(index, reterr))
        return false;
    char timers_key[KEY_SIZE], leases_key[KEY_SIZE];
    char now[NUMBER_SIZE], lease[NUMBER_SIZE], count[NUMBER_SIZE];
    key_format(index, "timers", shard, timers_key);
    key_format(index, "leases", shard, leases_key);
    snprintf(now, sizeof now, "%" PRId64, now_ms);
    snprintf(lease, sizeof lease, "%d", lease_ms);
    snprintf(count, sizeof count, "%zu", count_max);
    const char *words[] = {NULL, NULL, "2", timers_key, leases_key, now, lease, count};
    CLEANUP_REPLY redisReply *reply = NULL;
    if (!index_run_script(index, "claim timers", SCRIPT_CLAIM, REDIS_REPLY_ARRAY, words, 8, &reply,
                          reterr))
        return false;
    if (timer_claim_parse(reply, count_max, ret_timers, ret_count, ret_next_due_at_ms))
        return true;
    const RedisRefusal *refusal = redis_refusal("WRONGTYPE");
    refusal_count(refusal);
    return error_set(reterr, ERROR_RETRY, "claim timers: %s holds what is no timer%s", timers_key,
                     refusal->advice);
}

static bool marker_run(TimerIndex *index, int shard, ScriptId script, bool *ret_yes, Error *reterr)
{
    if (!index_connect(index, reterr))
        return false;
    char key[KEY_SIZE];
    key_format(index, "filled", shard, key);
    const char *words[] = {NULL, NULL, "1", key, index->run_id};
    CLEANUP_REPLY redisReply *reply = NULL;
    if (!index_run_script(index, "read marker", script, REDIS_REPLY_INTEGER, words, 5, &reply,
                          reterr))
        return false;
    *ret_yes = reply->integer == 1;
    return true;
}

bool timer_index_is_filled(TimerIndex *index, int shard, bool *ret_filled, Error *reterr)
{
    return marker_run(index, shard, SCRIPT_IS_FILLED, ret_filled, reterr);
}

bool timer_index_is_marked(TimerIndex *index, int shard, bool *ret_marked, Error *reterr)
{
    return marker_run(index, shard, SCRIPT_IS_MARKED, ret_marked, reterr);
}

bool timer_index_mark_filled(TimerIndex *index, int shard, Error *reterr)
{
    bool marked = false;
    if (!marker_run(index, shard, SCRIPT_MARK_FILLED, &marked, reterr))
        return false;
    if (!marked)
        return error_set(reterr, ERROR_RETRY,
                         "mark shard %d filled: Redis was emptied or restarted meanwhile", shard);
    return true;
}

bool timer_index_unmark(TimerIndex *index, int shard, Error *reterr)
{
    char key[KEY_SIZE];
    if (!index_connect(index, reterr))
        return false;
    key_format(index, "filled", shard, key);
    CLEANUP_REPLY redisReply *reply = NULL;
    return index_ask(index, "unmark shard", REDIS_REPLY_INTEGER, 2, (const char *[]){"DEL", key},
                     &reply, reterr);
}

bool timer_index_count(TimerIndex *index, int shard, int64_t *ret_count, Error *reterr)
{
    static const char *const kinds[] = {"timers", "leases"};
    int64_t count = 0;
    if (!index_connect(index, reterr))
        return false;
    for (size_t i = 0; i < 2; i++) {
        char key[KEY_SIZE];
        key_format(index, kinds[i], shard, key);
        CLEANUP_REPLY redisReply *reply = NULL;
        if (!index_ask(index, "count timers", REDIS_REPLY_INTEGER, 2,
                       (const char *[]){"ZCARD", key}, &reply, reterr))
            return false;
        count += reply->integer;
    }
    *ret_count = count;
    return true;
}

bool timer_index_check(TimerIndex *index, char ret_policy[TIMER_POLICY_SIZE], Error *reterr)
{
    CLEANUP_REPLY redisReply *reply = NULL;
    bool marked = false;
    index_disconnect(index);
    index->is_checking = true;
    const bool good = timer_index_is_marked(index, 0, &marked, reterr) &&
                      index_ask_info(index, "memory", &reply, reterr);
    index->is_checking = false;
    if (good)
        (void)redis_info_read(reply->str, "maxmemory_policy", ret_policy, TIMER_POLICY_SIZE);
    return good;
}
