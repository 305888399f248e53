"""One worker that drains what is due each time it is told to: `python -m tests.bench.drain`, set up by the environment.

It takes one word a line, `escalations` or `incidents`, and answers what that took in one line of JSON.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter, process_time
from typing import Any, Final

import msgspec
import uvloop
from dishka import AsyncContainer
from msgspec import Struct

from adapters.outbound.postgres.session import Pool
from application.escalation.advance import BATCH, AdvanceEscalations
from application.incident.advance import BATCH as INCIDENT_BATCH
from application.incident.advance import AdvanceIncidents
from entrypoints.container import production_container
from entrypoints.settings import load

READY: Final = "ready"


async def _escalations(request: AsyncContainer) -> int:
    return (await (await request.get(AdvanceEscalations))()).runs


async def _incidents(request: AsyncContainer) -> int:
    return await (await request.get(AdvanceIncidents))()


_TICKS: Final[dict[str, tuple[Callable[[AsyncContainer], Awaitable[int]], int]]] = {
    "escalations": (_escalations, BATCH),
    "incidents": (_incidents, INCIDENT_BATCH),
}


class Drained(Struct, frozen=True):
    """Times are of a clock that all processes of a machine share."""

    moved: int
    ticks: int
    statements: int
    begun_at: float
    ended_at: float
    cpu_seconds: float


async def drain(container: AsyncContainer, name: str, statements: list[object]) -> Drained:
    """Tick as the worker's loop does: on and on while a batch is full."""
    tick, batch = _TICKS[name]
    moved = ticks = 0
    statements.clear()
    begun_at, cpu_then = perf_counter(), process_time()
    is_full = True
    while is_full:
        async with container() as request:
            count = await tick(request)
        moved, ticks, is_full = moved + count, ticks + 1, count == batch
    return Drained(moved, ticks, len(statements), begun_at, perf_counter(), process_time() - cpu_then)


async def main() -> None:
    container = production_container(load())
    statements: list[object] = []
    # One connection, which is all that a loop of ticks holds at once.
    pool: Pool = await container.get(Pool)
    async with pool.acquire() as connection:
        _counted(connection, statements)
    for name in _TICKS:
        await drain(container, name, statements)  # nothing is due yet: makes the plans of what looks
    _say(READY)
    loop = asyncio.get_running_loop()
    while name := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        _say(msgspec.json.encode(await drain(container, name, statements)).decode())
    await container.close()


def _counted(connection: Any, statements: list[object]) -> None:
    """The driver tells of each statement that was executed, fetched or prepared by a call."""
    connection.add_query_logger(statements.append)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
