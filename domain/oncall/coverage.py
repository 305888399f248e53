"""Who is on call at an instant, the shifts of an interval, its gaps.

Functions of the schedule and the time alone, defined for every schedule and every instant of the supported years.
They agree with each other: whoever `on_call` names at an instant has a shift around it in every interval that contains
it, and where it names nobody there is a gap. All edges are exact instants; nothing is sampled.

Cost, for `l` layers, `o` overrides and `w` windows in a layer: an instant takes O(o + l log w), whatever the time since
the start; an interval takes O(o log o + l p), where `p` is the number of pieces that handoffs, windows and overrides
cut it into.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from domain.oncall.layer import Layer
from domain.oncall.override import Override, OverrideKind
from domain.oncall.schedule import Schedule
from domain.oncall.temporary import TemporarySchedule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import OverrideId, TemporaryScheduleId, UserId
from domain.shared.interval import Interval
from domain.shared.local_time import (
    LAST_YEAR,
    LocalClock,
    latest_local,
    require_instant,
    to_local_seconds,
)

# A schedule that changes nothing for so long never hands off, as far as anyone waits for it.
HANDOFF_HORIZON: Final = timedelta(days=3653)
_FIRST_LOOK: Final = timedelta(days=1)
_END_OF_TIME: Final = datetime(LAST_YEAR, 1, 1, tzinfo=UTC) - timedelta.resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What put a user on call: a layer, by its place in the schedule, an override or a temporary schedule; just one."""

    layer: int | None = None
    override_id: OverrideId | None = None
    temporary_id: TemporaryScheduleId | None = None

    def __post_init__(self) -> None:
        if (self.layer, self.override_id, self.temporary_id).count(None) != 2:
            raise InvalidValueError("source", "must be either a layer, an override or a temporary schedule")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A user is on call, without interruption and from one source, in the interval."""

    user_id: UserId
    interval: Interval
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """At this instant those on call before it give way to those on call from it on; nobody may be either of them."""

    at: datetime
    before: tuple[UserId, ...]
    after: tuple[UserId, ...]


class LayerVerdict(StrEnum):
    """Why a layer did or did not decide."""

    DECIDES = "decides"
    OUTRANKED = "outranked"  # it has someone on duty, and so has a later layer
    NOT_STARTED = "not_started"
    ENDED = "ended"
    OUTSIDE_HOURS = "outside_hours"
    SUSPENDED = "suspended"  # a temporary schedule takes the place of all layers


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerExplanation:
    """What one layer had to say: whom it has on duty, and which participant of its rotation that is."""

    layer: int
    verdict: LayerVerdict
    participant: int | None = None
    users: tuple[UserId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideExplanation:
    """What one override of that time did, and whom it took off. One that changed nothing is not applied.

    That is one for, or against, somebody who is not on call, and one that adds somebody who is.
    """

    override_id: OverrideId
    user_id: UserId
    is_applied: bool
    took_off: tuple[UserId, ...] = ()
    kind: OverrideKind = OverrideKind.REPLACE


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryExplanation:
    """The temporary schedule of that time, and whom its shifts have on call; nobody is a gap, or is left to layers."""

    temporary_id: TemporaryScheduleId
    users: tuple[UserId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A user on call, and what put them there."""

    user_id: UserId
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why these are on call at that instant: the layers by precedence, the deciding end first, then the overrides.

    A temporary schedule, if there is one then, comes in place of the layers.
    """

    at: datetime
    local_time: datetime  # what the wall clock shows in the schedule's zone
    layers: tuple[LayerExplanation, ...]
    overrides: tuple[OverrideExplanation, ...]
    on_call: tuple[Assignment, ...]
    temporary: TemporaryExplanation | None = None


def on_call(schedule: Schedule, at: datetime) -> tuple[UserId, ...]:
    """Who is on call at the instant, each once, in the order of their ids; nobody is an empty tuple.

    Raises:
        InvalidValueError: the time has no offset, or is outside the supported years.
    """
    require_instant("at", at)
    active = [override for override in schedule.overrides if override.is_active(at)]
    if any(override.is_for_everyone for override in active):
        assigned: Assigned = {}
    else:
        assigned = _assigned_before_overrides(schedule, at)
    for override in active:
        assigned = _overridden(assigned, override, Source(override_id=override.id))
    return _ordered(assigned)


def shifts(schedule: Schedule, interval: Interval) -> tuple[Shift, ...]:
    """The shifts of the interval, cut to it, by their start and then by user.

    They are as long as they can be: one's own next turn continues a shift. Two shifts of one user never overlap.

    Raises:
        InvalidValueError: the interval is outside the supported years.
    """
    done: list[Shift] = []
    under_way: dict[UserId, tuple[datetime, Source]] = {}
    before: Assigned = {}
    for start, _, assigned in _pieces(schedule, interval):
        if assigned is before:
            continue
        still_under_way: dict[UserId, tuple[datetime, Source]] = {}
        for user_id, source in assigned.items():
            begun = under_way.get(user_id)
            still_under_way[user_id] = begun if begun is not None and begun[1] == source else (start, source)
        for user_id, begun in under_way.items():
            if still_under_way.get(user_id) is not begun:
                done.append(_shift(user_id, begun[0], start, begun[1]))
        under_way, before = still_under_way, assigned
    done.extend(_shift(user_id, begun_at, interval.end, source) for user_id, (begun_at, source) in under_way.items())
    return tuple(sorted(done, key=lambda shift: (shift.interval.start, shift.user_id.int)))


def gaps(schedule: Schedule, interval: Interval) -> tuple[Interval, ...]:
    """The intervals in which nobody is on call, cut to the interval, oldest first and apart from each other.

    Raises:
        InvalidValueError: the interval is outside the supported years.
    """
    return interval.subtract(
        Interval(start=piece.start, end=piece.end) for piece in _pieces(schedule, interval) if piece.assigned
    )


def next_handoff(schedule: Schedule, at: datetime) -> Handoff | None:
    """The first instant after `at` from which others are on call, or fewer, or more, or nobody.

    None when that is not so within ten years (`HANDOFF_HORIZON`). It looks a day ahead first and further only when
    that day holds no handoff, so the usual answer is cheap.

    Raises:
        InvalidValueError: the time has no offset, or is outside the supported years.
    """
    before = on_call(schedule, at)
    start = at.astimezone(UTC)
    limit = min(start + HANDOFF_HORIZON, _END_OF_TIME)
    look = _FIRST_LOOK
    while start < limit:
        seen = Interval(start=start, end=min(start + look, limit))
        for piece in _pieces(schedule, seen):
            after = _ordered(piece.assigned)
            if after != before:
                return Handoff(at=piece.start, before=before, after=after)
        start, look = seen.end, look * 4
    return None


def explain(schedule: Schedule, at: datetime) -> Explanation:
    """Why those whom `on_call` names are on call: what each layer said, and what each override of that time did.

    Raises:
        InvalidValueError: the time has no offset, or is outside the supported years.
    """
    require_instant("at", at)
    assigned = _assigned_before_overrides(schedule, at)
    overrides: list[OverrideExplanation] = []
    for override in schedule.overrides:
        if override.is_active(at):
            after = _overridden(assigned, override, Source(override_id=override.id))
            overrides.append(_explain_override(override, assigned, after))
            assigned = after
    temporary = _temporary_at(schedule, at)
    return Explanation(
        at=at.astimezone(UTC),
        local_time=at.astimezone(schedule.zone).replace(tzinfo=None, fold=0),
        layers=_explain_layers(schedule, at, is_suspended=temporary is not None and temporary.decides(at)),
        overrides=tuple(overrides),
        on_call=tuple(Assignment(user_id=user_id, source=assigned[user_id]) for user_id in _ordered(assigned)),
        temporary=None
        if temporary is None
        else TemporaryExplanation(temporary_id=temporary.id, users=_ordered(temporary.on_duty(at))),
    )


type Assigned = Mapping[UserId, Source]


class _Piece(NamedTuple):
    """A part of an interval throughout which the same users are on call, from the same sources; maybe nobody."""

    start: datetime
    end: datetime
    assigned: Assigned


class _LocalPiece(NamedTuple):
    """The same of the local calendar, in seconds as by `to_local_seconds`."""

    starts: int
    ends: int
    assigned: Assigned


def _assigned_before_overrides(schedule: Schedule, at: datetime) -> Assigned:
    """Those of the temporary schedule, if one decides then, or else of the last layer that has anyone on duty."""
    temporary = _temporary_at(schedule, at)
    if temporary is not None and temporary.decides(at):
        return dict.fromkeys(temporary.on_duty(at), Source(temporary_id=temporary.id))
    local_seconds = to_local_seconds(latest_local(at, schedule.zone))
    for number in reversed(range(len(schedule.layers))):
        layer = schedule.layers[number]
        if layer.until is None or at < layer.until:
            users = layer.on_duty(local_seconds)
            if users:
                return dict.fromkeys(users, Source(layer=number))
    return {}


def _temporary_at(schedule: Schedule, at: datetime) -> TemporarySchedule | None:
    return next((temporary for temporary in schedule.temporaries if temporary.is_active(at)), None)


def _pieces(schedule: Schedule, interval: Interval) -> Iterator[_Piece]:
    """The whole interval, in order, piece by piece."""
    require_instant("start", interval.start)
    require_instant("end", interval.end)
    for start, end, overrides in _stretches(schedule.overrides, interval):
        if any(override.is_for_everyone for override, _ in overrides):
            before: Iterable[_Piece] = (_Piece(start, end, {}),)
        else:
            before = _pieces_before_overrides(schedule, start, end)
        if not overrides:
            yield from before
            continue
        for piece in before:
            assigned = piece.assigned
            for override, source in overrides:
                assigned = _overridden(assigned, override, source)
            yield _Piece(piece.start, piece.end, assigned)


def _pieces_before_overrides(schedule: Schedule, start: datetime, end: datetime) -> Iterator[_Piece]:
    """All from `start` up to `end`: the layers, and temporary schedules in their place or before them."""
    clock = LocalClock(schedule.zone)
    cursor = start
    for temporary in sorted(schedule.temporaries, key=lambda each: each.starts_at):
        begins, ends = max(temporary.starts_at, start), min(temporary.ends_at, end)
        if begins < ends:
            yield from _layer_pieces(schedule, clock, cursor, begins)
            for piece in _temporary_pieces(temporary, begins, ends):
                if temporary.decides(piece.start):
                    yield piece
                else:
                    yield from _layer_pieces(schedule, clock, piece.start, piece.end)
            cursor = ends
    yield from _layer_pieces(schedule, clock, cursor, end)


def _temporary_pieces(temporary: TemporarySchedule, start: datetime, end: datetime) -> Iterator[_Piece]:
    source = Source(temporary_id=temporary.id)
    edges = {edge for shift in temporary.shifts for edge in (shift.starts_at, shift.ends_at) if start < edge < end}
    for begins, ends in pairwise(sorted({start, end, *edges})):
        yield _Piece(begins, ends, dict.fromkeys(temporary.on_duty(begins), source))


def _stretches(
    overrides: Sequence[Override], interval: Interval
) -> Iterator[tuple[datetime, datetime, tuple[tuple[Override, Source], ...]]]:
    """The interval cut wherever an override starts or ends, each part with the overrides that hold throughout it."""
    sourced = [(override, Source(override_id=override.id)) for override in overrides]
    starting: dict[datetime, list[int]] = {}
    ending: dict[datetime, list[int]] = {}
    for number, override in enumerate(overrides):
        start, end = max(override.starts_at, interval.start), min(override.ends_at, interval.end)
        if start < end:
            starting.setdefault(start, []).append(number)
            ending.setdefault(end, []).append(number)
    active: set[int] = set()
    for start, end in pairwise(sorted({interval.start, interval.end, *starting, *ending})):
        active.difference_update(ending.get(start, ()))
        active.update(starting.get(start, ()))
        yield start, end, tuple(sourced[number] for number in sorted(active))


def _layer_pieces(schedule: Schedule, clock: LocalClock, start: datetime, end: datetime) -> Iterator[_Piece]:
    """All from `start` up to `end`, in order; nothing when there is nothing between them."""
    if start >= end:
        return
    ends_of_layers = {layer.until for layer in schedule.layers if layer.until is not None}
    for begins, stops in pairwise(sorted({start, end, *(until for until in ends_of_layers if start < until < end)})):
        layers = [
            (Source(layer=number), layer)
            for number, layer in enumerate(schedule.layers)
            if layer.until is None or begins < layer.until
        ]
        yield from _duty_pieces(layers, schedule.zone, clock, begins, stops)


def _duty_pieces(
    layers: Sequence[tuple[Source, Layer]], zone: ZoneInfo, clock: LocalClock, start: datetime, end: datetime
) -> Iterator[_Piece]:
    """Whom layers without an end before `end` have on duty, carried over from the local calendar to instants.

    What lies wholly in skipped time begins and ends at one instant, and so is nothing.
    """
    first = to_local_seconds(latest_local(start, zone))
    beyond = to_local_seconds(latest_local(end, zone)) + 1  # not reached by then, so it happens after the end
    cursor = start
    for duty in _deciding(layers, first, beyond):
        stop = min(clock.instant(duty.ends), end)
        if cursor < stop:
            yield _Piece(cursor, stop, duty.assigned)
            cursor = stop


def _deciding(layers: Sequence[tuple[Source, Layer]], starts: int, ends: int) -> Sequence[_LocalPiece]:
    """All of the local time, in order: each layer is asked only for what the later ones have left."""
    pieces: list[_LocalPiece] = []
    left = [(starts, ends)]
    for source, layer in reversed(layers):
        assigned_to = {turn: dict.fromkeys(turn, source) for turn in layer.rotation.participants}
        still_left: list[tuple[int, int]] = []
        for cursor, stop in left:
            for duty in layer.duties(cursor, stop):
                if cursor < duty.starts:
                    still_left.append((cursor, duty.starts))
                pieces.append(_LocalPiece(duty.starts, duty.ends, assigned_to[duty.users]))
                cursor = duty.ends  # noqa: PLW2901 (what of this part has been asked about)
            if cursor < stop:
                still_left.append((cursor, stop))
        left = still_left
    pieces.extend(_LocalPiece(begin, stop, {}) for begin, stop in left)
    return sorted(pieces)


def _overridden(assigned: Assigned, override: Override, source: Source) -> Assigned:
    """Who is on call once the override has acted; the same object when it changes nothing.

    Who already was on call, and stays, keeps their source.
    """
    user_id = override.user_id
    if override.is_for_everyone:
        return {user_id: source}
    if override.kind is OverrideKind.ADD:
        return assigned if user_id in assigned else {**assigned, user_id: source}
    off = user_id if override.kind is OverrideKind.REMOVE else override.replaces
    if off not in assigned:
        return assigned
    rest = {each: assigned[each] for each in assigned if each != off}
    if override.kind is OverrideKind.REPLACE:
        rest.setdefault(user_id, source)
    return rest


def _explain_layers(schedule: Schedule, at: datetime, *, is_suspended: bool) -> tuple[LayerExplanation, ...]:
    local_seconds = to_local_seconds(latest_local(at, schedule.zone))
    explanations: list[LayerExplanation] = []
    is_decided = False
    for number in reversed(range(len(schedule.layers))):
        layer = schedule.layers[number]
        participant = layer.participant_at(local_seconds)
        if participant is None:
            explanations.append(LayerExplanation(layer=number, verdict=LayerVerdict.NOT_STARTED))
        elif layer.until is not None and at >= layer.until:
            explanations.append(LayerExplanation(layer=number, verdict=LayerVerdict.ENDED))
        elif not layer.is_open(local_seconds):
            explanations.append(LayerExplanation(layer=number, verdict=LayerVerdict.OUTSIDE_HOURS))
        else:
            verdict = LayerVerdict.OUTRANKED if is_decided else LayerVerdict.DECIDES
            if is_suspended:
                verdict = LayerVerdict.SUSPENDED
            users = _ordered(layer.rotation.participants[participant])
            explanations.append(
                LayerExplanation(layer=number, verdict=verdict, participant=participant, users=users),
            )
            is_decided = True
    return tuple(explanations)


def _explain_override(override: Override, before: Assigned, after: Assigned) -> OverrideExplanation:
    return OverrideExplanation(
        override_id=override.id,
        user_id=override.user_id,
        is_applied=after is not before,
        took_off=_ordered(set(before) - set(after)),
        kind=override.kind,
    )


def _shift(user_id: UserId, start: datetime, end: datetime, source: Source) -> Shift:
    return Shift(user_id=user_id, interval=Interval(start=start, end=end), source=source)


def _ordered(users: Iterable[UserId]) -> tuple[UserId, ...]:
    return tuple(sorted(users, key=lambda user_id: user_id.int))
