from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.oncall.schedule_references import references_of
from application.ports.clock import Clock
from application.ports.ids import IdFactory
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
class CreateSchedule:
    """A team says who is on call when."""

    schedules: ScheduleRepository
    references: References
    record_audit: RecordAudit
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(
        self, *, team_id: TeamId, name: str, time_zone: str, layers: tuple[Layer, ...] = (), actor: Actor
    ) -> Schedule:
        """From now on: of the time before there is nothing to know.

        Raises `ForbiddenError`, `InvalidValueError`, `ConflictError` when the name is taken.
        """
        require(actor, Permission.CONFIGURE, team_id=team_id)
        schedule = Schedule(
            id=ScheduleId(self.ids.new()), team_id=team_id, name=name.strip(), time_zone=time_zone, layers=layers
        )
        async with self.transaction:
            await require_known(self.references, references_of(schedule))
            at = self.clock.now()
            stored = await self.schedules.save(schedule, at=at)
            await self.record_audit("schedule.create", stored.id, actor=actor, at=at, after=describe(stored))
            return stored
