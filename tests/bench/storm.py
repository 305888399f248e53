"""A storm: so many distinct conditions in a minute, for one service and for a thousand, and who notices.

What is counted: events accepted and stored, pages that leave, how long a list takes meanwhile, how long the workers
take until nothing is due any more, and the memory of both processes.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from time import monotonic, perf_counter
from typing import Final

import aiohttp
import asyncpg
import uvloop

from application.identity.create_api_key import CreateApiKey
from application.identity.create_first_admin import CreateFirstAdmin
from domain.identity.actor import Actor, CredentialKind
from domain.identity.role import Permission, Role
from domain.notification.throttle import MESSAGES_PER_WINDOW, WINDOW
from domain.shared.via import Via
from entrypoints.container import production_container
from entrypoints.settings import Settings
from tests.bench import machine
from tests.bench.load import SERVICES, Connection, at, connected, prepared
from tests.bench.report import TIMES, Figure, Rows, at_least, at_most
from tests.bench.world import PEOPLE, SECRET_KEY, World
from tests.support.smtp import SmtpServer

EVENTS: Final = 100_000
MINUTE_SECONDS: Final = 60.0
CONNECTIONS: Final = 32
LIST_MS: Final = 250.0
DRAIN_SECONDS: Final = 600.0
# Of a soak: the same conditions again and again, which is what a storm is made of.
SOAK_KEYS: Final = 4_000
FLAT_PART: Final = 1.10

_STORED: Final = "SELECT coalesce(sum(occurrences), 0)::bigint FROM alerts"
_DUE: Final = """
SELECT (SELECT count(*) FROM escalation_runs WHERE next_deadline <= now())
  + (SELECT count(*) FROM notifications WHERE next_deadline <= now())
"""


class Sender(Connection):
    """Says so when the server has closed it, which it does with one that is idle for seconds."""

    is_lost = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        if not self.is_idle:
            self.is_idle = True
            self.answered(self, is_accepted=False)


@dataclass(slots=True)
class Storm:
    """What was seen of one."""

    accepted: int = 0
    refused: int = 0  # and sent again
    stored: int = 0
    incidents: int = 0
    seconds: float = 0.0
    lists_ms: list[float] = field(default_factory=list)
    drain_seconds: float = 0.0
    pages: int = 0
    most_pages: int = 0  # that the throttle promises
    megabytes: dict[str, list[float]] = field(default_factory=dict)

    @property
    def list_p99_ms(self) -> float:
        return at(sorted(each / 1000 for each in self.lists_ms), 0.99)

    def growth(self, process: str) -> float:
        """Memory at the end ÷ memory once a sixth of the time was over."""
        seen = self.megabytes[process]
        return seen[-1] / seen[len(seen) // 6]


async def rage(
    dsn: str,
    port: int,
    *,
    token: str,
    events: int,
    seconds: float,
    services: int,
    mail: SmtpServer,
    pids: Mapping[str, int],
    keys: int | None = None,
) -> Storm:
    """Send so many events evenly over so long, each a condition of its own unless there are only so many `keys`.

    What is refused is sent again. Returns once nothing is due any more.
    """
    storm = Storm(megabytes={name: [] for name in pids})
    database = await asyncpg.connect(dsn)
    stored_before = await database.fetchval(_STORED)
    pages_before = len(mail.received)
    began = monotonic()
    async with _watched(storm, port, token, pids):
        await _send(storm, port, events=events, seconds=seconds, services=services, keys=keys or events)
        storm.seconds = monotonic() - began
    sent_at = monotonic()
    async with asyncio.timeout(DRAIN_SECONDS):
        while await database.fetchval(_DUE):  # noqa: ASYNC110  # it gives no hint
            await asyncio.sleep(0.2)
    storm.drain_seconds = monotonic() - sent_at
    storm.stored = await database.fetchval(_STORED) - stored_before
    storm.incidents = await database.fetchval("SELECT count(*) FROM incidents")
    storm.pages = len(mail.received) - pages_before
    windows = ceil((monotonic() - began) / WINDOW.total_seconds()) + 1  # the one that was open may be half over
    storm.most_pages = MESSAGES_PER_WINDOW * windows * min(services, PEOPLE)
    await database.close()
    return storm


async def _send(storm: Storm, port: int, *, events: int, seconds: float, services: int, keys: int) -> None:
    loop = asyncio.get_running_loop()
    requests = [prepared(service, f"127.0.0.1:{port}") for service in range(services)]
    waiting: deque[int] = deque()
    done = asyncio.Event()

    def next_request(connection: Connection) -> bytes | None:
        if not waiting:
            return None
        connection.token = waiting.popleft()
        start, middle, end = requests[connection.token % services]
        key = b"%012d" % (connection.token % keys)
        return b"".join((start, key, middle, key, end))

    def answered(connection: Connection, *, is_accepted: bool) -> None:
        if is_accepted:
            storm.accepted += 1
            if storm.accepted == events:
                done.set()
        else:
            storm.refused += 1
            loop.call_later(0.5, waiting.append, connection.token)

    async def connections(how_many: int) -> list[Connection]:
        return await connected(port, how_many, lambda: Sender(next_request, answered))

    opened = deque(await connections(CONNECTIONS))
    began, given = monotonic(), 0
    while not done.is_set():
        due = min(events, int((monotonic() - began) / seconds * events) + 1)
        waiting.extend(range(given, due))
        given = due
        for _ in range(len(opened)):
            opened.rotate(1)  # each gets its turn
            if isinstance(opened[0], Sender) and opened[0].is_lost:
                (opened[0],) = await connections(1)
            if waiting and opened[0].is_idle:
                opened[0].send()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), 0.005)
    for connection in opened:
        connection.close()


@contextlib.asynccontextmanager
async def _watched(storm: Storm, port: int, token: str, pids: Mapping[str, int]) -> AsyncIterator[None]:
    async def look() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client:
            while True:
                before = perf_counter()
                async with client.get("/v1/incidents", params={"limit": 20}) as answer:
                    await answer.read()
                    assert answer.status == 200, answer.status
                storm.lists_ms.append(1000 * (perf_counter() - before))
                await asyncio.sleep(0.05)

    async def weigh() -> None:
        while True:
            for name, pid in pids.items():
                storm.megabytes[name].append(machine.resident_megabytes(pid))
            await asyncio.sleep(0.5)

    tasks = [asyncio.create_task(look()), asyncio.create_task(weigh())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


async def a_token(dsn: str) -> str:
    """An API key that may read."""
    container = production_container(Settings(database_url=dsn, secret_key=SECRET_KEY))
    try:
        async with container() as request:
            admin = (await (await request.get(CreateFirstAdmin))(email="admin@example.test", name="Admin")).user
            actor = Actor(user_id=admin.id, role=Role.ADMIN, via=Via.CLI, credential=CredentialKind.LOCAL)
            create = await request.get(CreateApiKey)
            return (await create(name="storm", scopes=frozenset({Permission.READ}), actor=actor)).secret
    finally:
        await container.close()


def settings_of(dsn: str, mail: SmtpServer, http_port: int) -> dict[str, str]:
    return {
        "TOCSIN_DATABASE_URL": dsn,
        "TOCSIN_SECRET_KEY": SECRET_KEY,
        "TOCSIN_HTTP_ADDRESS": f"127.0.0.1:{http_port}",
        "TOCSIN_SMTP_HOST": mail.host,
        "TOCSIN_SMTP_PORT": str(mail.port),
        "TOCSIN_SMTP_TLS": "none",
        "TOCSIN_SMTP_SENDER": "tocsin@example.test",
    }


def measure(world: World, *, quick: bool, with_soak: bool) -> tuple[list[Figure], Rows]:
    scale = 0.05 if quick else 1.0
    events, seconds = round(EVENTS * scale), MINUTE_SECONDS * scale
    one = _storm(world, "storm-one", events=events, seconds=seconds, services=1)
    many = _storm(world, "storm-many", events=events, seconds=seconds, services=SERVICES)
    figures = [
        figure
        for name, storm in (("1 service", one), (f"{SERVICES:,} services", many))
        for figure in _figures(f"{events:,} conditions in {seconds:g} s for {name}", storm)
    ]
    rows = {"1 service": _row(one), f"{SERVICES:,} services": _row(many)}
    if with_soak:
        soak_figures, rows["soak"] = _soak(world, seconds=20.0 if quick else 10 * MINUTE_SECONDS)
        figures += soak_figures
    return figures, rows


def _soak(world: World, *, seconds: float) -> tuple[list[Figure], dict[str, float]]:
    events = round(seconds * 1_000)
    soak = _storm(world, "storm-soak", events=events, seconds=seconds, services=SERVICES, keys=SOAK_KEYS)
    soaked = f"{seconds / 60:.3g} minutes of 1,000 events a second"
    return [
        at_most(f"{soaked}: memory of `tocsin http`, end ÷ first sixth", FLAT_PART, soak.growth("http"), TIMES),
        at_most(f"{soaked}: memory of `tocsin worker`, end ÷ first sixth", FLAT_PART, soak.growth("worker"), TIMES),
        at_most(f"{soaked}: list of 20 incidents, p99", LIST_MS, soak.list_p99_ms, "ms"),
    ], _row(soak)


def _figures(name: str, storm: Storm) -> list[Figure]:
    at_once = 100 * storm.accepted / (storm.accepted + storm.refused)
    return [
        at_most(f"{name}: accepted and not stored", 0, storm.accepted - storm.stored, "events"),
        at_most(f"{name}: pages, of {storm.most_pages} that the throttle lets pass", storm.most_pages, storm.pages, ""),
        at_most(f"{name}: list of 20 incidents meanwhile, p99", LIST_MS, storm.list_p99_ms, "ms"),
        at_most(f"{name}: until nothing is due any more", None, storm.drain_seconds, "s"),
        at_least(f"{name}: accepted at once, of all", None, at_once, "%"),
    ]


def _row(storm: Storm) -> dict[str, float]:
    return {
        "accepted": storm.accepted,
        "refused and sent again": storm.refused,
        "seconds": round(storm.seconds, 1),
        "incidents": storm.incidents,
        "pages": storm.pages,
        "list p99 ms": round(storm.list_p99_ms, 1),
        "drained after s": round(storm.drain_seconds, 1),
        "http MB": round(max(storm.megabytes["http"])),
        "worker MB": round(max(storm.megabytes["worker"])),
    }


def _storm(
    world: World, database: str, *, events: int, seconds: float, services: int, keys: int | None = None
) -> Storm:
    http_port, metrics_port = machine.free_port(), machine.free_port()
    mail = SmtpServer()
    mail.start()
    try:
        with contextlib.ExitStack() as stack:
            dsn = stack.enter_context(world.database(database))
            token = uvloop.run(a_token(dsn))
            settings = settings_of(dsn, mail, http_port)
            http = ("tests.bench.servers", "ours")
            serving = stack.enter_context(machine.running(*http, port=http_port, log=world.log, environment=settings))
            settings["TOCSIN_METRICS_ADDRESS"] = f"127.0.0.1:{metrics_port}"  # where it listens once it works
            worker = ("tests.bench.servers", "worker")
            working = stack.enter_context(
                machine.running(*worker, port=metrics_port, log=world.log, environment=settings)
            )
            return uvloop.run(
                rage(
                    dsn,
                    http_port,
                    token=token,
                    events=events,
                    seconds=seconds,
                    services=services,
                    mail=mail,
                    pids={"http": serving.pid, "worker": working.pid},
                    keys=keys,
                )
            )
    finally:
        mail.stop()
