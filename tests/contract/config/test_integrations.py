"""What `IntegrationRepository` promises, and that intake finds an integration by its keys."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.page import PageRequest
from domain.service.integration import GroupingMode, IntegrationKind
from domain.service.mapping import EventMapping
from domain.shared.ids import IntegrationId
from tests.contract.config.building import a_stored_service, an_integration, hashed, new_id
from tests.contract.config.conftest import CORE, EDGE, NewStore, Store
from tests.support.oncall import utc

MAPPING = EventMapping(summary="title", actions=(("ok", "resolve"),), labels="tags")
NOON = utc("2026-11-23 12:00")


async def test_what_was_saved_is_read_by_another_session(new_store: NewStore) -> None:
    store = new_store()
    service = await a_stored_service(store)
    async with store.transaction:
        stored = await store.integrations.save(an_integration(service))
    assert stored.version == 1
    reader = new_store()
    assert await reader.integrations.look_up(stored.id) == stored
    async with reader.transaction:
        assert await reader.integrations.get(stored.id) == stored


async def test_settings_can_be_changed(store: Store) -> None:
    service = await a_stored_service(store)
    async with store.transaction:
        stored = await store.integrations.save(an_integration(service))
    async with store.transaction:
        changed = replace(
            stored,
            name="New",
            grouping=GroupingMode.PER_GROUP,
            is_strict=True,
            events_per_minute=600,
            event_burst=50,
            open_alerts=7,
            mapping=MAPPING,
        )
        assert await store.integrations.save(changed) == replace(changed, version=2)
    assert await store.integrations.look_up(stored.id) == replace(changed, version=2)


async def test_an_integration_that_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        await store.integrations.look_up(IntegrationId(new_id()))
    with pytest.raises(NotFoundError):
        async with store.transaction:
            await store.integrations.get(IntegrationId(new_id()))


async def test_the_second_of_two_who_read_the_same_version_is_refused(store: Store) -> None:
    service = await a_stored_service(store)
    async with store.transaction:
        read = await store.integrations.save(an_integration(service))
    async with store.transaction:
        first = await store.integrations.save(replace(read, name="first"))
    with pytest.raises(ConflictError):
        async with store.transaction:
            await store.integrations.save(replace(read, name="second"))
    assert await store.integrations.look_up(read.id) == first


async def test_names_may_repeat_and_keys_may_not(store: Store) -> None:
    service = await a_stored_service(store)
    async with store.transaction:
        await store.integrations.save(an_integration(service, "Prometheus", key="one"))
        await store.integrations.save(an_integration(service, "Prometheus", key="two"))
    with pytest.raises(ConflictError):
        async with store.transaction:
            await store.integrations.save(an_integration(service, "Grafana", key="one"))
    assert len((await store.integrations.list(PageRequest())).items) == 2


async def test_a_rotated_key_is_found_until_its_overlap_ends(store: Store) -> None:
    service = await a_stored_service(store)
    overlap_ends_at = NOON + timedelta(hours=24)
    async with store.transaction:
        first = await store.integrations.save(an_integration(service, key="old"))
        stored = await store.integrations.save(first.rotate_key(hashed("new"), overlap_ends_at=overlap_ends_at))
    assert await store.integrations.look_up(stored.id) == stored
    just_before = overlap_ends_at - timedelta(microseconds=1)
    for key, at, is_found in (
        ("old", NOON, True),
        ("old", just_before, True),
        ("old", overlap_ends_at, False),
        ("new", overlap_ends_at, True),
        ("never", NOON, False),
    ):
        target = await store.intake.target_of(hashed(key), at=at)
        assert (target is not None and target.integration == stored) is is_found, (key, at)


async def test_what_a_sender_signs_with_is_found_with_its_key(store: Store) -> None:
    service = await a_stored_service(store)
    overlap_ends_at = NOON + timedelta(hours=1)
    async with store.transaction:
        integration = replace(an_integration(service, key="key"), kind=IntegrationKind.SENTRY)
        first = await store.integrations.save(integration.sign_with(b"one", overlap_ends_at=overlap_ends_at))
        stored = await store.integrations.save(first.sign_with(b"two", overlap_ends_at=overlap_ends_at))
    assert await store.integrations.look_up(stored.id) == stored
    target = await store.intake.target_of(hashed("key"), at=NOON)
    assert target is not None
    assert target.integration == stored
    assert target.integration.signing_secrets(at=NOON) == (b"two", b"one")


async def test_the_topics_of_a_sender_are_found_with_its_key(store: Store) -> None:
    service = await a_stored_service(store)
    topics = ("arn:aws:sns:eu-west-1:210987654321:alarms", "arn:aws:sns:eu-west-1:210987654321:more")
    async with store.transaction:
        integration = replace(an_integration(service, key="key"), kind=IntegrationKind.CLOUDWATCH)
        stored = await store.integrations.save(replace(integration, topic_arns=topics))
    assert await store.integrations.look_up(stored.id) == stored
    target = await store.intake.target_of(hashed("key"), at=NOON)
    assert target is not None
    assert target.integration.topic_arns == topics


async def test_all_integrations_of_a_service_are_handed_over_and_no_other(store: Store) -> None:
    service, other = await a_stored_service(store, "alpha"), await a_stored_service(store, "bravo")
    async with store.transaction:
        moving = [await store.integrations.save(an_integration(service, name)) for name in ("a", "b")]
        staying = await store.integrations.save(an_integration(other, "c"))
        await store.integrations.hand_over(service.id, team_id=EDGE)
    edge = await store.integrations.list(PageRequest(), team_id=EDGE)
    assert edge.items == tuple(replace(each, team_id=EDGE, version=2) for each in moving)
    assert (await store.integrations.list(PageRequest(), team_id=CORE)).items == (staying,)


async def test_a_list_can_be_of_one_service_and_is_cut_between_equal_names(store: Store) -> None:
    service, other = await a_stored_service(store, "alpha"), await a_stored_service(store, "bravo")
    async with store.transaction:
        stored = [await store.integrations.save(an_integration(service, "same")) for _ in range(3)]
        await store.integrations.save(an_integration(other, "same"))
    first = await store.integrations.list(PageRequest(limit=2), service_id=service.id)
    assert first.items == tuple(stored[:2])
    assert first.has_more
    rest = await store.integrations.list(PageRequest(limit=2, after=("same", stored[1].id)), service_id=service.id)
    assert (rest.items, rest.has_more) == ((stored[2],), False)
    assert not (await store.integrations.list(PageRequest(), service_id=service.id, team_id=EDGE)).items
