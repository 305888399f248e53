"""One schedule's answer at one instant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from domain.oncall.coverage import next_handoff, on_call
from domain.oncall.schedule import Schedule
from domain.oncall.shadowing import Shadowing, shadows
from domain.shared.ids import ScheduleId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """Who is on call, maybe nobody, and until when that stays so; None when it is not going to change."""

    schedule_id: ScheduleId
    name: str
    user_ids: tuple[UserId, ...]
    until: datetime | None
    shadows: tuple[Shadowing, ...] = ()  # who learns; never counted as on call

    @classmethod
    def of(cls, schedule: Schedule, *, at: datetime) -> Self:
        """Raises `InvalidValueError` for a time without an offset or outside the supported years."""
        handoff = next_handoff(schedule, at)
        return cls(
            schedule_id=schedule.id,
            name=schedule.name,
            user_ids=on_call(schedule, at),
            until=None if handoff is None else handoff.at,
            shadows=shadows(schedule, at),
        )
