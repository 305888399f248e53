"""What a team asks of its escalation policies before they are saved."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.shared.errors import InvalidValueError
from domain.shared.limits import PROOF_WEEKS, PROOF_WITHIN_SECONDS_MAX, PROOF_WITHIN_SECONDS_MIN

PROVED_WEEKS: Final = 4
PROVED_WITHIN: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofDemand:
    """Somebody who can be reached is told `within`, whenever it begins in the next `weeks`.

    Raises:
        InvalidValueError: more or fewer weeks, or another time, than a proof can be asked for.
    """

    weeks: int = PROVED_WEEKS
    within: timedelta = PROVED_WITHIN
    refuses: bool = False  # a policy that does not hold it is not saved; else it is, with the reasons in the answer

    def __post_init__(self) -> None:
        if not 1 <= self.weeks <= PROOF_WEEKS:
            raise InvalidValueError("weeks", f"is {self.weeks}, allowed are 1 to {PROOF_WEEKS}")
        if not PROOF_WITHIN_SECONDS_MIN <= self.within.total_seconds() <= PROOF_WITHIN_SECONDS_MAX:
            raise InvalidValueError(
                "within_seconds",
                f"is {self.within.total_seconds():g}, allowed are {PROOF_WITHIN_SECONDS_MIN} to"
                f" {PROOF_WITHIN_SECONDS_MAX}",
            )
