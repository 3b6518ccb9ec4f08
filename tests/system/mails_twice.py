"""Mails that went out twice: only a death between acceptance and record explains one."""

import collections
import dataclasses

from words import instant_ms

OPENED = ("cpor.window.opened.v1", "cpor/customer-notification")


@dataclasses.dataclass
class Span:
    """A sender's life and its end, as wall ms. What it sent may come in a little after its death:
    until its successor works."""
    from_ms: int
    died_ms: int
    until_ms: int

    def explains(self, earlier_ms, later_ms):
        return self.from_ms <= earlier_ms <= self.until_ms and self.died_ms <= later_ms


def times_by_notice(installation):
    """{(address, Message-ID): when the mail server accepted it, wall ms, in order}."""
    found = collections.defaultdict(list)
    for mail in installation.mails():
        for address in mail["rcpt_tos"]:
            found[address.lower(), mail["message_id"]].append(instant_ms(mail["received_at"]))
    return {notice: sorted(times) for notice, times in found.items()}


def opened_by_address(judge):
    """{address: when the log came to know that the notice for it was accepted, wall ms}."""
    found = {}
    for record in judge.installation.read("opt-out-expiry"):
        if (record.header("ce_type"), record.header("ce_source")) != OPENED:
            continue
        data = record.json
        claim = judge.model.tenants[data["tenant_id"]][data["claim_id"]]
        address = claim.document["customer"]["contact"]["email"].lower()
        found[address] = max(found.get(address, 0), record.timestamp)
    return found


def check(judge, spans):
    """Adds to the judge's mismatches; returns the addresses that were told twice."""
    opened, twice = opened_by_address(judge), []
    for (address, _), times in times_by_notice(judge.installation).items():
        for earlier, later in zip(times, times[1:]):
            if not any(span.explains(earlier, later) for span in spans):
                judge.mismatches.append(f"mail to {address}: sent twice, at {times}, though no "
                                        "sender died between acceptance and record")
        if len(times) > 1 and times[-1] > opened.get(address, times[-1]):
            judge.mismatches.append(f"mail to {address}: sent twice, at {times}, though its window "
                                    f"was in the log at {opened[address]}")
        twice += [address] * (len(times) > 1)
    return twice
