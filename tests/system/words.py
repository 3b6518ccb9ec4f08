"""The words of the contract that the model, the generator and the tests share."""

import datetime
import uuid

DAY_MS = 86_400_000
MINUTE_MS = 60_000

WORKLOADS = ("EXCHANGE_ONLINE SHAREPOINT_ONLINE TEAMS TEAMS_PHONE TEAMS_MEETINGS "
             "MICROSOFT_365_APPS YAMMER INTUNE ENTRA_ID_PREMIUM INFORMATION_PROTECTION").split()
DYNAMICS = ("D365_SALES D365_CUSTOMER_SERVICE D365_FIELD_SERVICE D365_FINANCE D365_SUPPLY_CHAIN "
            "D365_BUSINESS_CENTRAL D365_COMMERCE D365_HUMAN_RESOURCES D365_PROJECT_OPERATIONS "
            "D365_MARKETING").split()
POWER_PLATFORM = "POWER_APPS POWER_AUTOMATE POWER_BI".split()
PRODUCTS = DYNAMICS + POWER_PLATFORM

M365 = "MICROSOFT_365"
BIZAPPS = "BUSINESS_APPLICATIONS"

# The findings in the order of the contract's table: the first is a refused line's reason.
CODES = ("FIELD_MISSING FIELD_INVALID WRONG_PROGRAM ACTIVITY_INVALID PARTNER_UNKNOWN "
         "MPN_NOT_LOCATION MPN_NOT_ENROLLED DOMAIN_TENANT_MISMATCH CONTACT_NOT_AT_CUSTOMER "
         "TECHNICAL_CONTACT_MISSING REVENUE_FIELDS_MISSING PRODUCT_UNKNOWN "
         "PRODUCT_NOT_ON_TENANT SUBSCRIPTION_AMBIGUOUS "
         "SUBSCRIPTION_NOT_ON_TENANT SUBSCRIPTION_NOT_DYNAMICS SUBSCRIPTION_PRODUCT_MISMATCH "
         "SUBSCRIPTION_CSP SUBSCRIPTION_NOT_PROVISIONED SUBSCRIPTION_INACTIVE DUPLICATE_OWN_CLAIM "
         "COMPETING_CLAIM_OLDER_POE POE_MISSING POE_NOT_SIGNED POE_DATE_MISSING POE_TOO_OLD "
         "POE_DATE_IN_FUTURE POE_LINE_NOT_COVERED POE_DISCLOSURE_MISSING REVIEWER_REJECTED "
         "REVIEWER_QUESTION CONTACT_UNREACHABLE NO_PARTNER_RESPONSE NOT_CARRIED_OVER").split()
QUESTIONS = {"CONTACT_NOT_AT_CUSTOMER", "SUBSCRIPTION_AMBIGUOUS", "POE_MISSING", "POE_NOT_SIGNED",
             "POE_DATE_MISSING", "POE_TOO_OLD", "POE_DATE_IN_FUTURE", "POE_LINE_NOT_COVERED",
             "POE_DISCLOSURE_MISSING", "REVIEWER_QUESTION", "CONTACT_UNREACHABLE"}
OF_THE_CLAIM = {"FIELD_MISSING", "FIELD_INVALID", "WRONG_PROGRAM", "ACTIVITY_INVALID",
                "PARTNER_UNKNOWN", "MPN_NOT_LOCATION", "MPN_NOT_ENROLLED", "DOMAIN_TENANT_MISMATCH",
                "CONTACT_NOT_AT_CUSTOMER", "TECHNICAL_CONTACT_MISSING", "REVENUE_FIELDS_MISSING",
                "POE_DISCLOSURE_MISSING", "CONTACT_UNREACHABLE", "NO_PARTNER_RESPONSE"}

# The calendar of a country, and the default's.
ZONES = {"KR": "Asia/Seoul", "US": "America/New_York", "GB": "Europe/London",
         "DE": "Europe/Berlin", "JP": "Asia/Tokyo"}
DEFAULT_COUNTRY = "US"

EVENT_NAMESPACE = uuid.UUID("92bd6baa-031b-5208-a2f9-4a3d8218d8aa")


def association_id(tenant_id, claim_id, line):
    return str(uuid.uuid5(EVENT_NAMESPACE, f"{tenant_id}/{claim_id}/line/{line}"))


def event_id(name):
    return str(uuid.uuid5(EVENT_NAMESPACE, name))


def instant_text(at_ms):
    """RFC 3339 in UTC with milliseconds."""
    moment = datetime.datetime.fromtimestamp(at_ms // 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{at_ms % 1000:03d}Z"


def instant_ms(text):
    if text is None:
        return None
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (moment - epoch) // datetime.timedelta(milliseconds=1)


def code_order(code):
    return CODES.index(code)
