"""What happened to an incident. Folding these gives the stored incident (`Incident.fold`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.incident.mute import Mute
from domain.shared.event import DomainEvent
from domain.shared.group_window import GroupWindow
from domain.shared.ids import AlertId, IncidentId, PolicyId, RunId, ServiceId, TeamId, UserId
from domain.shared.quickly_built import quickly_built
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.shared.via import Via


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentEvent(DomainEvent):
    incident_id: IncidentId


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAct(IncidentEvent):
    """What somebody or something did, by which door."""

    via: Via
    by: UserId | None = None  # None: the sender, or the system


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentTriggered(IncidentAct):
    kind: ClassVar[str] = "incident.triggered"
    number: int
    service_id: ServiceId
    team_id: TeamId
    group_key: str
    title: str
    severity: Severity
    urgency: Urgency
    alert_id: AlertId | None = None
    acknowledgements_required: int = 1
    rises_at: datetime | None = None  # when its urgency rises, if nobody took it
    muted: Mute | None = None  # why nobody is paged
    group_window: GroupWindow | None = None  # for how long it takes further alerts
    follows_incident_id: IncidentId | None = None  # the one of its group that is open too, and takes none any more
    follows_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFollowed(IncidentEvent):
    """Its window was over when the next alert of its group came, which opened another incident."""

    kind: ClassVar[str] = "incident.followed"
    by_incident_id: IncidentId
    by_number: int
    group_window: GroupWindow  # that was over


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentMuted(IncidentEvent):
    """Something else holds its pages back now, or the same until another time."""

    kind: ClassVar[str] = "incident.muted"
    mute: Mute


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCauseSuspected(IncidentEvent):
    """It began while a service that its own needs had an incident. It changes no state, only the timeline."""

    kind: ClassVar[str] = "incident.cause_suspected"
    upstream_incident_id: IncidentId
    upstream_number: int
    upstream_service_id: ServiceId
    upstream_service_name: str  # as it was then


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentUnmuted(IncidentEvent):
    """Nothing holds its pages back any more: it pages."""

    kind: ClassVar[str] = "incident.unmuted"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentWorsened(IncidentEvent):
    """An alert of a kind joined that it had not had: whoever has it knows only of the others."""

    kind: ClassVar[str] = "incident.worsened"
    alert_id: AlertId


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAcknowledged(IncidentAct):
    """One person's word; where several are required, the last of them makes the incident acknowledged."""

    kind: ClassVar[str] = "incident.acknowledged"
    expires_at: datetime | None = None  # when it counts no more


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentUnacknowledged(IncidentAct):
    """Given back: nobody has it, and it pages again."""

    kind: ClassVar[str] = "incident.unacknowledged"
    by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAcknowledgementExpired(IncidentEvent):
    """The acknowledgement was too long ago: it pages again."""

    kind: ClassVar[str] = "incident.acknowledgement_expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentTakenOver(IncidentAct):
    kind: ClassVar[str] = "incident.taken_over"
    by: UserId
    previous: UserId | None  # whose it was; None: only the sender had acknowledged
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSnoozed(IncidentAct):
    """Acknowledged until then; afterwards it pages again."""

    kind: ClassVar[str] = "incident.snoozed"
    by: UserId
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSnoozeEnded(IncidentEvent):
    kind: ClassVar[str] = "incident.snooze_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentEscalated(IncidentAct):
    """Somebody did not want to wait: `run_id` begins with this step."""

    kind: ClassVar[str] = "incident.escalated"
    by: UserId
    run_id: RunId
    round: int  # counted from 0
    step: int  # counted from 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReassigned(IncidentAct):
    """Given to these people, who are paged under `run_id`, or to another policy, which begins."""

    kind: ClassVar[str] = "incident.reassigned"
    by: UserId
    run_id: RunId
    users: tuple[UserId, ...] = ()
    policy_id: PolicyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRespondersAsked(IncidentAct):
    """These people are asked to help, and paged under `run_id`, whoever has the incident."""

    kind: ClassVar[str] = "incident.responders_asked"
    by: UserId
    run_id: RunId
    users: tuple[UserId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentResponderAccepted(IncidentAct):
    kind: ClassVar[str] = "incident.responder_accepted"
    by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentResponderDeclined(IncidentAct):
    kind: ClassVar[str] = "incident.responder_declined"
    by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentResolved(IncidentAct):
    kind: ClassVar[str] = "incident.resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReopened(IncidentAct):
    """It was not over: it pages again, unless something mutes it."""

    kind: ClassVar[str] = "incident.reopened"
    alert_id: AlertId | None = None  # which fired soon enough for the rule that reopened it
    muted: Mute | None = None  # why nobody is paged


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSeverityChanged(IncidentAct):
    """With the urgency that follows from it."""

    kind: ClassVar[str] = "incident.severity_changed"
    by: UserId
    severity: Severity
    urgency: Urgency
    rises_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentUrgencyRaised(IncidentAct):
    """It wakes people from now on: somebody said so, or support hours began."""

    kind: ClassVar[str] = "incident.urgency_raised"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRetitled(IncidentAct):
    kind: ClassVar[str] = "incident.retitled"
    by: UserId
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAnnotated(IncidentAct):
    """A note. It changes no state, only the timeline."""

    kind: ClassVar[str] = "incident.annotated"
    note: str
