"""The scale of incidents, and what each grade demands."""

from enum import StrEnum

from domain.shared.urgency import Urgency


class Severity(StrEnum):
    SEV1 = "SEV1"  # customers cannot use the service
    SEV2 = "SEV2"  # a main function fails or degrades badly
    SEV3 = "SEV3"  # degraded, with a way around
    SEV4 = "SEV4"  # minor, no customer notices yet
    SEV5 = "SEV5"  # for information

    @property
    def urgency(self) -> Urgency:
        """SEV1 to SEV3 wake people; the rest waits for them."""
        return Urgency.HIGH if self <= Severity.SEV3 else Urgency.LOW
