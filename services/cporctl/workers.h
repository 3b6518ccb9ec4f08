/* workers.h - the workers and the topics that each reads; a test holds it to their main.c. */
#pragma once

typedef struct WorkerTopics {
    const char *service;
    const char *topics[5]; /* short names, ended by NULL */
} WorkerTopics;

static const WorkerTopics worker_topics[] = {
    {"claim-submission", {"claim-submission", NULL}},
    {"claim-validation", {"claim-validation", "partner", "tenant", "subscription", NULL}},
    {"customer-notification", {"customer-notification", NULL}},
    {"opt-out-expiry", {"opt-out-expiry", NULL}},
    {NULL, {NULL}},
};
