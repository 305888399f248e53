"""Why an open incident pages nobody."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class MuteKind(StrEnum):
    SUPPRESSED = "suppressed"  # a route says that nobody is paged
    DELAYED = "delayed"  # a route says that it pages only if it lasts
    SILENCED = "silenced"
    MAINTENANCE = "maintenance"
    INHIBITED = "inhibited"  # another alert fires that says it all
    DEPENDENCY = "dependency"  # a service that its own needs has an incident


# What is muted by these is heard of as soon as the other is over, of which somebody has heard.
WAITING_FOR_ANOTHER: Final = frozenset({MuteKind.INHIBITED, MuteKind.DEPENDENCY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """What holds the pages of an incident back, and until when. At its end whatever still fires pages."""

    kind: MuteKind
    by: str  # which rule or silence: its name or id
    reason: str  # for people
    until: datetime | None = None  # None: for as long as the incident is open


def is_heard(muted: Mute | None) -> bool:
    """Whether somebody hears of it, or of what it waits for."""
    return muted is None or muted.kind in WAITING_FOR_ANOTHER
