from dataclasses import dataclass
from typing import ClassVar

from domain.notification.contact import Channel
from domain.shared.event import DomainEvent
from domain.shared.ids import DestinationId, IncidentId, NotificationId, UserId
from domain.shared.quickly_built import quickly_built


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationEvent(DomainEvent):
    incident_id: IncidentId
    notification_id: NotificationId
    user_id: UserId | None  # None exactly for a destination
    destination_id: DestinationId | None = None
    channel: Channel
    attempt: int
    detail: str = ""


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSent(NotificationEvent):
    """The provider took it. `was_overtaken`: somebody answered while it was under way."""

    kind: ClassVar[str] = "notification.sent"
    may_be_repeat: bool = False
    was_overtaken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationFailed(NotificationEvent):
    """It will not be tried again."""

    kind: ClassVar[str] = "notification.failed"
