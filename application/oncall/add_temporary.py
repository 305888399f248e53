from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import ConflictError
from application.oncall.schedule_references import user_at
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.references import References
from application.ports.schedules import ScheduleRepository
from application.ports.transaction import Transaction
from application.references import require_known
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.schedule import Schedule
from domain.oncall.temporary import FixedShift, TemporarySchedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ScheduleId, TemporaryScheduleId
from domain.shared.interval import require_utc

TEMPORARIES_AHEAD: Final = 50  # of one schedule, not yet over: every page reads them, with all their shifts


@dataclass(frozen=True, slots=True)
class AddTemporarySchedule:
    """For a while fixed shifts take the place of a schedule's layers, from now or later on."""

    schedules: ScheduleRepository
    references: References
    record_audit: RecordAudit
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(
        self,
        schedule_id: ScheduleId,
        *,
        starts_at: datetime,
        ends_at: datetime,
        shifts: tuple[FixedShift, ...],
        actor: Actor,
    ) -> TemporarySchedule:
        """What of it has passed is cut off: who was on call does not change afterwards.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `ConflictError` when it overlaps another one.
        """
        require_utc("starts_at", starts_at)
        require_utc("ends_at", ends_at)
        async with self.transaction:
            schedule = await self.schedules.get(schedule_id, since=self.clock.now())
            at = self.clock.now()  # once it is held: what was done to it before is known before
            require(actor, Permission.CONFIGURE, team_id=schedule.team_id)
            if ends_at <= at:
                raise InvalidValueError("ends_at", "must be in the future")
            if len(schedule.temporaries) >= TEMPORARIES_AHEAD:
                raise InvalidValueError("temporaries", f"must be at most {TEMPORARIES_AHEAD} that are not over")
            wanted = TemporarySchedule(
                id=TemporaryScheduleId(self.ids.new()), starts_at=starts_at, ends_at=ends_at, shifts=shifts
            )
            named = (user_at(f"shifts[{number}].user_id", shift.user_id) for number, shift in enumerate(shifts))
            await require_known(self.references, named)
            temporary = wanted.cut(starts_at=at, ends_at=ends_at)
            _require_free(temporary, schedule)
            await self.schedules.add_temporary(schedule_id, temporary, at=at)
            await self.record_audit(
                "schedule.add_temporary", schedule_id, actor=actor, at=at, after=describe(temporary)
            )
            return temporary


def _require_free(temporary: TemporarySchedule, schedule: Schedule) -> None:
    for other in schedule.temporaries:
        if temporary.overlaps(other):
            raise ConflictError(
                "temporary schedule",
                temporary.id,
                f"overlaps {other.id}, from {other.starts_at.isoformat()} up to {other.ends_at.isoformat()}; an end at "
                f"{other.starts_at.isoformat()}, or a start at {other.ends_at.isoformat()}, would do",
            )
