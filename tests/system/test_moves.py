"""Every event in every status of a claim, on the real binaries: the rows of moves.csv."""

import collections

import pytest

import cporctl
import documents
import harness
import moves
from moves import (DAY, LAST, LATER, NEWER_DAY, NEWEST_DAY, PARTNER, RIVAL, SOURCE, START,
                   SUBMITTED, TOPIC_OF)

ROWS = moves.read_table()
IMPORTED = "cpor.association.imported.v1"
Seen = collections.namedtuple("Seen", "history statuses halfway dead attachments kept records")
Step = collections.namedtuple(
    "Step", "id event from_status to_status reason sequence ignored source cause_id")


# ---- bringing claims to their statuses

def submit(run, row, claim):
    run.publish("claim-submission", SUBMITTED, claim, event_id=f"submit-{claim['claim_id']}",
                source=SOURCE if row.variant == "same-id" else "/neighbour")


def import_for(run, row, claim_id, mpn_id):
    run.publish("claim-submission", IMPORTED, moves.imported(row, claim_id, mpn_id),
                event_id=f"import-{claim_id}", source="/neighbour")


def other_claims(run, row):
    """What else is in the tenant before the row's own claim is."""
    if row.variant in ("own superseded", "own challenged"):
        import_for(run, row, row.claim_id, RIVAL)
    elif row.variant == "taken":
        import_for(run, row, f"H-{row.claim_id}", RIVAL)
    elif row.variant == "own outrun-legacy":
        import_for(run, row, f"H-{row.claim_id}", RIVAL)
    elif row.variant in ("own lost", "own outrun"):
        signed_on = NEWER_DAY if row.variant == "own lost" else DAY
        submit(run, row, moves.document(row, signed_on, RIVAL, f"H-{row.claim_id}"))
    elif row.variant == "own kept":  # an opt-out before its claim
        run.publish("opt-out-expiry", row.event, moves.opted_out(row, 0), source="/neighbour")
    elif row.variant == "own-slot":
        submit(run, row, moves.document(row, claim_id=f"H-{row.claim_id}"))


def own_claim(run, row):
    if row.variant in ("own superseded", "own challenged"):
        submit(run, row, moves.document(row, NEWER_DAY, PARTNER, f"H-{row.claim_id}"))
    elif row.variant in ("own outrun", "own outrun-legacy"):
        submit(run, row, moves.document(row, NEWER_DAY))
    elif row.way == "legacy":
        import_for(run, row, row.claim_id, PARTNER)
    elif row.status != "NONE":
        submit(run, row, moves.document_of(row))


def fresher_evidence(run, row):
    """The rival's answer to the challenge of the row's claim."""
    run.publish("claim-submission", "cpor.claim.evidence-added.v1", {
        "claim_id": f"H-{row.claim_id}", "tenant_id": row.key[0],
        "poe": [documents.poe(NEWEST_DAY, [1])], "actor": {"type": "partner", "id": RIVAL}},
                source="/neighbour")


def partner_event(run, row, event):
    data = {"claim_id": row.claim_id, "tenant_id": row.key[0], "reason": "As arranged.",
            "actor": {"type": "partner", "id": PARTNER}}
    run.publish("claim-submission", event, data, event_id=f"prepare-{row.claim_id}",
                source="/neighbour")


def wait_statuses(run, board, wanted, seconds=120):
    """wanted: {key: status}."""
    def wrong():
        board.update()
        return {key[1]: (status, board.status(key)) for key, status in wanted.items()
                if board.status(key) != status}
    try:
        run.wait("the claims to be in their statuses", lambda: not wrong(), seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}: {wrong()}") from None


def pass_time(run, board, early):
    """Everything that takes days: what is to be official, and what the workers do by themselves."""
    for row in early:
        other_claims(run, row)
    run.flush()
    run.wait_quiet(120)
    for row in early:
        own_claim(run, row)
    run.flush()
    run.wait_settled(120)
    changed = [row for row in early if row.variant in ("own came", "own lapsed")]
    for row in changed:
        state = "EXPIRED" if row.variant == "own lapsed" else "ACTIVE"
        run.publish_reference(subscriptions=[{**row.subscription, "state": state}], wait=False)
    for row in early:
        if row.variant.startswith("own outrun"):
            fresher_evidence(run, row)
    run.flush()
    run.wait_settled(120)
    late = [row for row in early if row.is_late]
    wait_statuses(run, board, {row.key: row.status for row in late})
    run.stop_workers()
    run.set_clock(1, LATER)
    for row in late:  # before any worker or timer runs again
        note_and_send(run, board, row)
    run.flush()
    for worker in run.workers.values():
        worker.start()
    run.wait_settled(120)
    wait_statuses(run, board, {row.key: "OFFICIAL" for row in early
                               if row.status in ("OFFICIAL", "ENDED") and not row.is_own})
    for row in early:
        if row.status == "ENDED" and not row.is_own:
            partner_event(run, row, "cpor.association.disassociated.v1")
    run.flush()


def prepare(run, board):
    early = [row for row in ROWS
             if row.is_own or row.is_late or row.status in ("OFFICIAL", "ENDED")]
    rest = [row for row in ROWS if row not in early and row.status != "SUBMITTED"]
    run.publish_reference(
        [documents.partner(), documents.partner(RIVAL)], [row.tenant for row in ROWS],
        [entry for row in ROWS for entry in moves.subscriptions_of(row)])
    pass_time(run, board, early)
    for row in rest:
        other_claims(run, row)
        own_claim(run, row)
    run.flush()
    wait_statuses(run, board, {row.key: "OPT_OUT_OPEN" for row in rest
                               if row.status == "WITHDRAWN"})
    for row in rest:
        if row.status == "WITHDRAWN":
            partner_event(run, row, "cpor.claim.withdrawn.v1")
    run.flush()
    wait_statuses(run, board, {row.key: row.status for row in early + rest
                               if row.status != "NONE" and not (row.is_own or row.is_late)})


# ---- the events

def note_and_send(run, board, row, last_of_history=0):
    latest = board.latest(row.key)
    row.before = latest["sequence"] if latest else 0
    row.history_before = last_of_history
    moves.send(run, row)


def wait_quiet_without_validation(run):
    def behind():
        return [place for place in run.lag() if place[0] != "claim-validation"]
    run.wait("all but claim-validation", lambda: not behind() and not behind(), 120)


def submit_unseen(run, board):
    """SUBMITTED: claim-validation is away. Its events of the table come first in its log."""
    rows = [row for row in ROWS if row.status == "SUBMITTED" and not row.is_own]
    run.workers["claim-validation-1"].stop()
    for row in rows:
        if row.is_ahead:
            moves.send(run, row)
    run.flush()
    for row in rows:
        own_claim(run, row)
    run.flush()
    wait_statuses(run, board, {row.key: "SUBMITTED" for row in rows})


def send_all(run, board):
    wait_quiet_without_validation(run)
    board.update()
    last = {(str(tenant), claim): number for tenant, claim, number in run.query(
        "select tenant_id, claim_id, max(id) from history group by 1, 2")}
    for row in ROWS:
        if not (row.is_own or row.is_ahead or row.is_late):
            note_and_send(run, board, row, last.get(row.key, 0))
    run.flush()


def statuses_now(board):
    for _ in range(20):
        board.update()
    return {key: dict(events) for key, events in board.events.items()}


def look(run, board, halfway):
    history = collections.defaultdict(list)
    for tenant, claim, *step in run.query(
            "select tenant_id, claim_id, id, event, coalesce(from_status, 'NONE'), to_status,"
            " reason, sequence, ignored, cause_source, cause_id from history order by id"):
        history[str(tenant), claim].append(Step(*step))
    dead = {record.header("ce_id"): record for record in run.read("dead-letter")}
    attachments = {(str(tenant), claim): kind for tenant, claim, kind in run.query(
        "select tenant_id, claim_id, kind from attachments")}
    kept = {(str(tenant), claim) for tenant, claim in run.query(
        "select tenant_id, claim_id from kept_opt_outs")}
    records = run.read("claim-status", "association-official", "dead-letter", *harness.SERVICES)
    return Seen(history, statuses_now(board), halfway, dead, attachments, kept, records)


@pytest.fixture(scope="module")
def seen(stack, tmp_path_factory):
    """All claims, then all events, then one look; each test judges its row."""
    run = harness.Installation(stack, tmp_path_factory.mktemp("moves"), start_at_ms=START,
                               settings={"CPOR_REVIEW": "OSA_SELL",
                                         "CPOR_ANSWER_REMINDER_DAYS": "0"})
    try:
        run.start_workers()
        board = harness.StatusBoard(run)
        prepare(run, board)
        submit_unseen(run, board)
        send_all(run, board)
        wait_quiet_without_validation(run)
        halfway = statuses_now(board)
        run.workers["claim-validation-1"].start()
        run.wait_settled(120)
        found = look(run, board, halfway)
        run.jump(LAST)
        yield found, statuses_now(board), cporctl.call(run.env, "audit")
    finally:
        run.close()


# ---- judging

SOURCES = (SOURCE, "urn:cpor:moves")  # of what only the system says


def is_handed_on(event):
    return "withdrawn" in event or "evidence" in event or event.startswith("cpor.association.")


def steps_of(seen, row):
    """The history rows that the row's event wrote."""
    steps = [step for step in seen.history[row.key] if step.event == row.event]
    if row.is_own:
        return [step for step in steps if step.source not in SOURCES and step.ignored is None
                and (row.status, row.to or row.status) == (step.from_status, step.to_status)]
    return [step for step in steps if step.id > row.history_before
            and (not row.is_late or step.from_status == row.found)
            and (step.source in SOURCES or is_handed_on(row.event))]


def new_statuses(seen, row):
    """Status events since the row's event was sent, without what validation did afterwards."""
    events = (seen.halfway if row.status == "SUBMITTED" else seen.statuses).get(row.key, {})
    return [events[number] for number in sorted(events) if number > row.before]


def check_status_event(seen, row, step, to):
    event = seen.statuses[row.key].get(step.sequence)
    assert event is not None, f"no status event {step.sequence}: {seen.statuses[row.key]}"
    previous = None if row.status == "NONE" else row.found
    assert (event["previous_status"], event["status"]) == (previous, to), event
    assert (event["reason"] or "") == row.reason, event
    wanted = [entry.partition(":") for entry in row.line.split(" ")]
    reasons = [reason if len(wanted) > 1 else row.reason for _, _, reason in wanted]
    assert [(line["status"], line["reason"] or "") for line in event["lines"]] == [
        (status, reason) for (status, _, _), reason in zip(wanted, reasons)], event
    codes = {finding["code"] for finding in event["findings"]}
    assert row.detail in codes if row.detail else not (codes and to == "VALIDATED"), event


def check_moves(seen, row):
    steps = [step for step in steps_of(seen, row) if step.ignored is None]
    assert len(steps) == 1, f"{row.id}: {seen.history[row.key]}"
    assert (steps[0].from_status, steps[0].to_status, steps[0].reason or "") == (
        row.found, row.to, row.reason), steps
    check_status_event(seen, row, steps[0], row.to)


def check_no_status_event(seen, row):
    """But what a deadline did before the event, or validation after it."""
    if row.is_late:
        assert [event["status"] for event in new_statuses(seen, row)] == [row.found]
    elif not (row.is_own or row.is_ahead):
        assert new_statuses(seen, row) == []


def check_keeps(seen, row):
    [step] = steps_of(seen, row)
    assert (step.from_status, step.to_status, step.ignored) == (row.found, row.found, None), step
    if row.detail:
        assert seen.attachments.get(row.key) == row.detail
    check_no_status_event(seen, row)


def check_ignored(seen, row):
    steps = steps_of(seen, row)
    assert len(steps) == 1, f"{row.id}: {seen.history[row.key]}"
    assert row.detail in (steps[0].ignored or ""), steps
    check_no_status_event(seen, row)


def check_dead(seen, row):
    assert row.id in seen.dead, f"no dead letter; history {seen.history[row.key]}"
    assert seen.dead[row.id].header("dlq_reason") == row.reason
    assert all(step.ignored and row.reason in step.ignored for step in steps_of(seen, row))
    assert new_statuses(seen, row) == []


def check_silent(seen, row):
    assert steps_of(seen, row) == []
    check_no_status_event(seen, row)


def check_kept(seen, row):
    assert row.key in seen.kept
    assert new_statuses(seen, row) == []


CHECKS = {"moves": check_moves, "tells": check_moves, "keeps": check_keeps, "kept": check_kept,
          "ignored": check_ignored, "dead": check_dead, "silent": check_silent}


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_move(seen, row):
    found = seen[0]
    if not row.is_own and not row.is_ahead and row.status != "NONE":
        assert found.statuses[row.key][row.before]["status"] == row.status
    assert row.outcome == "dead" or row.id not in found.dead, found.dead[row.id].headers
    CHECKS[row.outcome](found, row)


SENT = [row for row in ROWS if not row.is_own]


@pytest.mark.parametrize("row", SENT, ids=[row.id for row in SENT])
def test_end(seen, row):
    """When all deadlines have passed, too: no timer is lost, none is new."""
    events = seen[1].get(row.key, {})
    assert [events[number]["status"] for number in sorted(events)][-1:] == [
        end for end in [moves.end_of(row)] if end], list(events.values())[-1:]
    assert sorted(events) == list(range(1, len(events) + 1)), "a sequence with a gap"


def test_every_pair_has_a_row():
    pairs = {(row.status, row.event) for row in ROWS}
    assert pairs == {(status, event) for status in moves.STATUSES for event in TOPIC_OF}
    assert len({row.id for row in ROWS}) == len(ROWS)


def test_no_other_dead_letters(seen):
    assert set(seen[0].dead) == {row.id for row in ROWS if row.outcome == "dead"}


def test_audit(seen):
    cporctl.expect(0, seen[2])


# ---- what goes out: (topic, type, members)

CLAIM = "claim_id tenant_id"
OUTPUTS = [
    ("claim-status", "cpor.claim.status-changed.v1",
     f"{CLAIM} mpn_id revision sequence status previous_status reason at first_submitted_at "
     "deadline_at lines findings rules_version"),
    ("claim-status", "cpor.association.challenged.v1",
     f"association_id {CLAIM} mpn_id line slot deadline_at"),
    ("association-official", "cpor.association.official.v1",
     f"association_id {CLAIM} line origin mpn_id domain solution_area activities product "
     "subscription_id slot official_at notified_at deadline_at calendar poe_signed_on supersedes "
     "data_scope"),
    ("association-official", "cpor.association.ended.v1",
     f"association_id {CLAIM} line mpn_id slot ended_at reason superseded_by"),
    ("claim-submission", "cpor.claim.answer-due.v1", f"{CLAIM} due_at"),
    ("claim-validation", "cpor.claim.received.v1", f"{CLAIM} revision"),
    ("claim-validation", "cpor.claim.recheck-due.v1", f"{CLAIM} due_at"),
    ("customer-notification", "cpor.notice.requested.v1", f"{CLAIM} revision"),
    ("customer-notification", "cpor.notice.retry-due.v1", f"{CLAIM} due_at"),
    ("opt-out-expiry", "cpor.window.opened.v1", f"{CLAIM} revision deadline_at"),
    ("opt-out-expiry", "cpor.window.closed.v1", "tenant_id due_at"),
    ("opt-out-expiry", "cpor.subscription.changed.v1", "tenant_id subscription_id state"),
    ("opt-out-expiry", "cpor.claim.withdrawn.v1", f"{CLAIM} actor"),
    ("opt-out-expiry", "cpor.claim.evidence-added.v1", f"{CLAIM} actor poe"),
    ("opt-out-expiry", "cpor.association.disassociated.v1", f"{CLAIM} actor reason"),
    ("opt-out-expiry", "cpor.association.imported.v1",
     f"{CLAIM} mpn_id domain solution_area activities line official_at poe_signed_on"),
]


@pytest.mark.parametrize("topic, event, members", OUTPUTS,
                         ids=[f"{event} on {topic}" for topic, event, _ in OUTPUTS])
def test_output(seen, topic, event, members):
    """Seen, by a worker, with the contract's members and no personal data."""
    records = [record for record in seen[0].records
               if (record.topic, record.header("ce_type")) == (topic, event)
               and record.header("ce_source") not in (SOURCE, "/neighbour", "/upstream")
               and not record.header("ce_source").startswith("urn:cpor:")]
    assert records, "no worker published it"
    for record in records:
        data = record.json
        assert set(members.split()) <= set(data), f"{record} lacks members: {data}"
        if topic != "opt-out-expiry":
            assert set(members.split()) == set(data), f"{record} has more: {data}"
            assert b"@" not in record.value and b"Sam Lee" not in record.value, data
        assert record.key == data["tenant_id"].encode()
        assert record.header("ce_specversion") == "1.0" and record.header("ce_id")
        assert record.header("content-type") == "application/json"
        assert record.header("ce_subject") == data.get("claim_id")
