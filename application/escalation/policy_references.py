from collections.abc import Iterator

from application.ports.references import Reference, ReferenceKind
from application.references import NamedReference
from domain.escalation.policy import EscalationPolicy, TargetKind

_KINDS = {
    TargetKind.USER: ReferenceKind.USER,
    TargetKind.SCHEDULE: ReferenceKind.SCHEDULE,
    TargetKind.TEAM: ReferenceKind.TEAM,
}


def references_of(policy: EscalationPolicy) -> Iterator[NamedReference]:
    """What a policy names, and where."""
    yield NamedReference("team_id", Reference(ReferenceKind.TEAM, policy.team_id))
    for number, step in enumerate(policy.steps):
        for place, target in enumerate(step.targets):
            field = f"steps[{number}].targets[{place}].id"
            yield NamedReference(field, Reference(_KINDS[target.kind], target.id))
