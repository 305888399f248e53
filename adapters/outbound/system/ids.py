from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import uuid_utils
from asyncpg.pgproto import pgproto

from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.randomness import Randomness

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
# RFC 9562, section 5.7: 48 bits of milliseconds, 4 of version, 12 of chance, 2 of variant, 62 of chance
_CHANCE_BITS: Final = 74
_LOW_BITS: Final = 62
_VERSION: Final = 0x7
_VARIANT: Final = 0b10
# RFC 9562, section 6.2, method 2: within a millisecond the chance is a counter that moves on by a random step
_STEP_BYTES: Final = 4


class UuidFactory(IdFactory):
    """UUIDs of the driver's own class, as those that it reads: made, hashed and compared in a third of the time."""

    def new(self) -> UUID:
        return pgproto.UUID(uuid_utils.uuid7().bytes)


class SeededIdFactory(IdFactory):
    """The same ids from the same seed and the same times: for simulations and tests."""

    def __init__(self, clock: Clock, randomness: Randomness) -> None:
        self._clock = clock
        self._randomness = randomness
        self._last = 0  # milliseconds and chance of the last one, without version and variant

    def new(self) -> UUID:
        milliseconds = (self._clock.now() - _EPOCH) // _MILLISECOND
        if milliseconds > self._last >> _CHANCE_BITS:
            # One bit short of all, so that the counter has room.
            chance = int.from_bytes(self._randomness.secret(10)) >> (80 - _CHANCE_BITS + 1)
            self._last = milliseconds << _CHANCE_BITS | chance
        else:
            self._last += 1 + int.from_bytes(self._randomness.secret(_STEP_BYTES))
        above, low = divmod(self._last, 1 << _LOW_BITS)
        stamp, high = divmod(above, 1 << (_CHANCE_BITS - _LOW_BITS))
        return UUID(int=((stamp << 4 | _VERSION) << 12 | high) << 64 | _VARIANT << _LOW_BITS | low)
