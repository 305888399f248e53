"""The promises of `FallBackRepository`, kept by every adapter of it."""

from dataclasses import replace
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from domain.escalation.fall_back import FallBack
from domain.identity.team import Team
from domain.shared.ids import TeamId
from tests.support.builders import ADA, BEN, CREW, to_team, to_user
from tests.support.world import Ports

OTHERS = TeamId(UUID(int=12))
OURS = FallBack(team_id=CREW, targets=(to_user(ADA), to_team()))
EVERYBODYS = FallBack(team_id=None, targets=(to_user(BEN),))


async def saved(ports: Ports, fall_back: FallBack) -> FallBack:
    async with ports.transaction:
        return await ports.fall_backs.save(fall_back)


async def test_a_fall_back_is_read_as_it_was_saved(ports: Ports) -> None:
    for wanted in (OURS, EVERYBODYS):
        assert await saved(ports, wanted) == replace(wanted, version=1)
        assert await ports.fall_backs.get(wanted.team_id) == replace(wanted, version=1)
    again = await saved(ports, replace(OURS, targets=(to_user(BEN),), version=1))
    assert again.version == 2
    assert await ports.fall_backs.get(CREW) == again


@pytest.mark.parametrize("team_id", [CREW, None])
async def test_one_that_was_never_set_is_not_found(ports: Ports, team_id: TeamId | None) -> None:
    with pytest.raises(NotFoundError):
        await ports.fall_backs.get(team_id)


@pytest.mark.parametrize("fall_back", [OURS, EVERYBODYS])
async def test_one_that_was_saved_since_it_was_read_is_a_conflict(ports: Ports, fall_back: FallBack) -> None:
    await saved(ports, fall_back)
    await saved(ports, replace(fall_back, version=1))
    for version in (0, 1, 3):
        with pytest.raises(ConflictError):
            await saved(ports, replace(fall_back, version=version))


async def test_a_teams_own_goes_before_the_installations(ports: Ports) -> None:
    async with ports.transaction:
        await ports.teams.save(Team(id=OTHERS, name="Others"))
    assert await ports.fall_backs.effective({CREW, OTHERS}) == {}

    ours = await saved(ports, OURS)
    assert await ports.fall_backs.effective({CREW, OTHERS}) == {CREW: ours}
    everybodys = await saved(ports, EVERYBODYS)
    assert await ports.fall_backs.effective({CREW, OTHERS}) == {CREW: ours, OTHERS: everybodys}
    assert await ports.fall_backs.effective(set()) == {}
