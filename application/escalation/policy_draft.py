from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from domain.escalation.policy import EscalationPolicy, Step, WhenExhausted
from domain.shared.errors import InvalidValueError


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


@contextmanager
def placed_at(place: str) -> Iterator[None]:
    """What is wrong with a part of the question is said of that part."""
    try:
        yield
    except InvalidValueError as error:
        raise InvalidValueError(f"{place}.{error.field}", error.reason) from None
