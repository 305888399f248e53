"""What `DestinationRepository` and `DestinationSecrets` promise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.destinations import USES_NAMED
from application.ports.page import PageRequest
from domain.escalation.fall_back import FallBack
from domain.escalation.policy import Step, Target, TargetKind
from domain.notification.destination import Destination, DestinationKind
from domain.shared.ids import DestinationId, TeamId
from tests.contract.config.building import a_policy, new_id
from tests.contract.config.conftest import CORE, EDGE, NewStore, Store

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_destination(name: str = "Ops", *, team_id: TeamId = CORE) -> Destination:
    return Destination(
        id=DestinationId(new_id()),
        team_id=team_id,
        name=name,
        kind=DestinationKind.WEBHOOK,
        address="https://hooks.example.test/t",
    )


async def stored(store: Store, *destinations: Destination) -> list[Destination]:
    async with store.transaction:
        return [await store.destinations.save(each) for each in destinations]


async def test_what_was_saved_is_read_by_another_session(new_store: NewStore) -> None:
    (saved,) = await stored(new_store(), a_destination())
    assert saved.version == 1
    reader = new_store()
    assert await reader.destinations.look_up(saved.id) == saved
    assert await reader.destinations.get_many({saved.id, DestinationId(new_id())}) == {saved.id: saved}
    assert await reader.destinations.get_many(()) == {}
    async with reader.transaction:
        assert await reader.destinations.get(saved.id) == saved
        changed = await reader.destinations.save(replace(saved, name="Night", address="https://other.example.test/"))
    assert await new_store().destinations.look_up(saved.id) == changed
    assert changed.version == 2


async def test_the_second_of_two_who_read_the_same_version_is_refused(store: Store) -> None:
    (read,) = await stored(store, a_destination())
    (first,) = await stored(store, replace(read, name="First"))
    with pytest.raises(ConflictError):
        await stored(store, replace(read, name="Second"))
    assert await store.destinations.look_up(read.id) == first


async def test_a_name_is_given_once(store: Store) -> None:
    await stored(store, a_destination("Ops"))
    with pytest.raises(ConflictError, match="Ops"):
        await stored(store, a_destination("Ops"))
    assert await store.destinations.count() == 1


async def test_pages_are_by_name_of_one_team_or_of_all(store: Store) -> None:
    ops, night, edge = await stored(
        store, a_destination("Ops"), a_destination("Night"), a_destination("X", team_id=EDGE)
    )
    first = await store.destinations.list(PageRequest(limit=2))
    assert (first.items, first.has_more) == ((night, ops), True)
    rest = await store.destinations.list(PageRequest(limit=2, after=(ops.name, ops.id)))
    assert (rest.items, rest.has_more) == ((edge,), False)
    assert (await store.destinations.list(PageRequest(), team_id=EDGE)).items == (edge,)


async def test_what_is_deleted_is_gone_with_its_secrets(store: Store) -> None:
    (saved,) = await stored(store, a_destination())
    async with store.transaction:
        await store.destination_secrets.put(saved.id, "whsec_1", old_expires_at=NOW)
    async with store.transaction:
        await store.destinations.delete(saved.id)
    with pytest.raises(NotFoundError):
        await store.destinations.look_up(saved.id)
    with pytest.raises(NotFoundError):
        async with store.transaction:
            await store.destinations.get(saved.id)
    assert await store.destination_secrets.of(saved.id, at=NOW) == ()


async def test_a_new_secret_is_the_first_and_the_old_one_is_valid_until_it_expires(store: Store) -> None:
    (saved,) = await stored(store, a_destination())
    for number in (1, 2, 3):
        async with store.transaction:
            await store.destination_secrets.put(saved.id, f"whsec_{number}", old_expires_at=NOW + HOUR)
    assert await store.destination_secrets.of(saved.id, at=NOW) == ("whsec_3", "whsec_2")
    assert await store.destination_secrets.of(saved.id, at=NOW + HOUR) == ("whsec_3",)


async def test_who_names_a_destination_is_told_and_old_versions_of_policies_are_not(store: Store) -> None:
    (used, spare) = await stored(store, a_destination("Used"), a_destination("Spare"))
    step = Step(targets=(Target(kind=TargetKind.WEBHOOK, id=used.id),), delay=HOUR)
    async with store.transaction:
        for number in range(USES_NAMED + 1):
            await store.policies.save(replace(a_policy(f"Policy {number}"), steps=(*a_policy("x").steps, step)))
        old = await store.policies.save(replace(a_policy("Old"), steps=(step,)))
    async with store.transaction:
        await store.policies.save(replace(old, steps=a_policy("x").steps))
        await store.fall_backs.save(FallBack(team_id=CORE, targets=step.targets))
        uses = await store.destinations.uses_of(used.id)
        assert not (await store.destinations.uses_of(spare.id)).is_used
        named = await store.destinations.policies_with({used.id, spare.id})
        assert named == {used.id: tuple(f"Policy {number}" for number in range(USES_NAMED + 1))}
        assert await store.destinations.policies_with(()) == {}

    assert uses.is_used
    assert (uses.policies[0], uses.more_policies, uses.fall_backs) == ("Policy 0", 1, 1)
