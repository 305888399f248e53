from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from domain.shared.ids import IncidentId, NotificationId, UserId
from domain.shared.via import Via


class Links(Protocol):
    """Addresses that a message can carry."""

    @abstractmethod
    def acknowledge(self, incident_id: IncidentId, user_id: UserId, *, at: datetime, via: Via = Via.EMAIL) -> str:
        """A page with a button, for one incident and one user, good for a day. Opening it changes nothing.

        `via` is the channel that carries it: what is done with the link is told to have come that way.
        """

    @abstractmethod
    def drill(self, notification_id: NotificationId, user_id: UserId, *, at: datetime, via: Via = Via.EMAIL) -> str:
        """A page with a button that says that a test page arrived, good for a day. Opening it changes nothing."""

    @abstractmethod
    def calendar(self, token: str) -> str:
        """What a calendar subscribes to. The address is the secret."""

    @abstractmethod
    def incident(self, number: int) -> str: ...
