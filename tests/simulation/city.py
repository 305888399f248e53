"""Teams, rotations and policies by chance: no two seeds have the same."""

from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from domain.escalation.policy import EscalationPolicy, Step, StepMode, Target, WhenExhausted
from domain.identity.team import Team
from domain.notification.contact import Channel, Contact
from domain.notification.rule import NotificationRule
from domain.oncall.layer import Layer
from domain.oncall.rotation import RotationUnit
from domain.oncall.schedule import Schedule
from domain.service.service import UrgencyRule
from domain.shared.group_window import GroupWindow, WindowKind
from domain.shared.ids import IntegrationId, PolicyId, ScheduleId, ServiceId, UserId
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from tests.support.builders import (
    CREW,
    Town,
    a_channel,
    a_contact,
    a_policy,
    a_rule,
    a_service,
    a_step,
    a_user,
    an_integration,
    office_hours,
    only_for,
    to_channel,
    to_schedule,
    to_team,
    to_user,
)
from tests.support.oncall import a_layer

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


def a_city(chance: Random, start: datetime) -> Town:
    people = [UserId(UUID(int=number)) for number in range(1, chance.randint(4, 7))]
    contacts = [
        a_contact(user_id, channel)
        for user_id in people
        for channel in chance.sample(tuple(Channel), k=chance.randint(0 if chance.random() < 0.1 else 1, 2))
    ]
    schedules = tuple(_schedule(number, people, chance, start) for number in range(1, 3))
    targets = [
        to_team(),
        to_channel(),
        *(to_schedule(each.id) for each in schedules),
        *(to_user(user_id) for user_id in people),
    ]
    policies = tuple(_policy(PolicyId(UUID(int=300 + number)), targets, chance) for number in range(1, 4))
    services = tuple(
        a_service(
            ServiceId(UUID(int=400 + number)),
            chance.choice(policies).id,
            urgency_rule=chance.choice(tuple(UrgencyRule)),
            tier=chance.choice((None, 1, 4)),
            support_hours=office_hours(),
            acknowledgements_required=chance.choice((1, 1, 2)),
        )
        for number in range(1, 4)
    )
    return Town(
        users=tuple(a_user(user_id, is_active=chance.random() < 0.9) for user_id in people),
        contacts=tuple(contacts),
        rules={user_id: _rules([each for each in contacts if each.user_id == user_id], chance) for user_id in people},
        teams=(Team(id=CREW, name="Crew", member_ids=tuple(chance.sample(people, k=chance.randint(1, 3)))),),
        schedules=schedules,
        policies=policies,
        services=services,
        destinations=(a_channel(),),
        integrations=tuple(
            an_integration(
                IntegrationId(UUID(int=500 + number)), chance.choice(services).id, group_window=_window(chance)
            )
            for number in range(1, 5)
        ),
    )


def _window(chance: Random) -> GroupWindow | None:
    """Short enough for its end to come while people are at it."""
    kind = chance.choice((None, *WindowKind))
    return None if kind is None else GroupWindow(kind=kind, seconds=chance.choice((120, 600, 3_600)))


def another_version(policy: EscalationPolicy, town: Town, chance: Random) -> EscalationPolicy:
    """What a manager makes of it."""
    targets = [to_team(), to_channel(), *(to_user(user.id) for user in town.users)]
    return _policy(policy.id, targets, chance, version=policy.version)


def _policy(policy_id: PolicyId, targets: list[Target], chance: Random, *, version: int = 0) -> EscalationPolicy:
    steps = [_step(targets, chance) for _ in range(chance.randint(1, 3))]
    return a_policy(
        *steps,
        policy_id=policy_id,
        repeats=chance.randint(0, 2),
        repeat_from=chance.randrange(len(steps)),
        when_exhausted=chance.choice((WhenExhausted.STAY, WhenExhausted.STAY, WhenExhausted.RESOLVE)),
        version=version,
    )


def _step(targets: list[Target], chance: Random) -> Step:
    """One in three asks for a severity."""
    return a_step(
        *chance.sample(targets, k=chance.randint(1, 2)),
        delay=timedelta(seconds=chance.choice((5, 60, 300, 900))),
        mode=chance.choice(tuple(StepMode)),
        condition=chance.choice((None, None, only_for(*chance.sample(tuple(Severity), k=2)))),
    )


def _schedule(number: int, people: list[UserId], chance: Random, start: datetime) -> Schedule:
    """Handoffs every hour or two, so that some come during an escalation; sometimes nobody is on call yet."""
    return Schedule(
        id=ScheduleId(UUID(int=200 + number)),
        team_id=CREW,
        name=f"Rota {number}",
        time_zone=chance.choice(ZONES),
        layers=some_layers(people, chance, start),
    )


def some_layers(people: list[UserId], chance: Random, start: datetime) -> tuple[Layer, ...]:
    """One, of whoever takes turns in it."""
    starts = start.replace(tzinfo=None, microsecond=0) - timedelta(hours=chance.randint(-30, 50))
    layer = a_layer(
        *chance.sample(people, k=chance.randint(1, len(people))),
        starts=starts.isoformat(),
        unit=RotationUnit.HOUR,
        length=chance.randint(1, 2),
    )
    return (layer,)


def _rules(contacts: list[Contact], chance: Random) -> tuple[NotificationRule, ...]:
    if not contacts:
        return ()
    return tuple(
        a_rule(
            chance.choice(contacts),
            after=timedelta(seconds=chance.choice((0, 0, 30, 120, 600))),
            position=position,
            urgency=chance.choice(tuple(Urgency)),
        )
        for position in range(chance.randint(0, 3))
    )
