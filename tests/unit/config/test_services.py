from dataclasses import replace

import pytest

from application.errors import ConflictError, ForbiddenError, NotFoundError
from application.ports.page import PageRequest
from application.service.get_service import GetService
from application.service.list_services import ListServices
from domain.identity.actor import Actor
from domain.identity.role import Permission, Role
from domain.service.service import Service, UrgencyRule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import PolicyId, ServiceId, TeamId
from tests.support.oncall import ANN
from tests.unit.config.world import ADMIN, CORE, CORE_MANAGER, EDGE, NO_TEAM, RESPONDER, World

VIEWER = Actor(user_id=ANN, role=Role.VIEWER)


async def update(
    world: World, service: Service, *, team_id: TeamId | None = None, version: int | None = None, actor: Actor = ADMIN
) -> Service:
    return await world.update_service(
        service.id,
        team_id=team_id or service.team_id,
        policy_id=service.policy_id,
        name="Card payments",
        description="New",
        runbook_url="https://example.test/run",
        urgency_rule=UrgencyRule.ALWAYS_HIGH,
        tier=2,
        support_hours=None,
        acknowledgements_required=3,
        version=version,
        actor=actor,
    )


async def test_a_manager_creates_a_service_of_their_team(world: World) -> None:
    policy = await world.a_policy()
    service = await world.create_service(
        team_id=CORE, policy_id=policy.id, name="  Payments ", description="Takes money.", actor=CORE_MANAGER
    )
    assert (service.name, service.version) == ("Payments", 1)
    assert await world.services.look_up(service.id) == service
    entry = world.audit[-1]
    assert (entry.action, entry.noun_id, entry.actor_id, entry.before) == (
        "service.create",
        service.id,
        CORE_MANAGER.user_id,
        None,
    )
    assert entry.after == {
        "id": str(service.id),
        "team_id": str(CORE),
        "policy_id": str(policy.id),
        "name": "Payments",
        "description": "Takes money.",
        "runbook_url": None,
        "urgency_rule": "by_severity",
        "tier": None,
        "support_hours": None,
        "acknowledgements_required": 1,
        "version": 1,
    }


@pytest.mark.parametrize(("team_id", "actor"), [(EDGE, CORE_MANAGER), (CORE, RESPONDER), (CORE, VIEWER)])
async def test_nobody_creates_what_is_not_theirs(world: World, team_id: TeamId, actor: Actor) -> None:
    policy = await world.a_policy()
    with pytest.raises(ForbiddenError):
        await world.create_service(team_id=team_id, policy_id=policy.id, name="Payments", actor=actor)
    assert not world.database.services


async def test_what_a_service_names_has_to_exist(world: World) -> None:
    policy = await world.a_policy()
    with pytest.raises(InvalidValueError) as no_team:
        await world.create_service(team_id=NO_TEAM, policy_id=policy.id, name="Payments", actor=ADMIN)
    assert no_team.value.field == "team_id"
    with pytest.raises(InvalidValueError) as no_policy:
        await world.create_service(team_id=CORE, policy_id=PolicyId(CORE), name="Payments", actor=ADMIN)
    assert no_policy.value.field == "policy_id"
    assert not world.database.services


async def test_an_update_is_audited_with_both_sides(world: World) -> None:
    service = await world.a_service()
    updated = await update(world, service, actor=CORE_MANAGER)
    assert updated == replace(
        service,
        name="Card payments",
        description="New",
        runbook_url="https://example.test/run",
        urgency_rule=UrgencyRule.ALWAYS_HIGH,
        tier=2,
        acknowledgements_required=3,
        version=2,
    )
    entry = world.audit[-1]
    assert entry.action == "service.update"
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["name"], entry.after["name"]) == ("Payments", "Card payments")


async def test_moving_a_service_needs_both_teams(world: World) -> None:
    ours, theirs = await world.a_service(name="ours"), await world.a_service(team_id=EDGE, name="theirs")
    with pytest.raises(ForbiddenError):
        await update(world, ours, team_id=EDGE, actor=CORE_MANAGER)
    with pytest.raises(ForbiddenError):
        await update(world, theirs, team_id=CORE, actor=CORE_MANAGER)
    assert await world.services.look_up(ours.id) == ours
    assert await world.services.look_up(theirs.id) == theirs
    both = replace(CORE_MANAGER, team_ids=frozenset({CORE, EDGE}))
    assert (await update(world, ours, team_id=EDGE, actor=both)).team_id == EDGE


async def test_the_version_that_was_read_must_be_the_stored_one(world: World) -> None:
    service = await world.a_service()
    updated = await update(world, service, version=1)
    with pytest.raises(ConflictError):
        await update(world, service, version=1)
    assert await world.services.look_up(service.id) == updated


async def test_a_conflict_leaves_no_audit_entry(world: World) -> None:
    service = await world.a_service(name="Payments")
    entries = len(world.audit)
    with pytest.raises(ConflictError):
        await world.create_service(team_id=CORE, policy_id=service.policy_id, name="Payments", actor=ADMIN)
    assert len(world.audit) == entries


async def test_everyone_who_may_read_reads(world: World) -> None:
    service = await world.a_service()
    get_service, list_services = GetService(world.services), ListServices(world.services)
    assert await get_service(service.id, actor=VIEWER) == service
    assert (await list_services(PageRequest(), team_id=CORE, actor=VIEWER)).items == (service,)
    assert not (await list_services(PageRequest(), team_id=EDGE, actor=VIEWER)).items
    with pytest.raises(NotFoundError):
        await get_service(ServiceId(CORE), actor=VIEWER)
    cannot_read = replace(ADMIN, scopes=frozenset({Permission.RESPOND}))
    with pytest.raises(ForbiddenError):
        await get_service(service.id, actor=cannot_read)
    with pytest.raises(ForbiddenError):
        await list_services(PageRequest(), actor=cannot_read)
