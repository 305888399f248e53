"""One message of a monitoring source, as every translator hands it on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.shared.quickly_built import quickly_built


class AlertAction(StrEnum):
    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class AlertSeverity(StrEnum):
    """The four grades that senders agree on (PagerDuty Events API v2)."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    href: str
    text: str = ""


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    """What a sender said about one condition. Unset means: the sender did not say."""

    action: AlertAction
    dedup_key: str  # with the integration, what makes two events one alert; 1 to 255 characters
    summary: str = ""  # at most 1,024 characters
    source: str = ""
    severity: AlertSeverity | None = None
    occurred_at: datetime | None = None  # by the sender's clock
    starts_at: datetime | None = None  # when this occurrence began: tells a stale repeat from a new occurrence
    expires_at: datetime | None = None  # it fires until then, unless it is repeated; None: until it is resolved
    group_key: str | None = None  # events with one group key share an incident; None: each alert has its own
    labels: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)  # JSON values
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEvent:
    """A deploy, a flag, a migration: context for responders. Never opens an alert."""

    summary: str
    source: str = ""
    occurred_at: datetime | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
