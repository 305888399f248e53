"""The servers that are compared, each a process: the real one, and the real one with one part exchanged.

`python -m tests.bench.servers ROLE`, set up by the environment as the product is.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Final

from dishka import AsyncContainer
from prometheus_client import Counter, Gauge, Histogram

from adapters.inbound.intake.group_commit import GroupCommit
from adapters.outbound.postgres import intake
from application.alert.routed import ReceivedEvent
from entrypoints import http_server
from entrypoints.processes import run_http, run_worker
from entrypoints.providers import http
from entrypoints.settings import Settings, load


class Accepting(GroupCommit):
    """Answers as soon as an event is valid, and stores nothing: the most that any storage could reach."""

    async def store(self, events: Sequence[ReceivedEvent]) -> None:
        return

    async def run(self) -> None:
        await asyncio.Event().wait()


def one_a_transaction(container: AsyncContainer) -> GroupCommit:
    """A transaction for each event, as many at once as the pool has connections."""
    ingest = http.group_commit(container).ingest
    return GroupCommit(ingest, writers=Settings().database_pool, enough=1, worth_a_write=0)


def accepting(container: AsyncContainer) -> GroupCommit:
    return Accepting(http.group_commit(container).ingest)


def silence() -> None:
    """What intake stores gives no hint: the same statements, with a function that tells nobody."""
    for name, value in list(vars(intake).items()):
        if isinstance(value, str) and "pg_notify(" in value:
            vars(intake)[name] = value.replace("pg_notify(", "concat(")


def trace_part(part: float) -> None:
    """As `opentelemetry-instrument` sets it up, up to the collector: what is encoded for it goes nowhere."""
    from opentelemetry import trace  # so that only this process pays for the SDK
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

    from tests.bench.span_encoder import SpanEncoder

    provider = TracerProvider(ParentBasedTraceIdRatio(part))
    provider.add_span_processor(BatchSpanProcessor(SpanEncoder()))
    trace.set_tracer_provider(provider)


def count_nothing() -> None:
    """The same calls, which do nothing."""
    for kind in (Counter, Gauge, Histogram):
        for name in ("inc", "dec", "observe"):
            if hasattr(kind, name):
                setattr(kind, name, lambda *_, **__: None)


def main() -> int:
    role = sys.argv[1]
    if role in TELLING:
        TELLING[role]()
        return run_http(load())
    if role in COMMITS:
        vars(http_server)["group_commit"] = COMMITS[role]  # what `serve` makes its server with
        return run_http(load())
    return OTHERS[role]()


def _baseline() -> int:
    from tests.bench.baseline import serve  # so that only this process pays for FastAPI

    serve(load())
    return 0


COMMITS: Final[dict[str, Callable[[AsyncContainer], GroupCommit]]] = {
    "ours": http.group_commit,
    "one": one_a_transaction,
    "accept": accepting,
}
TELLING: Final[dict[str, Callable[[], None]]] = {
    "silent": silence,
    "traced": lambda: trace_part(1),
    "sampled": lambda: trace_part(0.1),
    "uncounted": count_nothing,
}
OTHERS: Final[dict[str, Callable[[], int]]] = {
    "baseline": _baseline,
    "worker": lambda: run_worker(load()),
}

if __name__ == "__main__":
    sys.exit(main())
