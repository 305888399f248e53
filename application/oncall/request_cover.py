from dataclasses import dataclass
from datetime import datetime

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.oncall.cover_access import require_for
from application.oncall.schedule_references import user_at, users_at
from application.ports.clock import Clock
from application.ports.covers import CoverRepository
from application.ports.ids import IdFactory
from application.ports.references import References
from application.ports.schedules import ScheduleRepository
from application.ports.teams import TeamRepository
from application.ports.transaction import Transaction
from application.references import require_known
from domain.identity.actor import Actor
from domain.oncall.cover import CoverRequest
from domain.shared.ids import CoverRequestId, ScheduleId, UserId
from domain.shared.interval import Interval


@dataclass(frozen=True, slots=True)
class RequestCover:
    """Somebody asks others to be on call in their place, for nothing or in exchange for time of the others'."""

    covers: CoverRepository
    schedules: ScheduleRepository
    teams: TeamRepository
    references: References
    record_audit: RecordAudit
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(
        self,
        schedule_id: ScheduleId,
        *,
        user_id: UserId,
        interval: Interval,
        asked_of: tuple[UserId, ...] = (),
        offers: Interval | None = None,
        expires_at: datetime | None = None,
        note: str = "",
        actor: Actor,
    ) -> CoverRequest:
        """Asks named people, or else anyone in the schedule's team.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError` for what could not be accepted by anybody.
        """
        async with self.transaction:
            at = self.clock.now()
            schedule = await self.schedules.look_up(schedule_id, since=at)
            require_for(actor, user_id, team_id=schedule.team_id)
            await require_known(self.references, [user_at("user_id", user_id), *users_at("asked_of", asked_of)])
            change = CoverRequest.ask(
                CoverRequestId(self.ids.new()),
                schedule=schedule,
                members=(await self.teams.look_up(schedule.team_id)).member_ids,
                user_id=user_id,
                interval=interval,
                by=actor.user_id,
                at=at,
                asked_of=asked_of,
                offers=offers,
                expires_at=expires_at,
                note=note,
            )
            saved = await self.covers.save(change)
            await self.record_audit("cover.request", saved.id, actor=actor, at=at, after=describe(saved))
            return saved
