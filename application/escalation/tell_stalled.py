from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from application.notification.notify import Notify, Telling
from application.ports.alarm import Alarm, StalledReport
from application.ports.clock import Clock
from application.ports.directory import Directory
from application.ports.inbox import Inbox
from application.ports.links import Links
from application.ports.readers import IncidentFilter, IncidentQuery, IncidentReader, IncidentSummary
from application.ports.transaction import Transaction
from domain.escalation.stall import StallReason
from domain.notification.notice import Notice, NoticeKind
from domain.shared.ids import UserId

# Every worker has missed it by far: a restart, a deployment or a database that fails over is over by then.
STALLED_FOR: Final = timedelta(minutes=2)
# A fault that stalls a thousand must not send a thousand messages: the oldest stand for the rest until they move.
TOLD_AT_ONCE: Final = 20
_ALARM: Final = "alarm"
_TITLE_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class WatchList:
    """Who is told of stalled incidents, by e-mail address. Empty, or nobody of them active: every active admin."""

    emails: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TellStalled:
    """The second path of promise P2: what no escalation will move is told past all policies and runs.

    People hear by notices, and somebody else's system by the alarm: of each incident once a day (of UTC), whichever of
    several workers sees it first.
    """

    incidents: IncidentReader
    watch_list: WatchList
    directory: Directory
    notify: Notify
    alarm: Alarm
    inbox: Inbox
    links: Links
    transaction: Transaction
    clock: Clock

    async def __call__(self) -> int:
        """How many incidents have stalled, as far as they are told of. Raises `PortError` when the alarm fails."""
        at = self.clock.now()
        wanted = IncidentFilter(stalled_at=at - STALLED_FOR)
        stalled = await self.incidents.list(IncidentQuery(filter=wanted, oldest_first=True, limit=TOLD_AT_ONCE))
        if stalled.items:
            await self._tell_people(stalled.items, at)
            await self._sound(stalled.items, at)
        return len(stalled.items)

    async def _tell_people(self, stalled: Sequence[IncidentSummary], at: datetime) -> None:
        async with self.transaction:
            watchers = await self._watchers()
            await self.notify.each([Telling(watchers, self._notice(each, at)) for each in stalled], at=at)

    async def _watchers(self) -> Sequence[UserId]:
        return await self.directory.active_by_email(self.watch_list.emails) or await self.directory.admins()

    async def _sound(self, stalled: Sequence[IncidentSummary], at: datetime) -> None:
        """Inside of a transaction of its own, which holds nothing but who was first: a failure undoes that."""
        if not self.alarm.is_set_up:
            return
        by_key = {_key(each, at): each for each in stalled}
        async with self.transaction:
            new = await self.inbox.take(_ALARM, by_key.keys(), at=at)
            if new:
                await self.alarm.sound([self._report(each, at) for key, each in by_key.items() if key in new])

    def _notice(self, incident: IncidentSummary, at: datetime) -> Notice:
        since = incident.triggered_at.astimezone(UTC)
        return Notice(
            kind=NoticeKind.STALLED,
            key=_key(incident, at),
            title=f"Stalled: INC-{incident.number} {incident.title}"[:_TITLE_CHARACTERS],
            text=(
                f"{incident.severity} of {incident.service_name}, since {since:%Y-%m-%d %H:%M} UTC\n"
                f"Nothing will happen to it: {_reason(incident, at).sentence}.\n"
                "See to it by hand, and look at the workers: tocsin doctor"
            ),
            url=self.links.incident(incident.number),
        )

    def _report(self, incident: IncidentSummary, at: datetime) -> StalledReport:
        return StalledReport(
            reference=f"INC-{incident.number}",
            title=incident.title,
            severity=incident.severity,
            service=incident.service_name,
            triggered_at=incident.triggered_at,
            reason=_reason(incident, at),
            url=self.links.incident(incident.number),
        )


def _reason(incident: IncidentSummary, at: datetime) -> StallReason:
    return incident.stall_reason(at - STALLED_FOR)


def _key(incident: IncidentSummary, at: datetime) -> str:
    return f"stalled:{incident.id}:{at.astimezone(UTC):%Y-%m-%d}"
