"""From an accepted event to the page in the mail server's hands: HTTP server, worker and PostgreSQL as they are run."""

import contextlib
import json
from typing import Final

from tests.bench import machine
from tests.bench.load import at
from tests.bench.report import Figure, at_least, at_most
from tests.bench.world import SECRET_KEY, World

RATES: Final = {200.0: 15.0, 1_000.0: 40.0}  # events a second, and how many ms a page may take (p99)
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
        mail.terminate()
        paged = _numbers(json.loads(machine.answer_of(mail, log=world.log)))
    pages = sum(map(len, sent.values()))
    return [
        *(figure for rate, target in RATES.items() for figure in figures(rate, target, sent[rate], accepted, paged)),
        at_most("worker, CPU of a page", None, 1000 * used / pages, "ms"),
    ]


def _send(
    world: World, port: int, *, rate: float, seconds: float, first: int
) -> tuple[dict[int, float], dict[int, float]]:
    options = {"--port": port, "--connections": 16, "--seconds": seconds, "--rate": rate, "--first": first}
    words = [str(word) for pair in options.items() for word in pair]
    process = machine.start("tests.bench.load", *words, log=world.log, environment={})
    try:
        answer = json.loads(machine.answer_of(process, log=world.log))
    finally:
        machine.stop(process)
    return _numbers(answer["sent"]), _numbers(answer["accepted"])


def _numbers(members: dict[str, float]) -> dict[int, float]:
    return {int(name): value for name, value in members.items()}


def figures(
    rate: float, target_ms: float, sent: dict[int, float], accepted: dict[int, float], paged: dict[int, float]
) -> list[Figure]:
    from_accepted = sorted(
        paged[number] - accepted[number] for number in sent if number in paged and number in accepted
    )
    from_sent = sorted(paged[number] - sent[number] for number in sent if number in paged)
    name = f"at {rate:,g} events a second"
    return [
        at_least(f"events paged {name}", 100, 100 * len(from_sent) / len(sent), "%"),
        at_most(f"accepted → page handed over {name}, p99", target_ms, at(from_accepted, 0.99), "ms"),
        at_most(f"accepted → page handed over {name}, p50", None, at(from_accepted, 0.5), "ms"),
        at_most(f"sent → page handed over {name}, p50", None, at(from_sent, 0.5), "ms"),
        at_most(f"sent → page handed over {name}, p99", None, at(from_sent, 0.99), "ms"),
    ]
