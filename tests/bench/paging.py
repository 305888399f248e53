"""From an accepted event to the page in the mail server's hands: HTTP server, worker and PostgreSQL as they are run."""

import contextlib
import json
import time
from collections.abc import Iterator
from subprocess import Popen
from typing import Final

from tests.bench import machine
from tests.bench.load import at
from tests.bench.report import Figure, at_least, at_most
from tests.bench.world import SECRET_KEY, World

RATES: Final = {200.0: 15.0, 1_000.0: 40.0}  # events a second, and how many ms a page may take (p99)
# Beside a storm: ten times as many events of other alerts, which are firing already after their first.
STORMY_RATE: Final = 200.0
STORMY_MS: Final = 100.0
STORM_RATE: Final = 2_000.0
STORM_KEYS: Final = 100
STORM_FIRST: Final = 900_000_000
STORM_AHEAD_SECONDS: Final = 2.0  # until its own pages have left
WARM_UP_SECONDS: Final = 2.0  # pools, plans and connections to the mail server are made only once
# Pages are measured one by one here; how many of them one person gets as messages of their own is no question.
MESSAGES_PER_MINUTE: Final = 10_000


def measure(world: World, *, seconds: float) -> list[Figure]:
    http_port, smtp_port, metrics_port = (machine.free_port() for _ in range(3))
    with contextlib.ExitStack() as stack:
        sink = ("tests.bench.smtp_sink", str(smtp_port))
        mail = stack.enter_context(machine.running(*sink, port=smtp_port, log=world.log, environment={}))
        settings = {
            "TOCSIN_DATABASE_URL": stack.enter_context(world.database("paging")),
            "TOCSIN_SECRET_KEY": SECRET_KEY,
            "TOCSIN_HTTP_ADDRESS": f"127.0.0.1:{http_port}",
            "TOCSIN_SMTP_HOST": "127.0.0.1",
            "TOCSIN_SMTP_PORT": str(smtp_port),
            "TOCSIN_SMTP_TLS": "none",
            "TOCSIN_SMTP_SENDER": "tocsin@example.test",
            "TOCSIN_CONTACT_MESSAGES_PER_MINUTE": str(MESSAGES_PER_MINUTE),
        }
        http = ("tests.bench.servers", "ours")
        stack.enter_context(machine.running(*http, port=http_port, log=world.log, environment=settings))
        settings["TOCSIN_METRICS_ADDRESS"] = f"127.0.0.1:{metrics_port}"  # where it listens once it works
        worker = ("tests.bench.servers", "worker")
        working = stack.enter_context(machine.running(*worker, port=metrics_port, log=world.log, environment=settings))
        _send(world, http_port, rate=min(RATES), seconds=WARM_UP_SECONDS, first=0)
        cpu_then = machine.cpu_seconds(working.pid)
        sent, accepted = dict[float, dict[int, float]](), dict[int, float]()
        for place, rate in enumerate(RATES, start=1):
            of_rate, accepted_then = _send(world, http_port, rate=rate, seconds=seconds, first=place * 1_000_000)
            sent[rate] = of_rate
            accepted |= accepted_then
        used = machine.cpu_seconds(working.pid) - cpu_then
        storm = stack.enter_context(
            _sender(
                world,
                http_port,
                rate=STORM_RATE,
                seconds=STORM_AHEAD_SECONDS + seconds,
                first=STORM_FIRST,
                keys=STORM_KEYS,
            )
        )
        time.sleep(STORM_AHEAD_SECONDS)
        beside, accepted_then = _send(world, http_port, rate=STORMY_RATE, seconds=seconds, first=9_000_000)
        accepted |= accepted_then
        stormed = json.loads(machine.answer_of(storm, log=world.log))
        mail.terminate()
        paged = _numbers(json.loads(machine.answer_of(mail, log=world.log)))
    pages = sum(map(len, sent.values()))
    stormy = f"at {STORMY_RATE:,g} events a second, beside {STORM_RATE:,g} of other alerts"
    return [
        *(
            figure
            for rate, target in RATES.items()
            for figure in figures(f"at {rate:,g} events a second", target, sent[rate], accepted, paged)
        ),
        *figures(stormy, STORMY_MS, beside, accepted, paged),
        at_least("of those, accepted", 99, 100 * len(stormed["accepted"]) / len(stormed["sent"]), "%"),
        at_most("worker, CPU of a page", None, 1000 * used / pages, "ms"),
    ]


def _send(
    world: World, port: int, *, rate: float, seconds: float, first: int
) -> tuple[dict[int, float], dict[int, float]]:
    with _sender(world, port, rate=rate, seconds=seconds, first=first) as process:
        answer = json.loads(machine.answer_of(process, log=world.log))
    return _numbers(answer["sent"]), _numbers(answer["accepted"])


@contextlib.contextmanager
def _sender(
    world: World, port: int, *, rate: float, seconds: float, first: int, keys: int | None = None
) -> Iterator[Popen[str]]:
    options = {"--port": port, "--connections": 16, "--seconds": seconds, "--rate": rate, "--first": first}
    words = [str(word) for pair in options.items() for word in pair]
    if keys is not None:
        words += ["--keys", str(keys)]
    process = machine.start("tests.bench.load", *words, log=world.log, environment={})
    try:
        yield process
    finally:
        machine.stop(process)


def _numbers(members: dict[str, float]) -> dict[int, float]:
    return {int(name): value for name, value in members.items()}


def figures(
    name: str, target_ms: float, sent: dict[int, float], accepted: dict[int, float], paged: dict[int, float]
) -> list[Figure]:
    from_accepted = sorted(
        paged[number] - accepted[number] for number in sent if number in paged and number in accepted
    )
    from_sent = sorted(paged[number] - sent[number] for number in sent if number in paged)
    return [
        at_least(f"events paged {name}", 100, 100 * len(from_sent) / len(sent), "%"),
        at_most(f"accepted → page handed over {name}, p99", target_ms, at(from_accepted, 0.99), "ms"),
        at_most(f"accepted → page handed over {name}, p50", None, at(from_accepted, 0.5), "ms"),
        at_most(f"sent → page handed over {name}, p50", None, at(from_sent, 0.5), "ms"),
        at_most(f"sent → page handed over {name}, p99", None, at(from_sent, 0.99), "ms"),
    ]
