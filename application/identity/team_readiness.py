from collections.abc import Mapping
from dataclasses import dataclass

from application.authorize import require
from application.ports.contact_proofs import ContactProofs
from application.ports.directory import Directory, Reachability
from application.ports.readers import IncidentReader
from application.ports.teams import TeamRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.identity.team import Team
from domain.notification.contact import Contact
from domain.notification.proof import ContactProof
from domain.notification.readiness import Found, ReadinessFinding, findings
from domain.shared.ids import ContactId, TeamId, UserId
from domain.shared.urgency import Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberReadiness:
    user_id: UserId
    name: str
    contacts: tuple[tuple[Contact, ContactProof], ...]
    rules: Mapping[Urgency, int]  # how many there are; without any, everything is told at once
    findings: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class TeamReadiness:
    """Whether each member of a team could be paged tonight. As many statements for a large team as for a small one."""

    teams: TeamRepository
    directory: Directory
    proofs: ContactProofs
    reader: IncidentReader

    async def __call__(self, team_id: TeamId, *, actor: Actor) -> tuple[MemberReadiness, ...]:
        """In the order of the team. Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        team: Team = await self.teams.look_up(team_id)
        names = await self.reader.user_names(team.member_ids)
        people = await self.directory.reachability(team.member_ids)
        proofs = await self.proofs.of_users(team.member_ids)
        return tuple(
            _readiness(user_id, names.get(user_id, ""), people.get(user_id), proofs) for user_id in team.member_ids
        )


def _readiness(
    user_id: UserId, name: str, person: Reachability | None, proofs: Mapping[ContactId, ContactProof]
) -> MemberReadiness:
    if person is None:
        found = (Found(ReadinessFinding.INACTIVE),)
        return MemberReadiness(user_id=user_id, name=name, contacts=(), rules={}, findings=found)
    ordered = sorted(person.contacts, key=lambda contact: (contact.channel, contact.address))
    return MemberReadiness(
        user_id=user_id,
        name=name,
        contacts=tuple((each, proofs.get(each.id, ContactProof(contact_id=each.id))) for each in ordered),
        rules={urgency: sum(rule.urgency is urgency for rule in person.rules) for urgency in Urgency},
        findings=findings(ordered, proofs),
    )
