"""Signs of life that may wait in the spill, for whoever is about to miss them."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from application.ports.clock import Clock
from application.ports.errors import TransientPortError
from application.ports.spill import Spill

# A spill that nobody empties must not keep every heartbeat from being missed for ever. What is missed wrongly then is
# heard when its sign is stored, which ends its alert.
MOST: Final = timedelta(minutes=15)
# Whoever asks about what is due asks again at least so often; a longer pause ends one wait and another begins.
FORGOTTEN_AFTER: Final = timedelta(minutes=1)
ANSWER_SECONDS: Final = 5.0

_log = structlog.get_logger()


@dataclass(slots=True)
class SpilledSigns:
    """Asked whenever a sign of life seems to be missing."""

    spill: Spill
    clock: Clock
    _since: datetime | None = None
    _asked_at: datetime | None = None

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
            _log.warning("heartbeats_held_back")
        return at - self._since < MOST

    async def _may_hold_any(self) -> bool:
        """A spill that does not answer may."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self.spill.holds_any()
        except (TransientPortError, TimeoutError) as error:
            _log.warning("spill_unreachable", reason=str(error))
            return True
