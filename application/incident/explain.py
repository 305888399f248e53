from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from application.authorize import require
from application.errors import NotFoundError
from application.incident.events import events_of
from application.incident.explanation import Explanation, Facts, explain
from application.incident.timeline import destinations_in, people_in
from application.ports.clock import Clock
from application.ports.covers import CoverRepository
from application.ports.destinations import DestinationRepository
from application.ports.directory import Directory
from application.ports.escalations import PolicyVersions, RunRepository
from application.ports.event_log import EventLog
from application.ports.readers import (
    AuditReader,
    DeliveryRecord,
    IncidentDetail,
    IncidentReader,
    IncidentRef,
    NewestFirst,
    OldestFirst,
)
from application.ports.schedule_history import ScheduleHistory
from application.ports.services import ServiceRepository
from domain.alert.alert import Alert
from domain.escalation.events import EscalationStepReached, EscalationStepSkipped
from domain.escalation.policy import EscalationPolicy, Target, TargetKind
from domain.escalation.run import EscalationRun
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.incident.events import IncidentTriggered
from domain.oncall.history import Timeline, as_known
from domain.oncall.override import Override
from domain.shared.event import DomainEvent
from domain.shared.ids import DestinationId, IncidentId, PolicyId, RunId, ScheduleId, TeamId, UserId
from domain.shared.interval import Interval
from domain.shared.limits import EXPLAINED_INSTANTS, EXPLAINED_PAGES, PAGE_LIMIT

_REACHABILITY_WAS_SET: Final = "user.set_reachability"

type Policies = Mapping[tuple[PolicyId, int], EscalationPolicy]
# Those that a sender's first batch brought come before it at most.
_FIRST_ALERTS: Final = 10

type StepFact = EscalationStepReached | EscalationStepSkipped


class Names(NamedTuple):
    users: Mapping[UserId, str]
    schedules: Mapping[ScheduleId, str]
    destinations: Mapping[DestinationId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationAnswer:
    """Why, with the names of everybody and everything in it. `has_more`: there are more pages than are explained."""

    user_id: UserId
    incident: IncidentDetail
    facts: Facts
    explanation: Explanation
    names: Names
    has_more: bool


class _Steps(NamedTuple):
    runs: Mapping[RunId, EscalationRun]
    policies: Policies

    def schedules_of(self, event: StepFact) -> set[ScheduleId]:
        run = self.runs.get(event.run_id)
        policy = None if run is None else self.policies.get((run.policy_id, run.policy_version))
        targets = () if policy is None else policy.steps[event.step].targets
        return {ScheduleId(target.id) for target in targets if target.kind is TargetKind.SCHEDULE}


@dataclass(frozen=True, slots=True)
class ExplainIncident:
    """Somebody asks why a person was paged for an incident, or why not.

    Only what is stored answers, and of schedules what was known when a step was reached. Nothing is held or changed.
    """

    incidents: IncidentReader
    services: ServiceRepository
    runs: RunRepository
    policies: PolicyVersions
    history: ScheduleHistory
    covers: CoverRepository
    directory: Directory
    destinations: DestinationRepository
    audit: AuditReader
    log: EventLog
    clock: Clock

    async def __call__(self, ref: IncidentRef, *, user_id: UserId | None = None, actor: Actor) -> ExplanationAnswer:
        """For the actor, when it is not said for whom. Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        asked = actor.user_id if user_id is None else user_id
        incident = await self.incidents.get(ref)
        incident_id = IncidentId(incident.summary.id)
        # Events before pages: whatever a step made is there when its event is.
        events = await events_of(self.log, incident_id)
        runs = await self.runs.of_incident(incident_id)
        pages = await self.incidents.pages_to(incident_id, asked, limit=EXPLAINED_PAGES)
        policies = await self.policies.get_many({(run.policy_id, run.policy_version) for run in runs})
        at = self.clock.now()
        steps = [each for each in events if isinstance(each, EscalationStepReached | EscalationStepSkipped)]
        course = _Steps({run.id: run for run in runs}, policies)
        schedules, schedule_names = await self._schedules(_instants(steps, course, pages.items, at))
        people = await self.directory.reachability({asked})
        facts = Facts(
            user_id=asked,
            at=at,
            service=await self.services.look_up(incident.summary.service_id),
            alert=await self._first_alert(incident_id, events),
            events=tuple(events),
            runs=runs,
            policies=policies,
            pages=pages.items,
            person=people.get(asked),
            reachable_so_since=await self._reachable_so_since(asked),
            team_ids=await self._teams_of(asked, policies.values()),
            schedules=schedules,
            covers=await self.covers.of_overrides({each.id for each in _overrides(schedules.values())}),
        )
        explanation = explain(facts)
        users = await self.incidents.user_names(
            {asked, *(each for event in events for each in people_in(event)), *_replaced(schedules.values())}
        )
        if asked not in users:
            raise NotFoundError("user", asked)
        destinations = await self.destinations.get_many({each for event in events for each in destinations_in(event)})
        return ExplanationAnswer(
            user_id=asked,
            incident=incident,
            facts=facts,
            explanation=explanation,
            names=Names(users, schedule_names, {each.id: each.name for each in destinations.values()}),
            has_more=pages.has_more,
        )

    async def _schedules(
        self, asked: Mapping[datetime, Collection[ScheduleId]]
    ) -> tuple[Mapping[tuple[ScheduleId, datetime], Timeline], Mapping[ScheduleId, str]]:
        """What was known of schedules at each of the instants, of those that exist, and their present names."""
        timelines: dict[tuple[ScheduleId, datetime], Timeline] = {}
        names: dict[ScheduleId, str] = {}
        for when, schedule_ids in asked.items():
            if not schedule_ids:
                continue
            instant = Interval(start=when, end=when + timedelta.resolution)
            found = await self.history.of(schedule_ids, instant, known_at=when)
            timelines |= {(each.id, when): as_known(each.history, when) for each in found.values()}
            names |= {each.id: each.name for each in found.values()}
        return timelines, names

    async def _first_alert(self, incident_id: IncidentId, events: Sequence[DomainEvent]) -> Alert | None:
        """The one that it began with. Alerts are in the order of their ids, and so of their time."""
        began_with = next((each.alert_id for each in events if isinstance(each, IncidentTriggered)), None)
        if began_with is None:
            return None
        page = await self.incidents.alerts(incident_id, OldestFirst(limit=_FIRST_ALERTS))
        return next((each for each in page.items if each.id == began_with), None)

    async def _teams_of(self, user_id: UserId, policies: Collection[EscalationPolicy]) -> frozenset[TeamId]:
        named = {TeamId(target.id) for target in _targets_of(policies, TargetKind.TEAM)}
        members = await self.directory.team_members(named) if named else {}
        return frozenset(team_id for team_id, user_ids in members.items() if user_id in user_ids)

    async def _reachable_so_since(self, user_id: UserId) -> datetime | None:
        """When they last said how they are reached; when that is too long ago to be looked for, the oldest entry."""
        page = await self.audit.list(NewestFirst(limit=PAGE_LIMIT), noun_id=user_id)
        entries = [each.entry for each in page.items]
        said = next((each for each in entries if each.action == _REACHABILITY_WAS_SET), None)
        if said is None and page.has_more:
            said = entries[-1]
        return None if said is None else said.at


def _instants(
    steps: Sequence[StepFact], course: _Steps, pages: Sequence[DeliveryRecord], at: datetime
) -> Mapping[datetime, Collection[ScheduleId]]:
    """Which schedules are asked of when: those of the steps that paged; without any those of all steps, and of now."""
    keys = {(page.run_id, page.round, page.step) for page in (each.notification for each in pages)}
    wanted = [each for each in steps if not keys or (each.run_id, each.round, each.step) in keys]
    instants: dict[datetime, set[ScheduleId]] = {}
    for event in wanted:
        schedules = course.schedules_of(event)
        if schedules and (event.at in instants or len(instants) < EXPLAINED_INSTANTS):
            instants.setdefault(event.at, set()).update(schedules)
    if not keys:
        named = {ScheduleId(target.id) for target in _targets_of(course.policies.values(), TargetKind.SCHEDULE)}
        instants.setdefault(at, set()).update(named)
    return instants


def _targets_of(policies: Iterable[EscalationPolicy], kind: TargetKind) -> Iterator[Target]:
    for policy in policies:
        for step in policy.steps:
            yield from (target for target in step.targets if target.kind is kind)


def _replaced(timelines: Iterable[Timeline]) -> Iterator[UserId]:
    """In whose place somebody may have been on call."""
    return (each.replaces for each in _overrides(timelines) if each.replaces is not None)


def _overrides(timelines: Iterable[Timeline]) -> Iterator[Override]:
    return (each for timeline in timelines for phase in timeline.phases for each in phase.schedule.overrides)
