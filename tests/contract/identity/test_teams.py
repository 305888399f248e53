from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.page import PageRequest
from domain.identity.proof_demand import ProofDemand
from domain.identity.team import Team
from domain.shared.ids import TeamId, UserId
from tests.support.identity import Store, a_user

ONE, TWO, THREE = (UserId(UUID(int=number)) for number in (1, 2, 3))


def a_team(number: int, name: str, *members: UserId) -> Team:
    return Team(id=TeamId(UUID(int=number)), name=name, member_ids=members)


@pytest.fixture
async def peopled(store: Store) -> Store:
    async with store.transaction:
        for number in (1, 2, 3):
            await store.users.save(a_user(number))
    return store


async def saved(store: Store, *teams: Team) -> tuple[Team, ...]:
    async with store.transaction:
        return tuple([await store.teams.save(team) for team in teams])


async def test_members_keep_their_order(peopled: Store) -> None:
    (team,) = await saved(peopled, a_team(10, "Core", THREE, ONE, TWO))
    assert team.version == 1
    assert await peopled.teams.look_up(team.id) == team
    async with peopled.transaction:
        assert await peopled.teams.get(team.id) == team
    (changed,) = await saved(peopled, replace(team, name="Heart", member_ids=(TWO, THREE)))
    assert await peopled.teams.look_up(team.id) == changed
    assert (changed.version, changed.name, changed.member_ids) == (2, "Heart", (TWO, THREE))


async def test_what_a_team_demands_of_its_policies_is_kept(peopled: Store) -> None:
    (team,) = await saved(peopled, a_team(10, "Core"))
    assert (await peopled.teams.look_up(team.id)).proof == ProofDemand()
    demand = ProofDemand(weeks=26, within=timedelta(seconds=61), refuses=True)
    (changed,) = await saved(peopled, replace(team, proof=demand))
    assert (await peopled.teams.look_up(team.id)).proof == demand
    assert (await peopled.teams.list(PageRequest())).items == (changed,)


async def test_what_is_not_there_is_not_found(peopled: Store) -> None:
    with pytest.raises(NotFoundError):
        await peopled.teams.look_up(TeamId(UUID(int=99)))
    with pytest.raises(NotFoundError):
        async with peopled.transaction:
            await peopled.teams.get(TeamId(UUID(int=99)))


async def test_the_second_of_two_changes_of_one_version_conflicts(peopled: Store) -> None:
    (team,) = await saved(peopled, a_team(10, "Core", ONE))
    await saved(peopled, replace(team, member_ids=(TWO,)))
    with pytest.raises(ConflictError):
        await saved(peopled, replace(team, member_ids=(THREE,)))
    assert (await peopled.teams.look_up(team.id)).member_ids == (TWO,)


async def test_a_name_belongs_to_one_team(peopled: Store) -> None:
    await saved(peopled, a_team(10, "Core"))
    with pytest.raises(ConflictError):
        await saved(peopled, a_team(11, "Core"))


async def test_a_member_who_does_not_exist_conflicts(peopled: Store) -> None:
    with pytest.raises(ConflictError):
        await saved(peopled, a_team(10, "Core", UserId(UUID(int=99))))
    assert (await peopled.teams.list(PageRequest())).items == ()


async def test_the_teams_of_a_user(peopled: Store) -> None:
    await saved(peopled, a_team(10, "Core", ONE, TWO), a_team(11, "Edge", ONE), a_team(12, "None"))
    assert await peopled.teams.team_ids_of(ONE) == {TeamId(UUID(int=10)), TeamId(UUID(int=11))}
    assert await peopled.teams.team_ids_of(TWO) == {TeamId(UUID(int=10))}
    assert await peopled.teams.team_ids_of(THREE) == frozenset()


async def test_pages_hold_every_team_once_with_its_members(peopled: Store) -> None:
    teams = await saved(peopled, a_team(12, "a", TWO, ONE), a_team(11, "c", THREE), a_team(10, "b"))
    first = await peopled.teams.list(PageRequest(limit=2))
    assert first.items == (teams[0], teams[2])
    assert first.has_more
    last = first.items[-1]
    rest = await peopled.teams.list(PageRequest(limit=2, after=(last.name, last.id)))
    assert rest.items == (teams[1],)
    assert not rest.has_more
