"""Somebody else's calendar: how it is fetched, and how it is read."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from domain.shared.ids import UserId
from domain.shared.interval import Interval


class Fetched(NamedTuple):
    """What its server answered."""

    body: bytes | None  # None: it is still what had the etag
    etag: str | None


class CalendarSource(Protocol):
    @abstractmethod
    async def fetch(self, url: str, *, etag: str | None) -> Fetched:
        """The calendar, unless it still is what had that etag. Bounded in time and size.

        Raises `PortError`, with a reason that has nothing of the URL in it.
        """


class Person(NamedTuple):
    """Somebody whom an event may mean."""

    user_id: UserId
    name: str
    email: str  # in lower case


class Unread(StrEnum):
    """Why an event is no shift."""

    NOBODY = "it names nobody who is a user here, by e-mail address or by whole name"
    AMBIGUOUS = "its title names more than one user: invite the one who is meant"
    REPEATS = "it repeats by a rule that is not followed: repeat it by days, weeks, months or years, without BYSETPOS"
    REPEATS_LONG = "it repeats since long ago, in a calendar of many that do: let it begin later"
    NO_TIME = "it has no start and end that can be read, or ends before it starts"
    UNKNOWN_ZONE = "its time zone is none of IANA's, such as Europe/Berlin"
    TOO_LONG = "it is longer than 366 days"
    CROWDED = "it invites more than 50 people"


class ReadShift(NamedTuple):
    user_id: UserId
    interval: Interval
    uid: str  # of the event


class UnreadEvent(NamedTuple):
    uid: str
    summary: str
    reason: Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarShifts:
    """Shifts by their start, then user; events that are none, in the order of the calendar."""

    shifts: tuple[ReadShift, ...]
    unread: tuple[UnreadEvent, ...]  # the first of them
    unread_count: int


class CalendarReader(Protocol):
    @abstractmethod
    async def read(self, body: bytes, *, people: Sequence[Person], zone: ZoneInfo, window: Interval) -> CalendarShifts:
        """The shifts that touch the window, whole. Days, and times that are in no zone, are in `zone`.

        Raises `InvalidValueError` for what is no calendar, or is larger than the limits.
        """
