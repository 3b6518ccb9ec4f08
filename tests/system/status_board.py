"""The claims' statuses as upstream sees them."""

import collections
import json


class StatusBoard:
    """The claims' statuses as upstream sees them, kept up to date from cpor.claim-status."""

    def __init__(self, installation):
        self.installation = installation
        self.follower = installation.follow("claim-status")
        self.events = collections.defaultdict(dict)  # (tenant, claim) -> {sequence: data}
        self.heard = {}  # service -> wall ms of its newest event

    def update(self, timeout_s=0.02):
        """Returns [(key, data)] of what is new."""
        fresh = []
        for record in self.follower.poll(timeout_s):
            if record.header("ce_type") != "cpor.claim.status-changed.v1":
                continue
            data = record.json
            self.heard[record.header("ce_source").removeprefix("cpor/")] = record.timestamp
            key = (data["tenant_id"], data["claim_id"])
            self.events[key][data["sequence"]] = data
            fresh.append((key, data))
        return fresh

    def latest(self, key):
        events = self.events.get(key)
        return events[max(events)] if events else None

    def status(self, key):
        latest = self.latest(key)
        return latest and latest["status"]

    def statuses(self, key):
        events = self.events.get(key, {})
        return [events[number]["status"] for number in sorted(events)]

    def wait_seen(self, key, wanted, seconds=30):
        """Until the claim has been in this status, whatever it is by now."""
        def check():
            self.update()
            return wanted in self.statuses(key)
        self.installation.wait(f"claim {key[1]} to have been {wanted}", check, seconds)

    def wait_status(self, key, *wanted, seconds=30):
        """Until the claim's latest status is one of these; its event."""
        def check():
            self.update()
            return self.status(key) in wanted
        try:
            self.installation.wait(f"claim {key[1]} to be {' or '.join(wanted)}", check, seconds)
        except AssertionError as error:
            latest = self.latest(key)
            raise AssertionError(
                f"claim {key}: expected {' or '.join(wanted)}, actual {self.statuses(key)}, "
                f"last event {json.dumps(latest)}\n{error}") from None
        return self.latest(key)

    def close(self):
        self.follower.close()
