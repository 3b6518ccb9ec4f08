"""DOMAIN section 4: what a validation finds. Slow and obvious, one function per group of rules.

A finding is (code, line or None). WAITS are refusals that wait first.
"""

from calendars import local_day, zone_of
from words import BIZAPPS, DYNAMICS, M365, OF_THE_CLAIM, PRODUCTS, WORKLOADS
import datetime
import fields

WAITS = {"PRODUCT_NOT_ON_TENANT", "SUBSCRIPTION_NOT_ON_TENANT", "SUBSCRIPTION_NOT_PROVISIONED"}
USABLE = {"ACTIVE", "GRACE"}


def readable(document):
    """The document without the values that have a finding: what other rules may read."""
    bad = {path for _, path in fields.field_findings(document)}

    def strip(value, path):
        if isinstance(value, dict):
            return {key: strip(inner, f"{path}/{key}") for key, inner in value.items()
                    if inner is not None and f"{path}/{key}" not in bad}
        if isinstance(value, list):
            return [strip(item, f"{path}/{index}") for index, item in enumerate(value)
                    if f"{path}/{index}" not in bad]
        return value

    result = strip(document, "")
    result.setdefault("customer", {})
    return result


def enrolments_needed(area, activities):
    needed = set()
    if "USAGE" in activities:
        needed.add("OSU_M365" if area == M365 else "OSU_BIZAPPS")
    if "PRE_SALES" in activities:
        needed.add("OSA_SELL")
    return needed


def activities_fit(area, activities):
    if area == M365:
        return activities == {"USAGE"}
    return activities in ({"USAGE"}, {"PRE_SALES"}, {"USAGE", "PRE_SALES"},
                          {"REVENUE_ASSOCIATION"})


def program_findings(document):
    area = document.get("solution_area")
    activities = document.get("activities")
    program = document.get("program")
    found = []
    if program is not None:
        known = {"OSU_M365", "OSU_BIZAPPS", "OSA_SELL"}
        if program not in known:
            found.append("WRONG_PROGRAM")
        elif area and activities is not None \
                and program not in enrolments_needed(area, set(activities)):
            found.append("WRONG_PROGRAM")
    if area and activities is not None and not activities_fit(area, set(activities)):
        found.append("ACTIVITY_INVALID")
    return found


def partner_findings(document, reference, submitted_on):
    if not document.get("mpn_id"):
        return []
    partner = reference.partners.get(document["mpn_id"])
    if partner is None:
        return ["PARTNER_UNKNOWN"]
    found = []
    if not partner["location"]:
        found.append("MPN_NOT_LOCATION")
    area, activities = document.get("solution_area"), document.get("activities")
    valid = ((partner.get("valid_from") or "0000") <= submitted_on.isoformat()
             <= (partner.get("valid_to") or "9999"))
    if area and activities is not None and activities_fit(area, set(activities)):
        needed = enrolments_needed(area, set(activities))
        if not valid or not needed <= set(partner["enrolments"]):
            found.append("MPN_NOT_ENROLLED")
    return found


def is_within(domain, domains):
    return any(domain == d.lower() or domain.endswith("." + d.lower()) for d in domains)


def customer_findings(document, tenant, contact_rule):
    customer = document["customer"]
    domain = customer.get("domain")
    found = []
    if tenant is None or (domain is not None
                          and domain.lower() not in {d.lower() for d in tenant["domains"]}):
        found.append("DOMAIN_TENANT_MISMATCH")
    email = (customer.get("contact") or {}).get("email")
    if contact_rule and tenant is not None and email is not None \
            and not is_within(email.split("@")[1].lower(), tenant["domains"]):
        found.append("CONTACT_NOT_AT_CUSTOMER")
    return found


def completeness_findings(document):
    found = []
    if any(line.get("product") in DYNAMICS for line in document.get("lines", [])) \
            and document["customer"].get("technical_contact") is None:
        found.append("TECHNICAL_CONTACT_MISSING")
    if document.get("activities") == ["REVENUE_ASSOCIATION"]:
        revenue = document.get("revenue") or {}
        names = ("dynamics_seller_name", "customer_name", "isv_solution_name")
        if any(not revenue.get(name) for name in names) or not document["customer"].get("name"):
            found.append("REVENUE_FIELDS_MISSING")
    return found


def product_is_known(line, area):
    if area == M365:
        return line.get("workload") in WORKLOADS
    return line.get("product") in PRODUCTS


def resolve(line, tenant_id, subscriptions):
    """(subscription or None, [codes]) of a Business Applications line whose product is known."""
    named = line.get("subscription_id")
    if named:
        subscription = subscriptions.get(named.lower())
        if subscription is None:
            return None, ["SUBSCRIPTION_NOT_ON_TENANT?"]  # not known at all: waits
        if subscription["tenant_id"] != tenant_id:
            return None, ["SUBSCRIPTION_NOT_ON_TENANT"]
        codes = []
        if subscription["product"] not in PRODUCTS:
            codes.append("SUBSCRIPTION_NOT_DYNAMICS")
        if subscription["product"] != line["product"]:
            codes.append("SUBSCRIPTION_PRODUCT_MISMATCH")
        return subscription, codes
    candidates = [s for s in subscriptions.values()
                  if s["tenant_id"] == tenant_id and s["product"] == line["product"]]
    if not candidates:
        return None, ["PRODUCT_NOT_ON_TENANT"]
    usable = [s for s in candidates if s["provisioned"] and s["state"] in USABLE]
    if len(usable) > 1:
        return None, ["SUBSCRIPTION_AMBIGUOUS"]
    oldest = min(usable or candidates, key=lambda s: (s["starts_on"], s["subscription_id"]))
    return oldest, []


def subscription_findings(line, tenant_id, subscriptions):
    subscription, codes = resolve(line, tenant_id, subscriptions)
    if subscription is not None:
        if subscription["channel"] == "CSP":
            codes.append("SUBSCRIPTION_CSP")
        if not subscription["provisioned"]:
            codes.append("SUBSCRIPTION_NOT_PROVISIONED")
        if subscription["state"] not in USABLE:
            codes.append("SUBSCRIPTION_INACTIVE")
    return subscription, codes


def year_before(day):
    """The same day a year ago; 28 February for a 29th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def poe_codes(poe, first_day, received_day):
    """What is wrong with one proof of execution; nothing: it is good."""
    codes = []
    if not poe.get("signed_by"):
        codes.append("POE_NOT_SIGNED")
    if not poe.get("signed_on"):
        codes.append("POE_DATE_MISSING")
    else:
        signed_on = datetime.date.fromisoformat(poe["signed_on"])
        if signed_on < year_before(first_day):
            codes.append("POE_TOO_OLD")
        if signed_on > received_day:
            codes.append("POE_DATE_IN_FUTURE")
    return codes


def poe_findings(poes, number, first_at, zone):
    """(newest good day or None, [codes]) of a line; poes is [(poe, received_at)]."""
    if not poes:
        return None, ["POE_MISSING"]
    covering = [(poe, at) for poe, at in poes if number in (poe.get("covers") or [])]
    if not covering:
        return None, ["POE_LINE_NOT_COVERED"]
    codes, days = [], []
    for poe, received_at in covering:
        wrong = poe_codes(poe, local_day(first_at, zone), local_day(received_at, zone))
        codes.extend(wrong)
        if not wrong:
            days.append(poe["signed_on"])
    return (max(days), []) if days else (None, codes)


def disclosure_findings(document, tenant, poes):
    country = document["customer"].get("country") or (tenant or {}).get("country")
    if country not in ("US", "PR") or not (tenant or {}).get("public_sector"):
        return []
    numbers = {line.get("line") for line in document.get("lines", [])}
    disclosed = any(poe.get("public_sector_disclosure") and numbers & set(poe.get("covers") or [])
                    for poe, _ in poes)
    return [] if disclosed else ["POE_DISCLOSURE_MISSING"]


def slot_of(line, area, activities, subscription):
    if area == M365:
        return line.get("workload")
    if subscription is None:
        return None
    kind = "REVENUE" if activities == ["REVENUE_ASSOCIATION"] else "RECORD"
    return f"{subscription['subscription_id']}/{kind}"


def validate_claim(document, poes, tenant, reference, at, contact_rule=True):
    """The findings about the whole claim."""
    found = list(dict.fromkeys(code for code, _ in fields.field_findings(document)))
    clean = readable(document)
    found += program_findings(clean)
    today = datetime.datetime.fromtimestamp(at / 1000, datetime.timezone.utc).date()
    found += partner_findings(clean, reference, today)
    found += customer_findings(clean, tenant, contact_rule)
    found += completeness_findings(clean)
    found += disclosure_findings(clean, tenant, poes)
    return found


def validate_line(clean, line, poes, tenant, reference, first_at):
    """(subscription, slot, newest good PoE day, [codes]) of one line, competition left out."""
    area, codes, subscription = clean.get("solution_area"), [], None
    tenant_id = clean["customer"]["tenant_id"].lower()
    known = area is None or product_is_known(line, area)
    if not known:
        codes.append("PRODUCT_UNKNOWN")
    elif area == BIZAPPS:
        subscription, more = subscription_findings(line, tenant_id, reference.subscriptions)
        codes += more
    poe_day, more = poe_findings(poes, line["line"], first_at, zone_of(clean, tenant))
    codes += more
    slot = slot_of(line, area, clean.get("activities"), subscription) if known else None
    return subscription, slot, poe_day, codes


def is_of_the_claim(code):
    return code in OF_THE_CLAIM
