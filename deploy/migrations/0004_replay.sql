-- After a restore: what Kafka's groups had consumed, and this database has forgotten. cporctl rewind
-- writes it, the workers go through it together, cporctl replay moves them on.

create table replay_places (
    service text not null,
    topic text not null,
    partition integer not null,
    end_offset bigint not null, -- what is before it was consumed, and its outcomes published
    end_at_ms bigint not null,
    primary key (service, topic, partition)
);

-- At most one row: up to which receipt the records of the gap may be handled.
create table replay_horizon (
    only_row boolean not null primary key default true check (only_row),
    at_ms bigint not null -- the largest number: the replay is over
);

-- Notices that the mail server had accepted, or refused for good: they are not sent again, and the
-- deadlines stay what they were.
create table recalled_notices (
    tenant_id uuid not null,
    claim_id text not null,
    revision integer not null,
    answered_at_ms bigint not null,
    deadline_at_ms bigint not null, -- 0: refused
    primary key (tenant_id, claim_id, revision)
);
