"""The limits: each stage's SQL without Kafka, and its Kafka transactions without SQL."""

import json
import pathlib
import re
import subprocess
import time

import machine
import plant
import throughput
from plant import say

BATCH_COUNT = 1000
CLOSED = "opt-out-expiry, windows closed"


class Recorder:
    """bench_sql_record between a worker and PostgreSQL; before it, a copy of the database."""

    def __init__(self, bench, installation, name):
        self.bench, self.name = bench, name
        url = installation.env["CPOR_DATABASE_URL"]
        self.copy = f"{installation.database}_{re.sub('[^a-z]+', '_', name)}"
        admin = bench.stack.env["CPOR_DATABASE_URL"]
        with machine.psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'create database "{self.copy}" template "{installation.database}"')
        self.copy_url = f"{url.rpartition('/')[0]}/{self.copy}"
        self.file = pathlib.Path(bench.folder) / f"{self.copy}.sql"
        host, port = re.search(r"@([\d.]+):(\d+)/", url).groups()
        self.process = subprocess.Popen(
            [str(bench.tools / "bench_sql_record"), host, port, str(self.file)],
            stdout=subprocess.PIPE, text=True)
        relay_port = int(self.process.stdout.readline())
        self.settings = {"CPOR_DATABASE_URL":
                         url.replace(f":{port}/", f":{relay_port}/")}

    def finish(self):
        """After the worker has left."""
        if self.process.wait(30) != 0:
            raise plant.RunFailed(f"bench_sql_record ended with {self.process.returncode}")

    def replay(self, count):
        """The same statements again on the copy, by one client that does nothing else."""
        before = machine.cpu_of(self.bench.pids["postgres"], with_children=True)
        answer = json.loads(run([self.bench.tools / "bench_sql", self.copy_url, self.file]))
        time.sleep(0.2)  # until the postmaster has collected the backend and its CPU time
        cpu_s = machine.cpu_of(self.bench.pids["postgres"], with_children=True) - before
        answer["statements"].sort(key=lambda row: -row["seconds"])
        self.file.unlink()
        admin = self.bench.stack.env["CPOR_DATABASE_URL"]
        with machine.psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'drop database "{self.copy}"')
        say(f"  {self.name}: its SQL alone {count / answer['seconds']:,.0f} claims/s")
        return {"claims_per_s": round(count / answer["seconds"], 1),
                "postgres_cpu_us_per_claim": round(cpu_s * 1e6 / count, 1),
                "statements": [{"name": row["name"][:40], "runs": row["count"], "rows": row["rows"],
                                "us_per_claim": round(row["seconds"] * 1e6 / count, 2),
                                "bytes_per_claim": round(row["bytes"] / count)}
                               for row in answer["statements"] if row["seconds"] > 0][:12]}


def run(command):
    result = subprocess.run([str(part) for part in command], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=600, check=False)
    if result.returncode != 0:
        raise plant.RunFailed(f"{command[0]} failed: {result.stderr.strip()}")
    return result.stdout


def record_stages(bench, installation, load):
    """The way of a smaller load, stage by stage, with the SQL of each written down."""
    answers = {}
    for service in throughput.STAGES:
        recorder = Recorder(bench, installation, service)
        throughput.run_stage(bench, installation, service, load.count, recorder.settings)
        recorder.finish()
        answers[service] = recorder.replay(load.count)
    throughput.run_stage(bench, installation, "opt-out-expiry", load.count)
    recorder = Recorder(bench, installation, CLOSED)
    throughput.close_windows(bench, installation, load, recorder.settings)
    recorder.finish()
    answers[CLOSED] = recorder.replay(load.count)
    return answers


def events_of(outcome, service):
    """[TOPIC:SIZE:NUMBER] that a stage publishes for one record that it reads."""
    if service == CLOSED:
        timers = outcome.sizes.counts["cpor.window.closed.v1"]
        kinds = (("claim-status OFFICIAL", "claim-status"),
                 ("association-official", "association-official"))
        return [f"{topic}:{outcome.sizes.mean(kind)}:{outcome.sizes.counts[kind] / timers:.4f}"
                for kind, topic in kinds]
    status, others = throughput.STAGES[service]
    events = [f"claim-status:{outcome.sizes.mean('claim-status ' + status)}:1"]
    for kind in others:
        topic = "opt-out-expiry" if kind.startswith("cpor.") else kind
        events.append(f"{topic}:{outcome.sizes.mean(kind)}:1")
    return events


def kafka_alone(bench, installation, outcome, service, count):
    """The transactions that the stage makes, with bodies of the same size and no SQL."""
    claims, topic = count, service
    if service == CLOSED:  # a record there is a wake-up, for all claims of a tenant
        topic, count = "opt-out-expiry", outcome.sizes.counts["cpor.window.closed.v1"]
    env = installation.env
    before = machine.cpu_of(bench.pids["kafka"])
    answer = json.loads(run([
        bench.tools / "bench_kafka", env["CPOR_KAFKA_BROKERS"], env["CPOR_TOPIC_PREFIX"],
        f"{env['CPOR_GROUP_PREFIX']}limit{int(time.time() * 1000)}.", topic, count, BATCH_COUNT,
        *events_of(outcome, service)]))
    cpu_s = machine.cpu_of(bench.pids["kafka"]) - before
    say(f"  {service}: its Kafka transactions alone {claims / answer['seconds']:,.0f} claims/s")
    return {"claims_per_s": round(claims / answer["seconds"], 1), "batches": answer["batches"],
            "events": answer["events"], "bytes": answer["bytes"],
            "kafka_cpu_us_per_claim": round(cpu_s * 1e6 / claims, 1)}


def measure(bench, load):
    """Returns (figures by stage, faults)."""
    mails_before = bench.sink.count()
    installation = throughput.prepare(bench, "limits", load)
    sql = record_stages(bench, installation, load)
    outcome, faults = throughput.judge(bench, installation, load, mails_before)
    if faults:
        bench.retire(installation)
        return {"faults": faults}, faults
    figures = {service: {"claims": load.count, "sql_alone": sql[service],
                         "kafka_alone": kafka_alone(bench, installation, outcome, service,
                                                    load.count)}
               for service in sql}
    bench.retire(installation)
    return figures, []
