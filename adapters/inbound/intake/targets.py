"""Whose key is it: remembered for a moment, because a storm asks the same question thousands of times a second."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Final, NamedTuple

from application.ports.errors import TransientPortError
from application.ports.intake import IntakeTarget

# So long a rotated key or an edited policy may still count as it was.
REMEMBERED_SECONDS: Final = 1.0
# Guesses must not fill the memory.
MOST: Final = 10_000

type LookUp = Callable[[bytes], Awaitable[IntakeTarget | None]]
type LookUpMany = Callable[[Sequence[bytes]], Awaitable[Mapping[bytes, IntakeTarget]]]


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
            # A shield is a future of its own, which only those who must wait need.
            return entry.target.result() if entry.target.done() else await asyncio.shield(entry.target)
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


class SharedLookUps:
    """Answers many single questions with one query: what is asked while it is under way is asked by the next.

    With thousands of integrations, keys are forgotten as quickly as events come, and a query each would cost more
    than storing the events.
    """

    def __init__(self, look_up: LookUpMany) -> None:
        self._look_up = look_up
        self._asked: dict[bytes, asyncio.Future[IntakeTarget | None]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self, key_hash: bytes) -> IntakeTarget | None:
        """None: nobody's key. Raises what the query raises."""
        answer = self._asked.get(key_hash)
        if answer is None:
            answer = self._asked[key_hash] = asyncio.get_running_loop().create_future()
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(answer)

    async def _ask(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, {}
                await self._ask_for(asked)
        finally:
            self._asking = None

    async def _ask_for(self, asked: Mapping[bytes, asyncio.Future[IntakeTarget | None]]) -> None:
        try:
            found = await self._look_up(list(asked))
        except BaseException as error:
            for answer in asked.values():
                answer.set_exception(error if isinstance(error, Exception) else TransientPortError("stopping"))
                answer.exception()  # retrieved here: whoever asked may have gone
            if not isinstance(error, Exception):
                raise
        else:
            for key_hash, answer in asked.items():
                answer.set_result(found.get(key_hash))


def hash_of(key: str) -> bytes:
    """How an integration's key is kept."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
