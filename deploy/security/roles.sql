-- Makes the group roles of this database, one per worker and two for people; nobody logs in as
-- them. Wants CREATEROLE: `cporctl setup --roles`, or an administrator with
--     psql -v ON_ERROR_STOP=1 -d DATABASE -f roles.sql
-- Roles belong to the whole server: their names begin with the database's, so that installations
-- beside each other have nothing in common. Again: safe. What they may do: rights.sql.
-- Then a user for each worker and person, with a password of its own for CPOR_DATABASE_URL:
--     create user claims_in password '…' in role cpor_claim_submission;
do $$
declare
    suffix text;
    role_name text;
begin
    if octet_length(current_database()) > 63 - octet_length('_customer_notification') then
        raise exception 'the database''s name is too long to begin the names of roles with';
    end if;
    foreach suffix in array '{claim_submission, claim_validation, customer_notification,
                              opt_out_expiry, operator, eraser}'::text[] loop
        role_name := current_database() || '_' || suffix;
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin', role_name);
        end if;
    end loop;
end$$;
