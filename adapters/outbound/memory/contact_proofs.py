from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from application.ports.contact_proofs import ContactProofs, Tried
from application.ports.notifier import Outcome
from domain.notification.contact import Channel
from domain.notification.proof import ContactProof
from domain.shared.ids import ContactId, UserId


@dataclass(frozen=True, slots=True)
class MemoryContactProofs(ContactProofs):
    session: MemorySession

    async def record(self, tries: Sequence[Tried]) -> None:
        for each in tries:
            for contact_id in self._contacts(each.user_id, each.channel, each.address):
                proof = self._of(contact_id)
                self.session.database.contact_proofs[contact_id] = replace(
                    proof,
                    attempted_at=_later(proof.attempted_at, each.at),
                    delivered_at=_later(proof.delivered_at, each.at if each.outcome is Outcome.DELIVERED else None),
                    refused_at=_later(proof.refused_at, each.at if each.outcome is Outcome.REJECTED else None),
                )

    async def confirm(self, user_id: UserId, channel: Channel, address: str, *, at: datetime) -> bool:
        contacts = list(self._contacts(user_id, channel, address))
        for contact_id in contacts:
            proof = self._of(contact_id)
            self.session.database.contact_proofs[contact_id] = replace(
                proof, confirmed_at=_later(proof.confirmed_at, at)
            )
        return bool(contacts)

    async def of_users(self, user_ids: Collection[UserId]) -> Mapping[ContactId, ContactProof]:
        database = self.session.database
        contacts = {contact.id for user_id in user_ids for contact in database.contacts.get(user_id, ())}
        return {each: database.contact_proofs[each] for each in contacts if each in database.contact_proofs}

    def _contacts(self, user_id: UserId, channel: Channel, address: str) -> Iterator[ContactId]:
        for contact in self.session.database.contacts.get(user_id, ()):
            if (contact.channel, contact.address) == (channel, address):
                yield contact.id

    def _of(self, contact_id: ContactId) -> ContactProof:
        return self.session.database.contact_proofs.get(contact_id, ContactProof(contact_id=contact_id))


def _later(known: datetime | None, new: datetime | None) -> datetime | None:
    return max((each for each in (known, new) if each is not None), default=None)
