"""2,000 mixed claims through two instances of each worker: each ends where the model says."""

import harness
from driver import Driver
from generator import Load
from judge import Judge
from words import instant_ms

# Wednesday before a long weekend in the US, KR, GB and DE; five business days are 7 to 9 days.
START = instant_ms("2026-05-20T08:00:00.000Z")
SPEED = 50_000  # a day passes in 1.7 s


def test_mixed_claims_end_where_the_model_says(install, seed):
    installation = install(speed=SPEED, start_at_ms=START)
    load = Load(seed, 2000, START)
    installation.start_workers(instances=2)
    installation.publish_reference(load.partners, load.tenants, load.subscriptions)
    harness.say(f"  {len(load.claims)} claims in {len(load.stories)} stories, seed {seed}")
    Driver(installation, load).run(seconds=180)
    installation.stop_workers()
    judge = Judge(installation).check_all()
    judge.check_mails()
    assert len(judge.official) > 1000, f"only {len(judge.official)} events on association-official"
    judge.verdict()
