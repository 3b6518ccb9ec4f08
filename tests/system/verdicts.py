"""A reviewer's verdict on a claim of the model: DOMAIN sections 3 and 4. Slow and obvious."""

import rules
from words import QUESTIONS


def is_wanted(document, review):
    """Whether the rules alone do not do: the setting names all, or one of the programmes."""
    if review in ("none", "all"):
        return review == "all"
    needed = rules.enrolments_needed(document.get("solution_area"),
                                     document.get("activities") or [])
    return bool(needed & set(review.split(",")))


def apply(claim, data):
    """True when the verdict fits: it is about this revision and about a line under review."""
    named = data.get("lines")
    lines = [line for line in claim.lines
             if line.status == "UNDER_REVIEW" and (named is None or line.number in named)]
    if data["verdict"] == "APPROVE":
        lines = [line for line in lines if line.slot]  # whose subscription is not known has none
    if data["revision"] != claim.revision or not lines:
        return False
    {"APPROVE": approve, "REJECT": reject, "ASK": ask}[data["verdict"]](claim, data, lines)
    return True


def approve(claim, data, lines):
    """Overrides questions and waits, never refusals; nobody can be reached by it either."""
    approved = {line.number for line in lines}
    if data.get("lines") is None:
        approved.add(None)  # questions about the whole claim are answered with all of it
    for line in lines:
        line.check = "approved"
    claim.findings = {(code, number) for code, number in claim.findings
                      if code not in QUESTIONS or code == "CONTACT_UNREACHABLE"
                      or number not in approved}


def reject(claim, _data, lines):
    for line in lines:
        line.status, line.reason = "REJECTED", "REVIEWER_REJECTED"
        claim.findings.add(("REVIEWER_REJECTED", line.number))
    claim.reasons = {"REVIEWER_REJECTED"}


def ask(claim, data, _lines):
    """Each finding where it points; the reason of the lines that are named, else of the claim,
    but where a finding says the same. A line that the claim does not have: the claim."""
    def place(number):
        return number if claim.line(number) else None

    def can_answer(number):
        return number is None or claim.line(number).status == "UNDER_REVIEW"
    asked = [(place(finding.get("line")), finding["message"])
             for finding in data.get("findings") or []]
    same = [number for number, text in asked if text == data["reason"]]
    if data.get("lines") is None:
        wanted = [] if any(can_answer(number) for number in same) else [None]
    else:
        wanted = [number for number in data["lines"]
                  if claim.line(number) and number not in same]
    claim.findings |= {("REVIEWER_QUESTION", number)
                       for number in [place for place, _ in asked] + wanted}
