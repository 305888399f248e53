"""One sender's door to one service."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from domain.service.mapping import EventMapping
from domain.shared.errors import InvalidValueError
from domain.shared.group_window import GroupWindow
from domain.shared.ids import IntegrationId, ServiceId, TeamId
from domain.shared.limits import (
    INTEGRATION_EVENT_BURST,
    INTEGRATION_EVENTS_PER_MINUTE,
    INTEGRATION_OPEN_ALERTS,
    NAME_CHARACTERS,
)
from domain.shared.quota import Quota
from domain.shared.text import require_length


class IntegrationKind(StrEnum):
    PAGERDUTY = "pagerduty"  # Events API v2
    ALERTMANAGER = "alertmanager"  # webhook v4
    NATIVE = "native"  # our own events
    HEARTBEAT = "heartbeat"  # signs of life
    OPSGENIE = "opsgenie"  # Alert API v2
    PROMETHEUS = "prometheus"  # itself, without an Alertmanager
    GRAFANA = "grafana"
    CLOUDEVENTS = "cloudevents"  # CloudEvents 1.0
    CLOUDWATCH = "cloudwatch"  # alarms, through SNS or from a queue
    DATADOG = "datadog"
    SENTRY = "sentry"
    UPTIMEROBOT = "uptimerobot"
    UPTIME_KUMA = "uptime-kuma"
    ZABBIX = "zabbix"
    EMAIL = "email"
    JSON = "json"  # of any shape, by a mapping


# Senders that sign their bodies with a secret that both sides have.
SIGNING_KINDS = frozenset({IntegrationKind.GRAFANA, IntegrationKind.SENTRY})


TOPIC_ARNS = 20  # of one integration; a door for more is no longer one sender's
# Amazon SNS API reference, CreateTopic: 1 to 256 letters, digits, hyphens and underscores
TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]{3,}):[0-9]{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?")


class GroupingMode(StrEnum):
    """What an Alertmanager notification becomes."""

    PER_ALERT = "per_alert"  # each alert is one alert; alerts of a group share an incident
    PER_GROUP = "per_group"  # the whole group is one alert


class WhenSilent(StrEnum):
    """What becomes of an alert that its sender no longer repeats, and never resolved."""

    KEEP = "keep"  # it stays, marked: a monitor that died says nothing about what it watched
    RESOLVE = "resolve"  # it is over, as an Alertmanager takes it


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeLimits:
    """How much one integration may send, where it has no limits of its own."""

    events_per_minute: int
    event_burst: int
    open_alerts: int

    def most_open_alerts(self, of_integration: int | None) -> int:
        """Beyond so many, new ones are counted in one alert: as an integration says itself, or else as of any."""
        return self.open_alerts if of_integration is None else of_integration


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """Its key is a bearer secret: only the SHA-256 of it is kept, and it is shown once.

    What its sender signs with must be read again, so it is kept sealed. With such a secret nothing unsigned is taken.
    """

    id: IntegrationId
    service_id: ServiceId
    team_id: TeamId
    kind: IntegrationKind
    name: str
    key_hash: bytes
    previous_key_hash: bytes | None = None  # still good until `previous_key_expires_at`
    previous_key_expires_at: datetime | None = None
    grouping: GroupingMode = GroupingMode.PER_ALERT
    group_window: GroupWindow | None = None  # where no rule says another one; None: as long as an incident is open
    is_strict: bool = False  # refuse what the vendor would refuse instead of mending it
    signing_secret_sealed: bytes | None = None
    previous_signing_secret_sealed: bytes | None = None  # still good until `previous_signing_secret_expires_at`
    previous_signing_secret_expires_at: datetime | None = None
    when_silent: WhenSilent = WhenSilent.KEEP
    topic_arns: tuple[str, ...] = ()  # of SNS, whose signed messages are taken; whoever else signs is a stranger
    mapping: EventMapping | None = None  # how JSON of any shape becomes events
    # Its own limits; None: those of the installation.
    events_per_minute: int | None = None
    event_burst: int | None = None
    open_alerts: int | None = None
    version: int = 0

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        if self.topic_arns and self.kind is not IntegrationKind.CLOUDWATCH:
            raise InvalidValueError("topic_arns", f"are of {IntegrationKind.CLOUDWATCH} alone, and it is {self.kind}")
        if len(self.topic_arns) > TOPIC_ARNS:
            raise InvalidValueError("topic_arns", f"has {len(self.topic_arns)}, allowed are {TOPIC_ARNS}")
        for arn in self.topic_arns:
            if TOPIC_ARN.fullmatch(arn) is None:
                raise InvalidValueError("topic_arns", f"{arn[:80]!r} is no ARN of a topic: arn:aws:sns:…:…:name")
        _require_at_most("events_per_minute", self.events_per_minute, INTEGRATION_EVENTS_PER_MINUTE)
        _require_at_most("event_burst", self.event_burst, INTEGRATION_EVENT_BURST)
        _require_at_most("open_alerts", self.open_alerts, INTEGRATION_OPEN_ALERTS)

    def quota(self, limits: IntakeLimits) -> Quota:
        """Of events: how many at once, and how soon there is another."""
        per_minute = limits.events_per_minute if self.events_per_minute is None else self.events_per_minute
        return Quota.per_minute(per_minute, burst=limits.event_burst if self.event_burst is None else self.event_burst)

    def most_open_alerts(self, limits: IntakeLimits) -> int:
        """Beyond so many, new ones are counted in one alert."""
        return limits.most_open_alerts(self.open_alerts)

    def rotate_key(self, key_hash: bytes, *, overlap_ends_at: datetime) -> Self:
        """Take a new key; the old one is good until the overlap ends, so that senders can be changed one by one."""
        return replace(
            self, key_hash=key_hash, previous_key_hash=self.key_hash, previous_key_expires_at=overlap_ends_at
        )

    @property
    def is_signed(self) -> bool:
        """Whether its sender has to sign what it sends."""
        return self.signing_secret_sealed is not None

    @property
    def takes_only_signed(self) -> bool:
        """Whether the key alone lets nobody in."""
        return self.is_signed or bool(self.topic_arns)

    def sign_with(self, sealed: bytes, *, overlap_ends_at: datetime) -> Self:
        """Have the sender sign with this secret from now on; with the one before it until the overlap ends.

        Raises:
            InvalidValueError: its kind of sender signs nothing.
        """
        if self.kind not in SIGNING_KINDS:
            kinds = " and ".join(sorted(SIGNING_KINDS))
            raise InvalidValueError("kind", f"is {self.kind}, which signs nothing that is checked; {kinds} do")
        return replace(
            self,
            signing_secret_sealed=sealed,
            previous_signing_secret_sealed=self.signing_secret_sealed,
            previous_signing_secret_expires_at=overlap_ends_at if self.is_signed else None,
        )

    def without_signature(self) -> Self:
        """Take what is unsigned: the key alone lets in again."""
        return replace(
            self,
            signing_secret_sealed=None,
            previous_signing_secret_sealed=None,
            previous_signing_secret_expires_at=None,
        )

    def signing_secrets(self, *, at: datetime) -> tuple[bytes, ...]:
        """What the sender may have signed with, sealed: two while one replaces the other."""
        current, previous = self.signing_secret_sealed, self.previous_signing_secret_sealed
        expires_at = self.previous_signing_secret_expires_at
        is_overlap = expires_at is not None and at < expires_at
        return tuple(each for each in (current, previous if is_overlap else None) if each is not None)

    def accepts(self, key_hash: bytes, *, at: datetime) -> bool:
        if key_hash == self.key_hash:
            return True
        expires_at = self.previous_key_expires_at
        return expires_at is not None and key_hash == self.previous_key_hash and at < expires_at


def _require_at_most(field: str, value: int | None, most: int) -> None:
    if value is not None and not 1 <= value <= most:
        raise InvalidValueError(field, f"is {value}, allowed are 1 to {most}")
