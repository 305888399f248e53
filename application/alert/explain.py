from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from application.authorize import require
from application.errors import NotFoundError
from application.ports.routings import RoutingRepository
from application.ports.stored_events import StoredEvent, StoredEventReader
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.decision import Step
from domain.routing.route import Routing, Rule


class Explanation(NamedTuple):
    """A stored event with what became of it, and each rule that had a say, as it was then."""

    stored: StoredEvent
    routings: Mapping[tuple[UUID, int], Routing]  # by owner and version

    def rule_of(self, step: Step) -> Rule | None:
        routing = self.routings.get((step.owner_id, step.version))
        rules = () if routing is None else routing.rules
        return next((rule for rule in rules if rule.name == step.rule), None)


@dataclass(frozen=True, slots=True)
class ExplainEvent:
    """Why an event became what it became. From what was stored with it, so the answer never changes (P7)."""

    events: StoredEventReader
    routings: RoutingRepository

    async def __call__(self, event_id: UUID, *, actor: Actor) -> Explanation:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        stored = await self.events.get(event_id)
        decisions = [verdict.decision for verdict in stored.raw.verdicts if verdict.decision is not None]
        versions = sorted({(step.owner_id, step.version) for decision in decisions for step in decision.steps})
        found = {}
        for owner_id, version in versions:  # at most three owners, in the versions of one moment
            try:
                found[owner_id, version] = (await self.routings.get(owner_id, version=version)).routing
            except NotFoundError:
                continue
        return Explanation(stored, found)
