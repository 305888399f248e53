"""The servers that are compared, each a process: the real one, and the real one with one part exchanged.

`python -m tests.bench.servers ROLE`, set up by the environment as the product is.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Final

from dishka import AsyncContainer

from adapters.inbound.intake.group_commit import GroupCommit
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
    return GroupCommit(http.group_commit(container).ingest, writers=Settings().database_pool, most=1)


def accepting(container: AsyncContainer) -> GroupCommit:
    return Accepting(http.group_commit(container).ingest)


def main() -> int:
    role = sys.argv[1]
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
OTHERS: Final[dict[str, Callable[[], int]]] = {
    "baseline": _baseline,
    "worker": lambda: run_worker(load()),
}

if __name__ == "__main__":
    sys.exit(main())
