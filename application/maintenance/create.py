from dataclasses import dataclass
from datetime import datetime, timedelta

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.maintenance import MaintenanceRepository
from application.ports.patterns import Patterns
from application.ports.references import Reference, ReferenceKind, References
from application.ports.transaction import Transaction
from application.references import NamedReference, require_known
from application.routing.rules import RulebookCache
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.index import MatcherIndex
from domain.routing.maintenance import MaintenanceWindow
from domain.routing.matcher import Matcher
from domain.routing.recurrence import Recurrence
from domain.shared.errors import InvalidValueError
from domain.shared.ids import MaintenanceId, ServiceId, TeamId
from domain.shared.limits import MAINTENANCE_WINDOWS


@dataclass(frozen=True, slots=True)
class CreateMaintenance:
    """A team plans when its services page nobody. Incidents that are open by then go on as they are."""

    windows: MaintenanceRepository
    references: References
    patterns: Patterns
    cache: RulebookCache
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        *,
        team_id: TeamId,
        name: str,
        time_zone: str,
        starts_at: datetime,
        duration: timedelta,
        burns_error_budget: bool,
        recurrence: Recurrence | None = None,
        service_ids: tuple[ServiceId, ...] = (),
        matchers: tuple[Matcher, ...] = (),
        actor: Actor,
    ) -> MaintenanceWindow:
        """Raises `ForbiddenError`, `InvalidValueError`."""
        require(actor, Permission.CONFIGURE, team_id=team_id)
        at = self.clock.now()
        window = MaintenanceWindow(
            id=MaintenanceId(self.ids.new()),
            team_id=team_id,
            name=name.strip(),
            time_zone=time_zone,
            starts_at=starts_at,
            duration=duration,
            burns_error_budget=burns_error_budget,
            recurrence=recurrence,
            service_ids=tuple(dict.fromkeys(service_ids)),
            matchers=matchers,
        )
        if window.over_at <= at:
            raise InvalidValueError("starts_at", "must be such that it is not over already")
        MatcherIndex([matchers], self.patterns.compile)
        async with self.transaction:
            await require_known(self.references, _named(window))
            if await self.windows.count(at=at) >= MAINTENANCE_WINDOWS:
                reason = f"there are {MAINTENANCE_WINDOWS} windows already; end some of them first"
                raise InvalidValueError("starts_at", reason)
            stored = await self.windows.save(window)
            await self.record_audit("maintenance.create", stored.id, actor=actor, at=at, after=describe(stored))
        self.cache.forget()
        return stored


def _named(window: MaintenanceWindow) -> list[NamedReference]:
    return [
        NamedReference("team_id", Reference(ReferenceKind.TEAM, window.team_id)),
        *(
            NamedReference(f"service_ids[{place}]", Reference(ReferenceKind.SERVICE, service_id))
            for place, service_id in enumerate(window.service_ids)
        ),
    ]
