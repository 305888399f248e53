from dataclasses import dataclass
from typing import NamedTuple

from application.errors import UnprovedPolicyError
from application.escalation.prove import CounterExample, PolicyProof, ProvePolicy
from application.ports.teams import TeamRepository
from domain.escalation.policy import EscalationPolicy
from domain.shared.limits import PROOF_EXAMPLES_SHOWN


class SavedPolicy(NamedTuple):
    policy: EscalationPolicy
    proof: PolicyProof  # of what is stored; it need not hold where the team is only warned


@dataclass(frozen=True, slots=True)
class RequireProof:
    """What a team demands of its policies is asked before one is saved."""

    teams: TeamRepository
    prove_policy: ProvePolicy

    async def __call__(self, policy: EscalationPolicy) -> PolicyProof:
        """Raises `UnprovedPolicyError` when it does not hold and the team refuses such a policy."""
        demand = (await self.teams.look_up(policy.team_id)).proof
        proof = await self.prove_policy.of(policy, demand)
        if demand.refuses and not proof.holds:
            shown = proof.counter_examples[:PROOF_EXAMPLES_SHOWN]
            raise UnprovedPolicyError(demand.within, tuple(map(_sentence, shown)))
        return proof


def _sentence(example: CounterExample) -> str:
    circumstances, gap = example
    labels = "".join(f" with {name}={value}" for name, value in circumstances.labels.items())
    of_what = f"a {circumstances.severity.name}{labels}"
    when = f"that begins from {gap.interval.start.isoformat()} to {gap.interval.end.isoformat()}"
    if gap.after is not None:
        return f"{of_what} {when} tells somebody only after {gap.after.total_seconds() / 60:g} minutes"
    return f"{of_what} {when} tells nobody: {'; '.join(gap.reasons)}"
