"""Events in: the hot path. A batch of them becomes alerts, incidents, runs and facts in one transaction.

A batch is cut into waves, each with at most one kind of action per alert, in the order of arrival: so a resolve that
follows its trigger in one batch finds the alert that the trigger opened, and everything else is set-based.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from application.alert.room import OpenAlertRoom
from application.escalation.stop import StopEscalations
from application.ports.alerts import AlertRepository
from application.ports.clock import Clock
from application.ports.escalations import PolicyVersions
from application.ports.ids import IdFactory
from application.ports.incidents import IncidentRepository
from application.ports.intake import AlertKey, GroupKey, IntakeStore, IntakeTarget, RawEvent
from application.ports.transaction import Transaction
from application.service.urgency import judged
from domain.alert.alert import DEFAULT_SEVERITY, Alert, AlertStatus, is_stale
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.alert.events import AlertJoined
from domain.alert.grouping import group_key_of
from domain.alert.overflow import OVERFLOW_KEY, has_room_again, overflow_event
from domain.escalation.run import EscalationRun
from domain.incident.incident import Incident, IncidentDraft
from domain.service.integration import IntakeLimits
from domain.shared.change import Change
from domain.shared.event import DomainEvent
from domain.shared.ids import AlertId, IncidentId, RunId
from domain.shared.severity import Severity
from domain.shared.via import Via

INCIDENT_SEVERITY = {
    AlertSeverity.CRITICAL: Severity.SEV1,
    AlertSeverity.ERROR: Severity.SEV2,
    AlertSeverity.WARNING: Severity.SEV3,
    AlertSeverity.INFO: Severity.SEV4,
}


class ReceivedEvent(NamedTuple):
    """One event of a sender that was recognised. `raw` is set on the first event of each body."""

    target: IntakeTarget
    event: AlertEvent
    raw: RawEvent | None

    @property
    def key(self) -> AlertKey:
        return self.target.integration.id, self.event.dedup_key

    @property
    def group(self) -> GroupKey:
        return self.target.integration.service_id, group_key_of(self.event)


@dataclass(frozen=True, slots=True)
class IngestEvents:
    """Stores events and what follows from them. When it returns, all of it is committed (P1)."""

    intake: IntakeStore
    alerts: AlertRepository
    incidents: IncidentRepository
    policies: PolicyVersions
    stop_escalations: StopEscalations
    limits: IntakeLimits
    room: OpenAlertRoom
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(self, batch: Sequence[ReceivedEvent]) -> int:
        """How many events were only counted, because their integration has too many alerts open.

        Raises `TransientPortError` when storage is away: nothing of the batch is stored then.
        """
        async with self.transaction:
            return await self.apply(batch)

    async def apply(self, batch: Sequence[ReceivedEvent]) -> int:
        """The same inside a transaction that is already open, for a consumer that has more to store with it."""
        at = self.clock.now()
        overflowed = 0
        raw = [received.raw for received in batch if received.raw is not None]
        for wave in waves(batch):
            if wave[0].event.action is AlertAction.TRIGGER:
                overflowed += await self._fire(wave, raw, at)
                raw = []
            else:
                await self._answer(wave, at)
        if raw:
            await self.intake.record(alerts=(), runs=(), events=(), raw_events=raw)
        return overflowed

    async def _fire(self, wave: Sequence[ReceivedEvent], raw: Sequence[RawEvent], at: datetime) -> int:
        reports: dict[AlertKey, list[ReceivedEvent]] = {}
        for received in wave:
            reports.setdefault(received.key, []).append(received)
        expires = {key: until for key, of_key in reports.items() if (until := _expires_at(of_key)) is not None}
        touched = await self.intake.touch({key: len(of_key) for key, of_key in reports.items()}, expires=expires, at=at)
        for key in touched:
            del reports[key]
        new, overflowed = await self._within_limits(await self._without_stale(reports), at)
        drafts = self._drafts_of(new.values(), at)
        opened = await self.intake.open_incidents(tuple(drafts.values())) if drafts else {}
        alerts: list[Alert] = []
        runs: list[EscalationRun] = []
        events: list[DomainEvent] = []
        for received, *repeats in new.values():  # the first report of a new alert describes it
            group = received.group
            incident = opened[group]
            alert = _alert_of(received, repeats, AlertId(self.ids.new()), incident.incident_id, at)
            alerts.append(alert)
            draft = drafts.pop(group, None)  # the first alert of a new incident triggers it, the others join
            if incident.is_new and draft is not None:
                events.append(draft.triggered(number=incident.number, via=Via.SENDER, alert_id=alert.id))
                runs.append(self._run_for(received.target, incident.incident_id, at))
            else:
                events.append(
                    AlertJoined(
                        incident_id=incident.incident_id, alert_id=alert.id, summary=received.event.summary, at=at
                    )
                )
        if alerts or raw:
            await self.intake.record(alerts=alerts, runs=runs, events=events, raw_events=raw)
        return overflowed

    async def _without_stale(
        self, reports: Mapping[AlertKey, Sequence[ReceivedEvent]]
    ) -> Mapping[AlertKey, Sequence[ReceivedEvent]]:
        dated = {key for key, of_key in reports.items() if any(each.event.starts_at is not None for each in of_key)}
        if not dated:
            return reports
        cleared = await self.alerts.last_cleared(dated)
        left = {
            key: [each for each in of_key if not is_stale(each.event, cleared_starts_at=cleared.get(key))]
            for key, of_key in reports.items()
        }
        return {key: of_key for key, of_key in left.items() if of_key}

    async def _within_limits(
        self, new: Mapping[AlertKey, Sequence[ReceivedEvent]], at: datetime
    ) -> tuple[Mapping[AlertKey, Sequence[ReceivedEvent]], int]:
        """The new alerts for which there is room, one in place of all others, and how many events those others had."""
        await self._count_room(new, at)
        kept: dict[AlertKey, Sequence[ReceivedEvent]] = {}
        beyond: dict[AlertKey, list[ReceivedEvent]] = {}
        for key, of_key in new.items():
            if self.room.take(key[0]):
                kept[key] = of_key
            else:
                beyond.setdefault((key[0], OVERFLOW_KEY), []).extend(of_key)
        if beyond:
            # After the others, as whoever ends an overflow does: two batches never wait for each other.
            firing = await self.intake.touch({key: len(of_key) for key, of_key in beyond.items()}, at=at)
            kept |= {key: self._overflow_of(of_key) for key, of_key in beyond.items() if key not in firing}
        return kept, sum(map(len, beyond.values()))

    async def _count_room(self, new: Mapping[AlertKey, Sequence[ReceivedEvent]], at: datetime) -> None:
        wanted = Counter(integration_id for integration_id, _ in new)
        limits = {
            key[0]: self._limit_of(of_key[0])
            for key, of_key in new.items()
            if self.room.must_be_counted(key[0], wanted[key[0]], at=at)
        }
        if limits:
            open_alerts = await self.alerts.count_firing(limits)
            for integration_id, limit in limits.items():
                self.room.counted(integration_id, limit - open_alerts[integration_id], at=at)

    def _limit_of(self, received: ReceivedEvent) -> int:
        return received.target.integration.most_open_alerts(self.limits)

    def _overflow_of(self, beyond: Sequence[ReceivedEvent]) -> Sequence[ReceivedEvent]:
        target = beyond[0].target
        event = overflow_event(target.integration.name, limit=self._limit_of(beyond[0]))
        return [ReceivedEvent(target, event, None)] * len(beyond)

    def _drafts_of(self, new: Iterable[Sequence[ReceivedEvent]], at: datetime) -> dict[GroupKey, IncidentDraft]:
        """What the incident of each group would be if none is open, as the group's first alert describes it."""
        drafts: dict[GroupKey, IncidentDraft] = {}
        for first, *_ in new:
            if first.group not in drafts:
                drafts[first.group] = _draft_of(first, IncidentId(self.ids.new()), at)
        return drafts

    def _run_for(self, target: IntakeTarget, incident_id: IncidentId, at: datetime) -> EscalationRun:
        return EscalationRun.start(
            RunId(self.ids.new()),
            incident_id=incident_id,
            policy_id=target.policy_id,
            policy_version=target.policy_version,
            at=at,
        )

    async def _answer(self, wave: Sequence[ReceivedEvent], at: datetime) -> None:
        """The sender's own acknowledge or resolve. For an alert that is not firing it means nothing."""
        firing = await self.alerts.firing({received.key for received in wave})
        if not firing:
            return
        if wave[0].event.action is AlertAction.RESOLVE:
            await self.clear([*firing, *await self._ended_overflows(wave, firing)], via=Via.SENDER, at=at)
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
        """Held alerts are over, inside the open transaction; and their incidents, when nothing else of them fires."""
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

    async def _save_answered(self, changes: Iterable[Change[Incident]], at: datetime) -> None:
        changed = [change for change in changes if change.events]
        for change in changed:
            await self.incidents.save(change)
        await self.stop_escalations({change.state.id for change in changed}, at=at)

    async def _ended_overflows(self, wave: Sequence[ReceivedEvent], clearing: Sequence[Alert]) -> tuple[Alert, ...]:
        """The overflow alerts of integrations that have room again once these are cleared."""
        gone = Counter(alert.integration_id for alert in clearing)
        overflows = await self.alerts.firing({(integration_id, OVERFLOW_KEY) for integration_id in gone})
        if not overflows:
            return ()
        limit_of = {received.key[0]: self._limit_of(received) for received in wave}
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


def waves(batch: Sequence[ReceivedEvent]) -> Iterator[Sequence[ReceivedEvent]]:
    """Cut a batch so that each wave has one kind of action, and every alert's events keep their order.

    An event joins the earliest wave of its kind that does not come before an event of the same alert.
    """
    cut: list[list[ReceivedEvent]] = []
    last_wave_of: dict[AlertKey, int] = {}
    for received in batch:
        action = received.event.action
        key = received.key
        index = last_wave_of.get(key, 0)
        while index < len(cut) and cut[index][0].event.action is not action:
            index += 1
        if index == len(cut):
            cut.append([])
        cut[index].append(received)
        last_wave_of[key] = index
    yield from cut


def _draft_of(received: ReceivedEvent, incident_id: IncidentId, at: datetime) -> IncidentDraft:
    event, target = received.event, received.target
    severity = INCIDENT_SEVERITY[event.severity or DEFAULT_SEVERITY]
    urgency, rises_at = judged(
        target.urgency_rule, severity, tier=target.tier, support_hours=target.support_hours, at=at
    )
    return IncidentDraft(
        id=incident_id,
        service_id=target.integration.service_id,
        team_id=target.integration.team_id,
        group_key=group_key_of(event),
        title=event.summary or event.dedup_key,
        severity=severity,
        urgency=urgency,
        triggered_at=at,
        acknowledgements_required=target.acknowledgements_required,
        rises_at=rises_at,
    )


def _expires_at(reports: Iterable[ReceivedEvent]) -> datetime | None:
    """The longest that any of them is good for."""
    return max((each.event.expires_at for each in reports if each.event.expires_at is not None), default=None)


def _alert_of(
    received: ReceivedEvent, repeats: Sequence[ReceivedEvent], alert_id: AlertId, incident_id: UUID, at: datetime
) -> Alert:
    event, integration = received.event, received.target.integration
    return Alert(
        id=alert_id,
        integration_id=integration.id,
        service_id=integration.service_id,
        incident_id=IncidentId(incident_id),
        dedup_key=event.dedup_key,
        group_key=group_key_of(event),
        status=AlertStatus.FIRING,
        summary=event.summary,
        source=event.source,
        severity=event.severity or DEFAULT_SEVERITY,
        first_seen_at=at,
        last_seen_at=at,
        starts_at=event.starts_at,
        expires_at=_expires_at((received, *repeats)),
        occurrences=1 + len(repeats),
        labels=event.labels,
        details=event.details,
        links=event.links,
    )
