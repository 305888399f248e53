"""Whose key is it: remembered for a moment, because a storm asks the same question thousands of times a second."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, NamedTuple

from application.ports.intake import IntakeTarget

# So long a rotated key or an edited policy may still count as it was.
REMEMBERED_SECONDS: Final = 1.0
# Guesses must not fill the memory.
MOST: Final = 10_000

type LookUp = Callable[[bytes], Awaitable[IntakeTarget | None]]


class _Entry(NamedTuple):
    until: float
    target: asyncio.Future[IntakeTarget | None]


class Targets:
    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    async def of(self, key: str) -> IntakeTarget | None:
        """None: nobody's key. Raises `TransientPortError` when storage is away and nothing is remembered."""
        entry = self._entries.get(key)
        if entry is not None and entry.until > monotonic():
            return await asyncio.shield(entry.target)
        target: asyncio.Future[IntakeTarget | None] = asyncio.get_running_loop().create_future()
        self._entries[key] = _Entry(monotonic() + REMEMBERED_SECONDS, target)
        self._entries.move_to_end(key)
        if len(self._entries) > MOST:
            self._entries.popitem(last=False)
        try:
            found = await self._look_up(hash_of(key))
        except BaseException as error:
            self._entries.pop(key, None)
            if not target.done():
                target.set_exception(error)
                target.exception()  # retrieved here: nobody else may be waiting for it
            raise
        target.set_result(found)
        return found


def hash_of(key: str) -> bytes:
    """How an integration's key is kept."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
