"""SIGHUP: a catalogue, calendars and templates that an operator changed count; bad ones do not."""

import json
import shutil
import signal

import documents
import harness

TENANT = documents.tenant(1)
SUBMITTED = "cpor.claim.submitted.v1"


def hang_up(installation, service, wanted):
    """Tells the service to reload; waits for its one line about it, and returns it."""
    worker = installation.workers[f"{service}-1"]

    def lines():
        return [line for line in worker.log.read_text().splitlines()
                if "event=reload" in line]
    before = len(lines())
    worker.process.send_signal(signal.SIGHUP)
    installation.wait(f"{service} to say {wanted}", lambda: len(lines()) > before, 20)
    [line] = lines()[before:]
    assert f"event={wanted} " in line, line
    return line


def submit(installation, name, workload, day):
    installation.publish("claim-submission", SUBMITTED,
                         documents.claim(name, TENANT, day, (workload,)))
    installation.flush()
    return (TENANT["tenant_id"], name)


def test_catalogue_is_read_again(install, tmp_path):
    share = tmp_path / "share"
    shutil.copytree(harness.ROOT / "deploy", share,
                    ignore=shutil.ignore_patterns("local", "docker", "adr"))
    installation = install(settings={"CPOR_SHARE_DIR": str(share)})
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    day = installation.query("select (current_date - 30)::text")[0][0]
    event = board.wait_status(submit(installation, "C-1", "HOLOGRAMS", day), "REJECTED")
    assert event["lines"][0]["reason"] == "PRODUCT_UNKNOWN"

    file = share / "catalogue/products.json"
    good = file.read_text()
    file.write_text(good[:-20])
    for service in ("claim-validation", "customer-notification"):
        assert "products.json" in hang_up(installation, service, "reload-failed")
    board.wait_status(submit(installation, "C-2", "TEAMS", day), "OPT_OUT_OPEN")

    added = {"code": "HOLOGRAMS", "name": "Holograms for All", "solution_area": "MICROSOFT_365",
             "dynamics": False, "valid_from": "2020-01-01"}
    later = {**added, "code": "SMELLS", "valid_from": "2199-01-01"}
    file.write_text(json.dumps([*json.loads(good), added, later]))
    for service in harness.SERVICES:
        hang_up(installation, service, "reloaded")
    board.wait_status(submit(installation, "C-3", "HOLOGRAMS", day), "OPT_OUT_OPEN")
    event = board.wait_status(submit(installation, "C-4", "SMELLS", day), "REJECTED")
    assert event["lines"][0]["reason"] == "PRODUCT_UNKNOWN"
    assert any("Holograms for All" in json.dumps(mail) for mail in installation.mails())

    # A calendar that is none stops nobody; a template that changed is used.
    calendar = share / "calendars/US.ics"
    kept = calendar.read_text()
    calendar.write_text("BEGIN:VCALENDAR\n")
    for service in harness.SERVICES:
        assert "US.ics" in hang_up(installation, service, "reload-failed")
    calendar.write_text(kept)
    template = share / "templates/notice.en.subject"
    template.write_text("About your claim, anew\n")
    hang_up(installation, "customer-notification", "reloaded")
    board.wait_status(submit(installation, "C-5", "YAMMER", day), "OPT_OUT_OPEN")
    assert any("anew" in json.dumps(mail) for mail in installation.mails())
