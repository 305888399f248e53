from dataclasses import dataclass, replace
from datetime import timedelta

from domain.escalation.policy import EscalationPolicy, Step, WhenExhausted


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDraft:
    """All that a policy would say, but its name and its team: asked about before it is saved."""

    steps: tuple[Step, ...]
    repeats: int = 0
    repeat_from: int = 0
    acknowledgement_timeout: timedelta | None = None
    when_exhausted: WhenExhausted = WhenExhausted.STAY

    def instead_of(self, policy: EscalationPolicy) -> EscalationPolicy:
        """The policy as it would be. Raises `InvalidValueError` where saving it would."""
        return replace(
            policy,
            steps=self.steps,
            repeats=self.repeats,
            repeat_from=self.repeat_from,
            acknowledgement_timeout=self.acknowledgement_timeout,
            when_exhausted=self.when_exhausted,
        )
