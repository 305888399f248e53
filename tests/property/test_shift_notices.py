"""Of a shift people hear once each, over any storage: whatever the workers' pauses, crashes and restarts are."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st

from application.oncall.tell_shifts import TellShifts
from domain.oncall.coverage import shifts
from domain.oncall.quality import stretches
from domain.oncall.schedule import Schedule
from domain.oncall.turn import NEWS
from domain.shared.ids import UserId
from domain.shared.interval import Interval
from tests.support.builders import ADA, BEN, CREW, MINUTE, NOON, ROTA, Town, a_contact, a_town
from tests.support.laws import Lab
from tests.support.oncall import a_layer, every_day
from tests.support.world import Point, World

pytestmark = pytest.mark.timeout(600)

DAY = timedelta(days=1)
# Mornings and afternoons by turns, and nobody at night.
LAYER = a_layer(ADA, BEN, starts="2026-11-20 06:00", restrictions=every_day("06:00", "20:00"), length=1)
SCHEDULE = Schedule(id=ROTA, team_id=CREW, name="Rota", time_zone="Europe/Berlin", layers=(LAYER,))

pauses = st.integers(1, NEWS // MINUTE - 2)
crashes = st.sampled_from((None, None, Point.BEGIN, Point.BEFORE_COMMIT, Point.AFTER_COMMIT))
lives = st.lists(st.tuples(pauses, crashes), min_size=1, max_size=25)


def town() -> Town:
    return a_town(schedules=(SCHEDULE,), contacts=(a_contact(ADA), a_contact(BEN)), rules={})


def heard(world: World) -> Counter[tuple[UserId, str, str]]:
    """To whom what was said, and of which instant: the title of what is ahead, and the text of the rest, says it."""
    world.work()
    notices = (each for _, each in world.notices)
    return Counter(
        (each.user_id, each.title, each.text.splitlines()[0]) for each in notices if each.user_id is not None
    )


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)], scope="module")
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab(None if request.param == "memory" else str(request.getfixturevalue("postgres_dsn")))


def test_of_every_shift_each_is_told_once_whatever_happens_to_the_workers(lab: Lab) -> None:
    @lab.holds(life=lives)
    def _(life: list[tuple[int, Point | None]]) -> None:
        with lab.world(town()) as world:
            world.call(TellShifts)
            for pause, crash in life:
                world.clock.move_to(world.clock.now() + pause * MINUTE)
                if crash is None:
                    world.call(TellShifts)
                else:
                    with world.crashing(crash):
                        world.call(TellShifts)
            # Workers come back within the hour in which it is news.
            world.clock.move_to(world.clock.now() + MINUTE)
            world.call(TellShifts)
            told = heard(world)
            assert all(times == 1 for times in told.values()), told
            if longest_silence(life) < NEWS:
                for wanted in expected(NOON, world.clock.now()):
                    assert told[wanted] == 1, (wanted, told)


def longest_silence(life: list[tuple[int, Point | None]]) -> timedelta:
    """The longest time without a tick that came to its end."""
    silence = longest = timedelta(0)
    for pause, crash in life:
        silence += pause * MINUTE
        longest = max(longest, silence + MINUTE)
        if crash is None:
            silence = timedelta(0)
    return longest


def expected(first: datetime, last: datetime) -> list[tuple[UserId, str, str]]:
    """What has begun or ended since; what is ahead is heard of before."""
    found = []
    for stretch in stretches(shifts(SCHEDULE, Interval(start=first - DAY, end=last + DAY))):
        start, end = stretch.interval.start, stretch.interval.end
        if first < start <= last < end:
            found.append((stretch.user_id, "You are on call now: Rota", f"Since {said(start)}"))
        if first < end <= last:
            found.append((stretch.user_id, "You are off call: Rota", f"Since {said(end)}"))
        if first < start - DAY and start - DAY <= last:
            found.append((stretch.user_id, f"On call from {said(start)}: Rota", f"Until {said(end)}"))
    return found


def said(at: datetime) -> str:
    return f"{at:%a %d %b %Y %H:%M} UTC"
