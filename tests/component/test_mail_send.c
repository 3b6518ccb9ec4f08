/* test_mail_send.c - a list of mails over several connections to a real server
 * (CPOR_TEST_SMTP_URL): what is sent in time, what is left, and that each try gets on. */
#include "services/customer-notification/mail_send.c" /* a service is no library */

#include "runtime/worker_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAIL_COUNT = 11, SENDER_COUNT = 3 };

typedef struct Post {
    Worker worker;
    Notification notification;
    Event event;
    Mail mails[MAIL_COUNT];
} Post;

static int post_open(void **state)
{
    static Post post;
    static const char message[] = "Subject: test\r\n\r\nHello.\r\n";
    const SmtpSettings settings = {
        .url = getenv("CPOR_TEST_SMTP_URL"), .ca_file = "", .timeout_ms = 20000};
    Error error;
    if (settings.url == NULL) {
        print_error("CPOR_TEST_SMTP_URL is not set: run tests/run component\n");
        return -1;
    }
    post = (Post){.worker.clock = {0, 0, 1}};
    post.notification.store.worker = &post.worker;
    post.notification.from = "from@cpor.example";
    for (; post.notification.sender_count < SENDER_COUNT; post.notification.sender_count++)
        if (!smtp_open(&settings, &post.notification.senders[post.notification.sender_count],
                       &error))
            return -1;
    for (int i = 0; i < MAIL_COUNT; i++)
        post.mails[i] = (Mail){.event = &post.event,
                               .to = "to@customer.example",
                               .message = message,
                               .message_size = strlen(message)};
    post.mails[4].hold_ms = 1;
    *state = &post;
    return 0;
}

static int post_close(void **state)
{
    Post *post = *state;
    for (size_t i = 0; i < SENDER_COUNT; i++)
        smtp_release(&post->notification.senders[i]);
    return 0;
}

static size_t accepted_count(const Post *post)
{
    size_t count = 0;
    for (size_t i = 0; i < MAIL_COUNT; i++) {
        assert_int_equal(post->mails[i].answered, post->mails[i].reply.answer == SMTP_ACCEPTED);
        count += post->mails[i].answered;
    }
    return count;
}

static void all_are_sent_in_time(void **state)
{
    Post *post = *state;
    Error error = {0};
    if (!mails_send(&post->notification, post->mails, MAIL_COUNT, INT64_MAX, &error))
        fail_msg("%s", error.text);
    assert_int_equal(accepted_count(post), MAIL_COUNT - 1);
    assert_false(post->mails[4].answered);
}

/* However slow the server: the time is over when the first mail is answered. */
static void each_try_gets_on(void **state)
{
    Post *post = *state;
    Error error = {0};
    size_t before = 0, tries = 0;
    while (!mails_send(&post->notification, post->mails, MAIL_COUNT, INT64_MIN, &error)) {
        assert_int_equal(error.class, ERROR_RETRY);
        assert_non_null(strstr(error.text, "the server is slow"));
        const size_t now = accepted_count(post);
        assert_in_range(now, before + 1, before + SENDER_COUNT);
        before = now;
        tries++;
    }
    assert_int_equal(accepted_count(post), MAIL_COUNT - 1);
    assert_true(tries >= (MAIL_COUNT - 1) / SENDER_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_are_sent_in_time, post_open, post_close),
        cmocka_unit_test_setup_teardown(each_try_gets_on, post_open, post_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
