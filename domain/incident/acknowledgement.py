from datetime import datetime
from typing import NamedTuple

from domain.shared.ids import UserId


class Acknowledgement(NamedTuple):
    """One person's word that they have an incident, and when they first gave it since it was last triggered."""

    by: UserId
    at: datetime
