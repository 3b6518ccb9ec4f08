/* audit_checks.c - one row per check. claims.lines is an array of objects with short keys: n line
 * number, slot, status, due, official, ended (instants; absent: not yet); see claim_json.c. */
#include "audit_checks.h"

#define LINES                                                                                      \
    "(select c.tenant_id, c.claim_id, c.mpn_id, c.origin, (l->>'n')::integer as n,"                \
    " coalesce(l->>'slot', '') as slot, l->>'status' as status,"                                   \
    " coalesce((l->>'due')::bigint, 0) as due,"                                                    \
    " coalesce((l->>'official')::bigint, 0) as official,"                                          \
    " coalesce((l->>'ended')::bigint, 0) as ended"                                                 \
    " from claims c, jsonb_array_elements(c.lines) l)"

/* Lines that keep other claims of their partner out of their slot. */
#define CONTENDING                                                                                 \
    "(select distinct tenant_id, slot, mpn_id, claim_id from " LINES " x"                          \
    " where slot <> '' and mpn_id <> ''"                                                           \
    " and status in ('UNDER_REVIEW', 'VALIDATED', 'OPT_OUT_OPEN', 'OFFICIAL'))"

/* The timers that the claims' states ask for. */
#define WANTED_TIMERS                                                                              \
    "(select tenant_id, 'WINDOW' as kind, due as due_at_ms, claim_id from " LINES " x"             \
    " where status = 'OPT_OUT_OPEN'"                                                               \
    " union select tenant_id, 'ANSWER', answer_due_at_ms, claim_id from claims"                    \
    " where answer_due_at_ms <> 0"                                                                 \
    " union select tenant_id, 'REMINDER', reminder_at_ms, claim_id from claims"                    \
    " where reminder_at_ms <> 0"                                                                   \
    " union select tenant_id, 'KEPT', due_at_ms, claim_id from kept_opt_outs where due_at_ms <> 0" \
    " union select tenant_id, 'RECHECK', recheck_at_ms, claim_id from claims"                      \
    " where recheck_at_ms <> 0"                                                                    \
    " union select tenant_id, 'NOTICE', notice_retry_at_ms, claim_id from claims"                  \
    " where notice_retry_at_ms <> 0)"

const AuditCheck audit_checks[] = {
    {"holder-without-line", "every slot's holder is an official line",
     "select h.tenant_id, h.claim_id, 'slot ' || h.slot || ' is held by line ' || h.line ||"
     " ' of partner ' || h.mpn_id || ', which is not official there'"
     " from holders h where not exists (select 1 from claims c, jsonb_array_elements(c.lines) l"
     " where c.tenant_id = h.tenant_id and c.claim_id = h.claim_id and c.mpn_id = h.mpn_id"
     " and (l->>'n')::integer = h.line and l->>'slot' = h.slot and l->>'status' = 'OFFICIAL')"},

    {"official-without-holder", "every official line holds its slot",
     "select x.tenant_id, x.claim_id, 'line ' || x.n || ' is official, but does not hold slot '"
     " || x.slot from " LINES " x where x.status = 'OFFICIAL' and not exists"
     " (select 1 from holders h where h.tenant_id = x.tenant_id and h.slot = x.slot"
     " and h.claim_id = x.claim_id and h.line = x.n)"},

    {"contender-missing", "every open or official line keeps its partner's other claims out",
     "select x.tenant_id, x.claim_id, 'slot ' || x.slot || ' has no contender ' || x.mpn_id"
     " from (select * from " CONTENDING " a except"
     " select tenant_id, slot, mpn_id, claim_id from contenders) x"},

    {"contender-left-over", "only open and official lines keep claims out",
     "select x.tenant_id, x.claim_id, 'slot ' || x.slot || ' has contender ' || x.mpn_id ||"
     " ' without an open or official line'"
     " from (select tenant_id, slot, mpn_id, claim_id from contenders except"
     " select * from " CONTENDING " a) x"},

    {"timer-missing", "every wait has its timer",
     "select x.tenant_id, x.claim_id, x.kind || ' timer is missing, due ' ||"
     " to_timestamp(x.due_at_ms / 1000.0) from (select * from " WANTED_TIMERS " a except"
     " select tenant_id, kind, due_at_ms, claim_id from timers) x"},

    {"timer-left-over", "every timer has its wait",
     "select x.tenant_id, x.claim_id, x.kind || ' timer has no wait, due ' ||"
     " to_timestamp(x.due_at_ms / 1000.0) from (select tenant_id, kind, due_at_ms, claim_id"
     " from timers except select * from " WANTED_TIMERS " a) x"},

    {"timer-shards", "all timers of a tenant are in one shard",
     "select tenant_id, '', 'timers in ' || count(distinct shard) || ' shards'"
     " from timers group by tenant_id having count(distinct shard) > 1"},

    /* The workers' sweep finds within seconds what Redis lost: this long is for ever. */
    {"timer-overdue", "no wait is forgotten",
     "select tenant_id, claim_id, kind || ' timer was due ' || to_timestamp(due_at_ms / 1000.0) ||"
     " ', and nothing came of it' from timers"
     " where due_at_ms < current_setting('cpor.overdue_ms')::bigint"},

    {"answer-without-question", "the partner's time to answer runs while its action is required",
     "select tenant_id, claim_id, 'status ' || status || case when answer_due_at_ms = 0"
     " then ' without' else ' with' end || ' a time to answer' from claims"
     " where (status = 'PARTNER_ACTION_REQUIRED') <> (answer_due_at_ms <> 0)"},

    {"status-contradicts-lines", "a claim's status follows from its lines",
     "select tenant_id, claim_id, 'status ' || status || ', its lines say ' || derived from"
     " (select c.tenant_id, c.claim_id, c.status, c.validated_at_ms,"
     "  jsonb_array_length(c.lines) as line_count, case"
     "  when c.lines @> '[{\"status\": \"UNDER_REVIEW\"}]' then 'UNDER_REVIEW'"
     "  when c.lines @> '[{\"status\": \"VALIDATED\"}]' then 'VALIDATED'"
     "  when c.lines @> '[{\"status\": \"OPT_OUT_OPEN\"}]' then 'OPT_OUT_OPEN'"
     "  when c.lines @> '[{\"status\": \"OFFICIAL\"}]' then 'OFFICIAL'"
     "  when c.lines @> '[{\"status\": \"ENDED\"}]' then 'ENDED'"
     "  when c.lines = '[]' then 'REJECTED'"
     "  when not exists (select 1 from jsonb_array_elements(c.lines) l"
     "   where l->>'status' <> 'WITHDRAWN') then 'WITHDRAWN'"
     "  else 'REJECTED' end as derived from claims c) x"
     " where status <> derived"
     /* These two are the claim's alone. */
     " and not (derived = 'UNDER_REVIEW' and status = 'PARTNER_ACTION_REQUIRED')"
     " and not (status = 'SUBMITTED' and validated_at_ms = 0"
     " and (derived = 'UNDER_REVIEW' or line_count = 0))"},

    {"line-instants", "a line's instants fit its status",
     "select tenant_id, claim_id, 'line ' || n || ' is ' || status || ', deadline ' || due ||"
     " ', official ' || official || ', ended ' || ended from " LINES " x"
     " where (status = 'OPT_OUT_OPEN' and due = 0)"
     " or (status in ('OFFICIAL', 'ENDED')) <> (official <> 0)"
     " or (status = 'ENDED') <> (ended <> 0) or (ended <> 0 and ended < official)"},

    {"official-before-deadline", "no association is official before its deadline",
     "select tenant_id, claim_id, 'line ' || n || ' was official ' || due - official ||"
     " ' ms before its deadline' from " LINES " x"
     " where official <> 0 and official < due"},

    {"official-without-window", "only an imported association is official without a window",
     "select tenant_id, claim_id, 'line ' || n || ' is ' || status || ' and had no window'"
     " from " LINES " x where official <> 0 and due = 0 and origin = 'CLAIM'"},

    {"window-without-calendar", "which calendar gave a deadline is known",
     "select x.tenant_id, x.claim_id, 'line ' || x.n || ' is ' || x.status || ', and its deadline"
     " is of calendar \"' || c.calendar_id || '\", version \"' || c.calendar_version || '\"'"
     " from " LINES " x join claims c using (tenant_id, claim_id) where x.origin = 'CLAIM'"
     " and x.status in ('OPT_OUT_OPEN', 'OFFICIAL') and '' in (c.calendar_id, c.calendar_version)"},

    {"official-twice", "a line becomes official once",
     "select tenant_id, claim_id, 'line ' || line || ' became official ' || count(*) || ' times'"
     " from (select h.tenant_id, h.claim_id, l->>'line' as line"
     " from history h, jsonb_array_elements(h.lines::jsonb) l"
     " where h.lines like '%\"OFFICIAL\"%' and h.ignored is null and l->>'to' = 'OFFICIAL') x"
     " group by tenant_id, claim_id, line having count(*) > 1"},

    {"official-unexplained", "every official or ended line has its history",
     "select x.tenant_id, x.claim_id, 'line ' || x.n || ' is ' || x.status ||"
     " ', and no history says how' from " LINES " x where x.status in ('OFFICIAL', 'ENDED')"
     " and not exists (select 1 from history h, jsonb_array_elements(h.lines::jsonb) l"
     " where h.tenant_id = x.tenant_id and h.claim_id = x.claim_id and h.ignored is null"
     " and h.lines is not null and (l->>'line')::integer = x.n and l->>'to' = x.status)"},

    {"history-gap", "a claim's changes are counted from 1 without a gap",
     "select tenant_id, claim_id, 'changes ' || min(sequence) || '..' || max(sequence) || ', but '"
     " || count(distinct sequence) || ' numbers' from history"
     " where to_status is not null and ignored is null and sequence > 0"
     " group by tenant_id, claim_id"
     " having min(sequence) <> 1 or max(sequence) <> count(distinct sequence)"},

    {"history-repeats", "a change has one number",
     "select tenant_id, claim_id, 'change ' || sequence || ' is in ' || count(*) || ' rows'"
     " from history where to_status is not null and ignored is null"
     " and (lines is not null or from_status is distinct from to_status)"
     " group by tenant_id, claim_id, sequence having count(*) > 1"},

    {"history-behind", "a claim stands where its history leaves it",
     "select c.tenant_id, c.claim_id, 'change ' || c.sequence || ' ' || c.status ||"
     " ', its history ends with ' || coalesce(h.sequence || ' ' || h.to_status, 'nothing')"
     " from claims c left join lateral (select sequence, to_status from history h"
     " where h.tenant_id = c.tenant_id and h.claim_id = c.claim_id and h.ignored is null"
     " and h.to_status is not null order by sequence desc, id desc limit 1) h on true"
     " where h.sequence is distinct from c.sequence or h.to_status is distinct from c.status"},

    {"history-handled-twice", "an event changes a claim once",
     "select tenant_id, claim_id, 'event ' || cause_id || ' of ' || cause_source ||"
     " ' was handled at ' || count(distinct (cause_topic, cause_partition, cause_offset)) ||"
     " ' places' from history where ignored is null"
     " group by tenant_id, claim_id, cause_key, cause_id, cause_source, service"
     " having count(distinct (cause_topic, cause_partition, cause_offset)) > 1"},

    {"history-without-actor", "who changed a claim is known",
     "select tenant_id, claim_id, 'change ' || sequence || ' (' || event || ') is of actor type \"'"
     " || actor_type || '\"' from history where ignored is null"
     " and (lines is not null or from_status is distinct from to_status)"
     " and actor_type not in ('partner', 'reviewer', 'customer', 'operator', 'system')"},

    {"history-without-cause", "which event changed a claim is known",
     "select tenant_id, claim_id, 'change ' || sequence || ' (' || event || ') is of event \"' ||"
     " cause_id || '\" of \"' || cause_source || '\" in \"' || cause_topic || '\"' from history"
     " where service <> 'cporctl' and ('' in (cause_id, cause_source, cause_topic)"
     " or cause_partition < 0 or cause_offset < 0)"},

    {"act-unproved", "what had to be signed was, by a key that is known",
     "select tenant_id, claim_id, 'change ' || sequence || ' (' || event || ' of ' || cause_source"
     " || ', by ' || actor_type || ') has no proof of who said so' from history"
     " where proof is null and service <> 'cporctl'"
     " and recorded_at >= to_timestamp(current_setting('cpor.signed_since_ms')::bigint / 1000.0)"
     " and ((current_setting('cpor.demanded') in ('internal', 'privileged') and event in"
     " ('cpor.claim.answer-due.v1', 'cpor.claim.reminder-due.v1', 'cpor.claim.received.v1',"
     " 'cpor.claim.recheck-due.v1', 'cpor.notice.requested.v1', 'cpor.notice.retry-due.v1',"
     " 'cpor.window.opened.v1', 'cpor.window.closed.v1', 'cpor.opt-out.kept-due.v1',"
     " 'cpor.subscription.changed.v1'))"
     " or (current_setting('cpor.demanded') = 'privileged' and (event in"
     " ('cpor.claim.reviewed.v1', 'cpor.association.imported.v1', 'cpor.window.extended.v1')"
     " or (event = 'cpor.customer.opted-out.v1' and actor_type = 'operator'))))"},

    {.name = NULL},
};
