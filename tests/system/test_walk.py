"""A random walk over every event type, with two instances of each worker, and with one again.

Each must be what the slow model says, the auditor must find nothing, and who reads
association-official alone must know all holders; and both end the same. With CPOR_TEST_LONG=1
(tests/run walk) 5,000 claims walk, else 1,000 and only once: what the model says is one outcome.
CPOR_WALK_CLAIMS walks with another number of claims.
"""

import collections
import os
import subprocess

import harness
from judge import Judge
from walk import Walk
from words import instant_ms

# Wednesday: windows of five business days meet holidays of KR, GB, DE and US.
START = instant_ms("2026-05-20T08:00:00.000Z")
REVIEW = "OSA_SELL"
PUBLIC_TYPES = {f"cpor.{name}.v1" for name in (
    "claim.submitted claim.resubmitted claim.withdrawn claim.evidence-added claim.comment-added "
    "claim.reviewed association.disassociated association.imported customer.opted-out "
    "window.extended").split()}
IS_LONG = bool(os.environ.get("CPOR_TEST_LONG"))
COUNT = int(os.environ.get("CPOR_WALK_CLAIMS") or (5000 if IS_LONG else 1000))


def outcome_of(judge):
    """What happened, without the instants: {what: its course}."""
    outcome = {}
    for key, events in judge.statuses.items():
        outcome[f"claim {key[1]} of {key[0]}"] = [
            (data["previous_status"], data["status"], data["reason"], data["revision"],
             [(line["line"], line["slot"], line["status"], line["reason"])
              for line in data["lines"]],
             sorted((finding["code"], finding.get("line") or 0) for finding in data["findings"]))
            for data in events]
    slots = collections.defaultdict(list)
    for record in judge.official:
        data = record.json
        slots[f"slot {data['slot']} of {data['tenant_id']}"].append(
            (record.header("ce_type"), data["association_id"], data.get("reason"),
             data.get("supersedes"), data.get("superseded_by"), data.get("poe_signed_on")))
    outcome.update(slots)
    outcome["dead letters"] = sorted(
        (record.header("dlq_reason"), record.header("ce_type"), record.value)
        for record in judge.dead)
    return outcome


def walk(install, seed, instances):
    """One walk and what came of it, judged."""
    installation = install(start_at_ms=START, settings={"CPOR_REVIEW": REVIEW})
    installation.start_workers(instances=instances)
    walked = Walk(installation, seed, COUNT, START)
    walked.run()
    installation.stop_workers()
    judge = Judge(installation, review=REVIEW).check_all()
    judge.check_answers()
    judge.check_challenges()
    judge.check_forwarded()
    judge.verdict()
    audit = subprocess.run([str(harness.BIN / "cporctl"), "audit"], env=installation.env, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert audit.returncode == 0, f"cporctl audit:\n{audit.stdout}"
    seen = {value.decode() for item in judge.inputs for name, value in item.headers
            if name == "ce_type"}
    assert PUBLIC_TYPES <= seen, f"never walked over {PUBLIC_TYPES - seen}"
    ends = collections.Counter(events[-1]["status"] for events in judge.statuses.values())
    harness.say(f"  {instances} instances: {len(judge.statuses)} claims ended {dict(ends)}; "
                f"{len(judge.inputs)} records in, {len(judge.official)} association events, "
                f"{len(judge.dead)} dead letters; moves {dict(walked.made)}")
    return outcome_of(judge)


def test_a_walk_ends_where_the_model_says_and_each_time_the_same(install, seed):
    first = walk(install, seed, 2)
    assert len(first) > COUNT, f"only {len(first)} claims and slots were walked over"
    if not IS_LONG:
        return
    second = walk(install, seed, 1)
    different = [name for name in sorted(first.keys() | second.keys())
                 if first.get(name) != second.get(name)]
    shown = "\n".join(f"{name}:\n  once  {first.get(name)}\n  again {second.get(name)}"
                      for name in different[:10])
    assert not different, f"{len(different)} differ between two walks of seed {seed}:\n{shown}"
