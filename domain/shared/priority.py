"""How soon, beside how bad: the severity of an incident, moved by how much depends on its service (docs/adr/0017)."""

from enum import StrEnum
from typing import Final

from domain.shared.limits import SERVICE_TIERS
from domain.shared.severity import Severity


class Priority(StrEnum):
    """P1 is the soonest. The names order as they are."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"
    P5 = "P5"


# By how much a tier moves it: the first is one sooner than its severity says, the third one later.
MOVED: Final = {1: -1, 2: 0, 3: 1, 4: 2}
assert set(MOVED) == set(range(1, SERVICE_TIERS + 1))

_PRIORITIES: Final = tuple(Priority)


def priority_of(severity: Severity, *, tier: int | None) -> Priority:
    """Without a tier a severity speaks for itself. It is never sooner than P1, nor later than P5."""
    place = tuple(Severity).index(severity) + (0 if tier is None else MOVED[tier])
    return _PRIORITIES[min(max(place, 0), len(_PRIORITIES) - 1)]
