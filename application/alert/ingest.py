"""Events in: the hot path. A batch of them becomes alerts, incidents, runs and facts in one transaction.

A batch is cut into waves, each with at most one kind of action per alert, in the order of arrival: so a resolve that
follows its trigger in one batch finds the alert that the trigger opened, and everything else is set-based. The rules
are asked in memory, before the first wave.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from application.alert.room import OpenAlertRoom
from application.alert.routed import ReceivedEvent, RoutedEvent, expiry_of, least_muted, mute_of, overflow_of, unrouted
from application.alert.tally import Outcomes, VerdictTally
from application.alert.verdict import Verdict, VerdictOutcome, matched_labels
from application.dependency.upstream import EndSuffering, FindSuffering
from application.errors import ConflictError
from application.escalation.start import StartEscalations
from application.escalation.stop import StopEscalations
from application.inhibition.inhibited import Candidate, EndInhibitions, FindInhibited
from application.ports.alerts import AlertRepository
from application.ports.clock import Clock
from application.ports.errors import TransientPortError
from application.ports.escalations import PolicyVersions
from application.ports.ids import IdFactory
from application.ports.incidents import IncidentRepository
from application.ports.inhibitions import InhibitionSources, Source
from application.ports.intake import (
    AlertKey,
    DropCount,
    GroupKey,
    IntakeStore,
    IntakeTarget,
    OpenedIncident,
    RawEvent,
    Touched,
)
from application.ports.transaction import Transaction
from application.routing.rules import CurrentRules
from domain.alert.alert import Alert, is_stale
from domain.alert.alert_event import AlertAction
from domain.alert.events import AlertJoined
from domain.alert.overflow import OVERFLOW_KEY, has_room_again
from domain.escalation.run import EscalationRun
from domain.incident.incident import Incident, IncidentDraft
from domain.incident.mute import Mute, is_heard
from domain.routing.decision import Decision, Step, StepOutcome
from domain.routing.inhibition import Inhibiting
from domain.routing.rulebook import Rulebook
from domain.service.integration import IntakeLimits
from domain.shared.change import Change
from domain.shared.event import DomainEvent
from domain.shared.ids import AlertId, IncidentId, RunId, ServiceId
from domain.shared.severity import Severity
from domain.shared.via import Via

_BEGUN: Final = frozenset(
    {VerdictOutcome.OPENED, VerdictOutcome.REOPENED, VerdictOutcome.JOINED, VerdictOutcome.PAGED_AGAIN}
)


class _Ledger:
    """What became of each event of a batch: counted, and for the raw bodies that they came in."""

    def __init__(self, batch: Sequence[ReceivedEvent]) -> None:
        self._batch = batch
        self._verdicts: dict[int, Verdict] = {}
        self._is_kept = any(each.raw is not None for each in batch)
        self.outcomes: Outcomes = Counter()

    def note(
        self,
        routed: RoutedEvent,
        outcome: VerdictOutcome,
        *,
        alert_id: AlertId | None = None,
        incident_id: IncidentId | None = None,
        muted: Mute | None = None,
    ) -> None:
        """Once for each event; what counts others is none."""
        if routed.counts_others:
            return
        self.outcomes[routed.received.target.integration.kind, outcome] += 1
        if self._is_kept:
            self._verdicts[routed.place] = routed.verdict(
                outcome, alert_id=alert_id, incident_id=incident_id, muted=muted
            )

    def overtaken(self, alerts: Mapping[AlertId, Touched]) -> None:
        """What would have begun these alerts only repeated those that another batch had begun meanwhile."""
        for place, verdict in self._verdicts.items():
            stored = None if verdict.alert_id is None else alerts.get(verdict.alert_id)
            if stored is not None:
                outcome = VerdictOutcome.REPEATED if verdict.outcome in _BEGUN else verdict.outcome
                self._verdicts[place] = replace(
                    verdict, outcome=outcome, alert_id=stored.alert_id, incident_id=stored.incident_id, muted=None
                )
                kind = self._batch[place].target.integration.kind
                self.outcomes[kind, verdict.outcome] -= 1
                self.outcomes[kind, outcome] += 1

    def raw_events(self) -> list[RawEvent]:
        """Each with the verdicts on the events in it, in their order."""
        if not self._is_kept:
            return []
        of_event: dict[UUID, list[Verdict]] = {}
        for place, received in enumerate(self._batch):
            if received.event_id is not None and place in self._verdicts:
                of_event.setdefault(received.event_id, []).append(self._verdicts[place])
        raw = (each.raw for each in self._batch)
        return [replace(each, verdicts=tuple(of_event.get(each.id, ()))) for each in raw if each is not None]


class _Admitted(NamedTuple):
    """The new alerts for which there is room, with one in place of all others of an integration.

    Those others are by the key of the alert that counts them; `counting` has such alerts that were firing before.
    """

    new: Mapping[AlertKey, Sequence[RoutedEvent]]
    beyond: Mapping[AlertKey, Sequence[RoutedEvent]]
    counting: Mapping[AlertKey, Touched]

    def heard(self, at: datetime) -> set[IncidentId]:
        """The incidents of alerts which count something, now as before, that nothing mutes."""
        return {
            found.incident_id
            for key, found in self.counting.items()
            if least_muted([each.muted(at) for each in self.beyond[key]]) is None
        }


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


@dataclass(frozen=True, slots=True)
class IngestEvents:
    """Stores events and what follows from them. When it returns, all of it is committed (P1)."""

    intake: IntakeStore
    alerts: AlertRepository
    incidents: IncidentRepository
    policies: PolicyVersions
    inhibition_sources: InhibitionSources
    find_inhibited: FindInhibited
    end_inhibitions: EndInhibitions
    find_suffering: FindSuffering
    end_suffering: EndSuffering
    start_escalations: StartEscalations
    stop_escalations: StopEscalations
    current_rules: CurrentRules
    limits: IntakeLimits
    room: OpenAlertRoom
    tally: VerdictTally
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(self, batch: Sequence[ReceivedEvent]) -> None:
        """All of it, or nothing.

        Raises:
            TransientPortError: storage is away, or others changed the same incidents.
        """
        try:
            async with self.transaction:
                outcomes = await self._apply(batch)
        except ConflictError as error:  # the sender has done nothing wrong, and another try sees what is there then
            raise TransientPortError("others changed the same incidents") from error
        self.tally.add(outcomes)

    async def apply(self, batch: Sequence[ReceivedEvent]) -> Outcomes:
        """The same inside a transaction that is already open, for a consumer that has more to store with it.

        What became of the events, which is counted at once, also if the caller's commit fails then.
        """
        outcomes = await self._apply(batch)
        self.tally.add(outcomes)
        return outcomes

    async def _apply(self, batch: Sequence[ReceivedEvent]) -> Outcomes:
        at = self.clock.now()
        ledger = _Ledger(batch)
        rules = await self.current_rules()  # the same for the whole batch
        routed = await self._routed(batch, rules, at)
        kept = [each for each in routed if not each.decision.effect.is_dropped]
        dropped = [each for each in routed if each.decision.effect.is_dropped]
        for each in dropped:
            ledger.note(each, VerdictOutcome.DROPPED)
        cut = list(waves(kept))
        ends_with_answers = not cut or cut[-1][0].event.action is not AlertAction.TRIGGER
        for number, wave in enumerate(cut, start=1):
            if wave[0].event.action is AlertAction.TRIGGER:
                await self._fire(wave, rules, ledger, at, is_last=number == len(cut))
            else:
                await self._answer(wave, ledger, at)
        if ends_with_answers and (raw := ledger.raw_events()):
            await self.intake.record(alerts=(), runs=(), events=(), raw_events=raw)
        if dropped:
            await self.intake.count_drops(_drop_counts(dropped), at=at)
        return ledger.outcomes

    async def _routed(self, batch: Sequence[ReceivedEvent], rules: Rulebook, at: datetime) -> list[RoutedEvent]:
        """Answers are not asked about: what they answer has been led where it is."""
        routed = [unrouted(place, each) for place, each in enumerate(batch)]
        if rules.is_empty:
            return routed
        decided = [
            each.decided(_decision_of(each, rules, at)) if each.event.action is AlertAction.TRIGGER else each
            for each in routed
        ]
        return [
            each._replace(silenced=_silenced(each, rules, at)) if each.event.action is AlertAction.TRIGGER else each
            for each in await self._led(decided)
        ]

    async def _led(self, routed: Sequence[RoutedEvent]) -> list[RoutedEvent]:
        """Each with what the service decides that its rules lead it to."""
        wanted = {each.decision.effect.service_id for each in routed if not each.decision.effect.is_dropped} - {None}
        if not wanted:
            return list(routed)
        found = await self.intake.service_targets([service_id for service_id in wanted if service_id is not None])
        led = []
        for each in routed:
            service_id = each.decision.effect.service_id
            service = None if service_id is None else found.get(service_id)
            led.append(each if service is None else each._replace(target=each.target.led_to(service)))
        return led

    async def _fire(
        self, wave: Sequence[RoutedEvent], rules: Rulebook, ledger: _Ledger, at: datetime, *, is_last: bool
    ) -> None:
        reports: dict[AlertKey, list[RoutedEvent]] = {}
        for routed in wave:
            reports.setdefault(routed.key, []).append(routed)
        expires = {key: expiry for key, of_key in reports.items() if (expiry := expiry_of(of_key, at)) is not None}
        touched = await self.intake.touch({key: len(of_key) for key, of_key in reports.items()}, expires=expires, at=at)
        for key, found in touched.items():
            for repeat in reports.pop(key):
                ledger.note(repeat, VerdictOutcome.REPEATED, alert_id=found.alert_id, incident_id=found.incident_id)
        admitted = await self._within_limits(await self._without_stale(reports, ledger), at)
        new = await self._suffering(await self._inhibited(admitted.new, rules.inhibiting), rules, at)
        alert_ids = {key: AlertId(self.ids.new()) for key in new}
        turns = await self._turns_before(new)
        drafts = self._drafts_of(new.values(), at)
        reopened = await self._reopened(new, alert_ids, drafts, at)
        opened = await self.intake.open_incidents(tuple(drafts.values())) if drafts else {}
        groups = _Groups(opened, reopened, await self._known_kinds(new, opened, at))
        alerts: list[Alert] = []
        runs: list[EscalationRun] = []
        events: list[DomainEvent] = []
        sources: list[Source] = []
        heard = admitted.heard(at)  # muted until now, if at all, and joined by what nothing mutes
        for key, (routed, *repeats) in new.items():  # the first report of a new alert describes it
            group = routed.group
            incident = opened[group]
            muted = routed.muted(at)
            alert = routed.alert(alert_ids[key], incident.incident_id, repeats, at, turns.get(key, ()))
            alerts.append(alert)
            draft = drafts.pop(group, None)  # the first alert of a group opens its incident, the others join
            if draft is not None and incident.is_new:
                events.append(draft.triggered(number=incident.number, via=Via.SENDER, alert_id=alert.id))
                events += routed.suspected(incident.incident_id, at)
                if draft.muted is None:
                    runs.append(self._run_for(routed.target, incident.incident_id, at))
            elif draft is None or incident.incident_id not in reopened:
                events.append(
                    AlertJoined(
                        incident_id=incident.incident_id, alert_id=alert.id, summary=routed.event.summary, at=at
                    )
                )
                if incident.is_muted and muted is None and not incident.is_new:
                    heard.add(incident.incident_id)
            if alert.is_flapping:
                events.append(alert.flapped(at=at))
            sources += _sources_of(routed, alert.id, rules.inhibiting)
            outcome = groups.outcome(incident, alert, is_first=draft is not None)
            _note_new(routed, repeats, alert, outcome, muted, ledger)
        _note_beyond(admitted, alerts, ledger, at)
        raw = ledger.raw_events() if is_last else []
        if alerts or raw:
            stored = await self.intake.record(alerts=alerts, runs=runs, events=events, raw_events=raw)
            if stored:
                sources = await self._overtaken(stored, alerts, sources, ledger, is_stored=bool(raw))
        if sources:
            await self.inhibition_sources.add(sources)
        await self._page_anew(heard, groups, at)

    async def _overtaken(
        self,
        stored: Mapping[AlertKey, Touched],
        alerts: Sequence[Alert],
        sources: Sequence[Source],
        ledger: _Ledger,
        *,
        is_stored: bool,
    ) -> list[Source]:
        """Another batch began some of these alerts meanwhile: theirs are told of, and mute what they mute."""
        lost = {alert.id: stored[key] for alert in alerts if (key := (alert.integration_id, alert.dedup_key)) in stored}
        ledger.overtaken(lost)
        if is_stored:
            await self.intake.correct_verdicts(ledger.raw_events())
        return [each for each in sources if each.alert_id not in lost]

    async def _inhibited(
        self, new: Mapping[AlertKey, Sequence[RoutedEvent]], inhibiting: Inhibiting
    ) -> Mapping[AlertKey, Sequence[RoutedEvent]]:
        """The first report of each with what others mute it by. What counts others is neither asked nor mutes any."""
        if not new or not inhibiting:
            return new
        candidates = {
            key: Candidate(matched_labels(first.event), first.target.integration.team_id)
            for key, (first, *_) in new.items()
            if not first.counts_others
        }
        muted = await self.find_inhibited(inhibiting, candidates, beginning=True)
        return {key: (first._replace(inhibited=muted.get(key)), *repeats) for key, (first, *repeats) in new.items()}

    async def _suffering(
        self, new: Mapping[AlertKey, Sequence[RoutedEvent]], rules: Rulebook, at: datetime
    ) -> Mapping[AlertKey, Sequence[RoutedEvent]]:
        """The first report of each with what its service suffers from. What counts others is not asked about.

        An alert that begins with them counts by its own severity, also when it joins an incident that weighs less;
        what that mutes is seen to page at the first look.
        """
        if not new or not rules.dependencies:
            return new
        firsts = [first for first, *_ in new.values()]
        begin: dict[ServiceId, Severity] = {}
        for each in firsts:
            if is_heard(each.muted(at)):
                begin[each.service_id] = min(each.severity, begin.get(each.service_id, each.severity))
        asked = (each.service_id for each in firsts if not each.counts_others)
        found = await self.find_suffering(rules.dependencies, asked, beginning=begin)
        return {
            key: (first if first.counts_others else first.suffering(found.get(first.service_id), at), *repeats)
            for key, (first, *repeats) in new.items()
        }

    async def _reopened(
        self,
        new: Mapping[AlertKey, Sequence[RoutedEvent]],
        alert_ids: Mapping[AlertKey, AlertId],
        drafts: Mapping[GroupKey, IncidentDraft],
        at: datetime,
    ) -> Mapping[IncidentId, Incident]:
        """The incidents that are open again, because the first alert of their group has a rule that says so.

        Raises:
            ConflictError: another incident of the group is opened at this very moment, by what has no such rule.
        """
        firsts: dict[GroupKey, AlertKey] = {}
        for key, (routed, *_) in new.items():
            firsts.setdefault(routed.group, key)
        within = {group: new[key][0].decision.effect.reopen_within for group, key in firsts.items()}
        since = {group: at - span for group, span in within.items() if span is not None}
        if not since:
            return {}
        changes = []
        for incident in await self.incidents.reopenable(since):
            group = incident.service_id, incident.group_key
            reason = alert_ids[firsts[group]]
            changes.append(incident.reopen(by=None, via=Via.SYSTEM, at=at, alert_id=reason, muted=drafts[group].muted))
        return {each.id: each for each in await self.incidents.save_all(changes)}

    async def _turns_before(
        self, new: Mapping[AlertKey, Sequence[RoutedEvent]]
    ) -> Mapping[AlertKey, tuple[datetime, ...]]:
        counted = {key for key, (first, *_) in new.items() if first.decision.effect.flapping is not None}
        return await self.alerts.last_turns(counted) if counted else {}

    async def _known_kinds(
        self, new: Mapping[AlertKey, Sequence[RoutedEvent]], opened: Mapping[GroupKey, OpenedIncident], at: datetime
    ) -> frozenset[tuple[IncidentId, str]]:
        """Of the kinds of these alerts, those that their incidents have had. Asked while the incidents are held."""
        kinds = {
            (opened[first.group].incident_id, first.kind_key)
            for first, *_ in new.values()
            if first.kind_key is not None and not opened[first.group].is_new and first.muted(at) is None
        }
        return await self.alerts.known_kinds(kinds) if kinds else frozenset()

    async def _page_anew(self, heard: set[IncidentId], groups: "_Groups", at: datetime) -> None:
        """Those that nothing mutes any more, those with an alert that is news, and those that are open again."""
        changes = []
        for incident in await self.incidents.get_many(heard | groups.news.keys()):
            news = groups.news.get(incident.id)
            changes.append(incident.unmute(at=at) if news is None else incident.page_again(alert_id=news, at=at))
        await self.incidents.save_all(changes)
        reopened = {each.id for each in groups.reopened.values() if each.muted is None}
        await self.start_escalations({state.id for state, events in changes if events} | reopened, at=at)

    async def _without_stale(
        self, reports: Mapping[AlertKey, Sequence[RoutedEvent]], ledger: _Ledger
    ) -> Mapping[AlertKey, Sequence[RoutedEvent]]:
        dated = {key for key, of_key in reports.items() for each in of_key if each.event.starts_at is not None}
        if not dated:
            return reports
        cleared = await self.alerts.last_cleared(dated)
        left: dict[AlertKey, list[RoutedEvent]] = {}
        for key, of_key in reports.items():
            for each in of_key:
                if is_stale(each.event, cleared_starts_at=cleared.get(key)):
                    ledger.note(each, VerdictOutcome.STALE)
                else:
                    left.setdefault(key, []).append(each)
        return left

    async def _within_limits(self, new: Mapping[AlertKey, Sequence[RoutedEvent]], at: datetime) -> _Admitted:
        await self._count_room(new, at)
        kept: dict[AlertKey, Sequence[RoutedEvent]] = {}
        beyond: dict[AlertKey, list[RoutedEvent]] = {}
        for key, of_key in new.items():
            if self.room.take(key[0]):
                kept[key] = of_key
            else:
                beyond.setdefault((key[0], OVERFLOW_KEY), []).extend(of_key)
        if not beyond:
            return _Admitted(kept, {}, {})
        # After the others, as whoever ends an overflow does: two batches never wait for each other.
        counting = await self.intake.touch({key: len(of_key) for key, of_key in beyond.items()}, at=at)
        for key, of_key in beyond.items():
            if key not in counting:
                overflow = overflow_of(of_key, limit=self._limit_of(of_key[0]), at=at)
                kept[key] = (*kept.get(key, ()), *[overflow] * len(of_key))
        return _Admitted(kept, beyond, counting)

    async def _count_room(self, new: Mapping[AlertKey, Sequence[RoutedEvent]], at: datetime) -> None:
        wanted = Counter([integration_id for integration_id, _ in new])
        anyone = {integration_id: first for (integration_id, _), (first, *_) in new.items()}
        limits = {
            integration_id: self._limit_of(anyone[integration_id])
            for integration_id, count in wanted.items()
            if self.room.must_be_counted(integration_id, count, at=at)
        }
        if limits:
            open_alerts = await self.alerts.count_firing(limits)
            for integration_id, limit in limits.items():
                self.room.counted(integration_id, limit - open_alerts[integration_id], at=at)

    def _limit_of(self, routed: RoutedEvent) -> int:
        return routed.target.integration.most_open_alerts(self.limits)

    def _drafts_of(self, new: Iterable[Sequence[RoutedEvent]], at: datetime) -> dict[GroupKey, IncidentDraft]:
        """What the incident of each group would be if none is open, as the group's first alert describes it.

        It is muted only when all of them are, until the first of those mutes ends.
        """
        firsts: dict[GroupKey, list[RoutedEvent]] = {}
        for first, *_ in new:
            firsts.setdefault(first.group, []).append(first)
        return {
            group: of_group[0].draft(
                IncidentId(self.ids.new()), at, muted=least_muted([each.muted(at) for each in of_group])
            )
            for group, of_group in firsts.items()
        }

    def _run_for(self, target: IntakeTarget, incident_id: IncidentId, at: datetime) -> EscalationRun:
        return EscalationRun.start(
            RunId(self.ids.new()),
            incident_id=incident_id,
            policy_id=target.policy_id,
            policy_version=target.policy_version,
            at=at,
        )

    async def _answer(self, wave: Sequence[RoutedEvent], ledger: _Ledger, at: datetime) -> None:
        """The sender's own acknowledge or resolve. For an alert that is not firing it means nothing."""
        firing = await self.alerts.firing({routed.key for routed in wave})
        is_resolve = wave[0].event.action is AlertAction.RESOLVE
        _note_answers(wave, firing, ledger, at)
        if not firing:
            return
        if is_resolve:
            over = [alert for alert in firing if alert.is_settled(at=at)]
            await self.clear([*firing, *await self._ended_overflows(wave, over)], via=Via.SENDER, at=at)
            return
        incidents = await self.incidents.get_many({alert.incident_id for alert in firing})
        policies = await self.policies.newest_for({incident.id for incident in incidents})
        await self._save_answered(
            [
                incident.acknowledge(
                    by=None, via=Via.SENDER, at=at, timeout=policies[incident.id].acknowledgement_timeout
                )
                for incident in incidents
                if incident.is_open
            ],
            at,
        )

    async def clear(self, firing: Sequence[Alert], *, via: Via, at: datetime) -> None:
        """Held alerts are over, inside the open transaction; and their incidents, when nothing else of them fires.

        What only they muted is looked at anew. One that is flapping is over later, when it has been quiet.
        """
        await self.alerts.save_settling([alert.settle() for alert in firing if not alert.is_settled(at=at)])
        firing = [alert for alert in firing if alert.is_settled(at=at)]
        if not firing:
            return
        await self.alerts.save_cleared([alert.clear(at=at) for alert in firing])
        # Held before asking which still fire: whoever clears or joins another of their alerts is waited for.
        incidents = await self.incidents.get_many({alert.incident_id for alert in firing})
        still_firing = await self.alerts.incidents_still_firing({incident.id for incident in incidents})
        await self._save_answered(
            [
                incident.resolve(by=None, via=via, at=at)
                for incident in incidents
                if incident.is_open and incident.id not in still_firing
            ],
            at,
        )
        await self.end_inhibitions({alert.id for alert in firing}, at=at)

    async def _save_answered(self, changes: Iterable[Change[Incident]], at: datetime) -> None:
        changed = [change for change in changes if change.events]
        for change in changed:
            await self.incidents.save(change)
        await self.stop_escalations({change.state.id for change in changed}, at=at)
        await self.end_suffering({state.service_id for state, _ in changed if not state.is_open}, at=at)

    async def _ended_overflows(self, wave: Sequence[RoutedEvent], clearing: Sequence[Alert]) -> tuple[Alert, ...]:
        """The overflow alerts of integrations that have room again once these are cleared."""
        gone = Counter(alert.integration_id for alert in clearing)
        overflows = await self.alerts.firing({(integration_id, OVERFLOW_KEY) for integration_id in gone})
        if not overflows:
            return ()
        limit_of = {routed.key[0]: self._limit_of(routed) for routed in wave}
        limits = {alert.integration_id: limit_of[alert.integration_id] for alert in overflows}
        left = await self.alerts.count_firing(limits)
        return tuple(
            alert
            for alert in overflows
            if alert not in clearing
            and has_room_again(
                left[alert.integration_id] - gone[alert.integration_id], limit=limits[alert.integration_id]
            )
        )


def _note_new(
    first: RoutedEvent,
    repeats: Sequence[RoutedEvent],
    alert: Alert,
    outcome: VerdictOutcome,
    muted: Mute | None,
    ledger: _Ledger,
) -> None:
    ledger.note(first, outcome, alert_id=alert.id, incident_id=alert.incident_id, muted=muted)
    for repeat in repeats:
        ledger.note(repeat, VerdictOutcome.REPEATED, alert_id=alert.id, incident_id=alert.incident_id)


def _sources_of(routed: RoutedEvent, alert_id: AlertId, inhibiting: Inhibiting) -> list[Source]:
    """What it mutes from now on."""
    if not inhibiting or routed.counts_others:
        return []
    labels, team_id = matched_labels(routed.event), routed.target.integration.team_id
    found = inhibiting.as_source(labels, team_id=team_id)
    return [Source(each.key_of(labels), alert_id) for each in found]


def waves(batch: Sequence[RoutedEvent]) -> Iterator[Sequence[RoutedEvent]]:
    """Cut a batch so that each wave has one kind of action, and every alert's events keep their order.

    An event joins the earliest wave of its kind that does not come before an event of the same alert.
    """
    cut: list[list[RoutedEvent]] = []
    last_wave_of: dict[AlertKey, int] = {}
    for routed in batch:
        action = routed.event.action
        key = routed.key
        index = last_wave_of.get(key, 0)
        while index < len(cut) and cut[index][0].event.action is not action:
            index += 1
        if index == len(cut):
            cut.append([])
        cut[index].append(routed)
        last_wave_of[key] = index
    yield from cut


def _decision_of(routed: RoutedEvent, rules: Rulebook, at: datetime) -> Decision:
    integration = routed.received.target.integration
    labels = matched_labels(routed.event)
    return rules.decide(labels, integration_id=integration.id, team_id=integration.team_id, at=at)


def _silenced(routed: RoutedEvent, rules: Rulebook, at: datetime) -> Mute | None:
    """By the team of the service that it leads to."""
    target = routed.target.integration
    labels = matched_labels(routed.event)
    quiet = rules.quieted(labels, team_id=target.team_id, service_id=target.service_id, at=at)
    return None if quiet is None else mute_of(quiet)


def _note_answers(wave: Sequence[RoutedEvent], firing: Sequence[Alert], ledger: _Ledger, at: datetime) -> None:
    by_key = {(alert.integration_id, alert.dedup_key): alert for alert in firing}
    for routed in wave:
        alert = by_key.get(routed.key)
        if alert is None:
            ledger.note(routed, VerdictOutcome.IGNORED)
        else:
            outcome = _answered(routed.event.action, alert, at)
            ledger.note(routed, outcome, alert_id=alert.id, incident_id=alert.incident_id)


def _answered(action: AlertAction, alert: Alert, at: datetime) -> VerdictOutcome:
    if action is not AlertAction.RESOLVE:
        return VerdictOutcome.ACKNOWLEDGED
    return VerdictOutcome.CLEARED if alert.is_settled(at=at) else VerdictOutcome.SETTLING


def _note_beyond(admitted: _Admitted, begun: Iterable[Alert], ledger: _Ledger, at: datetime) -> None:
    """Each event that is only counted, with the alert that counts it."""
    if not admitted.beyond:
        return
    counting = {(alert.integration_id, alert.dedup_key): Touched(alert.id, alert.incident_id) for alert in begun}
    counting |= admitted.counting
    for key, of_key in admitted.beyond.items():
        alert_id, incident_id = counting[key]
        for each in of_key:
            muted = each.muted(at)
            ledger.note(each, VerdictOutcome.OVERFLOWED, alert_id=alert_id, incident_id=incident_id, muted=muted)


def _drop_counts(dropped: Iterable[RoutedEvent]) -> list[DropCount]:
    counted: Counter[tuple[UUID, str]] = Counter()
    last: dict[tuple[UUID, str], UUID | None] = {}
    for each in dropped:
        step = _dropping_step(each)
        counted[step.owner_id, step.rule] += 1
        last[step.owner_id, step.rule] = each.received.event_id
    return [DropCount(owner_id, rule, count, last[owner_id, rule]) for (owner_id, rule), count in counted.items()]


def _dropping_step(routed: RoutedEvent) -> Step:
    """The last rule that applied: nothing is asked after one that drops."""
    return next(step for step in reversed(routed.decision.steps) if step.outcome is StepOutcome.APPLIED)
