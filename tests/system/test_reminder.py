"""Before its time to answer is over the partner is reminded: once, and only while it owes."""

import documents
import harness
from documents import changed
from rewind import check_said_again
from words import event_id, instant_ms, instant_text

START = instant_ms("2026-05-20T08:00:00.000Z")  # a Wednesday; Mon 05-25 is a holiday in the US
TENANT = documents.tenant(1)
SUBMITTED, RESUBMITTED = "cpor.claim.submitted.v1", "cpor.claim.resubmitted.v1"
REMINDER = "cpor.claim.answer-reminder.v1"
DEADLINE = instant_ms("2026-05-29T04:00:00.000Z")  # five business days, to the end of Thursday
LAST_DAY = instant_ms("2026-05-28T04:00:00.000Z")  # New York's midnight
HOUR_MS = 3_600_000


def ask(install, settings=None, country="US"):
    """A claim of two lines whose PoE nobody signed."""
    installation = install(start_at_ms=START, settings=settings)
    installation.start_workers()
    installation.publish_reference([documents.partner(country=country)], [TENANT])
    board = harness.StatusBoard(installation)
    document = documents.claim("C-1", TENANT, "2026-03-01", ("TEAMS", "YAMMER"))
    document["poe"][0]["signed_by"] = ""
    installation.publish("claim-submission", SUBMITTED, document)
    installation.flush()
    key = (TENANT["tenant_id"], "C-1")
    return installation, board, document, board.wait_status(key, "PARTNER_ACTION_REQUIRED")


def reminders(installation):
    return [record for record in installation.read("claim-status")
            if record.header("ce_type") == REMINDER]


def test_reminder_at_the_start_of_the_last_business_day(install):
    installation, board, _, asked = ask(install)
    assert instant_ms(asked["deadline_at"]) == DEADLINE
    installation.jump(LAST_DAY - HOUR_MS)
    assert reminders(installation) == []
    installation.jump(LAST_DAY + HOUR_MS)
    [record] = reminders(installation)
    assert record.header("ce_id") == event_id(
        f"{TENANT['tenant_id']}/C-1/reminder/{asked['deadline_at']}")
    assert (record.header("ce_subject"), record.key) == ("C-1", TENANT["tenant_id"].encode())
    assert record.json == {"claim_id": "C-1", "tenant_id": TENANT["tenant_id"],
                           "mpn_id": "1234566", "revision": 1,
                           "deadline_at": asked["deadline_at"], "findings": asked["findings"]}
    [(actor, status, sequence)] = installation.query(
        "select actor_type, to_status, sequence from history"
        " where event = 'cpor.claim.reminder-due.v1'")
    assert (actor, status, sequence) == ("system", "PARTNER_ACTION_REQUIRED", asked["sequence"])
    check_said_again(installation, "claim-submission")

    installation.jump(DEADLINE + HOUR_MS)
    event = board.wait_status((TENANT["tenant_id"], "C-1"), "REJECTED")
    assert event["sequence"] == asked["sequence"] + 1  # the reminder took no number
    assert len({record.header("ce_id") for record in reminders(installation)}) == 1


def test_no_reminder_after_the_answer(install):
    """Answered, and asked again: one reminder, of the second question alone."""
    installation, board, document, first = ask(install)
    installation.jump(instant_ms("2026-05-26T15:00:00.000Z"))
    installation.publish("claim-submission", RESUBMITTED, changed(
        {**document, "revision": 2}, "/poe/0/signed_on", "2026-03-02"))
    installation.flush()
    key = (TENANT["tenant_id"], "C-1")
    installation.wait("the second question", lambda: (board.update(), (
        board.latest(key)["revision"], board.status(key)) == (2, "PARTNER_ACTION_REQUIRED"))[1])
    second = board.latest(key)
    assert second["deadline_at"] > first["deadline_at"]
    installation.jump(LAST_DAY + HOUR_MS)
    assert reminders(installation) == []
    installation.jump(instant_ms(second["deadline_at"]) - HOUR_MS)
    [record] = reminders(installation)
    assert (record.json["revision"], record.json["deadline_at"]) == (2, second["deadline_at"])


def test_all_workers_down_from_reminder_to_deadline(install):
    """Too late to remind: the claim is refused, and nothing else is said."""
    installation, board, _, _ = ask(install)
    installation.jump(DEADLINE + HOUR_MS)
    board.wait_status((TENANT["tenant_id"], "C-1"), "REJECTED")
    installation.wait_settled()
    assert reminders(installation) == []


def test_other_days_and_calendars(install):
    """Two business days before, by the partner's calendar; 0 is never."""
    installation, _, _, asked = ask(install, {"CPOR_ANSWER_REMINDER_DAYS": "2"}, "KR")
    [(due,)] = installation.query("select due_at_ms from timers where kind = 'REMINDER'")
    # Sun 05-24 is Buddha's birthday, Mon 05-25 its substitute: five days to the end of Thu 05-28.
    assert asked["deadline_at"] == "2026-05-28T15:00:00.000Z"
    assert instant_text(due) == "2026-05-26T15:00:00.000Z"
    for instance in installation.workers.values():
        instance.stop()
    other, _, _, _ = ask(install, {"CPOR_ANSWER_REMINDER_DAYS": "0"})
    assert other.query("select 1 from timers where kind = 'REMINDER'") == []
