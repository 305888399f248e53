"""What may wait in the spill, for whoever is about to miss it.

A heartbeat, a sender that is to speak again before its alert expires, an integration that is watched for silence: right
after storage is back each of them may have been heard, and nobody here knows it yet.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from adapters.inbound.deadlines.loop import DeadlineLoop
from application.ports.clock import Clock
from application.ports.errors import TransientPortError
from application.ports.spill import Spill

# A spill that nobody empties must not keep everything from being missed for ever. What is missed wrongly then is heard
# when its sign is stored, which ends its alert.
MOST: Final = timedelta(minutes=15)
# Whoever asks about what is due asks again at least so often; a longer pause ends one wait and another begins.
FORGOTTEN_AFTER: Final = timedelta(minutes=1)
ANSWER_SECONDS: Final = 5.0

_log = structlog.get_logger()


@dataclass(slots=True)
class SpilledSigns:
    """Asked whenever something seems to be missing."""

    spill: Spill
    clock: Clock
    _since: datetime | None = None
    _asked_at: datetime | None = None

    def holding_back(self, loop: DeadlineLoop) -> DeadlineLoop:
        """The same loop, which misses nothing while it may wait in the spill."""

        def is_due(deadline: datetime | None) -> bool:
            return deadline is not None and deadline <= self.clock.now()

        async def tick() -> bool:
            is_held_back = is_due(await loop.earliest()) and await self.may_wait()
            return False if is_held_back else await loop.tick()

        async def earliest() -> datetime | None:
            deadline = await loop.earliest()
            return None if is_due(deadline) else deadline  # what is held back, the next poll looks at, not at once

        return replace(loop, tick=tick, earliest=earliest)

    async def may_wait(self) -> bool:
        """Whether one may be there that is not stored yet. Not for longer than `MOST`, whatever is there."""
        at = self.clock.now()
        if self._asked_at is not None and at - self._asked_at > FORGOTTEN_AFTER:
            self._since = None
        self._asked_at = at
        if not await self._may_hold_any():
            self._since = None
            return False
        if self._since is None:
            self._since = at
            _log.warning("missing_held_back")
        return at - self._since < MOST

    async def _may_hold_any(self) -> bool:
        """A spill that does not answer may."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self.spill.holds_any()
        except (TransientPortError, TimeoutError) as error:
            _log.warning("spill_unreachable", reason=str(error))
            return True
