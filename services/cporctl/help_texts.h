/* help_texts.h - what --help says of each command besides its options and settings. */
#pragma once

static const char setup_details[] =
    "Waits for PostgreSQL and Kafka, applies the migrations that are new, each in a transaction,\n"
    "and creates the topics that are missing. Again is safe: what is there is only checked.\n"
    "A topic's configuration that differs from contracts/topics.json is told and left alone,\n"
    "unless --fix is given. A migration that was changed after it was applied, and a topic with\n"
    "another number of partitions, are errors.\n"
    "\n"
    "Examples:\n"
    "  cporctl setup\n"
    "  CPOR_PARTITIONS=4 cporctl setup\n"
    "  cporctl setup --fix\n";

static const char status_details[] =
    "Status, lines, findings and deadlines. Without TENANT_ID the claim is looked for in all\n"
    "tenants, which takes longer. Exit code 1: no such claim, or several.\n"
    "\n"
    "Examples:\n"
    "  cporctl status C-2026-000123\n"
    "  cporctl status 3f2504e0-4f89-41d3-9a0c-0305e82c3301 C-2026-000123\n"
    "  cporctl status --json C-2026-000123 | jq .shown_as\n";

static const char history_details[] =
    "Oldest first: when, from which status to which, why, by whom, and the record that caused it\n"
    "as topic/partition@offset. Events that changed nothing are listed with why.\n"
    "\n"
    "Examples:\n"
    "  cporctl history C-2026-000123\n"
    "  cporctl history --json 3f2504e0-4f89-41d3-9a0c-0305e82c3301 C-2026-000123\n";

static const char explain_deadline_details[] =
    "Every day from the notice to the deadline, with why it counts or does not.\n"
    "\n"
    "Examples:\n"
    "  cporctl explain deadline --country KR --at 2020-12-18T10:00:00+09:00\n"
    "  cporctl explain deadline --country US --time-zone America/Los_Angeles \\\n"
    "      --at 2026-11-20T18:00:00Z --days 10\n";

static const char holders_details[] =
    "One line per slot that is held, in the order of tenant and slot.\n"
    "\n"
    "Examples:\n"
    "  cporctl holders\n"
    "  cporctl holders 3f2504e0-4f89-41d3-9a0c-0305e82c3301\n"
    "  cporctl holders --json | jq 'group_by(.mpn_id) | map({(.[0].mpn_id): length})'\n";

static const char audit_details[] =
    "Reads one snapshot of the tables and writes nothing; workers may run meanwhile. Prints each\n"
    "violation. Exit code 1: there is one.\n"
    "\n"
    "Examples:\n"
    "  cporctl audit\n"
    "  cporctl audit --json | jq '.checks[] | select(.violation_count > 0)'\n";
