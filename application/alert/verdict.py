"""What became of one event, and why: kept beside its raw body, so that it can be explained for as long as that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.alert.alert import DEFAULT_SEVERITY, Alert
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.incident.incident import Followed
from domain.incident.mute import Mute
from domain.routing.decision import Decision
from domain.shared.ids import AlertId, IncidentId, ServiceId
from domain.shared.quickly_built import quickly_built

_ANNOTATIONS: Final = "annotations"  # where Alertmanager's translator, and those like it, put them


class VerdictOutcome(StrEnum):
    OPENED = "opened"  # an alert, and an incident for it
    REOPENED = "reopened"  # an alert, and the incident of its group that had been resolved
    JOINED = "joined"  # an alert of an incident that was open
    PAGED_AGAIN = "paged_again"  # an alert of a kind that its open incident had not had
    REPEATED = "repeated"  # of an alert that was firing: one more occurrence
    STALE = "stale"  # of an occurrence that has been cleared since
    DROPPED = "dropped"  # by a rule
    OVERFLOWED = "overflowed"  # only counted, in the alert that says so: its integration has too many open
    CLEARED = "cleared"
    SETTLING = "settling"  # a flapping alert that is over when it stays quiet
    ACKNOWLEDGED = "acknowledged"
    IGNORED = "ignored"  # an answer to an alert that does not fire


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    dedup_key: str
    action: AlertAction
    outcome: VerdictOutcome
    service_id: ServiceId | None = None  # where it led
    group_key: str | None = None
    alert_id: AlertId | None = None
    incident_id: IncidentId | None = None
    decision: Decision | None = None  # of the rules that said something
    muted: Mute | None = None
    sent_group_key: str | None = None  # the sender's, where rules made another one
    follows: Followed | None = None  # the open incident of its group that takes no more alerts
    labels: Mapping[str, str] | None = None  # what the rules were asked about, where it may be no alert's
    severity: AlertSeverity | None = None  # as it was sent, beside these labels


def matched_labels(event: AlertEvent) -> Mapping[str, str]:
    """What rules are asked about: an event's labels, and what else it says under names of their own."""
    return _matched(event.labels, event.summary, event.source, event.severity or DEFAULT_SEVERITY, event.dedup_key)


def matched_labels_of(alert: Alert) -> Mapping[str, str]:
    """The same of an alert that is stored."""
    return _matched(alert.labels, alert.summary, alert.source, alert.severity, alert.dedup_key)


def told_of(verdict: Verdict, alert: Alert | None) -> tuple[Mapping[str, str] | None, AlertSeverity | None]:
    """What an event said, and how severe: as its verdict has it, or else its alert, if that is still there."""
    if verdict.labels is not None:
        return verdict.labels, verdict.severity
    return (None, None) if alert is None else (matched_labels_of(alert), alert.severity)


def annotations_of(event: AlertEvent) -> Mapping[str, str]:
    """What a title can name beside labels: the sender's annotations, or else its details, as far as they are plain."""
    found = event.details.get(_ANNOTATIONS, event.details)
    if not isinstance(found, Mapping):
        return {}
    return {str(name): str(value) for name, value in found.items() if isinstance(value, str | int | float)}


def _matched(labels: Mapping[str, str], summary: str, source: str, severity: str, dedup_key: str) -> Mapping[str, str]:
    """A label of the sender's own goes before ours of the same name."""
    return {"summary": summary, "source": source, "severity": str(severity), "dedup_key": dedup_key, **labels}
