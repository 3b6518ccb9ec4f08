/* mail_send.c - several connections to the mail server, one thread each, over a list of mails. */
#include "customer_notification.h"

#include "runtime/clock.h"
#include "runtime/crash_point.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct Sending {
    const Clock *clock;
    const char *from;
    Mail *mails;
    size_t count;
    int64_t deadline_mono_ms;
    atomic_size_t next;
    atomic_bool stopped;
} Sending;

typedef struct Sender {
    Sending *sending;
    Smtp *smtp;
    Error error;
    bool failed;
} Sender;

/* Our clock may be behind the brokers': the server cannot have answered before the notice was asked
 * for. A window that began before it did would end a day early where a midnight lies between. */
static int64_t answered_now(const Clock *clock, const Mail *mail)
{
    const int64_t now_ms = clock_now(clock);
    return now_ms > mail->event->receipt_at_ms ? now_ms : mail->event->receipt_at_ms;
}

static void *sender_run(void *argument)
{
    Sender *sender = argument;
    Sending *sending = sender->sending;
    while (!atomic_load(&sending->stopped)) {
        const size_t index = atomic_fetch_add(&sending->next, 1);
        if (index >= sending->count)
            break;
        Mail *mail = &sending->mails[index];
        if (mail->hold_ms > 0 || mail->answered)
            continue;
        if (!smtp_send(sender->smtp, sending->from, mail->to, mail->message, mail->message_size,
                       &mail->reply, &sender->error)) {
            sender->failed = true;
            atomic_store(&sending->stopped, true);
            if (sender->error.class != ERROR_RETRY || mail->reply.answer != SMTP_TEMPORARY)
                break;
        } /* the one that was on its way is put off, so that it cannot block the others for ever */
        mail->answered_at_ms = answered_now(sending->clock, mail);
        mail->answered = true;
        crash_point(CRASH_AFTER_MAIL);
        if (clock_mono_now() >= sending->deadline_mono_ms) /* behind a mail: each try gets on */
            atomic_store(&sending->stopped, true);
    }
    return NULL;
}

static size_t unanswered_count(const Mail *mails, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += mails[i].hold_ms == 0 && !mails[i].answered;
    return found;
}

/* Of the threads that are done: the first one's error, or that there was not time enough. */
static bool senders_conclude(const Sending *sending, const Sender *senders, size_t count,
                             Error *reterr)
{
    for (size_t i = 0; i < count; i++) {
        if (!senders[i].failed)
            continue;
        *reterr = senders[i].error;
        return false;
    }
    const size_t left_count = unanswered_count(sending->mails, sending->count);
    return left_count == 0 ||
           error_set(reterr, ERROR_RETRY,
                     "send mail: the server is slow, %zu of %zu notices wait for the next try",
                     left_count, sending->count);
}

bool mails_send(const Notification *notification, Mail *mails, size_t count,
                int64_t deadline_mono_ms, Error *reterr)
{
    Sending sending = {.clock = worker_clock(notification->store.worker),
                       .from = notification->from,
                       .deadline_mono_ms = deadline_mono_ms,
                       .mails = mails,
                       .count = count};
    Sender senders[MAIL_SENDER_COUNT_MAX];
    pthread_t threads[MAIL_SENDER_COUNT_MAX] = {0};
    size_t started = 0;
    const size_t wanted = count < notification->sender_count ? count : notification->sender_count;
    for (size_t i = 0; i < wanted; i++)
        senders[i] = (Sender){.sending = &sending, .smtp = notification->senders[i]};
    for (size_t i = 1; i < wanted; i++) { /* the first runs here */
        if (pthread_create(&threads[started], NULL, sender_run, &senders[i]) != 0)
            break;
        started++;
    }
    if (wanted > 0)
        sender_run(&senders[0]);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return senders_conclude(&sending, senders, wanted, reterr);
}
