from dataclasses import dataclass, replace
from datetime import datetime

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.expectation import require_version
from application.oncall.as_known import ahead_of, known_schedule
from application.oncall.schedule_references import references_of
from application.ports.clock import Clock
from application.ports.references import References
from application.ports.schedule_history import ScheduleHistory
from application.ports.schedules import ScheduleRepository
from application.ports.transaction import Transaction
from application.references import require_known
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.history import require_room_ahead
from domain.oncall.layer import Layer
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ScheduleId, TeamId
from domain.shared.interval import require_utc
from domain.shared.local_time import require_instant


@dataclass(frozen=True, slots=True)
class UpdateSchedule:
    """A schedule's layers or zone change, now or later, or at once its name or team.

    Its overrides, temporary schedules and shadows stay.
    """

    schedules: ScheduleRepository
    history: ScheduleHistory
    references: References
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self,
        schedule_id: ScheduleId,
        *,
        team_id: TeamId,
        name: str,
        time_zone: str | None = None,
        layers: tuple[Layer, ...] | None = None,
        effective_at: datetime | None = None,
        version: int | None = None,
        actor: Actor,
    ) -> Schedule:
        """A zone or layers that are given hold from `effective_at` on, or from now on, in place of all that was to hold
        then; the one that is not given is what it is at that time. With neither, who is on call is not touched. Who was
        on call before does not change.

        Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `InvalidValueError`, also for a time that has passed.
        """
        require(actor, Permission.CONFIGURE, team_id=team_id)
        changes_who_is_on_call = time_zone is not None or layers is not None
        if effective_at is not None:
            require_instant("effective_at", effective_at)
            require_utc("effective_at", effective_at)
            if not changes_who_is_on_call:
                raise InvalidValueError("effective_at", "must come with a time_zone or layers; a name changes at once")
        async with self.transaction:
            before = await self.schedules.get(schedule_id, since=effective_at or self.clock.now())
            at = self.clock.now()  # once it is held: what was done to it before is known before
            require(actor, Permission.CONFIGURE, team_id=before.team_id)
            require_version("schedule", schedule_id, expected=version, stored=before.version)
            wanted = replace(
                before,
                team_id=team_id,
                name=name.strip(),
                time_zone=before.time_zone if time_zone is None else time_zone,
                layers=before.layers if layers is None else layers,
            )
            await require_known(self.references, references_of(wanted), before=references_of(before))
            if changes_who_is_on_call:
                if effective_at is not None:
                    await self._require_room(schedule_id, at=at)
                stored = await self.schedules.save(wanted, at=at, effective_at=effective_at)
            else:
                stored = await self.schedules.rename(wanted)
            await self.record_audit(
                "schedule.update",
                schedule_id,
                actor=actor,
                at=at,
                before=_describe(before),
                after=_describe(stored) | {"effective_at": (effective_at or at).isoformat()},
            )
            return stored

    async def _require_room(self, schedule_id: ScheduleId, *, at: datetime) -> None:
        found = await known_schedule(self.history, schedule_id, ahead_of(at))
        require_room_ahead(found.history, at=at)


def _describe(schedule: Schedule) -> dict[str, object]:
    """Without the overrides, temporary schedules and shadows, which have entries of their own."""
    return describe(schedule.without_parts())
