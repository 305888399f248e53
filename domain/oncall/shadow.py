"""Somebody who follows another on call, to learn."""

from dataclasses import dataclass
from datetime import datetime

from domain.oncall.override import require_window
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ShadowId, UserId
from domain.shared.limits import SCHEDULE_LAYERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """From `starts_at` up to `ends_at` a user follows another, or whoever is on call by a layer, known by its place.

    Raises:
        InvalidValueError: a time is not in UTC, the end is not after the start, it follows neither or both, the user
            themselves, or a layer that no schedule has.
    """

    id: ShadowId
    user_id: UserId
    starts_at: datetime
    ends_at: datetime
    follows: UserId | None = None
    layer: int | None = None

    def __post_init__(self) -> None:
        require_window(self.starts_at, self.ends_at)
        if (self.follows is None) == (self.layer is None):
            raise InvalidValueError("follows", "must be a user, or else a layer must be given, such as 0, the first")
        if self.follows == self.user_id:
            raise InvalidValueError("follows", "must be someone else than the user who shadows")
        if self.layer is not None and not 0 <= self.layer < SCHEDULE_LAYERS:
            raise InvalidValueError("layer", f"must be from 0 to {SCHEDULE_LAYERS - 1}, such as 0, the first")

    def is_active(self, at: datetime) -> bool:
        """Whether the instant is in its time."""
        return self.starts_at <= at < self.ends_at

    def is_after(self, user_id: UserId, layer: int | None) -> bool:
        """Whether it follows this user, who is on call by that layer, or by none."""
        return user_id == self.follows if self.layer is None else layer == self.layer
