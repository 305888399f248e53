from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from adapters.inbound.intake.group_commit import GroupCommit
from application.alert.set_aside import dead_letter
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.intake import DeadLetter
from domain.shared.ids import IntegrationId


@dataclass(frozen=True, slots=True)
class SettingAside:
    """Keeps a body as a dead letter; while storage is away, in the spill."""

    store: Callable[[DeadLetter], Awaitable[None]]
    commits: GroupCommit
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        body: bytes,
        *,
        reason: str,
        source: str,
        integration_id: IntegrationId | None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Raises `TransientPortError` when neither takes it."""
        letter = dead_letter(
            self.ids.new(),
            body,
            reason=reason,
            source=source,
            integration_id=integration_id,
            at=self.clock.now(),
            headers=headers,
        )
        await self.commits.keep(lambda: self.store(letter), lambda spill: spill.put_letter(letter))
