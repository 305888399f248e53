from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.escalation.tell_stalled import STALLED_FOR
from application.ports.alarm import Heartbeat
from application.ports.clock import Clock
from application.ports.escalations import RunRepository
from application.ports.notifications import NotificationRepository
from domain.notification.contact import Channel

# The loop polls every second; it backs off for five at most.
TICK_MISSED_AFTER: Final = timedelta(seconds=30)
# A courier takes what is due within a second; an open breaker waits for minutes, and is somebody else's outage.
BACKLOG_ALLOWED: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Beat:
    """Tells somebody else's dead man's switch that incidents are being seen to, and only while they are.

    It is silent when it cannot know, too: a database that does not answer raises before anything is sent.
    """

    runs: RunRepository
    notifications: NotificationRepository
    heartbeat: Heartbeat
    clock: Clock

    async def __call__(self, *, ticked_at: datetime | None) -> str | None:
        """Why it stayed silent; None: it was sent. Raises `PortError`."""
        at = self.clock.now()
        stalled = await self.runs.count_stalled(at=at - STALLED_FOR)
        earliest = {channel: await self.notifications.earliest_deadline(channel) for channel in Channel}
        silence = why_silent(ticked_at=ticked_at, stalled=stalled, earliest=earliest, at=at)
        if silence is None:
            await self.heartbeat.beat()
        return silence


def why_silent(
    *, ticked_at: datetime | None, stalled: int, earliest: Mapping[Channel, datetime | None], at: datetime
) -> str | None:
    """What is wrong, worst first; None: nothing is."""
    if ticked_at is None:
        return "no escalation was looked at yet"
    if at - ticked_at > TICK_MISSED_AFTER:
        return f"no escalation was looked at for {TICK_MISSED_AFTER.total_seconds():.0f} seconds"
    if stalled:
        return f"{stalled} incidents have stalled"
    late = [channel for channel, due in earliest.items() if due is not None and at - due > BACKLOG_ALLOWED]
    if late:
        return f"messages by {', '.join(late)} wait for more than {BACKLOG_ALLOWED.total_seconds() / 60:.0f} minutes"
    return None
