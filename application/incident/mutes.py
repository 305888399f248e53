"""What holds the pages of incidents back, looked at anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.alert.routed import held_back, least_muted, mute_of
from application.alert.verdict import matched_labels_of
from application.dependency.upstream import FindSuffering, Suffering
from application.inhibition.inhibited import Candidate, FindInhibited
from application.ports.alerts import AlertRepository
from application.routing.rules import CurrentRules
from domain.alert.alert import Alert
from domain.alert.overflow import OVERFLOW_KEY
from domain.incident.incident import Incident, IncidentStatus
from domain.incident.mute import Mute
from domain.routing.rulebook import Rulebook
from domain.shared.ids import IncidentId, IntegrationId, ServiceId, TeamId


@dataclass(frozen=True, slots=True)
class LookAtMutes:
    """Which incidents stay muted whose mute has come to its end: those of which every firing alert still is."""

    alerts: AlertRepository
    find_inhibited: FindInhibited
    find_suffering: FindSuffering
    current_rules: CurrentRules

    async def __call__(self, due: Sequence[Incident], *, at: datetime) -> Mapping[IncidentId, Mute]:
        """By the rules as they are stored now: one that was ended early must not hold by our memory of it."""
        muted = {each.id: each for each in due if each.status is IncidentStatus.TRIGGERED and each.muted is not None}
        if not muted:
            return {}
        rules = await self.current_rules.fresh()
        if rules.is_empty:
            return {}
        firing = await self.alerts.look_up_firing(muted)
        candidates = {
            alert.id: _candidate(alert, muted[alert.incident_id]) for alert in firing if not _counts_others(alert)
        }
        inhibited = await self.find_inhibited(rules.inhibiting, candidates, beginning=False, at=at)
        service_ids = (alert.service_id for alert in firing if not _counts_others(alert))
        suffering = await self.find_suffering(rules.dependencies, service_ids, beginning={})
        of_incident: dict[IncidentId, list[Mute | None]] = {}
        for alert in firing:
            incident = muted[alert.incident_id]
            mute = inhibited.get(alert.id) or _suffers(alert, incident, suffering, at)
            mute = mute or _mute_now(alert, incident, rules, at)
            of_incident.setdefault(alert.incident_id, []).append(mute)
        found = ((incident_id, least_muted(mutes)) for incident_id, mutes in of_incident.items())
        return {incident_id: mute for incident_id, mute in found if mute is not None}


def _candidate(alert: Alert, incident: Incident) -> Candidate:
    return Candidate(matched_labels_of(alert), incident.team_id, incident.triggered_at)


def _suffers(alert: Alert, incident: Incident, found: Mapping[ServiceId, Suffering], at: datetime) -> Mute | None:
    suffering = None if _counts_others(alert) else found.get(alert.service_id)
    if suffering is None or suffering.muting is None:
        return None
    return suffering.muting.mute(incident.triggered_at, at=at)


def _mute_now(alert: Alert, incident: Incident, rules: Rulebook, at: datetime) -> Mute | None:
    """A delay is over when the alert has lasted so long; a rule that suppresses still does.

    What counts others is asked for silences and maintenance alone: what rules say of its own labels they have not said
    of what it counts.
    """
    labels, team_id = matched_labels_of(alert), incident.team_id
    if not _counts_others(alert):
        return mute_by_rules(
            rules,
            labels,
            integration_id=alert.integration_id,
            team_id=team_id,
            service_id=alert.service_id,
            since=alert.first_seen_at,
            at=at,
        )
    return mute_of(rules.quieted(labels, team_id=team_id, service_id=alert.service_id, at=at))


def mute_by_rules(
    rules: Rulebook,
    labels: Mapping[str, str],
    *,
    integration_id: IntegrationId,
    team_id: TeamId,
    service_id: ServiceId,
    since: datetime,
    at: datetime,
) -> Mute | None:
    """What mutes an alert that has been firing since then: a delay counts from there."""
    decision = rules.decide(labels, integration_id=integration_id, team_id=team_id, at=at)
    silenced = mute_of(rules.quieted(labels, team_id=team_id, service_id=service_id, at=at))
    return held_back(decision, silenced=silenced, since=since, at=at)


def _counts_others(alert: Alert) -> bool:
    return alert.dedup_key == OVERFLOW_KEY
