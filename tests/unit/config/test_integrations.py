from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from application.errors import ConflictError, ForbiddenError, NotFoundError
from domain.service.integration import GroupingMode, IntegrationKind
from domain.service.service import UrgencyRule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ServiceId
from tests.unit.config.world import ADMIN, CORE, CORE_MANAGER, EDGE, NOON, RESPONDER, World

DAY = timedelta(days=1)
AS_INSTALLED = dict.fromkeys(("events_per_minute", "event_burst", "open_alerts"))


def hashed(key: str) -> bytes:
    return sha256(key.encode()).digest()


async def test_the_key_is_shown_once_and_only_its_hash_is_kept(world: World) -> None:
    service = await world.a_service()
    issued = await world.create_integration(
        service.id, kind=IntegrationKind.PAGERDUTY, name="Prometheus", actor=CORE_MANAGER
    )
    assert len(issued.key) == 32
    assert set(issued.key) <= set("0123456789abcdef")
    stored = await world.integrations.look_up(issued.integration.id)
    assert stored == issued.integration
    assert stored.key_hash == hashed(issued.key)
    assert (stored.team_id, stored.version) == (CORE, 1)
    assert issued.key not in repr(world.database)


async def test_two_integrations_have_two_keys(world: World) -> None:
    service = await world.a_service()
    keys = {
        (await world.create_integration(service.id, kind=IntegrationKind.NATIVE, name="n", actor=ADMIN)).key
        for _ in range(3)
    }
    assert len(keys) == 3


async def test_the_audit_trail_holds_neither_key_nor_hash(world: World) -> None:
    service = await world.a_service()
    issued = await world.create_integration(service.id, kind=IntegrationKind.NATIVE, name="n", actor=ADMIN)
    rotated = await world.rotate(issued.integration.id, actor=ADMIN)
    created, last = world.audit[-2:]
    assert created.action == "integration.create"
    assert last.action == "integration.rotate_key"
    assert created.after == {
        "id": str(issued.integration.id),
        "service_id": str(service.id),
        "team_id": str(CORE),
        "kind": "native",
        "name": "n",
        "previous_key_expires_at": None,
        "grouping": "per_alert",
        "is_strict": False,
        "events_per_minute": None,
        "event_burst": None,
        "open_alerts": None,
        "version": 1,
    }
    assert last.after == {**created.after, "previous_key_expires_at": (NOON + DAY).isoformat(), "version": 2}
    for secret in (issued.key, rotated.key, hashed(issued.key), hashed(issued.key).hex()):
        assert str(secret) not in str(world.audit)


async def test_a_rotated_key_is_good_for_a_day_unless_said_otherwise(world: World) -> None:
    service = await world.a_service()
    old = await world.create_integration(service.id, kind=IntegrationKind.NATIVE, name="n", actor=ADMIN)
    new = await world.rotate(old.integration.id, actor=CORE_MANAGER)
    assert new.key != old.key
    assert new.integration.accepts(hashed(new.key), at=NOON + 2 * DAY)
    assert new.integration.accepts(hashed(old.key), at=NOON + DAY - timedelta.resolution)
    assert not new.integration.accepts(hashed(old.key), at=NOON + DAY)
    leaked = await world.rotate(old.integration.id, overlap=timedelta(0), actor=ADMIN)
    assert not leaked.integration.accepts(hashed(new.key), at=NOON)
    assert not leaked.integration.accepts(hashed(old.key), at=NOON)
    assert await world.integrations.look_up(old.integration.id) == leaked.integration


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=30, seconds=1)])
async def test_an_overlap_has_limits(world: World, overlap: timedelta) -> None:
    service = await world.a_service()
    issued = await world.create_integration(service.id, kind=IntegrationKind.NATIVE, name="n", actor=ADMIN)
    with pytest.raises(InvalidValueError) as refused:
        await world.rotate(issued.integration.id, overlap=overlap, actor=ADMIN)
    assert refused.value.field == "overlap"
    assert await world.integrations.look_up(issued.integration.id) == issued.integration


async def test_only_who_configures_the_team_may(world: World) -> None:
    theirs = await world.a_service(team_id=EDGE)
    issued = await world.create_integration(theirs.id, kind=IntegrationKind.NATIVE, name="n", actor=ADMIN)
    for actor in (CORE_MANAGER, RESPONDER):
        with pytest.raises(ForbiddenError):
            await world.create_integration(theirs.id, kind=IntegrationKind.NATIVE, name="n", actor=actor)
        with pytest.raises(ForbiddenError):
            await world.rotate(issued.integration.id, actor=actor)
        with pytest.raises(ForbiddenError):
            await world.update_integration(
                issued.integration.id,
                name="x",
                grouping=GroupingMode.PER_GROUP,
                is_strict=True,
                **AS_INSTALLED,
                actor=actor,
            )
    assert tuple(world.database.integrations.values()) == (issued.integration,)


async def test_an_integration_needs_a_service(world: World) -> None:
    with pytest.raises(NotFoundError):
        await world.create_integration(ServiceId(CORE), kind=IntegrationKind.NATIVE, name="n", actor=ADMIN)


async def test_an_update_keeps_kind_service_and_key(world: World) -> None:
    service = await world.a_service()
    issued = await world.create_integration(service.id, kind=IntegrationKind.ALERTMANAGER, name="n", actor=ADMIN)
    updated = await world.update_integration(
        issued.integration.id,
        name=" New ",
        grouping=GroupingMode.PER_GROUP,
        is_strict=True,
        **AS_INSTALLED,
        version=1,
        actor=ADMIN,
    )
    assert (updated.name, updated.grouping, updated.is_strict, updated.version) == (
        "New",
        GroupingMode.PER_GROUP,
        True,
        2,
    )
    assert updated.accepts(hashed(issued.key), at=NOON)
    assert world.audit[-1].action == "integration.update"
    with pytest.raises(ConflictError):
        await world.update_integration(
            updated.id,
            name="Old",
            grouping=GroupingMode.PER_ALERT,
            is_strict=False,
            **AS_INSTALLED,
            version=1,
            actor=ADMIN,
        )


async def test_integrations_go_with_their_service(world: World) -> None:
    service = await world.a_service()
    issued = await world.create_integration(service.id, kind=IntegrationKind.NATIVE, name="n", actor=ADMIN)
    await world.update_service(
        service.id,
        team_id=EDGE,
        policy_id=service.policy_id,
        name=service.name,
        description="",
        runbook_url=None,
        urgency_rule=UrgencyRule.BY_SEVERITY,
        tier=None,
        support_hours=None,
        acknowledgements_required=1,
        actor=ADMIN,
    )
    assert (await world.integrations.look_up(issued.integration.id)).team_id == EDGE


@pytest.mark.parametrize(
    ("field", "most"), [("events_per_minute", 1_000_000), ("event_burst", 100_000), ("open_alerts", 100_000)]
)
async def test_a_limit_is_one_at_least_and_bounded(world: World, field: str, most: int) -> None:
    service = await world.a_service()
    limit: dict[str, Any] = {field: most}
    for value in (0, most + 1):
        with pytest.raises(InvalidValueError, match=f"{field}: is {value}, allowed are 1 to {most}"):
            await world.create_integration(
                service.id, kind=IntegrationKind.NATIVE, name="n", actor=ADMIN, **limit | {field: value}
            )
    issued = await world.create_integration(service.id, kind=IntegrationKind.NATIVE, name="n", actor=ADMIN, **limit)
    assert getattr(issued.integration, field) == most
