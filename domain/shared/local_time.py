"""Wall-clock arithmetic across clock changes.

Rules of people ("hand off on Mondays at 09:00") are about the wall clock of a zone, which sometimes skips times and
sometimes shows them twice. Everything here follows from one rule:

    a local time happens once, at the first instant at which the wall clock has reached it.

So a local time that is skipped happens at the first instant after the skip, and one that comes twice happens at its
first occurrence. `to_instant` applies the rule; `latest_local` is its other side, and the two agree without exception:

    to_instant(local, zone) <= at   if and only if   local <= latest_local(at, zone)

Hence order is kept (an earlier local time never happens later), and whatever is decided on the local calendar, which
knows no clock changes, can be carried over to instants without losing or inventing one.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.shared.errors import InvalidValueError

# The calendar of `datetime` ends in 9999; this leaves room on both sides for offsets and for the longest turn.
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 9000

HOUR_SECONDS: Final = 3600
DAY_SECONDS: Final = 24 * HOUR_SECONDS
WEEK_SECONDS: Final = 7 * DAY_SECONDS

_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
_NOT_IANA_NAMES: Final = frozenset({"localtime", "posixrules"})  # files that some hosts keep beside the zones
_NOT_IANA_FOLDERS: Final = ("posix/", "right/")  # copies that some hosts keep, the second one with leap seconds


def zone_named(field: str, name: str) -> ZoneInfo:
    """The zone of that IANA name.

    Raises:
        InvalidValueError: there is none. Names are case-sensitive.
    """
    if name and name not in _NOT_IANA_NAMES and not name.startswith(_NOT_IANA_FOLDERS):
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # unknown; a path or unprintable; a folder or too long a name
            pass
    raise InvalidValueError(field, f"must be the name of an IANA time zone, such as Europe/Berlin, not {name[:80]!r}")


def require_local(field: str, local: datetime) -> None:
    """Raises `InvalidValueError` unless it is a local time without zone, of whole seconds, in the supported years."""
    if local.tzinfo is not None:
        raise InvalidValueError(field, "must be a local time without a zone or an offset")
    if local.microsecond:
        raise InvalidValueError(field, "must be a whole second")
    _require_year(field, local)


def require_instant(field: str, at: datetime) -> None:
    """Raises `InvalidValueError` unless it is an aware instant in the supported years."""
    if at.utcoffset() is None:
        raise InvalidValueError(field, "must be an instant, with an offset from UTC")
    _require_year(field, at)


def to_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The first instant, in UTC, at which the zone's wall clock has reached the local time.

    A skipped local time gives the first instant after the skip; one that comes twice gives its first occurrence.
    """
    before = _offset(local.replace(tzinfo=zone, fold=0))
    after = _offset(local.replace(tzinfo=zone, fold=1))
    instant = local.replace(tzinfo=UTC, fold=0) - before
    if after <= before:
        return instant
    return _clock_change(instant - (after - before), instant, zone)


class LocalClock:
    """`to_instant` of one zone for many local times, of which many are of the same days.

    A day of 24 hours has no clock change in it, because no zone changes its clock twice in two days (a test looks at
    all of them): so all of its times are as far from its beginning as the clock says. Other days are asked in full.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._days: dict[int, datetime | None] = {}  # by its number, when it begins; None unless it has 24 hours

    def instant(self, local_seconds: int) -> datetime:
        """`to_instant` of the local time of `to_local_seconds`."""
        day, second = divmod(local_seconds, DAY_SECONDS)
        if day not in self._days:
            self._days[day] = self._beginning(day)
        begins = self._days[day]
        if begins is None:
            return to_instant(from_local_seconds(local_seconds), self._zone)
        return begins + timedelta(seconds=second)

    def _beginning(self, day: int) -> datetime | None:
        begins, ends = (to_instant(from_local_seconds(each * DAY_SECONDS), self._zone) for each in (day, day + 1))
        return begins if ends - begins == _DAY else None


def latest_local(at: datetime, zone: ZoneInfo) -> datetime:
    """The latest local time that the zone's wall clock has reached by the instant.

    It is what the clock shows, except while times come for the second time: then it stays at the last of them.
    """
    shown = at.astimezone(zone)
    local = shown.replace(tzinfo=None, fold=0)
    if not shown.fold:
        return local
    set_back = _offset(shown.replace(fold=0)) - _offset(shown)
    change = _clock_change(at - set_back, at, zone)
    return _wall(change, zone) + set_back - timedelta.resolution


def to_local_seconds(local: datetime) -> int:
    """Whole seconds of the local calendar since Monday 0001-01-01 00:00, so that weeks begin at multiples of a week."""
    days = local.toordinal() - 1
    return days * DAY_SECONDS + local.hour * HOUR_SECONDS + local.minute * 60 + local.second


def from_local_seconds(seconds: int) -> datetime:
    """The local time of `to_local_seconds`."""
    return datetime.min + timedelta(seconds=seconds)  # noqa: DTZ901 (a local time has no zone)


def _clock_change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The instant of the one clock change in `(low, high]`, found by halving because zones do not list theirs.

    Clock changes are at whole seconds of UTC, so it ends after 17 steps even where a whole day is skipped.
    """
    low, high = (each.astimezone(UTC).replace(microsecond=0) for each in (low, high))
    changed = high.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == changed:
            high = middle
        else:
            low = middle
    return high


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _offset(aware: datetime) -> timedelta:
    offset = aware.utcoffset()
    assert offset is not None, "a zone has an offset at every time"
    return offset


def _require_year(field: str, value: datetime) -> None:
    if not FIRST_YEAR <= value.year < LAST_YEAR:
        raise InvalidValueError(field, f"must be in a year from {FIRST_YEAR} to {LAST_YEAR - 1}")
