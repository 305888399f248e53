"""Points in time as senders write them: RFC 3339, and the ways in which they miss it."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

# Go's zero time is year 1, a zero epoch is 1970: both mean "not set", and nothing that pages is older.
_FIRST_YEAR: Final = 1971
_SHORTEST: Final = len("2026-11-23T09:02")
_LONGEST: Final = 40  # that is remembered; there is room for nine digits, an offset and some blanks


def parse(value: object) -> datetime | None:
    """The instant in UTC; None for what is no instant or is a zero that means "not set".

    Takes 0 to 9 fraction digits (cut to microseconds), `Z`, `+00:00`, `+0000`, the `+00:00Z` of some PagerDuty
    clients, and no offset at all, which is read as UTC.
    """
    if not isinstance(value, str):
        return None
    return _parsed(value) if len(value) <= _LONGEST else _parsed.__wrapped__(value)


# The alerts of a group began at the same moment, and those that fire share the zero that is their end.
@lru_cache(maxsize=500)
def _parsed(value: str) -> datetime | None:
    text = value.strip().upper()
    # ISO 8601 has shorter forms (dates, weeks, basic) that are more likely numbers or names than instants.
    if len(text) < _SHORTEST or (text[4], text[7]) != ("-", "-") or text[10] not in "T ":
        return None
    if text[-1] == "Z" and ("+" in text or "-" in text[10:]):
        text = text[:-1]
    try:
        return if_set(datetime.fromisoformat(text))
    except ValueError:
        return None


def of_epoch(value: object) -> datetime | None:
    """The instant of a number of seconds or of milliseconds since 1970, written as digits; else None."""
    digits = value.strip() if isinstance(value, str) else ""
    if not (digits.isascii() and digits.isdecimal() and len(digits) in {10, 13}):
        return None
    return if_set(datetime.fromtimestamp(int(digits) / (1000 if len(digits) == len("1795425248000") else 1), UTC))


def if_set(instant: datetime) -> datetime | None:
    """The same in UTC, as which it is read when it has no offset; None for a zero, and for what UTC has no year for."""
    try:
        instant = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None
    return instant if instant.year >= _FIRST_YEAR else None
