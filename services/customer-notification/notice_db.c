/* notice_db.c - what a notice says, from documents and reference data. */
#include "claim/strict_json.h"
#include "customer_notification.h"
#include "runtime/clock.h"
#include "runtime/metrics.h"

#include <string.h>

/* Who the notice is for and from: one row per claim. */
typedef struct NoticeRow {
    const char *document, *partner_name, *tenant_name, *tenant_locale;
} NoticeRow;

static bool load_rows(Work *work, TextMap *ret_rows, Error *reterr)
{
    static const DbStatement statement = {
        "notices-select",
        "select d.tenant_id || '/' || d.claim_id, d.document, p.name, t.name, t.locale"
        " from unnest($1::uuid[], $2::text[], $3::integer[], $4::text[])"
        " as w(tenant_id, claim_id, revision, mpn_id)"
        " join documents d on d.tenant_id = w.tenant_id and d.claim_id = w.claim_id"
        " and d.revision = w.revision left join partners p on p.mpn_id = w.mpn_id"
        " left join tenants t on t.tenant_id = w.tenant_id"};
    DbColumn columns[4];
    for (size_t i = 0; i < 4; i++)
        db_column_init(&columns[i], work->arena);
    for (size_t i = 0; i < work->entry_count; i++) {
        const Claim *claim = work->entries[i]->claim;
        db_column_add_text(&columns[0], claim->tenant_id);
        db_column_add_text(&columns[1], claim->claim_id);
        db_column_add_integer(&columns[2], claim->revision);
        db_column_add_text(&columns[3], claim->mpn_id);
    }
    const char *parameters[] = {db_column_literal(&columns[0]), db_column_literal(&columns[1]),
                                db_column_literal(&columns[2]), db_column_literal(&columns[3])};
    DbResult *result = NULL;
    text_map_init(ret_rows, work->arena);
    if (!database_run(work->database, &statement, parameters, 4, &result, reterr))
        return false;
    for (size_t i = 0; i < db_result_rows(result); i++) {
        NoticeRow *row = arena_new(work->arena, sizeof *row);
        *row = (NoticeRow){.document = arena_text(work->arena, db_text(result, i, 1)),
                           .partner_name = arena_text(work->arena, db_text(result, i, 2)),
                           .tenant_name = arena_text(work->arena, db_text(result, i, 3)),
                           .tenant_locale = arena_text(work->arena, db_text(result, i, 4))};
        text_map_put(ret_rows, db_text(result, i, 0), row);
    }
    db_result_release(&result);
    return true;
}

static size_t notice_items(const Claim *claim, const Catalogue *catalogue, NoticeItem *ret_items)
{
    size_t count = 0;
    for (size_t i = 0; i < claim->line_count; i++) {
        const Line *line = &claim->lines[i];
        if (line->status != LINE_VALIDATED)
            continue;
        const Product *product = catalogue_find(catalogue, line->code);
        ret_items[count++] = (NoticeItem){.name = product == NULL ? line->code : product->name,
                                          .detail = line->subscription_id};
    }
    return count;
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static void fill_notice(const Notification *notification, const Claim *claim,
                        const ClaimDocument *document, const NoticeRow *row, Arena *arena,
                        Notice *notice)
{
    const Config *config = worker_config(notification->store.worker);
    NoticeItem *items = arena_new(arena, (claim->line_count + 1) * sizeof *items);
    notice->claim_id = claim->claim_id;
    notice->claim_name = or_empty(document->claim_name);
    notice->revision = claim->revision;
    notice->tenant_id = claim->tenant_id;
    notice->tenant_name = row->tenant_name;
    notice->domain = claim->domain;
    notice->mpn_id = claim->mpn_id;
    notice->partner_name =
        document->partner_name != NULL ? document->partner_name : row->partner_name;
    notice->contact_name = or_empty(document->contact.name);
    notice->contact_email = or_empty(document->contact.email);
    notice->country = claim->country;
    notice->locale = document->locale != NULL    ? document->locale
                     : document->country != NULL ? ""
                                                 : row->tenant_locale;
    notice->shares_data = (claim->activities & ACTIVITY_REVENUE_ASSOCIATION) == 0;
    notice->items = items;
    notice->item_count = notice_items(claim, notification->catalogue, items);
    notice->programme_address = config_text(config, "CPOR_PROGRAMME_ADDRESS");
    notice->from_address = config_text(config, "CPOR_MAIL_FROM");
    notice->from_name = config_text(config, "CPOR_MAIL_FROM_NAME");
    notice->opt_out_url =
        arena_printf(arena, "%s?token=%s", config_text(config, "CPOR_OPT_OUT_URL"),
                     token_sign(notification->keys, claim->tenant_id, claim->claim_id,
                                claim->revision, notice->contact_email, arena));
}

/* The date that the mail names: by the clock now; the recorded one starts at the acceptance. */
static bool fill_deadline(const Notification *notification, const Claim *claim, Notice *notice,
                          Error *reterr)
{
    const Store *store = &notification->store;
    const Calendar *calendar =
        calendar_resolve(store->calendars, claim->country, "", store->default_country);
    CalendarDeadline deadline;
    if (!calendar_deadline(store->calendars, calendar, claim->time_zone,
                           clock_now(worker_clock(store->worker)), store->business_day_count,
                           &deadline, reterr))
        return false;
    notice->deadline_at_ms = deadline.deadline_at_ms;
    notice->zone = calendar_set_zone(store->calendars, deadline.zone_name);
    notice->date_ms = clock_now(worker_clock(store->worker));
    return true;
}

static bool prepare(Work *work, const Notification *notification, const TextMap *rows, Mail *mail,
                    Error *reterr)
{
    const Claim *claim = mail->entry->claim;
    const NoticeRow *row =
        text_map_get(rows, arena_printf(work->arena, "%s/%s", claim->tenant_id, claim->claim_id));
    json_error_t cause;
    JSON_AUTO root = row == NULL ? NULL : json_loads(row->document, JSON_ALLOW_NUL, &cause);
    if (root == NULL)
        return error_set(reterr, ERROR_FATAL,
                         "read document of claim %s: not there or not JSON; restore the row",
                         claim->claim_id);
    ClaimDocument document;
    Notice notice = {0};
    Error calendar_error = {0};
    document_decode(root, false, NULL, NULL, work->arena, &document);
    fill_notice(notification, claim, &document, row, work->arena, &notice);
    mail->to = notice.contact_email;
    if (!fill_deadline(notification, claim, &notice, &calendar_error)) {
        mail->hold_ms = CALENDAR_PAUSE_MS;
        metric_add(notification->calendar_ended, 1);
        return true;
    }
    return notice_render(notification->templates, &notice, work->arena, &mail->message,
                         &mail->message_size, reterr);
}

bool mails_prepare(Work *work, const Notification *notification, Mail **ret_mails,
                   size_t *ret_count, Error *reterr)
{
    TextMap rows, seen;
    size_t count = 0;
    Mail *mails = arena_new(work->arena, (work->event_count + 1) * sizeof *mails);
    text_map_init(&seen, work->arena);
    if (work->entry_count > 0 && !load_rows(work, &rows, reterr))
        return false;
    for (size_t i = 0; i < work->event_count; i++) {
        const Event *event = &work->events[i];
        Entry *entry = work_entry(work, event->tenant_id, event->claim_id);
        const char *key = arena_printf(work->arena, "%s/%s", event->tenant_id, event->claim_id);
        if (entry == NULL || work_was_handled(work, event) != MEETING_NEW ||
            !notification_wants(event, entry->claim) || text_map_get(&seen, key) != NULL)
            continue;
        text_map_put(&seen, key, entry);
        mails[count] = (Mail){.event = event, .entry = entry};
        if (!prepare(work, notification, &rows, &mails[count++], reterr))
            return false;
    }
    *ret_mails = mails;
    *ret_count = count;
    return true;
}
