from enum import StrEnum


class Urgency(StrEnum):
    """How a responder is told: each urgency has notification rules of its own."""

    HIGH = "high"
    LOW = "low"
