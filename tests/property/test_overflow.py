"""Whatever an integration sends, it has no more alerts open than it may, and every event is counted somewhere."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from domain.alert.alert_event import AlertAction
from tests.support.builders import SHOP_PROBES, a_town, an_event
from tests.support.laws import Lab

LIMIT = 4

actions = st.sampled_from((AlertAction.TRIGGER, AlertAction.TRIGGER, AlertAction.TRIGGER, AlertAction.RESOLVE))
batches = st.lists(st.lists(st.tuples(st.integers(0, 12), actions), min_size=1, max_size=15), max_size=6)


def nothing_passes_the_limit_or_is_silent(lab: Lab, batches: Sequence[Sequence[tuple[int, AlertAction]]]) -> None:
    town = a_town()
    limited = (replace(each, open_alerts=LIMIT) if each.id == SHOP_PROBES else each for each in town.integrations)
    with lab.world(town=replace(town, integrations=tuple(limited))) as world:
        for batch in batches:
            world.receive(*(an_event(f"key {number}", action) for number, action in batch))
            world.advance(timedelta(milliseconds=600))
            alerts = [alert for each in world.stored() for alert in each.alerts]
            open_alerts = [alert for alert in alerts if alert.cleared_at is None]
            assert len(open_alerts) <= LIMIT + 1
        sent = sum(action is AlertAction.TRIGGER for batch in batches for _, action in batch)
        stored = world.stored()
        assert sum(alert.occurrences for each in stored for alert in each.alerts) == sent


def test_no_more_are_open_than_may_be_and_nothing_is_silent() -> None:
    @Lab(None).holds(batches=batches)
    def law(batches: list[list[tuple[int, AlertAction]]]) -> None:
        nothing_passes_the_limit_or_is_silent(Lab(None), batches)


def test_no_more_are_open_than_may_be_and_nothing_is_silent_over_postgres(postgres_dsn: str) -> None:
    lab = Lab(postgres_dsn)

    @lab.holds(batches=batches)
    def law(batches: list[list[tuple[int, AlertAction]]]) -> None:
        nothing_passes_the_limit_or_is_silent(lab, batches)
