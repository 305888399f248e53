"""The database's time, so that all processes agree on what is due, whatever their hosts' clocks say."""

import time
from datetime import UTC, datetime, timedelta

from adapters.outbound.postgres.errors import translating
from adapters.outbound.postgres.session import Pool
from application.ports.clock import Clock


class DatabaseClock(Clock):
    """The database's clock as last read, carried forward by this host's monotonic clock.

    A jump of the wall clock, here or on another host, neither rings early nor late. The error is at most half the
    round trip of a reading; of several readings the quickest counts.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._read_at = 0.0
        self._time_then: datetime | None = None

    def now(self) -> datetime:
        assert self._time_then is not None, "synchronize first"
        return self._time_then + timedelta(seconds=time.monotonic() - self._read_at)

    async def synchronize(self, *, readings: int = 3) -> timedelta:
        """Read the database's clock; return by how much ours had drifted. Raises `TransientPortError`."""
        best: tuple[float, float, datetime] | None = None
        with translating():
            async with self._pool.acquire(timeout=5) as connection:
                for _ in range(readings):
                    before = time.monotonic()
                    theirs: datetime = await connection.fetchval("SELECT clock_timestamp()")
                    after = time.monotonic()
                    if best is None or after - before < best[0]:
                        best = (after - before, (before + after) / 2, theirs.astimezone(UTC))
        assert best is not None
        _, read_at, time_then = best
        drift = timedelta(0) if self._time_then is None else time_then - self._at(read_at)
        # Never backwards by a hair's breadth: what was just due stays due.
        if self._time_then is None or abs(drift) > timedelta(milliseconds=5):
            self._read_at, self._time_then = read_at, time_then
        return drift

    def _at(self, monotonic: float) -> datetime:
        assert self._time_then is not None
        return self._time_then + timedelta(seconds=monotonic - self._read_at)
