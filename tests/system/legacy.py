"""Associations of the old model as the model of a claim's life sees them: origin LEGACY."""

import rules
from state import Line


def document_of(data):
    """As much of a claim's document as an import says."""
    return {"mpn_id": data["mpn_id"], "solution_area": data["solution_area"],
            "activities": sorted(data["activities"]),
            "customer": {"tenant_id": data["tenant_id"].lower(), "domain": data["domain"].lower()},
            "lines": [{name: data.get(name)
                       for name in ("line", "product", "workload", "subscription_id")}]}


def fits(claim, document, number):
    """A further line of an imported claim: the same partner, customer and kind, a new number."""
    return claim.origin == "LEGACY" and claim.line(number) is None and all(
        claim.document[name] == document[name]
        for name in ("mpn_id", "solution_area", "activities", "customer"))


def line_of(data):
    subscription_id = (data.get("subscription_id") or "").lower()
    slot = rules.slot_of(data, data["solution_area"], data["activities"],
                         {"subscription_id": subscription_id} if subscription_id else None)
    return Line(data["line"], slot=slot, subscription_id=subscription_id,
                poe_day=data.get("poe_signed_on") or "")
