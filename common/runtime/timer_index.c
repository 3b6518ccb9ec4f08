/*
 * timer_index.c - the adapter of hiredis: one connection, made at first use and after errors.
 *
 * hiredis 0.14 writes with write(2): the process must ignore SIGPIPE, or a server that goes away
 * ends it.
 */
#include "timer_index.h"

#include "redis_url.h"
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
    NUMBER_SIZE = 24,
    CHUNK_COUNT_MAX = 500,   /* timers of one command */
    PIPELINE_COUNT_MAX = 16, /* commands on their way: bounds the output buffer */
};

/* Scores are doubles: exact up to here, which is past year 9999. */
static const int64_t due_at_ms_limit = (int64_t)1 << 53;

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

/* What the server says → class. Whatever is not listed may heal: Redis is only an index, and a
 * worker goes on without it. */
static ErrorClass reply_class(const char *text)
{
    static const char *const fatal_starts[] = {
        "NOAUTH",           "WRONGPASS",           "NOPERM",
        "WRONGTYPE",        "ERR unknown command", "ERR invalid password",
        "ERR AUTH",         "ERR DB index",        "ERR Client sent AUTH",
        "ERR wrong number",
    };
    for (size_t i = 0; i < sizeof fatal_starts / sizeof fatal_starts[0]; i++)
        if (strncmp(text, fatal_starts[i], strlen(fatal_starts[i])) == 0)
            return ERROR_FATAL;
    return ERROR_RETRY;
}

/* What to do about a refusal that has one remedy, else "". */
static const char *reply_advice(const char *text)
{
    if (strncmp(text, "NOPERM", 6) == 0)
        return " (deploy/security/redis.acl has the rights that are needed)";
    if (strncmp(text, "WRONGPASS", 9) == 0 || strncmp(text, "NOAUTH", 6) == 0)
        return " (user and password are in CPOR_REDIS_URL)";
    return "";
}

/* After any error the connection is given up: what it still has to say belongs to nobody, and a
 * fail-over may have made the server a replica. */
static bool index_fail(TimerIndex *index, const char *verb, const redisReply *reply, Error *reterr)
{
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
        error_set(reterr, reply_class(reply->str), "%s: Redis says %.300s%s", verb, reply->str,
                  reply_advice(reply->str));
    else if (reply != NULL)
        error_set(reterr, ERROR_FATAL, "%s: unexpected reply of type %d", verb, reply->type);
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

/* A server that restarts loses its connections: asking once per connection is enough. */
static bool index_read_run_id(TimerIndex *index, Error *reterr)
{
    static const char field[] = "\nrun_id:";
    CLEANUP_REPLY redisReply *reply = NULL;
    if (!index_ask(index, "read run_id", REDIS_REPLY_STRING, 2, (const char *[]){"INFO", "server"},
                   &reply, reterr))
        return false;
    const char *found = strstr(reply->str, field);
    const char *run_id = found == NULL ? "" : found + sizeof field - 1;
    const size_t size = strcspn(run_id, "\r\n");
    if (size == 0 || size >= sizeof index->run_id) {
        index_disconnect(index);
        return error_set(reterr, ERROR_FATAL, "read run_id: INFO server has none");
    }
    snprintf(index->run_id, sizeof index->run_id, "%.*s", (int)size, run_id);
    return true;
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
    return index_login(index, reterr) && index_load_scripts(index, reterr) &&
           index_read_run_id(index, reterr);
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

static bool timer_is_valid(const Timer *timer)
{
    const size_t size = strnlen(timer->member, TIMER_MEMBER_SIZE);
    if (size == 0 || size == TIMER_MEMBER_SIZE)
        return false;
    for (size_t i = 0; i < size; i++)
        if (timer->member[i] < 0x20 || timer->member[i] > 0x7e)
            return false;
    return timer->due_at_ms > -due_at_ms_limit && timer->due_at_ms < due_at_ms_limit;
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

/* Redis writes a double that is an integer without point or exponent, up to 17 digits. */
static bool score_parse(const redisReply *reply, int64_t *ret_score)
{
    if (reply->type != REDIS_REPLY_STRING || reply->len < 1 || reply->len >= NUMBER_SIZE)
        return false;
    char *end = NULL;
    *ret_score = strtoll(reply->str, &end, 10);
    return *end == '\0';
}

static bool timer_parse(const redisReply *member, const redisReply *score, Timer *ret_timer)
{
    if (member->type != REDIS_REPLY_STRING || member->len < 1 || member->len >= TIMER_MEMBER_SIZE)
        return false;
    memcpy(ret_timer->member, member->str, (size_t)member->len + 1);
    return score_parse(score, &ret_timer->due_at_ms);
}

static bool claim_parse(const redisReply *reply, size_t count_max, Timer *ret_timers,
                        size_t *ret_count, int64_t *ret_next_due_at_ms)
{
    if (reply->elements != 2 || reply->element[1]->type != REDIS_REPLY_ARRAY)
        return false;
    const redisReply *due = reply->element[1];
    if (due->elements > 2 * count_max || due->elements % 2 != 0)
        return false;
    int64_t next_due_at_ms = INT64_MAX;
    const redisReply *next = reply->element[0];
    if (next->type != REDIS_REPLY_STRING || (next->len > 0 && !score_parse(next, &next_due_at_ms)))
        return false;
    for (size_t i = 0; i < due->elements / 2; i++)
        if (!timer_parse(due->element[2 * i], due->element[2 * i + 1], &ret_timers[i]))
            return false;
    *ret_count = due->elements / 2;
    *ret_next_due_at_ms = next_due_at_ms;
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
    if (!claim_parse(reply, count_max, ret_timers, ret_count, ret_next_due_at_ms))
        return error_set(reterr, ERROR_FATAL,
                         "claim timers: %s holds what is no timer (delete the key: it is refilled)",
                         timers_key);
    return true;
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
