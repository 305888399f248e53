"""Who is still asked, where several people must acknowledge."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from domain.shared.ids import UserId


class Asked(NamedTuple):
    """Those whom targets mean, told apart. Everybody is in one of the two, in the order in which they are meant."""

    still: tuple[UserId, ...]  # their word is waited for, so they are paged
    answered: tuple[UserId, ...]  # they gave it: no later step, round or last resort wakes them for it again


def asked(meant: Iterable[UserId], *, answered: Collection[UserId]) -> Asked:
    """Whom to page of those who are meant, when these people have acknowledged already."""
    each_once = tuple(dict.fromkeys(meant))
    return Asked(
        tuple(user_id for user_id in each_once if user_id not in answered),
        tuple(user_id for user_id in each_once if user_id in answered),
    )
