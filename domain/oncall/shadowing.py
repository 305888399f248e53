"""Somebody who learns: told like the one they follow, and never on call by it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from domain.oncall.coverage import explain, shifts
from domain.oncall.schedule import Schedule
from domain.shared.ids import ShadowId, UserId
from domain.shared.interval import Interval, union
from domain.shared.local_time import require_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadowing:
    """At an instant this user shadows these, who are on call."""

    shadow_id: ShadowId
    user_id: UserId
    follows: tuple[UserId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowShift:
    """In the interval this user shadows that one, who is on call."""

    shadow_id: ShadowId
    user_id: UserId
    follows: UserId
    interval: Interval


def shadows(schedule: Schedule, at: datetime) -> tuple[Shadowing, ...]:
    """Who shadows whom at the instant, in the order in which it was arranged.

    Only while the one they follow is on call, or somebody is by the layer they follow; and one who is on call
    themselves is no shadow then. It says nothing about who is on call: `on_call` does not look at shadows.

    Raises:
        InvalidValueError: the time has no offset, or is outside the supported years.
    """
    require_instant("at", at)
    active = [shadow for shadow in schedule.shadows if shadow.is_active(at)]
    on_call = explain(schedule, at).on_call if active else ()
    users = {each.user_id for each in on_call}
    found: list[Shadowing] = []
    for shadow in active:
        follows = tuple(each.user_id for each in on_call if shadow.is_after(each.user_id, each.source.layer))
        if follows and shadow.user_id not in users:
            found.append(Shadowing(shadow_id=shadow.id, user_id=shadow.user_id, follows=follows))
    return tuple(found)


def shadow_shifts(schedule: Schedule, interval: Interval) -> tuple[ShadowShift, ...]:
    """What `shadows` says throughout the interval, cut to it, by start; each as long as it can be.

    Raises:
        InvalidValueError: the interval is outside the supported years.
    """
    return joined(_followed(schedule, interval))


def joined(found: Iterable[ShadowShift]) -> tuple[ShadowShift, ...]:
    """The same, where what touches, of one shadow after one user, is one; by start, then shadow and user."""
    spans: defaultdict[tuple[ShadowId, UserId, UserId], list[Interval]] = defaultdict(list)
    for each in found:
        spans[each.shadow_id, each.user_id, each.follows].append(each.interval)
    whole = (
        ShadowShift(shadow_id=shadow_id, user_id=user_id, follows=follows, interval=span)
        for (shadow_id, user_id, follows), parts in spans.items()
        for span in union(parts)
    )
    return tuple(sorted(whole, key=lambda each: (each.interval.start, each.shadow_id.int, each.follows.int)))


def _followed(schedule: Schedule, interval: Interval) -> Iterator[ShadowShift]:
    found = shifts(schedule, interval) if schedule.shadows else ()
    for shadow in schedule.shadows:
        own = [shift.interval for shift in found if shift.user_id == shadow.user_id]
        time = Interval(start=shadow.starts_at, end=shadow.ends_at)
        for shift in found:
            part = shift.interval.intersection(time)
            if part is not None and shadow.is_after(shift.user_id, shift.source.layer):
                for left in part.subtract(own):
                    yield ShadowShift(shadow_id=shadow.id, user_id=shadow.user_id, follows=shift.user_id, interval=left)
