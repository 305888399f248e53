from dataclasses import dataclass
from typing import Final

from application.heartbeat.report import Heard, ReportHeartbeats
from application.ports.clock import Clock
from application.ports.heartbeats import HeartbeatRepository
from application.ports.transaction import Transaction
from domain.heartbeat.heartbeat import Heartbeat, PingKind

OUTPUT_CHARACTERS: Final = 10_000  # of a run that failed: enough to see why


@dataclass(frozen=True, slots=True)
class PingHeartbeat:
    """Something gives a sign of life: it is alive, has begun, or has failed."""

    heartbeats: HeartbeatRepository
    report: ReportHeartbeats
    transaction: Transaction
    clock: Clock

    async def __call__(
        self, key_hash: bytes, kind: PingKind, *, exit_status: int | None = None, output: str = "", is_post: bool = True
    ) -> Heartbeat | None:
        """None: nobody's key. One that takes only POST is left as it is by anything else.

        Raises `TransientPortError` when storage is away: the sign is lost then, unless it is given again.
        """
        async with self.transaction:
            before = await self.heartbeats.get_by_key(key_hash)
            if before is None or (before.is_post_only and not is_post):
                return before
            at = self.clock.now()
            after = await self.heartbeats.save(before.ping(kind, at=at))
            reason = ""
            if kind is PingKind.FAIL:
                reason = "its run failed" if exit_status is None else f"its run failed with exit status {exit_status}"
            await self.report([Heard(before, after, reason, output[-OUTPUT_CHARACTERS:])], at=at)
            return after
