"""Keys of opt-out links are exchanged step by step; what is refused is counted by its reason."""

import re
import urllib.error
import urllib.parse
import urllib.request

import documents
import harness
import scrape

TENANT = documents.tenant(1)
OLD, NEW, OTHER = "old:the-secret-of-last-year", "new:the-secret-of-this-year", \
    "old:a-secret-that-is-not-ours"
CLAIMS = ("TEAMS", "YAMMER", "EXCHANGE_ONLINE")


def mailed_tokens(installation):
    """claim id -> the token of the link in its notice."""
    installation.wait("the notices", lambda: len(installation.mails()) >= len(CLAIMS))
    found = {}
    for mail in installation.mails():
        [token] = set(re.findall(r"token=(v1\.[\w.-]+)", mail["text"]))
        [claim_id] = [name for name in CLAIMS if name.lower() in mail["rcpt_tos"][0]]
        found[claim_id] = token
    return found


def restart_with(installation, keys):
    installation.stop_workers()
    installation.env["CPOR_OPT_OUT_KEYS"] = keys
    for worker in installation.workers.values():
        worker.log.unlink()
        worker.start()
    expiry = installation.workers["opt-out-expiry-1"]
    installation.wait("opt-out-expiry to serve its page",
                      lambda: scrape.gauge(expiry, "opt_outs_kept") is not None
                      and page(expiry, "x") == 400)
    return expiry


def page(worker, token, method="GET"):
    """The status of the page's answer."""
    address = f"http://127.0.0.1:{scrape.port(worker)}/opt-out"
    form = urllib.parse.urlencode({"token": token})
    request = urllib.request.Request(
        *((f"{address}?{form}",) if method == "GET" else (address, form.encode())))
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def opt_out(installation, claim_id, token):
    installation.publish("opt-out-expiry", "cpor.customer.opted-out.v1", {
        "tenant_id": TENANT["tenant_id"], "claim_id": claim_id, "token": token,
        "actor": {"type": "customer"}})
    installation.flush()
    installation.wait_quiet()


def refused(expiry, place, reason):
    return scrape.gauge(expiry, "tokens_invalid_total", f'place="{place}",reason="{reason}"')


def check_refused(installation, expiry, claim_id, token, reason):
    """On the page, and as an event: a dead letter. Each is counted once."""
    before = [refused(expiry, place, reason) for place in ("page", "log")]
    assert page(expiry, token) == 400, reason
    assert page(expiry, token, "POST") == 400, reason
    opt_out(installation, claim_id, token)
    after = [refused(expiry, place, reason) for place in ("page", "log")]
    assert after == [before[0] + 2, before[1] + 1], (reason, before, after)


def test_keys_are_exchanged(install):
    installation = install(settings={"CPOR_OPT_OUT_KEYS": OLD})
    installation.start_workers()
    installation.publish_reference([documents.partner()], [TENANT])
    board = harness.StatusBoard(installation)
    for claim_id in CLAIMS:
        installation.publish("claim-submission", "cpor.claim.submitted.v1",
                             documents.claim(claim_id, TENANT, "2026-09-01", [claim_id]))
    installation.flush()
    keys = {claim_id: (TENANT["tenant_id"], claim_id) for claim_id in CLAIMS}
    for key in keys.values():
        board.wait_status(key, "OPT_OUT_OPEN")
    tokens = mailed_tokens(installation)
    assert all(token.startswith("v1.old.") for token in tokens.values())

    expiry = restart_with(installation, f"{NEW},{OLD}")  # the new one signs, both verify
    assert page(expiry, tokens["TEAMS"]) == 200
    assert page(expiry, tokens["TEAMS"], "POST") == 200
    board.wait_status(keys["TEAMS"], "REJECTED")
    good = tokens["YAMMER"]
    head, payload, mac = good.rsplit(".", 2)
    check_refused(installation, expiry, "YAMMER", good[:-1], "forged")
    check_refused(installation, expiry, "YAMMER", f"{head}.{payload[:-4]}AAAA.{mac}", "forged")
    check_refused(installation, expiry, "YAMMER", f"{head}.{payload}", "unreadable")
    check_refused(installation, expiry, "YAMMER", "v1.strange." + good.split(".", 2)[2],
                  "unknown_key")
    before = refused(expiry, "log", "foreign")
    opt_out(installation, "EXCHANGE_ONLINE", good)  # a good link, of another claim
    assert refused(expiry, "log", "foreign") == before + 1
    opt_out(installation, "YAMMER", good)
    board.wait_status(keys["YAMMER"], "REJECTED")

    expiry = restart_with(installation, NEW)  # the old one is gone
    check_refused(installation, expiry, "EXCHANGE_ONLINE", tokens["EXCHANGE_ONLINE"],
                  "unknown_key")
    expiry = restart_with(installation, OTHER)  # its id, but another secret
    check_refused(installation, expiry, "EXCHANGE_ONLINE", tokens["EXCHANGE_ONLINE"], "forged")
    board.update()
    assert board.status(keys["EXCHANGE_ONLINE"]) == "OPT_OUT_OPEN"
    reasons = {letter.header("dlq_reason") for letter in installation.read("dead-letter")}
    assert reasons == {"TOKEN_INVALID"}
    installation.stop_workers()
