"""Erasing a person's data: through the workers, then no text column of any table knows of it, the
history stays explained, and what is read again brings nothing back."""

import base64
import hashlib
import hmac
import json
import subprocess

import psycopg
import pytest

import documents
import harness
import rewind
from cporctl import call, execute, expect
from words import instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
OPERATOR = ("--operator", "ann", "--yes")
PERSON = {"name": "Maximiliane Vonderlohe", "title": "Vorsteherin der Ablage",
          "email": "Max.Vonderlohe@customer1.example"}
SELLER = {"name": "Quirin Zapfenstein", "email": "quirin@partner.example"}
ENGINEER = {"name": "Ottokar Wiesengrund", "title": "Kellermeister",
            "email": "ottokar@customer1.example"}
PERSONAL = [text.lower() for person in (PERSON, SELLER, ENGINEER) for text in person.values()]
TOKEN_SECRET = "of-these-tests-only"
CLAIM_EVENTS = "claim-submission"


def texts_of_all_tables(installation):
    """[(table, column, row as text)] of every column that can hold a text; bytes as what they say,
    and headers, whose values are in hex, as that too."""
    columns = installation.query(
        "select c.table_name, c.column_name, c.data_type from information_schema.columns c join"
        " information_schema.tables t using (table_schema, table_name) where c.table_schema ="
        " 'public' and t.table_type = 'BASE TABLE' and c.data_type in ('text', 'jsonb', 'json',"
        " 'ARRAY', 'character varying', 'bytea', 'uuid')")
    assert len(columns) > 60
    for table, column, kind in columns:
        value = f"convert_from(\"{column}\", 'UTF8')" if kind == "bytea" else f'"{column}"::text'
        for (text,) in installation.query(f'select {value} from "{table}"'):
            if column == "record_headers":
                text += "".join(bytes.fromhex(header["value"]).decode() + " "
                                for header in json.loads(text))
            if text and kind == "bytea" and text.startswith("{"):
                text += json.dumps(json.loads(text), ensure_ascii=False)  # escapes as what they say
            if text:
                yield table, column, text.lower()


def found(installation, personal=PERSONAL):
    return sorted({(table, column, word) for table, column, text in
                   texts_of_all_tables(installation) for word in personal if word in text})


def document(claim_id, tenant):
    claim = documents.bizapps_claim(claim_id, tenant, "2026-05-01", [("POWER_BI", None)])
    claim["claim_name"] = f"For {PERSON['name']}"
    claim["customer"]["contact"] = dict(PERSON)
    claim["customer"]["technical_contact"] = dict(ENGINEER)
    claim["partner"]["contact"] = dict(SELLER)
    claim["poe"][0]["signed_by"] = PERSON["name"]
    claim["poe"][0]["uri"] = f"https://documents.example/{SELLER['email']}"
    claim["comments"] = [{"author": SELLER["name"], "at": "2026-05-02T10:00:00.000Z",
                          "text": f"{ENGINEER['name']} asked for it"}]
    return claim


@pytest.fixture
def running(install):
    """Workers, one partner, one tenant, its subscription."""
    installation = install(start_at_ms=START, settings={
        "CPOR_REVIEW": "all", "CPOR_OPT_OUT_KEYS": f"t:{TOKEN_SECRET}"})
    tenant = documents.tenant(1)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [tenant],
                                   [documents.subscription(tenant, "POWER_BI")])
    return installation, tenant


def publish(installation, event_type, tenant, claim_id, topic=CLAIM_EVENTS, **data):
    installation.publish(topic, event_type, {"claim_id": claim_id,
                                             "tenant_id": tenant["tenant_id"], **data})
    installation.flush()


def submit(installation, tenant, claim_id, event_id=None):
    installation.publish(CLAIM_EVENTS, "cpor.claim.submitted.v1", document(claim_id, tenant),
                         event_id=event_id)
    installation.flush()


def wait_for(installation, claim_id, status):
    installation.wait(f"{claim_id} to be {status}", lambda: installation.query(
        "select 1 from claims where claim_id = %s and status = %s", claim_id, status))


def live_through(installation, tenant, claim_id):
    """A claim with a free text of everybody, at every place that takes one, until the customer's
    opt-out."""
    reviewer = {"type": "reviewer", "id": "r1"}
    submit(installation, tenant, claim_id, event_id=f"submitted-{claim_id}")
    wait_for(installation, claim_id, "UNDER_REVIEW")
    publish(installation, "cpor.claim.reviewed.v1", tenant, claim_id, revision=1, verdict="ASK",
            reason=f"is {PERSON['name']} still there?", actor=reviewer, lines=[1],
            findings=[{"code": "REVIEWER_QUESTION", "line": 1,
                       "message": f"who is {ENGINEER['name']}?"}])
    wait_for(installation, claim_id, "PARTNER_ACTION_REQUIRED")
    refused = expect_refused(installation, claim_id)
    assert "its notice is still to be sent" in refused
    installation.publish(CLAIM_EVENTS, "cpor.claim.resubmitted.v1",
                         {**document(claim_id, tenant), "revision": 2})
    installation.flush()
    wait_for(installation, claim_id, "UNDER_REVIEW")
    publish(installation, "cpor.claim.reviewed.v1", tenant, claim_id, revision=2,
            verdict="APPROVE", reason="fine", actor=reviewer)
    wait_for(installation, claim_id, "OPT_OUT_OPEN")
    publish(installation, "cpor.claim.comment-added.v1", tenant, claim_id, comment={
        "author": ENGINEER["name"], "at": "2026-05-20T10:00:00.000Z", "text": "all well"})
    publish(installation, "cpor.claim.evidence-added.v1", tenant, claim_id,
            poe=[documents.poe("2026-05-02", [1], signed_by=PERSON["name"])],
            actor={"type": "partner", "id": "1234566"})
    installation.wait("evidence and comment", lambda: len(installation.query(
        "select 1 from attachments where claim_id = %s", claim_id)) == 2)
    publish(installation, "cpor.customer.opted-out.v1", tenant, claim_id, topic="opt-out-expiry",
            actor={"type": "customer", "id": PERSON["email"]}, lines=[1],
            comment=f"{PERSON['name']} says no")
    wait_for(installation, claim_id, "REJECTED")


def expect_refused(installation, claim_id):
    result = call(installation.env, "forget", claim_id, *OPERATOR)
    assert result.returncode == 1 and result.stderr == "", result.stderr
    return result.stdout


def token(tenant, claim_id):
    """A link's token, as the notice has it: tells of the contact's address by its digest."""
    digest = hashlib.sha256(PERSON["email"].lower().encode()).hexdigest()[:16]
    payload = f"{tenant['tenant_id']}/{claim_id}/1/{digest}".encode()
    text = "v1.t." + base64.urlsafe_b64encode(payload).decode().rstrip("=")
    mac = hmac.digest(TOKEN_SECRET.encode(), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


SAID = f"{PERSON['name']} does not want this"  # an opt-out's comment


def keep_opt_out(installation, tenant, claim_id, actor_id, actor_type="customer"):
    """An opt-out before its claim, with all that a publisher may put into one."""
    data = {"claim_id": claim_id, "tenant_id": tenant["tenant_id"], "lines": [1],
            "actor": {"type": actor_type, "id": actor_id, "title": PERSON["title"]},
            "comment": SAID, "token": token(tenant, claim_id), "more": {"to": ENGINEER["email"]}}
    headers = [("ce_specversion", b"1.0"), ("ce_id", f"o-{claim_id}".encode()),
               ("ce_source", b"/upstream"), ("ce_type", b"cpor.customer.opted-out.v1"),
               ("content-type", b"application/json"), ("x-from", PERSON["email"].encode())]
    value = json.dumps(data).replace(PERSON["email"], PERSON["email"].replace("@", "\\u0040"))
    installation.produce("opt-out-expiry", tenant["tenant_id"], value.encode(), headers)
    installation.flush()
    installation.wait("the opt-out to be kept", lambda: installation.query(
        "select 1 from kept_opt_outs where claim_id = %s", claim_id))


def moves(installation, claim_id):
    return installation.query(
        "select id, sequence, at_ms, event, from_status, to_status, reason, lines, cause_key,"
        " cause_offset from history where claim_id = %s and event <> 'cporctl.forget' order by id",
        claim_id)


def test_what_is_forgotten_is_nowhere(running):
    installation, tenant = running
    live_through(installation, tenant, "C-1")
    keep_opt_out(installation, tenant, "C-LATER", PERSON["email"])
    before, hashes = moves(installation, "C-1"), installation.query(
        "select content_hash from claims")
    assert {word for _, _, word in found(installation)} == set(PERSONAL)  # it was all there
    plan = expect(0, call(installation.env, "forget", "C-1", "--operator", "ann", "--dry-run"))
    assert "would be erased in 2 documents, 2 attachments" in plan
    assert {word for _, _, word in found(installation)} == set(PERSONAL)  # and still is
    [done] = json.loads(expect(0, call(installation.env, "forget", "--json", "C-1", *OPERATOR)))
    assert (done["outcome"], done["documents"], done["attachments"]) == ("erased", 2, 2)
    left = {table for table, _, _ in found(installation)}
    assert left == {"kept_opt_outs", "history"}  # the other claim's
    expect(0, call(installation.env, "forget", "C-LATER", *OPERATOR))
    assert found(installation) == []
    assert moves(installation, "C-1") == before
    assert installation.query("select content_hash from claims") == hashes
    rows = json.loads(expect(0, call(installation.env, "history", "--json", "C-1")))
    assert [row["actor"] for row in rows if row["event"] == "cporctl.forget"] == [
        {"type": "operator", "id": "ann"}]
    text = expect(0, call(installation.env, "history", "C-1"))
    assert "a person's data was erased, by operator ann" in text and "by customer [erased]" in text
    assert "Rejected" in expect(0, call(installation.env, "status", "C-1"))
    expect(0, call(installation.env, "audit"))
    logs = "".join(worker.log.read_text() for worker in installation.workers.values()).lower()
    assert not [word for word in PERSONAL if word in logs]
    again = expect(0, call(installation.env, "forget", "C-1", *OPERATOR))
    assert "nothing to erase" in again


def test_what_is_read_again_brings_nothing_back(running):
    """The same records once more, to workers that begin at the start, and published again."""
    installation, tenant = running
    live_through(installation, tenant, "C-1")
    installation.wait_quiet()
    expect(0, call(installation.env, "forget", "C-1", *OPERATOR))
    installation.stop_workers()
    installation.env["CPOR_GROUP_PREFIX"] = f"{installation.prefix}again."
    for worker in installation.workers.values():
        worker.start()
    submit(installation, tenant, "C-1")  # the very document under another event id
    installation.wait("the repetition to be ignored", lambda: installation.query(
        "select 1 from history where ignored like 'the same claim%%'"))
    installation.wait("all to be read again", lambda: lag(installation) == 0 == lag(installation))
    assert found(installation) == []
    assert len(installation.query("select 1 from history where event = 'cporctl.forget'")) == 1
    expect(0, call(installation.env, "audit", "--no-kafka"))
    dead = installation.read("dead-letter")
    assert dead == []


def check_marks(letter, lines=(1,)):
    """Of an opt-out's record: the opt-out is left, and nothing that its writer said."""
    assert letter.json == {
        "claim_id": letter.json["claim_id"], "tenant_id": letter.json["tenant_id"],
        "lines": list(lines), "actor": {"type": "customer", "id": "[erased]", "title": "[erased]"},
        "comment": "[erased]", "more": "[erased]"}
    assert letter.header("x-from") == "[erased]"
    assert letter.header("ce_id") == f"o-{letter.json['claim_id']}"
    said = str((letter.key, letter.value, letter.headers)).lower()
    assert not [word for word in PERSONAL if word in said]


def test_a_kept_opt_out_is_applied_after_it_was_forgotten(running):
    installation, tenant = running
    keep_opt_out(installation, tenant, "C-1", PERSON["email"])
    tables = {table for table, _, _ in found(installation)}
    assert tables == {"kept_opt_outs", "history"}
    expect(0, call(installation.env, "forget", "C-1", *OPERATOR))
    assert found(installation) == []
    assert "nothing to erase" in expect(0, call(installation.env, "forget", "C-1", *OPERATOR))
    submit(installation, tenant, "C-1")
    wait_for(installation, "C-1", "REJECTED")
    [(actor, note)] = installation.query("select actor_id, note from history where cause_id ="
                                         " 'o-C-1' and service = 'claim-submission'")
    assert (actor, note) == ("[erased]", "[erased]")
    assert installation.query("select 1 from claims, jsonb_array_elements(lines) l"
                              " where l->>'status' = 'DECLINED'") == [(1,)]


@pytest.mark.parametrize("before", (True, False), ids=("kept", "expired"))
def test_a_kept_opt_out_becomes_a_dead_letter_without_what_was_forgotten(running, before):
    """Forgotten while it is kept, and when it is a dead letter already: what is read again brings
    nothing back into the dead letters either."""
    installation, tenant = running
    keep_opt_out(installation, tenant, "C-1", PERSON["email"])
    person = ("--email", PERSON["email"].upper(), *OPERATOR)
    if before:
        expect(0, call(installation.env, "forget", *person))
        assert "no claim has the address" in expect(1, call(installation.env, "forget", *person))
    installation.jump(START + 91 * 86_400_000)
    assert len(installation.read("dead-letter")) == 1
    assert installation.query("select 1 from expired_opt_outs") == [(1,)]
    if not before:
        assert "expired_opt_outs" in {table for table, _, _ in found(installation)}
        expect(0, call(installation.env, "forget", *person))
    assert found(installation) == []
    rewind.rewind(installation, "opt-out-expiry")
    installation.wait("it to be published again", lambda: len(
        installation.read("dead-letter")) == 2)
    check_marks(installation.read("dead-letter")[-1])


FIND_ONLY = [  # where alone the address stands: column, its value
    ("note", "who is max.Vonderlohe@customer1.example?"),
    ("record_value", json.dumps({"claim_id": "C-1", "more": [PERSON["email"]]})),
    ("record_value", '{"claim_id": "C-1", "more": "max.vonderlohe\\u0040customer1.example"}'),
    ("record_headers", json.dumps([{"name": "78", "value": PERSON["email"].encode().hex()}])),
    ("record_key", PERSON["email"]),
]


def test_an_address_is_found_wherever_it_stands(install):
    """Another one's opt-out that has the address in one place; an opt-out with escapes and without
    the address is nobody's business."""
    installation = install()
    for table in ("kept_opt_outs", "expired_opt_outs"):
        expired = ", expired_by, expired_at_ms" if table[0] == "e" else ""
        values = ", gen_random_uuid(), 1" if expired else ""
        sql = (f"insert into {table} (cause_key, tenant_id, claim_id, received_at_ms, actor_type,"
               " actor_id, cause_source, cause_id, cause_topic, cause_partition, cause_offset"
               f"{{}}{expired}) values (gen_random_uuid(), gen_random_uuid(), %s, 1, 'customer',"
               f" '', '', '', '', 0, 1{{}}{values})")
        execute(installation, sql.format(", record_value", ", %s"), f"{table}-other",
                b'{"claim_id": "C-9", "comment": "\\u00fc"}')
        for number, (column, value) in enumerate(FIND_ONLY):
            value = value.encode() if column in ("record_value", "record_key") else value
            execute(installation, sql.format(f", {column}", ", %s"), f"{table}-{number}", value)
    wanted = {f"{table}-{number}" for table in ("kept_opt_outs", "expired_opt_outs")
              for number in range(len(FIND_ONLY))}
    done = json.loads(expect(0, call(installation.env, "forget", "--json", "--email",
                                     PERSON["email"], *OPERATOR)))
    assert {row["claim_id"] for row in done} == wanted
    assert {(row["outcome"], row["kept_opt_outs"]) for row in done} == {("erased", 1)}
    assert [word for _, _, word in found(installation) if word == PERSON["email"].lower()] == []
    assert "no claim has the address" in expect(
        1, call(installation.env, "forget", "--email", PERSON["email"], *OPERATOR))


def lag(installation):
    return json.loads(expect(0, call(installation.env, "lag", "--json")))["lag"]


def test_one_person_by_address(running):
    installation, tenant = running
    live_through(installation, tenant, "C-1")
    submit(installation, tenant, "C-2")
    wait_for(installation, "C-2", "UNDER_REVIEW")
    result = call(installation.env, "forget", "--email", PERSON["email"].upper(), *OPERATOR)
    assert result.returncode == 1
    assert "C-1: erased in 2 documents" in result.stdout
    assert "C-2: refused, its notice is still to be sent" in result.stdout
    publish(installation, "cpor.claim.withdrawn.v1", tenant, "C-2",
            actor={"type": "partner", "id": "1234566"}, reason=f"for {PERSON['name']}")
    wait_for(installation, "C-2", "WITHDRAWN")
    expect(0, call(installation.env, "forget", "--email", PERSON["email"], *OPERATOR))
    left = {word for _, _, word in found(installation)}
    assert not left & {text.lower() for text in PERSON.values()}
    assert left == {text.lower() for person in (SELLER, ENGINEER) for text in person.values()}
    assert "no claim has the address" in expect(
        1, call(installation.env, "forget", "--email", PERSON["email"], *OPERATOR))


CHANGES = [  # updates of history that are no erasure
    "actor_id = 'somebody'", "note = 'other words'", "note = null", "outcomes = '[]'",
    "reason = 'SUPERSEDED'", "at_ms = at_ms + 1", "cause_key = gen_random_uuid()",
    "actor_id = '[erased]', to_status = 'OFFICIAL'",
    "outcomes = replace(outcomes, '\"topic\":\"claim-status\"', '\"topic\":\"[erased]\"')",
    "outcomes = replace(outcomes, 'words', 'others')",
]
BODY = json.dumps({"findings": [{"code": "REVIEWER_QUESTION", "message": "words"}], "sequence": 1})


@pytest.fixture
def row(install):
    installation = install()
    execute(installation, "insert into history (tenant_id, claim_id, sequence, at_ms, service,"
            " instance, actor_type, actor_id, event, note, cause_key, cause_source, cause_id,"
            " cause_topic, cause_partition, cause_offset, outcomes) values (gen_random_uuid(),"
            " 'C-1', 1, 1, 's', 'i', 'customer', 'sam', 'e', 'a note', gen_random_uuid(), '/u',"
            " 'x', 't', 0, 1, %s)",
            json.dumps([{"topic": "claim-status", "body": BODY}], separators=(",", ":")))
    return installation


def test_history_takes_marks_and_nothing_else(row):
    for change in CHANGES:
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            execute(row, f"update history set {change}")
    for statement in ("delete from history", "truncate history"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            execute(row, statement)
    erased = json.dumps([{"topic": "claim-status", "body": BODY.replace("words", "[erased]")}])
    execute(row, "update history set actor_id = '[erased]', note = '[erased]', outcomes = %s",
            erased)
    assert row.query("select actor_id, note from history") == [("[erased]", "[erased]")]
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        execute(row, "update history set note = 'a note'")


USAGE = [(("--operator", "ann", "--yes"), "either --email ADDRESS or a CLAIM_ID"),
         (("C-1", "--email", "a@b.example", *OPERATOR), "either --email"),
         (("C-1", "--yes"), "--operator ID is missing"),
         (("--email", "sam", *OPERATOR), "wants an address"),
         (("C-1", "--operator", "ann"), "say --yes, or --dry-run")]


@pytest.mark.parametrize("arguments,text", USAGE)
def test_usage(arguments, text):
    result = subprocess.run([str(harness.BIN / "cporctl"), "forget", *arguments], text=True,
                            stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert result.returncode == 2 and text in result.stderr and result.stderr.count("\n") == 1
