from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from typing import NamedTuple

from application.authorize import require
from application.errors import NotFoundError
from application.escalation.meant import meant_at_some_time, users_in
from application.escalation.policy_draft import PolicyDraft, placed_at
from application.escalation.policy_references import references_of, require_fall_back
from application.escalation.simulation import (
    HORIZON,
    Question,
    Setting,
    SimulatedPage,
    Simulation,
    simulate,
    turn_keys,
)
from application.oncall.schedule_references import user_at
from application.ports.destinations import DestinationRepository
from application.ports.directory import Directory
from application.ports.escalations import StepTurns
from application.ports.fall_backs import FallBackRepository
from application.ports.integrations import IntegrationRepository
from application.ports.policies import PolicyRepository
from application.ports.references import References
from application.ports.schedule_history import KnownSchedule, ScheduleHistory
from application.ports.services import ServiceRepository
from application.references import NamedReference, require_known
from domain.escalation.policy import DESTINATIONS, EscalationPolicy, Target, TargetKind, WhenExhausted
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.notification.contact import Channel
from domain.notification.destination import Destination
from domain.oncall.history import Timeline, as_known
from domain.oncall.layer import Layer
from domain.service.service import Service
from domain.shared.errors import InvalidValueError
from domain.shared.ids import DestinationId, IntegrationId, ScheduleId, ServiceId, TeamId, UserId
from domain.shared.interval import Interval
from domain.shared.limits import ACKNOWLEDGEMENTS_REQUIRED, LABELS
from domain.shared.local_time import require_instant


class ChangedSchedule(NamedTuple):
    """A schedule with other layers, all the time that is looked at; its overrides stay."""

    schedule_id: ScheduleId
    layers: tuple[Layer, ...]
    time_zone: str | None = None  # None: as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks: of a service, or of the one behind an integration; perhaps with something changed.

    `policy` is what the service's policy would say, and `schedule` says how one schedule would be.
    """

    question: Question
    service_id: ServiceId | None = None
    integration_id: IntegrationId | None = None
    policy: PolicyDraft | None = None
    schedule: ChangedSchedule | None = None


class Moved(NamedTuple):
    """Who is paged is paged at another time."""

    before: SimulatedPage
    after: SimulatedPage


@dataclass(frozen=True, slots=True, kw_only=True)
class PagingDifference:
    """What a change does to the pages that leave. The same contact's pages are told apart by their times alone."""

    added: tuple[SimulatedPage, ...]
    removed: tuple[SimulatedPage, ...]
    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationAnswer:
    """What would happen, with the change if there is one; and then also how that differs from today."""

    service: Service
    simulation: Simulation
    schedule_names: Mapping[ScheduleId, str]  # of those that are asked on the way
    difference: PagingDifference | None = None
    destinations: Mapping[DestinationId, Destination] = field(default_factory=dict)  # that may be told on the way


@dataclass(frozen=True, slots=True)
class SimulatePaging:
    """Whom a service would page, when and why, if it broke at some time. Nothing is stored, and nobody is told.

    Policies, people and teams are taken as they are now, and schedules as they are known now. It costs the same few
    statements however long the policy is.
    """

    services: ServiceRepository
    integrations: IntegrationRepository
    policies: PolicyRepository
    history: ScheduleHistory
    directory: Directory
    fall_backs: FallBackRepository
    turns: StepTurns
    destinations: DestinationRepository
    references: References

    async def __call__(self, wanted: Wanted, *, actor: Actor) -> SimulationAnswer:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`."""
        require(actor, Permission.READ)
        _require_sensible(wanted.question)
        service = await self.services.look_up(await self._service_id(wanted))
        policy = await self.policies.look_up(service.policy_id)
        drafted = await self._drafted(wanted, policy)
        schedules, setting = await self._setting(service, policy, drafted, wanted)
        await self._require_known(wanted, setting)
        names = {each.id: each.name for each in schedules.values()}
        today = simulate(setting, wanted.question)
        if drafted is None and wanted.schedule is None:
            return SimulationAnswer(
                service=service, simulation=today, schedule_names=names, destinations=setting.destinations
            )
        changed = simulate(_changed(setting, drafted, wanted.schedule), wanted.question)
        return SimulationAnswer(
            service=service,
            simulation=changed,
            schedule_names=names,
            destinations=setting.destinations,
            difference=difference(today.pages, changed.pages),
        )

    async def _service_id(self, wanted: Wanted) -> ServiceId:
        if (wanted.service_id is None) == (wanted.integration_id is None):
            raise InvalidValueError("service_id", "name either a service_id or an integration_id")
        if wanted.service_id is not None:
            return wanted.service_id
        assert wanted.integration_id is not None
        return (await self.integrations.look_up(wanted.integration_id)).service_id

    async def _drafted(self, wanted: Wanted, policy: EscalationPolicy) -> EscalationPolicy | None:
        if wanted.policy is None:
            return None
        with placed_at("policy"):
            drafted = wanted.policy.instead_of(policy)
            await require_known(self.references, references_of(drafted), before=references_of(policy))
            await require_fall_back(self.fall_backs, drafted)
            return drafted

    async def _require_known(self, wanted: Wanted, setting: Setting) -> None:
        named = [
            user_at(f"acknowledgements[{place}].user_id", each.user_id)
            for place, each in enumerate(wanted.question.answers)
        ]
        before: list[NamedReference] = []
        if wanted.schedule is not None:
            named += [user_at("schedule.layers", user_id) for user_id in users_in(wanted.schedule.layers)]
            for phase in setting.schedules[wanted.schedule.schedule_id].phases:
                before += [user_at("schedule.layers", user_id) for user_id in users_in(phase.schedule.layers)]
        await require_known(self.references, named, before=before)

    async def _setting(
        self, service: Service, policy: EscalationPolicy, drafted: EscalationPolicy | None, wanted: Wanted
    ) -> tuple[Mapping[ScheduleId, KnownSchedule], Setting]:
        """All that today's policy and the changed one may ask for."""
        policies = [policy] if drafted is None else [policy, drafted]
        teams = {each.team_id for each in policies if each.when_exhausted is WhenExhausted.FALL_BACK}
        fall_backs = await self.fall_backs.effective(teams) if teams else {}
        targets = {target for each in policies for step in each.steps for target in step.targets}
        targets |= {target for each in fall_backs.values() for target in each.targets}
        found = await self._schedules(targets, wanted)
        schedules = {schedule_id: as_known(each.history) for schedule_id, each in found.items()}
        members = await self.directory.team_members(
            {TeamId(target.id) for target in targets if target.kind is TargetKind.TEAM}
        )
        layers = () if wanted.schedule is None else wanted.schedule.layers
        people = set(meant_at_some_time(targets, schedules, members, layers))
        turns = await self.turns.upcoming({key for each in policies for key in turn_keys(each)})
        return found, Setting(
            service=service,
            policy=policy,
            schedules=schedules,
            members=members,
            people=await self.directory.reachability(people),
            fall_backs={team_id: each.targets for team_id, each in fall_backs.items()},
            turns={key.step: turn for key, turn in turns.items()},
            destinations=await self.destinations.get_many(
                {DestinationId(target.id) for target in targets if target.kind in DESTINATIONS}
            ),
        )

    async def _schedules(self, targets: Collection[Target], wanted: Wanted) -> Mapping[ScheduleId, KnownSchedule]:
        at = wanted.question.at.astimezone(UTC)
        named = {ScheduleId(target.id) for target in targets if target.kind is TargetKind.SCHEDULE}
        if wanted.schedule is not None:
            named.add(wanted.schedule.schedule_id)
        found = await self.history.of(named, Interval(start=at, end=at + HORIZON + timedelta.resolution))
        if wanted.schedule is not None and wanted.schedule.schedule_id not in found:
            raise NotFoundError("schedule", wanted.schedule.schedule_id)
        return found


def difference(before: Sequence[SimulatedPage], after: Sequence[SimulatedPage]) -> PagingDifference:
    """What leaves only after, only before, and what leaves at another time, each by when it is due."""
    removed, added = _without(_leaving(before), _leaving(after)), _without(_leaving(after), _leaving(before))
    waiting: dict[_Contact, list[SimulatedPage]] = defaultdict(list)
    for page in added:
        waiting[_contact(page)].append(page)
    moved: list[Moved] = []
    gone: list[SimulatedPage] = []
    for page in removed:
        candidates = waiting[_contact(page)]
        if candidates:
            moved.append(Moved(page, candidates.pop(0)))
        else:
            gone.append(page)
    left = sorted((page for pages in waiting.values() for page in pages), key=lambda page: page.due_at)
    return PagingDifference(added=tuple(left), removed=tuple(gone), moved=tuple(moved))


type _Contact = tuple[UserId | DestinationId | None, Channel, str]


def _contact(page: SimulatedPage) -> _Contact:
    return page.user_id or page.destination_id, page.channel, page.address


def _leaving(pages: Iterable[SimulatedPage]) -> list[SimulatedPage]:
    return [page for page in pages if page.cancelled_at is None]


def _without(pages: Iterable[SimulatedPage], others: Iterable[SimulatedPage]) -> list[SimulatedPage]:
    """Those that have no like among the others: one for the same contact at the same time."""
    alike = Counter((_contact(page), page.due_at) for page in others)
    left = []
    for page in pages:
        key = (_contact(page), page.due_at)
        if alike[key]:
            alike[key] -= 1
        else:
            left.append(page)
    return left


def _changed(setting: Setting, policy: EscalationPolicy | None, schedule: ChangedSchedule | None) -> Setting:
    changed = setting if policy is None else replace(setting, policy=policy)
    if schedule is None:
        return changed
    schedule_id, layers, time_zone = schedule
    phases = tuple(
        phase._replace(schedule=replace(phase.schedule, layers=layers, time_zone=time_zone or phase.schedule.time_zone))
        for phase in setting.schedules[schedule_id].phases
    )
    return replace(changed, schedules={**setting.schedules, schedule_id: Timeline(phases=phases)})


def _require_sensible(question: Question) -> None:
    require_instant("at", question.at)
    require_instant("at", question.at + HORIZON)
    if len(question.labels) > LABELS:
        raise InvalidValueError("labels", f"has {len(question.labels)} entries, allowed are {LABELS}")
    if len(question.answers) > ACKNOWLEDGEMENTS_REQUIRED:
        reason = f"has {len(question.answers)} entries, allowed are {ACKNOWLEDGEMENTS_REQUIRED}"
        raise InvalidValueError("acknowledgements", reason)
    for place, answer in enumerate(question.answers):
        require_instant(f"acknowledgements[{place}].at", answer.at)
        if answer.at < question.at:
            raise InvalidValueError(f"acknowledgements[{place}].at", "must not be before it breaks")
