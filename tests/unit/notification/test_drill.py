from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from application.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from application.identity.recognize import RecognizeDrillLink
from application.notification.confirm_drill import ConfirmDrill
from application.notification.drill_schedule import DrillSchedule
from application.notification.drill_user import DrillUser
from application.notification.drill_weekly import AT_ONCE, DrillWeekly
from application.notification.notify import Notify
from application.ports.notifier import NoticeMessage
from domain.identity.actor import Actor
from domain.identity.role import Role
from domain.notification.contact import Channel
from domain.notification.drill import DrillTime
from domain.notification.notice import Notice, NoticeKind
from domain.notification.proof import ContactProof
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ContactId, UserId
from entrypoints.settings import SettingsError, load
from tests.support.builders import ADA, BEN, CAT, CREW, DAN, MINUTE, NOON, ROTA, a_contact, a_town, a_user, an_actor
from tests.support.world import Point, World

ADMIN = an_actor(BEN, Role.ADMIN)


@pytest.fixture
def world() -> Iterator[World]:
    made = World(town=a_town())
    yield made
    made.close()


def test_a_drill_tries_each_contact_of_a_person_with_a_link_of_its_own(world: World) -> None:
    drilled = world.call(DrillUser, ADA, actor=an_actor(ADA))
    world.work()

    assert (drilled.told, drilled.unreachable) == ((ADA,), ())
    assert {notice.address for _, notice in world.notices} == {
        a_contact(ADA).address,
        a_contact(ADA, Channel.SLACK).address,
    }
    assert len({notice.url for _, notice in world.notices}) == 2


def test_a_drill_is_held_once_a_minute(world: World) -> None:
    for _ in range(3):
        world.call(DrillUser, CAT, actor=ADMIN)
    world.work()
    assert len(world.notices) == 1

    world.clock.move_to(NOON + MINUTE)
    world.call(DrillUser, CAT, actor=ADMIN)
    world.work()
    assert len(world.notices) == 2


def test_whoever_cannot_be_reached_is_named(world: World) -> None:
    assert world.call(DrillUser, DAN, actor=ADMIN).unreachable == (DAN,)


@pytest.mark.parametrize("actor", [an_actor(ADA), an_actor(ADA, Role.MANAGER, team_ids=frozenset({CREW}))])
def test_only_an_admin_drills_another_person(world: World, actor: Actor) -> None:
    with pytest.raises(ForbiddenError):
        world.call(DrillUser, BEN, actor=actor)


def test_a_drill_of_a_schedule_tells_whoever_is_on_call_now_or_everyone_who_takes_turns(world: World) -> None:
    manager = an_actor(BEN, Role.MANAGER, team_ids=frozenset({CREW}))
    now = world.call(DrillSchedule, ROTA, everyone=False, actor=manager)
    assert len(now.told) == 1
    assert world.call(DrillSchedule, ROTA, everyone=True, actor=manager).told == (ADA, CAT)


def test_only_who_configures_a_schedule_drills_it(world: World) -> None:
    with pytest.raises(ForbiddenError):
        world.call(DrillSchedule, ROTA, everyone=False, actor=an_actor(BEN, Role.MANAGER))


def confirm(world: World, notice: NoticeMessage) -> None:
    assert notice.url is not None
    token = urlsplit(notice.url).path.removeprefix("/d/")
    notification_id, actor = world.call(RecognizeDrillLink, token)
    world.call(ConfirmDrill, notification_id, actor=actor)


def proofs(world: World, user_id: UserId) -> dict[ContactId, ContactProof]:
    return dict(world.within(lambda ports: ports.contact_proofs.of_users({user_id})))


def test_an_attempt_is_known_at_once_and_the_button_proves_the_contact(world: World) -> None:
    mail = a_contact(BEN)
    world.call(DrillUser, BEN, actor=ADMIN)
    world.work()
    assert proofs(world, BEN)[mail.id] == ContactProof(contact_id=mail.id, attempted_at=NOON, delivered_at=NOON)

    world.clock.move_to(NOON + MINUTE)
    confirm(world, next(notice for channel, notice in world.notices if channel is Channel.EMAIL))
    assert proofs(world, BEN)[mail.id].confirmed_at == NOON + MINUTE
    assert proofs(world, BEN)[a_contact(BEN, Channel.SLACK).id].confirmed_at is None


def test_a_link_is_good_for_a_day(world: World) -> None:
    world.call(DrillUser, CAT, actor=ADMIN)
    world.work()
    world.clock.move_to(NOON + 24 * 60 * MINUTE)
    with pytest.raises(UnauthenticatedError):
        confirm(world, world.notices[0][1])


def test_another_person_or_another_notice_cannot_be_confirmed(world: World) -> None:
    shift = Notice(kind=NoticeKind.SHIFT_STARTED, key="shift", title="On call", text="Now.")
    world.call(Notify, [CAT], shift, at=NOON)
    world.call(DrillUser, ADA, actor=an_actor(ADA))
    world.work()
    told = {notice.user_id: notice for _, notice in world.notices}
    assert set(told) == {ADA, CAT}
    for user_id, notification_id in ((CAT, told[ADA].notification_id), (CAT, told[CAT].notification_id)):
        with pytest.raises(NotFoundError):
            world.call(ConfirmDrill, notification_id, actor=an_actor(user_id))
    assert proofs(world, ADA).keys() == {a_contact(ADA).id, a_contact(ADA, Channel.SLACK).id}


def test_a_contact_that_refuses_is_known_to_until_something_gets_through() -> None:
    contact_id = a_contact(ADA).id
    assert ContactProof(contact_id=contact_id, refused_at=NOON).is_refusing
    assert ContactProof(contact_id=contact_id, refused_at=NOON, delivered_at=NOON - MINUTE).is_refusing
    assert not ContactProof(contact_id=contact_id, refused_at=NOON, delivered_at=NOON).is_refusing
    assert not ContactProof(contact_id=contact_id, delivered_at=NOON).is_refusing


TUESDAY_TEN = NOON + 22 * 60 * MINUTE  # NOON is on a Monday


def test_everybody_with_a_contact_is_drilled_once_a_week_in_the_hour_that_is_set(world: World) -> None:
    for before in (NOON, TUESDAY_TEN - MINUTE):
        world.clock.move_to(before)
        assert world.call(DrillWeekly) == 0
    world.clock.move_to(TUESDAY_TEN)
    assert world.call(DrillWeekly) == 3  # Dan has left
    world.clock.move_to(TUESDAY_TEN + 59 * MINUTE)
    assert world.call(DrillWeekly) == 0
    world.clock.move_to(TUESDAY_TEN + 60 * MINUTE)
    assert world.call(DrillWeekly) == 0
    world.work()
    assert len(world.notices) == 5

    world.clock.move_to(TUESDAY_TEN + timedelta(weeks=1))
    assert world.call(DrillWeekly) == 3


def test_a_worker_that_dies_in_a_weekly_drill_leaves_the_rest_to_the_next(world: World) -> None:
    world.clock.move_to(TUESDAY_TEN)
    with world.crashing(Point.BEFORE_COMMIT):
        world.call(DrillWeekly)
    assert world.call(DrillWeekly) == 3


@pytest.mark.parametrize("text", ["tue", "10", "tue 24", "tue ten", "tuesday 10", "tue -1", "tue 1 0"])
def test_a_drill_time_is_a_day_and_an_hour(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"^drill_weekly: must be a day and an hour in UTC, such as `tue 10`$"):
        DrillTime.read(text)
    with pytest.raises(SettingsError, match="TOCSIN_DRILL_WEEKLY must be a day"):
        load({"TOCSIN_DRILL_WEEKLY": text})


def test_without_a_time_there_is_no_weekly_drill() -> None:
    assert not any(DrillTime.read(" ").is_open(NOON + timedelta(hours=hour)) for hour in range(24 * 7))


def test_a_weekly_drill_of_many_is_done_a_share_at_a_time() -> None:
    people = [UserId(UUID(int=number)) for number in range(1000, 1000 + AT_ONCE + 20)]
    usual = a_town()
    world = World(
        town=a_town(users=(*usual.users, *map(a_user, people)), contacts=(*usual.contacts, *map(a_contact, people)))
    )
    try:
        world.clock.move_to(TUESDAY_TEN)
        shares = [world.call(DrillWeekly) for _ in range(4)]
        assert max(shares) <= AT_ONCE
        assert sum(shares) == len(people) + 3
        assert shares[-1] == 0
    finally:
        world.close()


def test_the_hour_of_a_drill_begins_on_the_hour_of_its_own_day_and_ends_an_hour_later() -> None:
    hour = DrillTime.read("mon 12")  # NOON is a Monday at 12:00 UTC
    last = timedelta(hours=1) - timedelta(microseconds=1)
    assert [hour.is_open(NOON + after) for after in (timedelta(0), last)] == [True, True]
    outside = (-timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1), timedelta(days=6))
    assert not any(hour.is_open(NOON + after) for after in outside)
    assert hour.is_open(NOON.astimezone(ZoneInfo("Asia/Kathmandu")))
