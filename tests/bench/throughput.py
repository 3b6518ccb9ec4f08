"""Part A: how many claims a second, stage by stage and all at once; how many timers at midnight."""

import os
import time

import harness
import plant
import scan
from plant import say
from words import instant_ms

START_AT_MS = instant_ms("2026-11-02T01:00:00.000Z")  # a Monday morning in Seoul
LEAD_MS = 8_000  # from a worker's start to the midnight that it is to see
STAGE_SECONDS_MAX = 900
STAGES = {  # service -> (what its output topic says of a claim then, what else it publishes)
    "claim-submission": ("SUBMITTED", ("claim-validation",)),
    "claim-validation": ("VALIDATED", ("customer-notification",)),
    "customer-notification": ("OPT_OUT_OPEN", ("cpor.window.opened.v1",)),
}


def load_reference(bench, installation, load):
    """claim-validation knows partners and tenants before the first claim comes."""
    worker = plant.Watched(bench, installation, "claim-validation")
    plant.wait("reference data", [worker],
               lambda: worker.value("records_consumed_total", "tenant") >= len(load.tenants)
               and worker.value("records_consumed_total", "partner") >= len(load.partners),
               120, lambda: f"{worker.value('records_consumed_total', 'tenant'):.0f} tenants")
    worker.stop()


def run_stage(bench, installation, service, count, settings=None, seconds=STAGE_SECONDS_MAX):
    """One worker over what waits in its topic. Returns what was seen while it worked."""
    begin = time.monotonic()
    worker = plant.Watched(bench, installation, service, settings)
    meter = bench.meter([worker])
    plant.wait(f"{service}'s first batch", [worker],
               lambda: worker.value("records_in_flight") or consumed(worker), 60,
               lambda: "joining its group", poll_s=0.005)
    started_ms = int(time.time() * 1000)
    ready_s = time.monotonic() - begin
    meter.restart()
    plant.wait(service, [worker], lambda: consumed(worker) >= count, seconds,
               lambda: f"{consumed(worker):,.0f} of {count:,}")
    seen = {"started_ms": started_ms, "ready_s": round(ready_s, 2), "cpu_s": meter.read(),
            "elapsed_s": time.time() - started_ms / 1000,
            "batches": worker.value("batches_total"),
            "handle_s": worker.value("batch_handle_seconds_sum"),
            "publish_s": worker.value("publish_seconds_sum"),
            "retries": worker.value("batch_retries_total"), "peak_mb": worker.stop()}
    say(f"  {service}: {count:,} records in {seen['elapsed_s']:.1f} s")
    return seen


def consumed(worker):
    return worker.value("records_consumed_total", worker.service)


def midnight(installation):
    """(business ms of the one deadline that all windows share)"""
    rows = installation.query("select distinct due_at_ms from timers where kind = 'WINDOW'")
    if len(rows) != 1:
        raise plant.RunFailed(f"windows close at {len(rows)} instants instead of one")
    return rows[0][0]


def close_windows(bench, installation, load, settings=None):
    """opt-out-expiry sees midnight come with every window open. Returns what was seen."""
    deadline_at_ms = midnight(installation)
    wall_start_ms = int(time.time() * 1000)
    worker = plant.Watched(bench, installation, "opt-out-expiry", {
        **(settings or {}), **plant.clock_settings(deadline_at_ms - LEAD_MS, wall_start_ms)})
    deadline_wall_ms = wall_start_ms + LEAD_MS
    meter = bench.meter([worker])
    while time.time() * 1000 < deadline_wall_ms - 100:
        worker.refresh()
        time.sleep(0.05)
    if not worker.values:
        raise plant.RunFailed(f"opt-out-expiry was not up {LEAD_MS} ms after its start")
    meter.restart()

    def officials():
        return worker.value("outcomes_published_total", "association-official")

    plant.wait("windows to close", [worker], lambda: officials() >= load.association_count,
               STAGE_SECONDS_MAX, lambda: f"{officials():,.0f} of {load.association_count:,} "
               "associations are official")
    seen = {"deadline_at_ms": deadline_at_ms, "deadline_wall_ms": deadline_wall_ms,
            "cpu_s": meter.read(), "released": worker.value("timers_released_total"),
            "batches": worker.value("batches_total"),
            "handle_s": worker.value("batch_handle_seconds_sum"),
            "publish_s": worker.value("publish_seconds_sum")}
    seen["peak_mb"] = worker.stop()
    say(f"  opt-out-expiry: {load.association_count:,} associations official "
        f"{time.time() - deadline_wall_ms / 1000:.1f} s after midnight")
    return seen


# ---- figures


def rate(count, milliseconds):
    return round(count * 1000 / max(milliseconds, 1), 1)


def per_claim_us(cpu_s, count, names):
    return {name: round(cpu_s[name] * 1e6 / count, 1) for name in names if name in cpu_s}


def figures_of_cpu(seen, count, elapsed_s):
    names = [name for name in seen["cpu_s"] if name not in ("machine", "others", "bench")]
    return {"cpu_us_per_claim": per_claim_us(seen["cpu_s"], count, names),
            "others_share_of_machine": round(seen["cpu_s"]["others"] / max(elapsed_s, 0.001) /
                                             bench_cores(), 2)}


def bench_cores():
    return len(os.sched_getaffinity(0))


def figures_of_stage(seen, appended, count):
    """Claims a second from the first record consumed, and after the first batch."""
    times = sorted(appended.values())
    batch = max(1, int(count / max(seen["batches"], 1)))
    result = {"claims_per_s": rate(count, times[-1] - seen["started_ms"]),
              "claims_per_s_after_first_batch":
                  rate(len(times) - min(batch, len(times) - 1), times[-1] - times[0]),
              "claims": count, "seconds": round((times[-1] - seen["started_ms"]) / 1000, 2),
              "records_per_batch": batch, "retries": seen["retries"],
              "handle_ms_per_batch": round(seen["handle_s"] * 1000 / max(seen["batches"], 1), 1),
              "publish_ms_per_batch": round(seen["publish_s"] * 1000 / max(seen["batches"], 1), 1),
              "waiting_ms_per_batch": round(
                  (seen["elapsed_s"] - seen["handle_s"] - seen["publish_s"]) * 1000 /
                  max(seen["batches"], 1), 1),
              "peak_mb": round(seen["peak_mb"], 1)}
    result.update(figures_of_cpu(seen, count, seen["elapsed_s"]))
    return result


def figures_of_release(seen, outcome, load):
    wall_ms = seen["deadline_wall_ms"]
    closed = sorted(at for at, _ in outcome.closed)
    official = sorted(outcome.appended["OFFICIAL"].values())
    associations = sorted(outcome.official_appended)
    elapsed_s = (official[-1] - wall_ms) / 1000
    result = {"windows": load.count, "timers": len(closed),
              "timers_released_per_s": rate(len(closed), closed[-1] - wall_ms),
              "claims_per_s": rate(load.count, official[-1] - wall_ms),
              "associations_per_s": rate(len(associations), associations[-1] - wall_ms),
              "first_wake_up_ms": closed[0] - wall_ms, "last_wake_up_ms": closed[-1] - wall_ms,
              "first_official_ms": official[0] - wall_ms,
              "last_official_ms": official[-1] - wall_ms,
              "early": sum(at < wall_ms for at in official + associations + closed),
              "batches": seen["batches"],
              "handle_ms_per_batch": round(seen["handle_s"] * 1000 / max(seen["batches"], 1), 1),
              "publish_ms_per_batch": round(seen["publish_s"] * 1000 / max(seen["batches"], 1), 1),
              "peak_mb": round(seen["peak_mb"], 1)}
    result.update(figures_of_cpu(seen, load.count, elapsed_s))
    return result


# ---- the two runs


def prepare(bench, name, load):
    installation = bench.install(name, speed=1, start_at_ms=START_AT_MS)
    say(f"  preloading {load.count:,} claims of {len(load.tenants):,} tenants")
    plant.preload(installation, load)
    load_reference(bench, installation, load)
    return installation


def judge(bench, installation, load, mails_before):
    """The installation's Outcome; lost or double ones end the run."""
    say("  reading everything that was published")
    outcome = scan.Outcome(installation, load)
    faults = outcome.faults()
    mails = bench.sink.count() - mails_before
    if mails != load.count:
        faults.append(f"{mails} mails were sent for {load.count} claims")
    return outcome, faults


def run_separately(bench, load):
    """Each stage alone, over all that the stage before it left. Returns (figures, faults)."""
    mails_before = bench.sink.count()
    installation = prepare(bench, "separately", load)
    seen = {service: run_stage(bench, installation, service, load.count) for service in STAGES}
    seen["opened"] = run_stage(bench, installation, "opt-out-expiry", load.count)
    closing = close_windows(bench, installation, load)
    outcome, faults = judge(bench, installation, load, mails_before)
    bench.retire(installation)
    if faults:
        return {"faults": faults}, faults
    figures = {service: figures_of_stage(seen[service], outcome.appended[status], load.count)
               for service, (status, _) in STAGES.items()}
    opened = seen["opened"]
    figures["opt-out-expiry, windows opened"] = {
        "claims_per_s": round(load.count / opened["elapsed_s"], 1), "claims": load.count,
        "peak_mb": round(opened["peak_mb"], 1),
        **figures_of_cpu(opened, load.count, opened["elapsed_s"])}
    figures["opt-out-expiry, windows closed"] = figures_of_release(closing, outcome, load)
    return figures, early_faults(figures["opt-out-expiry, windows closed"])


def early_faults(figures):
    return [f"{figures['early']} events came before their deadline"] if figures["early"] else []


def run_together(bench, load):
    """All four workers at once over the same backlog, then the midnight of all windows."""
    mails_before = bench.sink.count()
    installation = prepare(bench, "together", load)
    workers = [plant.Watched(bench, installation, service) for service in harness.SERVICES]
    meter = bench.meter(workers)
    first, last = workers[0], workers[-1]
    plant.wait("the first batch", [first],
               lambda: first.value("records_in_flight") or consumed(first), 60,
               lambda: "joining its group", poll_s=0.005)
    started_ms = int(time.time() * 1000)
    meter.restart()
    plant.wait("all windows to open", workers, lambda: consumed(last) >= load.count,
               STAGE_SECONDS_MAX, lambda: ", ".join(f"{consumed(worker):,.0f}"
                                                    for worker in workers))
    elapsed_s = time.time() - started_ms / 1000
    cpu = {"cpu_s": meter.read()}
    for worker in workers:
        worker.stop()
    say(f"  all four: {load.count:,} claims in {elapsed_s:.1f} s")
    closing = close_windows(bench, installation, load)
    outcome, faults = judge(bench, installation, load, mails_before)
    bench.retire(installation)
    if faults:
        return {"faults": faults}, faults
    opened = sorted(outcome.appended["OPT_OUT_OPEN"].values())
    closed = figures_of_release(closing, outcome, load)
    figures = {"claims": load.count, "claims_per_s": rate(load.count, opened[-1] - started_ms),
               "claims_per_s_with_closing": rate(
                   load.count, opened[-1] - started_ms + closed["last_official_ms"]),
               **figures_of_cpu(cpu, load.count, elapsed_s), "windows closed": closed}
    return figures, early_faults(closed)
