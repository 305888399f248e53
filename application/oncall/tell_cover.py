from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from application.notification.notify import Notify, Telling
from application.oncall.told_times import FindReaders, Readers
from application.ports.directory import Directory
from application.ports.schedules import ScheduleRepository
from domain.notification.notice import Notice, NoticeKind
from domain.oncall.cover import CoverRequest
from domain.oncall.events import CoverAccepted, CoverDeclined, CoverExpired, CoverRequested, CoverWithdrawn
from domain.shared.change import Change
from domain.shared.event import DomainEvent
from domain.shared.ids import UserId

SHOWN: Final = 5  # of the requests that were made at once; the rest is counted
_TITLE_CHARACTERS: Final = 200


class _Told(NamedTuple):
    """What happened to a request, and who is to hear of it."""

    request: CoverRequest
    event: DomainEvent
    user_ids: frozenset[UserId]


@dataclass(frozen=True, slots=True)
class TellCover:
    """Tells those who are asked to stand in, and whoever asked what became of it, in the transaction that decided."""

    directory: Directory
    schedules: ScheduleRepository
    find_readers: FindReaders
    notify: Notify

    async def __call__(self, changes: Sequence[Change[CoverRequest]], *, at: datetime) -> None:
        """What is asked at once, or taken back, is one message for each of those who are asked.

        Whoever did it is not told of it.
        """
        happened = [(change.state, event) for change in changes for event in change.events]
        if not happened:
            return
        members = await self.directory.team_members({request.team_id for request, _ in happened})
        told = [
            _Told(request, event, _heard_by(request, event, members.get(request.team_id, ())))
            for request, event in happened
        ]
        wording = await self._wording(told, at)
        tellings = [*_asking(told, wording), *_withdrawing(told, wording), *_answering(told, wording)]
        await self.notify.each(tellings, at=at)

    async def _wording(self, told: Sequence[_Told], at: datetime) -> "_Wording":
        people = {user_id for each in told for user_id in (*each.user_ids, each.request.user_id)}
        people |= {each.event.by for each in told if isinstance(each.event, CoverAccepted)}
        found = await self.schedules.look_up_many({each.request.schedule_id for each in told}, since=at)
        return _Wording(await self.find_readers(people), {schedule.id: schedule.name for schedule in found})


@dataclass(frozen=True, slots=True)
class _Wording:
    """How requests are put to those who read of them."""

    readers: Readers
    schedules: dict[object, str]

    def schedule(self, request: CoverRequest) -> str:
        return self.schedules.get(request.schedule_id, "a schedule")

    def time(self, request: CoverRequest, reader: UserId) -> str:
        taken = f"{self.schedule(request)}, {self.readers.span(request.interval, reader)}"
        if request.offers is None:
            return taken
        return f"{taken}, in exchange for {self.readers.span(request.offers, reader)}"


def _heard_by(request: CoverRequest, event: DomainEvent, members: Collection[UserId]) -> frozenset[UserId]:
    askers = frozenset({request.user_id, request.requested_by})
    match event:
        case CoverRequested():
            return request.asked(members) - {event.by}
        case CoverWithdrawn():
            return request.asked(members) - {event.by, *request.declined_by}
        case CoverAccepted() | CoverDeclined(is_last=True):
            return askers - {event.by}
        case CoverExpired():
            return askers
    return frozenset()  # one of several will not: the others may


def _asking(told: Sequence[_Told], wording: _Wording) -> Iterator[Telling]:
    for user_id, requests in _by_reader(told, CoverRequested):
        yield Telling([user_id], _question(requests, user_id, wording))


def _withdrawing(told: Sequence[_Told], wording: _Wording) -> Iterator[Telling]:
    for user_id, requests in _by_reader(told, CoverWithdrawn):
        yield Telling([user_id], _no_longer_needed(requests, user_id, wording))


def _by_reader(told: Sequence[_Told], kind: type[DomainEvent]) -> Iterator[tuple[UserId, Sequence[CoverRequest]]]:
    """What one person has asked of each reader, or has taken back, together."""
    together: defaultdict[tuple[UserId, UserId], list[CoverRequest]] = defaultdict(list)
    for each in told:
        if isinstance(each.event, kind):
            for user_id in sorted(each.user_ids):
                together[user_id, each.request.user_id].append(each.request)
    for (user_id, _), requests in together.items():
        yield user_id, sorted(requests, key=lambda request: request.interval.start)


def _times(requests: Sequence[CoverRequest], reader: UserId, wording: _Wording) -> list[str]:
    lines = [wording.time(request, reader) for request in requests[:SHOWN]]
    return [*lines, f"and {len(requests) - SHOWN} more"] if len(requests) > SHOWN else lines


def _no_longer_needed(requests: Sequence[CoverRequest], reader: UserId, wording: _Wording) -> Notice:
    first = requests[0]
    return Notice(
        kind=NoticeKind.COVER,
        key=f"cover:{first.id}:{CoverWithdrawn.kind}",
        title=f"{wording.readers.named([first.user_id])} needs nobody to stand in any more"[:_TITLE_CHARACTERS],
        text="\n".join(_times(requests, reader, wording)),
    )


def _question(requests: Sequence[CoverRequest], reader: UserId, wording: _Wording) -> Notice:
    first = requests[0]
    lines = _times(requests, reader, wording)
    if first.note:
        lines.append(first.note)
    lines.append(f"Answer by {wording.readers.moment(first.expires_at, reader)}:")
    lines += [f"tocsin cover accept {request.id}" for request in requests[:SHOWN]]
    return Notice(
        kind=NoticeKind.COVER,
        key=f"cover:{first.id}:requested",
        title=f"{wording.readers.named([first.user_id])} asks you to be on call instead"[:_TITLE_CHARACTERS],
        text="\n".join(lines),
    )


def _answering(told: Sequence[_Told], wording: _Wording) -> Iterator[Telling]:
    for each in told:
        if not isinstance(each.event, CoverRequested | CoverWithdrawn):
            for user_id in sorted(each.user_ids):
                yield Telling([user_id], _answer(each, user_id, wording))


def _answer(told: _Told, reader: UserId, wording: _Wording) -> Notice:
    request = told.request
    whose = wording.readers.named([request.user_id])
    match told.event:
        case CoverAccepted(by=by):
            title = f"{wording.readers.named([by])} is on call instead of {whose}"
        case CoverExpired():
            title = f"Nobody has accepted in time: {whose} stays on call"
        case _:
            title = f"Nobody will stand in: {whose} stays on call"
    return Notice(
        kind=NoticeKind.COVER,
        key=f"cover:{request.id}:{told.event.kind}",
        title=title[:_TITLE_CHARACTERS],
        text=wording.time(request, reader),
    )
