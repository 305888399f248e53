"""What the domain refuses. An error has a stable code, its facts as attributes and a sentence for people."""

from typing import ClassVar


class DomainError(Exception):
    """A rule says no. Never retried."""

    code: ClassVar[str] = "refused"


class InvalidValueError(DomainError):
    """A value outside what the field allows. Names the field and the limit."""

    code: ClassVar[str] = "invalid_value"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class IllegalTransitionError(DomainError):
    """The thing is in a state that does not permit the step."""

    code: ClassVar[str] = "illegal_transition"

    def __init__(self, noun: str, current: str, wanted: str) -> None:
        super().__init__(f"{noun} is {current} and cannot become {wanted}")
        self.noun = noun
        self.current = current
        self.wanted = wanted
