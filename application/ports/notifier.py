"""A way to reach a person or a destination: one adapter a channel."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from domain.notification.contact import Channel
from domain.shared.ids import DestinationId, IncidentId, NotificationId, UserId
from domain.shared.quickly_built import quickly_built


class Outcome(StrEnum):
    """How an attempt ended, as far as the adapter can tell; and what a provider said of it afterwards."""

    DELIVERED = "delivered"  # the provider took it
    RETRY = "retry"  # the provider surely did not take it; another try may succeed
    UNKNOWN = "unknown"  # sent, and no answer came: it may have arrived
    WITHHELD = "withheld"  # not sent: somebody answered first, or too many attempts were lost
    HELD = "held"  # not sent yet: the contact has had enough messages for the moment
    REJECTED = "rejected"  # the provider will never take it: wrong address, revoked token
    ARRIVED = "arrived"  # a receipt: the telephone has it, or somebody answered the call
    UNDELIVERED = "undelivered"  # a receipt: it reached nobody after all


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a person is told, before any channel's formatting. All text is untrusted: a sender wrote it."""

    notification_id: NotificationId
    incident_id: IncidentId
    incident_number: int
    user_id: UserId | None  # None exactly for a destination, where there may be anybody
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
    speaks_for: tuple[NotificationId, ...] = ()  # earlier pages about the same incident that it stands for as well
    destination_id: DestinationId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The provider's answer, for the ledger and for the next decision."""

    outcome: Outcome
    detail: str = ""  # what the provider said, for people; never a secret
    receipt: Mapping[str, str] = field(default_factory=dict)  # what names the message at the provider
    retry_after: timedelta | None = None  # the provider's own wish


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMessage:
    """What a person is told that is about no incident. Names in it were chosen by users, so the text is untrusted."""

    notification_id: NotificationId
    user_id: UserId | None
    address: str
    title: str  # one line
    text: str  # plain, in short lines
    attempt: int = 1
    may_be_repeat: bool = False
    url: str | None = None  # where to act on it or read on
    asks: bool = False  # the page of that address has a button that says that it arrived
    speaks_for: tuple[NotificationId, ...] = ()  # of a digest: the pages that it stands for
    destination_id: DestinationId | None = None


class Notifier(Protocol):
    """Sends one message over one channel. Never raises for what provider or network do: each is an `Outcome`."""

    @abstractmethod
    async def send(self, message: Message) -> Delivery:
        """About an incident."""

    @abstractmethod
    async def send_notice(self, notice: NoticeMessage) -> Delivery:
        """About none: no buttons, and nothing that is changed later."""


class Notifiers(Protocol):
    """The way to each channel."""

    @abstractmethod
    def of(self, channel: Channel) -> Notifier: ...
