from dataclasses import asdict, dataclass, replace
from typing import Final, NamedTuple

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.heartbeat.draft import HeartbeatDraft
from application.ports.clock import Clock
from application.ports.heartbeats import HeartbeatRepository
from application.ports.ids import IdFactory
from application.ports.integrations import IntegrationRepository
from application.ports.randomness import Randomness
from application.ports.transaction import Transaction
from application.service.integration_key import new_key
from domain.heartbeat.heartbeat import Heartbeat
from domain.identity.actor import Actor
from domain.identity.credential import secret_hash
from domain.identity.role import Permission
from domain.service.integration import IntegrationKind
from domain.shared.errors import InvalidValueError
from domain.shared.ids import HeartbeatId, IntegrationId

# Tells a key from an id, which an address may hold in its place.
KEY_PREFIX: Final = "hb_"


class IssuedHeartbeat(NamedTuple):
    """A heartbeat with its key, which nobody can be shown again."""

    heartbeat: Heartbeat
    key: str


@dataclass(frozen=True, slots=True)
class CreateHeartbeat:
    """A sign of life is expected from now on, once it was given for the first time."""

    heartbeats: HeartbeatRepository
    integrations: IntegrationRepository
    randomness: Randomness
    record_audit: RecordAudit
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(self, integration_id: IntegrationId, draft: HeartbeatDraft, *, actor: Actor) -> IssuedHeartbeat:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`."""
        key = KEY_PREFIX + new_key(self.randomness)
        async with self.transaction:
            integration = await self.integrations.get(integration_id)
            require(actor, Permission.CONFIGURE, team_id=integration.team_id)
            if integration.kind is not IntegrationKind.HEARTBEAT:
                raise InvalidValueError("integration_id", f"is of {integration.kind}, and must be of heartbeat")
            heartbeat = Heartbeat(
                id=HeartbeatId(self.ids.new()),
                integration_id=integration_id,
                key_hash=secret_hash(key),
                **asdict(replace(draft, name=draft.name.strip())),
            )
            stored = await self.heartbeats.save(heartbeat)
            await self.record_audit(
                "heartbeat.create", stored.id, actor=actor, at=self.clock.now(), after=describe(stored)
            )
            return IssuedHeartbeat(stored, key)
