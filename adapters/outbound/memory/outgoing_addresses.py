from dataclasses import dataclass, field

from application.ports.outgoing_addresses import OutgoingAddresses
from domain.shared.errors import InvalidValueError
from domain.subscription.subscription import SubscriptionKind


@dataclass(slots=True)
class MemoryAddresses(OutgoingAddresses):
    """Everywhere but where it is told."""

    blocked: set[str] = field(default_factory=set, init=False)

    async def check(self, kind: SubscriptionKind, address: str) -> None:
        await self.check_url(address)

    async def check_url(self, address: str) -> None:
        if address in self.blocked:
            raise InvalidValueError("address", "is not one that messages may be sent to")
