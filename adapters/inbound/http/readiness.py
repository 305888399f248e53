from datetime import datetime
from typing import Self
from uuid import UUID

import msgspec

from application.identity.team_readiness import MemberReadiness
from domain.notification.contact import Channel, Contact
from domain.notification.proof import ContactProof
from domain.notification.readiness import Found, ReadinessFinding
from domain.shared.urgency import Urgency


class ContactReadinessBody(msgspec.Struct):
    """A contact, and the last time of each that is known of it."""

    id: UUID
    channel: Channel
    address: str
    label: str
    verified_at: datetime | None
    fault: str | None
    attempted_at: datetime | None
    delivered_at: datetime | None
    refused_at: datetime | None
    confirmed_at: datetime | None

    @classmethod
    def of(cls, contact: Contact, proof: ContactProof) -> Self:
        return cls(
            id=contact.id,
            channel=contact.channel,
            address=contact.address,
            label=contact.label,
            verified_at=contact.verified_at,
            fault=contact.fault,
            attempted_at=proof.attempted_at,
            delivered_at=proof.delivered_at,
            refused_at=proof.refused_at,
            confirmed_at=proof.confirmed_at,
        )


class FindingBody(msgspec.Struct):
    finding: ReadinessFinding
    explanation: str
    contact_id: UUID | None

    @classmethod
    def of(cls, found: Found) -> Self:
        return cls(finding=found.finding, explanation=found.finding.sentence, contact_id=found.contact_id)


class MemberReadinessBody(msgspec.Struct):
    """Ready: nothing was found."""

    user_id: UUID
    name: str
    is_ready: bool
    contacts: list[ContactReadinessBody]
    rules: dict[Urgency, int]
    findings: list[FindingBody]

    @classmethod
    def of(cls, member: MemberReadiness) -> Self:
        return cls(
            user_id=member.user_id,
            name=member.name,
            is_ready=not member.findings,
            contacts=[ContactReadinessBody.of(contact, proof) for contact, proof in member.contacts],
            rules=dict(member.rules),
            findings=[FindingBody.of(found) for found in member.findings],
        )


class ReadinessBody(msgspec.Struct):
    """Whether each member of a team could be paged tonight."""

    team_id: UUID
    is_ready: bool
    members: list[MemberReadinessBody]
