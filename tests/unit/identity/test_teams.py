from uuid import UUID

import pytest

from application.errors import ConflictError, ForbiddenError
from application.identity.get_team import GetTeam
from application.identity.list_teams import ListTeams
from application.ports.page import PageRequest
from domain.identity.role import Role
from domain.identity.user import User
from domain.shared.errors import InvalidValueError
from domain.shared.ids import TeamId, UserId
from tests.support.identity import MemoryWorld, a_user, actor_of


async def test_an_admin_makes_and_changes_teams(world: MemoryWorld, admin: User, ada: User) -> None:
    team = await world.create_team(name=" Core ", member_ids=(ada.id,), actor=actor_of(admin))
    assert (team.name, team.member_ids, team.version) == ("Core", (ada.id,), 1)
    changed = await world.update_team(
        team.id, name="Heart", member_ids=(admin.id, ada.id), expected_version=1, actor=actor_of(admin)
    )
    assert (changed.name, changed.member_ids, changed.version) == ("Heart", (admin.id, ada.id), 2)
    store, viewer = world.new_store(), actor_of(a_user(9, role=Role.VIEWER))
    assert await GetTeam(store.teams)(team.id, actor=viewer) == changed
    assert (await ListTeams(store.teams)(PageRequest(), actor=viewer)).items == (changed,)
    assert world.actions == ["team.create", "team.update"]


async def test_a_manager_says_who_is_in_a_team_of_theirs_but_not_its_name(
    world: MemoryWorld, admin: User, ada: User
) -> None:
    manager = await world.add(a_user(2, role=Role.MANAGER))
    ours = await world.create_team(name="Ours", member_ids=(manager.id,), actor=actor_of(admin))
    theirs = await world.create_team(name="Theirs", actor=actor_of(admin))
    actor = actor_of(manager, ours.id)
    changed = await world.update_team(ours.id, member_ids=(manager.id, ada.id), actor=actor)
    assert changed.member_ids == (manager.id, ada.id)
    with pytest.raises(ForbiddenError):
        await world.update_team(ours.id, name="Mine", actor=actor)
    with pytest.raises(ForbiddenError):
        await world.update_team(ours.id, name="Mine", member_ids=(manager.id,), actor=actor)
    with pytest.raises(ForbiddenError):
        await world.update_team(theirs.id, member_ids=(manager.id,), actor=actor)
    with pytest.raises(ForbiddenError):
        await world.create_team(name="New", actor=actor)


async def test_a_responder_changes_no_team_even_their_own(world: MemoryWorld, admin: User, ada: User) -> None:
    team = await world.create_team(name="Core", member_ids=(ada.id,), actor=actor_of(admin))
    with pytest.raises(ForbiddenError):
        await world.update_team(team.id, member_ids=(), actor=actor_of(ada, team.id))


async def test_what_cannot_be_changes_nothing(world: MemoryWorld, admin: User, ada: User) -> None:
    team = await world.create_team(name="Core", actor=actor_of(admin))
    other = await world.create_team(name="Edge", actor=actor_of(admin))
    with pytest.raises(ConflictError):
        await world.update_team(other.id, name="Core", actor=actor_of(admin))
    with pytest.raises(ConflictError):
        await world.update_team(team.id, member_ids=(UserId(UUID(int=77)),), actor=actor_of(admin))
    with pytest.raises(ConflictError):
        await world.update_team(team.id, name="X", expected_version=7, actor=actor_of(admin))
    with pytest.raises(InvalidValueError):
        await world.update_team(team.id, member_ids=(ada.id, ada.id), actor=actor_of(admin))
    assert await world.update_team(team.id, name="Core", actor=actor_of(admin)) == team
    assert world.actions == ["team.create", "team.create"]
    assert world.database.teams == {TeamId(team.id): team, TeamId(other.id): other}
