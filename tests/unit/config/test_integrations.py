from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from application.errors import ConflictError, ForbiddenError, NotFoundError
from domain.service.integration import GroupingMode, Integration, IntegrationKind, WhenSilent
from domain.service.service import UrgencyRule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ServiceId
from tests.unit.config.world import ADMIN, CORE, CORE_MANAGER, EDGE, NOON, RESPONDER, World

DAY = timedelta(days=1)
AS_INSTALLED = dict.fromkeys(("events_per_minute", "event_burst", "open_alerts", "group_window"))


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
        "previous_signing_secret_expires_at": None,
        "when_silent": "keep",
        "topic_arns": [],
        "mapping": None,
        "events_per_minute": None,
        "event_burst": None,
        "open_alerts": None,
        "group_window": None,
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


async def a_signed_one(world: World) -> Integration:
    service = await world.a_service()
    issued = await world.create_integration(service.id, kind=IntegrationKind.SENTRY, name="n", actor=ADMIN)
    return await world.set_signing_secret(issued.integration.id, "first secret", actor=CORE_MANAGER)


def opened(world: World, integration: Integration, at: datetime) -> list[str]:
    return [world.vault.open(each, owner=integration.id) for each in integration.signing_secrets(at=at)]


async def test_what_a_sender_signs_with_is_kept_sealed(world: World) -> None:
    signed = await a_signed_one(world)
    assert signed.is_signed
    assert await world.integrations.look_up(signed.id) == signed
    assert opened(world, signed, NOON) == ["first secret"]
    assert signed.previous_signing_secret_expires_at is None  # there was none before
    assert "first secret" not in repr(world.database)


async def test_two_secrets_are_good_while_one_replaces_the_other(world: World) -> None:
    signed = await a_signed_one(world)
    changed = await world.set_signing_secret(signed.id, "second secret", overlap=timedelta(hours=1), actor=ADMIN)
    ends_at = NOON + timedelta(hours=1)
    assert opened(world, changed, NOON) == ["second secret", "first secret"]
    assert opened(world, changed, ends_at - timedelta.resolution) == ["second secret", "first secret"]
    assert opened(world, changed, ends_at) == ["second secret"]
    leaked = await world.set_signing_secret(signed.id, "third secret", overlap=timedelta(0), actor=ADMIN)
    assert opened(world, leaked, NOON) == ["third secret"]


async def test_without_a_signing_secret_the_key_alone_lets_in(world: World) -> None:
    signed = await a_signed_one(world)
    unsigned = await world.set_signing_secret(signed.id, None, actor=ADMIN)
    assert not unsigned.is_signed
    assert unsigned.signing_secrets(at=NOON) == ()


async def test_the_audit_trail_says_that_a_sender_signs_and_not_with_what(world: World) -> None:
    signed = await a_signed_one(world)
    entry = world.audit[-1]
    assert entry.action == "integration.set_signing_secret"
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["is_signed"], entry.after["is_signed"]) == (False, True)
    assert "secret" not in str(entry.after).replace("previous_signing_secret_expires_at", "")
    assert signed.version == 2


@pytest.mark.parametrize("kind", sorted(set(IntegrationKind) - {IntegrationKind.GRAFANA, IntegrationKind.SENTRY}))
async def test_a_sender_that_signs_nothing_has_no_secret_to_check(world: World, kind: IntegrationKind) -> None:
    service = await world.a_service()
    issued = await world.create_integration(service.id, kind=kind, name="n", actor=ADMIN)
    with pytest.raises(InvalidValueError) as refused:
        await world.set_signing_secret(issued.integration.id, "long enough", actor=ADMIN)
    assert refused.value.field == "kind"


@pytest.mark.parametrize("secret", ["", "1234567", "x" * 257])
async def test_a_signing_secret_has_limits(world: World, secret: str) -> None:
    signed = await a_signed_one(world)
    with pytest.raises(InvalidValueError) as refused:
        await world.set_signing_secret(signed.id, secret, actor=ADMIN)
    assert refused.value.field == "secret"
    with pytest.raises(InvalidValueError):
        await world.set_signing_secret(signed.id, "long enough", overlap=timedelta(days=31), actor=ADMIN)
    with pytest.raises(ForbiddenError):
        await world.set_signing_secret(signed.id, "long enough", actor=RESPONDER)
    assert await world.integrations.look_up(signed.id) == signed


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
                when_silent=WhenSilent.KEEP,
                topic_arns=(),
                mapping=None,
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
        when_silent=WhenSilent.KEEP,
        topic_arns=(),
        mapping=None,
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
            when_silent=WhenSilent.KEEP,
            topic_arns=(),
            mapping=None,
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


TOPIC = "arn:aws:sns:eu-west-1:210987654321:alarms-prod"


async def test_cloudwatch_names_the_topics_that_are_believed(world: World) -> None:
    service = await world.a_service()
    issued = await world.create_integration(
        service.id, kind=IntegrationKind.CLOUDWATCH, name="n", topic_arns=(TOPIC,), actor=ADMIN
    )
    assert issued.integration.topic_arns == (TOPIC,)
    assert issued.integration.takes_only_signed
    assert world.audit[-1].after is not None
    assert world.audit[-1].after["topic_arns"] == [TOPIC]


@pytest.mark.parametrize(
    ("kind", "topics"),
    [
        (IntegrationKind.NATIVE, (TOPIC,)),
        (IntegrationKind.CLOUDWATCH, (TOPIC,) * 21),
        (IntegrationKind.CLOUDWATCH, ("",)),
        (IntegrationKind.CLOUDWATCH, (TOPIC + "\n",)),
        (IntegrationKind.CLOUDWATCH, ("arn:aws:sqs:eu-west-1:210987654321:alarms",)),
        (IntegrationKind.CLOUDWATCH, ("arn:aws:sns:eu-west-1:2109:alarms",)),
    ],
)
async def test_topics_are_arns_of_sns_and_of_cloudwatch_alone(
    world: World, kind: IntegrationKind, topics: tuple[str, ...]
) -> None:
    service = await world.a_service()
    with pytest.raises(InvalidValueError) as refused:
        await world.create_integration(service.id, kind=kind, name="n", topic_arns=topics, actor=ADMIN)
    assert refused.value.field == "topic_arns"


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
