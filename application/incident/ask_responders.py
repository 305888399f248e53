from collections.abc import Sequence
from dataclasses import dataclass

from application.authorize import require
from application.incident.decide import DecideOnIncident
from application.notification.page_people import PagePeople
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.incidents import IncidentRepository
from application.ports.transaction import Transaction
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.events import IncidentRespondersAsked
from domain.incident.incident import Incident
from domain.shared.ids import IncidentId, RunId, UserId


@dataclass(frozen=True, slots=True)
class AskResponders:
    """A responder asks people to help with an incident, whoever has it. They are paged at once."""

    incidents: IncidentRepository
    page_people: PagePeople
    decide: DecideOnIncident
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(self, incident_id: IncidentId, *, users: Sequence[UserId], actor: Actor) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `IllegalTransitionError`, `InvalidValueError`."""
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            incident = await self.incidents.get(incident_id)
            run_id = RunId(self.ids.new())
            change = incident.ask_responders(users, run_id=run_id, by=actor.user_id, via=actor.via, at=at)
            await self.page_people.require_reachable(users)
            details = {"users": [str(user_id) for user_id in users]}
            saved = await self.decide("ask_responders", incident, change, actor=actor, at=at, details=details)
            for event in change.events:
                if isinstance(event, IncidentRespondersAsked):
                    await self.page_people(saved, event.users, run_id=run_id, at=at)
            return saved
