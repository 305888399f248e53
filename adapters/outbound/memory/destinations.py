from dataclasses import dataclass, field

from application.ports.destinations import Destinations
from domain.shared.errors import InvalidValueError
from domain.subscription.subscription import SubscriptionKind


@dataclass(slots=True)
class MemoryDestinations(Destinations):
    """Everywhere but where it is told."""

    blocked: set[str] = field(default_factory=set, init=False)

    async def check(self, kind: SubscriptionKind, address: str) -> None:
        if address in self.blocked:
            raise InvalidValueError("address", "is not one that messages may be sent to")
