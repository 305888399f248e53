import asyncio
from collections.abc import Callable

from application.ports.offload import Offload


class ThreadOffload(Offload):
    """In a thread: the loop goes on with others, by turns of some milliseconds."""

    async def run[Result](self, work: Callable[[], Result]) -> Result:
        return await asyncio.to_thread(work)


class InlineOffload(Offload):
    """At once, and deterministic: for simulations, where nobody else waits."""

    async def run[Result](self, work: Callable[[], Result]) -> Result:
        return work()
