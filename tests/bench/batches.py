"""Many events in one request, against what PostgreSQL's own COPY takes for the rows of alerts that become of them."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from hashlib import sha256
from itertools import count
from statistics import median
from time import perf_counter, process_time
from typing import Any, Final, NamedTuple
from uuid import UUID

import aiohttp
import asyncpg
import uvloop

from tests.bench import ingest
from tests.bench.load import SERVICES, routing_key
from tests.bench.machine import cpu_seconds
from tests.bench.report import Figure, Rows, at_least
from tests.bench.world import World

CONNECTIONS: Final = 8
NATIVE: Final = 100
ALERTMANAGER: Final = 64
TARGET: Final = 50.0
COPY_ROWS: Final = 1_000
COPY_CONNECTIONS: Final = 2  # more do not add anything on two cores

WARM_UP_SECONDS: Final = 1.0  # pools and plans are made only once
_NUMBER: Final = b"#" * 12

_numbers = count()
_ids = count(1)


class Batch(NamedTuple):
    """Of one service. The number of the batch is to be put where `#` is."""

    path: str
    headers: dict[str, str]
    body: bytes
    events: int


class Run(NamedTuple):
    """What was stored in a moment, and what that took of both sides' CPU."""

    rows: int
    seconds: float
    client_cpu: float  # of the server, where it is the client of PostgreSQL
    postgres_cpu: float

    @property
    def rate(self) -> float:
        return self.rows / self.seconds

    @property
    def cpu(self) -> float:
        """Of a row."""
        return (self.client_cpu + self.postgres_cpu) / self.rows


class Compared(NamedTuple):
    """Events through HTTP, and in the same rounds a COPY of rows like theirs."""

    ours: list[Run]
    copied: list[Run]


def measure(world: World, *, rounds: int, seconds: float) -> tuple[list[Figure], Rows]:
    with contextlib.ExitStack() as stack:
        serving = stack.enter_context(ingest.server(world, "ours"))
        dsn = stack.enter_context(world.database("copy"))
        pids = (serving.pid, world.postgres_pid)
        measured = uvloop.run(_measure(serving.port, dsn, pids, rounds=rounds, seconds=seconds))
    named = {f"batches of {NATIVE} events": measured[0], f"Alertmanager's groups of {ALERTMANAGER} alerts": measured[1]}
    figures = [figure for name, compared in named.items() for figure in _figures(name, compared)]
    rows = {}
    for name, compared in named.items():
        rows[name] = _row(compared.ours)
        rows[f"{name}, COPY of their rows"] = _row(compared.copied)
    return figures, rows


def _figures(name: str, compared: Compared) -> list[Figure]:
    pairs = list(zip(compared.ours, compared.copied, strict=True))
    rate = median(each.rate / limit.rate for each, limit in pairs)
    cpu = median(limit.cpu / each.cpu for each, limit in pairs)
    return [
        at_least(f"{name}, events a second of COPY into the table of alerts", TARGET, 100 * rate, "%"),
        at_least(f"{name}, CPU of COPY ÷ CPU of ours", None, 100 * cpu, "%"),
    ]


def _row(runs: list[Run]) -> dict[str, float]:
    return {
        "rows a second": round(median(run.rate for run in runs)),
        "server or client CPU µs a row": round(median(1e6 * run.client_cpu / run.rows for run in runs), 1),
        "PostgreSQL CPU µs a row": round(median(1e6 * run.postgres_cpu / run.rows for run in runs), 1),
    }


async def _measure(
    port: int, dsn: str, pids: tuple[int, int], *, rounds: int, seconds: float
) -> tuple[Compared, Compared]:
    native, grouped = Compared([], []), Compared([], [])
    connections = [await asyncpg.connect(dsn) for _ in range(COPY_CONNECTIONS)]
    for connection in connections:
        await connection.set_type_codec("jsonb", encoder=_jsonb, decoder=bytes, schema="pg_catalog", format="binary")
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    events = [_native(service) for service in range(SERVICES)]
    groups = [_group(service) for service in range(SERVICES)]
    server, postgres = pids

    def of_server() -> float:
        return cpu_seconds(server)

    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector) as client:
        await _posted(client, events, WARM_UP_SECONDS)
        for _ in range(rounds):
            for compared, batches, told in ((native, events, _told_natively), (grouped, groups, _told_by_alertmanager)):
                compared.ours.append(await _watched(partial(_posted, client, batches, seconds), of_server, postgres))
                copy = partial(_copied, connections, told, seconds)
                compared.copied.append(await _watched(copy, process_time, postgres))
    for connection in connections:
        await connection.close()
    return native, grouped


async def _watched(load: Callable[[], Awaitable[int]], client: Callable[[], float], postgres_pid: int) -> Run:
    cpu_before, begun = (client(), cpu_seconds(postgres_pid)), perf_counter()
    rows = await load()
    elapsed = perf_counter() - begun
    return Run(rows, elapsed, client() - cpu_before[0], cpu_seconds(postgres_pid) - cpu_before[1])


async def _posted(client: aiohttp.ClientSession, batches: Sequence[Batch], seconds: float) -> int:
    """Events accepted, each a new alert; those of one body share an incident."""
    accepted = 0
    begun = perf_counter()

    async def sender() -> None:
        nonlocal accepted
        while perf_counter() - begun < seconds:
            number = next(_numbers)
            batch = batches[number % SERVICES]
            body = batch.body.replace(_NUMBER, b"%012d" % number)
            async with client.post(batch.path, data=body, headers=batch.headers) as answer:
                await answer.read()
                assert answer.status == 202, await answer.text()
            accepted += batch.events

    await asyncio.gather(*(sender() for _ in range(CONNECTIONS)))
    return accepted


def _native(service: int) -> Batch:
    number = _NUMBER.decode()
    events = [
        {
            "action": "trigger",
            "dedup_key": f"disk/{number}/{place}",
            "group_key": f"batch {number}",
            "summary": f"disk {place} fills within four hours",
            "source": f"db-{place}.eu-central-1.example.test",
            "severity": "critical",
            "labels": _labels(place),
        }
        for place in range(NATIVE)
    ]
    headers = {"Authorization": f"Bearer {routing_key(service)}", "Content-Type": "application/json"}
    return Batch("/v1/events", headers, json.dumps({"events": events}).encode(), NATIVE)


def _group(service: int) -> Batch:
    number = _NUMBER.decode()
    alerts = [
        {
            "status": "firing",
            "labels": {**_labels(place), "alertname": "DiskFills", "number": number},
            "annotations": {"summary": f"disk {place} fills within four hours"},
            "startsAt": "2026-11-23T08:59:31.632Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.test/graph",
            "fingerprint": f"{number}{place:04x}",
        }
        for place in range(ALERTMANAGER)
    ]
    body: dict[str, object] = {
        "version": "4",
        "status": "firing",
        "receiver": "tocsin",
        "groupKey": f"{{}}:{number}",
        "alerts": alerts,
    }
    body |= {"groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "truncatedAlerts": 0}
    headers = {"Content-Type": "application/json"}
    path = f"/integrations/{routing_key(service)}/alertmanager"
    return Batch(path, headers, json.dumps(body | {"externalURL": ""}).encode(), ALERTMANAGER)


def _labels(place: int) -> dict[str, str]:
    return {"instance": f"db-{place}", "job": "node", "zone": "north", "severity": "critical", "device": "nvme1n1"}


class _Told(NamedTuple):
    """What of a row its sender says, as `ours` stores it."""

    dedup_key: str
    group_key: str
    summary: str
    source: str
    starts_at: datetime | None
    labels: dict[str, str]
    details: dict[str, object]
    links: list[dict[str, str]]


type _Sender = Callable[[str, int], _Told]  # by the number of its batch and the place in it


async def _copied(connections: list[Any], told: _Sender, seconds: float) -> int:
    """Rows stored."""
    rows = 0
    begun = perf_counter()

    async def copier(connection: Any) -> None:
        nonlocal rows
        while perf_counter() - begun < seconds:
            await connection.copy_records_to_table("alerts", records=_rows(told), columns=_COLUMNS)
            rows += COPY_ROWS

    await asyncio.gather(*map(copier, connections))
    return rows


@lru_cache(maxsize=1)
def _group_key(number: str) -> str:
    """As long as those that are made of Alertmanager's."""
    return sha256(number.encode()).hexdigest()


def _told_natively(number: str, place: int) -> _Told:
    return _Told(
        dedup_key=f"disk/{number}/{place}",
        group_key=f"batch {number}",
        summary=f"disk {place} fills within four hours",
        source=f"db-{place}.eu-central-1.example.test",
        starts_at=None,
        labels=_labels(place),
        details={},
        links=[],
    )


def _told_by_alertmanager(number: str, place: int) -> _Told:
    summary = f"disk {place} fills within four hours"
    return _Told(
        dedup_key=f"{number}{place:04x}",
        group_key=_group_key(number),
        summary=summary,
        source=f"db-{place}",
        starts_at=datetime(2026, 11, 23, 8, 59, 31, 632_000, tzinfo=UTC),
        labels={**_labels(place), "alertname": "DiskFills", "number": number},
        details={"receiver": "tocsin", "annotations": {"summary": summary}},
        links=[{"href": "http://prometheus.example.test/graph", "text": "source"}],
    )


_COLUMNS: Final = (
    *("id", "integration_id", "service_id", "incident_id", "status", "severity", "first_seen_at", "last_seen_at"),
    *("occurrences", "event_id", *_Told._fields),
)


def _jsonb(value: object) -> bytes:
    """As COPY takes it: the version of its binary form, and text."""
    return b"\x01" + json.dumps(value).encode()


def _rows(told: _Sender) -> list[tuple[object, ...]]:
    now = datetime.now(UTC)  # noqa: TID251  # no rule depends on it
    number = next(_ids)
    service = UUID(int=(7 << 76) + number % SERVICES)
    first = (number << 64) + (7 << 76)
    return [
        (
            UUID(int=first + place),
            service,
            service,
            UUID(int=first),
            "firing",
            "critical",
            now,
            now,
            1,
            UUID(int=first),
            *told(f"{number:012d}", place),
        )
        for place in range(COPY_ROWS)
    ]
