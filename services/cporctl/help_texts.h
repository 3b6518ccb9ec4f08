/* help_texts.h - what --help says of each command besides its options and settings. */
#pragma once

static const char setup_details[] =
    "Waits for PostgreSQL and Kafka, applies the migrations that are new, each in a transaction,\n"
    "and creates the topics that are missing. Again is safe: what is there is only checked.\n"
    "Where a topic's configuration differs from contracts/topics.json, what nobody has set on the\n"
    "topic itself is set; what somebody set is told and left alone, unless --fix is given.\n"
    "A migration that was changed after it was applied, and a topic with another number of\n"
    "partitions, are errors.\n"
    "--roles makes roles named after the database, each with the rights that its worker needs;\n"
    "grant them to the users that the workers log in as. It wants CREATEROLE once; every later\n"
    "setup gives the roles the rights of its release.\n"
    "\n"
    "Examples:\n"
    "  cporctl setup\n"
    "  cporctl setup --roles\n"
    "  CPOR_PARTITIONS=4 cporctl setup\n"
    "  cporctl setup --fix --json | jq -r '.steps[] | select(.outcome == \"altered\") | .name'\n";

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

static const char submit_details[] =
    "FILE, or - for standard input, holds one document, several, an array of them, or one per "
    "line\n"
    "(JSON Lines). Each is checked first against all rules that need no reference data; what is\n"
    "found is told as FILE:LINE: CLAIM_ID. A refusal makes a document bad: then nothing at all is\n"
    "published. A question is told, and left for the partner to answer. The same document again\n"
    "has the same event id and changes nothing, so a submit that broke off is simply repeated.\n"
    "Exit code 1: a document is bad, or was not published, or --wait was not answered in time.\n"
    "\n"
    "Examples:\n"
    "  cporctl submit claim.json\n"
    "  cporctl submit --check november/*.json\n"
    "  zcat claims.jsonl.gz | cporctl submit --skip-bad --wait --timeout 600 -\n"
    "  cporctl submit --revision answer.json\n"
    "  cporctl submit --json --check claims.jsonl | jq -r '.findings[].code' | sort | uniq -c\n";

static const char opt_out_details[] =
    "For a customer who wrote or called. It counts from its receipt by Kafka: by the deadline the\n"
    "association never becomes official, later it ends. Tells what came of it. Exit code 1: there\n"
    "is no such claim, it changed nothing, or was not handled in time.\n"
    "\n"
    "Examples:\n"
    "  cporctl opt-out C-2026-000123 --operator ann --comment 'call of 30 November'\n"
    "  cporctl opt-out C-2026-000123 --line 1 --line 3 --operator ann\n"
    "  cporctl opt-out --json --no-wait C-2026-000123 --operator ann | jq -r .event_id\n";

static const char extend_details[] =
    "A window can be made longer while it is open, and never shorter. Tells what came of it. Exit\n"
    "code 1: there is no such claim or open window, the instant is not later than its deadline, "
    "it\n"
    "changed nothing, or was not handled in time.\n"
    "\n"
    "Examples:\n"
    "  cporctl extend C-2026-000123 --until 2026-12-04T00:00:00-05:00 --operator ann \\\n"
    "      --reason 'notice was in a quarantine'\n"
    "  cporctl extend C-2026-000123 --line 2 --until 2026-12-04T05:00:00Z --operator ann \\\n"
    "      --reason 'asked for by the customer'\n";

static const char review_details[] =
    "The verdict is about the claim's revision of now. --approve overrides questions and waits,\n"
    "never refusals. With --list: claims UNDER_REVIEW for which a verdict is awaited (CPOR_REVIEW\n"
    "of claim-validation); late are those that wait for more than CPOR_REVIEW_DAYS_MAX days. Exit\n"
    "code 1: there is no such claim, the verdict changed nothing, or was not handled in time.\n"
    "\n"
    "Examples:\n"
    "  cporctl review --list\n"
    "  cporctl review --list --json | jq -r '.claims[] | select(.late) | .claim_id'\n"
    "  cporctl review C-2026-000123 --approve --reviewer bob\n"
    "  cporctl review C-2026-000123 --reject --line 2 --reason 'no work was done' --reviewer bob\n"
    "  cporctl review C-2026-000123 --ask --reason 'see the finding' --reviewer bob \\\n"
    "      --finding 'POE_NOT_SIGNED:1:the second page is not signed'\n";

static const char dlq_list_details[] =
    "Newest first: when it was received, its place among the dead letters (PART OFFSET, which "
    "show\n"
    "and replay take), why it is dead, and topic/partition@offset where it came from. Reads the\n"
    "whole topic as it is now, as a member of no group. Detail and ids are cut where they are "
    "long.\n"
    "\n"
    "Examples:\n"
    "  cporctl dlq list\n"
    "  cporctl dlq list --reason UNKNOWN_CLAIM --since 2026-11-20T00:00:00Z\n"
    "  cporctl dlq list --json --limit 10000 | jq -r '.dead_letters[].reason' | sort | uniq -c\n";

static const char dlq_show_details[] =
    "Reason, where it came from, what can be done about it, key, headers and value as they came.\n"
    "JSON is indented and else left as it was, other bytes are dumped; more than 4 KiB only with\n"
    "--full. It may hold personal data. Exit code 1: there is no such dead letter.\n"
    "\n"
    "Examples:\n"
    "  cporctl dlq show 3 17\n"
    "  cporctl dlq show --json 3 17 | jq .value >mended.json\n";

static const char dlq_replay_details[] =
    "Key, headers and value as they came, without the dlq_ headers. It counts from its new "
    "receipt.\n"
    "Safe to repeat: an event that was applied meanwhile changes and publishes nothing; one that "
    "is\n"
    "refused again is a dead letter once more. With --reason or --all the same record is put back\n"
    "once, however often it is among the dead. Records that were cut, and reference data, cannot "
    "be\n"
    "put back. Exit code 1: one could not, or there is no such dead letter.\n"
    "\n"
    "Examples:\n"
    "  cporctl dlq replay 3 17\n"
    "  cporctl dlq replay --reason UNKNOWN_CLAIM --dry-run\n"
    "  cporctl dlq replay --all --json | jq -r '.records[] | select(.result == \"refused\")'\n";

static const char dlq_skip_details[] =
    "For a worker that ends again and again at the same offset, before it can even name the "
    "record:\n"
    "workers put aside by themselves what kills them once they hold it. Its place is noted, "
    "becomes "
    "a\n"
    "dead letter of its coordinates (POISON), and the group goes on behind it. Stop all instances "
    "of\n"
    "the worker first. Without --yes nothing is changed. Exit code 1: it is not the record at "
    "which\n"
    "the worker stands, or the group has members.\n"
    "\n"
    "Examples:\n"
    "  cporctl lag\n"
    "  cporctl dlq skip --topic claim-submission --partition 3 --offset 4711 --yes\n";

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

static const char find_details[] =
    "Newest first. At least one of the criteria is wanted; all that are given must hold. Quick\n"
    "with --tenant, --domain or --since; with --mpn, --subscription or --status alone it reads\n"
    "until it has enough, or CPOR_DATABASE_TIMEOUT_MS is over.\n"
    "\n"
    "Examples:\n"
    "  cporctl find --domain contoso.example\n"
    "  cporctl find --mpn 1234566 --status OPT_OUT_OPEN --limit 1000\n"
    "  cporctl find --json --since 2026-11-01T00:00:00Z | jq -r '.claims[].claim_id'\n";

static const char kept_details[] =
    "Oldest first, each with the instant until which it waits. It is applied when its claim\n"
    "comes.\n"
    "\n"
    "Examples:\n"
    "  cporctl kept\n"
    "  cporctl kept --json | jq '.opt_outs[].kept_until'\n";

static const char timers_details[] =
    "Per kind and per shard: how many wait, how many are due, how many are overdue (due for "
    "longer\n"
    "than CPOR_TIMER_SWEEP_SECONDS), which is next; and what Redis holds of them: Redis is an "
    "index\n"
    "and may be away or empty for a while. Windows of one tenant with one deadline are one entry\n"
    "there. A shard that is not filled is filled anew by a worker within seconds.\n"
    "\n"
    "Examples:\n"
    "  cporctl timers\n"
    "  cporctl timers --due --kind WINDOW\n"
    "  cporctl timers --json | jq .overdue\n";

static const char lag_details[] =
    "What each worker has committed of each partition that it reads, where the partition ends, "
    "and\n"
    "how many records are between. Offsets are taken by markers of transactions too: END may be\n"
    "larger than COMMITTED with nothing to read. \"-\": nothing was committed yet.\n"
    "\n"
    "Examples:\n"
    "  cporctl lag\n"
    "  cporctl lag --max 10000 >/dev/null || echo behind\n"
    "  cporctl lag --json | jq '.groups[] | {service, lag}'\n";

static const char calendar_list_details[] =
    "Id, time zone, weekend, first and last day known, version (of the file's content).\n"
    "\n"
    "Examples:\n"
    "  cporctl calendar list\n"
    "  cporctl calendar list --json | jq '.[] | select(.last < \"2028\")'\n";

static const char calendar_deadlines_details[] =
    "One line per day of notice: the last day on which the customer can opt out, the instant at\n"
    "which the window closes, and the days in between that do not count. Past the calendar's last\n"
    "year there is no deadline: exit code 1, after the lines that are known.\n"
    "\n"
    "Examples:\n"
    "  cporctl calendar deadlines --country KR --from 2026-01-01 --to 2026-12-31 >kr.csv\n"
    "  cporctl calendar deadlines --country US --from 2026-11-20 --to 2026-11-30 --days 10 \\\n"
    "      --time-zone America/Los_Angeles\n";

static const char forget_details[] =
    "Names, titles and addresses of contacts, authors and texts of comments, signers, free texts "
    "of\n"
    "history and customers' ids are replaced by [erased]: with --email those of one person, in "
    "every\n"
    "claim that has the address; with CLAIM_ID those of everybody in that claim. What moved, when "
    "and\n"
    "why stays, and one more row of history says that data was erased. An opt-out that waits for "
    "its\n"
    "claim stays in force, without its comment and link. A claim whose notice is still to be sent "
    "to the\n"
    "person is refused (exit code 1), the others are done. What lies in Kafka goes with each "
    "topic's\n"
    "retention, mails are the mail server's.\n"
    "\n"
    "Examples:\n"
    "  cporctl forget --email sam.lee@contoso.example --operator ann --dry-run\n"
    "  cporctl forget C-2026-000123 --operator ann --yes\n";

static const char completion_details[] =
    "Examples:\n"
    "  source <(cporctl completion bash)\n"
    "  autoload -U +X bashcompinit && bashcompinit && source <(cporctl completion bash)   # zsh\n";

static const char man_details[] = "Examples:\n"
                                  "  cporctl man >/usr/local/share/man/man1/cporctl.1\n"
                                  "  cporctl man | man -l -\n";

static const char rewind_details[] =
    "For a database that was restored from a backup, while Kafka went on: all workers are "
    "stopped;\n"
    "each group is set back to the positions in the database, never forward. What was consumed\n"
    "and published since is noted: it is handled again and not published again, and notices that\n"
    "went out are not sent again. Without --yes it only tells. Again is safe. Exit code 1: a\n"
    "worker runs, or Kafka no longer keeps all of it. As the tables' owner.\n"
    "\n"
    "Examples:\n"
    "  cporctl rewind\n"
    "  cporctl rewind --yes --json | jq .record_count\n";

static const char replay_details[] =
    "All workers run and wait: they are let through the records that rewind found slice by slice,\n"
    "so that each is decided on what was known when it came. Broken off, it is called again. Exit\n"
    "code 1: there is nothing to replay, or a worker does not get on. As the tables' owner.\n"
    "\n"
    "Examples:\n"
    "  cporctl replay && cporctl audit\n";

static const char audit_details[] =
    "Reads one snapshot of the tables, what was published from its start, as a read_committed\n"
    "consumer sees it, and what the workers have consumed as far back as it is kept; writes "
    "nothing;\n"
    "workers may run meanwhile. The tables are ahead of the logs by what is in flight: a "
    "difference\n"
    "counts if it is still there after CPOR_AUDIT_SETTLE_MS. Prints each violation. Exit code 1:\n"
    "there is one.\n"
    "\n"
    "Examples:\n"
    "  cporctl audit\n"
    "  cporctl audit --no-kafka\n"
    "  cporctl audit --json | jq '.checks[] | select(.violation_count > 0)'\n";
