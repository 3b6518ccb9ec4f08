"""Good claim documents and reference records to start from."""

import copy
import uuid

from words import BIZAPPS, M365


def tenant(number=1, country="US", **changes):
    domain = f"customer{number}.example"
    return {"tenant_id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"tenant-{number}")),
            "name": f"Customer {number}", "domains": [domain, f"mail.customer{number}.example"],
            "country": country, "public_sector": False, **changes}


def partner(mpn_id="1234566", **changes):
    return {"mpn_id": mpn_id, "name": f"Partner {mpn_id}", "location": True, "country": "US",
            "enrolments": ["OSU_M365", "OSU_BIZAPPS", "OSA_SELL"], **changes}


def subscription(of_tenant, product="D365_SALES", number=1, **changes):
    name = f"{of_tenant['tenant_id']}/{product}/{number}"
    return {"subscription_id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
            "tenant_id": of_tenant["tenant_id"], "product": product, "channel": "WEB_DIRECT",
            "state": "ACTIVE", "provisioned": True, "starts_on": "2024-01-01", **changes}


def poe(signed_on, covers, **changes):
    return {"document_id": "SOW-1", "uri": "https://documents.example/sow-1.pdf",
            "sha256": "ab" * 32, "media_type": "application/pdf", "size": 12345,
            "kind": "STATEMENT_OF_WORK", "signed_by": "Alex Kim", "signed_on": signed_on,
            "covers": list(covers), **changes}


def claim(claim_id, of_tenant, signed_on, lines=("EXCHANGE_ONLINE",), mpn_id="1234566"):
    """A good Microsoft 365 claim of these workloads."""
    numbered = [{"line": index + 1, "workload": code} for index, code in enumerate(lines)]
    return {"claim_id": claim_id, "claim_name": f"Claim {claim_id}", "mpn_id": mpn_id,
            "customer": {"tenant_id": of_tenant["tenant_id"], "domain": of_tenant["domains"][0],
                         "contact": {"name": "Sam Lee", "title": "CIO",
                                     "email": f"{claim_id.lower()}@{of_tenant['domains'][0]}"}},
            "partner": {"contact": {"name": "Robin Park", "email": "robin@partner.example"}},
            "solution_area": M365, "activities": ["USAGE"], "lines": numbered,
            "poe": [poe(signed_on, [line["line"] for line in numbered])]}


def bizapps_claim(claim_id, of_tenant, signed_on, lines, activities=("USAGE",), mpn_id="1234566"):
    """A good Business Applications claim; lines: [(product, subscription id or None)]."""
    document = claim(claim_id, of_tenant, signed_on, (), mpn_id)
    document["solution_area"], document["activities"] = BIZAPPS, list(activities)
    document["lines"] = [{"line": index + 1, "product": product,
                          **({"subscription_id": named} if named else {})}
                         for index, (product, named) in enumerate(lines)]
    document["poe"][0]["covers"] = [line["line"] for line in document["lines"]]
    document["customer"]["technical_contact"] = {
        "name": "Kim Cho", "title": "Administrator",
        "email": f"it@{of_tenant['domains'][0]}"}
    if "REVENUE_ASSOCIATION" in activities:
        document["customer"]["name"] = of_tenant["name"]
        document["revenue"] = {"dynamics_seller_name": "Jo Seller", "customer_name": "Customer",
                               "isv_solution_name": "Solution"}
    return document


def legacy(claim_id, of_tenant, subscription, mpn_id="1234566"):
    """A good import of an association with Dynamics 365 Sales."""
    return {"claim_id": claim_id, "tenant_id": of_tenant["tenant_id"], "mpn_id": mpn_id,
            "domain": of_tenant["domains"][0], "solution_area": BIZAPPS, "activities": ["USAGE"],
            "line": 1, "product": "D365_SALES",
            "subscription_id": subscription["subscription_id"],
            "official_at": "2025-01-01T00:00:00.000Z"}


def changed(document, path, value):
    """A copy with one member set (or removed: value is ...), by JSON pointer."""
    result = copy.deepcopy(document)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")[1:]]
    place = result
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return result
