"""Whose key is it: remembered, because a storm asks the same question thousands of times a second.

Whoever changes what decides an event's way gives a hint with the commit, and on a hint everything is forgotten. So an
answer is out of date for as long as a hint takes, some milliseconds; and while no hints can come, for
`BRIEFLY_SECONDS`. A connection for hints that dies without a word stretches that until its next check notices.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Final, NamedTuple

from application.ports.errors import TransientPortError
from application.ports.intake import IntakeTarget

# Whatever becomes of the hints, no answer is out of date for longer.
REMEMBERED_SECONDS: Final = 60.0
# What ends without a hint is asked for again so soon: a key that is nobody's yet, and a rotated one in its overlap.
BRIEFLY_SECONDS: Final = 1.0
# Guesses must not fill the memory.
MOST: Final = 10_000

type LookUp = Callable[[bytes], Awaitable[IntakeTarget | None]]
type LookUpMany = Callable[[Sequence[bytes]], Awaitable[Mapping[bytes, IntakeTarget]]]


class _Entry(NamedTuple):
    until: float
    target: asyncio.Future[IntakeTarget | None]


def briefly() -> float:
    """For those who get no hints."""
    return BRIEFLY_SECONDS


class Targets:
    def __init__(
        self,
        look_up: LookUp,
        remembered_seconds: Callable[[], float] = briefly,
        elapsed_seconds: Callable[[], float] = monotonic,
        *,
        outlive_storage: bool = False,
    ) -> None:
        """`remembered_seconds` says for how long an answer may be remembered that is asked for now.

        To `outlive_storage` is to answer with what was known last while storage is away. It is for those who can keep
        what is let in, until storage can be asked whether that was right.
        """
        self._last_known: OrderedDict[str, IntakeTarget] | None = OrderedDict() if outlive_storage else None
        self._look_up = look_up
        self._remembered_seconds = remembered_seconds
        self._elapsed_seconds = elapsed_seconds
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    async def of(self, key: str) -> IntakeTarget | None:
        """None: nobody's key. Raises `TransientPortError` when storage is away and nothing is remembered."""
        entry = self._entries.get(key)
        if entry is not None and entry.until > self._elapsed_seconds():
            # A shield is a future of its own, which only those who must wait need.
            return entry.target.result() if entry.target.done() else await asyncio.shield(entry.target)
        return await self._ask(key)

    def forget(self) -> None:
        """Whoever asks from now on is told what is stored now, also when the same is being looked up already."""
        self._entries.clear()

    async def _ask(self, key: str) -> IntakeTarget | None:
        # The answer may be as old as the question, so its time begins here.
        asked_at, remembered_seconds = self._elapsed_seconds(), self._remembered_seconds()
        key_hash = hash_of(key)
        target: asyncio.Future[IntakeTarget | None] = asyncio.get_running_loop().create_future()
        entry = self._entries[key] = _Entry(asked_at + BRIEFLY_SECONDS, target)
        self._entries.move_to_end(key)
        if len(self._entries) > MOST:
            self._entries.popitem(last=False)
        try:
            found = await self._look_up(key_hash)
        except TransientPortError as error:
            known = None if self._last_known is None else self._last_known.get(key)
            if known is None:
                self._give_up(key, entry, error)
                raise
            target.set_result(known)  # and is remembered briefly, or everybody would wait for storage to fail again
            return known
        except BaseException as error:
            self._give_up(key, entry, error)
            raise
        target.set_result(found)
        self._know(key, found)
        # Only where it was not forgotten meanwhile: it may be from before the change that the hint was about.
        if found is not None and found.integration.key_hash == key_hash and self._entries.get(key) is entry:
            self._entries[key] = _Entry(asked_at + remembered_seconds, target)
        return found

    def _give_up(self, key: str, entry: _Entry, error: BaseException) -> None:
        if self._entries.get(key) is entry:
            del self._entries[key]
        if not entry.target.done():
            entry.target.set_exception(error)
            entry.target.exception()  # retrieved here: nobody else may be waiting for it

    def _know(self, key: str, found: IntakeTarget | None) -> None:
        if self._last_known is None:
            return
        if found is None:
            self._last_known.pop(key, None)
            return
        self._last_known[key] = found
        self._last_known.move_to_end(key)
        if len(self._last_known) > MOST:
            self._last_known.popitem(last=False)


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
