/* production.h - which settings production refuses: one table, names and texts alone. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { PRODUCTION_FINDING_COUNT_MAX = 32 };

typedef struct ProductionFinding {
    const char *setting;
    const char *text; /* "what is wrong (what to do)"; never the value, which may be a secret */
} ProductionFinding;

/* The text of a setting; NULL: this program has none of that name. */
typedef const char *ProductionGet(const void *context, const char *setting);

/* production_topic_problem - of how the brokers keep a topic: on how many of them, and how many
 * must have a record before it counts. Returns: as ProductionFinding's text; NULL: it is good. */
const char *production_topic_problem(int replication, int min_in_sync);

/* production_check - all that is wrong, in the table's order.
 * Returns: how many of ret_findings are filled. */
size_t production_check(ProductionGet *get, const void *context,
                        ProductionFinding ret_findings[PRODUCTION_FINDING_COUNT_MAX]);
