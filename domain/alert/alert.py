"""One reported condition: firing until its sender clears it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from domain.alert.alert_event import AlertEvent, AlertSeverity, Link
from domain.alert.events import AlertCleared, AlertExpired, AlertFlapped
from domain.shared.change import Change
from domain.shared.ids import AlertId, IncidentId, IntegrationId, ServiceId
from domain.shared.quickly_built import quickly_built


class Expiry(NamedTuple):
    """Until when an alert is good unless it is repeated, and whether it is over then."""

    at: datetime
    is_end: bool = False  # else it falls silent, and its integration says what that means


class AlertStatus(StrEnum):
    FIRING = "firing"
    CLEARED = "cleared"


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One condition of one integration. At most one alert fires per integration and dedup key."""

    id: AlertId
    integration_id: IntegrationId
    service_id: ServiceId
    incident_id: IncidentId
    dedup_key: str
    group_key: str
    status: AlertStatus
    summary: str
    source: str
    severity: AlertSeverity
    first_seen_at: datetime
    last_seen_at: datetime
    starts_at: datetime | None = None  # as the sender dates this occurrence
    cleared_at: datetime | None = None
    expires_at: datetime | None = None  # when it is no longer repeated as it was meant to be
    ends_by_silence: bool = False  # then it is over, since its rule says so
    silent_since: datetime | None = None  # it was not; until it is again
    turns: tuple[datetime, ...] = ()  # when it began lately, this time included, where a rule counts them
    settles_in: timedelta | None = None  # it is flapping, and its end is believed after so long without a report
    occurrences: int = 1
    labels: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    kind_key: str | None = None  # of the labels by which its rule tells kinds apart; what is muted has none
    event_id: UUID | None = None  # the raw event that it began with

    @property
    def next_deadline(self) -> datetime | None:
        """When its sender falls silent, unless it is heard again."""
        return self.expires_at if self.status is AlertStatus.FIRING and self.silent_since is None else None

    @property
    def is_flapping(self) -> bool:
        return self.settles_in is not None

    @property
    def settles_at(self) -> datetime | None:
        """When its end is believed, unless it is reported again; None: at once."""
        return None if self.settles_in is None else self.last_seen_at + self.settles_in

    def is_settled(self, *, at: datetime) -> bool:
        """Whether its end would be believed."""
        return self.settles_at is None or at >= self.settles_at

    def settle(self) -> "Alert":
        """It fires until it has been quiet for long enough."""
        return replace(self, expires_at=self.settles_at, ends_by_silence=True, silent_since=None)

    def flapped(self, *, at: datetime) -> AlertFlapped:
        """That it is flapping, for one that is."""
        assert self.settles_in is not None
        return AlertFlapped(
            incident_id=self.incident_id,
            alert_id=self.id,
            summary=self.summary,
            turns=len(self.turns),
            quiet_seconds=round(self.settles_in.total_seconds()),
            at=at,
        )

    def tick(self, *, at: datetime) -> Change["Alert"]:
        """Fall silent when the deadline has come. It fires all the same: nobody said that it is over."""
        if self.next_deadline is None or at < self.next_deadline:
            return Change(self)
        event = AlertExpired(incident_id=self.incident_id, alert_id=self.id, summary=self.summary, at=at)
        return Change(replace(self, silent_since=self.expires_at), (event,))

    def heard_again(self, expiry: Expiry | None) -> "Alert":
        """Repeated by its sender, by the rules of now.

        It is good for longer, and never for less than its sender said before. What a rule said before is over with it.
        """
        if expiry is None:
            return replace(self, expires_at=None, ends_by_silence=False) if self.ends_by_silence else self
        is_longer = self.expires_at is not None and self.expires_at > expiry.at
        keeps = is_longer and not self.ends_by_silence and not expiry.is_end
        return replace(
            self,
            expires_at=self.expires_at if keeps else expiry.at,
            ends_by_silence=expiry.is_end,
            silent_since=None,
        )

    def clear(self, *, at: datetime) -> Change["Alert"]:
        """End the condition. Clearing it again has no effect."""
        if self.status is AlertStatus.CLEARED:
            return Change(self)
        event = AlertCleared(incident_id=self.incident_id, alert_id=self.id, summary=self.summary, at=at)
        return Change(replace(self, status=AlertStatus.CLEARED, cleared_at=at), (event,))


# A sender that does not know the severity must not page less for it: PagerDuty's client defaults to critical too.
DEFAULT_SEVERITY = AlertSeverity.CRITICAL


def is_stale(event: AlertEvent, *, cleared_starts_at: datetime | None) -> bool:
    """Whether a firing report repeats an occurrence that has already been cleared.

    A peer of an Alertmanager cluster that lags behind sends it after the other peer's resolve; a true new occurrence
    starts later.
    """
    return event.starts_at is not None and cleared_starts_at is not None and event.starts_at <= cleared_starts_at
