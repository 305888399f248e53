"""What `CoverRepository` promises."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.covers import CoverKey, CoverQuery
from application.ports.event_log import EventPosition
from domain.oncall.cover import CoverRequest, CoverStatus
from domain.oncall.schedule import Schedule
from domain.shared.change import Change
from domain.shared.ids import AbsenceId, CoverRequestId, OverrideId, UserId
from domain.shared.interval import Interval
from tests.contract.core.storing import logged_after
from tests.contract.covers.conftest import CORE, DAILY, EDGE, LAYER, NIGHTLY, NewStore, Store
from tests.support.oncall import ANN, BOB, CYD, DEE, EVE, USERS, utc

NOW = utc("2026-11-23 12:00")
HOUR = timedelta(hours=1)
ANNS_DAY = Interval(start=utc("2026-11-26 08:00"), end=utc("2026-11-27 08:00"))
BOBS_DAY = Interval(start=utc("2026-11-27 08:00"), end=utc("2026-11-28 08:00"))
AWAY = AbsenceId(UUID(int=700))
SCHEDULES = {
    DAILY: Schedule(id=DAILY, team_id=CORE, name="Daily", time_zone="Europe/Berlin", layers=(LAYER,)),
    NIGHTLY: Schedule(id=NIGHTLY, team_id=EDGE, name="Nightly", time_zone="Europe/Berlin", layers=(LAYER,)),
}


def asked(number: int = 1, **more: Any) -> Change[CoverRequest]:
    """Each number is another request."""
    values: dict[str, Any] = {
        "schedule": SCHEDULES[DAILY],
        "user_id": ANN,
        "by": ANN,
        "interval": ANNS_DAY,
        "members": USERS,
        "at": NOW,
        **more,
    }
    return CoverRequest.ask(CoverRequestId(UUID(int=number)), **values)


async def stored(store: Store, change: Change[CoverRequest]) -> CoverRequest:
    async with store.transaction:
        return await store.covers.save(change)


def accepted(request: CoverRequest, by: UserId = DEE) -> Change[CoverRequest]:
    ids = tuple(OverrideId(UUID(int=900 + number)) for number in range(request.overrides_needed))
    return request.accept(by=by, schedule=SCHEDULES[request.schedule_id], override_ids=ids, at=NOW + HOUR)


async def listed(store: Store, **query: Any) -> list[int]:
    return [request.id.int for request in (await store.covers.list(CoverQuery(**query))).items]


async def test_what_was_saved_is_read_by_another_session(new_store: NewStore) -> None:
    swap = asked(asked_of=(BOB, CYD), offers=BOBS_DAY, note="a wedding", absence_id=AWAY, expires_at=NOW + HOUR)
    first = await stored(new_store(), swap)
    assert first == replace(swap.state, version=1)
    assert await new_store().covers.get(first.id) == first
    one_declined = await stored(new_store(), first.decline(by=CYD, members=USERS, at=NOW))
    assert await new_store().covers.get(first.id) == one_declined
    done = await stored(
        new_store(), one_declined.accept(by=BOB, schedule=SCHEDULES[DAILY], override_ids=_ids(2), at=NOW)
    )
    assert await new_store().covers.get(first.id) == done
    assert (done.version, done.accepted_by, len(done.overrides)) == (3, BOB, 2)


def _ids(count: int) -> tuple[OverrideId, ...]:
    return tuple(OverrideId(UUID(int=900 + number)) for number in range(count))


async def test_events_are_in_the_log_with_the_state_or_not_at_all(new_store: NewStore) -> None:
    store = new_store()
    change = asked()

    async def save_and_fail() -> None:
        async with store.transaction:
            await store.covers.save(change)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await save_and_fail()
    request = await stored(store, change)
    again = await stored(store, Change(request))
    assert again == request
    await stored(store, request.withdraw(by=ANN, at=NOW))
    log = await logged_after(new_store().events, EventPosition(0, 0), count=2)
    assert [each.event.kind for each in log] == ["cover.requested", "cover.withdrawn"]


async def test_what_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        await store.covers.get(CoverRequestId(UUID(int=1)))


async def test_the_second_of_two_who_read_the_same_version_is_refused(store: Store) -> None:
    request = await stored(store, asked())
    await stored(store, accepted(request))
    with pytest.raises(ConflictError):
        await stored(store, accepted(request, by=EVE))
    assert (await store.covers.get(request.id)).accepted_by == DEE


async def test_of_two_who_accept_at_once_one_wins_and_the_other_is_told_of_a_conflict(new_store: NewStore) -> None:
    request = await stored(new_store(), asked())
    outcomes = await asyncio.gather(
        *(stored(new_store(), accepted(request, by)) for by in (DEE, EVE)), return_exceptions=True
    )
    lost = [each for each in outcomes if isinstance(each, ConflictError)]
    won = [each for each in outcomes if isinstance(each, CoverRequest)]
    assert (len(won), len(lost)) == (1, 1)
    assert await new_store().covers.get(request.id) == won[0]


async def test_what_is_due_is_claimed_once_earliest_first_and_not_before_its_time(new_store: NewStore) -> None:
    one, two = new_store(), new_store()
    late = await stored(one, asked(1, expires_at=NOW + 2 * HOUR))
    early = await stored(one, asked(2, expires_at=NOW + HOUR))
    await stored(one, (await stored(one, asked(3, expires_at=NOW + HOUR))).withdraw(by=ANN, at=NOW))
    assert await one.covers.earliest_deadline() == NOW + HOUR
    async with one.transaction:
        assert await one.covers.claim_due(at=NOW + HOUR - timedelta.resolution, limit=10) == ()
        assert await one.covers.claim_due(at=NOW + 2 * HOUR, limit=1) == (early,)
        await one.covers.expire([early.tick(NOW + 2 * HOUR)])
    async with two.transaction:
        assert await two.covers.claim_due(at=NOW + 2 * HOUR, limit=10) == (late,)
        await two.covers.expire([late.tick(NOW + 2 * HOUR)])
    assert await one.covers.earliest_deadline() is None
    expired = await one.covers.get(early.id)
    assert (expired.status, expired.decided_at, expired.version) == (CoverStatus.EXPIRED, NOW + 2 * HOUR, 2)
    log = await logged_after(one.events, EventPosition(0, 0), count=6)
    assert [each.event.kind for each in log][-2:] == ["cover.expired", "cover.expired"]
    with pytest.raises(ConflictError):
        await stored(one, early.withdraw(by=ANN, at=NOW))


async def test_two_workers_never_hold_the_same_request(seeded_postgres: NewStore) -> None:
    one, two = seeded_postgres(), seeded_postgres()
    for number in (1, 2):
        await stored(one, asked(number, expires_at=NOW + HOUR))
    async with one.transaction:
        (first,) = await one.covers.claim_due(at=NOW + HOUR, limit=1)
        async with two.transaction:
            (second,) = await two.covers.claim_due(at=NOW + HOUR, limit=2)
    assert {first.id.int, second.id.int} == {1, 2}


async def test_lists_have_open_requests_first_and_then_the_newest(store: Store) -> None:
    await stored(store, asked(1))
    await stored(store, (await stored(store, asked(2))).withdraw(by=ANN, at=NOW))
    await stored(store, asked(3, user_id=BOB, interval=BOBS_DAY, asked_of=(ANN, CYD)))
    await stored(store, accepted(await stored(store, asked(4, asked_of=(DEE,)))))
    await stored(store, asked(5, schedule=SCHEDULES[NIGHTLY], user_id=BOB, interval=BOBS_DAY))
    assert await listed(store) == [5, 3, 1, 4, 2]
    assert await listed(store, user_id=ANN) == [3, 1, 4, 2]
    assert await listed(store, user_id=BOB) == [5, 3]
    assert await listed(store, user_id=DEE) == [4]
    assert await listed(store, user_id=EVE) == []
    assert await listed(store, schedule_id=DAILY) == [3, 1, 4, 2]
    assert await listed(store, team_id=EDGE) == [5]
    assert await listed(store, team_id=CORE, user_id=BOB) == [3]


@pytest.mark.parametrize("filters", [{}, {"user_id": ANN}, {"schedule_id": DAILY}, {"team_id": CORE}])
async def test_a_list_goes_on_where_the_page_before_ended(store: Store, filters: dict[str, Any]) -> None:
    for number in range(1, 6):
        request = await stored(store, asked(number))
        if number % 2:
            await stored(store, request.withdraw(by=ANN, at=NOW))
    seen: list[int] = []
    after: CoverKey | None = None
    while True:
        page = await store.covers.list(CoverQuery(limit=2, after=after, **filters))
        seen += [request.id.int for request in page.items]
        if not page.has_more:
            break
        after = CoverKey(page.items[-1].is_open, page.items[-1].id)
    assert seen == [4, 2, 5, 3, 1]


async def test_a_request_that_expired_is_no_longer_among_a_persons_open_ones(store: Store) -> None:
    old = await stored(store, asked(2, expires_at=NOW + HOUR, asked_of=(DEE,)))
    await stored(store, asked(1, asked_of=(DEE,)))
    async with store.transaction:
        await store.covers.expire([old.tick(NOW + HOUR)])
    assert await listed(store, user_id=DEE) == [1, 2]


async def test_the_open_requests_that_were_made_from_time_off_are_found(store: Store) -> None:
    first = await stored(store, asked(1, absence_id=AWAY))
    await stored(store, (await stored(store, asked(2, absence_id=AWAY))).withdraw(by=ANN, at=NOW))
    await stored(store, asked(3, absence_id=AbsenceId(UUID(int=701))))
    await stored(store, asked(4))
    assert await store.covers.open_of_absence(AWAY) == (first,)


async def test_an_override_tells_which_accepted_request_it_came_of(store: Store) -> None:
    swap = await stored(store, asked(1, offers=BOBS_DAY, asked_of=(BOB,)))
    plain = await stored(store, asked(2))
    await stored(store, asked(3))
    done = await stored(store, accepted(swap, BOB))

    override_ids = done.override_ids
    assert len(override_ids) == 2
    wanted = {*override_ids, OverrideId(UUID(int=77))}
    assert await store.covers.of_overrides(wanted) == dict.fromkeys(override_ids, done)
    assert await store.covers.of_overrides(set(plain.override_ids)) == {}
