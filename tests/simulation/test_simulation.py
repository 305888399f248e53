"""A few hundred short simulations, and that a simulation is what it says: repeatable, and able to fail."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from adapters.outbound.memory import intake
from application.alert.ingest import IngestEvents
from application.escalation import responders
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.trigger import TriggerIncident
from application.oncall.accept_cover import AcceptCover
from application.oncall.request_cover import RequestCover
from application.oncall.stand_in import StandIn
from application.oncall.update_schedule import UpdateSchedule
from application.ports.notifier import Delivery, Outcome
from domain.escalation.run import EscalationRun
from domain.identity.role import Role
from domain.notification.contact import Channel
from domain.notification.notification import Notification, NotificationStatus
from domain.oncall.coverage import on_call
from domain.oncall.history import History, ScheduleVersion, as_known
from domain.oncall.rotation import RotationUnit
from domain.oncall.schedule import Schedule
from domain.shared.group_window import GroupWindow, WindowKind
from domain.shared.interval import Interval
from domain.shared.severity import Severity
from tests.simulation.laws import BrokenPromiseError, Watch
from tests.simulation.run import main
from tests.simulation.scheduler import pause
from tests.simulation.simulation import START, Simulation, SimulationError
from tests.support.builders import (
    ADA,
    BEN,
    CAT,
    CREW,
    MINUTE,
    ROTA,
    SHOP,
    SHOP_PROBES,
    Town,
    a_policy,
    a_service,
    a_step,
    a_town,
    an_actor,
    an_event,
    an_integration,
    to_schedule,
    to_user,
)
from tests.support.oncall import a_layer
from tests.support.world import THE_BEGINNING, Ports, received

CHUNKS: Final = 12
SEEDS_PER_CHUNK: Final = 20
STEPS: Final = 300

DECLARED: Final[Mapping[str, Any]] = {"title": "it is down", "severity": Severity.SEV1, "actor": an_actor(ADA)}
# Ada has an e-mail at once and a message two minutes later, and Ben is next.
TWO_STEPS: Final = a_town(
    policies=(a_policy(a_step(to_user(ADA)), a_step(to_user(BEN))),), services=(a_service(),), integrations=()
)
# Another person is on call each hour.
HOURLY: Final = a_town(
    schedules=(
        Schedule(
            id=ROTA,
            team_id=CREW,
            name="Rota",
            time_zone="UTC",
            layers=(a_layer(ADA, CAT, starts="2026-01-01 00:00", unit=RotationUnit.HOUR),),
        ),
    ),
    policies=(a_policy(a_step(to_schedule())),),
    services=(a_service(),),
    integrations=(),
)


async def nobody_answers(told: Simulation) -> None:
    await told.call(TriggerIncident, SHOP, **DECLARED)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_unsafe_happens_and_everything_settles(chunk: int) -> None:
    for seed in range(chunk * SEEDS_PER_CHUNK, (chunk + 1) * SEEDS_PER_CHUNK):
        Simulation(seed).run(STEPS)


def test_a_long_one_holds_too() -> None:
    Simulation(20261123).run(4000)


def test_one_seed_is_one_story() -> None:
    def story() -> tuple[object, ...]:
        simulation = Simulation(7)
        report = simulation.run(500)
        return report, list(simulation.trace), simulation.database.log

    assert story() == story()


def test_an_escalation_that_is_rushed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    tick = EscalationRun.tick

    def rushed(run: EscalationRun, *args: object, **more: object) -> object:
        done = tick(run, *args, **more)  # type: ignore[arg-type]  # passed on as they come
        deadline = done.run.next_deadline
        return done._replace(run=replace(done.run, next_deadline=deadline and run.next_deadline))

    _nothing_is_noticed(TWO_STEPS, nobody_answers)
    monkeypatch.setattr(EscalationRun, "tick", rushed)
    with pytest.raises(SimulationError, match="a step gets its whole delay"):
        Simulation(1, TWO_STEPS).play(nobody_answers)


def test_a_page_that_outlives_its_answer_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    cancel = Notification.cancel
    is_spared = NotificationStatus.PENDING

    async def answered_before_the_second_rule(told: Simulation) -> None:
        incident = await told.call(TriggerIncident, SHOP, **DECLARED)
        await pause(told.clock.now() + MINUTE)
        await told.call(AcknowledgeIncident, incident.id, actor=an_actor(ADA))

    _nothing_is_noticed(TWO_STEPS, answered_before_the_second_rule)
    monkeypatch.setattr(Notification, "cancel", lambda page: page if page.status is is_spared else cancel(page))
    with pytest.raises(SimulationError, match="P3 no page waits after an answer"):
        Simulation(1, TWO_STEPS).play(answered_before_the_second_rule)


def test_a_repeat_that_does_not_say_so_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    lease = Notification.lease

    async def lost_on_the_way(told: Simulation) -> None:
        told.channels[Channel.EMAIL].answers.append(Delivery(outcome=Outcome.UNKNOWN))
        await told.call(TriggerIncident, SHOP, **DECLARED)

    _nothing_is_noticed(TWO_STEPS, lost_on_the_way)
    monkeypatch.setattr(Notification, "lease", lambda page, **more: replace(lease(page, **more), may_be_repeat=False))
    with pytest.raises(SimulationError, match="P4 what may be a repeat says so"):
        Simulation(1, TWO_STEPS).play(lost_on_the_way)


def test_a_step_that_asks_who_was_on_call_an_hour_before_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    _nothing_is_noticed(HOURLY, nobody_answers)
    monkeypatch.setattr(responders, "on_call", lambda schedule, at: on_call(schedule, at - timedelta(hours=1)))
    with pytest.raises(SimulationError, match="P6 a step means whoever is on call"):
        Simulation(1, HOURLY).play(nobody_answers)


def test_a_past_that_an_edit_changes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def rewritten(history: History, version: ScheduleVersion) -> History:
        return replace(history, versions=(replace(version, effective_at=THE_BEGINNING, known_at=THE_BEGINNING),))

    async def edited_after_a_page(told: Simulation) -> None:
        await told.call(TriggerIncident, SHOP, **DECLARED)
        await pause(told.clock.now() + MINUTE)
        (rota,) = HOURLY.schedules
        edit: Mapping[str, Any] = {
            "team_id": rota.team_id,
            "name": rota.name,
            "layers": (a_layer(BEN, starts="2026-01-01 00:00"),),
        }
        await told.call(UpdateSchedule, rota.id, **edit, effective_at=None, actor=an_actor(role=Role.ADMIN))

    _nothing_is_noticed(HOURLY, edited_after_a_page)
    monkeypatch.setattr(History, "with_version", rewritten)
    with pytest.raises(SimulationError, match="P7 who was on call, as known then, has one answer for ever"):
        Simulation(1, HOURLY).play(edited_after_a_page)


def test_a_request_for_cover_that_changes_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def agreed(*_: object, **__: object) -> None:
        """And nobody writes it down."""

    async def asked_and_accepted(told: Simulation) -> None:
        (rota,) = HOURLY.schedules
        hour = timedelta(hours=1)
        ahead = as_known(told.database.schedule_histories[rota.id]).shifts(
            Interval(start=START + hour, end=START + 5 * hour)
        )
        shift = next(each.interval for each in ahead if each.user_id == ADA)
        asked: Mapping[str, Any] = {"user_id": ADA, "interval": shift, "asked_of": (BEN,), "offers": None}
        request = await told.call(RequestCover, rota.id, **asked, actor=an_actor(ADA))
        await told.call(AcceptCover, request.id, actor=an_actor(BEN))

    _nothing_is_noticed(HOURLY, asked_and_accepted)
    monkeypatch.setattr(StandIn, "__call__", agreed)
    with pytest.raises(SimulationError, match="a request for cover that was accepted is on the schedule"):
        Simulation(1, HOURLY).play(asked_and_accepted)


def test_a_window_that_never_ends_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    window = GroupWindow(kind=WindowKind.ROLLING, seconds=120)
    town = replace(TWO_STEPS, integrations=(an_integration(SHOP_PROBES, group_window=window),))

    async def told_of_another_after_it(told: Simulation) -> None:
        for name in ("disk", "load"):
            async with told.container() as scope:
                event = await received(await scope.get(Ports), SHOP_PROBES, an_event(name, group_key="rack 1"))
            await told.call(IngestEvents, [event])
            await pause(told.clock.now() + 3 * MINUTE)

    _nothing_is_noticed(town, told_of_another_after_it)
    monkeypatch.setattr(intake, "takes_alerts", lambda *_, **__: True)
    with pytest.raises(SimulationError, match="a window takes no alert after its end"):
        Simulation(1, town).play(told_of_another_after_it)


def test_a_failure_prints_its_seed_and_how_to_see_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise BrokenPromiseError("nothing may be sent")

    monkeypatch.setattr(Watch, "before_send", broken)
    assert main(["--seed", "1", "--seeds", "9", "--steps", "300"]) == 1

    told = capsys.readouterr().err
    assert "BrokenPromiseError: nothing may be sent" in told
    assert "make simulate SEED=" in told
    assert "committed incident.triggered" in told


def _nothing_is_noticed(town: Town, story: Callable[[Simulation], Coroutine[Any, Any, None]]) -> None:
    """As it is, the story is one that every promise outlives: what is noticed after is what a test has broken."""
    Simulation(1, town).play(story)
