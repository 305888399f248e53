"""Many events in one request, against what PostgreSQL's own COPY takes for as many rows of the table of alerts."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any, Final, NamedTuple
from uuid import UUID

import aiohttp
import asyncpg
import uvloop

from tests.bench import ingest
from tests.bench.load import SERVICES, routing_key
from tests.bench.report import Figure, at_least
from tests.bench.world import World

CONNECTIONS: Final = 8
NATIVE: Final = 100
ALERTMANAGER: Final = 64
TARGET: Final = 50.0
COPY_ROWS: Final = 1_000
COPY_CONNECTIONS: Final = 2  # more do not add anything on two cores

_numbers = count()
_ids = count(1)


class Batch(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes
    events: int


def measure(world: World, *, rounds: int, seconds: float) -> list[Figure]:
    with contextlib.ExitStack() as stack:
        serving = stack.enter_context(ingest.server(world, "ours"))
        dsn = stack.enter_context(world.database("copy"))
        native, grouped, copied = uvloop.run(_measure(serving.port, dsn, rounds=rounds, seconds=seconds))
    return [
        _figure(f"batches of {NATIVE} events", native, copied),
        _figure(f"Alertmanager's groups of {ALERTMANAGER} alerts", grouped, copied),
        at_least("rows a second by COPY into the table of alerts", None, median(copied), ""),
    ]


def _figure(name: str, ours: list[float], copied: list[float]) -> Figure:
    ratio = median(each / limit for each, limit in zip(ours, copied, strict=True))
    return at_least(f"{name}, events a second of COPY into the table of alerts", TARGET, 100 * ratio, "%")


async def _measure(port: int, dsn: str, *, rounds: int, seconds: float) -> tuple[list[float], list[float], list[float]]:
    native, grouped, copied = list[float](), list[float](), list[float]()
    connections = [await asyncpg.connect(dsn) for _ in range(COPY_CONNECTIONS)]
    for connection in connections:
        await connection.set_type_codec("jsonb", encoder=_jsonb, decoder=bytes, schema="pg_catalog", format="binary")
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector) as client:
        for _ in range(rounds):
            native.append(await _posted(client, _native, seconds))
            copied.append(await _copied(connections, seconds))
            grouped.append(await _posted(client, _group, seconds))
    for connection in connections:
        await connection.close()
    return native, grouped, copied


async def _posted(client: aiohttp.ClientSession, make: Callable[[int], Batch], seconds: float) -> float:
    """Events accepted a second, each a new alert; those of one body share an incident."""
    accepted = 0
    begun = perf_counter()

    async def sender() -> None:
        nonlocal accepted
        while perf_counter() - begun < seconds:
            batch = make(next(_numbers))
            async with client.post(batch.path, data=batch.body, headers=batch.headers) as answer:
                await answer.read()
                assert answer.status == 202, await answer.text()
            accepted += batch.events

    await asyncio.gather(*(sender() for _ in range(CONNECTIONS)))
    return accepted / (perf_counter() - begun)


def _native(number: int) -> Batch:
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
    headers = {"Authorization": f"Bearer {routing_key(number % SERVICES)}", "Content-Type": "application/json"}
    return Batch("/v1/events", headers, json.dumps({"events": events}).encode(), NATIVE)


def _group(number: int) -> Batch:
    alerts = [
        {
            "status": "firing",
            "labels": {**_labels(place), "alertname": "DiskFills", "number": str(number)},
            "annotations": {"summary": f"disk {place} fills within four hours"},
            "startsAt": "2026-11-23T08:59:31.632Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.test/graph",
            "fingerprint": f"{number * ALERTMANAGER + place:016x}",
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
    path = f"/integrations/{routing_key(number % SERVICES)}/alertmanager"
    return Batch(path, headers, json.dumps(body | {"externalURL": ""}).encode(), ALERTMANAGER)


def _labels(place: int) -> dict[str, str]:
    return {"instance": f"db-{place}", "job": "node", "zone": "north", "severity": "critical", "device": "nvme1n1"}


async def _copied(connections: list[Any], seconds: float) -> float:
    """Rows a second."""
    rows = 0
    begun = perf_counter()

    async def copier(connection: Any) -> None:
        nonlocal rows
        while perf_counter() - begun < seconds:
            await connection.copy_records_to_table("alerts", records=_rows(), columns=_COLUMNS)
            rows += COPY_ROWS

    await asyncio.gather(*map(copier, connections))
    return rows / (perf_counter() - begun)


_COLUMNS: Final = (
    "id",
    "integration_id",
    "service_id",
    "incident_id",
    "dedup_key",
    "group_key",
    "status",
    "summary",
    "source",
    "severity",
    "first_seen_at",
    "last_seen_at",
    "occurrences",
    "labels",
    "details",
    "links",
)


def _jsonb(value: object) -> bytes:
    """As COPY takes it: the version of its binary form, and text."""
    return b"\x01" + json.dumps(value).encode()


def _rows() -> list[tuple[object, ...]]:
    now = datetime.now(UTC)  # noqa: TID251  # no rule depends on it
    number = next(_ids)
    service = UUID(int=(7 << 76) + number % SERVICES)
    return [
        (
            UUID(int=(number << 64) + (7 << 76) + place),
            service,
            service,
            UUID(int=(number << 64) + (7 << 76)),
            f"disk/{number}/{place}",
            f"batch {number}",
            "firing",
            f"disk {place} fills within four hours",
            f"db-{place}.eu-central-1.example.test",
            "critical",
            now,
            now,
            1,
            _labels(place),
            {},
            [],
        )
        for place in range(COPY_ROWS)
    ]
