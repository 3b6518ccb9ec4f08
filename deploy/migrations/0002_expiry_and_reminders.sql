-- Kept opt-outs expire; partners are reminded; imports in flight are known; reviews are counted.

-- All tables at once and first: no worker can hold one of them and wait for another.
lock table claims, timers, kept_opt_outs in access exclusive mode;

alter table timers drop constraint timers_kind_check;
alter table timers add constraint timers_kind_check
    check (kind in ('WINDOW', 'ANSWER', 'REMINDER', 'RECHECK', 'NOTICE', 'KEPT'));

-- An opt-out that is kept can become a dead letter: the record as it came. Rows of before have no
-- record and no end (due_at_ms 0): they wait for their claim as long as it takes.
alter table kept_opt_outs
    add column due_at_ms bigint not null default 0,
    add column note text, -- the customer's own words
    add column record_key bytea,
    add column record_value bytea,
    add column record_headers text not null default '[]'; -- [{"name":…,"value":hex}, …]

-- Kept opt-outs that became dead letters: a wake-up that is read again publishes them again.
-- Deleted when no topic can bring the wake-up back any more.
create table expired_opt_outs (
    like kept_opt_outs including defaults,
    expired_by uuid not null, -- cause_key of the wake-up
    expired_at_ms bigint not null,
    primary key (cause_key)
);
create index expired_opt_outs_by on expired_opt_outs (expired_by);

-- When the partner is reminded of its answer; 0: not, or done.
alter table claims add column reminder_at_ms bigint not null default 0;

-- The W3C trace of the claim's document: what a deadline decides, days later, goes on under it.
alter table claims add column traceparent text not null default '';

-- Claims whose import was handed on to the log that decides: what follows is handed on behind it,
-- whether the claim is there yet or not.
create table imported_claims (
    tenant_id uuid not null,
    claim_id text not null,
    primary key (tenant_id, claim_id)
);

-- Claims that wait for a reviewer. Only columns that no usual move changes, so that updates of
-- other claims stay HOT.
create index claims_in_review on claims (tenant_id, claim_id) where (flags & 2) <> 0;
