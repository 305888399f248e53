"""Events that the rules have been asked about, and what an alert and an incident of each would be."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, Self
from uuid import UUID

from application.alert.verdict import Verdict, VerdictOutcome, annotations_of, matched_labels
from application.dependency.upstream import Suffering, Upstream
from application.ports.intake import AlertKey, GroupKey, IntakeTarget, RawEvent
from application.service.urgency import Judged, judged
from domain.alert.alert import DEFAULT_SEVERITY, Alert, AlertStatus, Expiry
from domain.alert.alert_event import AlertEvent, AlertSeverity, Link
from domain.alert.grouping import group_key_of
from domain.alert.overflow import overflow_event
from domain.incident.events import IncidentCauseSuspected
from domain.incident.incident import Followed, IncidentDraft
from domain.incident.mute import Mute, MuteKind
from domain.routing.decision import Decision, StepOutcome
from domain.routing.grouping import grouped_by
from domain.routing.rulebook import Quiet
from domain.routing.silence import Silence
from domain.service.integration import IntakeLimits
from domain.shared.group_window import GroupWindow, ruled_window
from domain.shared.ids import AlertId, IncidentId, ServiceId
from domain.shared.limits import LINKS
from domain.shared.severity import Severity

INCIDENT_SEVERITY: Final = {
    AlertSeverity.CRITICAL: Severity.SEV1,
    AlertSeverity.ERROR: Severity.SEV2,
    AlertSeverity.WARNING: Severity.SEV3,
    AlertSeverity.INFO: Severity.SEV4,
}
_UNDECIDED: Final = Decision()
_NOWHERE: Final = -1  # the place of what no sender sent
# No alert has their labels, or it has those of its first report.
_UNTOLD: Final = frozenset({VerdictOutcome.DROPPED, VerdictOutcome.OVERFLOWED, VerdictOutcome.REPEATED})


class ReceivedEvent(NamedTuple):
    """One event of a sender that was recognised.

    `raw` is set on the first event of each body; the others name it, where one body holds several.
    """

    target: IntakeTarget
    event: AlertEvent
    raw: RawEvent | None
    raw_id: UUID | None = None
    trace: str | None = None  # that its body came with

    @property
    def event_id(self) -> UUID | None:
        """The raw event that it came in; None: it came in none."""
        return self.raw_id if self.raw is None else self.raw.id

    @property
    def key(self) -> AlertKey:
        return self.target.integration.id, self.event.dedup_key


def received_in(raw: RawEvent, events: Iterable[AlertEvent], target: IntakeTarget) -> list[ReceivedEvent]:
    """Events of one body, which is kept once, whatever it holds."""
    return [
        ReceivedEvent(target, event, raw if place == 0 else None, raw.id, raw.trace)
        for place, event in enumerate(events)
    ]


def end_of(mute: Mute) -> datetime:
    """Of one that has an end."""
    assert mute.until is not None
    return mute.until


def least_muted(mutes: Sequence[Mute | None]) -> Mute | None:
    """What mutes an incident of these alerts: nothing if one of them is heard, else the mute that ends first."""
    muted = [mute for mute in mutes if mute is not None]
    if len(muted) < len(mutes):
        return None
    ending = [mute for mute in muted if mute.until is not None]
    return min(ending, key=end_of, default=muted[0])


def mute_of(quiet: Quiet | None) -> Mute | None:
    if quiet is None:
        return None
    kind = MuteKind.SILENCED if isinstance(quiet.by, Silence) else MuteKind.MAINTENANCE
    return Mute(kind=kind, by=str(quiet.by.id), reason=quiet.by.sentence, until=quiet.until)


def held_back(
    decision: Decision, *, silenced: Mute | None, inhibited: Mute | None = None, since: datetime, at: datetime
) -> Mute | None:
    """What mutes an alert that has been firing since then, of all that would.

    Of a delay, which counts from there, and a silence it is the one that ends later.
    """
    effect = decision.effect
    if effect.is_suppressed:
        return _suppressed_by(decision)
    if inhibited is not None or effect.delay is None or since + effect.delay <= at:
        return inhibited or silenced
    delayed = _delayed_by(decision, until=since + effect.delay)
    return delayed if silenced is None else max(delayed, silenced, key=end_of)


def _suppressed_by(decision: Decision) -> Mute:
    rule = _last_applied(decision)
    return Mute(kind=MuteKind.SUPPRESSED, by=rule, reason=f"the rule {rule!r} suppresses it")


def _delayed_by(decision: Decision, *, until: datetime) -> Mute:
    rule = _last_applied(decision)
    reason = f"it pages if it lasts for {decision.effect.delay}, says the rule {rule!r}"
    return Mute(kind=MuteKind.DELAYED, by=rule, reason=reason, until=until)


def _last_applied(decision: Decision) -> str:
    return next(step.rule for step in reversed(decision.steps) if step.outcome is StepOutcome.APPLIED)


class RoutedEvent(NamedTuple):
    """A received event and what the rules say of it. Its target is the service that they lead to.

    What is asked for several times an event is a member of its own.
    """

    place: int  # in the batch; nowhere, for what counts others
    received: ReceivedEvent
    event: AlertEvent
    target: IntakeTarget
    key: AlertKey
    group_key: str
    decision: Decision = _UNDECIDED
    silenced: Mute | None = None
    inhibited: Mute | None = None
    suspect: Upstream | None = None  # what may have caused it

    @property
    def counts_others(self) -> bool:
        """Whether it stands for events for which there is no room."""
        return self.place == _NOWHERE

    @property
    def service_id(self) -> ServiceId:
        return self.target.integration.service_id

    @property
    def kind_key(self) -> str | None:
        """The same for alerts that page an incident but once; None where no rule tells kinds apart."""
        names = self.decision.effect.page_again_by
        return grouped_by(names, matched_labels(self.event)) if names else None

    def most_open_alerts(self, limits: IntakeLimits) -> int:
        """Of the integration that it is counted with."""
        return self.target.integration.most_open_alerts(limits)

    @property
    def group(self) -> GroupKey:
        return self.service_id, self.group_key

    @property
    def group_window(self) -> GroupWindow | None:
        """Of the incident that it would open: as a rule says, or else its integration. What counts others has none."""
        if self.counts_others:
            return None
        return ruled_window(self.decision.effect.group_window, otherwise=self.target.integration.group_window)

    @property
    def severity(self) -> Severity:
        """Of the incident that it would open."""
        return self.decision.effect.severity or INCIDENT_SEVERITY[self.event.severity or DEFAULT_SEVERITY]

    def suffering(self, found: Suffering | None, at: datetime) -> Self:
        """The same with what its service suffers from. Another alert that mutes it says more."""
        if found is None:
            return self
        mute = None if found.muting is None else found.muting.mute(at, at=at)
        return self._replace(inhibited=self.inhibited or mute, suspect=found.suspected)

    def suspected(self, incident_id: IncidentId, at: datetime) -> list[IncidentCauseSuspected]:
        """For the timeline of the incident that it opened."""
        if self.suspect is None or self.suspect.incident is None:
            return []
        upstream = self.suspect.incident
        event = IncidentCauseSuspected(
            incident_id=incident_id,
            at=at,
            upstream_incident_id=upstream.incident_id,
            upstream_number=upstream.number,
            upstream_service_id=upstream.service_id,
            upstream_service_name=upstream.service_name,
        )
        return [event]

    def decided(self, decision: Decision) -> Self:
        """By the rules that its labels meet."""
        names = decision.effect.group_by
        group_key = grouped_by(names, matched_labels(self.event)) if names else self.group_key
        return self._replace(decision=decision, group_key=group_key)

    def muted(self, at: datetime) -> Mute | None:
        """What holds its pages back: of a delay and a silence, the one that ends later."""
        return held_back(self.decision, silenced=self.silenced, inhibited=self.inhibited, since=at, at=at)

    def verdict(
        self,
        outcome: VerdictOutcome,
        *,
        alert_id: AlertId | None = None,
        incident_id: IncidentId | None = None,
        muted: Mute | None = None,
        follows: Followed | None = None,
    ) -> Verdict:
        return Verdict(
            dedup_key=self.event.dedup_key,
            action=self.event.action,
            outcome=outcome,
            service_id=self.service_id,
            group_key=self.group_key,
            alert_id=alert_id,
            incident_id=incident_id,
            decision=self.decision if self.decision.steps else None,
            muted=muted,
            follows=follows,
            sent_group_key=group_key_of(self.event) if self.decision.effect.group_by else None,
            labels=matched_labels(self.event) if outcome in _UNTOLD else None,
            severity=self.event.severity if outcome in _UNTOLD else None,
        )

    def draft(self, incident_id: IncidentId, at: datetime, muted: Mute | None) -> IncidentDraft:
        """The incident that it would open."""
        target, effect = self.target, self.decision.effect
        severity = self.severity
        urgency, rises_at = (
            Judged(effect.urgency)
            if effect.urgency is not None
            else judged(target.urgency_rule, severity, tier=target.tier, support_hours=target.support_hours, at=at)
        )
        return IncidentDraft(
            id=incident_id,
            service_id=self.service_id,
            team_id=target.integration.team_id,
            group_key=self.group_key,
            title=self._title(),
            severity=severity,
            urgency=urgency,
            triggered_at=at,
            acknowledgements_required=target.acknowledgements_required,
            rises_at=rises_at,
            muted=muted,
            group_window=self.group_window,
            trace=self.received.trace,
        )

    def alert(
        self,
        alert_id: AlertId,
        incident_id: IncidentId,
        repeats: "Sequence[RoutedEvent]",
        at: datetime,
        turns_before: Sequence[datetime] = (),
    ) -> Alert:
        """The alert that it begins and these repeat."""
        event, expiry, flapping = self.event, expiry_of((self, *repeats), at), self.decision.effect.flapping
        turns = () if flapping is None else flapping.counted(turns_before, at=at)
        return Alert(
            id=alert_id,
            integration_id=self.target.integration.id,
            service_id=self.service_id,
            incident_id=incident_id,
            dedup_key=event.dedup_key,
            group_key=self.group_key,
            status=AlertStatus.FIRING,
            summary=event.summary,
            source=event.source,
            severity=event.severity or DEFAULT_SEVERITY,
            first_seen_at=at,
            last_seen_at=at,
            starts_at=event.starts_at,
            expires_at=None if expiry is None else expiry.at,
            ends_by_silence=expiry is not None and expiry.is_end,
            turns=turns,
            settles_in=flapping.within if flapping is not None and flapping.is_reached(turns) else None,
            occurrences=1 + len(repeats),
            labels=event.labels,
            details=event.details,
            links=self._links(),
            kind_key=self._kind_heard(at),
            event_id=self.received.event_id,
        )

    def _kind_heard(self, at: datetime) -> str | None:
        """Its kind, unless it is muted: what nobody hears of is no news yet."""
        kind = self.kind_key
        return None if kind is None or self.muted(at) is not None else kind

    def _title(self) -> str:
        template = self.decision.effect.title
        made = "" if template is None else template.render(matched_labels(self.event), annotations_of(self.event))
        return made or self.event.summary or self.event.dedup_key

    def _links(self) -> tuple[Link, ...]:
        url = self.decision.effect.runbook_url
        if url is None:
            return self.event.links
        return (Link(href=url, text="Runbook"), *self.event.links)[:LINKS]


def unrouted(place: int, received: ReceivedEvent) -> RoutedEvent:
    """As its integration leads it, while no rule has been asked."""
    event = received.event
    return RoutedEvent(place, received, event, received.target, received.key, group_key_of(event))


def expiry_of(reports: Sequence[RoutedEvent], at: datetime) -> Expiry | None:
    """The longest that any of them is good for: as a rule says, or else as the sender does."""
    ends: list[Expiry] = []
    said: list[Expiry] = []
    for each in reports:
        span, until = each.decision.effect.resolve_after, each.event.expires_at
        if span is not None:
            ends.append(Expiry(at + span, is_end=True))
        if until is not None:
            said.append(Expiry(until))
    return max(ends or said, default=None)


def overflow_of(beyond: Sequence[RoutedEvent], *, limit: int, at: datetime) -> RoutedEvent:
    """What is reported in place of events of one integration for which there is no room.

    The rules have been asked about each of these, and are not asked about what counts them: it goes where the
    integration leads, and is muted only when all of them are.
    """
    target = beyond[0].received.target
    event = overflow_event(target.integration.name, limit=limit)
    muted = least_muted([each.muted(at) for each in beyond])
    return unrouted(_NOWHERE, ReceivedEvent(target, event, None))._replace(silenced=muted)
