"""For how long the incident of a group takes further alerts of it, while it is open."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.shared.errors import InvalidValueError
from domain.shared.limits import GROUP_WINDOW_SECONDS_MAX, GROUP_WINDOW_SECONDS_MIN


class WindowKind(StrEnum):
    FIXED = "fixed"  # it ends so long after the incident began
    ROLLING = "rolling"  # it ends so long after the last alert joined


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWindow:
    """After it the next new alert of the group opens an incident of its own.

    Raises:
        InvalidValueError: it is shorter or longer than is allowed.
    """

    kind: WindowKind
    seconds: int

    def __post_init__(self) -> None:
        if not GROUP_WINDOW_SECONDS_MIN <= self.seconds <= GROUP_WINDOW_SECONDS_MAX:
            limits = f"{GROUP_WINDOW_SECONDS_MIN} to {GROUP_WINDOW_SECONDS_MAX}"
            raise InvalidValueError("group_window.seconds", f"is {self.seconds}, allowed are {limits}")

    @property
    def length(self) -> timedelta:
        return timedelta(seconds=self.seconds)

    def end_from(self, began_at: datetime) -> datetime:
        """When it ends, should no further alert join."""
        return began_at + self.length

    def end_after(self, joined_at: datetime, *, until: datetime) -> datetime:
        """When it ends, now that an alert joined before it would have ended. It never ends sooner for that."""
        return max(until, joined_at + self.length) if self.kind is WindowKind.ROLLING else until

    @property
    def sentence(self) -> str:
        since = "it began" if self.kind is WindowKind.FIXED else "its last alert joined"
        return f"{self.length} since {since}"


class NoWindow(StrEnum):
    """What a rule says for its incidents to take alerts as long as they are open, whatever their integration says."""

    NONE = "none"


def ruled_window(said: GroupWindow | NoWindow | None, *, otherwise: GroupWindow | None) -> GroupWindow | None:
    """What a rule says, or else what its integration does."""
    if said is None:
        return otherwise
    return None if isinstance(said, NoWindow) else said


def takes_alerts(until: datetime | None, *, at: datetime) -> bool:
    """Whether an incident whose window ends then takes one that comes now; None: it has no window."""
    return until is None or at < until
