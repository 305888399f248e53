"""One sender's door to one service."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from domain.shared.ids import IntegrationId, ServiceId, TeamId
from domain.shared.limits import NAME_CHARACTERS
from domain.shared.text import require_length


class IntegrationKind(StrEnum):
    PAGERDUTY = "pagerduty"  # Events API v2
    ALERTMANAGER = "alertmanager"  # webhook v4
    NATIVE = "native"  # our own events
    PROMETHEUS = "prometheus"  # itself, without an Alertmanager
    GRAFANA = "grafana"
    CLOUDEVENTS = "cloudevents"  # CloudEvents 1.0
    DATADOG = "datadog"
    SENTRY = "sentry"
    UPTIMEROBOT = "uptimerobot"
    UPTIME_KUMA = "uptime-kuma"
    ZABBIX = "zabbix"


class GroupingMode(StrEnum):
    """What an Alertmanager notification becomes."""

    PER_ALERT = "per_alert"  # each alert is one alert; alerts of a group share an incident
    PER_GROUP = "per_group"  # the whole group is one alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """Its key is a bearer secret: only the SHA-256 of it is kept, and it is shown once."""

    id: IntegrationId
    service_id: ServiceId
    team_id: TeamId
    kind: IntegrationKind
    name: str
    key_hash: bytes
    previous_key_hash: bytes | None = None  # still good until `previous_key_expires_at`
    previous_key_expires_at: datetime | None = None
    grouping: GroupingMode = GroupingMode.PER_ALERT
    is_strict: bool = False  # refuse what the vendor would refuse instead of mending it
    version: int = 0

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)

    def rotate_key(self, key_hash: bytes, *, overlap_ends_at: datetime) -> Self:
        """Take a new key; the old one is good until the overlap ends, so that senders can be changed one by one."""
        return replace(
            self, key_hash=key_hash, previous_key_hash=self.key_hash, previous_key_expires_at=overlap_ends_at
        )

    def accepts(self, key_hash: bytes, *, at: datetime) -> bool:
        if key_hash == self.key_hash:
            return True
        expires_at = self.previous_key_expires_at
        return expires_at is not None and key_hash == self.previous_key_hash and at < expires_at
