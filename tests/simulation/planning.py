"""What planners and responders do to schedules while incidents are at work: one deed of any kind, by chance."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from dishka import AsyncContainer

from adapters.outbound.memory.database import MemoryDatabase
from application.oncall.accept_cover import AcceptCover
from application.oncall.add_override import AddOverride
from application.oncall.add_temporary import AddTemporarySchedule
from application.oncall.decline_cover import DeclineCover
from application.oncall.remove_override import RemoveOverride
from application.oncall.remove_temporary import RemoveTemporarySchedule
from application.oncall.request_cover import RequestCover
from application.oncall.update_schedule import UpdateSchedule
from application.oncall.withdraw_cover import WithdrawCover
from domain.identity.actor import Actor
from domain.identity.role import Role
from domain.oncall.history import History, as_known
from domain.oncall.override import OverrideKind
from domain.oncall.schedule import Schedule
from domain.oncall.temporary import FixedShift
from domain.shared.ids import UserId
from domain.shared.interval import Interval
from tests.simulation.city import some_layers
from tests.support.builders import Town, an_actor

HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Planning:
    """Deeds on the schedules of a town, at a time, within a scope; many are refused, which is the point."""

    town: Town
    database: MemoryDatabase
    chance: Random

    async def do_something(self, scope: AsyncContainer, now: datetime) -> None:
        deeds: tuple[Callable[[AsyncContainer, Schedule, datetime], Awaitable[None]], ...] = (
            self._stand_in,
            self._stand_in,
            self._take_back_override,
            self._plan_fixed_shifts,
            self._take_back_fixed_shifts,
            self._plan_layers,
            self._ask_for_cover,
            self._ask_for_cover,
            self._answer_cover,
            self._answer_cover,
        )
        await self.chance.choice(deeds)(scope, self.chance.choice(self.town.schedules), now)

    async def _stand_in(self, scope: AsyncContainer, schedule: Schedule, now: datetime) -> None:
        kind = self.chance.choice(tuple(OverrideKind))
        window = self._window(now)
        replaces = self._someone() if kind is OverrideKind.REPLACE and self.chance.random() < 0.5 else None
        await (await scope.get(AddOverride))(
            schedule.id,
            user_id=self._someone(),
            starts_at=window.start,
            ends_at=window.end,
            replaces=replaces,
            kind=kind,
            actor=self._planner(),
        )

    async def _take_back_override(self, scope: AsyncContainer, schedule: Schedule, now: datetime) -> None:
        known = [each.part.id for each in self._history(schedule).overrides if each.known_until is None]
        if known:
            await (await scope.get(RemoveOverride))(schedule.id, self.chance.choice(known), actor=self._planner())

    async def _plan_fixed_shifts(self, scope: AsyncContainer, schedule: Schedule, now: datetime) -> None:
        window = self._window(now)
        middle = window.start + (window.end - window.start) / 2
        shifts = (
            FixedShift(user_id=self._someone(), starts_at=window.start, ends_at=middle),
            FixedShift(user_id=self._someone(), starts_at=middle, ends_at=window.end),
        )
        await (await scope.get(AddTemporarySchedule))(
            schedule.id, starts_at=window.start, ends_at=window.end, shifts=shifts, actor=self._planner()
        )

    async def _take_back_fixed_shifts(self, scope: AsyncContainer, schedule: Schedule, now: datetime) -> None:
        known = [each.part.id for each in self._history(schedule).temporaries if each.known_until is None]
        if known:
            remove = await scope.get(RemoveTemporarySchedule)
            await remove(schedule.id, self.chance.choice(known), actor=self._planner())

    async def _plan_layers(self, scope: AsyncContainer, schedule: Schedule, now: datetime) -> None:
        effective_at = self.chance.choice((None, now + self._minutes(1, 120)))
        await (await scope.get(UpdateSchedule))(
            schedule.id,
            team_id=schedule.team_id,
            name=schedule.name,
            layers=some_layers([user.id for user in self.town.users], self.chance, now),
            effective_at=effective_at,
            actor=self._planner(),
        )

    async def _ask_for_cover(self, scope: AsyncContainer, schedule: Schedule, now: datetime) -> None:
        """Somebody cannot have a turn of theirs, and may offer their time in the hours after it."""
        ahead = Interval(start=now + self._minutes(1, 30), end=now + 6 * HOUR)
        shifts = as_known(self._history(schedule)).shifts(ahead)
        if not shifts:
            return
        shift = self.chance.choice(shifts)
        offers = Interval(start=shift.interval.end + HOUR, end=shift.interval.end + 4 * HOUR)
        await (await scope.get(RequestCover))(
            schedule.id,
            user_id=shift.user_id,
            interval=shift.interval,
            asked_of=self.chance.choice(((), (self._someone(), self._someone()))),
            offers=self.chance.choice((None, None, offers)),
            actor=an_actor(shift.user_id),
        )

    async def _answer_cover(self, scope: AsyncContainer, schedule: Schedule, now: datetime) -> None:
        open_requests = [each for each in self.database.cover_requests.values() if each.is_open]
        if not open_requests:
            return
        request = self.chance.choice(open_requests)
        members = self.database.teams[request.team_id].member_ids
        by = an_actor(self.chance.choice(request.asked_of or members))
        match self.chance.choice(("accept", "accept", "decline", "withdraw")):
            case "accept":
                await (await scope.get(AcceptCover))(request.id, actor=by)
            case "decline":
                await (await scope.get(DeclineCover))(request.id, actor=by)
            case _:
                await (await scope.get(WithdrawCover))(request.id, actor=an_actor(request.user_id))

    def _history(self, schedule: Schedule) -> History:
        return self.database.schedule_histories[schedule.id]

    def _window(self, now: datetime) -> Interval:
        """Some of them begin at once, so that they come under an escalation that is at work."""
        start = now + self.chance.choice((timedelta(0), self._minutes(1, 90)))
        return Interval(start=start, end=start + self._minutes(2, 180))

    def _minutes(self, least: int, most: int) -> timedelta:
        return timedelta(minutes=self.chance.randint(least, most))

    def _someone(self) -> UserId:
        return self.chance.choice(self.town.users).id

    def _planner(self) -> Actor:
        return an_actor(self._someone(), role=Role.ADMIN)
