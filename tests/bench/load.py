"""The sender: keep-alive connections over raw sockets with prepared bodies, as cheap as Python can, in its own process.

`python -m tests.bench.load` writes one line of JSON when it is done.
"""

import argparse
import asyncio
import json
from collections import deque
from collections.abc import Callable
from itertools import count
from operator import attrgetter
from time import monotonic, perf_counter
from typing import Final, NamedTuple, cast

import msgspec
import uvloop

from tests.bench.machine import cpu_seconds, say

SERVICES: Final = 1_000
KEYS_PER_SERVICE: Final = 4  # of repeated alerts
MARK: Final = "bench-"  # and twelve digits name an event in its summary
_NUMBER: Final = "#" * 12


def routing_key(service: int) -> str:
    return f"{service:032d}"


class Sent(NamedTuple):
    """How many requests of a moment were answered, and how quickly."""

    seconds: float
    accepted: int
    refused: int
    p50_ms: float
    p99_ms: float
    cpu_seconds: dict[str, float]


def event_body(service: int) -> str:
    """About 1 KB of PagerDuty's Events API, the event's number to be put where `#` is."""
    return json.dumps(
        {
            "routing_key": routing_key(service),
            "event_action": "trigger",
            "dedup_key": f"disk/{_NUMBER}",
            "client": "node-exporter",
            "client_url": "https://prometheus.example.test/graph?g0.expr=node_filesystem_avail_bytes",
            "links": [{"href": "https://runbooks.example.test/disk-is-filling", "text": "runbook"}],
            "payload": {
                "summary": f"{MARK}{_NUMBER} disk of service {service} fills within four hours",
                "source": f"db-{service}.eu-central-1.example.test",
                "severity": "critical",
                "timestamp": "2026-11-23T12:00:00.000Z",
                "component": "postgres",
                "group": "production",
                "class": "disk",
                "custom_details": {
                    "device": "/dev/nvme1n1",
                    "mountpoint": "/var/lib/postgresql",
                    "available_bytes": 12_884_901_888,
                    "size_bytes": 536_870_912_000,
                    "predicted": {"hours": 3.7, "method": "predict_linear", "window": "6h"},
                    "description": "The disk that holds the database fills. " * 6,
                },
            },
        }
    )


def prepared(service: int, address: str) -> tuple[bytes, bytes, bytes]:
    """A request in three parts, the event's number to be put between them. Its body is `event_body`."""
    body = event_body(service)
    head = (
        f"POST /v2/enqueue HTTP/1.1\r\nHost: {address}\r\nUser-Agent: bench\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    first, second, third = (head + body).encode().split(_NUMBER.encode())
    return first, second, third


class Connection(asyncio.Protocol):
    """Sends what `next_request` gives, and asks for more when it is answered."""

    def __init__(self, next_request: Callable[["Connection"], bytes | None], answered: Callable[..., None]) -> None:
        self.next_request = next_request
        self.answered = answered
        self.token = 0
        self.sent_at = 0.0
        self.is_idle = True
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is none by inheritance

    def send(self) -> None:
        request = self.next_request(self)
        self.is_idle = request is None
        if request is not None:
            assert self._transport is not None
            self.sent_at = perf_counter()
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if not self._received.endswith(b"}"):  # every answer is one flat JSON object
            return
        self.answered(self, is_accepted=self._received.startswith(b"HTTP/1.1 202"))
        self._received = b""
        self.send()

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


async def connected(port: int, how_many: int, make: Callable[[], Connection]) -> list[Connection]:
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(make, "127.0.0.1", port) for _ in range(how_many)]
    return [connection for _, connection in made]


async def closed_loop(  # one run has this many sides
    port: int, *, connections: int, seconds: float, warm_up: float, first: int, repeats: bool, watched: dict[str, int]
) -> Sent:
    """Every connection sends its next event as soon as the last one is answered."""
    requests = [prepared(service, f"127.0.0.1:{port}") for service in range(SERVICES)]
    numbers = count(first)
    taken: list[float] = []
    refused = 0
    is_over = False

    def next_request(connection: Connection) -> bytes | None:
        if is_over:
            return None
        number = next(numbers)
        start, middle, end = requests[number % SERVICES]
        token = b"%012d" % (number % (SERVICES * KEYS_PER_SERVICE) if repeats else number)
        return b"".join((start, token, middle, token, end))

    def answered(connection: Connection, *, is_accepted: bool) -> None:
        nonlocal refused
        if is_accepted:
            taken.append(perf_counter() - connection.sent_at)
        else:
            refused += 1

    opened = await connected(port, connections, lambda: Connection(next_request, answered))
    for connection in opened:
        connection.send()
    await asyncio.sleep(warm_up)
    if repeats:
        while len(taken) < SERVICES * KEYS_PER_SERVICE:  # noqa: ASYNC110  # an event a request would cost the sender
            await asyncio.sleep(0.05)
    before = {name: cpu_seconds(pid) for name, pid in watched.items()}
    begun, begun_at = len(taken), perf_counter()
    await asyncio.sleep(seconds)
    latencies, elapsed = sorted(taken[begun:]), perf_counter() - begun_at
    used = {name: cpu_seconds(pid) - before[name] for name, pid in watched.items()}
    is_over = True
    deadline = monotonic() + 5
    while not all(each.is_idle for each in opened) and monotonic() < deadline:  # noqa: ASYNC110  # as above
        await asyncio.sleep(0.01)
    for connection in opened:
        connection.close()
    return Sent(elapsed, len(latencies), refused, at(latencies, 0.5), at(latencies, 0.99), used)


async def open_loop(
    port: int, *, connections: int, seconds: float, rate: float, first: int, keys: int | None
) -> dict[str, object]:
    """Events at a fixed rate, whatever the answers take: when each was to be sent, and when it was accepted.

    Each is a condition of its own, unless there are only so many `keys`.
    """
    requests = [prepared(service, f"127.0.0.1:{port}") for service in range(SERVICES)]
    waiting: deque[int] = deque()
    sent: dict[int, float] = {}
    accepted: dict[int, float] = {}

    def next_request(connection: Connection) -> bytes | None:
        if not waiting:
            return None
        number = connection.token = waiting.popleft()
        condition = number if keys is None else first + number % keys
        start, middle, end = requests[condition % SERVICES]
        token = b"%012d" % condition
        return b"".join((start, token, middle, token, end))

    def answered(connection: Connection, *, is_accepted: bool) -> None:
        if is_accepted:
            accepted[connection.token] = monotonic()

    opened = await connected(port, connections, lambda: Connection(next_request, answered))
    begun_at = monotonic()
    for number in range(round(seconds * rate)):
        due_at = begun_at + number / rate
        if (pause := due_at - monotonic()) > 0:
            await asyncio.sleep(pause)
        sent[first + number] = due_at
        waiting.append(first + number)
        # The one that has rested longest: a server closes what says nothing for seconds.
        idle = min((each for each in opened if each.is_idle), key=attrgetter("sent_at"), default=None)
        if idle is not None:
            idle.send()
    await asyncio.sleep(2)
    for connection in opened:
        connection.close()
    return {"sent": sent, "accepted": accepted}


def at(ordered: list[float], part: float) -> float:
    """The quantile, in milliseconds."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000 if ordered else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--warm-up", type=float, default=0.4)
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--repeats", action="store_true")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--keys", type=int, help="with a rate: so many conditions, again and again")
    parser.add_argument("--watch", action="append", default=[], help="name=pid")
    given = parser.parse_args()
    if given.rate:
        result: object = uvloop.run(
            open_loop(
                given.port,
                connections=given.connections,
                seconds=given.seconds,
                rate=given.rate,
                first=given.first,
                keys=given.keys,
            )
        )
    else:
        pairs = (each.partition("=") for each in given.watch)
        result = uvloop.run(
            closed_loop(
                given.port,
                connections=given.connections,
                seconds=given.seconds,
                warm_up=given.warm_up,
                first=given.first,
                repeats=given.repeats,
                watched={name: int(pid) for name, _, pid in pairs},
            )
        )._asdict()
    say(msgspec.json.encode(result).decode())


if __name__ == "__main__":
    main()
