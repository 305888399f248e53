"""What past events would become by a rulebook, if nobody had answered: counted, not stored.

A model of intake, for two rulebooks to be compared by: it knows alerts, groups and mutes, and neither people, nor
limits, nor time of day. An incident ends with its alerts; it pages once, when something of it is heard for the first
time, and once more when it is reopened or an alert of it is news. What a rule leads to another team's service is asked
about the silences of the team that it came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from heapq import heappop, heappush
from typing import Final, NamedTuple
from uuid import UUID

from application.ports.intake import AlertKey, GroupKey
from application.ports.stored_events import PastEvent
from domain.alert.alert_event import AlertAction
from domain.routing.grouping import grouped_by
from domain.routing.rulebook import Rulebook
from domain.shared.ids import TeamId

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Fate(StrEnum):
    """What becomes of one event."""

    PAGES = "pages"  # an incident begins to page by it
    OPENS_MUTED = "opens_muted"  # an incident that pages nobody yet
    REOPENS = "reopens"  # an incident that was over, which pages again
    REOPENS_MUTED = "reopens_muted"  # one that pages nobody yet
    PAGES_AGAIN = "pages_again"  # an open incident, by an alert of a kind that it had not had
    JOINS = "joins"
    REPEATS = "repeats"
    DROPPED = "dropped"
    CLEARS = "clears"
    NOTHING = "nothing"


class Tally(NamedTuple):
    incidents: int = 0
    pages: int = 0  # times that an incident began to page
    dropped: int = 0
    muted: int = 0  # incidents that began muted


@dataclass(slots=True)
class _Open:
    """An incident that is open, or was the last of its group."""

    team_id: TeamId
    alerts: dict[AlertKey, Mapping[str, str]] = field(default_factory=dict)
    muted_until: datetime | None = None
    is_muted: bool = False
    has_paged: bool = False
    paged_by: UUID | None = None  # the body that it paged by last
    kinds: set[str] = field(default_factory=set)
    over_at: datetime | None = None


class Rehearsal:
    """Feed it events in their order."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book
        self._open: dict[GroupKey, _Open] = {}
        self._over: dict[GroupKey, _Open] = {}
        self._group_of: dict[AlertKey, GroupKey] = {}
        self._mutes_end: list[tuple[datetime, GroupKey]] = []  # a heap; some have been overtaken, here as below
        self._alerts_end: list[tuple[datetime, AlertKey]] = []  # by silence
        self._good_until: dict[AlertKey, datetime] = {}
        self._incidents = self._pages = self._dropped = self._began_muted = 0

    @property
    def tally(self) -> Tally:
        return Tally(self._incidents, self._pages, self._dropped, self._began_muted)

    def feed(self, event: PastEvent) -> Fate:
        at = event.received_at
        self.pass_until(at)
        key = event.integration_id, event.verdict.dedup_key
        match event.verdict.action:
            case AlertAction.TRIGGER:
                return Fate.NOTHING if event.labels is None else self._fire(event, event.labels, key, at)
            case AlertAction.RESOLVE:
                return self._clear(key, at)
            case AlertAction.ACKNOWLEDGE:
                return Fate.NOTHING

    def pass_until(self, at: datetime) -> None:
        """Let the mutes and the alerts end that do by then."""
        while True:
            mutes_end, alerts_end = (heap[0][0] if heap else _NEVER for heap in (self._mutes_end, self._alerts_end))
            if min(mutes_end, alerts_end) > at:
                return
            if mutes_end <= alerts_end:
                self._end_mute(*heappop(self._mutes_end))
            else:
                self._end_alert(*heappop(self._alerts_end))

    def _end_mute(self, until: datetime, group: GroupKey) -> None:
        incident = self._open.get(group)
        if incident is not None and incident.is_muted and incident.muted_until == until:
            self._look_again(group, incident, until)

    def _end_alert(self, until: datetime, key: AlertKey) -> None:
        if self._good_until.get(key) == until:
            self._clear(key, until)

    def _fire(self, event: PastEvent, labels: Mapping[str, str], key: AlertKey, at: datetime) -> Fate:
        decision = self._book.decide(labels, integration_id=event.integration_id, team_id=event.team_id, at=at)
        effect = decision.effect
        if effect.is_dropped:
            self._dropped += 1
            return Fate.DROPPED
        self._is_heard(key, effect.resolve_after, at)
        if key in self._group_of:
            return Fate.REPEATS
        sent = event.verdict.sent_group_key or event.verdict.group_key or event.verdict.dedup_key
        group = effect.service_id or event.service_id, grouped_by(effect.group_by, labels) if effect.group_by else sent
        joins = group in self._open
        reopens = not joins and self._reopen(group, effect.reopen_within, at)
        incident = self._open.setdefault(group, _Open(event.team_id))
        incident.alerts[key] = labels
        self._group_of[key] = group
        self._incidents += not joins and not reopens
        is_muted, until = effect.is_suppressed, None
        if not is_muted:
            quiet = self._book.quieted(labels, team_id=event.team_id, service_id=group[0], at=at)
            ends = [at + effect.delay] if effect.delay is not None else []
            ends += [] if quiet is None else [quiet.until]
            is_muted, until = bool(ends), max(ends, default=None)
        if not is_muted:
            kind = grouped_by(effect.page_again_by, labels) if effect.page_again_by else None
            heard = self._hear(incident, event.event_id, kind)
            return Fate.REOPENS if reopens else heard
        if joins:
            return Fate.JOINS
        self._mute(group, incident, until)
        if reopens:
            return Fate.REOPENS_MUTED
        self._began_muted += 1
        return Fate.OPENS_MUTED

    def _is_heard(self, key: AlertKey, resolve_after: timedelta | None, at: datetime) -> None:
        if resolve_after is None:
            self._good_until.pop(key, None)
            return
        self._good_until[key] = at + resolve_after
        heappush(self._alerts_end, (at + resolve_after, key))

    def _reopen(self, group: GroupKey, within: timedelta | None, at: datetime) -> bool:
        """Whether the last incident of the group is open again."""
        incident = self._over.pop(group, None)
        if incident is None or incident.over_at is None or within is None or at - incident.over_at > within:
            return False
        self._open[group] = incident
        incident.is_muted, incident.muted_until, incident.has_paged = False, None, False
        return True

    def _mute(self, group: GroupKey, incident: _Open, until: datetime | None) -> None:
        incident.is_muted, incident.muted_until = True, until
        if until is not None:
            heappush(self._mutes_end, (until, group))

    def _hear(self, incident: _Open, event_id: UUID | None = None, kind: str | None = None) -> Fate:
        """What came in one body pages once."""
        is_news = kind is not None and kind not in incident.kinds and incident.paged_by != event_id
        is_again, incident.has_paged, incident.is_muted = incident.has_paged, True, False
        if kind is not None:
            incident.kinds.add(kind)
        if is_again and not is_news:
            return Fate.JOINS
        incident.paged_by = event_id
        self._pages += 1
        return Fate.PAGES_AGAIN if is_again else Fate.PAGES

    def _look_again(self, group: GroupKey, incident: _Open, at: datetime) -> None:
        """As the worker does: it stays muted while each of its alerts is suppressed or silenced."""
        ends = []
        for (integration_id, _), labels in incident.alerts.items():
            team_id = incident.team_id
            if self._book.decide(labels, integration_id=integration_id, team_id=team_id, at=at).effect.is_suppressed:
                continue
            quiet = self._book.quieted(labels, team_id=team_id, service_id=group[0], at=at)
            if quiet is None:
                self._hear(incident)
                return
            ends.append(quiet.until)
        self._mute(group, incident, min(ends, default=None))

    def _clear(self, key: AlertKey, at: datetime) -> Fate:
        self._good_until.pop(key, None)
        group = self._group_of.pop(key, None)
        if group is None:
            return Fate.NOTHING
        incident = self._open[group]
        del incident.alerts[key]
        if not incident.alerts:
            incident.over_at = at
            self._over[group] = self._open.pop(group)
        return Fate.CLEARS
