from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.integrations import IntegrationRepository
from application.ports.randomness import Randomness
from application.ports.services import ServiceRepository
from application.ports.transaction import Transaction
from application.service.integration_key import IssuedIntegration, new_key
from domain.identity.actor import Actor
from domain.identity.credential import secret_hash
from domain.identity.role import Permission
from domain.service.integration import GroupingMode, Integration, IntegrationKind, WhenSilent
from domain.service.mapping import EventMapping
from domain.shared.group_window import GroupWindow
from domain.shared.ids import IntegrationId, ServiceId


@dataclass(frozen=True, slots=True)
class CreateIntegration:
    """A service gets a door for one sender, and the sender a key, which is shown this once."""

    integrations: IntegrationRepository
    services: ServiceRepository
    randomness: Randomness
    record_audit: RecordAudit
    transaction: Transaction
    ids: IdFactory
    clock: Clock

    async def __call__(
        self,
        service_id: ServiceId,
        *,
        kind: IntegrationKind,
        name: str,
        grouping: GroupingMode = GroupingMode.PER_ALERT,
        group_window: GroupWindow | None = None,
        is_strict: bool = False,
        when_silent: WhenSilent = WhenSilent.KEEP,
        topic_arns: tuple[str, ...] = (),
        mapping: EventMapping | None = None,
        events_per_minute: int | None = None,
        event_burst: int | None = None,
        open_alerts: int | None = None,
        actor: Actor,
    ) -> IssuedIntegration:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`."""
        key = new_key(self.randomness)
        async with self.transaction:
            # Held, so that the service is not given to another team meanwhile.
            service = await self.services.get(service_id)
            require(actor, Permission.CONFIGURE, team_id=service.team_id)
            stored = await self.integrations.save(
                Integration(
                    id=IntegrationId(self.ids.new()),
                    service_id=service_id,
                    team_id=service.team_id,
                    kind=kind,
                    name=name.strip(),
                    key_hash=secret_hash(key),
                    grouping=grouping,
                    group_window=group_window,
                    is_strict=is_strict,
                    when_silent=when_silent,
                    topic_arns=topic_arns,
                    mapping=mapping,
                    events_per_minute=events_per_minute,
                    event_burst=event_burst,
                    open_alerts=open_alerts,
                )
            )
            await self.record_audit(
                "integration.create", stored.id, actor=actor, at=self.clock.now(), after=describe(stored)
            )
            return IssuedIntegration(stored, key)
