"""What `AbsenceRepository` promises."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.absences import AbsenceKey, AbsenceQuery
from domain.oncall.absence import Absence
from domain.shared.ids import AbsenceId, UserId
from domain.shared.interval import Interval
from tests.contract.covers.conftest import CORE, EDGE, NewStore, Store
from tests.support.oncall import ANN, BOB, DEE, EVE, utc

LONG_AGO = utc("2020-01-01 00:00")


def a_span(start: str, end: str) -> Interval:
    return Interval(start=utc(f"2026-11-{start}"), end=utc(f"2026-11-{end}"))


def an_absence(number: int, start: str, end: str, user_id: UserId = ANN) -> Absence:
    return Absence(id=AbsenceId(UUID(int=number)), user_id=user_id, interval=a_span(start, end), reason="the sea")


async def add(store: Store, *absences: Absence) -> None:
    async with store.transaction:
        for absence in absences:
            await store.absences.add(absence)


async def listed(store: Store, **query: Any) -> list[int]:
    page = await store.absences.list(AbsenceQuery(**{"since": LONG_AGO, **query}))
    return [absence.id.int for absence in page.items]


async def test_what_was_saved_is_read_by_another_session(new_store: NewStore) -> None:
    absence = an_absence(1, "24 08:00", "26 08:00")
    await add(new_store(), absence)
    assert await new_store().absences.get(absence.id) == absence


async def test_time_off_of_one_user_does_not_overlap_and_the_answer_names_the_other(store: Store) -> None:
    await add(store, an_absence(1, "24 08:00", "26 08:00"))
    named = r"overlaps absence 00000000-0000-0000-0000-000000000001, from 2026-11-24T08:00Z to 2026-11-26T08:00Z"
    with pytest.raises(ConflictError, match=named):
        await add(store, an_absence(2, "26 07:59", "27 08:00"))
    await add(store, an_absence(3, "26 08:00", "27 08:00"), an_absence(4, "24 08:00", "26 08:00", BOB))
    assert await listed(store) == [1, 4, 3]


async def test_of_two_that_overlap_and_are_added_at_once_one_is_refused(new_store: NewStore) -> None:
    absences = (an_absence(1, "24 08:00", "26 08:00"), an_absence(2, "25 08:00", "27 08:00"))
    outcomes = await asyncio.gather(*(add(new_store(), each) for each in absences), return_exceptions=True)
    assert [type(each) for each in outcomes if each is not None] == [ConflictError]
    assert len(await listed(new_store())) == 1


async def test_time_off_can_be_taken_back_or_ended_and_makes_room(store: Store) -> None:
    first, second = an_absence(1, "24 08:00", "26 08:00"), an_absence(2, "27 08:00", "28 08:00")
    await add(store, first, second)
    async with store.transaction:
        await store.absences.remove(first.id)
        await store.absences.end(second.id, at=utc("2026-11-27 12:00"))
    ended = replace(second, interval=a_span("27 08:00", "27 12:00"))
    assert await store.absences.get(second.id) == ended
    await add(store, an_absence(3, "25 08:00", "27 08:00"), an_absence(4, "27 12:00", "28 08:00"))
    assert await listed(store) == [3, 2, 4]


async def test_what_is_not_there_is_not_found(store: Store) -> None:
    nothing = AbsenceId(UUID(int=1))
    with pytest.raises(NotFoundError):
        await store.absences.get(nothing)
    with pytest.raises(NotFoundError):
        async with store.transaction:
            await store.absences.remove(nothing)
    with pytest.raises(NotFoundError):
        async with store.transaction:
            await store.absences.end(nothing, at=LONG_AGO)


async def test_lists_hold_what_is_not_over_by_its_end(store: Store) -> None:
    await add(
        store,
        an_absence(1, "24 08:00", "28 08:00", BOB),
        an_absence(2, "24 08:00", "25 08:00", ANN),
        an_absence(3, "26 08:00", "27 08:00", ANN),
        an_absence(4, "26 08:00", "27 08:00", EVE),
    )
    assert await listed(store) == [2, 3, 4, 1]
    assert await listed(store, since=utc("2026-11-25 08:00")) == [3, 4, 1]
    assert await listed(store, user_id=ANN) == [2, 3]
    assert await listed(store, team_id=CORE) == [2, 3, 1]
    assert await listed(store, team_id=EDGE) == [4]
    assert await listed(store, team_id=CORE, user_id=EVE) == []


async def test_a_list_goes_on_where_the_page_before_ended(store: Store) -> None:
    for number, user_id in ((1, ANN), (2, BOB), (3, DEE)):
        await add(store, an_absence(number, "24 08:00", "25 08:00", user_id))
    first = await store.absences.list(AbsenceQuery(since=LONG_AGO, limit=2))
    assert first.has_more
    after = AbsenceKey(first.items[-1].interval.end, first.items[-1].id)
    second = await store.absences.list(AbsenceQuery(since=LONG_AGO, limit=2, after=after))
    assert [each.id.int for each in (*first.items, *second.items)] == [1, 2, 3]
    assert not second.has_more
    assert await listed(store, after=after, since=utc("2026-11-25 08:00")) == []


async def test_time_off_of_several_users_is_found_by_its_interval(store: Store) -> None:
    one = an_absence(1, "24 08:00", "26 08:00", ANN)
    two = an_absence(2, "25 08:00", "27 08:00", BOB)
    await add(store, one, two, an_absence(3, "24 08:00", "26 08:00", DEE))
    both = (ANN, BOB)
    assert await store.absences.of_users(both, a_span("25 00:00", "26 00:00"), limit=10) == (one, two)
    assert await store.absences.of_users(both, a_span("25 00:00", "26 00:00"), limit=1) == (one,)
    assert await store.absences.of_users(both, a_span("26 08:00", "26 09:00"), limit=10) == (two,)
    assert await store.absences.of_users(both, a_span("24 00:00", "24 08:00"), limit=10) == ()
    assert await store.absences.of_users((), a_span("25 00:00", "26 00:00"), limit=10) == ()
