from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.audit.record import RecordAudit
from application.identity.self_or_admin import require_self_or_admin
from application.identity.verify_contact import held_contact
from application.ports.clock import Clock
from application.ports.contact_secrets import ContactSecrets
from application.ports.tokens import SecretFactory
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.notification.contact import SIGNED
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ContactId, UserId

SECRET_OVERLAP: Final = timedelta(hours=24)  # as for the keys of integrations


@dataclass(frozen=True, slots=True)
class RotateContactSecret:
    """A user, or an admin for them, takes a new secret that messages to a webhook are signed with from now on.

    It is shown this once. The one before signs beside it for a day, so that the receiver can be told in its own time.
    """

    users: UserRepository
    contact_secrets: ContactSecrets
    secrets: SecretFactory
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, user_id: UserId, contact_id: ContactId, *, actor: Actor) -> str:
        """Raises `ForbiddenError`, `NotFoundError`, and `InvalidValueError` for a channel that signs nothing."""
        require_self_or_admin(actor, user_id)
        async with self.transaction:
            _, contact = await held_contact(self.users, user_id, contact_id)
            if contact.channel not in SIGNED:
                raise InvalidValueError("contact", f"is on {contact.channel}, which signs nothing")
            secret = self.secrets.webhook_secret()
            at = self.clock.now()
            await self.contact_secrets.put(contact_id, secret, old_until=at + SECRET_OVERLAP)
            await self.record_audit(
                "user.rotate_contact_secret",
                user_id,
                actor=actor,
                at=at,
                after={"contact_id": str(contact_id), "channel": contact.channel.value, "address": contact.address},
            )
            return secret
