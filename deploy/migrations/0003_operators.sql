-- For operators: finding claims, and erasing a person's data (cporctl find, cporctl forget).

-- Both tables at once and first: no worker can hold one of them and wait for the other.
lock table claims, history in access exclusive mode;

-- Columns that never change in a claim's life (a revision may not change its domain), so that
-- moving a claim stays a HOT update. Partner, status and lines change: they have no index.
create index claims_domain on claims (domain);
create index claims_submitted on claims (first_submitted_at_ms);

-- History stays append-only, but for one thing: a text may be replaced by the mark of what was
-- erased. Whether an update is that and nothing else is decided here, whoever sends it.
create function json_is_erased(before jsonb, after jsonb) returns boolean
    language plpgsql immutable as
$$begin
    if before = after then
        return true;
    elsif after = '"[erased]"' then
        return jsonb_typeof(before) = 'string';
    elsif jsonb_typeof(before) <> jsonb_typeof(after) then
        return false;
    elsif jsonb_typeof(before) = 'object' then
        return not exists (
            select from jsonb_each(before) b full join jsonb_each(after) a using (key)
            where a.value is null or b.value is null or not json_is_erased(b.value, a.value));
    elsif jsonb_typeof(before) = 'array' then
        return jsonb_array_length(before) = jsonb_array_length(after) and not exists (
            select from jsonb_array_elements(before) with ordinality b(value, place)
            join jsonb_array_elements(after) with ordinality a(value, place) using (place)
            where not json_is_erased(b.value, a.value));
    end if;
    return false;
end$$;

-- Outcomes: the envelope of each event stays; its body is a text that holds JSON.
create function outcomes_are_erased(before jsonb, after jsonb) returns boolean
    language plpgsql immutable as
$$begin
    return jsonb_array_length(before) = jsonb_array_length(after) and not exists (
        select from jsonb_array_elements(before) with ordinality b(value, place)
        join jsonb_array_elements(after) with ordinality a(value, place) using (place)
        where b.value - 'body' <> a.value - 'body'
        or not json_is_erased((b.value->>'body')::jsonb, (a.value->>'body')::jsonb));
end$$;

create function history_may_be_erased() returns trigger language plpgsql as
$$begin
    if to_jsonb(new) - '{actor_id,note,outcomes}'::text[]
        = to_jsonb(old) - '{actor_id,note,outcomes}'::text[]
        and (new.actor_id = old.actor_id or new.actor_id = '[erased]')
        and (new.note is not distinct from old.note
             or (old.note is not null and new.note = '[erased]'))
        and (new.outcomes = old.outcomes
             or outcomes_are_erased(old.outcomes::jsonb, new.outcomes::jsonb)) then
        return new;
    end if;
    raise exception 'history is append-only';
end$$;

drop trigger history_append_only on history;
create trigger history_append_only before delete or truncate on history
    for each statement execute function history_is_append_only();
create trigger history_erased before update on history
    for each row execute function history_may_be_erased();
