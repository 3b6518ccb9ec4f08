/* main.c - claim-submission: takes what partners and reviewers do. */
#include "claim_submission.h"

int main(int argc, char **argv)
{
    static const char *const topics[] = {"claim-submission", NULL};
    static const char *const outputs[] = {"claim-status",   "claim-validation",
                                          "opt-out-expiry", "customer-notification",
                                          "dead-letter",    NULL};
    static const WorkerSpec spec = {
        .name = "claim-submission",
        .summary = "stores claims and hands them on to validation; takes revisions, verdicts, "
                   "comments; hands withdrawals, disassociations, evidence and imports on",
        .input_topics = topics,
        .output_topics = outputs,
        .config_items = submission_config_items,
        .batch_count_max = 500,
        .state_size = sizeof(Submission),
        .open = submission_open,
        .handle = submission_handle,
        .replay = store_replay,
        .attempts = &store_attempts,
        .starting = store_starting,
        .published = store_published,
        .reload = submission_reload,
        .tick = submission_tick,
        .close = submission_close,
    };
    return worker_main(&spec, argc, argv);
}
