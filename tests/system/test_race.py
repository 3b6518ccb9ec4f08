"""The customer's opt-out against the end of the window: receipt times decide, nothing else."""

import pytest

import documents
import harness
from words import DAY_MS, association_id, instant_ms, instant_text

START = instant_ms("2026-05-20T08:00:00.000Z")
TENANT = documents.tenant(1)
DAY = "2026-03-01"


def submit(installation, document):
    installation.publish("claim-submission", "cpor.claim.submitted.v1", document)
    installation.flush()
    return (document["customer"]["tenant_id"], document["claim_id"])


def opt_out(installation, document, **where):
    installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1", {
        "claim_id": document["claim_id"], "tenant_id": document["customer"]["tenant_id"],
        "actor": {"type": "customer"}}, **where)
    installation.flush()


def close_window(installation, tenant_id, deadline, **where):
    installation.publish("opt-out-expiry", "cpor.window.closed.v1", {
        "tenant_id": tenant_id, "due_at": instant_text(deadline)}, source="/test", **where)
    installation.flush()


def official_events(installation, key):
    events = [record for record in installation.read("association-official")
              if (record.json["tenant_id"], record.json["claim_id"]) == key]
    return [(record.header("ce_type").split(".")[2], record.json)
            for record in sorted(events, key=lambda record: record.offset)]


@pytest.fixture(scope="module")
def race(stack, tmp_path_factory):
    """One installation in real time, in which the test says when a record was received."""
    installation = harness.Installation(stack, tmp_path_factory.mktemp("race"))
    try:
        installation.use_create_time("opt-out-expiry")
        installation.start_workers()
        installation.publish_reference([documents.partner()],
                                       [documents.tenant(number) for number in range(1, 40)])
        board = harness.StatusBoard(installation)
        yield installation, board
    finally:
        installation.close()


CASES = [(offset, order) for offset in (-1, 0, 1) for order in ("opt-out first", "closing first")]


@pytest.mark.parametrize("offset, order", CASES)
def test_opt_out_around_the_deadline(race, offset, order, request):
    """1 ms before, at and 1 ms after; the closing is handled before and after it.

    Where the closing comes first in the log although the opt-out was received by the deadline (the
    clock of the log stepped back), the opt-out is honoured all the same: ENDED.
    """
    installation, board = race
    number = CASES.index((offset, order)) + 1
    customer = documents.tenant(number)
    document = documents.claim(f"C-{number}", customer, recent_day(installation))
    key = submit(installation, document)
    deadline = instant_ms(board.wait_status(key, "OPT_OUT_OPEN")["deadline_at"])

    steps = [lambda: opt_out(installation, document, timestamp=deadline + offset),
             lambda: close_window(installation, key[0], deadline, timestamp=deadline + 50)]
    for step in steps if order == "opt-out first" else reversed(steps):
        step()

    in_time = offset <= 0 and order == "opt-out first"
    event = board.wait_status(key, *(("REJECTED",) if in_time else ("ENDED",)))
    [line] = event["lines"]
    assert (line["status"], line["reason"]) == (
        "DECLINED" if in_time else "ENDED", "CUSTOMER_DECLINED"), json_of(event, request)
    events = official_events(installation, key)
    if in_time:
        assert events == [], f"claim {key}: declined in time, but published {events}"
        return
    assert [kind for kind, _ in events] == ["official", "ended"]
    assert events[0][1]["official_at"] == instant_text(deadline)
    assert events[1][1]["reason"] == "CUSTOMER_DECLINED"
    # Never before official_at, even where the opt-out was received before the deadline.
    assert instant_ms(events[1][1]["ended_at"]) == max(deadline, deadline + offset)


def test_closing_at_the_deadline_itself_settles_nothing(race, request):
    """The opt-out of that very millisecond may still come: strictly before is what counts."""
    installation, board = race
    document = documents.claim("C-10", documents.tenant(10), recent_day(installation))
    key = submit(installation, document)
    deadline = instant_ms(board.wait_status(key, "OPT_OUT_OPEN")["deadline_at"])
    close_window(installation, key[0], deadline, timestamp=deadline)
    opt_out(installation, document, timestamp=deadline)
    event = board.wait_status(key, "REJECTED")
    assert event["lines"][0]["status"] == "DECLINED", json_of(event, request)
    assert official_events(installation, key) == []


def test_too_early_and_repeated_closings_are_harmless(race):
    installation, board = race
    document = documents.claim("C-11", documents.tenant(11), recent_day(installation))
    key = submit(installation, document)
    deadline = instant_ms(board.wait_status(key, "OPT_OUT_OPEN")["deadline_at"])
    for at in (deadline - DAY_MS, deadline - 1, deadline + 1, deadline + 2):
        close_window(installation, key[0], deadline, timestamp=at)
    event = board.wait_status(key, "OFFICIAL")
    assert event["at"] == instant_text(deadline)
    assert event["sequence"] == 4, f"claim {key}: {board.statuses(key)}"
    opt_out(installation, document, timestamp=deadline + 3)
    board.wait_status(key, "ENDED")
    assert [kind for kind, _ in official_events(installation, key)] == ["official", "ended"]


def test_opt_out_on_a_wrong_partition(race):
    """A foreign client's opt-out, received in time, handled after the promotion: honoured."""
    installation, board = race
    document = documents.claim("C-12", documents.tenant(12), recent_day(installation))
    key = submit(installation, document)
    deadline = instant_ms(board.wait_status(key, "OPT_OUT_OPEN")["deadline_at"])
    own = {record.partition for record in installation.read("opt-out-expiry")
           if record.key == key[0].encode()}
    assert len(own) == 1, f"tenant {key[0]} is on partitions {own}"
    close_window(installation, key[0], deadline, timestamp=deadline + 1)
    board.wait_status(key, "OFFICIAL")
    opt_out(installation, document, timestamp=deadline - 1,
            partition=(own.pop() + 1) % installation.partition_count)
    event = board.wait_status(key, "ENDED")
    assert event["lines"][0]["reason"] == "CUSTOMER_DECLINED"
    assert [kind for kind, _ in official_events(installation, key)] == ["official", "ended"]


def test_swap_and_equal_deadlines(race):
    """Three partners, one slot, one midnight: the newest proof wins, each loser is told why."""
    installation, board = race
    customer = documents.tenant(13)
    days = [recent_day(installation, ago) for ago in (60, 30, 90)]
    others = [documents.partner("1111111"), documents.partner("2222222")]
    installation.publish_reference(others)
    mpn_ids = ["1234566", "1111111", "2222222"]
    keys = [submit(installation, documents.claim(f"C-13-{number}", customer, day, mpn_id=mpn_id))
            for number, (day, mpn_id) in enumerate(zip(days, mpn_ids))]
    deadlines = {board.wait_status(key, "OPT_OUT_OPEN")["deadline_at"] for key in keys}
    deadline = instant_ms(max(deadlines))
    close_window(installation, customer["tenant_id"], deadline, timestamp=deadline + 1)
    assert board.wait_status(keys[1], "OFFICIAL")
    for key in (keys[0], keys[2]):
        event = board.wait_status(key, "REJECTED", "ENDED")
        assert event["lines"][0]["reason"] in ("COMPETING_CLAIM_OLDER_POE", "SUPERSEDED")
    rows = installation.query("select association_id from holders where tenant_id = %s",
                              customer["tenant_id"])
    assert [str(row[0]) for row in rows] == [association_id(*keys[1], 1)]


def recent_day(installation, ago=30):
    return instant_text(installation.now_ms() - ago * DAY_MS)[:10]


def json_of(event, request):
    return f"{request.node.name}: last event {event}"


def test_all_workers_down_over_the_deadline(install):
    """In time, too late, and not at all, while nobody was there to see it."""
    installation = install(speed=50_000, start_at_ms=START)
    customers = [documents.tenant(number) for number in range(1, 4)]
    installation.start_workers(instances=2)
    installation.publish_reference([documents.partner()], customers)
    board = harness.StatusBoard(installation)
    claims = [documents.claim(f"C-{number}", customer, DAY)
              for number, customer in enumerate(customers)]
    keys = [submit(installation, document) for document in claims]
    deadlines = [instant_ms(board.wait_status(key, "OPT_OUT_OPEN")["deadline_at"]) for key in keys]
    installation.stop_workers()
    assert installation.now_ms() < min(deadlines), "the machine is too slow for this test's clock"
    opt_out(installation, claims[0])
    installation.wait("the deadline", lambda: installation.now_ms() > max(deadlines) + DAY_MS, 60)
    opt_out(installation, claims[1])
    for worker in installation.workers.values():
        worker.start()
    expected = [("REJECTED", "DECLINED"), ("ENDED", "ENDED"), ("OFFICIAL", "OFFICIAL")]
    for key, deadline, (status, line_status) in zip(keys, deadlines, expected):
        event = board.wait_status(key, status)
        assert event["lines"][0]["status"] == line_status, f"claim {key}: {event}"
        events = official_events(installation, key)
        assert [kind for kind, _ in events] == {"REJECTED": [], "ENDED": ["official", "ended"],
                                                "OFFICIAL": ["official"]}[status]
        if events:
            assert events[0][1]["official_at"] == instant_text(deadline)
    board.close()
