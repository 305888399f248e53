"""What a text message that came back says about its contact: that it arrives, or that no more of them are wanted."""

from dataclasses import dataclass, replace
from datetime import datetime

from application.audit.record import RecordAudit
from application.notification.notify import Notify, Telling
from application.ports.clock import Clock
from application.ports.contact_proofs import ContactProofs
from application.ports.texted_pages import TextedPages
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor, CredentialKind
from domain.notification.contact import Channel, Contact
from domain.notification.fall_back import contact_failed
from domain.shared.ids import UserId
from domain.shared.via import Via


@dataclass(frozen=True, slots=True)
class ConfirmTexts:
    """Whoever writes back from a verified number has got what was sent there. The caller has checked who carries it."""

    pages: TextedPages
    proofs: ContactProofs
    transaction: Transaction
    clock: Clock

    async def __call__(self, address: str) -> None:
        """Nothing, when it is nobody's verified contact."""
        owners = await self.pages.owners(address)
        async with self.transaction:
            at = self.clock.now()
            for user_id in owners:
                await self.proofs.confirm(user_id, Channel.SMS, address, at=at)


@dataclass(frozen=True, slots=True)
class StopTexts:
    """Somebody wants no more messages to their number: it counts no more until it is verified again.

    Its owner is told on every other contact, so that nobody is silent for a word that a child has typed.
    """

    pages: TextedPages
    users: UserRepository
    notify: Notify
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, address: str, *, request_id: str = "") -> None:
        for user_id in await self.pages.owners(address):
            async with self.transaction:
                await self._stop(user_id, address, request_id, self.clock.now())

    async def _stop(self, user_id: UserId, address: str, request_id: str, at: datetime) -> None:
        user = await self.users.get(user_id)
        reachability = await self.users.reachability(user_id)
        stopped = [each for each in reachability.contacts if _is_proven(each, address)]
        contacts = [replace(each, verified_at=None) if each in stopped else each for each in reachability.contacts]
        if not stopped:
            return
        await self.users.save_reachability(user_id, contacts, reachability.rules, quiet_hours=reachability.quiet_hours)
        for contact in stopped:
            notice = contact_failed(contact, detail="it was answered with STOP", at=at)
            await self.notify.each([Telling([user_id], notice, {(contact.channel, contact.address)})], at=at)
        await self.record_audit(
            "user.stop_contact",
            user_id,
            actor=Actor(
                user_id=user_id,
                role=user.role,
                via=Via.SMS,
                credential=CredentialKind.TELEPHONE,
                scopes=frozenset(),
                request_id=request_id,
            ),
            at=at,
            after={"channel": Channel.SMS.value, "address": address},
        )


def _is_proven(contact: Contact, address: str) -> bool:
    return (contact.channel, contact.address) == (Channel.SMS, address) and contact.verified_at is not None
