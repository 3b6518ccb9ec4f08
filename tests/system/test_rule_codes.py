"""Each finding of the contract once, as a partner gets it: code, kind, line, path, advice."""

import re

import pytest

import documents
import harness
from documents import changed
from words import CODES, OF_THE_CLAIM, QUESTIONS, instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
LATER = instant_ms("2026-06-02T08:00:00.000Z")  # past the grace, the waits and the answers
DAY, SUBMITTED = "2026-03-01", "cpor.claim.submitted.v1"
PARTNER, RIVAL, STRANGER = "1234566", "7654321", "999999"
GLOBAL, NOT_ENROLLED = "2000001", "2000002"
LINE = 7  # of the claim's only line, so that it is not its index
PLAIN = "D365_SALES"


class Case:
    """One finding: the claim, the subscriptions and the tenant that bring it about."""

    def __init__(self, code, path, advice, changes=(), product=PLAIN, subscriptions=None, also=(),
                 line=..., activities=("USAGE",), step=None, **tenant):
        self.code, self.path, self.advice, self.also = code, path, advice, set(also) | {code}
        self.changes, self.product, self.activities = changes, product, activities
        self.subscription_changes = [{}] if subscriptions is None else subscriptions
        self.line = (None if code in OF_THE_CLAIM else LINE) if line is ... else line
        self.kind = "question" if code in QUESTIONS else "refusal"
        self.step, self.tenant_changes = step, tenant

    def place(self, number):
        self.tenant = documents.tenant(number, **self.tenant_changes)
        self.claim_id = f"F-{number}"
        self.key = (self.tenant["tenant_id"], self.claim_id)
        self.subscriptions = [
            documents.subscription(self.tenant, number=index, **changes)
            for index, changes in enumerate(self.subscription_changes)]
        return self

    def document(self):
        claim = documents.bizapps_claim(self.claim_id, self.tenant, DAY, [(self.product, None)],
                                        self.activities)
        claim["lines"][0]["line"] = LINE
        claim["poe"][0]["covers"] = [LINE]
        for path, value in self.changes:
            if value == "named":
                value = self.subscriptions[0]["subscription_id"]
            claim = changed(claim, path, value)
        return claim


def bounce(case, claim):
    return changed(claim, "/customer/contact/email", f"bounce@{case.tenant['domains'][0]}")


UNSIGNED = ("/poe/0/signed_by", "")
NAMED = ("/lines/0/subscription_id", "named")
NAMED_PATH = "/lines/0/subscription_id"
M365 = [("/solution_area", "MICROSOFT_365"),
        ("/lines/0", {"line": LINE, "workload": "TEAMS"})]
OTHERS = documents.subscription(documents.tenant(999), PLAIN)
ELSEWHERE = OTHERS["subscription_id"]

CASES = [
    Case("FIELD_MISSING", "/claim_name", "must be", [("/claim_name", ...)]),
    Case("FIELD_INVALID", "/customer/country", "must be", [("/customer/country", "KOR")]),
    Case("WRONG_PROGRAM", "/program", "Use OSU_M365", [("/program", "CSP")]),
    Case("ACTIVITY_INVALID", "/activities", "claimed for USAGE",
         [*M365, ("/activities", ["PRE_SALES"])]),
    Case("PARTNER_UNKNOWN", "/mpn_id", "use the location's", [("/mpn_id", STRANGER)]),
    Case("MPN_NOT_LOCATION", "/mpn_id", "use the ID of the location", [("/mpn_id", GLOBAL)]),
    Case("MPN_NOT_ENROLLED", "/mpn_id", "Enrol, then claim again", [("/mpn_id", NOT_ENROLLED)]),
    Case("DOMAIN_TENANT_MISMATCH", "/customer/domain", "ask the customer",
         [("/customer/domain", "other.example")]),
    Case("CONTACT_NOT_AT_CUSTOMER", "/customer/contact/email", "name a contact at the customer",
         [("/customer/contact/email", "sam@other.example")]),
    Case("TECHNICAL_CONTACT_MISSING", "/customer/technical_contact", "name, title and email",
         [("/customer/technical_contact", ...)]),
    Case("REVENUE_FIELDS_MISSING", "/revenue", "needs customer.name", [("/revenue", ...)],
         activities=("REVENUE_ASSOCIATION",)),
    Case("PRODUCT_UNKNOWN", "/lines/0/product", "use a code of the catalogue",
         product="D365_CLIPPY"),
    Case("PRODUCT_NOT_ON_TENANT", "/lines/0/product", "Claim again when", subscriptions=[]),
    Case("SUBSCRIPTION_AMBIGUOUS", NAMED_PATH, "resubmit with the subscription_id",
         subscriptions=[{}, {}]),
    Case("SUBSCRIPTION_NOT_ON_TENANT", NAMED_PATH, "ask the customer", [(NAMED[0], ELSEWHERE)]),
    Case("SUBSCRIPTION_NOT_DYNAMICS", NAMED_PATH, "name one that is", [NAMED],
         subscriptions=[{"product": "EXCHANGE_ONLINE"}], also=["SUBSCRIPTION_PRODUCT_MISMATCH"]),
    Case("SUBSCRIPTION_PRODUCT_MISMATCH", NAMED_PATH, "correct one of the two", [NAMED],
         subscriptions=[{"product": "POWER_BI"}]),
    Case("SUBSCRIPTION_CSP", NAMED_PATH, "name one bought through",
         subscriptions=[{"channel": "CSP"}]),
    Case("SUBSCRIPTION_NOT_PROVISIONED", NAMED_PATH, "claim again when",
         subscriptions=[{"provisioned": False}]),
    Case("SUBSCRIPTION_INACTIVE", NAMED_PATH, "claim again when",
         subscriptions=[{"state": "SUSPENDED"}]),
    Case("DUPLICATE_OWN_CLAIM", "/lines/0", "nothing more need be done", step="claim twice"),
    Case("COMPETING_CLAIM_OLDER_POE", "/lines/0", "claim again with a newer",
         step="held by another"),
    Case("POE_MISSING", "/poe", "add one", [("/poe", [])]),
    Case("POE_NOT_SIGNED", "/poe/0/signed_by", "send it signed", [UNSIGNED]),
    Case("POE_DATE_MISSING", "/poe/0/signed_on", "give the day", [("/poe/0/signed_on", ...)]),
    Case("POE_TOO_OLD", "/poe/0/signed_on", "send a newer", [("/poe/0/signed_on", "2025-05-19")]),
    Case("POE_DATE_IN_FUTURE", "/poe/0/signed_on", "correct the date",
         [("/poe/0/signed_on", "2026-05-22")]),
    Case("POE_LINE_NOT_COVERED", "/poe", "name the line in its covers", [("/poe/0/covers", [])]),
    Case("POE_DISCLOSURE_MISSING", "/poe", "add one", public_sector=True),
    Case("REVIEWER_REJECTED", None, "As the reviewer says", activities=("PRE_SALES",),
         step="REJECT"),
    Case("REVIEWER_QUESTION", None, "As the reviewer says", activities=("PRE_SALES",), line=LINE,
         step="ASK"),
    Case("CONTACT_UNREACHABLE", "/customer/contact/email", "resubmit with one", step="bounce"),
    Case("NO_PARTNER_RESPONSE", None, "claim anew", [UNSIGNED], also=["POE_NOT_SIGNED"]),
    Case("NOT_CARRIED_OVER", None, "claim it anew", step="import"),
]
DETAILS = [{"code": "POE_LINE_NOT_COVERED", "line": LINE, "message": "The annex is missing."},
           {"code": "FIELD_INVALID", "message": "The name is another company's."},
           {"code": "FIELD_INVALID", "line": 9, "message": "About no line of the claim."}]
for place, case_of_code in enumerate(CASES, 1):
    case_of_code.place(place)


def import_line(run, case, claim_id, mpn_id, line=LINE, **members):
    data = {"claim_id": claim_id, "tenant_id": case.key[0], "mpn_id": mpn_id,
            "domain": case.tenant["domains"][0], "solution_area": "BUSINESS_APPLICATIONS",
            "activities": ["USAGE"], "line": line, "product": PLAIN,
            "subscription_id": case.subscriptions[0]["subscription_id"],
            "official_at": "2025-06-30T22:00:00.000Z", "poe_signed_on": DAY, **members}
    run.publish("claim-submission", "cpor.association.imported.v1", data)


def publish_before(run, case):
    if case.step == "claim twice":
        run.publish("claim-submission", SUBMITTED,
                    {**case.document(), "claim_id": f"H-{case.claim_id}"})
    elif case.step == "held by another":
        import_line(run, case, f"H-{case.claim_id}", RIVAL)


def publish_claim(run, case):
    if case.step == "import":
        import_line(run, case, case.claim_id, PARTNER, product=None, subscription_id=None,
                    solution_area="MICROSOFT_365", workload="TEAMS")
        return
    claim = bounce(case, case.document()) if case.step == "bounce" else case.document()
    run.publish("claim-submission", SUBMITTED, claim)


def publish_verdict(run, case):
    more = {} if case.step == "ASK" else {"findings": DETAILS}
    if case.step in ("REJECT", "ASK"):
        run.publish("claim-submission", "cpor.claim.reviewed.v1", {
            "claim_id": case.claim_id, "tenant_id": case.key[0], "revision": 1, "lines": [LINE],
            "verdict": case.step, "reason": "As the reviewer says: send the annex.",
            "actor": {"type": "reviewer", "id": "r.tanaka"}, **more})


@pytest.fixture(scope="module")
def board(stack, tmp_path_factory):
    run = harness.Installation(stack, tmp_path_factory.mktemp("codes"), start_at_ms=START,
                               settings={"CPOR_REVIEW": "OSA_SELL"})
    try:
        run.start_workers()
        run.publish_reference(
            [documents.partner(), documents.partner(RIVAL), documents.partner(GLOBAL,
                                                                              location=False),
             documents.partner(NOT_ENROLLED, enrolments=["OSU_M365"])],
            [case.tenant for case in CASES],
            [OTHERS, *(entry for case in CASES for entry in case.subscriptions)])
        statuses = harness.StatusBoard(run)
        for publish in (publish_before, publish_claim, publish_verdict):
            for case in CASES:
                publish(run, case)
            run.flush()
            run.wait_quiet(120)
        run.jump(LATER)
        for _ in range(20):
            statuses.update()
        yield statuses
    finally:
        run.close()


@pytest.mark.parametrize("case", CASES, ids=[case.code for case in CASES])
def test_code(board, case):
    events = board.events[case.key]
    told = [(events[number], finding) for number in sorted(events)
            for finding in events[number]["findings"] if finding["code"] == case.code]
    assert told, f"never told: {board.statuses(case.key)} {board.latest(case.key)['findings']}"
    event, finding = told[0]
    assert {entry["code"] for entry in event["findings"]} == case.also, event["findings"]
    assert (finding["kind"], finding.get("line"), finding.get("path")) == (
        case.kind, case.line, case.path)
    assert re.search(case.advice, finding["message"]), finding["message"]
    assert finding["message"].endswith("."), f"no sentence: {finding['message']}"
    assert event["status"] == ("PARTNER_ACTION_REQUIRED" if case.kind == "question"
                               else "REJECTED"), event
    reasons = {line["reason"] for line in event["lines"]}
    assert case.kind == "question" or reasons <= case.also, event["lines"]
    if case.code == "DUPLICATE_OWN_CLAIM":
        assert finding["claim_id"] == f"H-{case.claim_id}"


def test_all_that_a_reviewer_says_of_a_refusal(board):
    [case] = [case for case in CASES if case.step == "REJECT"]
    told = [(finding.get("line"), finding["message"])
            for finding in board.latest(case.key)["findings"]]
    assert told == [(LINE, "As the reviewer says: send the annex."), (LINE, DETAILS[0]["message"]),
                    (None, DETAILS[1]["message"]), (None, DETAILS[2]["message"])]


def test_every_code_has_a_case():
    assert {case.code for case in CASES} == set(CODES) | {"NOT_CARRIED_OVER"}


def test_advice_is_not_one_for_all(board):
    """Two codes never say the same."""
    messages = {}
    for case in CASES:
        for event in board.events[case.key].values():
            for finding in event["findings"]:
                messages.setdefault(finding["message"], set()).add(finding["code"])
    shared = {message: codes for message, codes in messages.items() if len(codes) > 1}
    assert not {message for message in shared if "reviewer" not in message}, shared
