"""What was asked for time off, once the time off is taken back. Over the memory storage."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from application.oncall.accept_cover import AcceptCover
from application.oncall.add_absence import AddAbsence
from application.oncall.decline_cover import DeclineCover
from application.oncall.remove_absence import RemoveAbsence
from application.oncall.request_absence_cover import RequestAbsenceCover
from application.oncall.take_back_cover import INTERVALS_NAMED, no_longer_needed
from application.oncall.withdraw_cover import WithdrawCover
from application.ports.covers import CoverQuery
from application.ports.readers import NewestFirst
from domain.oncall.cover import CoverRequest, CoverStatus
from domain.shared.ids import AbsenceId, CoverRequestId, TeamId, UserId
from domain.shared.interval import Interval
from tests.support.builders import ADA, BEN, CAT, NOON, ROTA, a_town, an_actor
from tests.support.world import World

DAY = timedelta(days=1)
WEEK = Interval(start=NOON + DAY, end=NOON + 8 * DAY)


@pytest.fixture
def world() -> Iterator[World]:
    """Ada and Cat are on call a day each; Ben and Cat are the team."""
    made = World(town=a_town())
    yield made
    made.close()


@pytest.fixture
def away(world: World) -> AbsenceId:
    """Ada is away for a week, and has asked her team to cover each of her days."""
    absence = world.call(AddAbsence, user_id=ADA, interval=WEEK, actor=an_actor(ADA)).absence
    world.call(RequestAbsenceCover, absence.id, actor=an_actor(ADA))
    return absence.id


def requests(world: World) -> tuple[CoverRequest, ...]:
    return world.within(lambda ports: ports.covers.list(CoverQuery())).items


def told(world: World) -> list[tuple[UserId, str]]:
    world.work()
    return [(notice.user_id, notice.title) for _, notice in world.notices if notice.user_id is not None]


def test_what_was_asked_for_it_is_withdrawn_with_it_and_everyone_who_was_asked_hears_once(
    world: World, away: AbsenceId
) -> None:
    assert len(requests(world)) > 1

    world.call(RemoveAbsence, away, actor=an_actor(ADA))

    assert {request.status for request in requests(world)} == {CoverStatus.WITHDRAWN}
    title = "No longer needed: cover for User 1"
    assert sorted(told(world)) == [(BEN, title), (CAT, title)]


def test_each_withdrawal_is_in_the_audit_trail(world: World, away: AbsenceId) -> None:
    world.call(RemoveAbsence, away, actor=an_actor(ADA))

    listed = world.within(lambda ports: ports.audit_reader.list(NewestFirst())).items
    actions = [record.entry.action for record in listed]
    assert actions.count("cover.withdraw") == len(requests(world))
    assert actions.count("absence.remove") == 1


def test_who_stands_in_already_still_does(world: World, away: AbsenceId) -> None:
    first = min(requests(world), key=lambda each: each.interval.start)
    world.call(AcceptCover, first.id, actor=an_actor(BEN))

    world.call(RemoveAbsence, away, actor=an_actor(ADA))

    assert {each.status for each in requests(world) if each.id == first.id} == {CoverStatus.ACCEPTED}
    schedule = world.within(lambda ports: ports.schedules.look_up(ROTA, since=NOON))
    assert [override.user_id for override in schedule.overrides] == [BEN]


def test_who_has_declined_everything_hears_nothing(world: World, away: AbsenceId) -> None:
    for request in requests(world):
        world.call(DeclineCover, request.id, actor=an_actor(BEN))

    world.call(RemoveAbsence, away, actor=an_actor(ADA))

    assert [user_id for user_id, _ in told(world)] == [CAT]


def test_time_that_has_begun_is_left_to_expire(world: World, away: AbsenceId) -> None:
    world.clock.move_to(WEEK.start + DAY)  # and nobody came to let the first request expire

    world.call(RemoveAbsence, away, actor=an_actor(ADA))

    assert {each.status for each in requests(world)} == {CoverStatus.OPEN, CoverStatus.WITHDRAWN}


def test_withdrawing_one_request_tells_those_who_were_asked_once(world: World, away: AbsenceId) -> None:
    first = requests(world)[0]
    world.call(WithdrawCover, first.id, actor=an_actor(ADA))
    world.call(WithdrawCover, first.id, actor=an_actor(ADA))

    assert sorted(user_id for user_id, _ in told(world)) == [BEN, CAT]


def test_a_notice_about_many_requests_names_the_first_and_counts_the_rest() -> None:
    many = [a_request(number) for number in range(INTERVALS_NAMED + 2)]

    notice = no_longer_needed("Ada", many[::-1])

    assert notice.text.splitlines()[1] == "from 2026-11-23T12:00Z to 2026-11-24T12:00Z"
    assert notice.text.endswith("\nand 2 more")


def a_request(number: int) -> CoverRequest:
    start = NOON + number * DAY
    return CoverRequest(
        id=CoverRequestId(UUID(int=number)),
        schedule_id=ROTA,
        team_id=TeamId(UUID(int=11)),
        user_id=ADA,
        requested_by=ADA,
        requested_at=NOON,
        interval=Interval(start=start, end=start + DAY),
        expires_at=start,
    )
