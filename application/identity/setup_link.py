from dataclasses import dataclass
from datetime import datetime

from application.ports.credentials import CredentialRepository
from application.ports.tokens import SecretFactory
from domain.identity.credential import SETUP_LINK_LIFETIME, SetupLink, secret_hash
from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True)
class MakeSetupLink:
    """A new set-up link, in the open transaction; every older one of its user stops working."""

    credentials: CredentialRepository
    secrets: SecretFactory

    async def __call__(self, user_id: UserId, *, at: datetime) -> str:
        """The link's secret, which nobody can be told again."""
        secret = self.secrets.setup_secret()
        await self.credentials.add_setup_link(
            SetupLink(secret_hash=secret_hash(secret), user_id=user_id, expires_at=at + SETUP_LINK_LIFETIME)
        )
        return secret
