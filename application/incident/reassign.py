from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.authorize import require
from application.escalation.start import Beginning
from application.incident.decide import DecideOnIncident
from application.notification.page_people import PagePeople
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.incidents import IncidentRepository
from application.ports.references import Reference, ReferenceKind, References
from application.ports.transaction import Transaction
from application.references import NamedReference, require_known
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident
from domain.shared.ids import IncidentId, PolicyId, RunId, UserId

# When none of those whom it was given to answers, its policy pages: nothing stalls because somebody sleeps (P2).
ANSWER_WITHIN: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class ReassignIncident:
    """A responder gives an incident to people, who are paged at once, or to another policy, which begins at once.

    When it was given to people and none of them answers in time, its policy begins after all.
    """

    incidents: IncidentRepository
    references: References
    page_people: PagePeople
    decide: DecideOnIncident
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        incident_id: IncidentId,
        *,
        users: Sequence[UserId] = (),
        policy_id: PolicyId | None = None,
        actor: Actor,
    ) -> Incident:
        """Raises `ForbiddenError`, `NotFoundError`, `ConflictError`, `IllegalTransitionError`, `InvalidValueError`."""
        require(actor, Permission.RESPOND)
        async with self.transaction:
            at = self.clock.now()
            incident = await self.incidents.get(incident_id)
            run_id = RunId(self.ids.new())
            change = incident.reassign(
                run_id=run_id, users=users, policy_id=policy_id, by=actor.user_id, via=actor.via, at=at
            )
            if policy_id is not None:
                named = NamedReference("policy_id", Reference(ReferenceKind.POLICY, policy_id))
                await require_known(self.references, (named,))
                beginning = Beginning(run_id)
            else:
                await self.page_people.require_reachable(users)
                beginning = Beginning(RunId(self.ids.new()), after=ANSWER_WITHIN)
            details = {
                "users": [str(each) for each in users],
                "policy_id": None if policy_id is None else str(policy_id),
            }
            saved = await self.decide(
                "reassign", incident, change, actor=actor, at=at, details=details, beginning=beginning
            )
            await self.page_people(saved, tuple(dict.fromkeys(users)), run_id=run_id, at=at)
            return saved
