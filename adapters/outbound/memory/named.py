"""What all stored nouns with a name, a team and a version have in common."""

from collections.abc import Callable, Iterable
from typing import Protocol
from uuid import UUID

from application.errors import ConflictError
from application.ports.page import Page, PageRequest


class Named(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...


def require_as_read(noun: str, given: Named, stored: Named | None) -> None:
    """Raises `ConflictError` unless the given one was made from the stored one, or is new and nothing is stored."""
    if given.version != (0 if stored is None else stored.version):
        raise ConflictError(noun, given.id)


def require_free_name(noun: str, given: Named, all_stored: Iterable[Named]) -> None:
    """Raises `ConflictError` when another has the name."""
    if any(each.name == given.name and each.id != given.id for each in all_stored):
        raise ConflictError(noun, given.name, "is there already, and names are unique")


def page_of[T: Named](all_stored: Iterable[T], page: PageRequest, *, is_wanted: Callable[[T], bool]) -> Page[T]:
    """One page of the wanted ones by (name, id)."""
    asked = (each for each in all_stored if is_wanted(each) and _is_asked_for(each, page))
    wanted = sorted(asked, key=lambda each: (each.name, each.id))
    after = page.after
    rest = [each for each in wanted if after is None or (each.name, each.id) > after]
    return Page(tuple(rest[: page.limit]), len(rest) > page.limit)


def _is_asked_for(each: Named, page: PageRequest) -> bool:
    if page.ids is not None and each.id not in page.ids:
        return False
    known_by = each.name.lower(), str(getattr(each, "email", "")).lower()
    return page.named is None or page.named.lower() in known_by
