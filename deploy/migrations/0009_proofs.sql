-- By which key an act was proved: the id of the key that signed its event. Null: nobody is proved.
-- Workers of the release before leave it null.

-- All tables at once and first: no worker can hold one of them and wait for another.
lock table history, kept_opt_outs, expired_opt_outs in access exclusive mode;

alter table history add column proof text;
alter table kept_opt_outs add column proof text;
alter table expired_opt_outs add column proof text;

create or replace view history_overview as
select id, tenant_id, claim_id, sequence, to_timestamp(at_ms / 1000.0) as at, recorded_at, service,
       actor_type, actor_id, event, from_status, to_status, reason, lines, ignored, note, cause_source,
       cause_id, cause_topic, cause_partition, cause_offset, proof
from history;
