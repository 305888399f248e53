"""A few hundred short simulations, and that a simulation is what it says: repeatable, and able to fail."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from application.escalation import responders
from application.oncall.stand_in import StandIn
from domain.escalation.run import EscalationRun
from domain.notification.notification import Notification, NotificationStatus
from domain.oncall.coverage import on_call
from domain.oncall.history import History, ScheduleVersion
from tests.simulation.run import main
from tests.simulation.simulation import Simulation, SimulationError
from tests.support.world import THE_BEGINNING

CHUNKS: Final = 12
SEEDS_PER_CHUNK: Final = 20
STEPS: Final = 300


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

    monkeypatch.setattr(EscalationRun, "tick", rushed)
    with pytest.raises(SimulationError, match="a step gets its whole delay"):
        _try_until_it_fails()


def test_a_page_that_outlives_its_answer_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    cancel = Notification.cancel
    is_spared = NotificationStatus.PENDING
    monkeypatch.setattr(Notification, "cancel", lambda page: page if page.status is is_spared else cancel(page))
    with pytest.raises(SimulationError, match="P3"):
        _try_until_it_fails()


def test_a_repeat_that_does_not_say_so_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    lease = Notification.lease
    monkeypatch.setattr(Notification, "lease", lambda page, **more: replace(lease(page, **more), may_be_repeat=False))
    with pytest.raises(SimulationError, match="P4 what may be a repeat says so"):
        _try_until_it_fails()


def test_a_step_that_asks_who_was_on_call_an_hour_before_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responders, "on_call", lambda schedule, at: on_call(schedule, at - timedelta(hours=1)))
    with pytest.raises(SimulationError, match="P6 a step means whoever is on call"):
        _try_until_it_fails()


def test_a_past_that_an_edit_changes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def rewritten(history: History, version: ScheduleVersion) -> History:
        return replace(history, versions=(replace(version, effective_at=THE_BEGINNING, known_at=THE_BEGINNING),))

    monkeypatch.setattr(History, "with_version", rewritten)
    with pytest.raises(SimulationError, match="P7 who was on call, as known then, has one answer for ever"):
        _try_until_it_fails()


def test_a_request_for_cover_that_changes_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def agreed(*_: object, **__: object) -> None:
        """And nobody writes it down."""

    monkeypatch.setattr(StandIn, "__call__", agreed)
    with pytest.raises(SimulationError, match="a request for cover that was accepted is on the schedule"):
        _try_until_it_fails(steps=600)


def test_a_failure_prints_its_seed_and_how_to_see_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Notification, "cancel", lambda page: page)
    assert main(["--seed", "1", "--seeds", "50", "--steps", "300"]) == 1

    told = capsys.readouterr().err
    assert "make simulate SEED=" in told
    assert "committed incident.triggered" in told


def _try_until_it_fails(*, steps: int = STEPS) -> None:
    for seed in range(50):
        Simulation(seed).run(steps)
