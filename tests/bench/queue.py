"""Events from a queue in memory: what the consumer reaches when the queue itself costs nothing.

A process of its own, `python -m tests.bench.queue --events N`, set up by the environment, is the product's consumer
with another client. It writes one line of JSON when every message is deleted.
"""

import argparse
import asyncio
import json
import sys
from itertools import count
from statistics import median
from time import perf_counter, process_time, time
from typing import Any, Final

import msgspec
from dishka import AsyncContainer

from entrypoints.consumer import consume_from
from entrypoints.processes import exit_code, run_role
from entrypoints.settings import load
from tests.bench import machine
from tests.bench.load import SERVICES, event_body
from tests.bench.report import Figure, at_least, at_most
from tests.bench.world import SECRET_KEY, World

EVENTS: Final = 20_000
WARM_UP: Final = 2_000  # of them: pools and plans are made only once
TARGET: Final = 5_000
MOST_SECONDS: Final = 180.0  # a message that is left would be waited for without end
_first = count(0, 100_000_000)


class Consumed(msgspec.Struct, frozen=True):
    seconds: float
    events: int
    cpu_seconds: float
    postgres_cpu_seconds: float

    @property
    def rate(self) -> float:
        return self.events / self.seconds


def measure(world: World, *, rounds: int, quick: bool) -> list[Figure]:
    events = 4_000 if quick else EVENTS
    with world.database("queue") as dsn:
        runs = [_consumed(world, dsn, events=events) for _ in range(rounds)]
    each = 1e6 / runs[0].events
    return [
        at_least("events a second from a queue in memory, one a message", TARGET, median(r.rate for r in runs), ""),
        at_most("consumer, CPU of an event", None, each * median(r.cpu_seconds for r in runs), "µs"),
        at_most("PostgreSQL, CPU of such an event", None, each * median(r.postgres_cpu_seconds for r in runs), "µs"),
    ]


def _consumed(world: World, dsn: str, *, events: int) -> Consumed:
    words = ["--events", str(events), "--first", str(next(_first)), "--postgres", str(world.postgres_pid)]
    environment = {
        "TOCSIN_DATABASE_URL": dsn,
        "TOCSIN_REDIS_URL": world.redis_url,
        "TOCSIN_SECRET_KEY": SECRET_KEY,
    }
    process = machine.start("tests.bench.queue", *words, log=world.log, environment=environment)
    try:
        return msgspec.json.decode(machine.answer_of(process, log=world.log), type=Consumed)
    finally:
        machine.stop(process)


class MemoryQueue:
    """The client of a queue that has these messages, each for whoever asks first."""

    def __init__(self, messages: list[dict[str, Any]], postgres_pid: int, emptied: asyncio.Event) -> None:
        self._messages = messages
        self._total = len(messages)
        self._postgres_pid = postgres_pid
        self._emptied = emptied
        self._deleted = 0
        self._begun: tuple[float, float, float] | None = None
        self.consumed: Consumed | None = None

    async def receive_message(self, **parameters: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        taken = self._messages[-parameters["MaxNumberOfMessages"] :]
        if not taken:
            await self._emptied.wait()
        del self._messages[-len(taken) :]
        return {"Messages": taken}

    async def delete_message_batch(self, **parameters: Any) -> dict[str, Any]:
        self._deleted += len(parameters["Entries"])
        if self._begun is None and self._deleted >= WARM_UP:
            self._begun, self._total = self._now(), self._total - self._deleted
            self._deleted = 0
        elif self._begun is not None and self._deleted == self._total:
            seconds, cpu, postgres = (now - then for now, then in zip(self._now(), self._begun, strict=True))
            self.consumed = Consumed(seconds, self._total, cpu, postgres)
            self._emptied.set()
        return {}

    async def send_message(self, **parameters: Any) -> dict[str, Any]:
        raise machine.BenchError(f"set aside: {parameters}")

    async def change_message_visibility_batch(self, **_: Any) -> dict[str, Any]:
        return {}

    def _now(self) -> tuple[float, float, float]:
        return perf_counter(), process_time(), machine.cpu_seconds(self._postgres_pid)


def _message(number: int) -> dict[str, Any]:
    return {
        "MessageId": f"message {number}",
        "ReceiptHandle": f"handle {number}",
        "Body": event_body(number % SERVICES).replace("#" * 12, f"{number:012d}"),
        "Attributes": {"SentTimestamp": str(int(time() * 1000)), "ApproximateReceiveCount": "1"},
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    for name in ("events", "first", "postgres"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args()
    settings = load()

    async def role(container: AsyncContainer, draining: asyncio.Event) -> None:
        messages = [_message(given.first + number) for number in range(given.events)]
        queue = MemoryQueue(messages, given.postgres, draining)
        async with asyncio.timeout(MOST_SECONDS):
            await consume_from(queue, container, draining)
        sys.stdout.write(json.dumps(msgspec.to_builtins(queue.consumed)) + "\n")

    return exit_code(run_role(settings, role, name="consumer"), settings)


if __name__ == "__main__":
    sys.exit(main())
