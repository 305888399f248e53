"""Whatever people do with an incident, as one value: so one rule decides for one incident and for many at once."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from application.authorize import require
from application.errors import ApplicationError
from application.incident.accept_request import AcceptRequest
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.ask_responders import AskResponders
from application.incident.change_severity import ChangeSeverity
from application.incident.decline_request import DeclineRequest
from application.incident.escalate import EscalateIncident
from application.incident.find import FindIncident
from application.incident.raise_urgency import RaiseUrgency
from application.incident.reassign import ReassignIncident
from application.incident.reopen import ReopenIncident
from application.incident.resolve import ResolveIncident
from application.incident.retitle import RetitleIncident
from application.incident.snooze import SnoozeIncident
from application.incident.take_over import TakeOverIncident
from application.incident.unacknowledge import UnacknowledgeIncident
from application.ports.errors import PortError
from application.ports.readers import IncidentRef
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.incident import Incident
from domain.shared.errors import DomainError, InvalidValueError
from domain.shared.ids import IncidentId, PolicyId, UserId
from domain.shared.limits import BULK_INCIDENTS
from domain.shared.severity import Severity


class PlainAct(StrEnum):
    """What needs nothing but the incident."""

    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    TAKE_OVER = "take-over"
    ACCEPT = "accept"
    DECLINE = "decline"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    RAISE_URGENCY = "raise-urgency"


@dataclass(frozen=True, slots=True)
class Snooze:
    until: datetime


@dataclass(frozen=True, slots=True)
class Escalate:
    step: int | None = None  # counted from 0; None: the one that comes next


@dataclass(frozen=True, slots=True)
class Reassign:
    users: tuple[UserId, ...] = ()
    policy_id: PolicyId | None = None


@dataclass(frozen=True, slots=True)
class AskForHelp:
    users: tuple[UserId, ...]


@dataclass(frozen=True, slots=True)
class Grade:
    severity: Severity


@dataclass(frozen=True, slots=True)
class Retitle:
    title: str


type Act = PlainAct | Snooze | Escalate | Reassign | AskForHelp | Grade | Retitle


class Outcome(NamedTuple):
    """What came of an act on one of several incidents: the incident after it, or why not."""

    ref: IncidentRef
    incident: Incident | None
    error: DomainError | ApplicationError | PortError | None


@dataclass(frozen=True, slots=True)
class ActOnIncident:
    """Somebody does something with one incident."""

    acknowledge: AcknowledgeIncident
    unacknowledge: UnacknowledgeIncident
    take_over: TakeOverIncident
    accept: AcceptRequest
    decline: DeclineRequest
    resolve: ResolveIncident
    reopen: ReopenIncident
    raise_urgency: RaiseUrgency
    snooze: SnoozeIncident
    escalate: EscalateIncident
    reassign: ReassignIncident
    ask_responders: AskResponders
    change_severity: ChangeSeverity
    retitle: RetitleIncident

    async def __call__(self, incident_id: IncidentId, act: Act, *, actor: Actor) -> Incident:
        """Raises whatever the act's own use case does."""
        match act:
            case PlainAct():
                return await self._plain(incident_id, act, actor)
            case Snooze():
                return await self.snooze(incident_id, until=act.until, actor=actor)
            case Escalate():
                return await self.escalate(incident_id, step=act.step, actor=actor)
            case Reassign():
                return await self.reassign(incident_id, users=act.users, policy_id=act.policy_id, actor=actor)
            case AskForHelp():
                return await self.ask_responders(incident_id, users=act.users, actor=actor)
            case Grade():
                return await self.change_severity(incident_id, act.severity, actor=actor)
            case Retitle():
                return await self.retitle(incident_id, act.title, actor=actor)

    async def _plain(self, incident_id: IncidentId, act: PlainAct, actor: Actor) -> Incident:
        use_cases: dict[PlainAct, Callable[..., Awaitable[Incident]]] = {
            PlainAct.ACKNOWLEDGE: self.acknowledge,
            PlainAct.UNACKNOWLEDGE: self.unacknowledge,
            PlainAct.TAKE_OVER: self.take_over,
            PlainAct.ACCEPT: self.accept,
            PlainAct.DECLINE: self.decline,
            PlainAct.RESOLVE: self.resolve,
            PlainAct.REOPEN: self.reopen,
            PlainAct.RAISE_URGENCY: self.raise_urgency,
        }
        return await use_cases[act](incident_id, actor=actor)


@dataclass(frozen=True, slots=True)
class ActOnIncidents:
    """Somebody does the same with several incidents. One that cannot be done costs the others nothing."""

    find: FindIncident
    act_on: ActOnIncident

    async def __call__(self, refs: Sequence[IncidentRef], act: Act, *, actor: Actor) -> tuple[Outcome, ...]:
        """What came of each, in their order. Raises `ForbiddenError`, and `InvalidValueError` for too many."""
        require(actor, Permission.RESPOND)
        if len(refs) > BULK_INCIDENTS:
            raise InvalidValueError("ids", f"has {len(refs)} entries, allowed are at most {BULK_INCIDENTS}")
        return tuple([await self._one(ref, act, actor) for ref in refs])

    async def _one(self, ref: IncidentRef, act: Act, actor: Actor) -> Outcome:
        """In a transaction of its own."""
        try:
            incident_id = await self.find(ref, actor=actor)
            return Outcome(ref, await self.act_on(incident_id, act, actor=actor), None)
        except (DomainError, ApplicationError, PortError) as error:
            return Outcome(ref, None, error)
