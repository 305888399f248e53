"""One message to one contact and its life: pending, sending, then sent, failed or cancelled.

Every change is guarded by `attempts`, the fencing token: a courier that was thought dead and comes back finds that
somebody else holds a later attempt, and its word is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from domain.notification.contact import Channel
from domain.notification.events import NotificationFailed, NotificationSent
from domain.notification.notice import Notice
from domain.shared.change import Change
from domain.shared.ids import DestinationId, IncidentId, NotificationId, RunId, UserId
from domain.shared.quickly_built import quickly_built

# A page that could not be handed over in an hour has been overtaken by its policy's later steps.
PAGE_ATTEMPTS: Final = 12
# An update is a courtesy: the timeline has the truth.
UPDATE_ATTEMPTS: Final = 5
# Over some twenty minutes: a shift that began half an hour ago is no news.
NOTICE_ATTEMPTS: Final = 9
# In the receipt of a page that another one's message spoke for: that other page.
BUNDLED_WITH: Final = "bundled_with"
FIRST_RETRY: Final = timedelta(seconds=1)
LONGEST_RETRY: Final = timedelta(minutes=5)
# A channel may ask for a longer pause than we would make, but not for one in which the incident is forgotten.
LONGEST_PROVIDER_WISH: Final = timedelta(minutes=15)


class Purpose(StrEnum):
    PAGE = "page"  # meant to wake
    UPDATE = "update"  # changes an earlier message in place
    NOTICE = "notice"  # about no incident

    @property
    def attempts_allowed(self) -> int:
        return _ATTEMPTS[self]


_ATTEMPTS: Final = {
    Purpose.PAGE: PAGE_ATTEMPTS,
    Purpose.UPDATE: UPDATE_ATTEMPTS,
    Purpose.NOTICE: NOTICE_ATTEMPTS,
}


class NotificationStatus(StrEnum):
    PENDING = "pending"
    SENDING = "sending"  # with a courier until its lease ends
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """`next_deadline`: pending, when it is due; sending, when the courier's lease ends; otherwise None."""

    id: NotificationId
    incident_id: IncidentId | None  # None exactly for a notice
    run_id: RunId | None
    round: int
    step: int
    user_id: UserId | None  # who is told; None exactly for a destination
    rule_position: int
    purpose: Purpose
    channel: Channel
    address: str
    status: NotificationStatus
    created_at: datetime
    next_deadline: datetime | None
    attempts: int = 0
    may_be_repeat: bool = False  # an earlier attempt may have arrived
    was_overtaken: bool = False  # somebody answered while a courier had it
    receipt: Mapping[str, str] = field(default_factory=dict)  # what names the message at the provider
    update_of: Mapping[str, str] | None = None  # for an update: the receipt of the message to change
    notice: Notice | None = None  # what it says, when it is a notice
    destination_id: DestinationId | None = None  # what is told in place of a person

    def __post_init__(self) -> None:
        is_notice = self.purpose is Purpose.NOTICE
        assert is_notice == (self.notice is not None) == (self.incident_id is None), "about an incident or a notice"
        assert (self.user_id is None) != (self.destination_id is None), "to a person or a destination"

    @staticmethod
    def of_notice(
        notification_id: NotificationId,
        notice: Notice,
        *,
        user_id: UserId,
        channel: Channel,
        address: str,
        at: datetime,
    ) -> "Notification":
        """A notice for one contact of one person, due at once."""
        return Notification(
            id=notification_id,
            incident_id=None,
            run_id=None,
            round=0,
            step=0,
            user_id=user_id,
            rule_position=0,
            purpose=Purpose.NOTICE,
            channel=channel,
            address=address,
            status=NotificationStatus.PENDING,
            created_at=at,
            next_deadline=at,
            notice=notice,
        )

    @property
    def recipient_id(self) -> UUID:
        """Whoever or whatever is told."""
        recipient = self.user_id or self.destination_id
        assert recipient is not None
        return recipient

    @property
    def attempts_allowed(self) -> int:
        return self.purpose.attempts_allowed

    @property
    def can_be_updated(self) -> bool:
        """Whether a message of its own was sent, which could be changed in place."""
        return bool(self.receipt) and BUNDLED_WITH not in self.receipt

    def lease(self, *, until: datetime) -> Self:
        """Hand it to a courier. A lease that ran out before leaves a doubt, which the next message states."""
        return replace(
            self,
            status=NotificationStatus.SENDING,
            attempts=self.attempts + 1,
            may_be_repeat=self.may_be_repeat or self.status is NotificationStatus.SENDING,
            next_deadline=until,
        )

    def delivered(self, *, receipt: Mapping[str, str], detail: str, at: datetime) -> Change[Self]:
        state = replace(self, status=NotificationStatus.SENT, next_deadline=None, receipt=dict(receipt))
        if self.incident_id is None or self.purpose is not Purpose.PAGE:
            return Change(state)
        event = NotificationSent(
            incident_id=self.incident_id,
            notification_id=self.id,
            user_id=self.user_id,
            destination_id=self.destination_id,
            channel=self.channel,
            attempt=self.attempts,
            detail=detail,
            may_be_repeat=self.may_be_repeat,
            was_overtaken=self.was_overtaken,
            at=at,
        )
        return Change(state, (event,))

    def failed(self, *, detail: str, at: datetime) -> Change[Self]:
        state = replace(self, status=NotificationStatus.FAILED, next_deadline=None)
        if self.incident_id is None or self.purpose is not Purpose.PAGE:
            return Change(state)
        event = NotificationFailed(
            incident_id=self.incident_id,
            notification_id=self.id,
            user_id=self.user_id,
            destination_id=self.destination_id,
            channel=self.channel,
            attempt=self.attempts,
            detail=detail,
            at=at,
        )
        return Change(state, (event,))

    def undelivered(self, *, detail: str, at: datetime) -> Change[Self]:
        """Its provider, which took it, says that it reached nobody. Without effect on what is tried again or is over.

        The receipt may overtake the courier's own word, which then changes nothing more.
        """
        if self.status not in {NotificationStatus.SENT, NotificationStatus.SENDING}:
            return Change(self)
        return self.failed(detail=detail, at=at)

    def retry_or_fail(
        self, *, is_unknown: bool, wish: timedelta | None, jitter: float, detail: str, at: datetime
    ) -> Change[Self]:
        """Wait for another try, or give up: after too many, or because somebody answered meanwhile.

        An attempt whose outcome is unknown is tried again and labelled: a page twice is better than none (P4).
        `jitter` is drawn from [0, 1).
        """
        if self.was_overtaken:
            return Change(self.cancel())
        if self.attempts >= self.attempts_allowed:
            return self.failed(detail=f"gave up after {self.attempts} attempts: {detail}", at=at)
        return Change(
            replace(
                self,
                status=NotificationStatus.PENDING,
                may_be_repeat=self.may_be_repeat or is_unknown,
                next_deadline=at + retry_delay(self.attempts, wish=wish, jitter=jitter),
            )
        )

    def cancel(self) -> Self:
        """It will not leave any more. What was sent or has failed stays so."""
        if self.status in {NotificationStatus.SENT, NotificationStatus.FAILED}:
            return self
        return replace(self, status=NotificationStatus.CANCELLED, next_deadline=None)


def retry_delay(attempts: int, *, wish: timedelta | None, jitter: float) -> timedelta:
    """Exponential, from half to the full step by `jitter`, so that a crowd does not come back at once.

    The provider's own wish counts as the least, up to a bound.
    """
    doublings = max(0, min(attempts - 1, 20))
    step = min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)
    ours = step * (0.5 + jitter / 2)
    return ours if wish is None else max(ours, min(wish, LONGEST_PROVIDER_WISH))
