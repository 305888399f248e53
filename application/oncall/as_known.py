"""What every question about a schedule's history has in common."""

from datetime import UTC, datetime

from application.errors import NotFoundError
from application.ports.schedule_history import KnownSchedule, ScheduleHistory
from domain.oncall.coverage import HANDOFF_HORIZON
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ScheduleId
from domain.shared.interval import Interval
from domain.shared.local_time import require_instant


async def known_schedule(
    history: ScheduleHistory, schedule_id: ScheduleId, interval: Interval, *, known_at: datetime | None = None
) -> KnownSchedule:
    """Raises `NotFoundError` when there is no such schedule; one that was not known yet is there, without a history."""
    found = await history.of([schedule_id], interval, known_at=known_at)
    if schedule_id not in found:
        raise NotFoundError("schedule", schedule_id)
    return found[schedule_id]


def ahead_of(at: datetime) -> Interval:
    """From the instant on, as far as anyone waits for a handoff."""
    start = at.astimezone(UTC)
    return Interval(start=start, end=start + HANDOFF_HORIZON)


def require_known_by(known_at: datetime | None, *, now: datetime) -> None:
    """Raises `InvalidValueError` for the future: what will be known then could still change, and the answer with it."""
    if known_at is None:
        return
    require_instant("known_at", known_at)
    if known_at > now:
        raise InvalidValueError("known_at", "must not be in the future")
