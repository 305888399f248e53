"""When a sender that ought to be heard counts as quiet."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.service.quiet import LOOK_AGAIN, Finding, QuietWatch
from domain.shared.errors import InvalidValueError
from domain.shared.ids import IntegrationId
from tests.support.builders import NOON

HOUR = timedelta(hours=1)
INTEGRATION = IntegrationId(UUID(int=1))
WATCH = QuietWatch.begin(INTEGRATION, after=HOUR, at=NOON)


def after(hours: float) -> datetime:
    return NOON + hours * HOUR


def test_it_falls_quiet_once_when_the_time_is_over() -> None:
    just_before = after(1) - timedelta.resolution
    assert WATCH.look(heard_at=None, at=just_before).finding is Finding.NOTHING
    quiet, finding = WATCH.look(heard_at=None, at=after(1))
    assert (finding, quiet.is_quiet, quiet.next_deadline) == (Finding.FELL_QUIET, True, after(1) + LOOK_AGAIN)
    assert quiet.look(heard_at=None, at=after(2)).finding is Finding.NOTHING


def test_what_came_moves_the_deadline() -> None:
    watch, finding = WATCH.look(heard_at=after(0.5), at=after(1))
    assert (finding, watch.next_deadline) == (Finding.NOTHING, after(1.5))


def test_it_is_back_when_something_came() -> None:
    quiet = WATCH.look(heard_at=None, at=after(1)).watch
    watch, finding = quiet.look(heard_at=after(1.25), at=after(1.5))
    assert (finding, watch.is_quiet, watch.next_deadline) == (Finding.IS_BACK, False, after(2.25))


def test_silence_before_the_watch_began_does_not_count() -> None:
    watch, finding = WATCH.look(heard_at=after(-48), at=after(0.5))
    assert (finding, watch.next_deadline) == (Finding.NOTHING, after(1))


def test_another_length_of_time_is_looked_at_at_once_and_keeps_what_is_open() -> None:
    quiet = WATCH.look(heard_at=None, at=after(1)).watch
    longer = quiet.wait_for(5 * HOUR, at=after(2))
    assert longer.next_deadline == after(2)
    assert longer.look(heard_at=None, at=after(2)).finding is Finding.IS_BACK
    shorter = quiet.wait_for(HOUR / 2, at=after(2))
    assert shorter.look(heard_at=None, at=after(2)).finding is Finding.NOTHING


@pytest.mark.parametrize("seconds", [299, 30 * 24 * 3600 + 1])
def test_the_time_has_bounds(seconds: int) -> None:
    with pytest.raises(InvalidValueError) as refused:
        QuietWatch.begin(INTEGRATION, after=timedelta(seconds=seconds), at=NOON)
    assert refused.value.field == "after_seconds"
