"""What the model and the auditor say of a round: lost, early, double, or wrong in another way."""

import json
import re

import cporctl
from judge import Judge
from tally import Finding
from words import instant_ms, instant_text

# The first that matches a sentence of the judge or a violation of the auditor.
KINDS = (
    ("double", re.compile(r"published \d+ times|published twice|, actual held by|DOUBLE|twice")),
    ("early", re.compile(r"expected no such event|early|before its deadline")),
    ("lost", re.compile(r"expected one (?:official|ended) event|no status event|actual None"
                        r"|forwarded|have not ended|: status: expected"
                        r"|status sequence: expected|previous_status of|lost|missing")),
    ("other", re.compile("")),
)
CLAIM = re.compile(r"claim (\S+) of tenant ([0-9a-f-]{36})")


def finding_of(text, kind=None):
    found = CLAIM.search(text)
    kind = kind or next(name for name, pattern in KINDS if pattern.search(text))
    return Finding(kind, text, (found[2], found[1]) if found else None)


def early_events(judge, slack_ms):
    """Official while the broker's clock, which counts, had not come to the deadline. slack_ms: how
    far apart the clocks of several brokers are."""
    for record in judge.official:
        data = record.json
        appended_at = judge.installation.business_ms(record.timestamp) + slack_ms
        if data.get("deadline_at") and record.header("ce_type").endswith("official.v1") \
                and appended_at < instant_ms(data["deadline_at"]):
            yield finding_of(f"claim {data['claim_id']} of tenant {data['tenant_id']}: official at "
                           f"{instant_text(appended_at)}, its deadline is {data['deadline_at']}",
                           "early")


def poison_findings(world, judge):
    """Poison for the workers' own topics, of which the model knows nothing: a dead letter each."""
    mine = {(record.topic, judge.order(record.partition, record.offset)): 0
            for record in world.poison if record.topic not in ("claim-submission",
                                                               "opt-out-expiry")}
    others = []
    for record in judge.dead:
        place = (record.header("dlq_topic").removeprefix(world.installation.prefix),
                 judge.order(int(record.header("dlq_partition")),
                             int(record.header("dlq_offset"))))
        if place in mine and record.header("dlq_reason"):
            mine[place] += 1
        else:
            others.append(record)
    judge.dead = others
    for place, count in mine.items():
        if count != 1:
            yield finding_of(f"poison of {place}: {count} dead letters",
                           "double" if count else "lost")


def audit(world):
    """world: whatever has an installation."""
    result = cporctl.call(world.installation.env, "audit", "--json")
    try:
        answer = json.loads(result.stdout)
    except ValueError:
        yield finding_of(f"audit failed: {result.stdout}{result.stderr}", "other")
        return
    for check in answer["checks"]:
        for row in check["violations"]:
            yield finding_of(f"audit: {check['name']}: {row['what']} (claim {row['claim_id']} of "
                             f"tenant {row['tenant_id']})")


def judge_round(world):
    """All findings of a round whose workers have ended."""
    judge = Judge(world.installation, refused=world.refused_addresses())
    findings = list(early_events(judge, world.clock_slack_ms)) + list(poison_findings(world, judge))
    judge.check_all()
    judge.check_mails(exactly_once=False)
    judge.check_forwarded()
    findings += [finding_of(text) for text in judge.mismatches]
    findings += audit(world)
    counts = (len(judge.inputs), len(judge.statuses), len(judge.official), len(judge.dead))
    return findings, counts
