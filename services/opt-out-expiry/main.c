/* main.c - opt-out-expiry: decides opt-outs, windows and ends; keeps the timers. */
#include "opt_out_expiry.h"

int main(int argc, char **argv)
{
    static const char *const topics[] = {"opt-out-expiry", NULL};
    static const char *const outputs[] = {
        "association-official", "claim-status",          "opt-out-expiry", "claim-submission",
        "claim-validation",     "customer-notification", "dead-letter",    NULL};
    static const WorkerSpec spec = {
        .name = "opt-out-expiry",
        .summary = "decides opt-outs, the end of windows, and what ends associations; keeps all "
                   "timers; serves the customer's opt-out page",
        .input_topics = topics,
        .output_topics = outputs,
        .config_items = expiry_config_items,
        .batch_count_max = 250,
        .state_size = sizeof(Expiry),
        .open = expiry_open,
        .handle = expiry_handle,
        .replay = store_replay,
        .attempts = &store_attempts,
        .starting = store_starting,
        .published = store_published,
        .reload = expiry_reload,
        .tick = expiry_tick,
        .close = expiry_close,
        .routes = expiry_routes,
    };
    return worker_main(&spec, argc, argv);
}
