from dataclasses import dataclass
from datetime import datetime

from application.audit.record import RecordAudit
from application.errors import RateLimitedError
from application.identity.self_or_admin import require_self_or_admin
from application.identity.verify_contact import held_contact
from application.ports.clock import Clock
from application.ports.errors import TransientPortError
from application.ports.notifier import Outcome
from application.ports.randomness import Randomness
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from application.ports.verifications import VerificationRepository, VerificationSender
from domain.identity.actor import Actor
from domain.notification.contact import Contact
from domain.notification.verification import CODE_RANDOM_BYTES, ContactVerification, code_of, first_code_sent
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import ContactId, UserId


@dataclass(frozen=True, slots=True)
class RequestContactVerification:
    """A user, or an admin for them, has a code sent to a contact; whoever reads it there confirms the contact.

    The code is stored before it is sent, so that the limits hold whatever becomes of the message.
    """

    users: UserRepository
    verifications: VerificationRepository
    sender: VerificationSender
    randomness: Randomness
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, user_id: UserId, contact_id: ContactId, *, actor: Actor) -> datetime:
        """Until when the code is good.

        Raises `ForbiddenError`, `NotFoundError`, `IllegalTransitionError` when it is verified, `RateLimitedError`,
        `InvalidValueError` when the channel refuses the address, `TransientPortError` when it cannot be reached.
        """
        require_self_or_admin(actor, user_id)
        code = code_of(self.randomness.secret(CODE_RANDOM_BYTES))
        async with self.transaction:
            at = self.clock.now()
            _, contact = await held_contact(self.users, user_id, contact_id)
            if contact.verified_at is not None:
                raise IllegalTransitionError("contact", "verified", "verified")
            verification = await self._next(contact_id, code, at)
            await self.verifications.save(verification)
            await self.record_audit(
                "user.request_contact_verification",
                user_id,
                actor=actor,
                at=at,
                after={"contact_id": str(contact_id), "channel": contact.channel.value, "address": contact.address},
            )
        await self._send(contact, code)
        return verification.expires_at

    async def _next(self, contact_id: ContactId, code: str, at: datetime) -> ContactVerification:
        before = await self.verifications.of(contact_id)
        if before is None:
            return first_code_sent(contact_id, code, at=at)
        if wait := before.wait_before_next(at=at):
            raise RateLimitedError(wait)
        return before.renewed(code, at=at)

    async def _send(self, contact: Contact, code: str) -> None:
        """Without an answer it may have arrived: the user will see, and asks for another one if not."""
        delivery = await self.sender.send(contact, code)
        match delivery.outcome:
            case Outcome.REJECTED:
                raise InvalidValueError("address", f"cannot be reached: {delivery.detail}")
            case Outcome.RETRY:
                raise TransientPortError(f"the code could not be sent: {delivery.detail}")
            case _:
                return
