-- What each role of roles.sql may do, and nothing else: applied by every `cporctl setup` once the
-- roles are there, so that it holds for new tables, and what a release takes away is gone. Run by
-- the tables' owner. A right that no statement uses fails a test, and so does one that is missing.
do $$
declare
    of record;
    role_name text;
    missing text;
begin
    execute format('revoke connect, temporary on database %I from public', current_database());
    execute format('revoke create on schema %I from public', current_schema());

    foreach role_name in array '{claim_submission, claim_validation, customer_notification,
                                 opt_out_expiry, operator, eraser}'::text[] loop
        role_name := current_database() || '_' || role_name;
        if not exists (select from pg_roles where rolname = role_name) then
            missing := concat_ws(', ', missing, role_name);
            continue;
        end if;
        execute format('revoke all on all tables in schema %I from %I', current_schema(), role_name);
        execute format('grant connect on database %I to %I', current_database(), role_name);
        execute format('grant usage on schema %I to %I', current_schema(), role_name);
    end loop;
    if missing is not null then
        raise exception 'not there: % (cporctl setup --roles makes them)', missing;
    end if;

    for of in select * from (values
        -- After a restore.
        ('claim_submission', 'replay_places', 'select'),
        ('claim_submission', 'replay_horizon', 'select'),
        ('claim_validation', 'replay_places', 'select'),
        ('claim_validation', 'replay_horizon', 'select'),
        ('customer_notification', 'replay_places', 'select'),
        ('customer_notification', 'replay_horizon', 'select'),
        ('opt_out_expiry', 'replay_places', 'select'),
        ('opt_out_expiry', 'replay_horizon', 'select'),
        -- Takes what partners and reviewers do. "for update" wants update of any one column.
        ('claim_submission', 'claims', 'select, insert, update'),
        ('claim_submission', 'documents', 'select, insert'),
        ('claim_submission', 'attachments', 'insert'),
        ('claim_submission', 'history', 'select, insert'),
        ('claim_submission', 'timers', 'select, insert, delete'),
        ('claim_submission', 'contenders', 'select, delete'),
        ('claim_submission', 'positions', 'select, insert, update'),
        ('claim_submission', 'attempts', 'select, insert, update'),
        ('claim_submission', 'handled_positions', 'select'),
        ('claim_submission', 'kept_opt_outs', 'select, update (cause_key), delete'),
        ('claim_submission', 'imported_claims', 'select, insert'),
        -- Keeps the reference data, checks claims.
        ('claim_validation', 'claims', 'select, update'),
        ('claim_validation', 'documents', 'select'),
        ('claim_validation', 'attachments', 'select'),
        ('claim_validation', 'history', 'select, insert'),
        ('claim_validation', 'timers', 'select, insert, delete'),
        ('claim_validation', 'contenders', 'select, insert, delete'),
        ('claim_validation', 'holders', 'select'),
        ('claim_validation', 'positions', 'select, insert, update'),
        ('claim_validation', 'attempts', 'select, insert, update'),
        ('claim_validation', 'handled_positions', 'select'),
        ('claim_validation', 'partners', 'select, insert, update'),
        ('claim_validation', 'tenants', 'select, insert, update'),
        ('claim_validation', 'subscriptions', 'select, insert, update'),
        -- Tells the customer.
        ('customer_notification', 'recalled_notices', 'select'),
        ('customer_notification', 'positions', 'select, insert, update'),
        ('customer_notification', 'attempts', 'select, insert, update'),
        ('customer_notification', 'handled_positions', 'select'),
        ('customer_notification', 'claims', 'select, update'),
        ('customer_notification', 'documents', 'select'),
        ('customer_notification', 'history', 'select, insert'),
        ('customer_notification', 'timers', 'select, insert, delete'),
        ('customer_notification', 'partners', 'select'),
        ('customer_notification', 'tenants', 'select'),
        -- Decides; makes claims of imports; compares contacts for links of earlier revisions.
        ('opt_out_expiry', 'claims', 'select, insert, update'),
        ('opt_out_expiry', 'documents', 'select'),
        ('opt_out_expiry', 'attachments', 'insert'),
        ('opt_out_expiry', 'history', 'select, insert'),
        ('opt_out_expiry', 'timers', 'select, insert, delete'),
        ('opt_out_expiry', 'contenders', 'select, insert, delete'),
        ('opt_out_expiry', 'holders', 'select, insert, delete'),
        ('opt_out_expiry', 'positions', 'select, insert, update'),
        ('opt_out_expiry', 'attempts', 'select, insert, update'),
        ('opt_out_expiry', 'handled_positions', 'select'),
        ('opt_out_expiry', 'kept_opt_outs', 'select, insert, update (cause_key), delete'),
        ('opt_out_expiry', 'expired_opt_outs', 'select, insert, delete'),
        ('opt_out_expiry', 'subscription_standings', 'select, insert, update'),
        ('opt_out_expiry', 'subscriptions', 'select'),
        -- cporctl but for setup and forget: looks, and steers through Kafka. No documents, no
        -- words of customers.
        ('operator', 'claims', 'select'),
        ('operator', 'history', 'select'),
        ('operator', 'timers', 'select'),
        ('operator', 'contenders', 'select'),
        ('operator', 'holders', 'select'),
        ('operator', 'attempts', 'select, insert, update'),
        ('operator', 'handled_positions', 'select'),
        ('operator', 'kept_opt_outs', 'select (cause_key, tenant_id, claim_id, received_at_ms,'
            ' due_at_ms, lines, actor_type, cause_topic, cause_partition, cause_offset)'),
        ('operator', 'claim_overview', 'select'),
        ('operator', 'history_overview', 'select'),
        -- cporctl forget. On history a trigger lets nothing pass but the mark of what is erased.
        ('eraser', 'claims', 'select, update (findings, version)'),
        ('eraser', 'documents', 'select, update (document)'),
        ('eraser', 'attachments', 'select, update (body)'),
        ('eraser', 'history', 'select, insert, update (actor_id, note, outcomes)'),
        ('eraser', 'kept_opt_outs',
            'select, update (actor_id, note, record_key, record_value, record_headers)'),
        ('eraser', 'expired_opt_outs',
            'select, update (actor_id, note, record_key, record_value, record_headers)')
    ) as given (suffix, table_name, rights) loop
        execute format('grant %s on %I.%I to %I', of.rights, current_schema(), of.table_name,
                       current_database() || '_' || of.suffix);
    end loop;
end$$;
