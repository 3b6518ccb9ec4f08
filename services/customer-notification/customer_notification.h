/* customer_notification.h - the worker that tells the customer. */
#pragma once

#include "claim/catalogue.h"
#include "claim/notice.h"
#include "runtime/smtp.h"
#include "store/store.h"

enum {
    NOTICE_CHUNK_COUNT = 200,
    NOTICE_BATCH_MS = 20000, /* no mail of a batch is begun behind it, see notification_handle */
    MAIL_SENDER_COUNT_MAX = 16,
};

typedef struct Notification {
    Store store;
    Catalogue *catalogue;
    NoticeTemplates *templates;
    TokenKeys *keys;
    Smtp *senders[MAIL_SENDER_COUNT_MAX]; /* one connection each */
    size_t sender_count;
    const char *from;   /* our address; the configuration's */
    Arena chunk_arena;  /* a chunk's mails: some 20 KB each, gone with the chunk */
    int64_t give_up_ms; /* temporary refusals for so long are for good */
    Metric *accepted, *temporary, *permanent, *calendar_ended;
} Notification;

extern const ConfigItem notification_config_items[];

/* The functions of the service's WorkerSpec: what they must do is in runtime/worker.h. */
bool notification_open(Worker *worker, void *state, Error *reterr);
bool notification_handle(Worker *worker, void *state, Batch *batch, Error *reterr);
bool notification_reload(Worker *worker, void *state, Error *reterr);
void notification_close(Worker *worker, void *state);

/* One message on its way. */
enum {
    CALENDAR_PAUSE_MS = 4 * 3600 * 1000, /* an operator brings a newer calendar: no hurry */
    RECALL_PAUSE_MS = 60 * 1000,
};

typedef struct Mail {
    const Event *event;
    const Entry *entry;
    const char *to, *message; /* NULL message: could not be made, see hold_ms */
    size_t message_size;
    int64_t hold_ms; /* nothing is sent, it waits for so long; 0: it does not */
    bool answered;   /* reply says what the server decided */
    SmtpReply reply;
    int64_t answered_at_ms;          /* business time right after the server's answer */
    int64_t recalled_deadline_at_ms; /* sent before a restore: its window's end; else 0 */
} Mail;

/* ---- notice_db.c ---- */

/* mails_prepare - for the events whose claims are to be notified now: load, render, sign. */
MUST_CHECK bool mails_prepare(Work *work, const Notification *notification, Mail **ret_mails,
                              size_t *ret_count, Error *reterr);

/* ---- notice_recall.c ---- */

/*
 * mails_recall - mark those that were sent before the database was restored to what it was before:
 * answered then, with the window that the customer was told of. While replaying only.
 */
MUST_CHECK bool mails_recall(Work *work, Mail *mails, size_t count, Error *reterr);

/* ---- mail_send.c ---- */

/*
 * mails_send - hand over all mails through the senders, in parallel; stops at the first session
 * error. Mails that were answered are marked all the same.
 *
 * In:      deadline_mono_ms  no mail is begun behind it but each sender's first, so that every call
 *                            gets on.
 * Errors:  RETRY, FATAL as smtp_send; RETRY, some were not begun in time.
 * Cost:    until the deadline, and one message's time-out.
 */
MUST_CHECK bool mails_send(const Notification *notification, Mail *mails, size_t count,
                           int64_t deadline_mono_ms, Error *reterr);

/* ---- customer_notification.c ---- */

/* notification_wants - the event asks for a notice that is still due. Pure. */
bool notification_wants(const Event *event, const Claim *claim);
