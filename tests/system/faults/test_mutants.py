"""For each promise builds that break it on purpose: the audit finds every one, by the right check.

The same stories with the unbroken build end without a violation, so it is the break that is found.
"""

import json
import time

import pytest

import documents
import harness
from cporctl import call, execute
from mutants import CONTROLS, MARK, MUTANTS, Build, edited_texts
from test_positions import forget_groups
from words import DAY_MS, instant_text

PARTNERS = [documents.partner("1111111"), documents.partner("2222222")]
TENANTS = [documents.tenant(number) for number in (1, 2, 3)]
SETTINGS = {"CPOR_AUDIT_SETTLE_MS": "500", "CPOR_SHARE_DIR": str(harness.ROOT / "deploy"),
            "CPOR_EVENT_KEYS": "w1:worker:the-workers-secret-1,i1:importer:the-importers-secret",
            "CPOR_DEMAND_SIGNATURES": "internal"}
FORGED = {**SETTINGS, "CPOR_DEMAND_SIGNATURES": "privileged"}

# The first insert of C-1 fails once with an error that heals; a sequence remembers it for ever.
FAIL_ONCE = """
create sequence once;
create function fail_once() returns trigger security definer language plpgsql as $$begin
    if new.claim_id = 'C-1' and nextval('once') = 1 then
        raise exception 'once more' using errcode = '40001';
    end if;
    return new;
end$$;
create trigger fail_once before insert on claims for each row execute function fail_once();
"""


class Story:
    """One installation with one partition: everything happens in the order in which it is told."""

    def __init__(self, installation, mark):
        self.installation, self.mark = installation, mark
        installation.use_create_time("opt-out-expiry")
        execute(installation, FAIL_ONCE)
        installation.publish_reference(PARTNERS, TENANTS)

    def publish(self, event_type, claim_id, tenant, topic="claim-submission", timestamp=0, **data):
        self.installation.publish(topic, f"cpor.{event_type}.v1", {
            "claim_id": claim_id, "tenant_id": tenant["tenant_id"], **data}, timestamp=timestamp)

    def submit(self, claim_id, tenant, mpn_id="1111111", days_ago=60):
        day = instant_text(self.installation.now_ms() - days_ago * DAY_MS)[:10]
        self.installation.publish("claim-submission", "cpor.claim.submitted.v1", documents.claim(
            claim_id, tenant, day, ["TEAMS"], mpn_id))

    def quiet(self):
        self.installation.flush()
        self.installation.wait_quiet()

    def due(self, claim_id):
        """Of a claim that a mutant lost: some instant."""
        rows = self.installation.query(
            "select (lines->0->>'due')::bigint from claims where claim_id = %s", claim_id)
        return rows[0][0] if rows else self.installation.now_ms()

    def opt_out(self, claim_id, tenant, at_ms):
        self.publish("customer.opted-out", claim_id, tenant, "opt-out-expiry", at_ms,
                     actor={"type": "customer"})

    def close(self, tenant, due):
        """The wake-up, as it comes a moment after the deadline."""
        self.installation.publish("opt-out-expiry", "cpor.window.closed.v1", {
            "tenant_id": tenant["tenant_id"], "due_at": instant_text(due)}, timestamp=due + 50)

    def races(self):
        """Opt-outs before and at the deadline; a swap; a failing save; what cannot be read, is
        told twice, or is not the sender's to say."""
        one, two, three = TENANTS
        for number, tenant in enumerate(TENANTS, 1):
            self.submit(f"C-{number}", tenant)
        for _ in range(2):
            self.installation.publish("claim-submission", "cpor.claim.comment-added.v1", {
                "claim_id": "C-1", "tenant_id": one["tenant_id"], "comment": {
                    "author": "x", "at": instant_text(self.installation.now_ms()),
                    "text": "well"}}, event_id="told-twice")
        self.installation.publish("claim-submission", "cpor.claim.comment-added.v1", {
            "claim_id": "C-2", "tenant_id": two["tenant_id"], "comment": {
                "author": "x", "at": instant_text(self.installation.now_ms()),
                "text": "something else"}}, event_id="told-twice")
        self.installation.produce("claim-submission", one["tenant_id"], b"no JSON")
        self.quiet()
        self.publish("claim.withdrawn", "C-1", one, actor={"type": "partner", "id": "2222222"})
        self.quiet()
        due = self.due("C-3")
        self.mark.touch()
        expiry = self.installation.workers["opt-out-expiry-1"]
        expiry.stop()  # what comes meanwhile it finds in one batch
        self.opt_out("C-2", two, due - 1000)
        self.opt_out("C-3", three, due)
        for tenant in TENANTS:
            self.close(tenant, due)
        self.installation.flush()
        expiry.start()
        self.quiet()
        self.submit("C-4", one, "2222222", days_ago=30)
        self.quiet()
        self.close(one, self.due("C-4"))
        self.quiet()

    def races_end(self):
        events = [(record.header("ce_type").split(".")[2], record.json["claim_id"])
                  for record in self.installation.read("association-official")]
        assert events == [("official", "C-1"), ("ended", "C-1"), ("official", "C-4")]
        assert self.statuses() == ["ENDED", "REJECTED", "REJECTED", "OFFICIAL"]
        assert self.installation.query("select last_value from once") == [(2,)]

    def flushed(self):
        """The windows' end comes while all workers are away, and Redis has forgotten it."""
        self.submit("C-1", TENANTS[0])
        self.quiet()
        due = self.due("C-1")
        self.installation.stop_workers()
        self.installation.redis.flushall()
        self.installation.set_clock(1, due + DAY_MS)
        for worker in self.installation.workers.values():
            worker.start()
        self.submit("C-2", TENANTS[1])  # once it is through, the timers have been looked at
        self.quiet()

    def flushed_end(self):
        self.installation.wait_settled()
        assert self.statuses() == ["OFFICIAL", "OPT_OUT_OPEN"]

    def forgotten(self):
        """All are away for so long that Kafka forgets their groups."""
        self.races()
        self.installation.wait("what is published to be noted", lambda: self.installation.query(
            "select count(*) from positions where published_offset < next_offset") == [(0,)])
        self.installation.stop_workers()
        forget_groups(self.installation)
        for worker in self.installation.workers.values():
            worker.start()
        self.submit("C-5", TENANTS[1])
        self.quiet()

    def forgotten_end(self):
        assert self.statuses() == ["ENDED", "REJECTED", "REJECTED", "OFFICIAL", "OPT_OUT_OPEN"]

    def forged(self):
        """Who has no key extends a window, and says what only the system says."""
        self.submit("C-1", TENANTS[0])
        self.quiet()
        later = instant_text(self.due("C-1") + DAY_MS)
        self.put_unsigned("cpor.window.extended.v1", "/outsider", {
            "claim_id": "C-1", "tenant_id": TENANTS[0]["tenant_id"], "deadline_at": later,
            "reason": "so", "actor": {"type": "operator", "id": "nobody"}})
        self.put_unsigned("cpor.claim.withdrawn.v1", "/outsider", {
            "claim_id": "C-1", "tenant_id": TENANTS[0]["tenant_id"],
            "actor": {"type": "partner", "id": "1111111"}})
        self.quiet()

    def put_unsigned(self, event_type, source, data):
        headers = [("ce_specversion", b"1.0"), ("ce_id", event_type.encode()),
                   ("ce_source", source.encode()), ("ce_type", event_type.encode())]
        self.installation.producer.produce(
            self.installation.prefix + "opt-out-expiry", key=data["tenant_id"], headers=headers,
            value=json.dumps(data).encode())

    def forged_end(self):
        assert self.statuses() == ["OPT_OUT_OPEN"]
        reasons = {record.header("dlq_reason") for record in self.installation.read("dead-letter")}
        assert reasons == {"SIGNATURE_INVALID", "SOURCE_INVALID"}

    def statuses(self):
        return [status for status, in self.installation.query(
            "select status from claims order by claim_id")]


def audit(installation):
    """{check: what it tells} of the checks that found something, by the unbroken cporctl."""
    result = call(installation.env, "audit", "--json")
    assert result.stdout, result.stderr
    found = {check["name"]: [row["what"] for row in check["violations"]]
             for check in json.loads(result.stdout)["checks"] if check["violation_count"]}
    assert result.returncode == (1 if found else 0)
    return found


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    return Build(tmp_path_factory.mktemp("mutants"))


@pytest.fixture
def tell(install, build, tmp_path):
    """A function: the mutant lives its story; returns the story."""
    def told(mutant):
        mark = tmp_path / "mark"
        begin_s = time.monotonic()
        programs = build.make(mutant)
        built_s = time.monotonic() - begin_s
        installation = install(partitions=1, binaries=programs,
                               settings={**(FORGED if mutant.story == "forged" else SETTINGS),
                                         MARK: str(mark)})
        installation.supervised = False  # what falls is started again
        installation.has_forged_events = True  # its events are the mutant's
        installation.start_workers()
        story = Story(installation, mark)
        getattr(story, mutant.story)()
        harness.say(f"  {mutant}: built in {built_s:.1f} s, "
                    f"over after {time.monotonic() - begin_s:.1f} s")
        return story
    return told


@pytest.mark.parametrize("control", CONTROLS, ids=str)
def test_the_unbroken_build_has_no_violation(tell, control):
    story = tell(control)
    getattr(story, f"{control.story}_end")()
    story.installation.has_forged_events = False
    assert audit(story.installation) == {}
    if control.edits:
        assert not story.mark.exists(), "the crash did not happen"


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_the_audit_finds_the_broken_build(tell, mutant):
    found = audit(tell(mutant).installation)
    assert mutant.finds <= set(found), f"expected {mutant.finds}, actual {found}"


def test_each_promise_is_broken_and_each_mutant_fits():
    assert {mutant.promise for mutant in MUTANTS} == set(range(1, 9))
    for mutant in MUTANTS:
        assert edited_texts(mutant) and mutant.finds
