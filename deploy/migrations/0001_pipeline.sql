-- The system of record of the claim pipeline. Instants are milliseconds since 1970 UTC (…_at_ms),
-- business time. Applied once, in order, under a lock, by `cporctl setup`.

-- One row per claim; its lines and findings travel with it, because they are read and written
-- together. fillfactor and the absence of an index on status keep updates HOT.
create table claims (
    tenant_id uuid not null,
    claim_id text not null,
    version bigint not null,
    revision integer not null,
    sequence integer not null,
    status text not null,
    reason text,
    mpn_id text not null,
    domain text not null,
    solution_area text,
    activities integer not null,
    origin text not null check (origin in ('CLAIM', 'LEGACY')),
    country text not null,
    partner_country text not null,
    first_submitted_at_ms bigint not null,
    received_at_ms bigint not null,
    validated_at_ms bigint not null,
    answer_due_at_ms bigint not null,
    recheck_at_ms bigint not null,
    notified_at_ms bigint not null,
    notice_revision integer not null,
    notice_retry_at_ms bigint not null,
    notice_failed_since_ms bigint not null,
    notice_failure_count integer not null,
    flags integer not null, -- 1 in grace, 2 review pending
    calendar_id text not null,
    calendar_version text not null,
    time_zone text not null,
    rules_version text not null,
    lines jsonb not null,
    findings jsonb not null,
    content_hash text not null, -- SHA-256 of the first revision's canonical document
    primary key (tenant_id, claim_id)
) with (fillfactor = 50);

-- What the partner sent, one row per revision, never changed; apart from claims so that moving a
-- claim does not write its document again.
create table documents (
    tenant_id uuid not null,
    claim_id text not null,
    revision integer not null,
    received_at_ms bigint not null,
    document text compression lz4 not null,
    primary key (tenant_id, claim_id, revision)
);

-- Evidence and comments appended later.
create table attachments (
    cause_key uuid not null primary key,
    tenant_id uuid not null,
    claim_id text not null,
    kind text not null check (kind in ('EVIDENCE', 'COMMENT')),
    received_at_ms bigint not null,
    body text not null
);
create index attachments_claim on attachments (tenant_id, claim_id);

-- Who, what, when, why, and which event caused it. Append-only. outcomes are the events that the
-- move published: a record that is read again publishes exactly these again.
create table history (
    id bigint generated always as identity,
    tenant_id uuid not null,
    claim_id text not null,
    sequence integer not null,
    at_ms bigint not null,
    recorded_at timestamptz not null default now(),
    service text not null,
    instance text not null,
    actor_type text not null,
    actor_id text not null,
    event text not null,
    from_status text,
    to_status text,
    reason text,
    lines text,   -- moves of lines: [{"line":1,"from":…,"to":…,"reason":…}]
    ignored text, -- why the event changed nothing
    note text,    -- the actor's own words: a disassociation's or an extension's reason
    cause_key uuid not null,
    cause_source text not null,
    cause_id text not null,
    cause_topic text not null,
    cause_partition integer not null,
    cause_offset bigint not null,
    outcomes text compression lz4 not null,
    primary key (tenant_id, claim_id, id)
);
create index history_cause on history (cause_key);

create function history_is_append_only() returns trigger language plpgsql as
$$begin raise exception 'history is append-only'; end$$;
create trigger history_append_only before update or delete or truncate on history
    for each statement execute function history_is_append_only();

-- Every wait: what to wake, when. Rows live as long as the wait; Redis is an index of them.
create table timers (
    tenant_id uuid not null,
    kind text not null check (kind in ('WINDOW', 'ANSWER', 'RECHECK', 'NOTICE')),
    due_at_ms bigint not null,
    claim_id text not null,
    shard smallint not null,
    primary key (tenant_id, kind, due_at_ms, claim_id)
);
create index timers_shard on timers (shard, due_at_ms);
create index timers_waiting on timers (tenant_id, claim_id) where kind = 'RECHECK';

-- At most one official association per slot, enforced here.
create table holders (
    tenant_id uuid not null,
    slot text not null,
    association_id uuid not null unique,
    claim_id text not null,
    line integer not null,
    mpn_id text not null,
    poe_signed_on date,
    primary key (tenant_id, slot)
);

-- At most one open or official line per slot and partner, enforced here.
create table contenders (
    tenant_id uuid not null,
    slot text not null,
    mpn_id text not null,
    claim_id text not null,
    primary key (tenant_id, slot, mpn_id)
);

-- How far each partition is handled: a zombie that decides a record again finds it past.
create table positions (
    service text not null,
    topic text not null,
    partition integer not null,
    next_offset bigint not null,
    received_at_ms bigint not null,
    primary key (service, topic, partition)
) with (fillfactor = 50);

-- Opt-outs that came before their claim.
create table kept_opt_outs (
    cause_key uuid not null primary key,
    tenant_id uuid not null,
    claim_id text not null,
    received_at_ms bigint not null,
    lines integer[], -- null: all
    actor_type text not null,
    actor_id text not null,
    cause_source text not null,
    cause_id text not null,
    cause_topic text not null,
    cause_partition integer not null,
    cause_offset bigint not null
);
create index kept_opt_outs_claim on kept_opt_outs (tenant_id, claim_id);

-- Subscriptions' standing as the log that decides has it: written by opt-out-expiry alone.
create table subscription_standings (
    tenant_id uuid not null,
    subscription_id uuid not null,
    state text not null,
    changed_at_ms bigint not null,
    primary key (tenant_id, subscription_id)
);

-- Reference data. The receipt and the offset guard against a zombie's older write.
create table partners (
    mpn_id text not null primary key,
    name text not null,
    location boolean not null,
    country text not null,
    enrolments integer not null,
    valid_from date,
    valid_to date,
    deleted boolean not null,
    received_at_ms bigint not null,
    log_offset bigint not null
);
create table tenants (
    tenant_id uuid not null primary key,
    name text not null,
    domains text[] not null,
    country text not null,
    locale text not null,
    public_sector boolean not null,
    deleted boolean not null,
    received_at_ms bigint not null,
    log_offset bigint not null
);
create table subscriptions (
    subscription_id uuid not null primary key,
    tenant_id uuid,
    product text not null,
    channel text not null,
    state text not null,
    provisioned boolean not null,
    starts_on date,
    ends_on date,
    deleted boolean not null,
    received_at_ms bigint not null,
    log_offset bigint not null
);
create index subscriptions_tenant on subscriptions (tenant_id);

-- For people: instants as timestamps.
create view claim_overview as
select tenant_id, claim_id, revision, sequence, status, reason, mpn_id, domain,
       to_timestamp(first_submitted_at_ms / 1000.0) as first_submitted_at,
       case when notified_at_ms > 0 then to_timestamp(notified_at_ms / 1000.0) end as notified_at,
       case when answer_due_at_ms > 0 then to_timestamp(answer_due_at_ms / 1000.0) end as answer_due_at,
       lines, findings
from claims;
create view history_overview as
select id, tenant_id, claim_id, sequence, to_timestamp(at_ms / 1000.0) as at, recorded_at, service,
       actor_type, actor_id, event, from_status, to_status, reason, lines, ignored, note, cause_source,
       cause_id, cause_topic, cause_partition, cause_offset
from history;
