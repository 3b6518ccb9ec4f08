/* opt_out_expiry.c - the step of the log that decides, and the page's way into it. */
#include "opt_out_expiry.h"

#include "claim/json_writer.h"
#include "claim/uuid.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "timer_loop.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_APPEND_TIMEOUT_MS = 5000 };

const ConfigItem expiry_config_items[] = {
    STORE_CONFIG_ITEMS,
    TOKEN_CONFIG_ITEMS,
    TIMER_CONFIG_ITEMS,
    {"CPOR_KEPT_OPT_OUT_DAYS", "90", CONFIG_INTEGER, 1, 3650,
     "an opt-out for an unknown claim is kept so long, then it is a dead letter"},
    {.name = NULL},
};

/* ---- the page ---- */

static const char *opted_out_body(const TokenContent *content, const char *token, Arena *arena,
                                  size_t *ret_size)
{
    JsonWriter writer;
    writer_init(&writer, arena, 512);
    writer_open(&writer, '{');
    writer_member_text(&writer, "claim_id", content->claim_id);
    writer_member_text(&writer, "tenant_id", content->tenant_id);
    writer_member_text(&writer, "token", token);
    writer_key(&writer, "actor");
    writer_open(&writer, '{');
    writer_member_text(&writer, "type", "customer");
    writer_close(&writer, '}');
    writer_close(&writer, '}');
    return writer_finish(&writer, ret_size);
}

/* Runs on the HTTP server's thread. The same link pressed twice is one event. */
static bool append_opt_out(void *context, const TokenContent *content, const char *token,
                           int64_t *ret_at_ms, Error *reterr)
{
    Worker *worker = context;
    Arena arena;
    char id[UUID_SIZE];
    arena_init(&arena);
    uuid_event(arena_printf(&arena, "page/%s", token), id);
    Outcome outcome = {.topic = "opt-out-expiry",
                       .key = content->tenant_id,
                       .type = event_type_name(EVENT_CUSTOMER_OPTED_OUT),
                       .id = id,
                       .subject = content->claim_id,
                       .at_ms = clock_now(worker_clock(worker))};
    outcome.body = opted_out_body(content, token, &arena, &outcome.body_size);
    const bool done =
        kafka_append(worker_kafka(worker), &outcome, 1, PAGE_APPEND_TIMEOUT_MS, reterr);
    *ret_at_ms = clock_now(worker_clock(worker));
    arena_deinit(&arena);
    return done;
}

/* The worker asks for routes before the page is open, and lets nobody in until then. */
static void answer_get(const HttpRequest *request, HttpResponse *ret_response, void *context)
{
    opt_out_page_get(request, ret_response, ((Expiry *)context)->page);
}

static void answer_post(const HttpRequest *request, HttpResponse *ret_response, void *context)
{
    opt_out_page_post(request, ret_response, ((Expiry *)context)->page);
}

const HttpRoute *expiry_routes(Worker *worker, void *state)
{
    Expiry *expiry = state;
    (void)worker;
    expiry->routes[0] = (HttpRoute){"GET", "/opt-out", answer_get, expiry};
    expiry->routes[1] = (HttpRoute){"POST", "/opt-out", answer_post, expiry};
    return expiry->routes;
}

/* ---- open, close ---- */

static void open_token_metrics(Expiry *expiry)
{
    static const char *const places[] = {"log", "page"};
    Metric **metrics[] = {expiry->tokens_invalid, expiry->links_refused};
    for (size_t place = 0; place < sizeof places / sizeof places[0]; place++) {
        for (int i = TOKEN_GOOD + 1; i < TOKEN_VERDICT_COUNT; i++) {
            char labels[METRICS_LABELS_SIZE];
            snprintf(labels, sizeof labels, "place=\"%s\",reason=\"%s\"", places[place],
                     token_verdict_name((TokenVerdict)i));
            metrics[place][i] =
                metrics_counter("tokens_invalid_total", labels,
                                "links that were not honoured, and opt-outs' tokens");
        }
    }
}

bool expiry_open(Worker *worker, void *state, Error *reterr)
{
    Expiry *expiry = state;
    expiry->honoured_late = metrics_counter(
        "opt_outs_honoured_late_total", "",
        "opt-outs received in time but handled after the promotion, honoured all the same");
    expiry->kept = metrics_counter("opt_outs_kept_total", "", "opt-outs whose claim is not known");
    expiry->kept_now = metrics_gauge("opt_outs_kept", "", "opt-outs that wait for their claim now");
    expiry->kept_ms =
        config_integer(worker_config(worker), "CPOR_KEPT_OPT_OUT_DAYS") * 24 * 3600 * 1000;
    open_token_metrics(expiry);
    arena_init(&expiry->tick_arena);
    arena_init(&expiry->chunk_arena);
    timer_loop_open(&expiry->timers);
    if (!store_open(&expiry->store, worker, reterr) ||
        !store_open_token_keys(worker, &expiry->keys, reterr))
        return false;
    const OptOutPageOptions options = {
        .keys = expiry->keys,
        .programme_address = config_text(worker_config(worker), "CPOR_PROGRAMME_ADDRESS"),
        .refused = expiry->links_refused,
        .append = append_opt_out,
        .context = worker,
    };
    return opt_out_page_open(worker_share_dir(worker, "templates"), &options, &expiry->page,
                             reterr);
}

bool expiry_reload(Worker *worker, void *state, Error *reterr)
{
    (void)worker;
    return store_reload(&((Expiry *)state)->store, reterr);
}

void expiry_close(Worker *worker, void *state)
{
    Expiry *expiry = state;
    (void)worker;
    opt_out_page_release(&expiry->page);
    token_keys_release(&expiry->keys);
    store_close(&expiry->store);
    arena_deinit(&expiry->tick_arena);
    arena_deinit(&expiry->chunk_arena);
}

/* ---- the step ---- */

typedef enum StepAnswer {
    STEP_DONE,
    STEP_MUST_KEEP, /* nothing was done: again, with may_keep */
    STEP_TOO_MUCH,  /* likewise: with fewer records, or after settle_in_chunks */
} StepAnswer;

static bool expiry_step(Deciding *deciding, StepAnswer *ret_answer, Error *reterr)
{
    Work *work = deciding->work;
    *ret_answer = STEP_DONE;
    if (!work_begin(work, reterr) || !expiry_load(deciding, reterr))
        return false;
    if (deciding->is_too_much)
        *ret_answer = STEP_TOO_MUCH;
    else if (!deciding->may_keep && expiry_must_keep(deciding))
        *ret_answer = STEP_MUST_KEEP;
    if (*ret_answer != STEP_DONE)
        return true;
    for (size_t i = 0; i < work->event_count; i++)
        if (!expiry_decide(deciding, &work->events[i], reterr))
            return false;
    return expiry_save(deciding, reterr) && work_save(work, reterr);
}

/* One transaction over some of the batch's records; what it publishes is added to the batch. */
static bool expiry_try(Expiry *expiry, const Batch *piece, StepAnswer before, Batch *batch,
                       StepAnswer *ret_answer, Error *reterr)
{
    Batch tried = *piece;
    Work work;
    Deciding deciding = {.expiry = expiry,
                         .work = &work,
                         .may_keep = before == STEP_MUST_KEEP,
                         .takes_all = before == STEP_TOO_MUCH && piece->record_count == 1};
    work_init(&work, &expiry->store, &tried);
    work.settles = true;
    const bool done =
        work_decode(&work, NULL, reterr) && expiry_step(&deciding, ret_answer, reterr);
    if (!done || *ret_answer != STEP_DONE) {
        work_rollback(&work);
        return done;
    }
    tried.records = batch->records;
    tried.record_count = batch->record_count;
    *batch = tried;
    timer_loop_note(&expiry->timers, &work);
    return true;
}

/* Usually all records at once; half of them, and half again, where more is due than one
 * transaction should hold. What one batch publishes has a bound, too: a few hundred wake-ups of one
 * midnight may close any number of windows. */
bool expiry_handle(Worker *worker, void *state, Batch *batch, Error *reterr)
{
    Expiry *expiry = state;
    size_t first = 0, size = batch->record_count;
    StepAnswer answer = STEP_DONE;
    (void)worker;
    while (first < batch->record_count) {
        const size_t rest = batch->record_count - first;
        const StepAnswer before = answer;
        Batch piece = *batch;
        piece.records += first;
        piece.record_count = size < rest ? size : rest;
        if (before == STEP_TOO_MUCH && piece.record_count == 1 &&
            !settle_in_chunks(expiry, &piece, reterr))
            return false;
        if (!expiry_try(expiry, &piece, before, batch, &answer, reterr))
            return false;
        if (answer == STEP_DONE)
            first += piece.record_count;
        else if (answer == STEP_TOO_MUCH && piece.record_count > 1)
            size = piece.record_count / 2;
        if (batch->outcome_count >= OUTCOME_COUNT_MAX)
            batch_cut(batch, first);
    }
    return true;
}
