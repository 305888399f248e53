"""What `ServiceRepository` promises."""

from dataclasses import replace

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.page import PageRequest
from domain.service.service import UrgencyRule
from domain.shared.ids import ServiceId
from tests.contract.config.building import a_policy, a_service, a_stored_service, new_id
from tests.contract.config.conftest import EDGE, NewStore, Store
from tests.support.builders import office_hours


async def test_what_was_saved_is_read_by_another_session(new_store: NewStore) -> None:
    stored = await a_stored_service(new_store())
    assert stored.version == 1
    reader = new_store()
    assert await reader.services.look_up(stored.id) == stored
    async with reader.transaction:
        assert await reader.services.get(stored.id) == stored


async def test_every_field_can_be_changed(store: Store) -> None:
    stored = await a_stored_service(store)
    async with store.transaction:
        policy = await store.policies.save(a_policy("other"))
        changed = replace(
            stored,
            team_id=EDGE,
            policy_id=policy.id,
            name="Card payments",
            description="",
            runbook_url=None,
            urgency_rule=UrgencyRule.SUPPORT_HOURS,
            tier=3,
            support_hours=office_hours(),
            acknowledgements_required=2,
        )
        again = await store.services.save(changed)
    assert again == replace(changed, version=2)
    assert await store.services.look_up(stored.id) == again


async def test_a_service_that_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        await store.services.look_up(ServiceId(new_id()))
    with pytest.raises(NotFoundError):
        async with store.transaction:
            await store.services.get(ServiceId(new_id()))


async def test_the_second_of_two_who_read_the_same_version_is_refused(store: Store) -> None:
    read = await a_stored_service(store)
    async with store.transaction:
        first = await store.services.save(replace(read, description="first"))
    with pytest.raises(ConflictError):
        async with store.transaction:
            await store.services.save(replace(read, description="second"))
    assert await store.services.look_up(read.id) == first


async def test_a_new_service_with_a_stored_id_is_refused(store: Store) -> None:
    stored = await a_stored_service(store)
    with pytest.raises(ConflictError):
        async with store.transaction:
            await store.services.save(replace(stored, name="Another", version=0))
    assert await store.services.look_up(stored.id) == stored


async def test_a_name_is_given_once(store: Store) -> None:
    stored = await a_stored_service(store, "Payments")
    other = await a_stored_service(store, "Search")
    with pytest.raises(ConflictError, match="Payments"):
        async with store.transaction:
            await store.services.save(a_service("Payments", stored.policy_id))
    with pytest.raises(ConflictError, match="Payments"):
        async with store.transaction:
            await store.services.save(replace(other, name="Payments"))
    assert (await store.services.list(PageRequest())).items == (stored, other)


async def test_an_exception_undoes_what_was_saved(store: Store) -> None:
    stored = await a_stored_service(store)
    with pytest.raises(RuntimeError):  # noqa: PT012  # the error comes after the save
        async with store.transaction:
            await store.services.save(replace(stored, description="never"))
            raise RuntimeError
    assert await store.services.look_up(stored.id) == stored


async def test_pages_are_by_name_and_leave_out_nothing(store: Store) -> None:
    names = ["delta", "alpha", "echo", "bravo", "charlie"]
    for name in names:
        await a_stored_service(store, name)
    first = await store.services.list(PageRequest(limit=2))
    assert [each.name for each in first.items] == ["alpha", "bravo"]
    assert first.has_more
    after = (first.items[-1].name, first.items[-1].id)
    rest = await store.services.list(PageRequest(limit=3, after=after))
    assert [each.name for each in rest.items] == ["charlie", "delta", "echo"]
    assert not rest.has_more


async def test_a_list_can_be_of_one_team(store: Store) -> None:
    await a_stored_service(store, "alpha")
    edge = await a_stored_service(store, "bravo", team_id=EDGE)
    page = await store.services.list(PageRequest(after=("alpha", new_id())), team_id=EDGE)
    assert page.items == (edge,)
    assert not (await store.services.list(PageRequest(after=("bravo", edge.id)), team_id=EDGE)).items
