-- What an event said, beside its name: (source, id) given to another event is no duplicate. Rows of
-- releases before have none.
alter table history add column cause_digest uuid;
