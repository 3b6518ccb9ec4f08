"""Notices in every language of deploy/templates: claims that ask for them, and mails as read."""

import email
import email.policy
import pathlib
import socket
import unicodedata

import documents
import harness
from documents import changed
from words import instant_ms

TEMPLATES = pathlib.Path(__file__).resolve().parents[2] / "deploy/templates"
LOCALES = sorted(path.name.split(".")[1] for path in TEMPLATES.glob("words.*.txt"))
START = instant_ms("2026-11-20T12:00:00.000Z")
DAY = "2026-10-01"
PEOPLE = {"de": "Jörg Weiß", "en": "Sam Lee", "es": "María Muñoz", "fr": "Hélène Lefèvre",
          "ja": "山田 太郎", "ko": "이순신", "pt": "João Conceição"}
COMPANIES = {"de": "Müller & Söhne GmbH", "en": "Contoso Ltd", "es": "Construcciones Peñalara S.A.",
             "fr": "Société Générale d'Équipement", "ja": "株式会社コントソ商事",
             "ko": "한국콘토소 주식회사", "pt": "Construções Gonçalves, Lda."}
PARTNER = "Fabrikam Consulting & Söhne"
LONG_PARTNER = ("Fabrikam Internationale Beratungs- und Systemintegrationsgesellschaft <mbH> & Co. "
                "KGaA, Zweigniederlassung für öffentliche Auftraggeber, Köln")
PRODUCTS = ("D365_SALES", "D365_FINANCE", "D365_CUSTOMER_SERVICE", "POWER_BI", "POWER_APPS")


def tenant_of(locale):
    return documents.tenant(100 + LOCALES.index(locale), "US", name=COMPANIES.get(locale, locale),
                            locale=locale)


def subscriptions_of(locale):
    """As many as a claim has lines."""
    return [documents.subscription(tenant_of(locale), PRODUCTS[number % len(PRODUCTS)], number)
            for number in range(50)]


def short_claim(locale):
    document = documents.claim(f"L-{locale}", tenant_of(locale), DAY, ("EXCHANGE_ONLINE", "TEAMS"))
    return changed(document, "/customer/contact/name", PEOPLE.get(locale, "Sam Lee"))


def long_claim(locale):
    """Fifty lines, and names that need more than a line."""
    document = documents.bizapps_claim(
        f"L-{locale}-long", tenant_of(locale), DAY,
        [(entry["product"], entry["subscription_id"]) for entry in subscriptions_of(locale)])
    document["partner"]["name"] = LONG_PARTNER
    document["customer"]["contact"]["name"] = "長谷川" * 30
    document["claim_name"] = "x" * 120
    return document


def open_installation(stack, folder):
    """Workers, reference data of all languages, and the page's address in .page."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    page = f"http://127.0.0.1:{port}/opt-out"
    installation = harness.Installation(stack, folder, start_at_ms=START,
                                        settings={"CPOR_OPT_OUT_URL": page})
    installation.page = page
    installation.start_workers(services=harness.SERVICES[:3])
    installation.start_workers(services=harness.SERVICES[3:],
                               settings={"CPOR_HTTP_PORT": str(port)})
    installation.publish_reference([documents.partner(name=PARTNER)],
                                   [tenant_of(locale) for locale in LOCALES],
                                   [entry for locale in LOCALES
                                    for entry in subscriptions_of(locale)])
    return installation


def messages(installation, board, claims):
    """Submits these, and returns the mail of each as Python's own package reads it."""
    claims = list(claims)
    for document in claims:
        installation.publish("claim-submission", "cpor.claim.submitted.v1", document)
    installation.flush()
    found = []
    for document in claims:
        board.wait_status((document["customer"]["tenant_id"], document["claim_id"]),
                          "OPT_OUT_OPEN", seconds=60)
        [mail] = [mail for mail in installation.mails()
                  if mail["rcpt_tos"] == [document["customer"]["contact"]["email"]]]
        found.append(email.message_from_string(mail["raw"], policy=email.policy.default))
        found[-1].raw_head = mail["raw"].replace("\r\n", "\n").split("\n\n")[0]
    return found


def text_of(message, subtype):
    return message.get_body((subtype,)).get_content().replace("\r\n", "\n")


def column_count(text):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
