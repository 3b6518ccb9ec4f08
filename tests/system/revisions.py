"""DOMAIN section 3: what a partner's new revision may change. Slow, obvious."""


def may_change(claim, before, after):
    """A line that was withdrawn is out of the claim: naming it again would add it. A
    subscription may be named where none was."""
    def fixed(document):
        customer = document["customer"]
        return (customer["tenant_id"].lower(), customer["domain"].lower(),
                customer.get("country"), customer.get("time_zone"),
                document["solution_area"], sorted(document["activities"]))

    def line_set(document):
        return {(line["line"], line.get("workload"), line.get("product"))
                for line in document["lines"]}

    def named(document):
        return {line["line"]: (line.get("subscription_id") or "").lower()
                for line in document["lines"]}
    if any(named(before).get(number, "") not in ("", subscription_id)
           for number, subscription_id in named(after).items()):
        return False
    out = {line.number for line in claim.lines if line.status == "WITHDRAWN"}
    return fixed(before) == fixed(after) and line_set(after) <= line_set(before) \
        and not out & {line["line"] for line in after["lines"]}
