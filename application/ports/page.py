"""Lists are cut into pages, never counted whole."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from domain.shared.errors import InvalidValueError
from domain.shared.limits import PAGE_DEFAULT, PAGE_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """At most `limit` rows after the one that `after` names; lists of named things are ordered by (name, id).

    Raises:
        InvalidValueError: more than a page is asked for, or more than a page is named.
    """

    limit: int = PAGE_DEFAULT
    after: tuple[str, UUID] | None = None
    named: str | None = None  # only what has this whole name, whatever its case; of users an address is one too
    ids: frozenset[UUID] | None = None  # only these

    def __post_init__(self) -> None:
        require_limit(self.limit)
        if self.ids is not None and len(self.ids) > PAGE_LIMIT:
            raise InvalidValueError("id", f"has {len(self.ids)} entries, allowed are at most {PAGE_LIMIT}")


def require_limit(limit: int) -> None:
    """Raises `InvalidValueError` for more than one page, or none."""
    if not 1 <= limit <= PAGE_LIMIT:
        raise InvalidValueError("limit", f"is {limit}, allowed are 1 to {PAGE_LIMIT}")


class Page[T](NamedTuple):
    items: tuple[T, ...]
    has_more: bool
