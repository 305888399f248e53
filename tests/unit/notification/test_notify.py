from collections.abc import Iterator

import pytest

from application.notification.notify import Notify
from domain.notification.contact import Channel
from domain.notification.notice import Notice, NoticeKind
from tests.support.builders import ADA, BEN, CAT, DAN, NOON, a_contact, a_town
from tests.support.world import World

SHIFT = Notice(kind=NoticeKind.SHIFT_STARTED, key="shift:1", title="You are on call", text="Until 09:00.")
STALLED = Notice(kind=NoticeKind.STALLED, key="stalled:1", title="INC-1 stalled", text="Nothing happens to it.")


@pytest.fixture
def world() -> Iterator[World]:
    made = World(town=a_town())
    yield made
    made.close()


def arrived(world: World) -> set[tuple[str, str]]:
    world.work()
    return {(notice.title, notice.address) for _, notice in world.notices}


def test_each_person_is_told_on_the_contact_that_is_theirs_for_a_notice(world: World) -> None:
    told = world.call(Notify, [ADA, CAT], SHIFT, at=NOON)

    assert told == {ADA, CAT}
    later = a_contact(CAT, Channel.SLACK)
    assert arrived(world) == {(SHIFT.title, a_contact(ADA).address), (SHIFT.title, later.address)}


def test_an_urgent_notice_goes_to_every_contact(world: World) -> None:
    world.call(Notify, [BEN], STALLED, at=NOON)

    assert arrived(world) == {
        (STALLED.title, a_contact(BEN).address),
        (STALLED.title, a_contact(BEN, Channel.SLACK).address),
    }


def test_whoever_has_left_is_told_nothing(world: World) -> None:
    assert world.call(Notify, [DAN], STALLED, at=NOON) == frozenset()
    assert arrived(world) == set()


def test_what_is_told_twice_arrives_once(world: World) -> None:
    for _ in range(2):
        world.call(Notify, [ADA, ADA], SHIFT, at=NOON)

    world.work()
    assert len(world.notices) == 1
