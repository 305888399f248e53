from collections.abc import Iterator
from dataclasses import dataclass, replace

from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import NotFoundError
from application.expectation import require_version
from application.ports.clock import Clock
from application.ports.integrations import IntegrationRepository
from application.ports.patterns import Patterns
from application.ports.references import Reference, ReferenceKind, References
from application.ports.routings import RoutingRepository
from application.ports.transaction import Transaction
from application.references import NamedReference, require_known
from application.routing.owner import RoutingOwner, owner_that_is_there
from application.routing.rules import RulebookCache
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.index import MatcherIndex
from domain.routing.route import Routing, Rule
from domain.shared.errors import InvalidValueError


@dataclass(frozen=True, slots=True)
class SetRouting:
    """Rules become their next version, as a whole: which comes first is part of what they say."""

    routings: RoutingRepository
    integrations: IntegrationRepository
    references: References
    patterns: Patterns
    cache: RulebookCache
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(
        self, owner: RoutingOwner, rules: tuple[Rule, ...], *, version: int | None = None, actor: Actor
    ) -> Routing:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`, `ConflictError`."""
        require(actor, Permission.READ)
        owner = await owner_that_is_there(owner, integrations=self.integrations, references=self.references)
        require(actor, Permission.CONFIGURE, team_id=owner.team_id)
        wanted = Routing(team_id=owner.team_id, integration_id=owner.integration_id, rules=rules)
        self._require_patterns(rules)
        async with self.transaction:
            before = await self._before(owner)
            require_version("routing", owner.id, expected=version, stored=before.version)
            await require_known(self.references, _named(wanted), before=_named(before))
            at = self.clock.now()
            stored = await self.routings.save(replace(wanted, version=before.version), at=at, by=actor.user_id)
            # Every version is kept whole, so the trail names what changed and where to look.
            await self.record_audit(
                "routing.set",
                owner.id,
                actor=actor,
                at=at,
                before={"version": before.version, "rules": len(before.rules)},
                after={
                    "version": stored.version,
                    "rules": len(stored.rules),
                    "changed": list(stored.changed_since(before)),
                },
            )
        self.cache.forget()
        return stored

    async def _before(self, owner: RoutingOwner) -> Routing:
        try:
            return (await self.routings.get(owner.id)).routing
        except NotFoundError:
            return Routing(team_id=owner.team_id, integration_id=owner.integration_id)

    def _require_patterns(self, rules: tuple[Rule, ...]) -> None:
        for number, rule in enumerate(rules):
            try:
                MatcherIndex([rule.matchers], self.patterns.compile)
            except InvalidValueError as error:
                raise InvalidValueError(f"rules[{number}].{error.field}", error.reason) from None


def _named(routing: Routing) -> Iterator[NamedReference]:
    for number, rule in enumerate(routing.rules):
        if rule.effect.service_id is not None:
            yield NamedReference(
                f"rules[{number}].service_id", Reference(ReferenceKind.SERVICE, rule.effect.service_id)
            )
