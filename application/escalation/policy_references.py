from collections.abc import Iterable, Iterator

from application.ports.fall_backs import FallBackRepository
from application.ports.references import Reference, ReferenceKind
from application.references import NamedReference
from domain.escalation.policy import EscalationPolicy, Target, TargetKind, WhenExhausted
from domain.shared.errors import InvalidValueError

_KINDS = {
    TargetKind.USER: ReferenceKind.USER,
    TargetKind.SCHEDULE: ReferenceKind.SCHEDULE,
    TargetKind.TEAM: ReferenceKind.TEAM,
    TargetKind.CHANNEL: ReferenceKind.CHANNEL,
    TargetKind.WEBHOOK: ReferenceKind.WEBHOOK,
}


def references_of(policy: EscalationPolicy) -> Iterator[NamedReference]:
    """What a policy names, and where."""
    yield NamedReference("team_id", Reference(ReferenceKind.TEAM, policy.team_id))
    for number, step in enumerate(policy.steps):
        yield from target_references(step.targets, f"steps[{number}].targets")


def target_references(targets: Iterable[Target], field: str) -> Iterator[NamedReference]:
    """What targets name, and where."""
    for place, target in enumerate(targets):
        yield NamedReference(f"{field}[{place}].id", Reference(_KINDS[target.kind], target.id))


async def require_fall_back(fall_backs: FallBackRepository, policy: EscalationPolicy) -> None:
    """Raises `InvalidValueError` when a policy ends with a last resort that there is not."""
    if policy.when_exhausted is not WhenExhausted.FALL_BACK:
        return
    if not await fall_backs.effective({policy.team_id}):
        raise InvalidValueError(
            "when_exhausted",
            "is fall_back, and neither the team nor the installation has one; put one at"
            f" /v1/teams/{policy.team_id}/fall-back or /v1/fall-back first, or use stay",
        )
