"""What the people of a schedule should hear at an instant: you will be on call, you are since just now, you were.

A function of the shifts and the instant alone, so that it does not matter who asks or how often: whoever remembers what
was said already says each thing once. Workers that were away make up for up to an hour; later it is no news.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from domain.oncall.quality import Stretch
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.interval import Interval

AHEAD_MAX: Final = timedelta(days=7)  # who hears of it earlier has forgotten it by then
NEWS: Final = timedelta(hours=1)  # so long a start or an end is: a restart or a deployment is over by then


class TurnMoment(StrEnum):
    AHEAD = "ahead"
    STARTED = "started"
    ENDED = "ended"


class Turn(NamedTuple):
    """What one person should hear of their time on call: the instant at which it begins, or, when it ended, ends."""

    user_id: UserId
    moment: TurnMoment
    edge: datetime


def seen_at(at: datetime, *, ahead: timedelta) -> Interval:
    """The time whose shifts decide what is heard at the instant.

    Raises:
        InvalidValueError: it is to be heard too early, or not before it begins.
    """
    if not timedelta(0) < ahead <= AHEAD_MAX:
        raise InvalidValueError("ahead", f"must be more than nothing and at most {AHEAD_MAX.days} days")
    return Interval(start=at - NEWS, end=at + ahead + timedelta.resolution)


def turns(found: Iterable[Stretch], at: datetime, *, ahead: timedelta) -> Iterator[Turn]:
    """What is to be heard at the instant, of the uninterrupted times on call in `seen_at`.

    One that is cut by that time neither begins nor ends at the cut.
    """
    for stretch in found:
        start, end = stretch.interval.start, stretch.interval.end
        if at < start <= at + ahead:
            yield Turn(stretch.user_id, TurnMoment.AHEAD, start)
        elif at - NEWS < end <= at:
            yield Turn(stretch.user_id, TurnMoment.ENDED, end)
        elif at - NEWS < start <= at:
            yield Turn(stretch.user_id, TurnMoment.STARTED, start)
