"""Facts, in the past tense. State, timeline, audit and live streams are all readers of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """Something that happened. `kind` is its name on the wire and never changes once published."""

    kind: ClassVar[str]
    at: datetime  # UTC
