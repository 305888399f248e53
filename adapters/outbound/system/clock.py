from datetime import UTC, datetime

from application.ports.clock import Clock


class SystemClock(Clock):
    """This host's clock: for tools. Processes that act on deadlines ask the database's (`DatabaseClock`)."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock(Clock):
    """Stands still until it is moved, and never goes back."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def move_to(self, at: datetime) -> None:
        assert at >= self._now, "time does not run backwards"
        self._now = at
