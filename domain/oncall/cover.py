"""Somebody asks that another be on call in their place, for nothing or in exchange for time of the other's."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from domain.oncall.coverage import shifts
from domain.oncall.events import (
    CoverAccepted,
    CoverDeclined,
    CoverExpired,
    CoverRequested,
    CoverWithdrawn,
)
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule
from domain.shared.change import Change
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import AbsenceId, CoverRequestId, OverrideId, ScheduleId, TeamId, UserId
from domain.shared.interval import Interval, require_utc, told, union
from domain.shared.limits import COVER_ASKED, COVER_NOTE_CHARACTERS
from domain.shared.text import require_length

COVER_MAX: Final = timedelta(days=366)  # any year, whole; what lasts longer is a change of the schedule
HINT_AHEAD: Final = timedelta(days=92)  # how far a refusal looks for a time that would do: a quarter


class CoverStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"  # by everyone who was asked
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverRequest:
    """A request that somebody be on call in `user_id`'s place whenever they would be in the interval.

    Asked of named people, or of anyone in the schedule's team. With `offers` it is a swap: whoever accepts gives their
    own time on call in that interval to `user_id`. Once it is decided it never changes. Whatever is decided, nobody's
    coverage is lost: accepting exchanges one person for another who is not on call then, and nothing else touches the
    schedule.
    """

    id: CoverRequestId
    schedule_id: ScheduleId
    team_id: TeamId
    user_id: UserId  # whose time on call it is
    requested_by: UserId  # the same, or a manager for them
    requested_at: datetime
    interval: Interval
    expires_at: datetime
    asked_of: tuple[UserId, ...] = ()  # nobody by name: anyone in the team
    offers: Interval | None = None
    note: str = ""
    absence_id: AbsenceId | None = None  # the time off that it was made from
    status: CoverStatus = CoverStatus.OPEN
    declined_by: tuple[UserId, ...] = ()
    accepted_by: UserId | None = None
    override_ids: tuple[OverrideId, ...] = ()  # of the interval, and then of what was offered
    decided_at: datetime | None = None
    version: int = 0  # how many times it has been saved; the optimistic lock

    @staticmethod
    def ask(
        request_id: CoverRequestId,
        *,
        schedule: Schedule,
        members: Collection[UserId],
        user_id: UserId,
        interval: Interval,
        by: UserId,
        at: datetime,
        asked_of: tuple[UserId, ...] = (),
        offers: Interval | None = None,
        expires_at: datetime | None = None,
        note: str = "",
        absence_id: AbsenceId | None = None,
    ) -> "Change[CoverRequest]":
        """Open a request. It expires when the first of its intervals begins, or earlier, if `expires_at` says so.

        Raises:
            InvalidValueError: an interval has begun or is too long, the two overlap, the user is not on call in the
                first, nobody who is asked is on call in the second, nobody is there to be asked, or a limit is passed.
        """
        _require_ahead("starts_at", interval, at)
        _require_asked(asked_of, members, user_id)
        require_length("note", note, least=0, most=COVER_NOTE_CHARACTERS)
        _require_time_to_give("starts_at", schedule, user_id, interval)
        if offers is not None:
            _require_offer(offers, interval, schedule, asked_of or tuple(members), user_id, at)
        request = CoverRequest(
            id=request_id,
            schedule_id=schedule.id,
            team_id=schedule.team_id,
            user_id=user_id,
            requested_by=by,
            requested_at=at,
            interval=interval,
            expires_at=_deadline(interval, offers, expires_at, at),
            asked_of=asked_of,
            offers=offers,
            note=note.strip(),
            absence_id=absence_id,
        )
        event = CoverRequested(
            **request._facts(at),
            by=by,
            expires_at=request.expires_at,
            asked_of=asked_of,
            offers_from=None if offers is None else offers.start,
            offers_until=None if offers is None else offers.end,
        )
        return Change(request, (event,))

    @property
    def is_open(self) -> bool:
        return self.status is CoverStatus.OPEN

    @property
    def next_deadline(self) -> datetime | None:
        """When it expires; None once it is decided."""
        return self.expires_at if self.is_open else None

    @property
    def overrides_needed(self) -> int:
        """How many overrides accepting it makes: one, or two for a swap."""
        return 1 if self.offers is None else 2

    @property
    def overrides(self) -> tuple[Override, ...]:
        """What accepting it has put on the schedule; nothing before."""
        if self.accepted_by is None:
            return ()
        exchanged = [(self.interval, self.accepted_by, self.user_id)]
        if self.offers is not None:
            exchanged.append((self.offers, self.user_id, self.accepted_by))
        return tuple(
            Override(id=override_id, user_id=comes, replaces=goes, starts_at=interval.start, ends_at=interval.end)
            for override_id, (interval, comes, goes) in zip(self.override_ids, exchanged, strict=True)
        )

    def asked(self, members: Collection[UserId]) -> frozenset[UserId]:
        """Who may answer: those named, or else the team's present members; never whose time it is."""
        return frozenset(self.asked_of or members) - {self.user_id}

    def accept(
        self, *, by: UserId, schedule: Schedule, override_ids: tuple[OverrideId, ...], at: datetime
    ) -> Change[Self]:
        """Let somebody take the time over, by as many overrides as `overrides_needed` says.

        Who accepted may repeat it without effect, because clients try again.

        Raises:
            IllegalTransitionError: it was answered otherwise, withdrawn, or its time is over.
            InvalidValueError: it is one's own; somebody would have nothing to give; or one of the two is on call
                themselves then, so that one person fewer would be.
        """
        if self.accepted_by is not None and self.accepted_by == by:
            return Change(self)
        self._require_open(CoverStatus.ACCEPTED, at)
        if by == self.user_id:
            raise InvalidValueError("accepted_by", "must be somebody else; withdraw it to keep the time yourself")
        _require_exchange("interval", schedule, self.interval, goes=self.user_id, comes=by)
        if self.offers is not None:
            _require_exchange("offers", schedule, self.offers, goes=by, comes=self.user_id)
        state = replace(self, status=CoverStatus.ACCEPTED, accepted_by=by, override_ids=override_ids, decided_at=at)
        return Change(state, (CoverAccepted(**self._facts(at), by=by, override_ids=override_ids),))

    def decline(self, *, by: UserId, members: Collection[UserId], at: datetime) -> Change[Self]:
        """Somebody who was asked will not. When nobody is left who might, the request is over. Repeating has no effect.

        Raises:
            IllegalTransitionError: it is decided, or its time is over.
        """
        self._require_open(CoverStatus.DECLINED, at)
        if by in self.declined_by:
            return Change(self)
        declined_by = (*self.declined_by, by)
        is_last = self.asked(members) <= frozenset(declined_by)
        state = replace(self, declined_by=declined_by)
        if is_last:
            state = replace(state, status=CoverStatus.DECLINED, decided_at=at)
        return Change(state, (CoverDeclined(**self._facts(at), by=by, is_last=is_last),))

    def withdraw(self, *, by: UserId, at: datetime) -> Change[Self]:
        """Take it back. Repeating it has no effect.

        Raises:
            IllegalTransitionError: it was answered, or its time is over.
        """
        if self.status is CoverStatus.WITHDRAWN:
            return Change(self)
        self._require_open(CoverStatus.WITHDRAWN, at)
        state = replace(self, status=CoverStatus.WITHDRAWN, decided_at=at)
        return Change(state, (CoverWithdrawn(**self._facts(at), by=by),))

    def tick(self, at: datetime) -> Change[Self]:
        """Let it expire when its time has come; otherwise nothing changes."""
        if self.next_deadline is None or at < self.next_deadline:
            return Change(self)
        state = replace(self, status=CoverStatus.EXPIRED, decided_at=at)
        return Change(state, (CoverExpired(**self._facts(at)),))

    def _require_open(self, wanted: CoverStatus, at: datetime) -> None:
        status = self.tick(at).state.status  # nobody may have come to let it expire yet
        if status is not CoverStatus.OPEN:
            raise IllegalTransitionError("cover request", status, wanted)

    def _facts(self, at: datetime) -> dict[str, Any]:
        """What every event of it says."""
        return {
            "cover_request_id": self.id,
            "schedule_id": self.schedule_id,
            "team_id": self.team_id,
            "user_id": self.user_id,
            "starts_at": self.interval.start,
            "ends_at": self.interval.end,
            "at": at,
        }


def time_on_call(schedule: Schedule, user_id: UserId, interval: Interval) -> tuple[Interval, ...]:
    """When exactly the user is on call in the interval, oldest first and apart from each other."""
    return union(shift.interval for shift in shifts(schedule, interval) if shift.user_id == user_id)


def _require_ahead(field: str, interval: Interval, at: datetime) -> None:
    if interval.start <= at:
        raise InvalidValueError(field, "must be in the future; for time that has begun, add an override")
    if interval.duration > COVER_MAX:
        raise InvalidValueError(field, f"must be at most {COVER_MAX.days} days before the end; ask for a part of it")


def _require_asked(asked_of: tuple[UserId, ...], members: Collection[UserId], user_id: UserId) -> None:
    if len(asked_of) > COVER_ASKED:
        raise InvalidValueError("asked_of", f"must be at most {COVER_ASKED} people; leave it empty to ask the team")
    if len(set(asked_of)) != len(asked_of):
        raise InvalidValueError("asked_of", "must not name anybody twice")
    if user_id in asked_of:
        raise InvalidValueError("asked_of", "must be others than the one who is to be covered")
    if not asked_of and not frozenset(members) - {user_id}:
        raise InvalidValueError("asked_of", "must name somebody, since nobody else is in the schedule's team")


def _deadline(interval: Interval, offers: Interval | None, expires_at: datetime | None, at: datetime) -> datetime:
    if expires_at is not None:
        require_utc("expires_at", expires_at)
        if expires_at <= at:
            raise InvalidValueError("expires_at", "must be in the future")
    given = (interval.start, None if offers is None else offers.start, expires_at)
    return min(each for each in given if each is not None)


def _require_offer(
    offers: Interval, interval: Interval, schedule: Schedule, asked: Collection[UserId], user_id: UserId, at: datetime
) -> None:
    _require_ahead("offers.starts_at", offers, at)
    if offers.overlaps(interval):
        raise InvalidValueError("offers", f"must not overlap the time to be covered, {told(interval)}")
    giving = {shift.user_id for shift in shifts(schedule, offers)} - {user_id}
    if giving.isdisjoint(asked):
        raise InvalidValueError("offers", "must be a time in which somebody who is asked is on call on this schedule")


def _require_exchange(field: str, schedule: Schedule, interval: Interval, *, goes: UserId, comes: UserId) -> None:
    """One person may take another's time only while they are not on call themselves."""
    giving = _require_time_to_give(field, schedule, goes, interval)
    for own in time_on_call(schedule, comes, interval):
        shared = next((each.intersection(own) for each in giving if each.overlaps(own)), None)
        if shared is not None:
            reason = (
                f"{comes} is on call themselves {told(shared)}, so one person fewer would be; ask somebody who is off"
            )
            raise InvalidValueError(field, reason)


def _require_time_to_give(field: str, schedule: Schedule, user_id: UserId, interval: Interval) -> tuple[Interval, ...]:
    given = time_on_call(schedule, user_id, interval)
    if not given:
        reason = f"{user_id} is not on call on this schedule then"
        raise InvalidValueError(field, f"{reason}; {_next_time(schedule, user_id, interval.start)}")
    for override in schedule.overrides:
        taken = Interval(start=override.starts_at, end=override.ends_at)
        if override.replaces == user_id and taken.overlaps(interval):
            reason = (
                f"{override.user_id} stands in for {user_id} already {told(taken)}; ask for time before or after it"
            )
            raise InvalidValueError(field, reason)
    return given


def _next_time(schedule: Schedule, user_id: UserId, after: datetime) -> str:
    found = time_on_call(schedule, user_id, Interval(start=after, end=after + HINT_AHEAD))
    if not found:
        return f"nor in the {HINT_AHEAD.days} days after it"
    return f"their next time begins {found[0].start:%Y-%m-%dT%H:%MZ}"
