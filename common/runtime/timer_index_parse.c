/* timer_index_parse.c - see timer_index_parse.h. */
#include "timer_index_parse.h"

#include <stdlib.h>
#include <string.h>

/* Scores are doubles: exact up to here, which is past year 9999. */
static const int64_t due_at_ms_limit = (int64_t)1 << 53;

bool timer_is_valid(const Timer *timer)
{
    const size_t size = strnlen(timer->member, TIMER_MEMBER_SIZE);
    if (size == 0 || size == TIMER_MEMBER_SIZE)
        return false;
    for (size_t i = 0; i < size; i++)
        if (timer->member[i] < 0x20 || timer->member[i] > 0x7e)
            return false;
    return timer->due_at_ms > -due_at_ms_limit && timer->due_at_ms < due_at_ms_limit;
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
    return score_parse(score, &ret_timer->due_at_ms) && timer_is_valid(ret_timer) &&
           strlen(ret_timer->member) == (size_t)member->len;
}

bool timer_claim_parse(const redisReply *reply, size_t count_max, Timer *ret_timers,
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
