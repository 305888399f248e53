"""One schedule's answer at one instant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from application.ports.schedule_history import KnownSchedule
from domain.oncall.history import as_known
from domain.oncall.shadowing import Shadowing
from domain.shared.ids import ScheduleId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """Who is on call, maybe nobody, and until when that stays so; None when it is not going to change."""

    schedule_id: ScheduleId
    name: str
    user_ids: tuple[UserId, ...]
    until: datetime | None
    shadows: tuple[Shadowing, ...] = ()  # who learns; never counted as on call

    @property
    def people(self) -> set[UserId]:
        """Everybody it names."""
        return {*self.user_ids, *(shadowing.user_id for shadowing in self.shadows)}

    @classmethod
    def of(cls, schedule: KnownSchedule, *, at: datetime, known_at: datetime | None = None) -> Self:
        """As was known at an instant, or, without one, as is known now.

        Raises `InvalidValueError` for a time without an offset or outside the supported years.
        """
        timeline = as_known(schedule.history, known_at)
        handoff = timeline.next_handoff(at)
        return cls(
            schedule_id=schedule.id,
            name=schedule.name,
            user_ids=timeline.on_call(at),
            until=None if handoff is None else handoff.at,
            shadows=timeline.shadows(at),
        )
