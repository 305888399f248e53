"""Use cases that are wired once for each call that is under way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import count

import pytest
from dishka import AsyncContainer, Provider, Scope, make_async_container, provide

from entrypoints.wired import earliest_deadline, made, wired
from tests.support.builders import MINUTE, NOON


class Numbered:
    """Knows which of its kind it is, and waits until it may go on."""

    def __init__(self, number: int) -> None:
        self.number = number

    async def __call__(self, gate: asyncio.Event, *, fails: bool = False) -> int:
        await gate.wait()
        if fails:
            raise RuntimeError("it failed")
        return self.number


class Deadlines:
    """Each later by a minute than the one before."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def earliest_deadline(self, channel: str) -> datetime | None:
        self.asked.append(channel)
        return NOON + len(self.asked) * MINUTE


class Numbering(Provider):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(1)

    deadlines = provide(Deadlines, scope=Scope.REQUEST)

    @provide(scope=Scope.REQUEST)
    def numbered(self) -> Numbered:
        return Numbered(next(self.numbers))


@pytest.fixture
async def container() -> AsyncIterator[AsyncContainer]:
    container = make_async_container(Numbering())
    yield container
    await container.close()


@pytest.fixture
def opened() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


async def test_calls_one_after_the_other_share_one(container: AsyncContainer, opened: asyncio.Event) -> None:
    call = wired(container, Numbered)

    assert [await call(opened) for _ in range(3)] == [1, 1, 1]


async def test_calls_at_the_same_time_have_one_each(container: AsyncContainer) -> None:
    call, gate = wired(container, Numbered), asyncio.Event()
    calls = [asyncio.ensure_future(call(gate)) for _ in range(3)]
    await asyncio.sleep(0)
    gate.set()

    assert sorted(await asyncio.gather(*calls)) == [1, 2, 3]
    assert await call(gate) in {1, 2, 3}


async def test_one_that_failed_serves_the_next_call(container: AsyncContainer, opened: asyncio.Event) -> None:
    call = wired(container, Numbered)
    with pytest.raises(RuntimeError):
        await call(opened, fails=True)

    assert await call(opened) == 1


async def test_two_places_share_none(container: AsyncContainer, opened: asyncio.Event) -> None:
    assert [await wired(container, Numbered)(opened), await wired(container, Numbered)(opened)] == [1, 2]


async def test_one_repository_is_asked_for_the_next_deadline_every_time(container: AsyncContainer) -> None:
    earliest = earliest_deadline(container, Deadlines)

    assert [await earliest("email"), await earliest("slack")] == [NOON + MINUTE, NOON + 2 * MINUTE]


async def test_what_is_made_alone_outlives_its_scope(container: AsyncContainer, opened: asyncio.Event) -> None:
    assert await (await made(container, Numbered))(opened) == 1
