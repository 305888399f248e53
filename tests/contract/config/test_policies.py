"""What `PolicyRepository` promises, and that no version is ever lost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.page import PageRequest
from domain.shared.ids import PolicyId
from tests.contract.config.building import a_policy, new_id
from tests.contract.config.conftest import EDGE, NewStore, Store


async def test_what_was_saved_is_read_by_another_session(new_store: NewStore) -> None:
    store = new_store()
    async with store.transaction:
        stored = await store.policies.save(a_policy("Core"))
    assert stored.version == 1
    reader = new_store()
    assert await reader.policies.look_up(stored.id) == stored
    async with reader.transaction:
        assert await reader.policies.get(stored.id) == stored


async def test_each_save_keeps_the_versions_before(store: Store) -> None:
    async with store.transaction:
        first = await store.policies.save(a_policy("Core"))
    step = replace(first.steps[0], delay=timedelta(seconds=90))
    async with store.transaction:
        second = await store.policies.save(replace(first, name="Kernel", team_id=EDGE, steps=(step,), repeats=0))
    assert second.version == 2
    assert await store.policies.look_up(first.id) == second
    async with store.transaction:
        kept = await store.versions.get_many({(first.id, 1), (first.id, 2)})
    assert dict(kept) == {(first.id, 1): first, (first.id, 2): second}


async def test_a_policy_that_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        await store.policies.look_up(PolicyId(new_id()))
    with pytest.raises(NotFoundError):
        async with store.transaction:
            await store.policies.get(PolicyId(new_id()))


async def test_the_second_of_two_who_read_the_same_version_is_refused(store: Store) -> None:
    async with store.transaction:
        read = await store.policies.save(a_policy("Core"))
    async with store.transaction:
        first = await store.policies.save(replace(read, repeats=1))
    with pytest.raises(ConflictError):
        async with store.transaction:
            await store.policies.save(replace(read, repeats=9))
    async with store.transaction:
        kept = await store.versions.get_many({(read.id, 1), (read.id, 2), (read.id, 3)})
    assert dict(kept) == {(read.id, 1): read, (read.id, 2): first}


async def test_a_name_is_given_once(store: Store) -> None:
    async with store.transaction:
        stored = await store.policies.save(a_policy("Core"))
    with pytest.raises(ConflictError, match="Core"):
        async with store.transaction:
            await store.policies.save(a_policy("Core"))
    assert (await store.policies.list(PageRequest())).items == (stored,)


async def test_an_undone_save_leaves_no_version(store: Store) -> None:
    async with store.transaction:
        stored = await store.policies.save(a_policy("Core"))
    with pytest.raises(RuntimeError):  # noqa: PT012  # the error comes after the save
        async with store.transaction:
            await store.policies.save(replace(stored, repeats=9))
            raise RuntimeError
    assert await store.policies.look_up(stored.id) == stored
    async with store.transaction:
        assert not await store.versions.get_many({(stored.id, 2)})


async def test_pages_are_by_name_in_the_newest_version(store: Store) -> None:
    async with store.transaction:
        bravo = await store.policies.save(a_policy("bravo"))
        alpha = await store.policies.save(a_policy("delta", team_id=EDGE))
        charlie = await store.policies.save(a_policy("charlie", team_id=EDGE))
        alpha = await store.policies.save(replace(alpha, name="alpha"))
    first = await store.policies.list(PageRequest(limit=2))
    assert (first.items, first.has_more) == ((alpha, bravo), True)
    rest = await store.policies.list(PageRequest(limit=2, after=("bravo", bravo.id)))
    assert (rest.items, rest.has_more) == ((charlie,), False)
    assert (await store.policies.list(PageRequest(), team_id=EDGE)).items == (alpha, charlie)
