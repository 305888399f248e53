"""The living spec of requests for cover, over memory and over PostgreSQL.

In any order of asking, answering, taking back and passing time nobody's coverage is lost, and what is decided stays as
it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from application.errors import ConflictError, ForbiddenError
from application.oncall.accept_cover import AcceptCover
from application.oncall.decline_cover import DeclineCover
from application.oncall.request_cover import RequestCover
from application.oncall.withdraw_cover import WithdrawCover
from application.ports.covers import CoverQuery
from domain.identity.team import Team
from domain.oncall.cover import CoverRequest, CoverStatus
from domain.oncall.coverage import on_call, shifts
from domain.oncall.override import Override
from domain.oncall.schedule import Schedule
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import CoverRequestId, UserId
from domain.shared.interval import Interval
from domain.shared.limits import PAGE_LIMIT
from tests.support.builders import ADA, BEN, CAT, CREW, DAN, NOON, ROTA, Town, a_town, a_user, an_actor
from tests.support.laws import Lab, fewer_examples
from tests.support.oncall import a_layer, every_day
from tests.support.world import Ports, World

pytestmark = pytest.mark.timeout(600)

HOUR = timedelta(hours=1)
PEOPLE = (ADA, BEN, CAT, DAN)
SPAN = Interval(start=NOON, end=NOON + timedelta(days=8))
# Two are on call together by turns, one alone in the evenings, and nobody for some hours of each night.
LAYERS = (
    a_layer((ADA, BEN), (CAT, DAN), (ADA, CAT), starts="2026-11-20 09:00", restrictions=every_day("06:00", "23:00")),
    a_layer(BEN, CAT, starts="2026-11-20 18:00", restrictions=every_day("18:00", "22:00")),
)
REFUSED = (ConflictError, ForbiddenError, IllegalTransitionError, InvalidValueError)

people = st.sampled_from(PEOPLE)
hours = st.integers(1, 7 * 24)
spans = st.builds(
    lambda start, length: Interval(start=NOON + start * HOUR, end=NOON + (start + length) * HOUR),
    hours,
    st.integers(1, 30),
)
named = st.lists(people, max_size=3, unique=True).map(tuple)


def town_of_four() -> Town:
    return a_town(
        users=tuple(a_user(user_id) for user_id in PEOPLE),
        teams=(Team(id=CREW, name="Crew", member_ids=PEOPLE),),
        schedules=(Schedule(id=ROTA, team_id=CREW, name="Rota", time_zone="Europe/Berlin", layers=LAYERS),),
    )


class CoverLife(RuleBasedStateMachine):
    """Any order of what can happen: the laws hold after each step."""

    lab: ClassVar = Lab(None)

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.lab.new_storage(), town=town_of_four())
        self.schedule = self.read_schedule()
        self.requests: dict[CoverRequestId, CoverRequest] = {}
        self.decided: dict[CoverRequestId, CoverRequest] = {}
        self.is_up_to_date = True  # whether a worker has looked at everything that is due

    def teardown(self) -> None:
        self.world.close()

    # What can happen.

    @rule(user_id=people, interval=spans, asked_of=named, offers=st.none() | spans, life=st.none() | hours)
    def somebody_asks(
        self,
        user_id: UserId,
        interval: Interval,
        asked_of: tuple[UserId, ...],
        offers: Interval | None,
        life: int | None,
    ) -> None:
        with self.refusals():
            self.world.call(
                RequestCover,
                ROTA,
                user_id=user_id,
                interval=interval,
                asked_of=asked_of,
                offers=offers,
                expires_at=None if life is None else NOON + life * HOUR,
                actor=an_actor(user_id, team_ids=frozenset({CREW})),
            )

    @precondition(lambda self: self.requests)
    @rule(number=st.integers(0, 9), by=people)
    def somebody_accepts(self, number: int, by: UserId) -> None:
        with self.refusals():
            self.world.call(AcceptCover, self.one(number), actor=an_actor(by))

    @precondition(lambda self: self.requests)
    @rule(number=st.integers(0, 9), by=people)
    def somebody_declines(self, number: int, by: UserId) -> None:
        with self.refusals():
            self.world.call(DeclineCover, self.one(number), actor=an_actor(by))

    @precondition(lambda self: self.requests)
    @rule(number=st.integers(0, 9), by=people)
    def somebody_withdraws(self, number: int, by: UserId) -> None:
        with self.refusals():
            self.world.call(WithdrawCover, self.one(number), actor=an_actor(by))

    @rule(passed=st.integers(1, 20))
    def time_passes(self, passed: int) -> None:
        self.world.advance(passed * HOUR)
        self.is_up_to_date = True

    @rule(passed=st.integers(1, 20))
    def nobody_works_for_a_while(self, passed: int) -> None:
        self.world.clock.move_to(self.world.clock.now() + passed * HOUR)
        self.is_up_to_date = False

    @contextmanager
    def refusals(self) -> Iterator[None]:
        with suppress(*REFUSED):
            yield

    def one(self, number: int) -> CoverRequestId:
        ids = sorted(self.requests)
        return ids[number % len(ids)]

    def read_schedule(self) -> Schedule:
        return self.world.within(lambda ports: ports.schedules.look_up(ROTA, since=NOON))

    # What must hold.

    @invariant()
    def look(self) -> None:
        """First of all, once for the others, which run in this order."""
        before, self.schedule = self.schedule, self.read_schedule()
        self.requests = self.world.within(_all_requests)
        self.nobodys_coverage_is_lost(before, self.schedule)
        self.a_decided_request_never_changes()
        self.the_overrides_are_those_of_accepted_requests()
        self.nothing_is_open_after_its_deadline()

    def nobodys_coverage_is_lost(self, before: Schedule, after: Schedule) -> None:
        if before == after:
            return
        edges = {edge for each in (before, after) for shift in shifts(each, SPAN) for edge in _edges(shift.interval)}
        for edge in sorted(edges):
            assert len(on_call(after, edge)) == len(on_call(before, edge)), edge

    def a_decided_request_never_changes(self) -> None:
        for request_id, request in self.requests.items():
            if not request.is_open:
                assert self.decided.setdefault(request_id, request) == request
        assert self.decided.keys() <= self.requests.keys()

    def the_overrides_are_those_of_accepted_requests(self) -> None:
        made: list[Override] = []
        for request in self.requests.values():
            assert bool(request.overrides) == (request.status is CoverStatus.ACCEPTED)
            made += request.overrides
        assert sorted(made, key=lambda override: override.id) == list(self.schedule.overrides)

    def nothing_is_open_after_its_deadline(self) -> None:
        now = self.world.clock.now()
        for request in self.requests.values():
            assert request.is_open == (request.next_deadline is not None)
            if request.status is CoverStatus.EXPIRED:
                assert request.decided_at is not None
                assert request.decided_at >= request.expires_at
            if self.is_up_to_date and request.next_deadline is not None:
                assert request.next_deadline > now


async def _all_requests(ports: Ports) -> dict[CoverRequestId, CoverRequest]:
    page = await ports.covers.list(CoverQuery(limit=PAGE_LIMIT))
    assert not page.has_more
    return {request.id: request for request in page.items}


def _edges(interval: Interval) -> tuple[datetime, datetime]:
    return interval.start, interval.end


def test_in_any_order_of_answers_nobodys_coverage_is_lost_and_what_is_decided_stays() -> None:
    run_state_machine_as_test(CoverLife)


def test_in_any_order_of_answers_nobodys_coverage_is_lost_and_what_is_decided_stays_over_postgres(
    postgres_dsn: str,
) -> None:
    class PostgresCoverLife(CoverLife):
        lab = Lab(postgres_dsn)

    run_state_machine_as_test(PostgresCoverLife, settings=fewer_examples(stateful_step_count=20))
