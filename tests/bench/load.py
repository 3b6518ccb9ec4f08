"""Claims that go through, and the reference data that lets them."""

import documents
from words import WORKLOADS

PARTNER_COUNT = 20
# Offsets all around the clock, so that midnights do not come together.
ZONES = ("Asia/Seoul Asia/Shanghai Asia/Bangkok Asia/Dhaka Asia/Karachi Asia/Dubai "
         "Europe/Istanbul Africa/Cairo Europe/Berlin Europe/London Atlantic/Azores "
         "America/Sao_Paulo America/Halifax America/New_York America/Chicago America/Denver "
         "America/Los_Angeles America/Anchorage Pacific/Honolulu Pacific/Auckland Pacific/Noumea "
         "Australia/Brisbane").split()
COMMENT = {"author": "Robin Park", "at": "2026-10-30T01:30:00.000Z",
           "text": "Migration finished in September.\nAdoption work goes on until spring."}


class Load:
    """count claims of line_count lines; claims_per_tenant share a customer, never a slot."""

    def __init__(self, count, claims_per_tenant=5, line_count=2, zones=("Asia/Seoul",)):
        assert claims_per_tenant * line_count <= len(WORKLOADS), "a slot would be claimed twice"
        self.count, self.claims_per_tenant, self.line_count = count, claims_per_tenant, line_count
        self.zones = zones
        tenant_count = -(-count // claims_per_tenant)
        self.tenants = [documents.tenant(number, "KR") for number in range(tenant_count)]
        self.partners = [documents.partner(str(1000000 + number), country="KR")
                         for number in range(PARTNER_COUNT)]
        self.tenant_ids = [tenant["tenant_id"] for tenant in self.tenants]

    def claim(self, index):
        """Claim number index: about 1.6 kB of JSON."""
        tenant = self.tenants[index // self.claims_per_tenant]
        first = index % self.claims_per_tenant * self.line_count
        claim = documents.claim(f"C-2026-{index:06d}", tenant, "2026-10-02",
                                WORKLOADS[first:first + self.line_count],
                                self.partners[index % PARTNER_COUNT]["mpn_id"])
        claim["customer"].update(country="KR", time_zone=self.zones[index % len(self.zones)],
                                 locale=("ko-KR", "en-US")[index % 2])
        claim["customer"]["contact"]["name"] = ("김서연", "Sam Lee")[index % 2]
        claim["comments"] = [COMMENT]
        return claim

    @property
    def association_count(self):
        return self.count * self.line_count
