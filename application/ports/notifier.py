"""A way to reach a person: one adapter a channel."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from domain.notification.contact import Channel
from domain.shared.ids import IncidentId, NotificationId, UserId


class Outcome(StrEnum):
    """How an attempt ended, as far as the adapter can tell."""

    DELIVERED = "delivered"  # the provider took it
    RETRY = "retry"  # the provider surely did not take it; another try may succeed
    UNKNOWN = "unknown"  # sent, and no answer came: it may have arrived
    WITHHELD = "withheld"  # not sent: somebody answered first, or too many attempts were lost
    REJECTED = "rejected"  # the provider will never take it: wrong address, revoked token


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a person is told, before any channel's formatting. All text is untrusted: a sender wrote it."""

    notification_id: NotificationId
    incident_id: IncidentId
    incident_number: int
    user_id: UserId
    address: str  # as the channel's contacts have it
    title: str
    status: str  # triggered, acknowledged, resolved
    severity: str  # SEV1 to SEV5
    service: str
    triggered_at: datetime
    attempt: int  # 1 for the first; above it the message says that it may be a repeat
    may_be_repeat: bool = False  # an earlier attempt ended unknown
    version: int = 1  # of the incident, carried by the buttons
    acknowledge_url: str | None = None  # leads to a page with a button; a GET changes nothing
    incident_url: str | None = None
    runbook_url: str | None = None
    status_by: str | None = None  # who acknowledged or resolved it
    update_of: Mapping[str, str] | None = None  # receipt of the message to change in place; None: send a new one


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The provider's answer, for the ledger and for the next decision."""

    outcome: Outcome
    detail: str = ""  # what the provider said, for people; never a secret
    receipt: Mapping[str, str] = field(default_factory=dict)  # what names the message at the provider
    retry_after: timedelta | None = None  # the provider's own wish


class Notifier(Protocol):
    """Sends one message over one channel."""

    @abstractmethod
    async def send(self, message: Message) -> Delivery:
        """Never raises for what the provider or the network does: each of these is an `Outcome`."""


class Notifiers(Protocol):
    """The way to each channel."""

    @abstractmethod
    def of(self, channel: Channel) -> Notifier: ...
