"""What is told past policies: of stalled incidents, of shifts, by drills, by the alarm, and the sign of life."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

from dishka import Provider, Scope, provide

from adapters.outbound.http.beacon import HttpAlarm, HttpHeartbeat
from adapters.outbound.http.calendar_source import TOTAL_SECONDS, HttpCalendarSource
from adapters.outbound.http.session import guarded_session
from application.escalation.tell_stalled import WatchList
from application.oncall.tell_shifts import ShiftNotices
from application.ports.alarm import Alarm, Heartbeat
from application.ports.calendar_source import CalendarReader, CalendarSource
from domain.notification.drill import DrillTime
from entrypoints.providers.notifiers import guard_for
from entrypoints.settings import Settings


class WatchProvider(Provider):
    scope = Scope.APP

    @provide
    def watch_list(self, settings: Settings) -> WatchList:
        emails = (part.strip().lower() for part in settings.watcher_emails.split(","))
        return WatchList(frozenset(email for email in emails if email))

    @provide
    def drill_time(self, settings: Settings) -> DrillTime:
        return DrillTime.read(settings.drill_weekly)

    @provide
    def shift_notices(self, settings: Settings) -> ShiftNotices:
        return ShiftNotices(timedelta(hours=settings.shift_notice_hours) if settings.shift_notice_hours else None)

    @provide
    def calendar_reader(self) -> CalendarReader:
        from adapters.inbound.calendar.reading import IcalendarReader  # the worker's alone, as long as it refreshes any

        return IcalendarReader()

    @provide
    async def calendar_source(self, settings: Settings) -> AsyncIterator[CalendarSource]:
        """On the ports of the two schemes alone, as whoever configures a schedule gives the address."""
        guard = replace(guard_for(settings, "https://"), ports=frozenset({80, 443}))
        async with guarded_session(guard, total_seconds=TOTAL_SECONDS) as session:
            yield HttpCalendarSource(session)

    @provide
    async def alarm(self, settings: Settings) -> AsyncIterator[Alarm]:
        async with guarded_session(guard_for(settings, settings.watcher_url), total_seconds=3) as session:
            yield HttpAlarm(session, settings.watcher_url)

    @provide
    async def heartbeat(self, settings: Settings) -> AsyncIterator[Heartbeat]:
        async with guarded_session(guard_for(settings, settings.heartbeat_url)) as session:
            yield HttpHeartbeat(session, settings.heartbeat_url)
