from uuid import UUID

from application.ports.references import Reference, ReferenceKind
from application.references import NamedReference


def references_of(*, team_id: UUID, policy_id: UUID) -> tuple[NamedReference, ...]:
    """What a service names, and where."""
    return (
        NamedReference("team_id", Reference(ReferenceKind.TEAM, team_id)),
        NamedReference("policy_id", Reference(ReferenceKind.POLICY, policy_id)),
    )
