-- Which partition a reference record came from. Offsets of one partition say which of two
-- records is the later; those of two partitions say nothing. Workers of the release before leave
-- it empty.

alter table partners add column log_partition integer;
alter table tenants add column log_partition integer;
alter table subscriptions add column log_partition integer;
