-- How often workers died at a place of the log, and which record was at work: so that the next one
-- gets past a record that kills. A row per partition; common/store/store_attempt.c.
create table attempts (
    service text not null,
    topic text not null,
    partition integer not null,
    at_offset bigint not null,              -- where the partition began when it was given last
    holder text not null,                   -- to whom; '': given back by a worker that lived
    death_count integer not null default 0, -- of workers that held it and came no further
    trying_offset bigint,                   -- the record that is at work alone
    trying_count integer not null default 0,
    aside_offset bigint,                    -- the last that was put aside
    primary key (service, topic, partition)
);

-- Up to where a partition is handled, what was put aside included: the log is never ahead of it.
create view handled_positions as
    select service, topic, partition,
        greatest(coalesce(p.next_offset, 0), coalesce(a.aside_offset + 1, 0)) as next_offset,
        coalesce(p.received_at_ms, 0) as received_at_ms,
        coalesce(p.published_offset, 0) as published_offset,
        coalesce(p.last_timestamp_ms, 0) as last_timestamp_ms
    from positions p full join attempts a using (service, topic, partition)
    where p.service is not null or a.aside_offset is not null;
