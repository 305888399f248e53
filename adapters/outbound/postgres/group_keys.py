"""The group key of an incident, as it is stored: unique among those that are open, of one service.

One that is followed has the id of its follower behind its key, so that no alert finds it any more and the next one has
the key: the index that says so is as it was before there were windows, which the version before asks for too.
"""

from typing import Final

from adapters.outbound.postgres.session import Row

_BETWEEN: Final = "/"
_ID_CHARACTERS: Final = 36  # of a UUID as text
_BEHIND: Final = len(_BETWEEN) + _ID_CHARACTERS


def given_up(key: str, follower: str) -> str:
    """SQL: a key that belongs to a follower now, whose id is known."""
    return f"{key} || '{_BETWEEN}' || {follower}::text"


def shown(incident: str) -> str:
    """SQL: the key that the alerts of an incident came with."""
    return (
        f"CASE WHEN {incident}.followed_by IS NULL THEN {incident}.group_key "
        f"ELSE left({incident}.group_key, -{_BEHIND}) END"
    )


def group_key_of(row: Row) -> str:
    """The same of a row that is read."""
    key: str = row["group_key"]
    return key if row["followed_by"] is None else key[:-_BEHIND]
