/* main.c - claim-validation: keeps the reference data, checks claims against the rules. */
#include "claim_validation.h"

int main(int argc, char **argv)
{
    static const char *const topics[] = {"claim-validation", "partner", "tenant", "subscription",
                                         NULL};
    static const char *const outputs[] = {"claim-status",          "claim-validation",
                                          "customer-notification", "opt-out-expiry",
                                          "dead-letter",           NULL};
    static const char *const references[] = {"partner", "tenant", "subscription", NULL};
    static const WorkerSpec spec = {
        .name = "claim-validation",
        .summary = "keeps partners, tenants and subscriptions; checks claims against the rules",
        .input_topics = topics,
        .output_topics = outputs,
        .reference_topics = references,
        .config_items = validation_config_items,
        .batch_count_max = 500,
        .state_size = sizeof(Validation),
        .open = validation_open,
        .handle = validation_handle,
        .replay = store_replay,
        .attempts = &store_attempts,
        .starting = store_starting,
        .published = store_published,
        .reload = validation_reload,
        .close = validation_close,
    };
    return worker_main(&spec, argc, argv);
}
