/* notice_recall.c - notices that went out before the database was restored; see cporctl rewind. */
#include "customer_notification.h"

#include <string.h>

static Mail *mail_of(Mail *mails, size_t count, const DbResult *result, size_t row)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(mails[i].event->claim_id, db_text(result, row, 1)) == 0 &&
            strcmp(mails[i].event->tenant_id, db_text(result, row, 0)) == 0)
            return &mails[i];
    return NULL;
}

static void take_rows(Mail *mails, size_t count, const DbResult *result)
{
    for (size_t row = 0; row < db_result_rows(result); row++) {
        Mail *mail = mail_of(mails, count, result, row);
        if (mail == NULL)
            continue;
        mail->hold_ms = 0;
        mail->answered = true;
        mail->answered_at_ms = db_integer(result, row, 2);
        mail->recalled_deadline_at_ms = db_integer(result, row, 3);
        mail->reply = (SmtpReply){.answer = mail->recalled_deadline_at_ms != 0 ? SMTP_ACCEPTED
                                                                               : SMTP_PERMANENT};
    }
}

/* Nothing followed from these: put off by the server, or gone out too late for the claim. Sent
 * again they could open a window that nobody was told of; what wants a notice still is asked again.
 */
static void hold_unanswered(const Worker *worker, Mail *mails, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!mails[i].answered && worker_replays(worker, mails[i].event->record))
            mails[i].hold_ms = RECALL_PAUSE_MS;
}

bool mails_recall(Work *work, Mail *mails, size_t count, Error *reterr)
{
    static const DbStatement statement = {
        "recalled-select",
        "select r.tenant_id, r.claim_id, r.answered_at_ms, r.deadline_at_ms"
        " from recalled_notices r join unnest($1::uuid[], $2::text[], $3::integer[])"
        " as w(tenant_id, claim_id, revision) on r.tenant_id = w.tenant_id"
        " and r.claim_id = w.claim_id and r.revision = w.revision"};
    DbColumn columns[3];
    DbResult *result = NULL;
    if (count == 0 || !worker_is_replaying(work->store->worker))
        return true;
    for (size_t i = 0; i < 3; i++)
        db_column_init(&columns[i], work->arena);
    for (size_t i = 0; i < count; i++) {
        db_column_add_text(&columns[0], mails[i].event->tenant_id);
        db_column_add_text(&columns[1], mails[i].event->claim_id);
        db_column_add_integer(&columns[2], mails[i].entry->claim->revision);
    }
    const char *parameters[] = {db_column_literal(&columns[0]), db_column_literal(&columns[1]),
                                db_column_literal(&columns[2])};
    if (!database_run(work->database, &statement, parameters, 3, &result, reterr))
        return false;
    take_rows(mails, count, result);
    hold_unanswered(work->store->worker, mails, count);
    db_result_release(&result);
    return true;
}
