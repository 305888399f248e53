from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.oncall.schedule_references import user_at
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.references import References
from application.ports.schedules import ScheduleRepository
from application.ports.transaction import Transaction
from application.references import require_known
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.layer import Layer
from domain.oncall.shadow import Shadow
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ScheduleId, ShadowId, UserId
from domain.shared.interval import require_utc

SHADOWS_AHEAD: Final = 100  # of one schedule, not yet over: whoever asks who is on call looks through them


@dataclass(frozen=True, slots=True)
class AddShadow:
    """Somebody follows another on call, or a layer, to learn, from now or later on."""

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
        follows: UserId | None = None,
        layer: int | None = None,
        actor: Actor,
    ) -> Shadow:
        """A start that has passed becomes now. Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`."""
        require_utc("starts_at", starts_at)
        require_utc("ends_at", ends_at)
        async with self.transaction:
            schedule = await self.schedules.get(schedule_id, since=self.clock.now())
            at = self.clock.now()  # once it is held: what was done to it before is known before
            require(actor, Permission.CONFIGURE, team_id=schedule.team_id)
            if ends_at <= at:
                raise InvalidValueError("ends_at", "must be in the future")
            require_layer("layer", layer, schedule.layers)
            if len(schedule.shadows) >= SHADOWS_AHEAD:
                raise InvalidValueError("shadows", f"must be at most {SHADOWS_AHEAD} that are not over")
            shadow = Shadow(
                id=ShadowId(self.ids.new()),
                user_id=user_id,
                starts_at=max(starts_at, at),
                ends_at=ends_at,
                follows=follows,
                layer=layer,
            )
            named = [user_at("user_id", user_id)]
            if follows is not None:
                named.append(user_at("follows", follows))
            await require_known(self.references, named)
            await self.schedules.add_shadow(schedule_id, shadow, at=at)
            await self.record_audit("schedule.add_shadow", schedule_id, actor=actor, at=at, after=describe(shadow))
            return shadow


def require_layer(field: str, layer: int | None, layers: Collection[Layer]) -> None:
    """Raises `InvalidValueError` when there is no layer at that place."""
    if layer is not None and layer >= len(layers):
        raise InvalidValueError(field, f"must be one of the {len(layers)} there are, from 0")
