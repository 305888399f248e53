from collections.abc import Collection
from dataclasses import dataclass

from adapters.outbound.memory.database import MemorySession
from application.ports.references import Reference, ReferenceKind, References
from domain.notification.destination import DestinationKind
from domain.shared.ids import DestinationId, PolicyId, ScheduleId, TeamId, UserId


@dataclass(frozen=True, slots=True)
class MemoryReferences(References):
    session: MemorySession

    async def missing(self, references: Collection[Reference]) -> frozenset[Reference]:
        return frozenset(each for each in references if not self._is_there(each))

    def _is_there(self, reference: Reference) -> bool:
        database = self.session.database
        match reference.kind:
            case ReferenceKind.USER:
                user = database.users.get(UserId(reference.id))
                return user is not None and user.is_active
            case ReferenceKind.TEAM:
                return TeamId(reference.id) in database.teams
            case ReferenceKind.POLICY:
                return PolicyId(reference.id) in database.policies
            case ReferenceKind.SCHEDULE:
                return ScheduleId(reference.id) in database.schedules
            case ReferenceKind.CHANNEL | ReferenceKind.WEBHOOK:
                destination = database.destinations.get(DestinationId(reference.id))
                is_server = reference.kind is ReferenceKind.WEBHOOK
                return destination is not None and (destination.kind is DestinationKind.WEBHOOK) == is_server
