"""Mail over STARTTLS: what cannot be verified is not sent, and nothing of it is lost."""

import pytest

import certificates
import documents
import harness
import mail_tls

TENANT = documents.tenant(1)
USER, PASSWORD = "relay-user", "relay-password"


@pytest.fixture
def servers(tmp_path):
    """name -> server; with certificates as the names say."""
    folder = tmp_path / "mail"
    folder.mkdir()
    ours = certificates.Authority(folder, "ours")
    made = {
        "good": mail_tls.TlsMail(*ours.issue("localhost")[:2], PASSWORD),
        "other-host": mail_tls.TlsMail(*ours.issue("mail.example")[:2], PASSWORD),
        "expired": mail_tls.TlsMail(
            *ours.issue("localhost", "old", end="20200201000000Z")[:2], PASSWORD),
        "clear": mail_tls.TlsMail(None, None, PASSWORD, offers_tls=False),
    }
    made["stripper"] = mail_tls.Stripper(made["good"].port)
    yield ours, certificates.Authority(folder, "foreign"), made
    for server in made.values():
        server.close()


def mail_settings(port, authority, password=PASSWORD):
    return {"CPOR_SMTP_URL": f"smtp://{USER}:{password}@localhost:{port}",
            "CPOR_SMTP_STARTTLS": "true", "CPOR_SMTP_CA_FILE": str(authority.file),
            "CPOR_SMTP_CONNECTIONS": "1"}


def test_what_cannot_be_verified_is_not_sent(install, servers):
    ours, foreign, made = servers
    installation = install()
    installation.start_workers(services=("claim-submission", "claim-validation", "opt-out-expiry"))
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    installation.publish("claim-submission", "cpor.claim.submitted.v1",
                         documents.claim("C-1", TENANT, "2026-03-01"))
    installation.flush()
    key = (TENANT["tenant_id"], "C-1")
    board.wait_status(key, "VALIDATED")
    cases = {
        "wrong CA": (mail_settings(made["good"].port, foreign), ("certificate", "CA_FILE")),
        "wrong host": (mail_settings(made["other-host"].port, ours),
                       ("localhost", "CPOR_SMTP_URL its name")),
        "expired": (mail_settings(made["expired"].port, ours), ("expired", "nothing was sent")),
        "no STARTTLS": (mail_settings(made["clear"].port, ours), ("STARTTLS", "nothing was sent")),
        "stripped": (mail_settings(made["stripper"].port, ours), ("STARTTLS", "on the way")),
        "wrong password": (mail_settings(made["good"].port, ours, "wrong-password"),
                           ("CPOR_SMTP_URL",)),
    }
    for name, (settings, words) in cases.items():
        worker = harness.Worker(installation, "customer-notification", 1, settings).start()
        installation.workers[worker.instance] = worker
        assert worker.process.wait(30) == 1, f"{name}:\n{worker.log_tail()}"
        worker.process = None
        text = worker.log.read_text()
        worker.log.unlink()
        [line] = [line for line in text.splitlines() if "event=fatal" in line]
        assert all(word in line for word in words), f"{name}: {line}"
        assert PASSWORD not in text and "wrong-password" not in text, text
    assert made["stripper"].stripped > 0
    assert all(server.accepted == [] for name, server in made.items() if name != "stripper")
    for name in ("good", "other-host", "expired", "clear"):
        assert set(made[name].in_clear()) <= {"EHLO"}, (name, made[name].commands)
    assert made["good"].logins and not any(made["good"].logins)
    board.update()
    assert board.status(key) == "VALIDATED"
    worker = harness.Worker(installation, "customer-notification", 1,
                            mail_settings(made["good"].port, ours))
    installation.workers[worker.instance] = worker.start()
    board.wait_status(key, "OPT_OUT_OPEN")
    contact = documents.claim("C-1", TENANT, "2026-03-01")["customer"]["contact"]["email"]
    assert made["good"].accepted == [contact]
    assert made["good"].logins[-1] and set(made["good"].in_clear()) == {"EHLO"}
    installation.stop_workers()
