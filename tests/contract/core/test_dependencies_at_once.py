"""Services that are made to need each other in the same moment."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from dishka import AsyncContainer

from application.dependency.set import SetDependencies
from domain.identity.role import Role
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ServiceId
from tests.support.at_once import SOON, Turnstile, containers_over
from tests.support.builders import ADA, BANK, SHOP, a_town, an_actor
from tests.support.routing import a_dependency
from tests.support.world import Ports, Trap

pytestmark = pytest.mark.postgres


@pytest.fixture
async def processes(clean_database: str) -> AsyncIterator[tuple[AsyncContainer, AsyncContainer, Turnstile]]:
    turnstile = Turnstile()
    async with containers_over(clean_database) as new_container:
        second = new_container(Trap())
        async with second() as scope:
            await (await scope.get(Ports)).settle_in(a_town())
        yield new_container(turnstile), second, turnstile


async def needs(container: AsyncContainer, service_id: ServiceId, upstream_id: ServiceId) -> None:
    async with container() as scope:
        wanted = [a_dependency(service_id, upstream_id)]
        await (await scope.get(SetDependencies))(service_id, wanted, actor=an_actor(ADA, Role.ADMIN))


async def test_two_that_would_close_a_circle_at_once_are_not_both_taken(
    processes: tuple[AsyncContainer, AsyncContainer, Turnstile],
) -> None:
    first, second, turnstile = processes
    shop = asyncio.create_task(needs(first, SHOP, BANK))
    await turnstile.reached.wait()
    bank = asyncio.create_task(needs(second, BANK, SHOP))
    await asyncio.sleep(SOON)
    assert not bank.done()
    turnstile.opened.set()
    await shop
    with pytest.raises(InvalidValueError, match="dependencies"):
        await bank
