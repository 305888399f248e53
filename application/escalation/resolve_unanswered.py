from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from application.incident.end import EndIncidents
from application.ports.clock import Clock
from application.ports.escalations import RunRepository
from application.ports.event_log import EventLog
from application.ports.transaction import Transaction
from domain.escalation.run import EscalationRun
from domain.shared.event import DomainEvent
from domain.shared.via import Via


class Unanswered(NamedTuple):
    """A run as it is when it is exhausted, and the facts that led there."""

    run: EscalationRun
    facts: tuple[DomainEvent, ...]


@dataclass(frozen=True, slots=True)
class ResolveUnanswered:
    """The system resolves incidents that nobody answered, as their policy says.

    A run that somebody stopped, or another worker moved, since it was found to be exhausted is left alone.
    """

    end_incidents: EndIncidents
    runs: RunRepository
    events: EventLog
    transaction: Transaction
    clock: Clock

    async def __call__(self, unanswered: Sequence[Unanswered]) -> None:
        if not unanswered:
            return
        async with self.transaction:
            at = self.clock.now()
            held = await self.end_incidents.hold({each.run.incident_id for each in unanswered})
            as_read = {run.id: run.version for run in await self.runs.running_of(held.incidents.keys())}
            exhausted = [each for each in unanswered if as_read.get(each.run.id) == each.run.version]
            await self.runs.save([each.run for each in exhausted])
            await self.events.append([fact for each in exhausted for fact in each.facts])
            over = {each.run.incident_id for each in exhausted}
            changes = [
                incident.resolve(by=None, via=Via.SYSTEM, at=at)
                for incident in held.incidents.values()
                if incident.id in over
            ]
            await self.end_incidents.end(held, changes, at=at)
