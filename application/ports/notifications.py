from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from application.ports.notifier import Outcome
from domain.incident.incident import Incident
from domain.notification.contact import Channel
from domain.notification.notification import Notification
from domain.notification.throttle import Throttle
from domain.shared.change import Change
from domain.shared.ids import IncidentId, NotificationId, UserId
from domain.shared.quickly_built import quickly_built


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to hand a message over, as the ledger keeps it."""

    notification_id: NotificationId
    incident_id: IncidentId | None  # None: of a notice
    number: int
    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    detail: str


class Settlement(NamedTuple):
    change: Change[Notification]
    attempt: Attempt


class Subject(NamedTuple):
    """The incident that a message tells of, as it is when the message leaves."""

    incident: Incident
    service_name: str
    runbook_url: str | None
    status_by: str | None  # the name of who acknowledged or resolved
    trace: str | None = None  # that it began with


class DueNotification(NamedTuple):
    """A leased notification with what its message tells of."""

    notification: Notification  # as leased
    due_at: datetime  # when it was to leave, or the lease that was lost ended
    lost_lease: bool  # a courier had it before and was not heard of again
    subject: Subject | None  # None exactly for a notice, which says all itself


class Cancelled(NamedTuple):
    cancelled: int
    under_way: int


class NotificationRepository(Protocol):
    """Notifications inside the current transaction."""

    @abstractmethod
    async def add(self, notifications: Sequence[Notification]) -> None:
        """Store intents and wake the couriers of their channels.

        A page that is already there for its run, round, step, recipient and rule stays the only one (P4); so does a
        notice for its key, user, channel and address.
        """

    @abstractmethod
    async def lease_due(
        self, channel: Channel, *, at: datetime, until: datetime, limit: int
    ) -> tuple[DueNotification, ...]:
        """Take what is due on a channel, earliest first, passing over what another courier holds.

        With each page come the others that are due for its recipient and address, beyond the limit and at most
        `BUNDLE_MOST`: they may leave as one message.
        """

    @abstractmethod
    async def hold_back(self, notifications: Mapping[NotificationId, datetime]) -> None:
        """Undo the leases of this transaction, as if they had not been, and let each be due at its instant."""

    @abstractmethod
    async def count_messages(self, channel: Channel, asked: Mapping[str, int], *, at: datetime) -> dict[str, Throttle]:
        """Count so many more messages to each address (`throttle.counted`), and say what there are now."""

    @abstractmethod
    async def get(self, notification_id: NotificationId) -> Notification:
        """As it is now. Needs no transaction. Raises `NotFoundError`."""

    @abstractmethod
    async def hold(self, notification_ids: Collection[NotificationId]) -> tuple[Notification, ...]:
        """As they are now, held, by id."""

    @abstractmethod
    async def of_same_steps(self, notification_ids: Collection[NotificationId]) -> tuple[Notification, ...]:
        """Every page, these among them, that the step of one of these pages made for its person, by id."""

    @abstractmethod
    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Store how attempts ended with their lines in the ledger, and append the events."""

    @abstractmethod
    async def record_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Lines in the ledger for attempts of which no courier came back to tell."""

    @abstractmethod
    async def record_receipts(self, receipts: Sequence[Attempt]) -> None:
        """Lines in the ledger for what a provider said afterwards: of one attempt each outcome once."""

    @abstractmethod
    async def bundled_with(self, carrier: Notification) -> tuple[Notification, ...]:
        """The other pages that the message of this one spoke for, by id. Needs no transaction."""

    @abstractmethod
    async def cancel_waiting(
        self, incident_ids: Collection[IncidentId], *, user_id: UserId | None = None
    ) -> dict[IncidentId, Cancelled]:
        """Cancel every page that waits, or this person's, and mark those under way as overtaken (P3)."""

    @abstractmethod
    async def delivered_to(self, incident_ids: Collection[IncidentId], channel: Channel) -> tuple[Notification, ...]:
        """The pages of these incidents that a channel has taken: what an update in place changes."""

    @abstractmethod
    async def earliest_deadline(self, channel: Channel) -> datetime | None:
        """When the channel next has something due. Needs no transaction."""

    @abstractmethod
    async def backlog(self, *, at: datetime) -> dict[Channel, int]:
        """How many are due, by channel. Needs no transaction."""
