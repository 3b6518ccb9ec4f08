"""Each worker in a role of its own over verified TLS: a mixed load goes through, nothing else does.

One PostgreSQL of its own, which speaks TLS only and keeps count of what each role has run.
"""

import os
import re
import shutil
import signal
import subprocess

import psycopg
import pytest

import harness
import roles
from certificates import Authority
from cporctl import call, execute, expect
from own_postgres import OwnPostgres, StackWith
from walk import Walk
from words import DAY_MS, instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
SEED, COUNT = 20260520, 300
SETTINGS = """\
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.max = 10000
ssl = on
ssl_cert_file = '{folder}/server.pem'
ssl_key_file = '{folder}/server.key'
hba_file = '{folder}/hba'
"""
HBA = "hostssl all all 127.0.0.1/32 scram-sha-256\n"
# Rights that this load has no use for, and other tests have: after a restore; a mail put off; a
# claim with a known slot that is refused when judged anew; an opt-out by an earlier revision's
# link; people with psql.
RARE = {("customer_notification", "recalled_notices", "SELECT"),
        ("customer_notification", "timers", "SELECT"),
        ("customer_notification", "timers", "DELETE"),
        ("claim_validation", "contenders", "DELETE"),
        ("opt_out_expiry", "documents", "SELECT"),
        ("operator", "attempts", "INSERT"), ("operator", "attempts", "UPDATE"),
        ("operator", "attempts", "SELECT"),  # cporctl dlq skip
        ("operator", "claim_overview", "SELECT"), ("operator", "history_overview", "SELECT")}


class Secured:
    """The server, its authority, and an installation that has lived through a mixed load."""

    def __init__(self, stack, folder):
        self.authority = Authority(folder, "authority")
        self.stranger = Authority(folder, "stranger")
        self.postgres = OwnPostgres(folder / "postgres-of-test")
        home = self.postgres.home()
        self.postgres.SETTINGS += SETTINGS.replace("{folder}", str(home))
        self.key, self.pem, self.hba = home / "server.key", home / "server.pem", home / "hba"
        self.renew()
        self.hba.write_text(HBA)
        self.stack = StackWith(stack, self.postgres)
        url = self.stack.env["CPOR_DATABASE_URL"].replace("127.0.0.1", "localhost")
        self.stack.env.update({"CPOR_DATABASE_URL": url, "PGSSLMODE": "verify-full",
                               "PGSSLROOTCERT": str(self.authority.file)})

    def renew(self, **validity):
        certificate, key, _ = self.authority.issue("localhost", **validity)
        shutil.copyfile(certificate, self.pem)
        shutil.copyfile(key, self.key)
        self.key.chmod(0o600)
        if self.postgres.user:
            owner = self.postgres.account()
            os.chown(self.key, owner.pw_uid, owner.pw_gid)
        self.pem.chmod(0o644)

    def live(self, folder):
        self.postgres.up().psql("alter role cpor createrole")
        self.installation = harness.Installation(self.stack, folder, start_at_ms=START,
                                                 settings={"CPOR_REVIEW": "OSA_SELL"})
        installation = self.installation
        self.admin_url = self.postgres.admin_url(installation.database, "localhost")
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute("create extension pg_stat_statements")
        installation.start_workers()
        Walk(installation, SEED, COUNT, START).run()
        tenant = installation.query("select tenant_id::text from claims limit 1")[0][0]
        installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1",
                             {"claim_id": "C-NEVER", "tenant_id": tenant,
                              "actor": {"type": "customer"}})
        installation.flush()
        installation.wait("the opt-out to be kept", lambda: installation.query(
            "select 1 from kept_opt_outs where claim_id = 'C-NEVER'"))
        installation.jump(installation.now_ms() + 91 * DAY_MS)
        installation.stop_workers()
        return self

    def url(self, role):
        return roles.login_url(self.installation.env["CPOR_DATABASE_URL"], role)

    def close(self):
        if hasattr(self, "installation"):
            self.installation.close()
        self.postgres.clean()


@pytest.fixture(scope="module")
def secured(stack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("secured")
    made = Secured(stack, folder)
    try:
        yield made.live(folder)
    finally:
        made.close()


def test_every_session_is_encrypted_and_the_audit_is_clean(secured):
    env = secured.installation.env
    expect(0, call(env, "audit"))
    with psycopg.connect(secured.url("operator")) as connection:
        (version,) = connection.execute("select version from pg_stat_ssl where ssl and pid ="
                                        " pg_backend_pid()").fetchone()
    assert version.startswith("TLSv1.")


def run_people(secured):
    """Every command that reads or erases."""
    env = secured.installation.env
    ((claim_id, tenant_id),) = secured.installation.query(
        "select claim_id, tenant_id::text from claims where status = 'OFFICIAL' limit 1")
    forgotten = secured.installation.query(
        "select tenant_id::text, claim_id from kept_opt_outs union"
        " (select tenant_id::text, claim_id from attachments where kind = 'COMMENT' limit 3) union"
        " (select tenant_id::text, claim_id from claims where findings::text like '%REVIEWER%'"
        " limit 3) union (select tenant_id::text, claim_id from claims where status = 'OFFICIAL'"
        " limit 3)")
    for words in (["status", tenant_id, claim_id], ["history", tenant_id, claim_id],
                  ["find", "--tenant", tenant_id], ["holders"], ["kept"], ["timers"],
                  ["review", "--list"], ["audit"], ["status", claim_id],
                  ["opt-out", tenant_id, claim_id, "--operator", "ann", "--no-wait"],
                  ["forget", "--email", "nobody@contoso.example", "--operator", "ann", "--yes"],
                  *(["forget", *name, "--operator", "ann", "--yes"] for name in forgotten)):
        result = call(env, *words)
        assert "42501" not in result.stderr, f"{words}: {result.stderr}"


def keep_two(secured):
    """An opt-out that is kept and one that has expired, to be forgotten."""
    tenant = secured.installation.query("select tenant_id::text from claims limit 1")[0][0]
    for table, more in (("kept_opt_outs", ""), ("expired_opt_outs", ", gen_random_uuid(), 1")):
        execute(secured.installation, f"insert into {table} select gen_random_uuid(), '{tenant}',"
                " 'C-KEPT', 1, null, 'customer', 'ann', '/x', '1', 'opt-out-expiry', 0, 0, 0, 'a',"
                f" null, '{{}}', '[]'{more}")


def rights_used(sql):
    """{(table, right)} of one statement, roughly as the server sees it."""
    sql = " ".join(sql.lower().split())
    used, names = set(), {}
    for table, alias in re.findall(r"\b(?:from|join|using) (\w+)(?: (?:as )?(\w+))?", sql):
        names[alias] = names[table] = table
        used.add((table, "SELECT"))
    for table in re.findall(r"\binsert into (\w+)", sql):
        used.add((table, "INSERT"))
        if "do update set" in sql:
            used |= {(table, "UPDATE"), (table, "SELECT")}
    for table in re.findall(r"\bdelete from (\w+)", sql):
        used |= {(table, "DELETE"), (table, "SELECT")}
    used |= {(table, "UPDATE") for table in re.findall(r"^update (\w+)", sql)}
    used |= {(table, "SELECT") for table in re.findall(r"^update (\w+)", sql)}
    if re.search(r"\bfor update\b", sql):
        of = re.findall(r"\bfor update of (\w+)", sql)
        used |= {(names[name], "UPDATE") for name in of or set(names) - {""}}
    return used


def test_no_role_has_a_right_that_none_of_its_statements_needs(secured):
    keep_two(secured)
    run_people(secured)
    prefix = secured.installation.database + "_"
    with psycopg.connect(secured.admin_url) as connection:
        granted = {(role.removeprefix(prefix), table, right) for role, table, right in
                   connection.execute(
            "select r.rolname, c.relname, a.privilege_type from pg_class c, aclexplode(c.relacl) a,"
            " pg_roles r where r.oid = a.grantee and c.relowner <> r.oid and c.relnamespace ="
            " 'public'::regnamespace union select r.rolname, c.relname, a.privilege_type"
            " from pg_attribute t join pg_class c on c.oid = t.attrelid, aclexplode(t.attacl) a,"
            " pg_roles r where r.oid = a.grantee and c.relnamespace = 'public'::regnamespace")}
        ran = connection.execute("select r.rolname, s.query from pg_stat_statements s"
                                 " join pg_roles r on r.oid = s.userid").fetchall()
    used = {(name.removeprefix(prefix + "user_"), table, right) for name, sql in ran
            for table, right in rights_used(sql)}
    granted = {grant for grant in granted if grant[0] != "public"}
    assert {grant[0] for grant in granted} >= {name.replace("-", "_") for name in
                                               (*harness.SERVICES, *roles.PEOPLE)}
    needless = sorted(granted - used - RARE)
    assert not needless, f"granted, and no statement has needed it: {needless}"


EVERYBODY = (
    "delete from history", "truncate history", "update history set to_status = 'OFFICIAL'",
    "update history set cause_id = ''", "alter table history disable trigger all",
    "drop table claims", "drop trigger history_erased on history", "truncate claims",
    "delete from claims", "create table mine (x integer)",
    "create temporary table mine (x integer)",
    "create schema mine", "create role mine", "insert into schema_migrations values ('x', 'y')",
    "update claims set content_hash = ''", "insert into holders select * from holders",
    "delete from replay_places", "insert into replay_horizon values (true, 0)",
    "select * from pg_read_file('/etc/passwd')", "copy claims to program 'cat'",
    "set role postgres", "set role cpor",
)
MAY = {  # of the list above
    "claim_submission": {"update claims set content_hash = ''"},
    "claim_validation": {"update claims set content_hash = ''"},
    "customer_notification": {"update claims set content_hash = ''"},
    "opt_out_expiry": {"update claims set content_hash = ''",
                       "insert into holders select * from holders"},
}
FORBIDDEN = {
    "claim_submission": ["update documents set document = ''", "delete from documents",
                         "select * from attachments", "select * from holders",
                         "update kept_opt_outs set note = ''", "select * from partners",
                         "insert into kept_opt_outs select * from kept_opt_outs"],
    "claim_validation": ["insert into claims select * from claims", "delete from holders",
                         "insert into documents select * from documents",
                         "select * from kept_opt_outs", "delete from partners"],
    "customer_notification": ["insert into claims select * from claims",
                              "select * from attachments",
                              "select * from holders", "select * from kept_opt_outs",
                              "update partners set name = ''", "update recalled_notices set"
                              " deadline_at_ms = 0"],
    "opt_out_expiry": ["insert into documents select * from documents", "select * from attachments",
                       "update documents set document = ''", "select * from tenants",
                       "update subscriptions set state = ''", "update kept_opt_outs set note = ''"],
    "operator": ["select * from documents", "select * from attachments",
                 "select note from kept_opt_outs", "select * from expired_opt_outs",
                 "insert into history overriding system value select * from history",
                 "update claims set findings = '[]'",
                 "update positions set next_offset = 0", "delete from timers",
                 "select * from partners"],
    "eraser": ["update claims set status = 'OFFICIAL'", "update claims set lines = '[]'",
               "delete from documents", "delete from kept_opt_outs", "delete from timers",
               "update history set lines = null", "update kept_opt_outs set claim_id = ''"],
}


@pytest.mark.parametrize("role", FORBIDDEN)
def test_what_a_role_may_not_do_is_refused(secured, role):
    with psycopg.connect(secured.url(role), autocommit=True) as connection:
        for sql in (*FORBIDDEN[role], *(set(EVERYBODY) - MAY.get(role, set()))):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                print(role, sql)
                connection.execute(sql)
    if role == "eraser":  # what it may write is still only the mark
        with psycopg.connect(secured.url(role), autocommit=True) as connection:
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                connection.execute("update history set note = 'something else'")


def test_roles_of_another_database_are_not_let_in(secured):
    env = dict(secured.installation.env)
    other = secured.installation.database + "_other"
    env["CPOR_DATABASE_URL"] = env["CPOR_DATABASE_URL"].rpartition("/")[0] + "/" + other
    execute(secured.installation, f'create database "{other}"')
    assert "roles created" in expect(0, call(env, "setup", "--roles"))
    url = secured.url("claim-submission").rpartition("/")[0] + "/" + other
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url)


def test_a_missing_right_ends_a_worker_with_what_to_do(secured):
    installation = secured.installation
    role = f'"{installation.database}_claim_submission"'
    execute(installation, f"revoke select on replay_horizon from {role}")
    worker = installation.workers["claim-submission-1"]
    assert worker.start().process.wait(30) == 1
    worker.process = None
    assert re.search("42501.*replay_horizon.*cporctl setup", worker.log_tail())
    assert "rights of roles granted" in expect(0, call(installation.env, "setup"))
    worker.log.unlink()
    worker.start()
    installation.wait("the worker to start", lambda: "assigned" in worker.log_tail()
                      or worker.process.poll() is not None)
    worker.stop()


def test_an_owner_who_may_not_make_roles_is_told_how(secured):
    installation = secured.installation
    database, env = installation.database + "_small", dict(installation.env)
    with psycopg.connect(secured.admin_url, autocommit=True) as connection:
        connection.execute("create user small password 'small'")
        connection.execute(f'create database "{database}" owner small')
    env["CPOR_DATABASE_URL"] = f"postgresql://small:small@localhost:{secured.postgres.port}/" \
                               f"{database}"
    assert "roles" not in expect(0, call(env, "setup"))
    said = expect(1, call(env, "setup", "--roles"))
    path = re.search(r"CREATEROLE.*psql -v ON_ERROR_STOP=1 -d DATABASE -f (\S+roles.sql)", said)[1]
    subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", path,
                    secured.postgres.admin_url(database, "localhost")], env=env, check=True)
    assert "rights of roles granted" in expect(0, call(env, "setup"))
    assert "rights of roles granted" in expect(0, call(env, "setup", "--roles"))


# ---- TLS; the last tests, for they spoil the server's certificate


def refused(secured, url, *words):
    """A worker and cporctl both end at once, and say all of this."""
    env = {**secured.installation.env, "CPOR_DATABASE_URL": url, "CPOR_INSTANCE": "refused"}
    for name in ("PGSSLMODE", "PGSSLROOTCERT", "TEST_OWNER_URL"):
        del env[name]
    worker = subprocess.run([str(harness.BIN / "opt-out-expiry")], env=env, text=True, timeout=60,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = expect(1, call(env, "holders"))
    for text in (worker.stdout, said):
        for word in words:
            assert word in text, f"expected {word!r} in:\n{text}"
        assert roles.PASSWORD not in text
    assert worker.returncode == 1 and "fatal" in worker.stdout


def test_another_servers_certificate_is_refused(secured):
    url = secured.url("opt-out-expiry")
    right, wrong = secured.authority.file, secured.stranger.file
    refused(secured, f"{url}?sslmode=verify-full&sslrootcert={wrong}", "certificate verify failed",
            "not by the CA in sslrootcert")
    refused(secured, f"{url.replace('localhost', '127.0.0.1')}"
            f"?sslmode=verify-full&sslrootcert={right}", "does not match host name",
            "connect by the name")
    refused(secured, f"{url}?sslmode=verify-full&sslrootcert={right}.not", "root certificate file",
            "must name the CA's certificate")
    refused(secured, f"{url}?sslmode=disable", "pg_hba.conf", "must let this user in")


def test_an_expired_certificate_is_refused(secured):
    secured.renew(end="20200102000000Z")
    secured.postgres.down(signal.SIGINT)
    secured.postgres.start()
    secured.installation.wait("PostgreSQL to be back", secured.postgres.is_ready)
    refused(secured, f"{secured.url('opt-out-expiry')}?sslmode=verify-full"
            f"&sslrootcert={secured.authority.file}", "certificate verify failed", "has expired")


def test_a_server_without_tls_is_refused(secured):
    secured.postgres.down(signal.SIGINT)
    secured.postgres.SETTINGS = secured.postgres.SETTINGS.replace("ssl = on", "ssl = off")
    secured.hba.write_text(HBA.replace("hostssl", "host"))
    secured.postgres.prepare()
    secured.postgres.start()
    secured.installation.wait("PostgreSQL to be back", secured.postgres.is_ready)
    refused(secured, f"{secured.url('opt-out-expiry')}?sslmode=verify-full"
            f"&sslrootcert={secured.authority.file}", "server does not support SSL", "set ssl = on")
