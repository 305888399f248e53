"""Who is on call in 1,000 schedules of 10 layers and 50 overrides each: by the domain's functions, and by the API."""

import http.client
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import cycle
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Final
from urllib.parse import quote
from uuid import UUID

import uvloop

from adapters.outbound.postgres.credentials import PostgresCredentialRepository
from adapters.outbound.postgres.schedules import PostgresScheduleRepository
from adapters.outbound.postgres.session import PostgresSession, close_pool, create_pool
from domain.identity.credential import ApiKey, secret_hash
from domain.identity.role import Permission
from domain.oncall.coverage import on_call, shifts
from domain.oncall.layer import Layer
from domain.oncall.override import Override
from domain.oncall.rotation import Rotation, RotationUnit
from domain.oncall.schedule import Schedule
from domain.shared.ids import ApiKeyId, OverrideId, ScheduleId, TeamId, UserId
from domain.shared.interval import Interval
from domain.shared.weekly_window import Weekday, WeeklyWindow
from tests.bench import machine
from tests.bench.report import Figure, at_most
from tests.bench.world import SECRET_KEY, TEAM, USER, World

SCHEDULES: Final = 1_000
LAYERS: Final = 10
OVERRIDES: Final = 50
LOOK_UPS: Final = 20_000
YEARS: Final = 15
REQUESTS: Final = 1_500
WARM_UP: Final = 300
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
YEAR: Final = Interval(start=START, end=datetime(2027, 1, 1, tzinfo=UTC))
KEY: Final = "tsk_measured-and-thrown-away"
PEOPLE: Final = (UserId(USER), *(UserId(UUID(int=number)) for number in range(101, 105)))
# One a kind that people use; the last, of an hour, is by far the densest.
UNITS: Final = (RotationUnit.WEEK, RotationUnit.DAY, RotationUnit.HOUR)
ZONES: Final = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")


def measure(world: World, *, requests: int = REQUESTS) -> list[Figure]:
    made = [a_schedule(number) for number in range(SCHEDULES)]
    dense = [replace(each, layers=each.layers[:1] + (_all_day(RotationUnit.HOUR),) * (LAYERS - 1)) for each in made[:5]]
    return [
        at_most(f"who is on call, of {SCHEDULES:,} schedules, domain, CPU", 50, 1e6 * _look_up(made), "µs"),
        _year_of("a year of shifts", made, target=50),
        _year_of("a year of shifts, hourly handoffs", dense, target=None),
        *_by_api(world, made, requests),
    ]


def a_schedule(number: int) -> Schedule:
    """Everybody by turns of an hour, a day or a week; each layer after the first in hours of its own."""
    return Schedule(
        id=ScheduleId(UUID(int=(7 << 76) + number)),
        team_id=TeamId(TEAM),
        name=f"schedule {number:04}",
        time_zone=ZONES[number % len(ZONES)],
        layers=(_all_day(RotationUnit.WEEK), *(_layer(number, place) for place in range(1, LAYERS))),
        overrides=tuple(_override(number, place) for place in range(OVERRIDES)),
    )


def _all_day(unit: RotationUnit) -> Layer:
    return Layer(rotation=_rotation(unit, datetime(2025, 12, 1, 9)))  # noqa: DTZ001 (a local time has no zone)


def _layer(number: int, place: int) -> Layer:
    """Three hours of each day."""
    opens = (number + 2 * place) % 24
    windows = tuple(
        WeeklyWindow(
            starts_on=day,
            starts_at=time(opens),
            ends_on=list(Weekday)[(order + (opens + 3 >= 24)) % 7],
            ends_at=time((opens + 3) % 24),
        )
        for order, day in enumerate(Weekday)
    )
    starts = datetime(2025, 12, 1, (number + place) % 24)  # noqa: DTZ001 (a local time has no zone)
    return Layer(rotation=_rotation(UNITS[place % len(UNITS)], starts), restrictions=windows)


def _rotation(unit: RotationUnit, starts: datetime) -> Rotation:
    return Rotation(unit=unit, starts_at_local=starts, participants=tuple((person,) for person in PEOPLE))


def _override(number: int, place: int) -> Override:
    """A working day a week, for one of the people."""
    starts_at = START + timedelta(days=7 * place, hours=number % 24)
    return Override(
        id=OverrideId(UUID(int=(7 << 76) + number * OVERRIDES + place)),
        user_id=PEOPLE[place % len(PEOPLE)],
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=8),
        replaces=PEOPLE[(place + 1) % len(PEOPLE)],
    )


def _look_up(made: list[Schedule]) -> float:
    instants = [START + timedelta(minutes=(number * 263) % 525_600) for number in range(LOOK_UPS)]
    for schedule in made:
        on_call(schedule, START)  # a pattern of each layer is worked out once, when its schedule is first asked
    return median(_taken(on_call, schedule, at) for schedule, at in zip(cycle(made), instants, strict=False))


def _year_of(name: str, made: list[Schedule], *, target: float | None) -> Figure:
    most = max(len(shifts(schedule, YEAR)) for schedule in made[:YEARS])
    taken = [_taken(shifts, schedule, YEAR) for schedule in made[:YEARS] for _ in range(3)]
    return at_most(f"{name}, up to {most:,} of them, domain, CPU", target, 1000 * median(taken), "ms")


def _taken[**P](act: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> float:
    """CPU time: nothing in the domain waits."""
    before = process_time()
    act(*args, **kwargs)
    return process_time() - before


def _by_api(world: World, made: list[Schedule], requests: int) -> list[Figure]:
    port = machine.free_port()
    with world.database("oncall") as dsn:
        uvloop.run(_store(dsn, made))
        settings = {
            "TOCSIN_DATABASE_URL": dsn,
            "TOCSIN_SECRET_KEY": SECRET_KEY,
            "TOCSIN_HTTP_ADDRESS": f"127.0.0.1:{port}",
        }
        with machine.running("tests.bench.servers", "ours", port=port, log=world.log, environment=settings):
            one = _ask(port, [f"/v1/schedules/{each.id}/shadows?at=" for each in made], requests)
            page = _ask(port, ["/v1/on-call?limit=50&at="], requests // 10)
    return [
        at_most("who is on call in one of them, API, p99", 5, 1000 * one[98], "ms"),
        at_most("who is on call in one of them, API, p50", None, 1000 * one[49], "ms"),
        at_most("who is on call in 50 of them, API, p50", None, 1000 * page[49], "ms"),
    ]


async def _store(dsn: str, made: list[Schedule]) -> None:
    pool = await create_pool(dsn, most=1)
    session = PostgresSession(pool)
    async with session:
        await session.connection.execute(_USERS, list(PEOPLE[1:]))
        schedules = PostgresScheduleRepository(session)
        for schedule in made:
            await schedules.save(schedule, at=START)
            for override in schedule.overrides:
                await schedules.add_override(schedule.id, override, at=START)
        await PostgresCredentialRepository(session).add_key(
            ApiKey(
                id=ApiKeyId(UUID(int=9)),
                user_id=UserId(USER),
                name="bench",
                secret_hash=secret_hash(KEY),
                scopes=frozenset({Permission.READ}),
                created_at=START,
                expires_at=None,
            )
        )
    async with pool.acquire() as connection:
        await connection.execute("ANALYZE schedules, schedule_overrides")
    await close_pool(pool)


_USERS: Final = """
INSERT INTO users (id, email, name, role, time_zone, is_active, version)
SELECT id, id || '@example.test', id::text, 'responder', 'UTC', true, 1 FROM unnest($1::uuid[]) id
"""


def _ask(port: int, paths: list[str], requests: int) -> list[float]:
    """The percentiles of one answer after another, each to another schedule and another instant."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    taken = []
    for number, path in zip(range(WARM_UP + requests), cycle(paths), strict=False):
        at = START + timedelta(minutes=(number * 263) % 525_600)
        before = perf_counter()
        connection.request("GET", path + quote(at.isoformat()), headers={"Authorization": f"Bearer {KEY}"})
        answer = connection.getresponse()
        body = answer.read()
        taken.append(perf_counter() - before)
        if answer.status != http.client.OK:
            raise machine.BenchError(f"{path} answered {answer.status}: {body[:200]!r}")
    connection.close()
    return quantiles(taken[min(WARM_UP, len(taken) // 2) :], n=100)
