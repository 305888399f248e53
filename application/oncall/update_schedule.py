from dataclasses import dataclass, replace

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.expectation import require_version
from application.oncall.schedule_references import references_of
from application.ports.clock import Clock
from application.ports.references import References
from application.ports.schedules import ScheduleRepository
from application.ports.transaction import Transaction
from application.references import require_known
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.layer import Layer
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, TeamId


@dataclass(frozen=True, slots=True)
class UpdateSchedule:
    """A schedule's layers, zone, name or team change; its overrides, temporary schedules and shadows stay."""

    schedules: ScheduleRepository
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
        time_zone: str,
        layers: tuple[Layer, ...],
        version: int | None = None,
        actor: Actor,
    ) -> Schedule:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `ConflictError`."""
        require(actor, Permission.CONFIGURE, team_id=team_id)
        async with self.transaction:
            at = self.clock.now()
            before = await self.schedules.get(schedule_id, since=at)
            require(actor, Permission.CONFIGURE, team_id=before.team_id)
            require_version("schedule", schedule_id, expected=version, stored=before.version)
            wanted = replace(before, team_id=team_id, name=name.strip(), time_zone=time_zone, layers=layers)
            await require_known(self.references, references_of(wanted), before=references_of(before))
            stored = await self.schedules.save(wanted)
            await self.record_audit(
                "schedule.update",
                schedule_id,
                actor=actor,
                at=at,
                before=_describe(before),
                after=_describe(stored),
            )
            return stored


def _describe(schedule: Schedule) -> dict[str, object]:
    """Without the overrides, temporary schedules and shadows, which have entries of their own."""
    return describe(replace(schedule, overrides=(), temporaries=(), shadows=()))
