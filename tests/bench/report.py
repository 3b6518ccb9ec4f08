"""The table: each figure with its aim and its limits beside it."""

AIMS = {"claims_per_s": 6000, "timers_released_per_s": 20000, "lateness_p50_ms": 50,
        "lateness_p99_ms": 150, "peak_mb": 24, "early": 0}


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"


def table(head, rows):
    """Lines: the first column to the left, the others to the right."""
    texts = [head] + [[cell if isinstance(cell, str) else number(cell) for cell in row]
                      for row in rows]
    widths = [max(len(row[i]) for row in texts) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                       for i, (cell, width) in enumerate(zip(row, widths))) for row in texts]
    return [lines[0], "  ".join("-" * width for width in widths)] + lines[1:]


def ratio(value, limit):
    return f"{value / limit:.2f}" if value and limit else "-"


def throughput_rows(result):
    limits = result.get("limits", {})
    for name, stage in result.get("separately", {}).items():
        if name == "faults":
            continue
        sql = limits.get(name, {}).get("sql_alone", {}).get("claims_per_s")
        kafka = limits.get(name, {}).get("kafka_alone", {}).get("claims_per_s")
        value = stage["claims_per_s"]
        yield [name, value, AIMS["claims_per_s"], sql, ratio(value, sql), kafka,
               ratio(value, kafka)]
    together = result.get("together", {})
    if "claims_per_s" in together:
        yield ["all at once, to notified", together["claims_per_s"], AIMS["claims_per_s"],
               "", "", "", ""]
        yield ["all at once, to official", together["claims_per_s_with_closing"],
               AIMS["claims_per_s"], "", "", "", ""]


CPU_NAMES = ("worker", "postgres", "kafka", "redis", "smtp sink")


def cpu_rows(result):
    stages = [item for item in result.get("separately", {}).items() if item[0] != "faults"]
    for name, stage in stages + [("all at once, to notified", result.get("together", {}))]:
        if "cpu_us_per_claim" not in stage:
            continue
        cpu = dict(stage["cpu_us_per_claim"])
        cpu["worker"] = sum(value for key, value in cpu.items() if key not in CPU_NAMES)
        yield [name, *(cpu.get(key) for key in CPU_NAMES),
               f"{stage['others_share_of_machine']:.0%}"]


def step_rows(result):
    for name, stage in result.get("separately", {}).items():
        if name != "faults" and "handle_ms_per_batch" in stage:
            yield [name, stage.get("records_per_batch"), stage["handle_ms_per_batch"],
                   stage["publish_ms_per_batch"], stage.get("waiting_ms_per_batch")]


def timer_rows(result):
    for where, label in (("separately", "few large tenants"), ("together", "a tenant per claim")):
        part = result.get(where, {})
        closed = part.get("opt-out-expiry, windows closed") or part.get("windows closed")
        if closed:
            yield [f"{label}: {closed['timers']:,} timers, {closed['windows']:,} windows",
                   closed["timers_released_per_s"], AIMS["timers_released_per_s"],
                   closed["claims_per_s"], closed["associations_per_s"],
                   closed["first_official_ms"], closed["last_official_ms"], str(closed["early"])]


def latency_rows(figures):
    for label, key, aims in (
            ("submit to notified", "submit_to_notified_ms", ("-", "-")),
            ("timer lateness: deadline to official", "lateness_ms", ("50", "150")),
            ("timer lateness: deadline to wake-up", "wake_up_lateness_ms", ("-", "-"))):
        spread = figures[key]
        yield [label, str(spread["p50"]), aims[0], str(spread["p99"]), aims[1], str(spread["max"])]


def statement_rows(limits):
    for name, stage in limits.items():
        if name == "faults":
            continue
        for row in stage["sql_alone"]["statements"][:6]:
            yield [f"{name}: {row['name']}", row["us_per_claim"], row["runs"], row["rows"],
                   row["bytes_per_claim"]]


def render(result):
    machine = result["machine"]
    lines = [f"{machine['cores']} cores, {machine['memory_mb']:,} MB, {machine['processor']}; "
             + ", ".join(f"{key} {value}" for key, value in result["versions"].items())]

    def add(title, head, rows):
        rows = list(rows)
        if rows:
            lines.extend(["", title, *table(head, rows)])

    add("Throughput, claims/s (limits: what each server alone allows; ratio: measured / limit)",
        ["stage", "claims/s", "aim", "SQL alone", "ratio", "Kafka alone", "ratio"],
        throughput_rows(result))
    add("CPU, microseconds per claim (others: share of the machine that others used meanwhile)",
        ["stage", *CPU_NAMES, "others"], cpu_rows(result))
    add("A batch, ms", ["stage", "records", "handle", "publish", "waiting for records"],
        step_rows(result))
    add("All windows close at one instant",
        ["", "timers/s", "aim", "claims/s", "associations/s", "first official ms",
         "last official ms", "early"],
        timer_rows(result))
    latency = result.get("latency", {})
    if "lateness_ms" in latency:
        add(f"Latency at {latency['per_second']} claims/s, wall ms ({latency['claims']:,} claims, "
            f"{latency['deadlines']} deadlines; {latency['early']} early, aim 0)",
            ["", "p50", "aim", "p99", "aim", "max"], latency_rows(latency))
        add("A batch at that rate, ms", ["worker", "records", "handle", "publish"],
            ([name, step["records"], step["handle_ms"], step["publish_ms"]]
             for name, step in latency["steps"].items()))
    add("Peak resident memory, MB", ["worker", "MB", "aim"],
        ([service, peak, AIMS["peak_mb"]] for service, peak in result["peak_mb"].items()))
    add("Where PostgreSQL's time goes (SQL alone)",
        ["stage: statement", "us/claim", "runs", "rows", "bytes/claim"],
        statement_rows(result.get("limits", {})))
    if result["faults"]:
        lines.extend(["", "FAILED:", *(f"  {fault}" for fault in result["faults"])])
    return "\n".join(lines)
