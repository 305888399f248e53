"""What `QuietWatchRepository` promises."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from application.ports.intake import DeadLetter, RawEvent
from application.ports.quiet_watches import DueWatch
from domain.service.quiet import QuietWatch
from domain.shared.ids import IntegrationId
from tests.contract.config.building import a_stored_service, an_integration
from tests.contract.config.conftest import NewStore, Store
from tests.support.oncall import utc

NOON = utc("2026-11-23 12:00")
HOUR = timedelta(hours=1)


async def a_watch(store: Store, name: str, *, hours: int) -> QuietWatch:
    """Of an integration of its own, stored."""
    service = await a_stored_service(store, name=name)
    async with store.transaction:
        integration = await store.integrations.save(an_integration(service, key=name))
        watch = QuietWatch.begin(integration.id, after=hours * HOUR, at=NOON)
        await store.quiet_watches.save(watch)
    return watch


async def test_what_was_saved_is_read_by_another_session_and_can_be_changed_and_removed(new_store: NewStore) -> None:
    store = new_store()
    watch = await a_watch(store, "one", hours=1)
    other = new_store()
    assert await other.quiet_watches.look_up(watch.integration_id) == watch
    changed = replace(watch, after=2 * HOUR, next_deadline=NOON, is_quiet=True)
    async with other.transaction:
        assert await other.quiet_watches.get(watch.integration_id) == watch
        await other.quiet_watches.save(changed)
    assert await store.quiet_watches.look_up(watch.integration_id) == changed
    async with store.transaction:
        await store.quiet_watches.remove(watch.integration_id)
        await store.quiet_watches.remove(watch.integration_id)
    assert await store.quiet_watches.look_up(watch.integration_id) is None


async def test_what_is_due_comes_in_order_with_when_it_was_last_heard(store: Store) -> None:
    late, early, never = [await a_watch(store, name, hours=hours) for name, hours in (("b", 2), ("a", 1), ("c", 3))]
    assert await store.quiet_watches.earliest_deadline() == early.next_deadline
    raw, letter = NOON + HOUR, NOON + HOUR / 2
    async with store.transaction:
        for number, at in ((1, NOON), (2, raw)):
            body = RawEvent(
                id=UUID(int=number), integration_id=early.integration_id, received_at=at, format="json", body=b"{}"
            )
            await store.intake.record(alerts=(), runs=(), events=(), raw_events=[body])
        await store.intake.set_aside([DeadLetter(UUID(int=3), late.integration_id, letter, "http", "why", b"")])
    async with store.transaction:
        at = late.next_deadline
        assert await store.quiet_watches.claim_due(at=at, limit=9) == (DueWatch(early, raw), DueWatch(late, letter))
        assert await store.quiet_watches.claim_due(at=at, limit=1) == (DueWatch(early, raw),)
        assert (await store.quiet_watches.claim_due(at=never.next_deadline, limit=9))[-1] == DueWatch(never, None)


async def test_without_any_nothing_is_due(store: Store) -> None:
    assert await store.quiet_watches.earliest_deadline() is None
    assert await store.quiet_watches.look_up(IntegrationId(UUID(int=404))) is None
    async with store.transaction:
        assert await store.quiet_watches.claim_due(at=NOON, limit=9) == ()
