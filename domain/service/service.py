"""What can break, who owns it, and which policy pages."""

from dataclasses import dataclass
from enum import StrEnum

from domain.service.support_hours import SupportHours
from domain.shared.errors import InvalidValueError
from domain.shared.ids import PolicyId, ServiceId, TeamId
from domain.shared.limits import ACKNOWLEDGEMENTS_REQUIRED, DESCRIPTION_CHARACTERS, NAME_CHARACTERS, SERVICE_TIERS
from domain.shared.text import require_length


class UrgencyRule(StrEnum):
    """How a service's incidents get their urgency."""

    BY_SEVERITY = "by_severity"  # and by its tier, if it has one
    ALWAYS_HIGH = "always_high"
    ALWAYS_LOW = "always_low"
    SUPPORT_HOURS = "support_hours"  # high inside them; low outside, until they begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    id: ServiceId
    team_id: TeamId  # who owns it
    policy_id: PolicyId  # who is paged
    name: str
    description: str = ""
    runbook_url: str | None = None
    urgency_rule: UrgencyRule = UrgencyRule.BY_SEVERITY
    tier: int | None = None  # how much depends on it: 1 is the most
    support_hours: SupportHours | None = None
    acknowledgements_required: int = 1  # of different people, before an incident counts as acknowledged
    version: int = 0

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        require_length("description", self.description, least=0, most=DESCRIPTION_CHARACTERS)
        if self.runbook_url is not None and not self.runbook_url.startswith(("https://", "http://")):
            raise InvalidValueError("runbook_url", "must begin with https:// or http://")
        if self.tier is not None and not 1 <= self.tier <= SERVICE_TIERS:
            raise InvalidValueError("tier", f"is {self.tier}, allowed are 1 to {SERVICE_TIERS}, or none")
        if not 1 <= self.acknowledgements_required <= ACKNOWLEDGEMENTS_REQUIRED:
            reason = f"is {self.acknowledgements_required}, allowed are 1 to {ACKNOWLEDGEMENTS_REQUIRED}"
            raise InvalidValueError("acknowledgements_required", reason)
        if self.urgency_rule is UrgencyRule.SUPPORT_HOURS and self.support_hours is None:
            raise InvalidValueError("support_hours", "must be there for the urgency rule support_hours")
