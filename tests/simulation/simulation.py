"""The whole core in virtual time: processes, senders, people and channels, interleaved and broken by one seed.

Two phases. While there are faults, nothing unsafe may happen at any step. When they have ended, everything settles.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, Protocol
from uuid import UUID

from dishka import AsyncContainer

from adapters.outbound.memory.database import MemoryDatabase
from adapters.outbound.system.clock import ManualClock
from application.alert.ingest import IngestEvents
from application.errors import ApplicationError, ConflictError
from application.escalation.advance import AdvanceEscalations
from application.escalation.watch import CountStalled
from application.incident.accept_request import AcceptRequest
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.act import ActOnIncidents, Escalate, PlainAct, Snooze
from application.incident.advance import AdvanceIncidents
from application.incident.annotate import AnnotateIncident
from application.incident.ask_responders import AskResponders
from application.incident.escalate import EscalateIncident
from application.incident.explain import ExplainIncident
from application.incident.raise_urgency import RaiseUrgency
from application.incident.reassign import ReassignIncident
from application.incident.reopen import ReopenIncident
from application.incident.resolve import ResolveIncident
from application.incident.snooze import SnoozeIncident
from application.incident.take_over import TakeOverIncident
from application.incident.trigger import TriggerIncident
from application.incident.unacknowledge import UnacknowledgeIncident
from application.notification.deliver import DeliverNotification
from application.notification.lease import Bundle, LeaseNotifications
from application.oncall.expire_covers import ExpireCoverRequests
from application.ports.errors import TransientPortError
from application.ports.notifier import Delivery, Message, NoticeMessage, Notifier, Notifiers, Outcome
from application.ports.readers import IncidentRef
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.identity.actor import Actor
from domain.incident.incident import Incident
from domain.notification.contact import Channel
from domain.shared.errors import DomainError, IllegalTransitionError, InvalidValueError
from domain.shared.ids import IncidentId, IntegrationId
from domain.shared.severity import Severity
from entrypoints.wired import UseCase
from tests.simulation.city import ZONES, a_city, another_version
from tests.simulation.laws import RECOVERY, BrokenPromiseError, Send, Watch, require, settled
from tests.simulation.planning import Planning
from tests.simulation.scheduler import Scheduler, pause, run
from tests.support.builders import Town, an_actor, an_event
from tests.support.oncall import clock_changes
from tests.support.world import IN_MEMORY, Crash, Gate, Point, Ports, core_container, received

START: Final = datetime(2026, 11, 23, 6, tzinfo=UTC)
POLL: Final = timedelta(seconds=60)  # rare, so that a lost hint is felt
TRACE_LINES: Final = 80
# Enough for every run of every incident to be exhausted, in all the rounds that a city can have.
CALM_STEPS_PER_STEP: Final = 60
CALM_STEPS_LEAST: Final = 20_000

OUTAGE: Final = 0.3  # how often all workers are gone for an hour
NO_INCIDENT: Final = IncidentId(UUID(int=0))

# What needs nothing but the incident.
ACTS: Final = (UnacknowledgeIncident, TakeOverIncident, ReopenIncident, EscalateIncident, RaiseUrgency, AcceptRequest)


class HasDeadlines(Protocol):
    async def earliest_deadline(self) -> datetime | None: ...


# A worker's other loops, each with what it waits for.
LOOPS: Final[Mapping[str, tuple[type[UseCase[..., int]], Callable[[Ports], HasDeadlines]]]] = {
    "incidents": (AdvanceIncidents, lambda ports: ports.incidents),
    "covers": (ExpireCoverRequests, lambda ports: ports.covers),
}

type Events = Sequence[tuple[IntegrationId, AlertEvent]]


class SimulationError(AssertionError):
    """A promise was broken. The message has all that is needed to see it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often what goes wrong, each from 0 to 1."""

    crash: float = 0.0  # at each point
    storage: float = 0.0  # before a transaction, before its commit, and after it when nobody hears
    hint: float = 0.0  # that is lost
    channel: float = 0.0  # that does anything but deliver
    sleep: float = 0.0  # of a process, longer than a lease


CALM: Final = Faults()


@dataclass(slots=True)
class Report:
    seed: int
    steps: int = 0
    crashes: int = 0
    incidents: int = 0
    sends: int = 0
    answers: int = 0
    plans: int = 0  # changes of schedules, and requests for cover
    outages: int = 0
    simulated: timedelta = timedelta(0)


class Simulation(Gate, Notifiers):
    """A city, faults and people by chance, for `run`; or a town that is given, calm, where a `play` decides it all."""

    def __init__(self, seed: int, town: Town | None = None) -> None:
        self.chance = Random(seed)
        self.start = self._some_start() if town is None else START
        self.clock = ManualClock(self.start)
        self.scheduler = Scheduler(self.clock, self.chance)
        self.report = Report(seed)
        self.faults = self._some_faults() if town is None else CALM
        self.trace: deque[str] = deque(maxlen=TRACE_LINES)
        self._processes: set[str] = set()
        self._calm_since = self._down_until = self.start
        self.town = a_city(self.chance, self.start) if town is None else town
        self.container = core_container(IN_MEMORY, clock=self.clock, notifiers=self, gate=self, seed=seed)
        self.channels = {channel: _Channel(self, channel) for channel in Channel}
        self._is_setting_up = True
        self.database = run(self.container.get(MemoryDatabase))
        run(self._settle_in())
        self._is_setting_up = False
        self.watch = Watch(self.database)
        self.planning = Planning(self.town, self.database, self.chance)

    def run(self, steps: int) -> Report:
        """Raises `SimulationError`."""
        with self._told(again=f"again: make simulate SEED={self.report.seed} STEPS={steps}"):
            self._start()
            self._steps(steps)
            self._settle()
        return self.report

    def play(self, story: Callable[["Simulation"], Coroutine[Any, Any, None]]) -> Report:
        """One worker, and what the story has people do. Raises `SimulationError`."""
        with self._told(again="again: the story is the test's"):
            self._start_process("worker-1")
            self.scheduler.start("story", story(self), process="story")
            self._settle()
        return self.report

    async def call[**P, R](self, use_case: type[UseCase[P, R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """What somebody of a story does."""
        async with self.container() as scope:
            made: UseCase[P, R] = await scope.get(use_case)
            return await made(*args, **kwargs)

    @contextmanager
    def _told(self, *, again: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            message = f"seed {self.report.seed}, step {self.report.steps}: {type(error).__name__}: {error}"
            raise SimulationError("\n".join([*self.trace, message, again])) from error
        finally:
            self.scheduler.kill_all()
        self.report.incidents = len(self.database.incidents)
        self.report.sends = sum(map(len, self.watch.sends.values()))
        self.report.simulated = self.clock.now() - self.start

    def _settle(self) -> None:
        self._calm_down()
        settled(self.watch, calm_since=self._calm_since)
        self._is_setting_up = True  # looking is no part of what is simulated
        run(self._everything_is_explained())

    def has_calmed_down(self) -> bool:
        """Whether the second phase has begun: nothing fails, and nobody brings anything new."""
        return self.faults is CALM

    # What happens at each point.

    async def at(self, point: Point) -> None:
        if self._is_setting_up:
            return
        match point:
            case Point.BEGIN:
                await pause(self.clock.now())
                self._maybe_storage_fails(point)
            case Point.BEFORE_COMMIT:
                self._maybe_storage_fails(point)
                self._maybe_crash(point)
            case Point.AFTER_COMMIT:
                self._look()
                self._maybe_crash(point)
                self._maybe_storage_fails(point)
                await pause(self.clock.now())
            case Point.BEFORE_SEND | Point.AFTER_SEND:
                await pause(self.clock.now())
                self._maybe_crash(point)
                if self.happens(self.faults.sleep):
                    await self.sleep(1, 60)

    def of(self, channel: Channel) -> Notifier:
        return self.channels[channel]

    def note(self, text: str) -> None:
        task = self.scheduler.current
        self.trace.append(f"{self.clock.now():%H:%M:%S.%f} {'-' if task is None else task.name:18} {text}")

    def _look(self) -> None:
        before = self.watch.read
        self.watch.look()
        for logged in self.database.log[before:]:
            self.note(f"committed {logged.event.kind} {getattr(logged.event, 'incident_id', '')}")
        if self.watch.read > before:
            self.scheduler.hint(lost=self.faults.hint)

    def _maybe_crash(self, point: Point) -> None:
        if self.happens(self.faults.crash):
            self.report.crashes += 1
            self.note(f"crashed {point}")
            raise Crash(point)

    def _maybe_storage_fails(self, point: Point) -> None:
        if self.happens(self.faults.storage):
            self.note(f"storage failed {point}")
            raise TransientPortError(f"storage failed {point}")

    def happens(self, probability: float) -> bool:
        return probability > 0 and self.chance.random() < probability

    async def sleep(self, least_seconds: float, most_seconds: float) -> None:
        seconds = self.chance.uniform(least_seconds, most_seconds)
        await pause(self.clock.now() + timedelta(seconds=round(seconds, 3)))

    def _some_faults(self) -> Faults:
        """Some seeds have none of a kind, so that each kind is also seen alone."""

        def some(most: float) -> float:
            return self.chance.choice((0.0, self.chance.uniform(0, most), most))

        return Faults(crash=some(0.03), storage=some(0.05), hint=some(0.5), channel=some(0.6), sleep=some(0.1))

    def _some_start(self) -> datetime:
        """Half of them shortly before a clock change in one of the city's zones."""
        if self.chance.random() < 0.5:
            return START
        zone = self.chance.choice([each for each in ZONES if clock_changes(each, START.year)])
        return self.chance.choice(clock_changes(zone, START.year)) - timedelta(minutes=self.chance.randint(1, 60))

    # The two phases.

    def _start(self) -> None:
        for number in range(1, self.chance.randint(3, 4)):
            self._start_process(f"worker-{number}")
        for number in range(1, self.chance.randint(2, 4)):
            self.scheduler.start(f"sender-{number}", self._sender(), process=f"sender-{number}")
        for number in range(1, self.chance.randint(2, 4)):
            self.scheduler.start(f"person-{number}", self._person(), process=f"person-{number}")
        self.scheduler.start("manager", self._manager(), process="manager")
        self.scheduler.start("planner", self._planner(), process="planner")

    def _steps(self, steps: int) -> None:
        outage_at = self.chance.randrange(steps) if self.happens(OUTAGE) else None
        for number in range(steps):
            if number == outage_at:
                self._lose_all_workers()
            self.scheduler.step()
            self.report.steps += 1
            if number % 16 == 0:
                self.watch.look_at_everything()
                self.watch.ask_who_is_on_call(self.clock.now())
            self._restart()

    def _calm_down(self) -> None:
        """No more faults, nothing new: until nothing is due any more."""
        self.faults, self._calm_since = CALM, max(self.clock.now(), self._down_until)
        self.note("calm")
        for number in range(max(CALM_STEPS_LEAST, self.report.steps * CALM_STEPS_PER_STEP)):
            if not self.scheduler.step():
                break
            self.report.steps += 1
            self._restart()
            if number % 64 == 0 and self.clock.now() > self._calm_since + RECOVERY:
                self._nothing_stalls()
        else:
            raise BrokenPromiseError("it never comes to rest")
        self._nothing_stalls()

    def _nothing_stalls(self) -> None:
        self._is_setting_up = True  # looking is no part of what is simulated
        stalled = run(self._count_stalled())
        self._is_setting_up = False
        require(stalled == 0, "P2 nothing stalls", stalled)

    def _restart(self) -> None:
        """Whatever watches over processes starts one that has died again, in a moment."""
        for process in sorted(self._processes):
            if not self.scheduler.runs(process):
                self._start_process(process)

    def _lose_all_workers(self) -> None:
        """For an hour; senders and people go on."""
        self._down_until = self.clock.now() + timedelta(hours=1)
        self.report.outages += 1
        self.note("every worker is gone for an hour")
        for process in sorted(self._processes):
            self.scheduler.kill(process)

    def _start_process(self, process: str) -> None:
        delay = timedelta(seconds=self.chance.choice((0, 1, 40))) if process in self._processes else timedelta(0)
        self._processes.add(process)
        at = max(self.clock.now() + delay, self._down_until)
        self.scheduler.start(f"{process}/escalations", self._escalations(process), process=process, at=at)
        for name, (tick, loop) in LOOPS.items():
            self.scheduler.start(f"{process}/{name}", self._ticks(tick, loop), process=process, at=at)
        for channel in Channel:
            courier = self._courier(channel, process)
            self.scheduler.start(f"{process}/{channel}", courier, process=process, at=at)

    # What processes do.

    async def _escalations(self, process: str) -> None:
        """Its couriers are handed what they have room for."""
        while True:
            room = {channel: self.chance.randint(1, 2) for channel in Channel if self.happens(0.5)}
            try:
                async with self.container() as scope:
                    advance: AdvanceEscalations = await scope.get(AdvanceEscalations)
                    advanced = await advance(limit=self.chance.randint(1, 4), room=room)
            except TransientPortError:
                await self.sleep(0.02, 5)
                continue
            for channel, leased in advanced.leased.items():
                self._hand_over(leased, f"{process}/{channel}", process)
            if not advanced.runs:
                async with self.container() as scope:
                    await self._wait_until(await (await scope.get(Ports)).runs.earliest_deadline())

    def _hand_over(self, leased: Sequence[Bundle], courier: str, process: str) -> None:
        for bundle in leased:
            self.scheduler.start(f"{courier}/send", self._send(bundle), process=process)

    async def _ticks(self, tick: type[UseCase[..., int]], loop: Callable[[Ports], HasDeadlines]) -> None:
        """One of a worker's loops: what is due, and then a wait for what will be."""
        while True:
            try:
                async with self.container() as scope:
                    moved = await (await scope.get(tick))(limit=self.chance.randint(1, 4))
            except TransientPortError:
                await self.sleep(0.02, 5)
                continue
            if not moved:
                async with self.container() as scope:
                    ports = await scope.get(Ports)
                    await self._wait_until(await loop(ports).earliest_deadline())

    async def _courier(self, channel: Channel, process: str) -> None:
        while True:
            try:
                async with self.container() as scope:
                    leased = await (await scope.get(LeaseNotifications))(channel, limit=self.chance.randint(1, 4))
            except TransientPortError:
                await self.sleep(0.02, 5)
                continue
            self._hand_over(leased, f"{process}/{channel}", process)
            if not leased:
                async with self.container() as scope:
                    ports = await scope.get(Ports)
                    await self._wait_until(await ports.notifications.earliest_deadline(channel))

    async def _send(self, bundle: Bundle) -> None:
        try:
            async with self.container() as scope:
                await (await scope.get(DeliverNotification))(bundle)
        except TransientPortError:
            self.note(f"not recorded {bundle[0].notification.id}")

    async def _wait_until(self, deadline: datetime | None) -> None:
        """For the deadline, a hint or the next poll. What is due but held elsewhere is not worth a busy loop."""
        now = self.clock.now()
        least = now + timedelta(milliseconds=20)
        if self.has_calmed_down():
            await pause(None if deadline is None else max(deadline, least), is_listening=True)
        else:
            await pause(max(least, min(deadline or now + POLL, now + POLL)), is_listening=True)

    # What the world does.

    async def _sender(self) -> None:
        while not self.has_calmed_down():
            await self.sleep(0, self.chance.choice((5, 120, 600)))
            events = self._some_events()
            for _ in range(self.chance.randint(1, 5)):  # tries; then the sender gives up, which is its right
                if self.has_calmed_down():
                    return
                try:
                    async with self.container() as scope:
                        ports = await scope.get(Ports)
                        batch = [await received(ports, by, event) for by, event in events]
                        await (await scope.get(IngestEvents))(batch)
                except (TransientPortError, Crash):
                    await self.sleep(0, 30)
                    continue
                self.watch.accepted.update(
                    (by, event.dedup_key) for by, event in events if event.action is AlertAction.TRIGGER
                )
                break

    def _some_events(self) -> Events:
        actions = (AlertAction.TRIGGER,) * 4 + (AlertAction.RESOLVE,) * 2 + (AlertAction.ACKNOWLEDGE,)
        return [
            (
                self.chance.choice(self.town.integrations).id,
                an_event(
                    self.chance.choice(("disk", "load", "cert", "queue")),
                    self.chance.choice(actions),
                    group_key=self.chance.choice((None, None, "rack 1", "rack 2")),
                ),
            )
            for _ in range(self.chance.randint(1, 4))
        ]

    async def _person(self) -> None:
        while not self.has_calmed_down():
            await self.sleep(0, self.chance.choice((10, 60, 600)))
            if self.has_calmed_down():
                return
            try:
                await self._respond()
            except (TransientPortError, ConflictError, IllegalTransitionError, InvalidValueError, Crash) as error:
                self.note(f"answer failed: {type(error).__name__}")

    async def _respond(self) -> None:
        open_incidents = [each for each in self.database.incidents.values() if each.is_open]
        actor = an_actor(self.chance.choice(self.town.users).id)
        kinds = (
            "acknowledge",
            "acknowledge",
            "acknowledge",
            "resolve",
            "resolve",
            "annotate",
            "trigger",
            "act",
            "more",
            "bulk",
        )
        kind = self.chance.choice((*kinds, "more"))
        async with self.container() as scope:
            if kind == "trigger":
                service = self.chance.choice(self.town.services)
                trigger = await scope.get(TriggerIncident)
                await trigger(service.id, title="declared", severity=Severity.SEV2, actor=actor)
                return
            if kind == "act" and self.database.incidents:
                incident_id = self.chance.choice(tuple(self.database.incidents))
                act: UseCase[..., Incident] = await scope.get(self.chance.choice(ACTS))
                await act(incident_id, actor=actor)
                return
            if kind == "bulk":
                await self._act_on_several(scope, actor)
                return
            if not open_incidents:
                return
            incident: Incident = self.chance.choice(open_incidents)
            match kind:
                case "more":
                    await self._do_more(scope, incident.id, actor)
                case "acknowledge":
                    await (await scope.get(AcknowledgeIncident))(incident.id, actor=actor)
                case "resolve":
                    await (await scope.get(ResolveIncident))(incident.id, actor=actor)
                case _:
                    await (await scope.get(AnnotateIncident))(incident.id, "looking", actor=actor)
        self.report.answers += 1

    async def _act_on_several(self, scope: AsyncContainer, actor: Actor) -> None:
        """On any of them, some of which are over, and one of which never was."""
        known = tuple(self.database.incidents)
        chosen = self.chance.sample(known, k=min(len(known), self.chance.randint(0, 5)))
        refs: list[IncidentRef] = [*chosen, NO_INCIDENT]
        until = self.clock.now() + timedelta(seconds=self.chance.randint(60, 7200))
        act = self.chance.choice((*PlainAct, Snooze(until), Escalate()))
        outcomes = await (await scope.get(ActOnIncidents))(refs, act, actor=actor)
        require([each.ref for each in outcomes] == refs, "each of several has its own answer, in order", outcomes)
        for each in outcomes:
            require((each.incident is None) != (each.error is None), "done, or why not", each)

    async def _do_more(self, scope: AsyncContainer, incident_id: IncidentId, actor: Actor) -> None:
        """What needs a time or people."""
        someone = self.chance.choice(self.town.users).id
        match self.chance.choice(("snooze", "reassign", "ask")):
            case "snooze":
                until = self.clock.now() + timedelta(seconds=self.chance.randint(60, 7200))
                await (await scope.get(SnoozeIncident))(incident_id, until=until, actor=actor)
            case "reassign":
                await (await scope.get(ReassignIncident))(incident_id, users=(someone,), actor=actor)
            case _:
                await (await scope.get(AskResponders))(incident_id, users=(someone,), actor=actor)

    async def _manager(self) -> None:
        """Changes policies under the runs that are at work."""
        while not self.has_calmed_down():
            await self.sleep(60, 3600)
            try:
                async with self.container() as scope:
                    ports = await scope.get(Ports)
                    async with ports.transaction:
                        policy = await ports.policies.get(self.chance.choice(self.town.policies).id)
                        await ports.policies.save(another_version(policy, self.town, self.chance))
            except (TransientPortError, Crash):
                self.note("policy not changed")

    async def _planner(self) -> None:
        """Changes schedules under the runs that are at work."""
        while not self.has_calmed_down():
            await self.sleep(1, self.chance.choice((5, 60, 600)))
            if self.has_calmed_down():
                return
            try:
                async with self.container() as scope:
                    await self.planning.do_something(scope, self.clock.now())
                self.report.plans += 1
            except (ApplicationError, DomainError, TransientPortError, Crash) as error:
                self.note(f"plan failed: {type(error).__name__}")

    async def _everything_is_explained(self) -> None:
        """P13, afterwards: of every page to anybody its cause and its rule; of whoever has none the first reason."""
        actor = an_actor()
        async with self.container() as scope:
            explain = await scope.get(ExplainIncident)
            for incident_id in self.database.incidents:
                for user in self.town.users:
                    found = (await explain(incident_id, user_id=user.id, actor=actor)).explanation
                    for page in found.pages:
                        require(page.cause is not None, "P13 a page is explained", page)

    async def _settle_in(self) -> None:
        async with self.container() as scope:
            await (await scope.get(Ports)).settle_in(self.town)

    async def _count_stalled(self) -> int:
        async with self.container() as scope:
            return await (await scope.get(CountStalled))()


@dataclass(slots=True)
class _Channel(Notifier):
    """Fails, doubts, doubles and dawdles as the simulation wants."""

    simulation: Simulation
    channel: Channel
    answers: deque[Delivery] = field(default_factory=deque)  # the next ones, where a story decides
    arrived: list[Message | NoticeMessage] = field(default_factory=list)
    notices: list[NoticeMessage] = field(default_factory=list)

    async def send(self, message: Message) -> Delivery:
        return await self._send(message)

    async def send_notice(self, notice: NoticeMessage) -> Delivery:
        """A digest of pages, or word of a contact that refused."""
        return await self._send(notice)

    async def _send(self, message: Message | NoticeMessage) -> Delivery:
        simulation = self.simulation
        await simulation.at(Point.BEFORE_SEND)
        sends = simulation.watch.before_send(message, simulation.clock.now())
        bundled = f" for {len(sends)} pages" if len(sends) > 1 else ""
        simulation.note(f"sends {message.notification_id} attempt {message.attempt}{bundled}")
        delivery = await self._answer(message)
        for send in sends:
            self._remember(send, delivery)
        await simulation.at(Point.AFTER_SEND)
        return delivery

    async def _answer(self, message: Message | NoticeMessage) -> Delivery:
        if self.answers:
            return self.answers.popleft()
        chance = self.simulation.chance
        receipt = {"ts": str(len(self.arrived) + 1)}
        if not self.simulation.happens(self.simulation.faults.channel):
            self.arrived.append(message)
            return Delivery(outcome=Outcome.DELIVERED, receipt=receipt)
        match chance.randrange(6):
            case 0:
                wish = chance.choice((None, timedelta(seconds=chance.randint(1, 2000))))
                return Delivery(outcome=Outcome.RETRY, retry_after=wish)
            case 1:
                return Delivery(outcome=Outcome.UNKNOWN)  # lost on the way there
            case 2:
                self.arrived.append(message)
                return Delivery(outcome=Outcome.UNKNOWN)  # lost on the way back
            case 3:
                return Delivery(outcome=Outcome.REJECTED)
            case 4:
                self.arrived += [message, message]
                return Delivery(outcome=Outcome.DELIVERED, receipt=receipt)
            case _:
                await self.simulation.sleep(1, 60)
                self.arrived.append(message)
                return Delivery(outcome=Outcome.DELIVERED, receipt=receipt)

    @staticmethod
    def _remember(send: Send, delivery: Delivery) -> None:
        send.outcome = delivery.outcome
        send.may_have_arrived = delivery.outcome in {Outcome.DELIVERED, Outcome.UNKNOWN}
