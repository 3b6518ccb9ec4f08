"""Part B: how late things are at a steady rate: submit to notified, and timers."""

import time

import harness
import load as loads
import plant
import throughput
from plant import say
from scan import percentile
from words import instant_ms

START_AT_MS = instant_ms("2026-11-02T01:00:00.000Z")
BUSINESS_DAYS_WALL_S = 30
DRAIN_SECONDS_MAX = 180
QUIET_S = 1


def load_reference(installation, load, workers):
    """Reference data, and every worker in its group: no record waits for either."""
    for topic, key, records in (("partner", "mpn_id", load.partners),
                                ("tenant", "tenant_id", load.tenants)):
        for record in records:
            installation.produce(topic, record[key], record)
    installation.flush()
    validation = workers[1]
    plant.wait("reference data", workers,
               lambda: validation.value("records_consumed_total", "tenant") >= len(load.tenants)
               and all(worker.is_ready() for worker in workers), 120, lambda: "loading")
    time.sleep(QUIET_S)  # what the load left behind (commits, fetches) is over


def publish_steadily(bench, installation, load, per_second, workers):
    """One claim every 1/per_second s, by the clock. Returns how late the publisher itself was."""
    begin = said = time.monotonic()
    worst_s = 0.0
    for index in range(load.count):
        due = begin + index / per_second
        while (left := due - time.monotonic()) > 0:
            installation.producer.poll(min(left, 0.002))
        worst_s = max(worst_s, -left)
        installation.publish("claim-submission", "cpor.claim.submitted.v1", load.claim(index),
                             event_id=f"bench-{index}")
        if time.monotonic() - said > plant.SAY_S:
            said = time.monotonic()
            say(f"    {said - begin:3.0f} s: {index:,} of {load.count:,} submitted")
            for worker in workers:
                worker.refresh()
    installation.flush()
    return worst_s


def run(bench, per_second, seconds, timer_delay_ms=None):
    """Returns (figures, faults)."""
    load = loads.Load(int(per_second * seconds), zones=loads.ZONES)
    speed = 7 * 86_400 // BUSINESS_DAYS_WALL_S
    mails_before = bench.sink.count()
    installation = bench.install("latency", speed=speed, start_at_ms=START_AT_MS)
    say(f"  {load.count:,} claims at {per_second}/s; clock {speed:,} times as fast: five business "
        f"days pass in about {BUSINESS_DAYS_WALL_S} s")
    settings = {} if timer_delay_ms is None else {"CPOR_TIMER_DELAY_MS": str(timer_delay_ms)}
    workers = [plant.Watched(bench, installation, service, settings)
               for service in harness.SERVICES]
    expiry = workers[-1]
    load_reference(installation, load, workers)
    meter = bench.meter(workers)
    publisher_late_s = publish_steadily(bench, installation, load, per_second, workers)

    def officials():
        return expiry.value("outcomes_published_total", "association-official")

    plant.wait("all windows to close", workers, lambda: officials() >= load.association_count,
               DRAIN_SECONDS_MAX, lambda: f"{officials():,.0f} of {load.association_count:,} "
               "associations are official")
    cpu = meter.read()
    steps = {worker.service: step_of(worker) for worker in workers}
    for worker in workers:
        worker.stop()
    outcome, faults = throughput.judge(bench, installation, load, mails_before)
    bench.retire(installation)
    if faults:
        return {"faults": faults}, faults
    figures = figures_of(installation, outcome, load)
    figures.update(per_second=per_second, steps=steps, clock_speed=speed,
                   publisher_late_ms_max=round(publisher_late_s * 1000, 1),
                   timer_delay_ms=timer_delay_ms if timer_delay_ms is not None else "default",
                   **throughput.figures_of_cpu({"cpu_s": cpu}, load.count, seconds + 30))
    early = figures["early"]
    return figures, [f"{early} events came before their deadline"] if early else []


def step_of(worker):
    """Means over all batches: records, and milliseconds in handle and in publish."""
    batches = max(worker.value("batches_total"), 1)
    return {"batches": int(batches),
            "records": round(throughput.consumed(worker) / batches, 1),
            "handle_ms": round(worker.value("batch_handle_seconds_sum") * 1000 / batches, 1),
            "publish_ms": round(worker.value("publish_seconds_sum") * 1000 / batches, 1)}


def spread(values):
    return {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99), "max": max(values)}


def figures_of(installation, outcome, load):
    to_notified = [outcome.appended["OPT_OUT_OPEN"][claim] - at
                   for claim, at in outcome.submitted.items()]
    walls = {claim: installation.wall_ms(instant_ms(text))
             for claim, text in outcome.deadlines.items()}
    late = [outcome.appended["OFFICIAL"][claim] - wall for claim, wall in walls.items()]
    wakes = [at - installation.wall_ms(instant_ms(due)) for at, due in outcome.closed]
    return {"claims": load.count, "deadlines": len(set(walls.values())),
            "submit_to_notified_ms": spread(to_notified), "lateness_ms": spread(late),
            "wake_up_lateness_ms": spread(wakes),
            "early": sum(value < 0 for value in late)}
