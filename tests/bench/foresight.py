"""A simulation, and a proof, of a policy of 5 steps over schedules of 4 layers: what is decided, without storage."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from time import process_time
from typing import Final
from uuid import UUID

from application.escalation.prove import Facts, proof
from application.escalation.simulation import Question, Setting, simulate
from application.ports.directory import Reachability
from application.ports.schedule_history import KnownSchedule
from domain.escalation.policy import EscalationPolicy, Step, Target, TargetKind
from domain.notification.contact import Channel, Contact
from domain.oncall.history import History, ScheduleVersion, Timeline, as_known
from domain.oncall.schedule import Schedule
from domain.service.service import Service
from domain.shared.ids import ContactId, PolicyId, ScheduleId, ServiceId, TeamId, UserId
from domain.shared.interval import Interval
from domain.shared.severity import Severity
from tests.bench import oncall
from tests.bench.report import Figure, at_most
from tests.bench.world import TEAM

STEPS: Final = 5
LAYERS: Final = 4
WEEKS: Final = 8
ROUNDS: Final = 9
WITHIN: Final = timedelta(minutes=30)
START: Final = datetime(2026, 3, 2, tzinfo=UTC)


def measure() -> list[Figure]:
    known = {each.schedule.id: _known(each) for each in map(_version, range(STEPS))}
    timelines = {schedule_id: as_known(each.history) for schedule_id, each in known.items()}
    policy = _policy(list(known))
    people = {person: _reachable(person) for person in oncall.PEOPLE}
    setting = _setting(policy, timelines, people)
    targets = {target for step in policy.steps for target in step.targets}
    facts = Facts(targets, (), known, timelines, {}, frozenset(people), people)
    interval = Interval(start=START, end=START + timedelta(weeks=WEEKS))
    question = Question(at=START, severity=Severity.SEV1)
    shape = f"{STEPS} steps, schedules of {LAYERS} layers, CPU"
    return [
        at_most(f"a simulation, {shape}", 100, 1000 * _taken(lambda: simulate(setting, question)), "ms"),
        at_most(
            f"a proof of {WEEKS} weeks, {shape}",
            1000,
            1000 * _taken(lambda: proof(policy, facts, interval=interval, within=WITHIN)),
            "ms",
        ),
    ]


def _version(number: int) -> ScheduleVersion:
    schedule = oncall.a_schedule(number)
    cut = Schedule(
        id=schedule.id,
        team_id=schedule.team_id,
        name=schedule.name,
        time_zone=schedule.time_zone,
        layers=schedule.layers[:LAYERS],
        version=1,
    )
    return ScheduleVersion(schedule=cut, effective_at=oncall.START, known_at=oncall.START)


def _known(version: ScheduleVersion) -> KnownSchedule:
    return KnownSchedule(version.schedule.id, version.schedule.name, History(versions=(version,)))


def _policy(schedule_ids: list[ScheduleId]) -> EscalationPolicy:
    """Each step asks a schedule of its own, and two rounds follow the first."""
    steps = (
        Step(targets=(Target(kind=TargetKind.SCHEDULE, id=each),), delay=timedelta(minutes=5)) for each in schedule_ids
    )
    return EscalationPolicy(
        id=PolicyId(UUID(int=1)), team_id=TeamId(TEAM), name="five steps", steps=tuple(steps), repeats=2
    )


def _reachable(person: UserId) -> Reachability:
    contact = Contact(id=ContactId(person), user_id=person, channel=Channel.EMAIL, address=f"{person.int}@example.test")
    return Reachability(user_id=person, contacts=(contact,), rules=())


def _setting(
    policy: EscalationPolicy, timelines: dict[ScheduleId, Timeline], people: dict[UserId, Reachability]
) -> Setting:
    service = Service(id=ServiceId(UUID(int=1)), team_id=policy.team_id, policy_id=policy.id, name="checkout")
    return Setting(service=service, policy=policy, schedules=timelines, members={}, people=people)


def _taken(act: Callable[[], object]) -> float:
    """The median of some rounds, after one that warms up."""
    act()
    taken = []
    for _ in range(ROUNDS):
        before = process_time()
        act()
        taken.append(process_time() - before)
    return median(taken)
