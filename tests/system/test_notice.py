"""The notice as the customer gets it, its link, and a mail server that refuses."""

import html
import re
import socket
import urllib.error
import urllib.parse
import urllib.request

import pytest

import documents
import harness
from documents import changed
from words import instant_ms

START = instant_ms("2026-05-20T08:00:00.000Z")
DAY = "2026-03-01"
SUBMITTED = "cpor.claim.submitted.v1"
ENGLISH = documents.tenant(1, "US")
KOREAN = documents.tenant(2, "KR", locale="ko-KR")
THIRD_PERSONS = ("robin@partner.example",)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def run(stack, tmp_path_factory):
    port = free_port()
    installation = harness.Installation(
        stack, tmp_path_factory.mktemp("notice"), start_at_ms=START, settings={
            "CPOR_OPT_OUT_URL": f"http://127.0.0.1:{port}/opt-out"})
    installation.page = f"http://127.0.0.1:{port}/opt-out"
    try:
        installation.start_workers(services=harness.SERVICES[:3])
        installation.start_workers(services=harness.SERVICES[3:],
                                   settings={"CPOR_HTTP_PORT": str(port)})
        installation.publish_reference([documents.partner(name="Fabrikam <Consulting> & Söhne")],
                                       [ENGLISH, KOREAN])
        yield installation, harness.StatusBoard(installation)
    finally:
        installation.close()


def notify(run, document, *statuses, seconds=30):
    """Submits, waits, and returns (the status event, the mails to its contact)."""
    installation, board = run
    installation.publish("claim-submission", SUBMITTED, document)
    installation.flush()
    key = (document["customer"]["tenant_id"], document["claim_id"])
    event = board.wait_status(key, *(statuses or ("OPT_OUT_OPEN",)), seconds=seconds)
    return event, mails_of(installation, document)


def mails_of(installation, document):
    address = document["customer"]["contact"]["email"]
    return [mail for mail in installation.mails() if address in mail["rcpt_tos"]]


def token_of(mail):
    link = re.search(r"https?://\S+[?&]token=[\w.~%=-]+", html.unescape(mail["text"]))
    assert link, f"no opt-out link in:\n{mail['text']}"
    return urllib.parse.parse_qs(urllib.parse.urlsplit(link.group()).query)["token"][0]


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def post(url, **form):
    data = urllib.parse.urlencode(form).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def check_parts(document, mail, words):
    """What both forms must say, and must not."""
    assert mail["rcpt_tos"] == [document["customer"]["contact"]["email"]]
    for name in ("text", "html"):
        part = mail[name]
        assert part, f"no {name} part"
        plain = html.unescape(re.sub(r"<[^>]+>", " ", part)) if name == "html" else part
        plain = " ".join(plain.split())
        for word in words:
            assert word in plain, f"{name} part lacks {word!r}:\n{plain}"
        for address in THIRD_PERSONS:
            assert address not in part, f"{name} part names {address}"
        assert "{{" not in part and "}}" not in part, f"a placeholder is left in:\n{part}"


def test_english_notice(run):
    document = documents.claim("N-en", ENGLISH, DAY, ("EXCHANGE_ONLINE", "TEAMS"))
    event, mails = notify(run, document)
    assert len(mails) == 1
    # Wed 20 May 2026 + five business days, Memorial Day left out: the end of Thu 28 May.
    assert event["deadline_at"] == "2026-05-29T04:00:00.000Z"
    check_parts(document, mails[0], ["Fabrikam <Consulting> & Söhne", "Exchange Online", "Teams",
                                     ENGLISH["domains"][0], "28"])
    assert "<Consulting>" not in mails[0]["html"], "a partner's name is markup in the HTML part"
    assert "list-unsubscribe" not in mails[0]["headers"]


def test_korean_notice(run):
    document = documents.claim("N-ko", KOREAN, DAY, ("EXCHANGE_ONLINE",))
    event, mails = notify(run, document)
    assert event["deadline_at"] == "2026-05-28T15:00:00.000Z"
    check_parts(document, mails[0], ["Exchange Online", KOREAN["domains"][0]])
    for text in (mails[0]["subject"], mails[0]["text"], mails[0]["html"]):
        assert re.search("[\uac00-\ud7a3]{2}", text), f"not Korean: {text}"


def test_language_falls_back_to_english(run):
    document = changed(documents.claim("N-fi", ENGLISH, DAY, ("YAMMER",)),
                       "/customer/locale", "fi-FI")
    _, mails = notify(run, document)
    text = mails[0]["text"]
    assert not re.search("[\uac00-\ud7a3]", text) and "opt out" in text.lower()


def test_message_ids_differ_by_claim(run):
    installation, _ = run
    ids = [mail["message_id"] for mail in installation.mails()]
    assert ids and all(re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", name) for name in ids), ids
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path, value", [
    ("/customer/contact/name", "Sam\r\nBcc: victim@customer1.example"),
    ("/customer/contact/email", "sam@customer1.example\r\nBcc: victim@customer1.example"),
    ("/claim_name", "x\nSubject: owned"), ("/partner/name", "P\r\n\r\nbody"),
    ("/customer/contact/email", "sam@customer1.example,victim@customer1.example"),
    ("/customer/contact/email", "<sam@customer1.example> victim@customer1.example")])
def test_header_injection_is_impossible(run, path, value, request):
    number = request.node.callspec.indices["path"]
    document = changed(documents.claim(f"N-inject-{number}", ENGLISH, DAY, ("INTUNE",)),
                       path, value)
    event, _ = notify(run, document, "REJECTED")
    assert "FIELD_INVALID" in {entry["code"] for entry in event["findings"]}
    assert not [mail for mail in run[0].mails() if "bcc" in mail["headers"]
                or any("victim" in address for address in mail["rcpt_tos"])]


def test_names_that_need_quoting(run):
    document = documents.claim("N-quote", ENGLISH, DAY, ("TEAMS_PHONE",))
    document["customer"]["contact"]["name"] = '이순신 "Sam", <x@y.example>; Lee'
    _, mails = notify(run, document)
    assert mails[0]["rcpt_tos"] == [document["customer"]["contact"]["email"]]
    assert "x@y.example" not in mails[0]["headers"].get("cc", "")
    raw_head = mails[0]["raw"].split("\r\n\r\n")[0]
    assert raw_head.isascii(), raw_head
    assert all(len(line) <= 998 for line in mails[0]["raw"].split("\r\n"))


def test_page_shows_and_opts_out(run):
    installation, board = run
    document = documents.claim("N-page", ENGLISH, DAY, ("TEAMS_MEETINGS",))
    _, mails = notify(run, document)
    key = (ENGLISH["tenant_id"], "N-page")
    token = token_of(mails[0])
    url = f"{installation.page}?token={urllib.parse.quote(token)}"
    status, page = get(url)
    assert status == 200 and "<form" in page, page
    installation.wait_quiet()
    board.update()
    assert board.status(key) == "OPT_OUT_OPEN", "a GET must change nothing"
    status, answer = post(installation.page, token=token)
    assert status in (200, 202), answer
    event = board.wait_status(key, "REJECTED")
    assert event["lines"][0]["reason"] == "CUSTOMER_DECLINED"
    assert post(installation.page, token=token)[0] in (200, 202), "a second opt-out is no error"


def test_forged_tokens_are_refused(run):
    installation, board = run
    document = documents.claim("N-forged", ENGLISH, DAY, ("ENTRA_ID_PREMIUM",))
    _, mails = notify(run, document)
    token = token_of(mails[0])
    middle = len(token) // 2
    forged = [token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"), token[:middle], "",
              token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1:]]
    for bad in forged:
        assert post(installation.page, token=bad)[0] in (400, 403, 404, 410), bad
        link = f"{installation.page}?token={urllib.parse.quote(bad)}"
        assert get(link)[0] in (400, 403, 404, 410)
    installation.wait_quiet()
    board.update()
    assert board.status((ENGLISH["tenant_id"], "N-forged")) == "OPT_OUT_OPEN"


def test_permanent_refusal_asks_the_partner(run):
    for local in ("bounce", "bounce-data"):
        document = documents.claim(f"N-{local}", ENGLISH, DAY, ("INFORMATION_PROTECTION",))
        document["mpn_id"] = "1234566"
        document["customer"]["contact"]["email"] = f"{local}.sam@{ENGLISH['domains'][0]}"
        event, mails = notify(run, document, "PARTNER_ACTION_REQUIRED")
        assert mails == []
        assert {entry["code"] for entry in event["findings"]} == {"CONTACT_UNREACHABLE"}
        assert [line["status"] for line in event["lines"]] == ["UNDER_REVIEW"]
        assert event["deadline_at"], "the partner's days to answer have no end"
        again = changed(document, "/customer/contact/email", f"sam.{local}@{ENGLISH['domains'][0]}")
        installation, board = run
        installation.publish("claim-submission", "cpor.claim.resubmitted.v1",
                             {**again, "revision": 2})
        installation.flush()
        key = (ENGLISH["tenant_id"], document["claim_id"])
        event = board.wait_status(key, "OPT_OUT_OPEN")
        assert (event["revision"], event["findings"]) == (2, [])
        assert len(mails_of(installation, again)) == 1
        installation.publish("claim-submission", "cpor.claim.withdrawn.v1", {
            "claim_id": key[1], "tenant_id": key[0], "actor": {"type": "partner", "id": "1234566"}})
        installation.flush()
        board.wait_status(key, "WITHDRAWN")


def test_temporary_refusal_is_tried_again(install):
    installation = install(speed=2_000, start_at_ms=START)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [ENGLISH])
    board = harness.StatusBoard(installation)
    for local, workload in (("tempfail-2", "TEAMS"), ("tempfail-data-1", "YAMMER")):
        document = documents.claim(f"N-{local}", ENGLISH, DAY, (workload,))
        document["customer"]["contact"]["email"] = \
            f"{local}.{installation.name}@{ENGLISH['domains'][0]}"
        _, mails = notify((installation, board), document)
        assert len(mails) == 1 and len({mail["message_id"] for mail in mails}) == 1


def test_five_days_of_temporary_refusals_are_permanent(install):
    installation = install(speed=50_000, start_at_ms=START)
    installation.start_workers()
    installation.publish_reference([documents.partner()], [ENGLISH])
    board = harness.StatusBoard(installation)
    document = documents.claim("N-tempfail", ENGLISH, DAY, ("TEAMS",))
    document["customer"]["contact"]["email"] = f"tempfail@{ENGLISH['domains'][0]}"
    other = documents.claim("N-other", ENGLISH, DAY, ("YAMMER",))
    installation.publish("claim-submission", SUBMITTED, document)
    notify((installation, board), other)  # the one behind it does not wait
    event = board.wait_status((ENGLISH["tenant_id"], "N-tempfail"), "PARTNER_ACTION_REQUIRED")
    assert {entry["code"] for entry in event["findings"]} == {"CONTACT_UNREACHABLE"}
    assert instant_ms(event["at"]) >= instant_ms(event["first_submitted_at"]) + 5 * 86_400_000
