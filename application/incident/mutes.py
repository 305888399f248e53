"""What holds the pages of incidents back, looked at anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from application.alert.routed import least_muted, mute_of
from application.alert.verdict import matched_labels_of
from application.ports.alerts import AlertRepository
from application.ports.incidents import IncidentRepository
from application.routing.rules import CurrentRules
from domain.alert.alert import Alert
from domain.incident.incident import Incident, IncidentStatus
from domain.incident.mute import Mute, MuteKind
from domain.routing.decision import StepOutcome
from domain.routing.rulebook import Rulebook
from domain.shared.ids import IncidentId


@dataclass(frozen=True, slots=True)
class LookAtMutes:
    """Which incidents stay muted whose mute has come to its end: those of which every firing alert still is."""

    alerts: AlertRepository
    current_rules: CurrentRules

    async def __call__(self, due: Sequence[Incident], *, at: datetime) -> Mapping[IncidentId, Mute]:
        """By the rules as they are stored now: one that was ended early must not hold by our memory of it."""
        muted = {each.id: each for each in due if each.status is IncidentStatus.TRIGGERED and each.muted is not None}
        if not muted:
            return {}
        rules = await self.current_rules.fresh()
        if rules.is_empty:
            return {}
        of_incident: dict[IncidentId, list[Mute | None]] = {}
        for alert in await self.alerts.look_up_firing(muted):
            mute = _mute_now(alert, muted[alert.incident_id], rules, at)
            of_incident.setdefault(alert.incident_id, []).append(mute)
        found = ((incident_id, least_muted(mutes)) for incident_id, mutes in of_incident.items())
        return {incident_id: mute for incident_id, mute in found if mute is not None}


def _mute_now(alert: Alert, incident: Incident, rules: Rulebook, at: datetime) -> Mute | None:
    """A delay is over by now; a rule that suppresses still does."""
    labels = matched_labels_of(alert)
    decision = rules.decide(labels, integration_id=alert.integration_id, team_id=incident.team_id, at=at)
    if decision.effect.is_suppressed:
        rule = next(step.rule for step in reversed(decision.steps) if step.outcome is StepOutcome.APPLIED)
        return Mute(kind=MuteKind.SUPPRESSED, by=rule, reason=f"the rule {rule!r} suppresses it")
    quiet = rules.quieted(labels, team_id=incident.team_id, service_id=alert.service_id, at=at)
    return None if quiet is None else mute_of(quiet)


async def end_mutes(incidents: IncidentRepository, by: str, *, until: datetime, at: datetime) -> None:
    """Have incidents looked at sooner whose mute now ends sooner, in the transaction that ends it sooner."""
    sooner = [
        incident.mute(replace(incident.muted, until=until), at=at)
        for incident in await incidents.muted_by(by)
        if incident.muted is not None and incident.muted.until is not None and incident.muted.until > until
    ]
    await incidents.save_all(sooner)
