"""Everybody whom targets may mean within some time: whoever looks ahead asks for all of them at once."""

from collections.abc import Iterable, Iterator, Mapping

from domain.escalation.policy import Target, TargetKind
from domain.oncall.history import Timeline
from domain.oncall.layer import Layer
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, TeamId, UserId


def meant_at_some_time(
    targets: Iterable[Target],
    schedules: Mapping[ScheduleId, Timeline],
    members: Mapping[TeamId, tuple[UserId, ...]],
    layers: Iterable[Layer] = (),
) -> Iterator[UserId]:
    """Whom the targets name, and whoever these teams, schedules and layers may put in their place; some twice."""
    yield from (UserId(target.id) for target in targets if target.kind is TargetKind.USER)
    for user_ids in members.values():
        yield from user_ids
    for timeline in schedules.values():
        for phase in timeline.phases:
            yield from _named_in(phase.schedule)
    yield from users_in(layers)


def users_in(layers: Iterable[Layer]) -> Iterator[UserId]:
    """Who takes turns in them."""
    return (user_id for layer in layers for users in layer.rotation.participants for user_id in users)


def _named_in(schedule: Schedule) -> Iterator[UserId]:
    yield from users_in(schedule.layers)
    yield from (override.user_id for override in schedule.overrides)
    yield from (shift.user_id for temporary in schedule.temporaries for shift in temporary.shifts)
