"""Alerts begin: each opens the incident of its group, reopens it or joins it, and pages if that is news to somebody."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from application.alert.admit import Admitted
from application.alert.ledger import Ledger
from application.alert.routed import RoutedEvent, least_muted
from application.alert.verdict import VerdictOutcome, matched_labels
from application.escalation.start import StartEscalations
from application.ports.alerts import AlertRepository
from application.ports.ids import IdFactory
from application.ports.incidents import IncidentRepository
from application.ports.inhibitions import InhibitionSources, Source
from application.ports.intake import AlertKey, GroupKey, IntakeStore, IntakeTarget, OpenedIncident
from domain.alert.alert import Alert
from domain.alert.events import AlertJoined
from domain.escalation.run import EscalationRun
from domain.incident.incident import Incident, IncidentDraft
from domain.routing.inhibition import Inhibiting
from domain.shared.event import DomainEvent
from domain.shared.ids import AlertId, IncidentId, RunId
from domain.shared.via import Via

# The reports of new alerts, the first of each first, by the groups that share an incident.
type _ByGroup = Mapping[GroupKey, Mapping[AlertKey, Sequence[RoutedEvent]]]


@dataclass(slots=True)
class _Groups:
    """The incidents of a wave's new alerts, which are asked about in their order."""

    opened: Mapping[GroupKey, OpenedIncident]
    reopened: Mapping[IncidentId, Incident]
    known_kinds: Collection[tuple[IncidentId, str]]  # that they had before
    news: dict[IncidentId, AlertId] = field(default_factory=dict)  # those that page again, and by which alert

    def outcome(self, incident: OpenedIncident, alert: Alert, *, is_first: bool) -> VerdictOutcome:
        """What a new alert does to the incident of its group."""
        if incident.is_new:
            return VerdictOutcome.OPENED if is_first else VerdictOutcome.JOINED
        if incident.incident_id in self.reopened:
            return VerdictOutcome.REOPENED if is_first else VerdictOutcome.JOINED
        if incident.is_muted or incident.incident_id in self.news or not self._is_news(alert):
            return VerdictOutcome.JOINED
        self.news[incident.incident_id] = alert.id
        return VerdictOutcome.PAGED_AGAIN

    def _is_news(self, alert: Alert) -> bool:
        return alert.kind_key is not None and (alert.incident_id, alert.kind_key) not in self.known_kinds


@dataclass(slots=True)
class _Begun:
    """What new alerts come to, for one statement."""

    heard: set[IncidentId]  # muted until now, if at all, and joined by what nothing mutes
    alerts: list[Alert] = field(default_factory=list)
    runs: list[EscalationRun] = field(default_factory=list)
    events: list[DomainEvent] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    joined: dict[IncidentId, list[Alert]] = field(default_factory=dict)

    def joins(self, at: datetime) -> list[AlertJoined]:
        """One of each incident, which says of a storm once what happened."""
        return [
            AlertJoined(
                incident_id=incident_id,
                alert_id=first.id,
                summary=first.summary,
                others=tuple([each.id for each in others]),
                at=at,
            )
            for incident_id, (first, *others) in self.joined.items()
        ]


@dataclass(frozen=True, slots=True)
class BeginAlerts:
    """Alerts that were admitted, in the transaction that is open."""

    intake: IntakeStore
    alerts: AlertRepository
    incidents: IncidentRepository
    inhibition_sources: InhibitionSources
    start_escalations: StartEscalations
    ids: IdFactory

    async def __call__(
        self, admitted: Admitted, inhibiting: Inhibiting, ledger: Ledger, at: datetime, *, is_last: bool
    ) -> None:
        """`is_last`: nothing of the batch follows, so that the bodies which it came in are stored with it.

        Raises:
            ConflictError: another batch begins some of these alerts meanwhile.
        """
        new = admitted.new
        by_group = _by_group(new)
        alert_ids = {key: AlertId(self.ids.new()) for key in new}
        turns = await self._turns_before(new)
        drafts = {group: self._draft_of([first for first, *_ in each.values()], at) for group, each in by_group.items()}
        opened = await self.intake.open_incidents(tuple(drafts.values())) if drafts else {}
        reopened = await self._reopened(by_group, alert_ids, drafts, opened, at)
        opened |= {(each.service_id, each.group_key): _opened_again(each) for each in reopened.values()}
        groups = _Groups(opened, reopened, await self._known_kinds(by_group, opened, at))
        begun = _Begun(admitted.heard(at))
        for group, of_group in by_group.items():
            incident, draft = opened[group], drafts[group]
            is_first = True
            for key, (first, *repeats) in of_group.items():  # the first report of a new alert describes it
                alert = first.alert(alert_ids[key], incident.incident_id, repeats, at, turns.get(key, ()))
                outcome = groups.outcome(incident, alert, is_first=is_first)
                self._gather(begun, first, alert, incident, draft, outcome, at)
                if inhibiting:
                    begun.sources += _sources_of(first, alert.id, inhibiting)
                follows = incident.follows if outcome is VerdictOutcome.OPENED else None
                ledger.note_new(first, repeats, alert, outcome, at, follows=follows)
                is_first = False
        begun.events += begun.joins(at)
        admitted.note_beyond(begun.alerts, ledger, at)
        await self._record(begun, ledger, is_last=is_last)
        await self._page_anew(begun.heard, groups, at)

    def _gather(
        self,
        begun: _Begun,
        first: RoutedEvent,
        alert: Alert,
        incident: OpenedIncident,
        draft: IncidentDraft,
        outcome: VerdictOutcome,
        at: datetime,
    ) -> None:
        """The first alert of a group opens its incident, or reopens it; the others join."""
        begun.alerts.append(alert)
        if outcome is VerdictOutcome.OPENED:
            begun.events += _beginning_of(draft, incident, alert.id)
            begun.events += first.suspected(incident.incident_id, at)
            if draft.muted is None:
                begun.runs.append(self._run_for(first.target, incident.incident_id, at))
        elif outcome is not VerdictOutcome.REOPENED:
            begun.joined.setdefault(incident.incident_id, []).append(alert)
            if incident.is_muted and not incident.is_new and first.muted(at) is None:
                begun.heard.add(incident.incident_id)
        if alert.is_flapping:
            begun.events.append(alert.flapped(at=at))

    async def _record(self, begun: _Begun, ledger: Ledger, *, is_last: bool) -> None:
        raw = ledger.raw_events() if is_last else []
        if begun.alerts or raw:
            await self.intake.record(alerts=begun.alerts, runs=begun.runs, events=begun.events, raw_events=raw)
        if begun.sources:
            await self.inhibition_sources.add(begun.sources)

    async def _reopened(
        self,
        by_group: _ByGroup,
        alert_ids: Mapping[AlertKey, AlertId],
        drafts: Mapping[GroupKey, IncidentDraft],
        opened: Mapping[GroupKey, OpenedIncident],
        at: datetime,
    ) -> Mapping[IncidentId, Incident]:
        """The incidents that are open again, because the first alert of their group has a rule that says so.

        Each takes the place of the one that was begun for its group, which keeps everybody else from opening it.
        """
        within = {group: _first_of(each).decision.effect.reopen_within for group, each in by_group.items()}
        since = {group: at - span for group, span in within.items() if span is not None and opened[group].is_alone}
        found = await self.incidents.reopenable(since, at=at) if since else ()
        if not found:
            return {}
        changes = []
        for incident in found:
            group = incident.service_id, incident.group_key
            reason = alert_ids[next(iter(by_group[group]))]
            changes.append(incident.reopen(by=None, via=Via.SYSTEM, at=at, alert_id=reason, muted=drafts[group].muted))
        await self.intake.withdraw_incidents({opened[each.service_id, each.group_key].incident_id for each in found})
        return {each.id: each for each in await self.incidents.save_all(changes)}

    async def _turns_before(
        self, new: Mapping[AlertKey, Sequence[RoutedEvent]]
    ) -> Mapping[AlertKey, tuple[datetime, ...]]:
        counted = {key for key, (first, *_) in new.items() if first.decision.effect.flapping is not None}
        return await self.alerts.last_turns(counted) if counted else {}

    async def _known_kinds(
        self, by_group: _ByGroup, opened: Mapping[GroupKey, OpenedIncident], at: datetime
    ) -> frozenset[tuple[IncidentId, str]]:
        """Of the kinds of these alerts, those that their incidents have had. Asked while the incidents are held."""
        kinds = {
            (opened[group].incident_id, first.kind_key)
            for group, of_group in by_group.items()
            if not opened[group].is_new
            for first, *_ in of_group.values()
            if first.kind_key is not None and first.muted(at) is None
        }
        return await self.alerts.known_kinds(kinds) if kinds else frozenset()

    async def _page_anew(self, heard: set[IncidentId], groups: _Groups, at: datetime) -> None:
        """Those that nothing mutes any more, those with an alert that is news, and those that are open again."""
        changes = []
        for incident in await self.incidents.get_many(heard | groups.news.keys()):
            news = groups.news.get(incident.id)
            changes.append(incident.unmute(at=at) if news is None else incident.page_again(alert_id=news, at=at))
        await self.incidents.save_all(changes)
        reopened = {each.id for each in groups.reopened.values() if each.muted is None}
        await self.start_escalations({state.id for state, events in changes if events} | reopened, at=at)

    def _draft_of(self, firsts: Sequence[RoutedEvent], at: datetime) -> IncidentDraft:
        """What the incident of a group would be if none is open, as the group's first alert describes it.

        It is muted only when all of them are, until the first of those mutes ends.
        """
        muted = least_muted([each.muted(at) for each in firsts])
        return firsts[0].draft(IncidentId(self.ids.new()), at, muted=muted)

    def _run_for(self, target: IntakeTarget, incident_id: IncidentId, at: datetime) -> EscalationRun:
        return EscalationRun.start(
            RunId(self.ids.new()),
            incident_id=incident_id,
            policy_id=target.policy_id,
            policy_version=target.policy_version,
            at=at,
        )


def _by_group(new: Mapping[AlertKey, Sequence[RoutedEvent]]) -> _ByGroup:
    """The reports of each new alert, by the group of the first of them."""
    by_group: dict[GroupKey, dict[AlertKey, Sequence[RoutedEvent]]] = {}
    for key, reports in new.items():
        by_group.setdefault(reports[0].group, {})[key] = reports
    return by_group


def _first_of(group: Mapping[AlertKey, Sequence[RoutedEvent]]) -> RoutedEvent:
    return next(iter(group.values()))[0]


def _opened_again(incident: Incident) -> OpenedIncident:
    return OpenedIncident(incident.id, incident.number, is_new=False, is_muted=incident.muted is not None)


def _beginning_of(draft: IncidentDraft, opened: OpenedIncident, alert_id: AlertId) -> list[DomainEvent]:
    """That it began; and what its group's incident is told of it that was open until then."""
    follows = opened.follows
    begun = draft.triggered(number=opened.number, via=Via.SENDER, alert_id=alert_id, follows=follows)
    if follows is None:
        return [begun]
    return [follows.by(draft.id, number=opened.number, at=draft.triggered_at), begun]


def _sources_of(routed: RoutedEvent, alert_id: AlertId, inhibiting: Inhibiting) -> list[Source]:
    """What it mutes from now on."""
    if routed.counts_others:
        return []
    labels, team_id = matched_labels(routed.event), routed.target.integration.team_id
    found = inhibiting.as_source(labels, team_id=team_id)
    return [Source(each.key_of(labels), alert_id) for each in found]
