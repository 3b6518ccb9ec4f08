-- A worker whose group Kafka has forgotten begins here: what is before was published. The last batch
-- (as far as next_offset) was handled; its outcomes may not have come out.
-- last_timestamp_ms: the broker's, of the last record that was handled; of a topic that was made anew
-- earlier records are later. 0: not known.
alter table positions add column published_offset bigint not null default 0,
    add column last_timestamp_ms bigint not null default 0;
