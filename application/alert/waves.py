"""A batch of events, cut so that it can be stored a set at a time."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Protocol

from application.ports.intake import AlertKey
from domain.alert.alert_event import AlertAction


class HasAction(Protocol):
    @property
    @abstractmethod
    def action(self) -> AlertAction: ...


class OfAlert(Protocol):
    """An event, and the alert that it is of."""

    @property
    @abstractmethod
    def event(self) -> HasAction: ...

    @property
    @abstractmethod
    def key(self) -> AlertKey: ...


def waves[E: OfAlert](batch: Sequence[E]) -> Iterator[Sequence[E]]:
    """Cut a batch so that each wave has one kind of action, and every alert's events keep their order.

    An event joins the earliest wave of its kind that does not come before an event of the same alert.
    """
    cut: list[list[E]] = []
    last_wave_of: dict[AlertKey, int] = {}
    for each in batch:
        action = each.event.action
        key = each.key
        index = last_wave_of.get(key, 0)
        while index < len(cut) and cut[index][0].event.action is not action:
            index += 1
        if index == len(cut):
            cut.append([])
        cut[index].append(each)
        last_wave_of[key] = index
    yield from cut
