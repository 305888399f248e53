"""What people read of their shifts, and of requests for cover."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from application.identity.set_shift_wishes import SetShiftWishes
from application.oncall.accept_cover import AcceptCover
from application.oncall.add_absence import AddAbsence
from application.oncall.add_override import AddOverride
from application.oncall.decline_cover import DeclineCover
from application.oncall.expire_covers import ExpireCoverRequests
from application.oncall.request_absence_cover import RequestAbsenceCover
from application.oncall.request_cover import RequestCover
from application.oncall.tell_shifts import ShiftNotices, TellShifts
from application.oncall.update_schedule import UpdateSchedule
from application.oncall.withdraw_cover import WithdrawCover
from domain.identity.role import Role
from domain.oncall.cover import CoverRequest
from domain.oncall.override import OverrideKind
from domain.shared.ids import UserId
from domain.shared.interval import Interval
from tests.support.builders import ADA, BEN, CAT, CREW, NOON, ROTA, a_contact, a_town, a_user, an_actor
from tests.support.oncall import a_layer, utc
from tests.support.world import Point, World

DAY = timedelta(days=1)
# Daily turns of ADA and CAT, from 08:00 UTC; at NOON, on 23 November, it is ADA's.
ADAS_NEXT = Interval(start=utc("2026-11-25 08:00"), end=utc("2026-11-26 08:00"))


@pytest.fixture
def world() -> Iterator[World]:
    people = (a_user(ADA, "Ada"), a_user(BEN, "Ben"), replace(a_user(CAT, "Cat"), time_zone="Asia/Tokyo"))
    contacts = tuple(a_contact(user.id) for user in people)
    made = World(town=a_town(users=people, contacts=contacts, rules={}))
    yield made
    made.close()


class Mail:
    """What has come since it was looked into last: to whom, the title and the lines of the text."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen = 0

    def new(self) -> list[tuple[UserId, str, list[str]]]:
        self._world.work()
        found = [notice for _, notice in self._world.notices]
        new, self._seen = found[self._seen :], len(found)
        return sorted((each.user_id, each.title, each.text.splitlines()) for each in new if each.user_id is not None)


@pytest.fixture
def mail(world: World) -> Mail:
    return Mail(world)


def ask(world: World, *, asked_of: tuple[UserId, ...] = (), offers: Interval | None = None) -> CoverRequest:
    return world.call(
        RequestCover,
        ROTA,
        user_id=ADA,
        interval=ADAS_NEXT,
        asked_of=asked_of,
        offers=offers,
        note="Dentist",
        actor=an_actor(ADA),
    )


def test_people_hear_a_day_ahead_when_it_begins_and_when_it_ends_on_their_own_clock(world: World, mail: Mail) -> None:
    handoff = utc("2026-11-24 08:00")
    world.call(TellShifts)
    assert mail.new() == [
        (CAT, "On call from Tue 24 Nov 2026 17:00 JST: Rota", ["Until Wed 25 Nov 2026 17:00 JST", "Before you: Ada"])
    ]
    world.clock.move_to(handoff)
    assert world.call(TellShifts) == 3
    assert mail.new() == [
        (ADA, "On call from Wed 25 Nov 2026 08:00 UTC: Rota", ["Until Thu 26 Nov 2026 08:00 UTC", "Before you: Cat"]),
        (ADA, "You are off call: Rota", ["Since Tue 24 Nov 2026 08:00 UTC", "On call now: Cat"]),
        (
            CAT,
            "You are on call now: Rota",
            ["Since Tue 24 Nov 2026 17:00 JST", "Until Wed 25 Nov 2026 17:00 JST", "Before you: Ada"],
        ),
    ]
    world.clock.move_to(handoff + timedelta(minutes=1))
    assert world.call(TellShifts) == 0


def test_the_first_of_a_minute_looks(world: World, mail: Mail) -> None:
    assert world.call(TellShifts) == 1
    assert world.call(TellShifts) == 0
    with world.crashing(Point.BEFORE_COMMIT):
        world.clock.move_to(utc("2026-11-24 08:00"))
        world.call(TellShifts)
    assert world.call(TellShifts) == 3  # nobody has looked in this minute
    assert len(mail.new()) == 4


def test_who_is_put_on_call_at_short_notice_hears_of_it_at_once(world: World, mail: Mail) -> None:
    world.call(TellShifts)
    mail.new()
    starts = NOON + timedelta(hours=2)
    admin = an_actor(role=Role.ADMIN)
    world.call(
        AddOverride, ROTA, user_id=BEN, starts_at=starts, ends_at=starts + 3 * DAY, kind=OverrideKind.ADD, actor=admin
    )
    world.clock.move_to(NOON + timedelta(minutes=1))
    world.call(TellShifts)
    assert mail.new() == [
        (
            BEN,
            "On call from Mon 23 Nov 2026 14:00 UTC: Rota",
            ["Until Thu 26 Nov 2026 14:00 UTC", "Before you: Ada", "With you: Ada"],
        )
    ]


def test_a_shift_without_an_end_in_sight_is_said_to_be_long(world: World, mail: Mail) -> None:
    admin = an_actor(role=Role.ADMIN)
    always = (a_layer(BEN, starts="2026-01-01 00:00"),)
    tomorrow = NOON + DAY
    world.call(UpdateSchedule, ROTA, team_id=CREW, name="Rota", layers=always, effective_at=tomorrow, actor=admin)
    world.call(TellShifts)
    assert (BEN, ["For more than 15 days", "Before you: Cat"]) in [(who, lines) for who, _, lines in mail.new()]


def test_nobody_hears_what_they_do_not_want_to_hear_and_everybody_else_does(world: World, mail: Mail) -> None:
    world.call(SetShiftWishes, CAT, ahead=False, started=False, actor=an_actor(CAT))
    assert world.call(TellShifts) == 0
    world.clock.move_to(utc("2026-11-24 08:00"))
    assert world.call(TellShifts) == 2
    assert [(who, title.partition(" from")[0]) for who, title, _ in mail.new()] == [
        (ADA, "On call"),
        (ADA, "You are off call: Rota"),
    ]
    world.call(SetShiftWishes, ADA, ended=False, actor=an_actor(ADA))
    world.call(SetShiftWishes, CAT, ahead=True, actor=an_actor(CAT))
    world.clock.move_to(utc("2026-11-24 08:30"))
    assert world.call(TellShifts) == 0  # what somebody did not want to hear is not made up for
    world.clock.move_to(utc("2026-11-25 08:00"))
    assert world.call(TellShifts) == 3
    assert [(who, title.partition(" from")[0]) for who, title, _ in mail.new()] == [
        (ADA, "You are on call now: Rota"),
        (CAT, "On call"),
        (CAT, "You are off call: Rota"),
    ]


def test_a_request_for_cover_comes_whatever_somebody_wants_to_hear_of_their_shifts(world: World, mail: Mail) -> None:
    world.call(SetShiftWishes, BEN, ahead=False, started=False, ended=False, actor=an_actor(BEN))
    ask(world, asked_of=(BEN,))
    assert [who for who, _, _ in mail.new()] == [BEN]


def test_nobody_hears_of_shifts_when_the_installation_says_so(world: World, mail: Mail) -> None:
    silent = ShiftNotices(None)
    tell = TellShifts(*(None,) * 5, silent, None, world.clock)  # type: ignore[arg-type]  # nothing else is asked
    assert asyncio.run(tell()) == 0


def test_those_who_are_asked_hear_of_it_with_how_to_answer(world: World, mail: Mail) -> None:
    request = ask(world)
    told = mail.new()
    assert [(who, title) for who, title, _ in told] == [
        (BEN, "Ada asks you to be on call instead"),
        (CAT, "Ada asks you to be on call instead"),
    ]
    assert told[0][2] == [
        "Rota, Wed 25 Nov 2026 08:00 UTC to Thu 26 Nov 2026 08:00 UTC",
        "Dentist",
        "Answer by Wed 25 Nov 2026 08:00 UTC:",
        f"tocsin cover accept {request.id}",
    ]


def test_a_swap_says_what_is_given_in_exchange(world: World, mail: Mail) -> None:
    ask(world, asked_of=(CAT,), offers=Interval(start=utc("2026-11-24 08:00"), end=utc("2026-11-25 08:00")))
    ((who, _, lines),) = mail.new()
    assert who == CAT
    assert lines[0].endswith(", in exchange for Tue 24 Nov 2026 17:00 JST to Wed 25 Nov 2026 17:00 JST")


def test_whoever_asked_hears_who_stands_in(world: World, mail: Mail) -> None:
    request = ask(world, asked_of=(BEN, CAT))
    mail.new()
    world.call(AcceptCover, request.id, actor=an_actor(BEN))
    assert [(who, title) for who, title, _ in mail.new()] == [(ADA, "Ben is on call instead of Ada")]


def test_whoever_asked_hears_when_the_last_will_not(world: World, mail: Mail) -> None:
    request = ask(world, asked_of=(BEN, CAT))
    mail.new()
    world.call(DeclineCover, request.id, actor=an_actor(BEN))
    assert mail.new() == []
    world.call(DeclineCover, request.id, actor=an_actor(CAT))
    assert [(who, title) for who, title, _ in mail.new()] == [(ADA, "Nobody will stand in: Ada stays on call")]


def test_those_who_have_not_declined_hear_that_it_was_taken_back(world: World, mail: Mail) -> None:
    request = ask(world, asked_of=(BEN, CAT))
    world.call(DeclineCover, request.id, actor=an_actor(BEN))
    mail.new()
    world.call(WithdrawCover, request.id, actor=an_actor(ADA))
    assert [(who, title) for who, title, _ in mail.new()] == [(CAT, "Ada needs nobody to stand in any more")]


def test_whoever_asked_hears_that_nobody_accepted_in_time_once(world: World, mail: Mail) -> None:
    request = ask(world, asked_of=(BEN,))
    mail.new()
    world.clock.move_to(request.expires_at)
    with world.crashing(Point.BEFORE_COMMIT):
        world.call(ExpireCoverRequests)
    world.call(ExpireCoverRequests)
    assert [(who, title) for who, title, _ in mail.new()] == [(ADA, "Nobody has accepted in time: Ada stays on call")]


def test_what_is_asked_at_once_is_one_message_that_shows_the_first_five(world: World, mail: Mail) -> None:
    away = Interval(start=NOON + DAY, end=NOON + 15 * DAY)
    absence = world.call(AddAbsence, user_id=ADA, interval=away, reason="Leave", actor=an_actor(ADA)).absence
    requests = world.call(RequestAbsenceCover, absence.id, asked_of=(BEN,), actor=an_actor(ADA))
    assert len(requests) == 7
    ((who, _, lines),) = mail.new()
    assert who == BEN
    assert [line for line in lines if line.startswith("Rota, ")] == lines[:5]
    assert lines[5] == "and 2 more"
    assert [line for line in lines if line.startswith("tocsin cover accept ")] == lines[-5:]
