"""How often one address, or one account, may try a secret."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.ports.rate_limiter import RateLimiter
from domain.shared.quota import Quota

# Ten at once, then ten a minute.
QUOTA: Final = Quota(burst=10, refill=timedelta(seconds=6))


@dataclass(frozen=True, slots=True)
class AttemptLimiter:
    limiter: RateLimiter

    async def spend(self, *keys: str) -> None:
        """Take a try of every key, or of none. Raises `RateLimitedError` when one has none left."""
        await self.limiter.spend([f"attempt:{key}" for key in keys], quota=QUOTA)
