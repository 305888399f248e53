"""`get` holds what it read: two who decide at the same time do so one after the other, and neither loses."""

import asyncio
from dataclasses import replace

from tests.contract.config.building import a_stored_service, an_integration
from tests.contract.config.conftest import NewStore, Store
from tests.contract.config.test_schedules import NOON, stored_schedule


async def test_two_deciders_follow_each_other(new_store: NewStore) -> None:
    store = new_store()
    service, schedule = await a_stored_service(store), await stored_schedule(store)
    async with store.transaction:
        integration = await store.integrations.save(an_integration(service, "I"))
        policy = await store.policies.look_up(service.policy_id)

    async def lengthen(mine: Store) -> None:
        async with mine.transaction:
            read = await mine.services.get(service.id)
            await asyncio.sleep(0.02)  # long enough for the others to come and wait
            await mine.services.save(replace(read, name=read.name + "+"))
        async with mine.transaction:
            held = await mine.integrations.get(integration.id)
            await asyncio.sleep(0.02)
            await mine.integrations.save(replace(held, name=held.name + "+"))
        async with mine.transaction:
            current = await mine.policies.get(policy.id)
            await asyncio.sleep(0.02)
            await mine.policies.save(replace(current, repeats=current.repeats + 1))
        async with mine.transaction:
            found = await mine.schedules.get(schedule.id, since=NOON)
            await asyncio.sleep(0.02)
            await mine.schedules.save(replace(found, name=found.name + "+"), at=NOON)

    await asyncio.gather(*(lengthen(new_store()) for _ in range(3)))
    assert (await store.services.look_up(service.id)).name == "Payments+++"
    assert (await store.integrations.look_up(integration.id)).name == "I+++"
    assert (await store.policies.look_up(policy.id)).repeats == policy.repeats + 3
    assert (await store.schedules.look_up(schedule.id, since=NOON)).name == "Core+++"
