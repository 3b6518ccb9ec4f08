/* store.c - a store's resources, and a unit of work's beginning. */
#include "store/store.h"

#include "runtime/crash_point.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "runtime/production.h"
#include "runtime/redis_reply.h"
#include "store/store_internal.h"

#include <stdio.h>
#include <string.h>

/* Redis away is no error: it is connected at first use. One that is set up for something else is,
 * where a worker starts; later nothing that Redis says is. */
static bool store_check_redis(const Store *store, char ret_policy[TIMER_POLICY_SIZE], Error *reterr)
{
    Error error = {0};
    ret_policy[0] = '\0';
    if (!timer_index_check(store->timers, ret_policy, &error)) {
        if (error.class == ERROR_RETRY)
            log_error(LOG_WARNING, "timers-unchecked", &error, "redis=away");
        *reterr = error;
        return error.class == ERROR_RETRY;
    }
    if (ret_policy[0] == '\0')
        log_write(LOG_WARNING, "redis-policy-unknown",
                  "advice=\"see that its maxmemory-policy is noeviction\"");
    return true;
}

/* Out: ret_refused_count  grows by the topics that are not kept as they must be; a line for each.
 */
static bool store_check_topics(const Store *store, size_t *ret_refused_count, Error *reterr)
{
    __attribute__((cleanup(arena_deinit))) Arena arena;
    KafkaTopicKept topics[KAFKA_KEPT_COUNT_MAX];
    size_t count;
    arena_init(&arena);
    if (!kafka_topics_kept(worker_kafka(store->worker), &arena, topics, &count, reterr))
        return false;
    for (size_t i = 0; i < count; i++) {
        const KafkaTopicKept *topic = &topics[i];
        const char *problem = production_topic_problem(topic->replication, topic->min_in_sync);
        if (problem == NULL)
            continue;
        log_write(LOG_ERROR, "production-refused",
                  "topic=%s replication=%d min_insync_replicas=%d problem=\"%s\"", topic->name,
                  topic->replication, topic->min_in_sync, problem);
        (*ret_refused_count)++;
    }
    return true;
}

/* The servers, as worker_config.c the settings: all at once, a line each. */
static bool store_check_servers(const Store *store, Error *reterr)
{
    char policy[TIMER_POLICY_SIZE];
    size_t refused_count = 0;
    if (!store_check_redis(store, policy, reterr))
        return false;
    if (!worker_is_production(store->worker))
        return true;
    if (redis_policy_evicts(policy)) {
        log_write(LOG_ERROR, "production-refused",
                  "redis_maxmemory_policy=%s problem=\"it drops timers when Redis is full, and "
                  "windows would close late (set noeviction)\"",
                  policy);
        refused_count++;
    }
    if (!store_check_topics(store, &refused_count, reterr))
        return false;
    return refused_count == 0 ||
           error_set(reterr, ERROR_FATAL,
                     "check servers: production refuses %zu things (a line before this tells each; "
                     "CPOR_ENV=development takes them)",
                     refused_count);
}

bool store_open(Store *store, Worker *worker, Error *reterr)
{
    const Config *config = worker_config(worker);
    store->worker = worker;
    store->default_country = config_text(config, "CPOR_DEFAULT_COUNTRY");
    store->business_day_count = (int)config_integer(config, "CPOR_BUSINESS_DAYS");
    store->reminder_day_count = (int)config_integer(config, "CPOR_ANSWER_REMINDER_DAYS");
    store->events_duplicate = metrics_counter(
        "events_duplicate_total", "", "publishers' duplicates: changed and published nothing");
    store->events_replayed = metrics_counter(
        "events_replayed_total", "", "records read again after a crash: same outcomes again");
    store->events_ignored = metrics_counter("events_ignored_total", "",
                                            "events that did not fit; see the history for why");
    store->timers_unarmed = metrics_counter("timers_unarmed_total", "",
                                            "timers left to the sweep because Redis was away");
    store->calendars_ending = metrics_gauge("calendars_ending", "",
                                            "calendars that end within 60 days; bring newer files");
    if (!store_open_signatures(store, reterr) || !store_reload(store, reterr))
        return false;
    return timer_index_open(
               config_text(config, "CPOR_REDIS_URL"), config_text(config, "CPOR_REDIS_PREFIX"),
               (int)config_integer(config, "CPOR_REDIS_TIMEOUT_MS"), &store->timers, reterr) &&
           store_check_servers(store, reterr);
}

bool store_reload(Store *store, Error *reterr)
{
    CalendarSet *calendars = NULL;
    if (!calendar_set_open(&calendars, worker_share_dir(store->worker, "calendars"), reterr))
        return false;
    if (calendar_find(calendars, store->default_country) == NULL) {
        calendar_set_release(&calendars);
        return error_set(reterr, ERROR_FATAL,
                         "open calendars: CPOR_DEFAULT_COUNTRY=%s has no file; name a country that "
                         "has one",
                         store->default_country);
    }
    calendar_set_release(&store->calendars);
    store->calendars = calendars;
    store_watch_calendars(store);
    return true;
}

void store_watch_calendars(Store *store)
{
    const int64_t now_ms = clock_now(worker_clock(store->worker));
    int64_t count = 0;
    for (size_t i = 0; i < calendar_count(store->calendars); i++)
        count += calendar_is_ending(calendar_at(store->calendars, i), now_ms);
    metric_set(store->calendars_ending, count);
}

bool store_open_token_keys(Worker *worker, TokenKeys **ret_keys, Error *reterr)
{
    const char *keys = config_text(worker_config(worker), "CPOR_OPT_OUT_KEYS");
    return token_keys_open(keys, ret_keys, reterr);
}

void store_close(Store *store)
{
    store_close_signatures(store);
    timer_index_release(&store->timers);
    calendar_set_release(&store->calendars);
}

void claim_key(const char *tenant_id, const char *claim_id, char ret_key[UUID_SIZE + CLAIM_ID_SIZE])
{
    snprintf(ret_key, UUID_SIZE + CLAIM_ID_SIZE, "%s/%s", tenant_id, claim_id);
}

void work_init(Work *work, Store *store, Batch *batch)
{
    *work = (Work){.store = store, .batch = batch, .arena = batch->arena};
    work->database = worker_database(store->worker);
    work->events = arena_new(work->arena, (batch->record_count + 1) * sizeof *work->events);
    text_map_init(&work->claims, work->arena);
    text_map_init(&work->wanted, work->arena);
    text_map_init(&work->causes, work->arena);
    text_map_init(&work->names, work->arena);
    text_map_init(&work->positions, work->arena);
    slot_book_init(&work->slots, work->arena);
}

static bool store_zone_is_valid(const void *context, const char *zone)
{
    return zone_is_valid(context, zone);
}

bool work_decode(Work *work, bool (*skip)(const Record *record), Error *reterr)
{
    const EventContext context = {.zone_is_valid = store_zone_is_valid,
                                  .zone_context = work->store->calendars,
                                  .gate = &work->store->gate};
    for (size_t i = 0; i < work->batch->record_count; i++) {
        const Record *record = &work->batch->records[i];
        Error error = {0};
        if (skip != NULL && skip(record))
            continue;
        Event *event = &work->events[work->event_count];
        *event = (Event){0};
        crash_point_record(record->value, record->value_size);
        if (event_decode(record, &context, work->arena, event, &error)) {
            work->event_count++;
        } else if (error.class == ERROR_REJECT) {
            batch_add_dead_letter(work->batch, record, arena_text(work->arena, error.code),
                                  arena_text(work->arena, error.text));
        } else {
            *reterr = error;
            return false;
        }
    }
    crash_point(CRASH_AFTER_DECODE);
    return true;
}

void work_want(Work *work, const char *tenant_id, const char *claim_id)
{
    char key[UUID_SIZE + CLAIM_ID_SIZE];
    claim_key(tenant_id, claim_id, key);
    if (text_map_get(&work->wanted, key) != NULL)
        return;
    const size_t room = work->wanted_room;
    size_t ids_room = room;
    work->wanted_tenants =
        arena_grow(work->arena, work->wanted_tenants, sizeof *work->wanted_tenants,
                   work->wanted_count, &work->wanted_room);
    work->wanted_ids = arena_grow(work->arena, work->wanted_ids, sizeof *work->wanted_ids,
                                  work->wanted_count, &ids_room);
    const char *claim = arena_text(work->arena, claim_id);
    work->wanted_tenants[work->wanted_count] = arena_text(work->arena, tenant_id);
    work->wanted_ids[work->wanted_count++] = claim;
    text_map_put(&work->wanted, key, arena_text(work->arena, claim_id));
}

Entry *work_entry(Work *work, const char *tenant_id, const char *claim_id)
{
    char key[UUID_SIZE + CLAIM_ID_SIZE];
    claim_key(tenant_id, claim_id, key);
    return text_map_get(&work->claims, key);
}

void work_add_entry(Work *work, Entry *entry)
{
    char key[UUID_SIZE + CLAIM_ID_SIZE];
    claim_key(entry->claim->tenant_id, entry->claim->claim_id, key);
    text_map_put(&work->claims, key, entry);
    work->entries = arena_grow(work->arena, work->entries, sizeof *work->entries, work->entry_count,
                               &work->entry_room);
    work->entries[work->entry_count++] = entry;
}

Entry *work_create(Work *work, const char *tenant_id, const char *claim_id)
{
    Entry *entry = arena_new(work->arena, sizeof *entry);
    entry->claim = arena_new(work->arena, sizeof *entry->claim);
    snprintf(entry->claim->tenant_id, sizeof entry->claim->tenant_id, "%s", tenant_id);
    snprintf(entry->claim->claim_id, sizeof entry->claim->claim_id, "%s", claim_id);
    work_add_entry(work, entry);
    return entry;
}

Claim *claim_copy(const Claim *claim, Arena *arena)
{
    Claim *copy = arena_new(arena, sizeof *copy);
    *copy = *claim;
    copy->lines = arena_new(arena, (claim->line_count + 1) * sizeof *copy->lines);
    if (claim->line_count > 0)
        memcpy(copy->lines, claim->lines, claim->line_count * sizeof *copy->lines);
    return copy;
}
