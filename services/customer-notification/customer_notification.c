/* customer_notification.c - look, send, then record: locks are never held while mail is sent. */
#include "customer_notification.h"

#include "claim/outbound.h"
#include "claim/transition.h"
#include "runtime/crash_point.h"
#include "runtime/log.h"
#include "runtime/metrics.h"

#include <stdio.h>
#include <string.h>

const ConfigItem notification_config_items[] = {
    STORE_CONFIG_ITEMS,
    TOKEN_CONFIG_ITEMS,
    {"CPOR_SMTP_URL", "smtp://127.0.0.1:25", CONFIG_SECRET, 0, 0, "mail server"},
    {"CPOR_SMTP_STARTTLS", "false", CONFIG_BOOLEAN, 0, 0, "require STARTTLS, verified"},
    {"CPOR_SMTP_CA_FILE", "", CONFIG_TEXT, 0, 0,
     "PEM file of the CA that the server's certificate must be of; empty: the system's"},
    {"CPOR_SMTP_TIMEOUT_MS", "30000", CONFIG_INTEGER, 100, 60000, "of one message"},
    {"CPOR_SMTP_CONNECTIONS", "4", CONFIG_INTEGER, 1, MAIL_SENDER_COUNT_MAX,
     "connections to the mail server"},
    {"CPOR_MAIL_FROM", "partner-of-record@cpor.example", CONFIG_TEXT, 0, 0, "sender's address"},
    {"CPOR_MAIL_FROM_NAME", "Partner of Record", CONFIG_TEXT, 0, 0, "sender's name"},
    {"CPOR_OPT_OUT_URL", "http://127.0.0.1:8080/opt-out", CONFIG_TEXT, 0, 0,
     "where opt-out-expiry serves the page, as the customer reaches it"},
    {"CPOR_NOTICE_GIVE_UP_DAYS", "5", CONFIG_INTEGER, 1, 60,
     "temporary refusals for so long make the contact unreachable"},
    {.name = NULL},
};

static void open_metrics(Notification *notification)
{
    const char *help = "notices by the mail server's answer";
    notification->accepted = metrics_counter("notices_total", "answer=\"accepted\"", help);
    notification->temporary = metrics_counter("notices_total", "answer=\"temporary\"", help);
    notification->permanent = metrics_counter("notices_total", "answer=\"permanent\"", help);
    notification->calendar_ended =
        metrics_counter("notices_held_total", "", "notices that wait for a newer calendar");
}

static bool open_senders(Notification *notification, const Config *config, Error *reterr)
{
    const size_t count = (size_t)config_integer(config, "CPOR_SMTP_CONNECTIONS");
    const SmtpSettings settings = {
        .url = config_text(config, "CPOR_SMTP_URL"),
        .starttls = config_boolean(config, "CPOR_SMTP_STARTTLS"),
        .ca_file = config_text(config, "CPOR_SMTP_CA_FILE"),
        .timeout_ms = (int)config_integer(config, "CPOR_SMTP_TIMEOUT_MS"),
    };
    notification->from = config_text(config, "CPOR_MAIL_FROM");
    for (size_t i = 0; i < count; i++) {
        if (!smtp_open(&settings, &notification->senders[i], reterr))
            return false;
        notification->sender_count++;
    }
    return true;
}

bool notification_open(Worker *worker, void *state, Error *reterr)
{
    Notification *notification = state;
    const Config *config = worker_config(worker);
    char path[4096];
    snprintf(path, sizeof path, "%s/products.json", worker_share_dir(worker, "catalogue"));
    notification->give_up_ms =
        config_integer(config, "CPOR_NOTICE_GIVE_UP_DAYS") * 24 * 3600 * 1000;
    open_metrics(notification);
    arena_init(&notification->chunk_arena);
    return store_open(&notification->store, worker, reterr) &&
           catalogue_open(path, &notification->catalogue, reterr) &&
           notice_templates_open(worker_share_dir(worker, "templates"), &notification->templates,
                                 reterr) &&
           store_open_token_keys(worker, &notification->keys, reterr) &&
           open_senders(notification, config, reterr);
}

/* A bad file keeps all that is there. */
bool notification_reload(Worker *worker, void *state, Error *reterr)
{
    Notification *notification = state;
    Catalogue *catalogue = NULL;
    NoticeTemplates *templates = NULL;
    char path[4096];
    snprintf(path, sizeof path, "%s/products.json", worker_share_dir(worker, "catalogue"));
    if (!catalogue_open(path, &catalogue, reterr) ||
        !notice_templates_open(worker_share_dir(worker, "templates"), &templates, reterr) ||
        !store_reload(&notification->store, reterr)) {
        catalogue_release(&catalogue);
        notice_templates_release(&templates);
        return false;
    }
    catalogue_release(&notification->catalogue);
    notice_templates_release(&notification->templates);
    notification->catalogue = catalogue;
    notification->templates = templates;
    return true;
}

void notification_close(Worker *worker, void *state)
{
    Notification *notification = state;
    (void)worker;
    for (size_t i = 0; i < notification->sender_count; i++)
        smtp_release(&notification->senders[i]);
    token_keys_release(&notification->keys);
    notice_templates_release(&notification->templates);
    catalogue_release(&notification->catalogue);
    arena_deinit(&notification->chunk_arena);
    store_close(&notification->store);
}

/* ---- decide ---- */

bool notification_wants(const Event *event, const Claim *claim)
{
    if (claim->status != CLAIM_VALIDATED)
        return false;
    if (event->type == EVENT_NOTICE_RETRY_DUE)
        return claim->notice_retry_at_ms != 0 && event->at_ms >= claim->notice_retry_at_ms;
    return event->revision == claim->revision && claim->notice_retry_at_ms == 0;
}

/* The instant of acceptance opens the window; its end is fixed here. */
static bool open_window(const Notification *notification, Claim *claim, const Mail *mail)
{
    const int64_t at_ms = mail->answered_at_ms;
    const Store *store = &notification->store;
    const Calendar *calendar =
        calendar_resolve(store->calendars, claim->country, "", store->default_country);
    CalendarDeadline deadline;
    Error error = {0};
    if (!calendar_deadline(store->calendars, calendar, claim->time_zone, at_ms,
                           store->business_day_count, &deadline, &error))
        return false;
    if (mail->recalled_deadline_at_ms != 0)
        deadline.deadline_at_ms = mail->recalled_deadline_at_ms;
    claim->notified_at_ms = at_ms;
    snprintf(claim->calendar_id, sizeof claim->calendar_id, "%s", deadline.calendar_id);
    snprintf(claim->calendar_version, sizeof claim->calendar_version, "%s",
             deadline.calendar_version);
    for (size_t i = 0; i < claim->line_count; i++)
        if (line_move(&claim->lines[i], LINE_NOTIFY, CODE_NONE, at_ms))
            claim->lines[i].deadline_at_ms = deadline.deadline_at_ms;
    return true;
}

static void bounce(Claim *claim, Arena *arena, int64_t at_ms)
{
    const Finding finding = {.code = CODE_CONTACT_UNREACHABLE,
                             .kind = FINDING_QUESTION,
                             .path = "/customer/contact/email",
                             .message = "The notice cannot be delivered to this contact; resubmit "
                                        "with one who can be reached."};
    claim_add_finding(claim, arena, &finding);
    for (size_t i = 0; i < claim->line_count; i++)
        (void)!line_move(&claim->lines[i], LINE_BOUNCE, CODE_NONE, at_ms);
}

/* One minute, then twice as long each time, at most four hours. */
static int64_t retry_pause_ms(int32_t failure_count)
{
    const int64_t minute_ms = INT64_C(60) * 1000;
    return failure_count >= 8 ? 240 * minute_ms : minute_ms << failure_count;
}

static void try_later(Change *change, bool counts, int64_t pause_ms)
{
    Claim *claim = change->entry->claim;
    if (counts && claim->notice_failed_since_ms == 0)
        claim->notice_failed_since_ms = change->at_ms;
    claim->notice_retry_at_ms = change->at_ms + pause_ms;
    if (counts)
        claim->notice_failure_count++;
    change_end(change, CHANGE_SILENT);
}

static void decide_answered(Work *work, const Notification *notification, const Mail *mail,
                            Entry *entry)
{
    Claim *claim = entry->claim;
    Change change = change_begin(work, mail->event, entry, mail->answered_at_ms);
    claim->notice_retry_at_ms = 0;
    const bool gave_up =
        mail->reply.answer == SMTP_TEMPORARY && claim->notice_failed_since_ms != 0 &&
        mail->answered_at_ms - claim->notice_failed_since_ms >= notification->give_up_ms;
    if (mail->reply.answer == SMTP_ACCEPTED) {
        if (!open_window(notification, claim, mail)) {
            try_later(
                &change, false,
                CALENDAR_PAUSE_MS); /* the calendar ended between the look and the acceptance */
            return;
        }
        const Outcome opened = outbound_claim_event(EVENT_WINDOW_OPENED, claim, change.at_ms,
                                                    mail->event->record, work->arena);
        change_add(&change, &opened);
        metric_add(notification->accepted, mail->recalled_deadline_at_ms == 0);
    } else if (mail->reply.answer == SMTP_TEMPORARY && !gave_up) {
        metric_add(notification->temporary, 1);
        if (mail->reply.about_sender) /* no contact is to blame: the operator is told */
            log_write(LOG_WARNING, "sender-refused", "claim_id=%s reply=\"%s\"", claim->claim_id,
                      mail->reply.text);
        try_later(&change, true, retry_pause_ms(claim->notice_failure_count));
        return;
    } else {
        metric_add(notification->permanent, 1);
        bounce(claim, work->arena, mail->answered_at_ms);
    }
    (void)change_end(&change, CHANGE_IF_MOVED);
}

static const Mail *find_mail(const Mail *mails, size_t count, const Event *event)
{
    for (size_t i = 0; i < count; i++)
        if (mails[i].event == event)
            return &mails[i];
    return NULL;
}

static void decide(Work *work, const Notification *notification, const Event *event,
                   const Mail *mail)
{
    Entry *entry = work_entry(work, event->tenant_id, event->claim_id);
    const bool is_wake = event->type == EVENT_NOTICE_RETRY_DUE;
    if (entry == NULL && !is_wake)
        batch_add_dead_letter(work->batch, event->record, "UNKNOWN_CLAIM",
                              "no claim with this tenant_id and claim_id is in the database");
    if (entry == NULL || work_meet(work, event) != MEETING_NEW)
        return;
    if (!notification_wants(event, entry->claim)) {
        if (!is_wake || mail != NULL)
            work_ignore(work, event,
                        mail != NULL && mail->answered
                            ? "the notice went out, but the claim moved meanwhile"
                            : "no notice is due any more");
    } else if (mail != NULL && mail->answered) {
        decide_answered(work, notification, mail, entry);
    } else if (mail != NULL && mail->hold_ms > 0) {
        Change change = change_begin(work, event, entry, event->receipt_at_ms);
        change.at_ms = clock_now(worker_clock(notification->store.worker));
        try_later(&change, false, mail->hold_ms);
    }
}

/* ---- the step, a chunk at a time, so that a crash repeats few mails ---- */

static void chunk_init(Work *work, const Work *whole, Batch *batch, size_t first)
{
    work_init(work, whole->store, batch);
    work->is_partial = true; /* a mail that was put off is met again */
    const size_t rest = whole->event_count - first;
    work->events = whole->events + first;
    work->event_count = rest < NOTICE_CHUNK_COUNT ? rest : NOTICE_CHUNK_COUNT;
    work->is_last = work->event_count == rest;
}

static bool chunk_load(Work *work, Error *reterr)
{
    if (!work_begin(work, reterr))
        return false;
    for (size_t i = 0; i < work->event_count; i++)
        work_want(work, work->events[i].tenant_id, work->events[i].claim_id);
    return work_load(work, reterr);
}

static bool chunk_look(Work *work, const Notification *notification, Mail **ret_mails,
                       size_t *ret_count, Error *reterr)
{
    const bool done = chunk_load(work, reterr) &&
                      mails_prepare(work, notification, ret_mails, ret_count, reterr) &&
                      mails_recall(work, *ret_mails, *ret_count, reterr);
    database_rollback(work->database);
    return done;
}

static bool chunk_record(Work *work, const Notification *notification, const Mail *mails,
                         size_t count, bool all_sent, Error *reterr)
{
    if (!chunk_load(work, reterr))
        return false;
    for (size_t i = 0; i < work->event_count; i++) {
        const Mail *mail = find_mail(mails, count, &work->events[i]);
        if (all_sent || (mail != NULL && (mail->answered || mail->hold_ms > 0)))
            decide(work, notification, &work->events[i], mail);
    }
    work->is_last &= all_sent;
    return work_save(work, reterr);
}

static bool chunk_handle(const Work *whole, const Notification *notification, Batch *look_batch,
                         size_t first, int64_t deadline_mono_ms, Error *reterr)
{
    Work look, record;
    Mail *mails = NULL;
    size_t count = 0;
    Error send_error = {0};
    chunk_init(&look, whole, look_batch, first);
    if (!chunk_look(&look, notification, &mails, &count, reterr))
        return false;
    const bool all_sent = mails_send(notification, mails, count, deadline_mono_ms, &send_error);
    crash_point(CRASH_AFTER_MAILS);
    chunk_init(&record, whole, whole->batch, first);
    if (!chunk_record(&record, notification, mails, count, all_sent, reterr)) {
        database_rollback(record.database);
        return false;
    }
    if (!all_sent) /* what was accepted is recorded; the rest comes with the next try */
        *reterr = send_error;
    return all_sent;
}

/* A server that answers slowly, but answers, must not keep us from the group and from /healthz:
 * behind NOTICE_BATCH_MS what was sent is recorded, and the next try goes on with the others. */
bool notification_handle(Worker *worker, void *state, Batch *batch, Error *reterr)
{
    const int64_t deadline_mono_ms = clock_mono_now() + NOTICE_BATCH_MS;
    Notification *notification = state;
    Work work;
    (void)worker;
    work_init(&work, &notification->store, batch);
    bool done = work_decode(&work, NULL, reterr);
    /* Once at least: where no record can be read, the positions move on all the same. */
    for (size_t first = 0; done && (first == 0 || first < work.event_count);
         first += NOTICE_CHUNK_COUNT) {
        if (first > 0 && clock_mono_now() >= deadline_mono_ms)
            return error_set(reterr, ERROR_RETRY,
                             "send mail: the server is slow, the records behind %zu of %zu wait for"
                             " the next try",
                             first, work.event_count);
        Batch look_batch = *batch; /* what the look allocates is gone with the chunk */
        look_batch.arena = &notification->chunk_arena;
        done = chunk_handle(&work, notification, &look_batch, first, deadline_mono_ms, reterr);
        arena_reset(&notification->chunk_arena);
    }
    return done;
}
