"""A schedule that follows somebody else's calendar: what workers read, and what becomes of the schedule."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from application.errors import ForbiddenError, NotFoundError
from application.oncall.add_temporary import AddTemporarySchedule
from application.oncall.get_calendar_import import GetCalendarImport
from application.oncall.refresh_calendar_import import RefreshCalendarImport
from application.oncall.refresh_calendars import RefreshCalendars
from application.oncall.remove_calendar_import import RemoveCalendarImport
from application.oncall.remove_temporary import RemoveTemporarySchedule
from application.oncall.schedule_on_call import ScheduleOnCall
from application.oncall.set_calendar_import import SetCalendarImport
from application.ports.calendar_source import Fetched
from application.ports.errors import TransientPortError
from application.ports.readers import NewestFirst
from domain.identity.role import Permission, Role
from domain.oncall.calendar_import import CalendarImport
from domain.oncall.coverage import on_call as on_call_by
from domain.oncall.schedule import Schedule
from domain.shared.ids import UserId
from tests.support.builders import ADA, BEN, CAT, NOON, ROTA, a_town, a_user, an_actor
from tests.support.world import Point, World

URL = "https://calendar.example.test/secret.ics"
ADMIN = an_actor(role=Role.ADMIN)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
QUARTER_HOUR = 15 * MINUTE


@pytest.fixture
def world() -> Iterator[World]:
    made = World(town=a_town(users=(a_user(ADA, "Ada"), a_user(BEN, "Ben"), a_user(CAT, "Cat"))))
    yield made
    made.close()


def a_calendar(*events: tuple[str, str, str], etag: str | None = None) -> Fetched:
    """Events by their title, start and end."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN"]
    for number, (title, start, end) in enumerate(events):
        lines += ["BEGIN:VEVENT", f"UID:{number}", f"SUMMARY:{title}", f"DTSTART:{start}", f"DTEND:{end}", "END:VEVENT"]
    return Fetched("\r\n".join([*lines, "END:VCALENDAR", ""]).encode(), etag)


BENS_DAYS = ("On call: Ben", "20261123T000000Z", "20261201T000000Z")
CATS_DAYS = ("On call: Cat", "20261123T000000Z", "20261201T000000Z")


def follow(world: World, calendar: Fetched | Exception) -> None:
    world.calendars.calendars[URL] = calendar
    world.call(SetCalendarImport, ROTA, url=URL, actor=ADMIN)
    assert world.call(RefreshCalendars) == 1


def refresh(world: World, calendar: Fetched | Exception | None = None, *, after: timedelta = QUARTER_HOUR) -> None:
    if calendar is not None:
        world.calendars.calendars[URL] = calendar
    world.clock.move_to(world.clock.now() + after)
    assert world.call(RefreshCalendars) == 1


def status(world: World) -> CalendarImport:
    return world.call(GetCalendarImport, ROTA, actor=an_actor(BEN))


def on_call(world: World, after: timedelta = timedelta(0)) -> tuple[UserId, ...]:
    return world.call(ScheduleOnCall, ROTA, at=world.clock.now() + after, actor=ADMIN).user_ids


def rota(world: World) -> Schedule:
    return world.within(lambda ports: ports.schedules.look_up(ROTA, since=world.clock.now()))


def test_a_schedule_follows_the_calendar_in_place_of_its_layers(world: World) -> None:
    assert on_call(world) == (ADA,)
    follow(world, a_calendar(BENS_DAYS))
    assert (on_call(world), on_call(world, 10 * DAY)) == ((BEN,), ())
    assert (status(world).read_at, status(world).failure) == (NOON, "")
    assert world.call(RefreshCalendars) == 0
    refresh(world, a_calendar(CATS_DAYS))
    assert on_call(world) == (CAT,)
    before = world.call(ScheduleOnCall, ROTA, at=NOON + MINUTE, known_at=NOON + MINUTE, actor=ADMIN)
    assert before.user_ids == (BEN,)


def test_a_calendar_that_is_a_layer_leaves_to_the_others_what_it_names_nobody_for(world: World) -> None:
    follow(world, a_calendar(BENS_DAYS, etag='"1"'))
    assert (on_call(world), on_call(world, 10 * DAY)) == ((BEN,), ())
    world.call(SetCalendarImport, ROTA, url=URL, as_layer=True, actor=ADMIN)
    refresh(world)
    by_layers = a_town().schedules[0]
    expected = on_call_by(by_layers, world.clock.now() + 10 * DAY)
    assert expected
    assert (on_call(world), on_call(world, 10 * DAY)) == ((BEN,), expected)
    assert status(world).as_layer
    before = rota(world)
    refresh(world)
    assert rota(world) == before


def test_a_schedule_follows_what_repeats_week_after_week(world: World) -> None:
    weeks = (
        ("On call: Ben", "20261123T080000Z", "20261130T080000Z"),
        ("On call: Cat", "20261130T080000Z", "20261207T080000Z"),
    )
    repeated = a_calendar(*weeks).body
    assert repeated is not None
    every_other = repeated.replace(b"END:VEVENT", b"RRULE:FREQ=WEEKLY;INTERVAL=2\r\nEND:VEVENT")
    follow(world, Fetched(every_other, etag='"1"'))
    assert [on_call(world, weeks * 7 * DAY) for weeks in range(4)] == [(BEN,), (CAT,), (BEN,), (CAT,)]
    before = rota(world)
    refresh(world, after=7 * DAY)
    assert (on_call(world), on_call(world, 12 * 7 * DAY)) == ((CAT,), (CAT,))
    assert len(rota(world).temporaries) == len(before.temporaries)


def test_what_is_unchanged_leaves_no_trace_in_the_history(world: World) -> None:
    follow(world, a_calendar(BENS_DAYS))
    before = rota(world)
    refresh(world)  # the same body again
    assert rota(world) == before


def test_a_calendar_that_is_known_is_not_sent_again(world: World) -> None:
    follow(world, a_calendar(BENS_DAYS, etag='"1"'))
    before = rota(world)
    refresh(world)
    assert world.calendars.asked == [(URL, None), (URL, '"1"')]
    assert rota(world) == before
    assert status(world).read_at == world.clock.now()


def test_all_of_it_is_read_again_in_another_week_or_when_it_was_taken_back(world: World) -> None:
    follow(world, a_calendar(BENS_DAYS, etag='"1"'))
    refresh(world, after=7 * DAY)
    assert world.calendars.asked[-1] == (URL, None)
    (temporary,) = rota(world).temporaries
    world.call(RemoveTemporarySchedule, ROTA, temporary.id, actor=ADMIN)
    refresh(world)
    assert world.calendars.asked[-1] == (URL, None)
    assert len(rota(world).temporaries) == 1


def test_whom_it_names_and_nobody_knows_is_told_until_they_are_known(world: World) -> None:
    stranger = ("On call: Dora", "20261124T000000Z", "20261125T000000Z")
    follow(world, a_calendar(BENS_DAYS, stranger, etag='"1"'))
    found = status(world)
    assert found.unread_count == 1
    assert found.unread[0].startswith("On call: Dora: it names nobody who is a user here")
    dora = UserId(rota(world).team_id)  # any id will do
    world.write(lambda ports: ports.users.save(a_user(dora, "Dora")))
    refresh(world)
    assert status(world).unread_count == 0
    assert on_call(world, DAY) == (BEN, dora)


def test_a_calendar_that_cannot_be_read_keeps_what_was_read_last_and_says_why(world: World) -> None:
    follow(world, a_calendar(BENS_DAYS))
    refresh(world, TransientPortError("its server answered 503"))
    assert (status(world).failure, status(world).failing_since) == ("its server answered 503", NOON + QUARTER_HOUR)
    assert on_call(world) == (BEN,)
    refresh(world, Fetched(b"<html>", None))
    assert status(world).failure == "calendar: must be iCalendar, from BEGIN:VCALENDAR to END:VCALENDAR"
    assert status(world).failing_since == NOON + QUARTER_HOUR
    refresh(world, a_calendar(CATS_DAYS))
    assert (status(world).failure, status(world).failing_since, on_call(world)) == ("", None, (CAT,))


def test_a_temporary_schedule_of_somebody_s_is_in_the_way(world: World) -> None:
    world.call(AddTemporarySchedule, ROTA, starts_at=NOON + DAY, ends_at=NOON + 2 * DAY, shifts=(), actor=ADMIN)
    follow(world, a_calendar(BENS_DAYS))
    assert status(world).failure.startswith("a temporary schedule from 2026-11-24 12:00 UTC on is in the way")
    assert on_call(world) == (ADA,)


def test_a_worker_that_dies_over_a_calendar_delays_it_by_an_interval(world: World) -> None:
    world.calendars.calendars[URL] = a_calendar(BENS_DAYS)
    world.call(SetCalendarImport, ROTA, url=URL, actor=ADMIN)
    with world.crashing(Point.AFTER_COMMIT):
        world.call(RefreshCalendars)
    assert world.call(RefreshCalendars) == 0
    refresh(world)
    assert on_call(world) == (BEN,)


def test_its_layers_decide_again_when_it_follows_no_calendar_any_more(world: World) -> None:
    follow(world, a_calendar(BENS_DAYS))
    world.clock.move_to(NOON + HOUR)
    world.call(RemoveCalendarImport, ROTA, actor=ADMIN)
    assert on_call(world) == (ADA,)
    world.clock.move_to(NOON + DAY)
    assert world.call(RefreshCalendars) == 0
    with pytest.raises(NotFoundError):
        status(world)


def test_another_calendar_takes_the_place_of_the_first(world: World) -> None:
    follow(world, a_calendar(BENS_DAYS))
    other = "https://calendar.example.test/other.ics"
    world.calendars.calendars[other] = a_calendar(CATS_DAYS)
    world.clock.move_to(NOON + MINUTE)
    world.call(SetCalendarImport, ROTA, url=other, refresh_every=HOUR, actor=ADMIN)
    assert world.call(RefreshCalendars) == 1
    assert (on_call(world), len(rota(world).temporaries)) == ((CAT,), 1)
    world.clock.move_to(NOON + 30 * MINUTE)
    world.call(RefreshCalendarImport, ROTA, actor=ADMIN)
    assert world.call(RefreshCalendars) == 1


def test_only_who_configures_the_schedule_says_what_it_follows(world: World) -> None:
    follow(world, a_calendar(BENS_DAYS))
    responder = an_actor(BEN)
    with pytest.raises(ForbiddenError):
        world.call(SetCalendarImport, ROTA, url=URL, actor=responder)
    with pytest.raises(ForbiddenError):
        world.call(RefreshCalendarImport, ROTA, actor=responder)
    with pytest.raises(ForbiddenError):
        world.call(RemoveCalendarImport, ROTA, actor=responder)
    with pytest.raises(ForbiddenError):
        world.call(GetCalendarImport, ROTA, actor=replace(ADMIN, scopes=frozenset({Permission.CONFIGURE})))


def test_the_audit_trail_has_its_host_and_not_its_address(world: World) -> None:
    follow(world, a_calendar(BENS_DAYS))
    world.call(RemoveCalendarImport, ROTA, actor=ADMIN)
    entries = world.within(lambda ports: ports.audit_reader.list(NewestFirst(limit=50)))
    told = [(each.entry.action, each.entry.before, each.entry.after) for each in entries.items]
    shown = {"host": "calendar.example.test", "refresh_seconds": 900.0, "as_layer": False}
    assert ("schedule.remove_calendar", shown, None) in told
    assert "secret.ics" not in str(told)
