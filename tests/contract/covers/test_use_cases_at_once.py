"""Two who answer one request at once, over the database, with the real use cases."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

import pytest
from dishka import AsyncContainer

from adapters.outbound.system.clock import ManualClock
from application.errors import ConflictError
from application.oncall.accept_cover import AcceptCover
from application.oncall.add_override import AddOverride
from application.oncall.expire_covers import ExpireCoverRequests
from application.oncall.request_cover import RequestCover
from application.oncall.withdraw_cover import WithdrawCover
from application.ports.event_log import EventPosition
from application.ports.schedule_history import ScheduleHistory
from domain.identity.role import Role
from domain.oncall.cover import CoverRequest, CoverStatus
from domain.shared.ids import CoverRequestId, UserId
from domain.shared.interval import Interval
from tests.contract.core.storing import logged_after
from tests.support.at_once import SOON, Turnstile, containers_over
from tests.support.builders import ADA, BEN, CAT, MINUTE, NOON, ROTA, a_town, an_actor
from tests.support.oncall import utc
from tests.support.world import Gate, Ports, Trap

# ADA has the 23rd from 08:00 UTC, CAT the 24th, and so on by turns.
ADAS_DAY = Interval(start=utc("2026-11-25 08:00"), end=utc("2026-11-26 08:00"))
CATS_DAY = Interval(start=utc("2026-11-26 08:00"), end=utc("2026-11-27 08:00"))


class Process:
    """One of several processes over one database."""

    def __init__(self, container: AsyncContainer) -> None:
        self._container = container

    async def settle_in(self) -> CoverRequestId:
        """The town, and a request of ADA's, asked of BEN and CAT."""
        async with self._container() as scope:
            await (await scope.get(Ports)).settle_in(a_town())
        async with self._container() as scope:
            request = await (await scope.get(RequestCover))(
                ROTA, user_id=ADA, interval=ADAS_DAY, asked_of=(BEN, CAT), actor=an_actor(ADA)
            )
        return request.id

    async def accept(self, request_id: CoverRequestId, by: UserId) -> None:
        async with self._container() as scope:
            await (await scope.get(AcceptCover))(request_id, actor=an_actor(by))

    async def withdraw(self, request_id: CoverRequestId) -> None:
        async with self._container() as scope:
            await (await scope.get(WithdrawCover))(request_id, actor=an_actor(ADA))

    async def expire(self, *, at: datetime) -> int:
        (await self._container.get(ManualClock)).move_to(at)
        async with self._container() as scope:
            return await (await scope.get(ExpireCoverRequests))()

    async def add_override(self, user_id: UserId, interval: Interval) -> None:
        async with self._container() as scope:
            await (await scope.get(AddOverride))(
                ROTA, user_id=user_id, starts_at=interval.start, ends_at=interval.end, actor=an_actor(role=Role.ADMIN)
            )

    async def move_to(self, at: datetime) -> None:
        (await self._container.get(ManualClock)).move_to(at)

    async def standing_in(self, interval: Interval, *, known_at: datetime) -> list[UserId]:
        """Who was known to, at the instant."""
        async with self._container() as scope:
            found = await (await scope.get(ScheduleHistory)).of([ROTA], interval, known_at=known_at)
        return [each.part.user_id for each in found[ROTA].history.overrides]

    async def outcome(self, request_id: CoverRequestId) -> tuple[CoverRequest, list[UserId], list[str]]:
        """The request, who stands in on the schedule, and what the log tells."""
        async with self._container() as scope:
            ports = await scope.get(Ports)
            request = await ports.covers.get(request_id)
            schedule = await ports.schedules.look_up(ROTA, since=NOON)
            log = await logged_after(ports.events, EventPosition(0, 0), count=2)
        return request, [each.user_id for each in schedule.overrides], [each.event.kind for each in log]


type NewProcess = Callable[[Gate], Process]


@pytest.fixture
async def new_process(clean_database: str) -> AsyncIterator[NewProcess]:
    async with containers_over(clean_database) as new_container:
        yield lambda gate: Process(new_container(gate))


async def outcomes_of(
    turnstile: Turnstile, first: Awaitable[object], second: Awaitable[object]
) -> list[object | BaseException]:
    """Let the second begin when the first is about to commit."""
    early = asyncio.ensure_future(first)
    await turnstile.reached.wait()
    late = asyncio.ensure_future(second)
    await asyncio.wait([late], timeout=SOON)
    turnstile.opened.set()
    return list(await asyncio.gather(early, late, return_exceptions=True))


async def test_the_first_of_two_who_accept_at_once_wins_and_the_other_is_told_of_a_conflict(
    new_process: NewProcess,
) -> None:
    turnstile = Turnstile()
    one, two = new_process(Trap()), new_process(turnstile)
    request_id = await one.settle_in()
    first, second = await outcomes_of(turnstile, two.accept(request_id, BEN), one.accept(request_id, CAT))
    assert first is None
    assert isinstance(second, ConflictError)
    request, standing_in, log = await one.outcome(request_id)
    assert (request.accepted_by, standing_in) == (BEN, [BEN])
    assert log == ["cover.requested", "cover.accepted"]


async def test_what_is_taken_back_while_somebody_accepts_is_not_on_the_schedule(new_process: NewProcess) -> None:
    turnstile = Turnstile()
    one, two = new_process(Trap()), new_process(turnstile)
    request_id = await one.settle_in()
    first, second = await outcomes_of(turnstile, two.withdraw(request_id), one.accept(request_id, CAT))
    assert first is None
    assert isinstance(second, ConflictError)
    request, standing_in, _ = await one.outcome(request_id)
    assert (request.status, standing_in) == (CoverStatus.WITHDRAWN, [])


async def test_what_expires_while_somebody_accepts_stays_as_it_was(new_process: NewProcess) -> None:
    turnstile = Turnstile()
    one, two = new_process(Trap()), new_process(turnstile)
    request_id = await one.settle_in()
    expiring = two.expire(at=ADAS_DAY.start)  # that one is a moment ahead of the other
    first, second = await outcomes_of(turnstile, expiring, one.accept(request_id, CAT))
    assert first == 1
    assert isinstance(second, ConflictError)
    request, standing_in, log = await one.outcome(request_id)
    assert (request.status, standing_in) == (CoverStatus.EXPIRED, [])
    assert log == ["cover.requested", "cover.expired"]


async def test_what_was_known_while_somebody_waited_to_accept_stays(new_process: NewProcess) -> None:
    """P7: the cover is known from when the schedule was held, and not from when it was asked for."""
    turnstile = Turnstile()
    one, two = new_process(Trap()), new_process(turnstile)
    request_id = await one.settle_in()
    adding = asyncio.ensure_future(two.add_override(CAT, CATS_DAY))
    await turnstile.reached.wait()
    accepting = asyncio.ensure_future(one.accept(request_id, BEN))
    await asyncio.wait([accepting], timeout=SOON)
    await one.move_to(NOON + 10 * MINUTE)
    turnstile.opened.set()
    await asyncio.gather(adding, accepting)

    assert await one.standing_in(ADAS_DAY, known_at=NOON + 5 * MINUTE) == []
    assert await one.standing_in(ADAS_DAY, known_at=NOON + 10 * MINUTE) == [BEN]
