from dataclasses import dataclass

from application.heartbeat.report import Heard, ReportHeartbeats
from application.ports.clock import Clock
from application.ports.heartbeats import HeartbeatRepository, ReceivedPing
from application.ports.transaction import Transaction
from domain.heartbeat.heartbeat import Heartbeat, PingKind


@dataclass(frozen=True, slots=True)
class PingHeartbeat:
    """Something gives a sign of life: it is alive, has begun, or has failed."""

    heartbeats: HeartbeatRepository
    report: ReportHeartbeats
    transaction: Transaction
    clock: Clock

    async def __call__(self, ping: ReceivedPing) -> Heartbeat | None:
        """None: nobody's key. One that takes only POST is left as it is by anything else.

        Raises `TransientPortError` when storage is away: the sign is lost then, unless it is given again.
        """
        async with self.transaction:
            return await self.apply(ping)

    async def apply(self, ping: ReceivedPing) -> Heartbeat | None:
        """The same inside a transaction that is already open, for a sign that was given some time ago.

        It counts as of then, but nobody is late for what has passed meanwhile.
        """
        before = await self.heartbeats.get_by_key(ping.key_hash)
        if before is None or (before.is_post_only and not ping.is_post):
            return before
        # A clock that was set back meanwhile makes no sign one of the future.
        at = max(self.clock.now(), ping.received_at)
        after = await self.heartbeats.save(before.ping(ping.kind, at=ping.received_at, heard_at=at))
        await self.report([Heard(before, after, _reason(ping), ping.cut().output)], at=at)
        return after


def _reason(ping: ReceivedPing) -> str:
    if ping.kind is not PingKind.FAIL:
        return ""
    return "its run failed" if ping.exit_status is None else f"its run failed with exit status {ping.exit_status}"
