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
from domain.oncall.override import Override, OverrideKind, first_free
from domain.oncall.schedule import Schedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import OverrideId, ScheduleId, UserId
from domain.shared.interval import require_utc

OVERRIDES_AHEAD: Final = 500  # of one schedule, not yet over: every page looks through them


@dataclass(frozen=True, slots=True)
class AddOverride:
    """Somebody stands in, joins those on call, or is taken off, from now or later on."""

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
        user_id: UserId,
        starts_at: datetime,
        ends_at: datetime,
        replaces: UserId | None = None,
        kind: OverrideKind = OverrideKind.REPLACE,
        actor: Actor,
    ) -> Override:
        """A start that has passed becomes now: who was on call does not change afterwards.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `ConflictError` when it contradicts another one,
        with the first time at which it would not.
        """
        require_utc("starts_at", starts_at)
        require_utc("ends_at", ends_at)
        async with self.transaction:
            schedule = await self.schedules.get(schedule_id, since=self.clock.now())
            at = self.clock.now()  # once it is held: what was done to it before is known before
            require(actor, Permission.CONFIGURE, team_id=schedule.team_id)
            if ends_at <= at:
                raise InvalidValueError("ends_at", "must be in the future")
            require_room(schedule)
            override = Override(
                id=OverrideId(self.ids.new()),
                user_id=user_id,
                starts_at=max(starts_at, at),
                ends_at=ends_at,
                replaces=replaces,
                kind=kind,
            )
            named = [user_at("user_id", user_id)]
            if replaces is not None:
                named.append(user_at("replaces", replaces))
            await require_known(self.references, named)
            _require_no_contradiction(override, schedule)
            await self.schedules.add_override(schedule_id, override, at=at)
            await self.record_audit("schedule.add_override", schedule_id, actor=actor, at=at, after=describe(override))
            return override


def require_room(schedule: Schedule, *, adding: int = 1) -> None:
    """Raises `InvalidValueError` when the schedule would have too many overrides that are not over."""
    if len(schedule.overrides) + adding > OVERRIDES_AHEAD:
        raise InvalidValueError("overrides", f"must be at most {OVERRIDES_AHEAD} that are not over")


def _require_no_contradiction(override: Override, schedule: Schedule) -> None:
    """The schedule is held, so nobody adds another meanwhile; the storage refuses it all the same."""
    for other in schedule.overrides:
        if override.contradicts(other):
            free = first_free(override, schedule.overrides)
            raise ConflictError(
                "override",
                override.id,
                f"overlaps override {other.id}, which is about the same user from {other.starts_at.isoformat()} up to "
                f"{other.ends_at.isoformat()}; from {free.start.isoformat()} up to {free.end.isoformat()} would do",
            )
