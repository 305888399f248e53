from dataclasses import dataclass
from datetime import datetime

from domain.shared.ids import ContactId


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
        if self.refused_at is None:
            return False
        return self.delivered_at is None or self.delivered_at < self.refused_at
