"""Signs of life, and whose they are while storage cannot be asked.

A key that was met is remembered, so that the spill takes its pings. Of those that were not, it takes some: a job that
runs once a day may not have been heard since this server began, and whoever guesses keys must not fill the spill.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from adapters.inbound.intake.allowances import Allowances
from adapters.inbound.intake.group_commit import GroupCommit
from application.ports.errors import TransientPortError
from application.ports.heartbeats import ReceivedPing
from application.ports.spill import Spill
from domain.heartbeat.heartbeat import Heartbeat

# Keys that are remembered. One that is forgotten is one that was not met.
MOST: Final = 10_000

type Ping = Callable[[ReceivedPing], Awaitable[Heartbeat | None]]


class Taken(Enum):
    TAKEN = auto()
    NOBODYS = auto()  # no heartbeat has its key
    POST_ONLY = auto()  # its heartbeat takes another method only


@dataclass(frozen=True, slots=True)
class Pings:
    """Stores signs of life, or has the spill keep them while storage is away."""

    ping: Ping
    commits: GroupCommit
    allowances: Allowances
    _is_post_only: OrderedDict[bytes, bool] = field(default_factory=OrderedDict)  # of keys that were met

    async def take(self, received: ReceivedPing) -> Taken:
        """Raises `TransientPortError` when nothing takes it.

        Nobody's key may be taken while storage is away. Its sign is let go when storage is back.
        """
        taken = Taken.TAKEN

        async def store() -> None:
            nonlocal taken
            taken = self._met(received, await self.ping(received))

        async def put(spill: Spill) -> None:
            nonlocal taken
            taken = await self._put(received, spill)

        await self.commits.keep(store, put)
        return taken

    def _met(self, received: ReceivedPing, heartbeat: Heartbeat | None) -> Taken:
        if heartbeat is None:
            self._is_post_only.pop(received.key_hash, None)
            return Taken.NOBODYS
        self._is_post_only[received.key_hash] = heartbeat.is_post_only
        self._is_post_only.move_to_end(received.key_hash)
        if len(self._is_post_only) > MOST:
            self._is_post_only.popitem(last=False)
        return Taken.POST_ONLY if heartbeat.is_post_only and not received.is_post else Taken.TAKEN

    async def _put(self, received: ReceivedPing, spill: Spill) -> Taken:
        is_post_only = self._is_post_only.get(received.key_hash)
        if is_post_only and not received.is_post:
            return Taken.POST_ONLY
        if is_post_only is None and not await self.allowances.may_keep_unmet_ping():
            raise TransientPortError("more pings with keys that were not met yet than are kept")
        await spill.put_ping(received)
        return Taken.TAKEN
