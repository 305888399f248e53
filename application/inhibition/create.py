from dataclasses import dataclass

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.inhibitions import InhibitionRepository
from application.ports.patterns import Patterns
from application.ports.references import Reference, ReferenceKind, References
from application.ports.transaction import Transaction
from application.references import NamedReference, require_known
from application.routing.rules import RulebookCache
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.index import MatcherIndex
from domain.routing.inhibition import Inhibition
from domain.routing.matcher import Matcher
from domain.shared.errors import InvalidValueError
from domain.shared.ids import InhibitionId, TeamId
from domain.shared.limits import INHIBITIONS


@dataclass(frozen=True, slots=True)
class CreateInhibition:
    """A team says which of its alerts say it all. It is for alerts that begin to fire from now on."""

    inhibitions: InhibitionRepository
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
        source: tuple[Matcher, ...],
        target: tuple[Matcher, ...],
        equal: tuple[str, ...] = (),
        actor: Actor,
    ) -> Inhibition:
        """Raises `ForbiddenError`, `InvalidValueError`."""
        require(actor, Permission.CONFIGURE, team_id=team_id)
        inhibition = Inhibition(
            id=InhibitionId(self.ids.new()),
            team_id=team_id,
            name=name.strip(),
            source=source,
            target=target,
            equal=tuple(dict.fromkeys(equal)),
        )
        self._require_narrow("source", source)
        self._require_narrow("target", target)
        async with self.transaction:
            named = NamedReference("team_id", Reference(ReferenceKind.TEAM, team_id))
            await require_known(self.references, [named])
            if await self.inhibitions.count() >= INHIBITIONS:
                raise InvalidValueError("name", f"there are {INHIBITIONS} inhibitions already; remove some first")
            stored = await self.inhibitions.add(inhibition)
            await self.record_audit(
                "inhibition.create", stored.id, actor=actor, at=self.clock.now(), after=describe(stored)
            )
        self.cache.forget()
        return stored

    def _require_narrow(self, field: str, matchers: tuple[Matcher, ...]) -> None:
        """Raises `InvalidValueError` when they are no patterns, or hold for alerts without any of their labels."""
        try:
            index = MatcherIndex([matchers], self.patterns.compile)
        except InvalidValueError as error:
            raise InvalidValueError(field, error.reason) from None
        if list(index.matching({})):
            raise InvalidValueError(field, 'must ask for a label that is there, such as alertname="HostDown"')
