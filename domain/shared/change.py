from typing import NamedTuple

from domain.shared.event import DomainEvent


class Change[T](NamedTuple):
    """A decision: the state after it, and the facts that led there, oldest first. No facts: nothing changed."""

    state: T
    events: tuple[DomainEvent, ...] = ()
