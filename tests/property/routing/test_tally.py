"""What became of events is counted, by the kind of their integration: each once, and the same that is explained."""

from collections import Counter
from collections.abc import Mapping

from hypothesis import strategies as st

from application.alert.verdict import VerdictOutcome
from domain.alert.alert_event import AlertAction
from tests.property.routing.test_explanations import outcomes, ruled, taken
from tests.property.routing.test_limits import LIMIT, many, narrow
from tests.support.builders import an_event
from tests.support.laws import Lab
from tests.support.routing import a_rule
from tests.support.world import World


def counted(world: World) -> Mapping[VerdictOutcome, int]:
    """Whatever the kind: a town's integrations are all of one."""
    counts = world.tally.counted
    assert len({kind for kind, _ in counts}) <= 1
    return {outcome: count for (_, outcome), count in counts.items()}


def test_what_rules_drop_and_what_there_is_no_room_for_are_counted(lab: Lab) -> None:
    with lab.world(narrow()) as world:
        ruled(world, a_rule("noise", 'env="test"', is_dropped=True))
        world.receive(*many(LIMIT + 3), an_event("noisy", labels={"env": "test"}))
        world.receive(*many(1))
        assert counted(world) == {
            VerdictOutcome.OPENED: LIMIT,
            VerdictOutcome.OVERFLOWED: 3,  # and not what counts them
            VerdictOutcome.DROPPED: 1,
            VerdictOutcome.REPEATED: 1,
        }


def test_each_event_is_counted_once_as_what_it_is_explained_to_have_become(lab: Lab) -> None:
    kinds = st.tuples(st.sampled_from("abcd"), st.sampled_from(AlertAction), st.sampled_from(["prod", "test"]))

    @lab.holds(batches=st.lists(st.lists(kinds, min_size=1, max_size=6), min_size=1, max_size=4))
    def _(batches: list[list[tuple[str, AlertAction, str]]]) -> None:
        with lab.world(narrow()) as world:
            ruled(world, a_rule("noise", 'env="test"', is_dropped=True))
            told: Counter[VerdictOutcome] = Counter()
            for number, batch in enumerate(batches, start=1):
                events = [an_event(key, action, labels={"env": env}) for key, action, env in batch]
                told.update(outcomes(world, taken(world, *events, number=number)))
            assert counted(world) == told
