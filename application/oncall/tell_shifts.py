from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from application.notification.notify import Notify, Telling
from application.oncall.told_times import FindReaders, Readers
from application.ports.clock import Clock
from application.ports.inbox import Inbox
from application.ports.page import PageRequest
from application.ports.schedule_history import KnownSchedule, ScheduleHistory
from application.ports.shift_wishes import ShiftWishesRepository
from application.ports.transaction import Transaction
from domain.notification.notice import Notice, NoticeKind
from domain.notification.shift_wishes import ShiftWishes
from domain.oncall.history import Timeline, as_known
from domain.oncall.quality import stretches
from domain.oncall.turn import Turn, TurnMoment, seen_at, turns
from domain.shared.ids import ScheduleId, UserId
from domain.shared.interval import Interval

AT_ONCE: Final = 100  # schedules of one transaction: more would hold it open for longer than a courier should wait
# As far as a message says until when: the longest turns in common use are of a week or two.
_UNTIL_SEEN: Final = timedelta(days=15)
_TICKS: Final = "shift ticks"
_NOTICES: Final = "shift notices"
_TITLE_CHARACTERS: Final = 200
_KINDS: Final = {
    TurnMoment.AHEAD: NoticeKind.SHIFT_AHEAD,
    TurnMoment.STARTED: NoticeKind.SHIFT_STARTED,
    TurnMoment.ENDED: NoticeKind.SHIFT_ENDED,
}


@dataclass(frozen=True, slots=True)
class ShiftNotices:
    """How long before their time on call people hear of it; None: nobody hears of shifts at all."""

    ahead: timedelta | None


class _Due(NamedTuple):
    schedule_id: ScheduleId
    name: str
    timeline: Timeline
    turn: Turn

    @property
    def key(self) -> str:
        return f"{self.schedule_id}:{self.turn.user_id}:{self.turn.moment}:{self.turn.edge.astimezone(UTC).isoformat()}"


@dataclass(frozen=True, slots=True)
class TellShifts:
    """Tells people that they will be on call, that they are, and that they have handed off, unless they wish not to be.

    Asked every minute by any number of workers: the first of a minute looks. What has been said is marked in the
    transaction that says it, so it is said once; a worker that dies leaves the rest to the next minute.
    """

    history: ScheduleHistory
    find_readers: FindReaders
    shift_wishes: ShiftWishesRepository
    notify: Notify
    inbox: Inbox
    shift_notices: ShiftNotices
    transaction: Transaction
    clock: Clock

    async def __call__(self) -> int:
        """How many things were said now. What somebody did not want to hear then is not said later either."""
        at, ahead = self.clock.now(), self.shift_notices.ahead
        if ahead is None or not await self._is_first(at):
            return 0
        told = 0
        after, has_more = None, True
        while has_more:
            seen = seen_at(at, ahead=ahead)
            wider = Interval(start=seen.start, end=seen.end + _UNTIL_SEEN)
            schedules, has_more = await self.history.page(PageRequest(limit=AT_ONCE, after=after), wider)
            told += await self._tell(list(_due(schedules, seen, at, ahead)), at)
            after = (schedules[-1].name, schedules[-1].id) if schedules else None
        return told

    async def _is_first(self, at: datetime) -> bool:
        async with self.transaction:
            return bool(await self.inbox.take(_TICKS, [f"{at.astimezone(UTC):%Y-%m-%dT%H:%M}"], at=at))

    async def _tell(self, due: Sequence[_Due], at: datetime) -> int:
        if not due:
            return 0
        async with self.transaction:
            new = await self.inbox.take(_NOTICES, [each.key for each in due], at=at)
            wanted = await self._wanted([each for each in due if each.key in new])
            if wanted:
                readers = await self.find_readers({user_id for each in wanted for user_id in _people(each)})
                tellings = [Telling([each.turn.user_id], _notice(each, readers)) for each in wanted]
                await self.notify.each(tellings, at=at)
        return len(wanted)

    async def _wanted(self, due: Sequence[_Due]) -> Sequence[_Due]:
        wishes = await self.shift_wishes.of({each.turn.user_id for each in due})
        return [each for each in due if wishes.get(each.turn.user_id, ShiftWishes()).want(_KINDS[each.turn.moment])]


def _due(schedules: Iterable[KnownSchedule], seen: Interval, at: datetime, ahead: timedelta) -> Iterator[_Due]:
    for schedule in schedules:
        timeline = as_known(schedule.history)
        for turn in turns(stretches(timeline.shifts(seen)), at, ahead=ahead):
            yield _Due(schedule.id, schedule.name, timeline, turn)


def _people(due: _Due) -> set[UserId]:
    return {due.turn.user_id, *_before(due), *due.timeline.on_call(due.turn.edge)}


def _before(due: _Due) -> tuple[UserId, ...]:
    return due.timeline.on_call(due.turn.edge - timedelta.resolution)


def _notice(due: _Due, readers: Readers) -> Notice:
    turn = due.turn
    who, edge = turn.user_id, readers.moment(turn.edge, turn.user_id)
    match turn.moment:
        case TurnMoment.AHEAD:
            title, lines = f"On call from {edge}: {due.name}", [_until(due, readers)]
        case TurnMoment.STARTED:
            title, lines = f"You are on call now: {due.name}", [f"Since {edge}", _until(due, readers)]
        case TurnMoment.ENDED:
            now = readers.named(due.timeline.on_call(turn.edge))
            title, lines = f"You are off call: {due.name}", [f"Since {edge}", f"On call now: {now}"]
    if turn.moment is not TurnMoment.ENDED:
        lines.append(f"Before you: {readers.named(_before(due))}")
        others = [user_id for user_id in due.timeline.on_call(turn.edge) if user_id != who]
        if others:
            lines.append(f"With you: {readers.named(others)}")
    return Notice(
        kind=_KINDS[turn.moment], key=f"shift:{due.key}", title=title[:_TITLE_CHARACTERS], text="\n".join(lines)
    )


def _until(due: _Due, readers: Readers) -> str:
    looked_at = Interval(start=due.turn.edge, end=due.turn.edge + _UNTIL_SEEN)
    own = next(each for each in stretches(due.timeline.shifts(looked_at)) if each.user_id == due.turn.user_id)
    if own.interval.end == looked_at.end:
        return f"For more than {_UNTIL_SEEN.days} days"
    return f"Until {readers.moment(own.interval.end, due.turn.user_id)}"
