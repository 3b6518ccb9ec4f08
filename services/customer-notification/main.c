/* main.c - customer-notification: tells the customer, and opens the window. */
#include "customer_notification.h"

int main(int argc, char **argv)
{
    static const char *const topics[] = {"customer-notification", NULL};
    static const char *const outputs[] = {"claim-status", "opt-out-expiry", "dead-letter", NULL};
    static const WorkerSpec spec = {
        .name = "customer-notification",
        .summary = "hands the notice to the mail server and opens the customer's window",
        .input_topics = topics,
        .output_topics = outputs,
        .config_items = notification_config_items,
        .batch_count_max = 500,
        .state_size = sizeof(Notification),
        .open = notification_open,
        .handle = notification_handle,
        .replay = store_replay,
        .attempts = &store_attempts,
        .starting = store_starting,
        .published = store_published,
        .reload = notification_reload,
        .close = notification_close,
        .slow_call_setting = "CPOR_SMTP_TIMEOUT_MS",
    };
    return worker_main(&spec, argc, argv);
}
