"""From an accepted event to the page in the mail server's hands: HTTP server, worker and PostgreSQL as they are run."""

import contextlib
import json
from typing import Final

from tests.bench import machine
from tests.bench.load import at
from tests.bench.report import Figure, at_least, at_most
from tests.bench.world import SECRET_KEY, World

RATE: Final = 200.0
WARM_UP_SECONDS: Final = 2.0  # pools, plans and connections to the mail server are made only once
TARGET_MS: Final = 100.0


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
        }
        http = ("tests.bench.servers", "ours")
        stack.enter_context(machine.running(*http, port=http_port, log=world.log, environment=settings))
        settings["TOCSIN_METRICS_ADDRESS"] = f"127.0.0.1:{metrics_port}"  # where it listens once it works
        worker = ("tests.bench.servers", "worker")
        working = stack.enter_context(machine.running(*worker, port=metrics_port, log=world.log, environment=settings))
        _send(world, http_port, seconds=WARM_UP_SECONDS, first=0)
        cpu_then = machine.cpu_seconds(working.pid)
        sent, accepted = _send(world, http_port, seconds=seconds, first=1_000_000)
        used = machine.cpu_seconds(working.pid) - cpu_then
        mail.terminate()
        paged = _numbers(json.loads(machine.answer_of(mail, log=world.log)))
    return [
        *figures(sent, accepted, paged),
        at_most("worker, CPU of a page", None, 1000 * used / len(sent), "ms"),
    ]


def _send(world: World, port: int, *, seconds: float, first: int) -> tuple[dict[int, float], dict[int, float]]:
    options = {"--port": port, "--connections": 16, "--seconds": seconds, "--rate": RATE, "--first": first}
    words = [str(word) for pair in options.items() for word in pair]
    process = machine.start("tests.bench.load", *words, log=world.log, environment={})
    try:
        answer = json.loads(machine.answer_of(process, log=world.log))
    finally:
        machine.stop(process)
    return _numbers(answer["sent"]), _numbers(answer["accepted"])


def _numbers(members: dict[str, float]) -> dict[int, float]:
    return {int(name): value for name, value in members.items()}


def figures(sent: dict[int, float], accepted: dict[int, float], paged: dict[int, float]) -> list[Figure]:
    from_accepted = sorted(
        paged[number] - accepted[number] for number in sent if number in paged and number in accepted
    )
    from_sent = sorted(paged[number] - sent[number] for number in sent if number in paged)
    name = f"at {RATE:g} events a second"
    return [
        at_least(f"events paged {name}", 100, 100 * len(from_sent) / len(sent), "%"),
        at_most(f"accepted → page handed over {name}, p99", TARGET_MS, at(from_accepted, 0.99), "ms"),
        at_most(f"accepted → page handed over {name}, p50", None, at(from_accepted, 0.5), "ms"),
        at_most(f"sent → page handed over {name}, p50", None, at(from_sent, 0.5), "ms"),
        at_most(f"sent → page handed over {name}, p99", None, at(from_sent, 0.99), "ms"),
    ]
