"""How many events a second are accepted, and how soon each: ours, an ordinary application, and what stores nothing."""

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from statistics import median
from typing import Final, NamedTuple

from tests.bench import machine
from tests.bench.load import Sent
from tests.bench.report import TIMES, Figure, Rows, at_least, at_most
from tests.bench.world import SECRET_KEY, World

VARIANTS: Final = ("baseline", "one", "ours", "accept")
CONNECTIONS: Final = (1, 32, 128)
REPEATS: Final = "ours, repeats"


class Server(NamedTuple):
    port: int
    pid: int


class Run(NamedTuple):
    variant: str
    connections: int


type Measured = dict[Run, list[Sent]]

_first = count(0, 100_000_000)  # every run has numbers of its own


def measure(world: World, *, rounds: int, seconds: float) -> tuple[list[Figure], Rows]:
    measured: Measured = defaultdict(list)
    with contextlib.ExitStack() as stack:
        servers = {variant: stack.enter_context(server(world, variant)) for variant in VARIANTS}
        for number in range(rounds):
            for run in order(number):
                measured[run].append(sent_to(servers, run, world, seconds))
        resident = machine.resident_megabytes(servers["ours"].pid)
    return figures(measured, resident), details(measured)


@contextlib.contextmanager
def server(world: World, role: str) -> Iterator[Server]:
    """With a database of its own: one's hints and vacuums must not cost another."""
    port = machine.free_port()
    with (
        world.database(role) as dsn,
        machine.running(
            "tests.bench.servers",
            role,
            port=port,
            log=world.log,
            environment={
                "TOCSIN_DATABASE_URL": dsn,
                "TOCSIN_REDIS_URL": world.redis_url,
                "TOCSIN_HTTP_ADDRESS": f"127.0.0.1:{port}",
                "TOCSIN_SECRET_KEY": SECRET_KEY,
            },
        ) as process,
    ):
        yield Server(port, process.pid)


def order(number: int) -> list[Run]:
    """All runs of a round. Each round begins with another variant, so that none is always the first or the last."""
    runs = [Run(variant, connections) for connections in CONNECTIONS for variant in turned(VARIANTS, number)]
    return [*runs, Run(REPEATS, CONNECTIONS[-1])]


def turned(variants: tuple[str, ...], number: int) -> tuple[str, ...]:
    first = number % len(variants)
    return variants[first:] + variants[:first]


def sent_to(servers: dict[str, Server], run: Run, world: World, seconds: float) -> Sent:
    target = servers[run.variant.partition(",")[0]]
    options = {
        "--port": target.port,
        "--connections": run.connections,
        "--seconds": seconds,
        "--first": next(_first),
    }
    words = [str(word) for pair in options.items() for word in pair]
    words += ["--watch", f"server={target.pid}", "--watch", f"postgres={world.postgres_pid}"]
    if run.variant == REPEATS:
        words.append("--repeats")
    process = machine.start("tests.bench.load", *words, log=world.log, environment={})
    try:
        sent = Sent(**json.loads(machine.answer_of(process, log=world.log)))
    finally:
        machine.stop(process)
    if sent.refused or not sent.accepted:
        raise machine.BenchError(f"{run}: {sent.refused} events were refused, {sent.accepted} accepted")
    return sent


def figures(measured: Measured, resident: float) -> list[Figure]:
    return [
        at_least(
            "events a second, 32 connections, ÷ ordinary application",
            12,
            ratio(measured, Run("ours", 32), Run("baseline", 32)),
            TIMES,
        ),
        at_most(
            "p99 at 32 connections, of the ordinary application's",
            10,
            100
            * median(
                ours.p99_ms / theirs.p99_ms
                for ours, theirs in zip(measured[Run("ours", 32)], measured[Run("baseline", 32)], strict=True)
            ),
            "%",
        ),
        at_least(
            "events a second, 32 connections, ÷ one transaction an event",
            2.5,
            ratio(measured, Run("ours", 32), Run("one", 32)),
            TIMES,
        ),
        at_least(
            "events a second, 128 connections, of validation alone",
            60,
            100 * ratio(measured, Run("ours", 128), Run("accept", 128)),
            "%",
        ),
        at_least(
            "repeats of open alerts, 128 connections, of validation alone",
            60,
            100 * ratio(measured, Run(REPEATS, 128), Run("accept", 128)),
            "%",
        ),
        at_most(
            "p50 at one connection ÷ one transaction an event",
            2,
            median(
                ours.p50_ms / one.p50_ms
                for ours, one in zip(measured[Run("ours", 1)], measured[Run("one", 1)], strict=True)
            ),
            TIMES,
        ),
        at_most("memory of `tocsin http` after the load", 150, resident, "MB"),
    ]


def ratio(measured: Measured, run: Run, other: Run) -> float:
    """The median over rounds of the ratio inside a round: what disturbs the machine disturbs both."""
    pairs = zip(measured[run], measured[other], strict=True)
    return median(rate(ours) / rate(theirs) for ours, theirs in pairs)


def rate(sent: Sent) -> float:
    return sent.accepted / sent.seconds


def details(measured: Measured) -> Rows:
    return {f"{run.variant}, {run.connections} connections": summary(sents) for run, sents in sorted(measured.items())}


def summary(sents: list[Sent]) -> dict[str, float]:
    return {
        "events a second": round(median(map(rate, sents))),
        "p50 ms": round(median(sent.p50_ms for sent in sents), 2),
        "p99 ms": round(median(sent.p99_ms for sent in sents), 2),
        "server CPU µs an event": round(median(1e6 * sent.cpu_seconds["server"] / sent.accepted for sent in sents)),
        "PostgreSQL CPU µs an event": round(
            median(1e6 * sent.cpu_seconds["postgres"] / sent.accepted for sent in sents)
        ),
    }
