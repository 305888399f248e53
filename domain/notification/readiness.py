"""Whether somebody could be paged tonight, from what is known without asking them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from domain.notification.contact import Contact
from domain.notification.proof import ContactProof
from domain.notification.rule import counted
from domain.shared.ids import ContactId


class ReadinessFinding(StrEnum):
    """What stands against it, worst first."""

    INACTIVE = "inactive"
    NO_CONTACT = "no_contact"
    CONTACT_REFUSES = "contact_refuses"
    CONTACT_BROKEN = "contact_broken"
    NO_VERIFIED_CONTACT = "no_verified_contact"
    NEVER_PROVEN = "never_proven"
    ONE_CHANNEL = "one_channel"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    ReadinessFinding.INACTIVE: "is not active, so nobody pages them",
    ReadinessFinding.NO_CONTACT: "has no contact",
    ReadinessFinding.CONTACT_REFUSES: "has a contact that took no message when it was last tried",
    ReadinessFinding.CONTACT_BROKEN: "has a contact whose address is none that its channel could reach",
    ReadinessFinding.NO_VERIFIED_CONTACT: "has no contact that was verified",
    ReadinessFinding.NEVER_PROVEN: "never confirmed that a test page arrived",
    ReadinessFinding.ONE_CHANNEL: "can be reached by one channel only",
}


class Found(NamedTuple):
    finding: ReadinessFinding
    contact_id: ContactId | None = None  # which contact, when it is about one


def findings(contacts: Sequence[Contact], proofs: Mapping[ContactId, ContactProof]) -> tuple[Found, ...]:
    """Of an active person. None: they can be reached, by two channels at least, and said so once.

    Only contacts that count are looked at: no page goes to the others.
    """
    if not contacts:
        return (Found(ReadinessFinding.NO_CONTACT),)
    contacts = counted(contacts)
    known = [proofs[contact.id] for contact in contacts if contact.id in proofs]
    found = [Found(ReadinessFinding.CONTACT_REFUSES, proof.contact_id) for proof in known if proof.is_refusing]
    found += [Found(ReadinessFinding.CONTACT_BROKEN, contact.id) for contact in contacts if contact.fault is not None]
    if all(contact.verified_at is None for contact in contacts):
        found.append(Found(ReadinessFinding.NO_VERIFIED_CONTACT))
    if all(proof.confirmed_at is None for proof in known):
        found.append(Found(ReadinessFinding.NEVER_PROVEN))
    if len({contact.channel for contact in contacts}) == 1:
        found.append(Found(ReadinessFinding.ONE_CHANNEL))
    return tuple(found)
