from dataclasses import dataclass, replace

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.expectation import require_version
from application.ports.clock import Clock
from application.ports.integrations import IntegrationRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.service.integration import GroupingMode, Integration, WhenSilent
from domain.service.mapping import EventMapping
from domain.shared.group_window import GroupWindow
from domain.shared.ids import IntegrationId


@dataclass(frozen=True, slots=True)
class UpdateIntegration:
    """An integration reads its sender differently from now on. Its kind, its service and its key stay."""

    integrations: IntegrationRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self,
        integration_id: IntegrationId,
        *,
        name: str,
        grouping: GroupingMode,
        group_window: GroupWindow | None,
        is_strict: bool,
        when_silent: WhenSilent,
        topic_arns: tuple[str, ...],
        mapping: EventMapping | None,
        events_per_minute: int | None,
        event_burst: int | None,
        open_alerts: int | None,
        version: int | None = None,
        actor: Actor,
    ) -> Integration:
        """A limit of None is that of the installation.

        Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `ConflictError`.
        """
        async with self.transaction:
            before = await self.integrations.get(integration_id)
            require(actor, Permission.CONFIGURE, team_id=before.team_id)
            require_version("integration", integration_id, expected=version, stored=before.version)
            stored = await self.integrations.save(
                replace(
                    before,
                    name=name.strip(),
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
                "integration.update",
                integration_id,
                actor=actor,
                at=self.clock.now(),
                before=describe(before),
                after=describe(stored),
            )
            return stored
