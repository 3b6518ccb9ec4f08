"""DOMAIN section 2: which fields of a claim document are missing or invalid. Slow and obvious."""

import re
import zoneinfo
import datetime

TEXT_MAX = 4096
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
CLAIM_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
MPN_ID = re.compile(r"[0-9]{1,12}\Z")
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DNS_NAME = re.compile(rf"{LABEL}(\.{LABEL})+\Z")
COUNTRY = re.compile(r"[A-Z]{2}\Z")
LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")
SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")
ACTIVITIES = {"USAGE", "PRE_SALES", "REVENUE_ASSOCIATION"}
AREAS = {"MICROSOFT_365", "BUSINESS_APPLICATIONS"}
CONTROLS = set(range(0x20)) | {0x7F} | set(range(0x80, 0xA0))
OVERRIDES = set(range(0x202A, 0x202F)) | set(range(0x2066, 0x206A))


def is_clean(text, many_lines=False):
    allowed = {0x09, 0x0A} if many_lines else set()
    return not any(ord(c) in (CONTROLS | OVERRIDES) - allowed for c in text)


def is_text(value, longest=None, many_lines=False):
    return (isinstance(value, str) and value.strip() != "" and is_clean(value, many_lines)
            and (longest is None or len(value) <= longest))


def is_domain(value):
    return isinstance(value, str) and len(value) <= 253 and bool(DNS_NAME.match(value))


def is_email(value):
    if not is_text(value) or len(value.encode()) > 254 or value.count("@") != 1 or " " in value:
        return False
    local, domain = value.split("@")
    return local != "" and is_domain(domain)


def is_date(value):
    try:
        return (isinstance(value, str) and re.match(r"\d{4}-\d{2}-\d{2}\Z", value) is not None
                and bool(datetime.date.fromisoformat(value)))
    except ValueError:
        return False


def is_instant(value):
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d", value):
        return False
    try:
        return datetime.datetime.fromisoformat(re.sub("[Zz]$", "+00:00", value)) is not None
    except ValueError:
        return False


def is_zone(value):
    try:
        return is_text(value) and zoneinfo.ZoneInfo(value) is not None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return False


def is_whole(value, least, most=None):
    return type(value) is int and value >= least and (most is None or value <= most)


class Fields:
    """Collects (code, path) of what is missing or invalid."""

    def __init__(self):
        self.bad = []

    def missing(self, path):
        self.bad.append(("FIELD_MISSING", path))

    def invalid(self, path):
        self.bad.append(("FIELD_INVALID", path))

    def get(self, parent, name, path, test, required=True):
        """The value when it is there and passes, else None with a finding; null is absent."""
        value = parent.get(name)
        if value is None:
            if required:
                self.missing(f"{path}/{name}")
            return None
        if not test(value):
            self.invalid(f"{path}/{name}")
            return None
        return value

    def contact(self, parent, name, path, with_title=True, required=True):
        value = self.get(parent, name, path, lambda v: isinstance(v, dict), required)
        if value is None:
            return
        here = f"{path}/{name}"
        self.get(value, "name", here, is_text)
        if with_title:
            self.get(value, "title", here, is_text)
        self.get(value, "email", here, is_email)


def check_customer(fields, document):
    customer = fields.get(document, "customer", "", lambda v: isinstance(v, dict))
    if customer is None:
        return
    fields.get(customer, "tenant_id", "/customer", lambda v: isinstance(v, str) and GUID.match(v))
    fields.get(customer, "domain", "/customer", is_domain)
    fields.contact(customer, "contact", "/customer")
    fields.contact(customer, "technical_contact", "/customer", required=False)
    fields.get(customer, "name", "/customer", is_text, required=False)
    fields.get(customer, "country", "/customer",
               lambda v: isinstance(v, str) and COUNTRY.match(v), required=False)
    fields.get(customer, "locale", "/customer",
               lambda v: isinstance(v, str) and LOCALE.match(v), required=False)
    fields.get(customer, "time_zone", "/customer", is_zone, required=False)


def check_partner(fields, document):
    partner = fields.get(document, "partner", "", lambda v: isinstance(v, dict))
    if partner is None:
        return
    fields.contact(partner, "contact", "/partner", with_title=False)
    fields.get(partner, "name", "/partner", is_text, required=False)


def check_lines(fields, document):
    lines = fields.get(document, "lines", "",
                       lambda v: isinstance(v, list) and 1 <= len(v) <= 50)
    numbers = set()
    for index, line in enumerate(lines or []):
        here = f"/lines/{index}"
        if not isinstance(line, dict):
            fields.invalid(here)
            continue
        number = fields.get(line, "line", here, lambda v: is_whole(v, 1))
        if number in numbers:
            fields.invalid(f"{here}/line")
        numbers.add(number)
        named = [name for name in ("workload", "product") if line.get(name) is not None]
        for name in named:
            fields.get(line, name, here, is_text)
        if len(named) != 1:
            (fields.missing if not named else fields.invalid)(f"{here}/workload")
        fields.get(line, "subscription_id", here,
                   lambda v: isinstance(v, str) and GUID.match(v), required=False)
    return numbers


def check_poe(fields, document, numbers):
    documents = fields.get(document, "poe", "",
                           lambda v: isinstance(v, list) and len(v) <= 20, required=False)
    for index, poe in enumerate(documents or []):
        here = f"/poe/{index}"
        if not isinstance(poe, dict):
            fields.invalid(here)
            continue
        for name in ("document_id", "uri", "media_type", "kind"):
            fields.get(poe, name, here, is_text, required=False)
        fields.get(poe, "signed_by", here,
                   lambda v: isinstance(v, str) and is_clean(v), required=False)
        fields.get(poe, "sha256", here,
                   lambda v: isinstance(v, str) and SHA256.match(v), required=False)
        fields.get(poe, "size", here, lambda v: is_whole(v, 0), required=False)
        fields.get(poe, "signed_on", here, is_date, required=False)
        fields.get(poe, "public_sector_disclosure", here,
                   lambda v: isinstance(v, bool), required=False)
        covers = fields.get(poe, "covers", here, lambda v: isinstance(v, list), required=False)
        for position, number in enumerate(covers or []):
            if not is_whole(number, 1) or number not in numbers:
                fields.invalid(f"{here}/covers/{position}")


def check_comments(fields, document):
    comments = fields.get(document, "comments", "",
                          lambda v: isinstance(v, list) and len(v) <= 100, required=False)
    for index, comment in enumerate(comments or []):
        here = f"/comments/{index}"
        if not isinstance(comment, dict):
            fields.invalid(here)
            continue
        fields.get(comment, "author", here, is_text)
        fields.get(comment, "at", here, is_instant)
        fields.get(comment, "text", here, lambda v: is_text(v, 4000, many_lines=True))


def check_activities(value):
    return isinstance(value, list) and all(isinstance(a, str) and a in ACTIVITIES for a in value)


def field_findings(document, is_revision=False):
    """[(code, JSON pointer)] of a document whose claim_id and tenant_id are legal."""
    fields = Fields()
    fields.get(document, "claim_id", "", lambda v: isinstance(v, str) and CLAIM_ID.match(v))
    fields.get(document, "claim_name", "", lambda v: is_text(v, 128))
    fields.get(document, "mpn_id", "", lambda v: isinstance(v, str) and MPN_ID.match(v))
    check_customer(fields, document)
    check_partner(fields, document)
    fields.get(document, "solution_area", "", lambda v: isinstance(v, str) and v in AREAS)
    fields.get(document, "activities", "", check_activities)
    fields.get(document, "program", "", is_text, required=False)
    numbers = check_lines(fields, document)
    check_poe(fields, document, numbers)
    revenue = fields.get(document, "revenue", "", lambda v: isinstance(v, dict), required=False)
    for name in ("dynamics_seller_name", "customer_name", "isv_solution_name"):
        if revenue is not None:
            fields.get(revenue, name, "/revenue", is_text, required=False)
    check_comments(fields, document)
    if is_revision:
        fields.get(document, "revision", "", lambda v: is_whole(v, 2))
    return fields.bad


KNOWN = {"claim_id", "claim_name", "mpn_id", "customer", "partner", "solution_area", "activities",
         "program", "lines", "poe", "revenue", "comments"}
KNOWN_WITHIN = {
    "customer": {"tenant_id", "domain", "contact", "technical_contact", "name", "country", "locale",
                 "time_zone"},
    "contact": {"name", "title", "email"}, "technical_contact": {"name", "title", "email"},
    "partner": {"contact", "name"},
    "lines": {"line", "workload", "product", "subscription_id"},
    "poe": {"document_id", "uri", "sha256", "media_type", "size", "kind", "signed_by", "signed_on",
            "covers", "public_sector_disclosure"},
    "revenue": {"dynamics_seller_name", "customer_name", "isv_solution_name"},
    "comments": {"author", "at", "text"},
}


def same_content(value, name=None):
    """A value with only the known fields, null left out, ids folded: equal contents are equal."""
    if isinstance(value, dict):
        known = KNOWN if name is None else KNOWN_WITHIN.get(name, set())
        return {key: same_content(inner, key) for key, inner in value.items()
                if key in known and inner is not None}
    if isinstance(value, list):
        items = [same_content(item, name) for item in value]
        return sorted(items, key=str) if name == "activities" else items
    if name in ("tenant_id", "domain", "subscription_id") and isinstance(value, str):
        return value.lower()
    return value
