"""What can break, who owns it, and which policy pages."""

from dataclasses import dataclass
from enum import StrEnum

from domain.shared.errors import InvalidValueError
from domain.shared.ids import PolicyId, ServiceId, TeamId
from domain.shared.limits import DESCRIPTION_CHARACTERS, NAME_CHARACTERS
from domain.shared.text import require_length


class UrgencyRule(StrEnum):
    """How a service's incidents get their urgency."""

    BY_SEVERITY = "by_severity"
    ALWAYS_HIGH = "always_high"
    ALWAYS_LOW = "always_low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    id: ServiceId
    team_id: TeamId  # who owns it
    policy_id: PolicyId  # who is paged
    name: str
    description: str = ""
    runbook_url: str | None = None
    urgency_rule: UrgencyRule = UrgencyRule.BY_SEVERITY
    version: int = 0

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        require_length("description", self.description, least=0, most=DESCRIPTION_CHARACTERS)
        if self.runbook_url is not None and not self.runbook_url.startswith(("https://", "http://")):
            raise InvalidValueError("runbook_url", "must begin with https:// or http://")
