"""How urgent an incident is: from its severity, its service's tier, and whether somebody is there anyway."""

from datetime import datetime
from typing import Final, NamedTuple

from domain.service.service import UrgencyRule
from domain.service.support_hours import SupportHours
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency

# The mildest severity that wakes people. The more depends on a service, the milder it is.
MILDEST_THAT_WAKES: Final = {1: Severity.SEV4, 2: Severity.SEV3, 3: Severity.SEV2, 4: Severity.SEV1}


class Judged(NamedTuple):
    urgency: Urgency
    rises_at: datetime | None = None  # when it becomes high, if nobody took it by then


def judged(
    rule: UrgencyRule, severity: Severity, *, tier: int | None, support_hours: SupportHours | None, at: datetime
) -> Judged:
    """What a service's rule makes of a severity at an instant."""
    if rule is UrgencyRule.SUPPORT_HOURS:
        assert support_hours is not None, "a service with this rule has hours"
        opens_at = support_hours.next_opening(at)
        return Judged(Urgency.HIGH) if opens_at is None else Judged(Urgency.LOW, opens_at)
    return Judged(urgency_of(rule, severity, tier=tier))


def urgency_of(rule: UrgencyRule, severity: Severity, *, tier: int | None = None) -> Urgency:
    """By the rules that do not ask for the time. Without a tier a severity speaks for itself."""
    if rule is UrgencyRule.ALWAYS_HIGH:
        return Urgency.HIGH
    if rule is UrgencyRule.ALWAYS_LOW:
        return Urgency.LOW
    if tier is None:
        return severity.urgency
    return Urgency.HIGH if severity <= MILDEST_THAT_WAKES[tier] else Urgency.LOW
