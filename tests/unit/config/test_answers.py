"""Questions about one schedule: who may ask, and for how much."""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.holidays import MemoryHolidayCalendar
from adapters.outbound.memory.on_call_reader import MemoryOnCallReader
from application.errors import ForbiddenError, NotFoundError
from application.oncall import schedule_load
from application.oncall.schedule_handoffs import HandoffPage, ScheduleHandoffs
from application.oncall.schedule_load import Region, ScheduleLoad
from application.oncall.schedule_overlaps import ScheduleOverlaps
from application.oncall.schedule_quality import ScheduleQuality
from application.ports.notifier import Outcome
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.oncall.coverage import Handoff
from domain.oncall.quality import Finding, FindingKind, QualityLimits
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ScheduleId, UserId
from domain.shared.interval import Interval
from tests.support.delivered import deliver
from tests.support.oncall import ANN, BOB, CYD, utc
from tests.unit.config.world import ADMIN, CORE, NOON, RESPONDER, World

DAY = Interval(start=NOON, end=NOON + timedelta(days=1))
YEAR = Interval(start=NOON, end=NOON + timedelta(days=366))
HOUR = timedelta(hours=1)


class Questions:
    """Each of them, asked the same way."""

    def __init__(self, world: World) -> None:
        session = MemorySession(world.database)
        self.load = ScheduleLoad(world.history, MemoryOnCallReader(session), MemoryHolidayCalendar(), world.clock)
        self.handoffs = ScheduleHandoffs(world.history, world.clock)
        self.overlaps = ScheduleOverlaps(world.history, world.clock)
        self.quality = ScheduleQuality(world.history, world.clock)

    async def ask_all(self, schedule_id: ScheduleId, interval: Interval, *, actor: Actor) -> list[object]:
        """What each says, an error included."""
        said: list[object] = []
        for question in (
            self.load(schedule_id, interval, actor=actor),
            self.handoffs(schedule_id, interval, limit=1, actor=actor),
            self.overlaps(schedule_id, interval, actor=actor),
            self.quality(schedule_id, interval, limits=QualityLimits(), actor=actor),
        ):
            try:
                said.append(await question)
            except (ForbiddenError, NotFoundError, InvalidValueError) as error:
                said.append(type(error))
        return said


async def test_every_question_needs_the_permission_to_read_a_schedule_and_at_most_a_year(world: World) -> None:
    schedule = await world.a_schedule()
    questions = Questions(world)
    blind = replace(ADMIN, scopes=frozenset({Permission.CONFIGURE}))
    longer = Interval(start=NOON, end=YEAR.end + timedelta.resolution)
    assert await questions.ask_all(schedule.id, DAY, actor=blind) == [ForbiddenError] * 4
    assert await questions.ask_all(ScheduleId(CORE), DAY, actor=RESPONDER) == [NotFoundError] * 4
    assert await questions.ask_all(schedule.id, longer, actor=RESPONDER) == [InvalidValueError] * 4
    assert not {InvalidValueError} & {
        type(each) for each in await questions.ask_all(schedule.id, YEAR, actor=RESPONDER)
    }


async def test_handoffs_beyond_the_limit_are_asked_for_from_the_first_of_them_on(world: World) -> None:
    schedule = await world.a_schedule()
    days = Interval(start=NOON + HOUR, end=NOON + timedelta(days=2))
    ask = Questions(world).handoffs
    first = await ask(schedule.id, days, limit=1, actor=RESPONDER)
    tomorrow = utc("2026-11-24 08:00")
    assert first == HandoffPage(
        (Handoff(at=tomorrow, before=(ANN,), after=(BOB,)),), next_since=tomorrow + timedelta(days=1)
    )
    rest = await ask(schedule.id, Interval(start=tomorrow + timedelta(days=1), end=days.end), limit=1, actor=RESPONDER)
    assert rest.handoffs == (Handoff(at=tomorrow + timedelta(days=1), before=(BOB,), after=(ANN,)),)
    assert rest.next_since is None


async def test_an_override_that_ended_as_the_interval_begins_is_a_handoff(world: World) -> None:
    schedule = await world.a_schedule()
    await world.add_override(schedule.id, user_id=CYD, starts_at=NOON, ends_at=NOON + HOUR, actor=ADMIN)
    after = Interval(start=NOON + HOUR, end=NOON + 2 * HOUR)
    page = await Questions(world).handoffs(schedule.id, after, limit=5, actor=RESPONDER)
    assert page.handoffs == (Handoff(at=NOON + HOUR, before=(CYD,), after=(ANN,)),)


async def test_load_is_counted_in_each_one_s_own_zone(world: World) -> None:
    world.database.users[ANN] = replace(world.database.users[ANN], time_zone="Pacific/Auckland")
    schedule = await world.a_schedule()
    ann, bob = await Questions(world).load(schedule.id, DAY, region=Region("DE"), actor=RESPONDER)
    # ANN until 08:00 UTC: from 01:00 to 21:00 in Auckland; BOB for the four hours after it.
    assert (ann.load.user_id, ann.zone, ann.load.total, ann.load.nights) == (
        ANN,
        ZoneInfo("Pacific/Auckland"),
        20 * HOUR,
        6 * HOUR,
    )
    assert (bob.load.user_id, bob.load.total, bob.load.nights) == (BOB, 4 * HOUR, 0 * HOUR)
    assert ann.fairness.total == Fraction(5, 3)


async def test_holidays_are_those_of_each_one_s_own_region_or_else_of_the_one_that_is_asked_for(world: World) -> None:
    world.database.users[ANN] = replace(world.database.users[ANN], holiday_region="DE-BY")
    schedule = await world.a_schedule()
    days = Interval(start=utc("2027-01-05 00:00"), end=utc("2027-01-09 00:00"))  # Bavaria's Epiphany is ANN's
    ask = Questions(world).load
    assert [row.load.holidays for row in await ask(schedule.id, days, actor=RESPONDER)] == [16 * HOUR, 0 * HOUR]
    german = await ask(schedule.id, days, region=Region("DE", "BY"), actor=RESPONDER)
    assert sum((row.load.holidays for row in german), timedelta(0)) == 24 * HOUR
    world.database.users[ANN] = replace(world.database.users[ANN], holiday_region="FR")
    assert [row.load.holidays for row in await ask(schedule.id, days, actor=RESPONDER)] == [0 * HOUR, 0 * HOUR]


async def test_a_load_of_too_many_pages_is_asked_for_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = await world.a_schedule()
    monkeypatch.setattr(schedule_load, "PAGES_COUNTED", 2)
    for number in range(2):
        deliver(world.database, number, to=ANN, at=NOON, outcome=Outcome.RETRY)
        deliver(world.database, number, to=ANN, at=NOON)
    ann, _ = await Questions(world).load(schedule.id, DAY, actor=RESPONDER)
    assert ann.load.pages == 2
    deliver(world.database, 3, to=ANN, at=NOON)
    with pytest.raises(InvalidValueError, match="more than 2 pages"):
        await Questions(world).load(schedule.id, DAY, actor=RESPONDER)


async def test_a_report_is_held_to_what_is_meant(world: World) -> None:
    schedule = await world.a_schedule()
    limits = QualityLimits(stretch=12 * HOUR)
    report = await Questions(world).quality(schedule.id, DAY, limits=limits, actor=RESPONDER)
    until = utc("2026-11-24 08:00")
    long = Finding(kind=FindingKind.LONG_STRETCH, interval=Interval(start=NOON, end=until), user_ids=(ANN,))
    assert report.findings == (long,)


async def test_every_question_counts_what_is_planned_from_its_time_on_and_answers_as_was_known(world: World) -> None:
    schedule = await world.a_schedule()
    world.clock.at = NOON + HOUR
    await world.update_schedule(
        schedule.id, team_id=CORE, name="Daily", layers=(), effective_at=NOON + 2 * HOUR, actor=ADMIN
    )
    questions, then = Questions(world), NOON
    interval = Interval(start=NOON, end=NOON + 4 * HOUR)
    over = (Handoff(at=NOON + 2 * HOUR, before=(ANN,), after=()),)
    limits = QualityLimits()

    async def totals(known_at: datetime | None) -> dict[UserId, timedelta]:
        rows = await questions.load(schedule.id, interval, known_at=known_at, actor=RESPONDER)
        return {row.load.user_id: row.load.total for row in rows}

    async def changes(known_at: datetime | None) -> tuple[Handoff, ...]:
        page = await questions.handoffs(schedule.id, interval, limit=5, known_at=known_at, actor=RESPONDER)
        return page.handoffs[1:]  # the first is when the schedule was made

    async def gap_time(known_at: datetime | None) -> timedelta:
        report = await questions.quality(schedule.id, interval, limits=limits, known_at=known_at, actor=RESPONDER)
        return report.gap_time

    assert [await changes(at) for at in (None, then)] == [over, ()]
    assert [await gap_time(at) for at in (None, then)] == [2 * HOUR, 0 * HOUR]
    assert [await totals(at) for at in (None, then)] == [
        {ANN: 2 * HOUR, BOB: 0 * HOUR},
        {ANN: 4 * HOUR, BOB: 0 * HOUR},
    ]
    late = world.clock.at + timedelta.resolution
    for answer in (
        changes(late),
        gap_time(late),
        totals(late),
        questions.overlaps(schedule.id, interval, known_at=late, actor=RESPONDER),
    ):
        with pytest.raises(InvalidValueError, match="known_at"):
            await answer
