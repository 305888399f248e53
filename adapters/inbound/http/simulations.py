"""What would happen if a service broke. It takes a body, since the question is long; it changes nothing."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Final, NamedTuple, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, post
from litestar.params import JSONBody
from msgspec import Meta

from adapters.inbound.http.body import at as at_place
from adapters.inbound.http.fields import Instant, TimeZone, Version, in_utc
from adapters.inbound.http.incident_bodies import NamedBody
from adapters.inbound.http.policies import PolicyDraftBody
from adapters.inbound.http.schedules import Layers, ShiftSourceBody, layers_of
from application.escalation.policy_draft import PolicyDraft
from application.escalation.simulate import ChangedSchedule, SimulatePaging, SimulationAnswer, Wanted
from application.escalation.simulation import (
    Answer,
    Ending,
    Happening,
    HappeningKind,
    Meant,
    Question,
    SimulatedPage,
)
from application.ports.clock import Clock
from application.ports.readers import IncidentReader
from domain.escalation.policy import Target, TargetKind
from domain.identity.actor import Actor
from domain.notification.contact import Channel
from domain.notification.destination import masked
from domain.oncall.coverage import Source
from domain.shared.ids import DestinationId, IntegrationId, ScheduleId, ServiceId, UserId
from domain.shared.limits import ACKNOWLEDGEMENTS_REQUIRED, LABEL_CHARACTERS, LABELS, SIMULATED_PAGES_SHOWN
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency

type LabelText = Annotated[str, Meta(max_length=LABEL_CHARACTERS)]

_ENDINGS: Final = {
    Ending.ACKNOWLEDGED: "somebody has it",
    Ending.RESOLVED: "the system resolves it as unanswered",
    Ending.EXHAUSTED: "it stays open, and nobody is paged any more",
    Ending.FALL_BACK: "it stays open after the last resort was paged",
    Ending.GOES_ON: "it goes on beyond what is looked at",
    Ending.CUT: "there is more than a simulation follows",
}


class AnswerBody(msgspec.Struct, forbid_unknown_fields=True):
    """This person acknowledges then."""

    user_id: UUID
    at: Instant


class ChangedScheduleBody(msgspec.Struct, forbid_unknown_fields=True):
    """As if the schedule had these layers all the time; its overrides and temporary schedules stay."""

    schedule_id: UUID
    layers: Layers
    time_zone: TimeZone | None = None


class SimulateBody(msgspec.Struct, forbid_unknown_fields=True):
    """A service breaks, or what an integration watches does. Without acknowledgements nobody answers."""

    severity: Severity
    service_id: UUID | None = None
    integration_id: UUID | None = None
    at: Annotated[Instant | None, Meta(description="When it breaks; now without.")] = None
    labels: Annotated[dict[str, LabelText], Meta(max_length=LABELS, description="Of the first alert.")] = {}
    acknowledgements: Annotated[list[AnswerBody], Meta(max_length=ACKNOWLEDGEMENTS_REQUIRED)] = []
    policy: Annotated[PolicyDraftBody | None, Meta(description="As if the service's policy said this.")] = None
    schedule: ChangedScheduleBody | None = None

    def wanted(self, now: datetime) -> Wanted:
        return Wanted(
            question=Question(
                at=now if self.at is None else in_utc(self.at),
                severity=self.severity,
                labels=self.labels,
                answers=tuple(Answer(UserId(each.user_id), in_utc(each.at)) for each in self.acknowledgements),
            ),
            service_id=None if self.service_id is None else ServiceId(self.service_id),
            integration_id=None if self.integration_id is None else IntegrationId(self.integration_id),
            policy=self._policy(),
            schedule=self._schedule(),
        )

    def _policy(self) -> PolicyDraft | None:
        if self.policy is None:
            return None
        with at_place("policy"):
            return self.policy.draft()

    def _schedule(self) -> ChangedSchedule | None:
        if self.schedule is None:
            return None
        with at_place("schedule"):
            layers = layers_of(self.schedule.layers)
        return ChangedSchedule(ScheduleId(self.schedule.schedule_id), layers, self.schedule.time_zone)


class SimulatedTargetBody(msgspec.Struct):
    """What the step names, and, for a schedule, what put the person on call."""

    kind: TargetKind
    id: UUID
    schedule: str | None
    source: ShiftSourceBody | None

    @classmethod
    def of(cls, target: Target, source: Source | None, names: "Names") -> Self:
        schedule = names.schedules.get(ScheduleId(target.id)) if target.kind is TargetKind.SCHEDULE else None
        shown = None if source is None else ShiftSourceBody(source.layer, source.override_id, source.temporary_id)
        return cls(target.kind, target.id, schedule, shown)


class SimulatedPageBody(msgspec.Struct):
    user: NamedBody | None  # null for a destination
    destination: NamedBody | None
    channel: Channel
    address: str
    due_at: datetime
    after_seconds: int  # since it broke
    made_at: datetime  # when its step was reached
    run: int  # counted from 1, as rounds, steps and rules are: it pages anew when an acknowledgement runs out
    round: int
    step: int | None  # null: the last resort
    is_last_resort: bool
    urgency: Urgency
    target: SimulatedTargetBody
    rule: int | None  # null: without a rule for the urgency they are told everywhere at once
    waits_for_morning: bool
    cancelled_at: datetime | None  # it never leaves, since somebody answered first

    @classmethod
    def of(cls, page: SimulatedPage, begins: datetime, names: "Names") -> Self:
        return cls(
            user=None if page.user_id is None else names.user(page.user_id),
            destination=None if page.destination_id is None else names.destination(page.destination_id),
            channel=page.channel,
            address=page.address if page.destination_id is None else masked(page.channel, page.address),
            due_at=page.due_at,
            after_seconds=round((page.due_at - begins).total_seconds()),
            made_at=page.made_at,
            run=page.run + 1,
            round=page.position.round + 1,
            step=None if page.is_last_resort else page.position.step + 1,
            is_last_resort=page.is_last_resort,
            urgency=page.urgency,
            target=SimulatedTargetBody.of(page.target, page.source, names),
            rule=page.rule_position + 1 if page.has_rule else None,
            waits_for_morning=page.waits_for_morning,
            cancelled_at=page.cancelled_at,
        )


class MeantBody(msgspec.Struct):
    user: NamedBody
    is_reachable: bool
    has_answered: bool  # acknowledged already, while others have not, and so is not paged again
    target: SimulatedTargetBody

    @classmethod
    def of(cls, meant: Meant, happening: Happening, names: "Names") -> Self:
        return cls(
            user=names.user(meant.user_id),
            is_reachable=meant.user_id not in happening.unreachable,
            has_answered=meant.user_id in happening.answered,
            target=SimulatedTargetBody.of(meant.target, meant.source, names),
        )


class HappeningBody(msgspec.Struct):
    at: datetime
    kind: HappeningKind
    run: int
    round: int | None
    step: int | None
    told: list[MeantBody]
    destinations: list[NamedBody]  # what is told beside people
    by: NamedBody | None
    detail: str

    @classmethod
    def of(cls, happening: Happening, names: "Names") -> Self:
        position = happening.position
        is_step = position is not None and happening.kind is not HappeningKind.FALL_BACK
        return cls(
            at=happening.at,
            kind=happening.kind,
            run=happening.run + 1,
            round=None if position is None else position.round + 1,
            step=position.step + 1 if is_step and position is not None else None,
            told=[MeantBody.of(each, happening, names) for each in happening.told],
            destinations=[names.destination(each) for each in happening.destinations],
            by=None if happening.user_id is None else names.user(happening.user_id),
            detail=happening.detail,
        )


class MovedPageBody(msgspec.Struct):
    before: SimulatedPageBody
    after: SimulatedPageBody


class PagingDifferenceBody(msgspec.Struct):
    """What the change does to the pages that leave."""

    added: list[SimulatedPageBody]
    removed: list[SimulatedPageBody]
    moved: list[MovedPageBody]
    more: int  # beyond those


class SimulationBody(msgspec.Struct):
    """Everything that would happen within a week, oldest first; pages by when they are due."""

    service: NamedBody
    policy: NamedBody
    policy_version: Version
    at: datetime
    severity: Severity
    urgency: Urgency
    pages: Annotated[list[SimulatedPageBody], Meta(description=f"The first {SIMULATED_PAGES_SHOWN}.")]
    more_pages: int
    happenings: Annotated[list[HappeningBody], Meta(description=f"The first {SIMULATED_PAGES_SHOWN}.")]
    more_happenings: int
    ending: Ending
    ending_text: str
    unreachable: list[NamedBody]  # meant at some time, and no page would reach them
    difference: PagingDifferenceBody | None  # to what holds now; null: nothing was to be changed

    @classmethod
    def of(cls, answer: SimulationAnswer, names: "Names") -> Self:
        simulation, begins = answer.simulation, answer.simulation.question.at
        pages, happenings = simulation.pages, simulation.happenings
        return cls(
            service=NamedBody(answer.service.id, answer.service.name),
            policy=NamedBody(simulation.policy.id, simulation.policy.name),
            policy_version=simulation.policy.version,
            at=begins,
            severity=simulation.question.severity,
            urgency=simulation.urgency,
            pages=[SimulatedPageBody.of(page, begins, names) for page in pages[:SIMULATED_PAGES_SHOWN]],
            more_pages=max(0, len(pages) - SIMULATED_PAGES_SHOWN),
            happenings=[HappeningBody.of(each, names) for each in happenings[:SIMULATED_PAGES_SHOWN]],
            more_happenings=max(0, len(happenings) - SIMULATED_PAGES_SHOWN),
            ending=simulation.ending,
            ending_text=_ENDINGS[simulation.ending],
            unreachable=[names.user(user_id) for user_id in simulation.unreachable],
            difference=_difference(answer, begins, names),
        )


class Names(NamedTuple):
    users: Mapping[UserId, str]
    schedules: Mapping[ScheduleId, str]
    destinations: Mapping[DestinationId, str]

    def destination(self, destination_id: DestinationId) -> NamedBody:
        return NamedBody(destination_id, self.destinations.get(destination_id, ""))

    def user(self, user_id: UserId) -> NamedBody:
        return NamedBody(user_id, self.users.get(user_id, ""))


class SimulationController(Controller):
    path = "/v1/simulations"
    tags = ("simulations",)

    @post("/", status_code=200)
    async def simulate(
        self,
        data: JSONBody[SimulateBody],
        simulate_paging: FromDishka[SimulatePaging],
        reader: FromDishka[IncidentReader],
        clock: FromDishka[Clock],
        actor: FromDishka[Actor],
    ) -> SimulationBody:
        """Whom a service would page, when, how and why. With a changed policy or schedule also what that changes.

        Nothing is stored, and nobody is told.
        """
        answer = await simulate_paging(data.wanted(clock.now()), actor=actor)
        users = await reader.user_names(set(_people_in(answer)))
        destinations = {each.id: each.name for each in answer.destinations.values()}
        return SimulationBody.of(answer, Names(users, answer.schedule_names, destinations))


def _difference(answer: SimulationAnswer, begins: datetime, names: Names) -> PagingDifferenceBody | None:
    if answer.difference is None:
        return None
    added, removed, moved = answer.difference.added, answer.difference.removed, answer.difference.moved
    most = SIMULATED_PAGES_SHOWN

    def shown(page: SimulatedPage) -> SimulatedPageBody:
        return SimulatedPageBody.of(page, begins, names)

    return PagingDifferenceBody(
        added=[shown(page) for page in added[:most]],
        removed=[shown(page) for page in removed[:most]],
        moved=[MovedPageBody(shown(each.before), shown(each.after)) for each in moved[:most]],
        more=sum(max(0, len(each) - most) for each in (added, removed, moved)),
    )


def _people_in(answer: SimulationAnswer) -> Iterator[UserId]:
    yield from (page.user_id for page in answer.simulation.pages if page.user_id is not None)
    for happening in answer.simulation.happenings:
        yield from (each.user_id for each in happening.told)
        if happening.user_id is not None:
            yield happening.user_id
    if answer.difference is not None:
        yield from (page.user_id for page in answer.difference.removed if page.user_id is not None)
