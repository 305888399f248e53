"""Values over time that change at instants and hold in between: exact, however long the time is."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import pairwise

from domain.shared.interval import Interval


@dataclass(frozen=True, slots=True)
class StepFunction[T]:
    """A value for every instant of the interval. `edges` begin the pieces; the first is the interval's start."""

    interval: Interval
    edges: tuple[datetime, ...]
    values: tuple[T, ...]

    @staticmethod
    def constant[V](value: V, interval: Interval) -> "StepFunction[V]":
        return StepFunction(interval, (interval.start,), (value,))

    @staticmethod
    def of[V](pieces: Iterable[tuple[Interval, V]], interval: Interval, *, otherwise: V) -> "StepFunction[V]":
        """From pieces in order and apart from each other, cut to the interval; where there is none, `otherwise`."""
        changes: list[tuple[datetime, V]] = []
        cursor = interval.start
        for piece, value in pieces:
            inside = piece.intersection(interval)
            if inside is None:
                continue
            if cursor < inside.start:
                changes.append((cursor, otherwise))
            changes.append((inside.start, value))
            cursor = inside.end
        if cursor < interval.end:
            changes.append((cursor, otherwise))
        return _joined(interval, changes)

    def at(self, instant: datetime) -> T:
        """The value at an instant of the interval."""
        return self.values[bisect_right(self.edges, instant) - 1]

    def pieces(self) -> Iterator[tuple[Interval, T]]:
        """Each as long as it can be, in order; together they are the interval."""
        for (start, end), value in zip(pairwise((*self.edges, self.interval.end)), self.values, strict=True):
            yield Interval(start=start, end=end), value

    def map[U](self, change: Callable[[T], U]) -> "StepFunction[U]":
        changes = ((edge, change(value)) for edge, value in zip(self.edges, self.values, strict=True))
        return _joined(self.interval, changes)

    def ahead(self, span: timedelta, *, beyond: T) -> "StepFunction[T]":
        """At each instant, the value that comes the span later; `beyond` where that is after the end."""
        if span >= self.interval.duration:
            return StepFunction.constant(beyond, self.interval)
        first = bisect_right(self.edges, self.interval.start + span) - 1
        changes = [(max(edge - span, self.interval.start), value) for edge, value in self._from(first)]
        return _joined(self.interval, [*changes, *([(self.interval.end - span, beyond)] if span else [])])

    def _from(self, piece: int) -> Iterator[tuple[datetime, T]]:
        return zip(self.edges[piece:], self.values[piece:], strict=True)


def combined[A, B, C](first: StepFunction[A], second: StepFunction[B], combine: Callable[[A, B], C]) -> StepFunction[C]:
    """Both at each instant; they are of one interval."""
    assert first.interval == second.interval, "only functions of one interval can be combined"
    edges = dict.fromkeys(merge(first.edges, second.edges))
    return _joined(first.interval, ((edge, combine(first.at(edge), second.at(edge))) for edge in edges))


def _joined[T](interval: Interval, changes: Iterable[tuple[datetime, T]]) -> StepFunction[T]:
    """Without the edges at which nothing changes."""
    edges: list[datetime] = []
    values: list[T] = []
    for edge, value in changes:
        if not values or value != values[-1]:
            edges.append(edge)
            values.append(value)
    return StepFunction(interval, tuple(edges), tuple(values))
