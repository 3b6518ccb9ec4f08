"""The notice and its page in every language: as a mail reader decodes them."""

import html
import re
import urllib.request

import pytest

import documents
import harness
import languages
from languages import LOCALES, text_of

# The window of a notice of Fri 20 November 2026 ends after Thanksgiving, in New York.
DEADLINES = {
    "de": "Montag, 30. November 2026, 24:00 Uhr (UTC-05:00, America/New_York)",
    "en": "the end of Monday, 30 November 2026 (24:00, UTC-05:00, America/New_York)",
    "es": "lunes, 30 de noviembre de 2026, a las 24:00 horas (UTC-05:00, America/New_York)",
    "fr": "lundi 30 novembre 2026 à 24 h 00 (UTC-05:00, America/New_York)",
    "ja": "2026年11月30日（月）24:00（UTC-05:00、America/New_York）",
    "ko": "2026년 11월 30일(월) 24:00 (UTC-05:00, America/New_York)",
    "pt": "segunda-feira, 30 de novembro de 2026, às 24h00 (UTC-05:00, America/New_York)",
}


@pytest.fixture(scope="module")
def run(stack, tmp_path_factory):
    installation = languages.open_installation(stack, tmp_path_factory.mktemp("languages"))
    try:
        yield installation, harness.StatusBoard(installation)
    finally:
        installation.close()


@pytest.fixture(scope="module")
def short(run):
    return dict(zip(LOCALES, languages.messages(*run, map(languages.short_claim, LOCALES))))


@pytest.fixture(scope="module")
def long(run):
    return dict(zip(LOCALES, languages.messages(*run, map(languages.long_claim, LOCALES))))


def flat(text):
    return " ".join(text.split())


def without_tags(text):
    return flat(html.unescape(re.sub(r"<(style|title)>.*?</\1>|<[^>]+>", " ", text, flags=re.S)))


def cut(text, count_max):
    """As a notice cuts names and its subject."""
    return text if len(text) <= count_max else text[:count_max - 1].rstrip() + "…"


def subject_of(locale, partner):
    template = (languages.TEMPLATES / f"notice.{locale}.subject").read_text("utf-8").strip()
    return template.replace("{{partner_name}}", partner).replace(
        "{{tenant_name}}", languages.tenant_of(locale)["name"])


def check_head(message, locale, subject):
    assert message.raw_head.isascii()
    assert max(map(len, message.raw_head.split("\n"))) <= 78, message.raw_head
    assert message["subject"] == subject
    assert message["content-language"] == locale
    assert not message.defects and not message["subject"].defects


def test_there_are_seven():
    assert set(LOCALES) >= set(DEADLINES)


@pytest.mark.parametrize("locale", LOCALES)
def test_each_subject_reads_back_equal(short, long, locale):
    check_head(short[locale], locale, subject_of(locale, languages.PARTNER))
    check_head(long[locale], locale,
               cut(subject_of(locale, cut(languages.LONG_PARTNER, 128)), 200))
    [to] = short[locale]["to"].addresses
    assert to.display_name == languages.PEOPLE.get(locale, "Sam Lee")


@pytest.mark.parametrize("locale", LOCALES)
def test_both_parts_say_it_all(short, locale):
    tenant = languages.tenant_of(locale)
    wanted = [languages.PARTNER, "1234566", "Exchange Online", "Teams", tenant["name"],
              tenant["tenant_id"], tenant["domains"][0], f"L-{locale}", languages.PEOPLE[locale],
              DEADLINES[locale], "partner-programme@cpor.example"]
    for subtype in ("plain", "html"):
        text = text_of(short[locale], subtype)
        shown = flat(text) if subtype == "plain" else without_tags(text)
        for words in wanted:
            # in Japanese a line may end anywhere
            assert flat(words) in shown or words.replace(" ", "") in shown.replace(" ", ""), words
        assert "{{" not in text and "robin@partner.example" not in text
    assert f'<html lang="{locale}">' in text_of(short[locale], "html")


@pytest.mark.parametrize("locale", LOCALES)
def test_plain_text_stays_within_78_columns(short, long, locale):
    for message in (short[locale], long[locale]):
        lines = text_of(message, "plain").split("\n")
        wide = [line for line in lines
                if languages.column_count(line) > 78 and "://" not in line]
        assert wide == []
    text = flat(text_of(long[locale], "plain"))
    for subscription in languages.subscriptions_of(locale):
        assert subscription["subscription_id"] in text


@pytest.mark.parametrize("locale", LOCALES)
def test_names_are_never_markup(long, locale):
    text = text_of(long[locale], "html")
    assert "<mbH>" not in text and "&lt;mbH&gt;" in text
    assert len(re.findall("<li ", text)) == 50


@pytest.mark.parametrize("locale", LOCALES)
def test_the_link_leads_to_a_page_in_the_same_language(short, locale):
    [link] = re.findall(r"^https?://\S+", text_of(short[locale], "plain"), re.M)
    assert html.escape(link) in text_of(short[locale], "html")
    with urllib.request.urlopen(link, timeout=10) as answer:
        page = answer.read().decode()
    assert f'<html lang="{locale}">' in page
    others = re.findall(r'<a href="\?token=[^"]+&amp;lang=([\w-]+)"', page)
    assert others == [other for other in LOCALES if other != locale]


FALLBACKS = [("locale", "de-AT", "de"), ("locale", "pt-BR", "pt"), ("locale", "zh", "en"),
             ("locale", "fr-Latn-CA", "fr"), ("locale", "zh-Hant-TW", "en"),
             ("country", "JP", "ja"), ("country", "BR", "pt"), ("country", "CH", "en")]
WORKLOADS = ("SHAREPOINT_ONLINE", "TEAMS_PHONE", "TEAMS_MEETINGS", "MICROSOFT_365_APPS", "YAMMER",
             "INTUNE", "ENTRA_ID_PREMIUM", "INFORMATION_PROTECTION")


def test_languages_fall_back(run):
    claims = []
    for (place, value, _), workload in zip(FALLBACKS, WORKLOADS, strict=True):
        document = documents.claim(f"L-{value}", languages.tenant_of("en"), languages.DAY,
                                   (workload,))
        document["customer"][place] = value
        claims.append(document)
    found = [message["content-language"] for message in languages.messages(*run, claims)]
    assert found == [language for _, _, language in FALLBACKS]
