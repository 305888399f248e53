from dataclasses import dataclass, replace

from application.audit.record import RecordAudit
from application.identity.self_or_admin import require_self_or_admin
from application.identity.verify_contact import held_contact
from application.ports.clock import Clock
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from application.ports.verifications import VerificationRepository
from domain.identity.actor import Actor
from domain.notification.contact import Contact
from domain.notification.verification import TRIES_PER_CODE, ContactVerification, Verdict
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ContactId, UserId


@dataclass(frozen=True, slots=True)
class ConfirmContact:
    """A user, or an admin for them, says the code that arrived: from now on the contact counts."""

    users: UserRepository
    verifications: VerificationRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, user_id: UserId, contact_id: ContactId, *, code: str, actor: Actor) -> Contact:
        """One that is verified stays as it is, whatever the code.

        Raises `ForbiddenError`, `NotFoundError`, and `InvalidValueError` for a code that does not confirm; its try is
        counted all the same.
        """
        require_self_or_admin(actor, user_id)
        async with self.transaction:
            reachability, contact = await held_contact(self.users, user_id, contact_id)
            if contact.verified_at is not None:
                return contact
            before = await self.verifications.of(contact_id)
            if before is None:
                raise InvalidValueError("code", "was never sent to this contact; ask for one")
            at = self.clock.now()
            attempted = before.attempt(code.strip(), at=at)
            await self.verifications.save(attempted.state)
            if attempted.verdict is Verdict.RIGHT:
                verified = replace(contact, verified_at=at)
                contacts = [verified if each.id == contact_id else each for each in reachability.contacts]
                await self.users.save_reachability(
                    user_id, contacts, reachability.rules, quiet_hours=reachability.quiet_hours
                )
                await self.record_audit(
                    "user.verify_contact",
                    user_id,
                    actor=actor,
                    at=at,
                    after={"contact_id": str(contact_id), "channel": contact.channel.value, "address": contact.address},
                )
                return verified
        raise _refusal(attempted.verdict, attempted.state)


def _refusal(verdict: Verdict, state: ContactVerification) -> InvalidValueError:
    match verdict:
        case Verdict.EXPIRED:
            return InvalidValueError("code", "has expired; ask for another one")
        case Verdict.SPENT:
            return InvalidValueError("code", f"was tried {TRIES_PER_CODE} times; ask for another one")
        case _:
            return InvalidValueError("code", f"is not the one that was sent; {state.tries_left} tries are left")
