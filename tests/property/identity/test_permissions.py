"""Who may what: every role, permission, scope and membership against a table written by hand."""

from itertools import chain, combinations
from uuid import UUID

import pytest

from application.authorize import may, require
from application.errors import ForbiddenError
from domain.identity.actor import Actor
from domain.identity.role import PERMITTED, Permission, Role
from domain.shared.ids import TeamId, UserId

#                        read  respond  configure  administer
TABLE = {
    "viewer": (True, False, False, False),
    "responder": (True, True, False, False),
    "manager": (True, True, True, False),
    "admin": (True, True, True, True),
}
COLUMNS = ("read", "respond", "configure", "administer")
OURS, THEIRS = TeamId(UUID(int=1)), TeamId(UUID(int=2))
SCOPES = [frozenset(some) for some in chain.from_iterable(combinations(COLUMNS, size) for size in range(5))]


def test_the_table_has_every_role_and_permission() -> None:
    assert set(TABLE) == set(Role) == set(PERMITTED)
    assert set(COLUMNS) == set(Permission)


@pytest.mark.parametrize("role", TABLE)
@pytest.mark.parametrize("column", range(4))
def test_every_answer_is_that_of_the_table(role: str, column: int) -> None:
    name = COLUMNS[column]
    for scopes in SCOPES:
        actor = Actor(
            user_id=UserId(UUID(int=1)),
            role=Role(role),
            scopes=frozenset(Permission(scope) for scope in scopes),
            team_ids=frozenset({OURS}),
        )
        by_table = TABLE[role][column] and name in scopes
        assert actor.permits(Permission(name)) is by_table
        for team_id in (None, OURS, THEIRS):
            bound_to_teams = name == "configure" and role != "admin"
            expected = by_table and (not bound_to_teams or team_id == OURS)
            assert may(actor, Permission(name), team_id=team_id) is expected
            if expected:
                require(actor, Permission(name), team_id=team_id)
            else:
                with pytest.raises(ForbiddenError):
                    require(actor, Permission(name), team_id=team_id)
