from dataclasses import dataclass
from datetime import datetime

from domain.shared.ids import ContactId, DestinationId


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactProof:
    """The last time of each that can be known of a contact: nobody has to read its history."""

    contact_id: ContactId
    attempted_at: datetime | None = None
    delivered_at: datetime | None = None  # the provider took it
    refused_at: datetime | None = None  # the provider said that it never will
    confirmed_at: datetime | None = None  # its owner said that a test page arrived: nothing else proves it

    @property
    def is_refusing(self) -> bool:
        """Nothing has got through since it refused for good."""
        return _is_refusing(self.delivered_at, self.refused_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationProof:
    """The same of a destination, by its address of now; and the answer of the last refusal, which says what is amiss.

    Nobody in particular reads there, so nobody can confirm it.
    """

    destination_id: DestinationId
    attempted_at: datetime | None = None
    delivered_at: datetime | None = None
    refused_at: datetime | None = None
    refusal: str = ""

    @property
    def is_refusing(self) -> bool:
        """Nothing has got through since it refused for good."""
        return _is_refusing(self.delivered_at, self.refused_at)


def _is_refusing(delivered_at: datetime | None, refused_at: datetime | None) -> bool:
    return refused_at is not None and (delivered_at is None or delivered_at < refused_at)
