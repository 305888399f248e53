"""What past events would become by a rulebook, if nobody had answered: counted, not stored.

A model of intake, for two rulebooks to be compared by: it knows alerts, their turns, groups and windows, and what mutes
them, by the same functions; and neither people, nor limits, nor time of day. The events of one body are taken together.
An incident ends with its alerts; it pages once, when something of it is heard for the first time, and once more when it
is reopened or an alert of it is news, unless it is over with the same body.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count
from typing import Final, NamedTuple
from uuid import UUID

from application.alert.routed import INCIDENT_SEVERITY, held_back, least_muted, mute_of
from application.alert.verdict import Verdict
from application.alert.waves import waves
from application.dependency.upstream import Suffering, asked_about, suffering_of, worst_beginning
from application.incident.mutes import mute_by_rules
from application.inhibition.inhibited import Candidate, muted_by_sources, sources_by, targeting
from application.ports.dependencies import Asked, Broken
from application.ports.intake import AlertKey, GroupKey, IntakeStore
from application.ports.stored_events import PastEvent
from domain.alert.alert import DEFAULT_SEVERITY
from domain.alert.alert_event import AlertAction
from domain.incident.mute import Mute, is_heard
from domain.routing.decision import Decision
from domain.routing.grouping import grouped_by
from domain.routing.inhibition import InhibitionKey
from domain.routing.route import Effect
from domain.routing.rulebook import Rulebook
from domain.shared.flapping import Flapping
from domain.shared.group_window import GroupWindow, ruled_window, takes_alerts
from domain.shared.ids import IncidentId, ServiceId, TeamId
from domain.shared.severity import Severity

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_UNDECIDED: Final = Decision()
_NO_ID: Final = IncidentId(UUID(int=0))  # of what is not stored


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
    SETTLES = "settles"  # a flapping alert that is over when it stays quiet
    NOTHING = "nothing"


class Tally(NamedTuple):
    incidents: int = 0
    pages: int = 0  # times that an incident began to page
    dropped: int = 0
    muted: int = 0  # incidents that began muted


class _Judged(NamedTuple):
    """One event of a body that no rule drops."""

    place: int  # in the body
    past: PastEvent
    decision: Decision
    service_id: ServiceId  # that it leads to
    team_id: TeamId  # of that

    @property
    def event(self) -> Verdict:
        return self.past.verdict

    @property
    def key(self) -> AlertKey:
        return self.past.integration_id, self.past.verdict.dedup_key

    @property
    def labels(self) -> Mapping[str, str]:
        """An answer has none."""
        return self.past.labels or {}

    @property
    def effect(self) -> Effect:
        return self.decision.effect

    @property
    def group(self) -> GroupKey:
        verdict = self.event
        if self.effect.group_by:
            return self.service_id, grouped_by(self.effect.group_by, self.labels)
        return self.service_id, verdict.sent_group_key or verdict.group_key or verdict.dedup_key

    @property
    def severity(self) -> Severity:
        """Of the incident that it would open."""
        return self.effect.severity or INCIDENT_SEVERITY[self.past.severity or DEFAULT_SEVERITY]

    @property
    def group_window(self) -> GroupWindow | None:
        return ruled_window(self.effect.group_window, otherwise=self.past.group_window)

    @property
    def kind(self) -> str | None:
        names = self.effect.page_again_by
        return grouped_by(names, self.labels) if names else None


class _Firing(NamedTuple):
    labels: Mapping[str, str]
    since: datetime


@dataclass(slots=True, eq=False)
class _Incident:
    """One that is open, or was the last of its group."""

    group: GroupKey
    team_id: TeamId
    severity: Severity
    began_at: datetime
    window: GroupWindow | None
    joins_until: datetime | None
    alerts: dict[AlertKey, _Firing] = field(default_factory=dict)
    muted: Mute | None = None
    kinds: set[str] = field(default_factory=set)
    over_at: datetime | None = None

    @property
    def service_id(self) -> ServiceId:
        return self.group[0]


# In the place of a set, which has no order.
type _Incidents = dict[_Incident, None]


class Rehearsal:
    """Feed it bodies in their order.

    `teams` are those of the services that rules lead to. What leads to none of these stays where it was sent.
    """

    def __init__(self, book: Rulebook, teams: Mapping[ServiceId, TeamId]) -> None:
        self._book = book
        self._teams = teams
        self._open: dict[GroupKey, _Incident] = {}  # the ones that take alerts
        self._over: dict[GroupKey, _Incident] = {}
        self._of_service: dict[ServiceId, _Incidents] = defaultdict(dict)  # all that are open
        self._incident_of: dict[AlertKey, _Incident] = {}
        self._muted_by: dict[str, _Incidents] = defaultdict(dict)
        self._sources: dict[InhibitionKey, set[AlertKey]] = defaultdict(set)
        self._source_of: dict[AlertKey, set[InhibitionKey]] = {}
        self._mutes_end: list[tuple[datetime, int, _Incident]] = []  # a heap; some have been overtaken, here as below
        self._alerts_end: list[tuple[datetime, AlertKey]] = []  # by silence
        self._turn_of_heap = count()
        self._good_until: dict[AlertKey, datetime] = {}
        self._heard_at: dict[AlertKey, datetime] = {}
        self._turns: dict[AlertKey, tuple[datetime, ...]] = {}
        self._settles_in: dict[AlertKey, timedelta] = {}  # of those that are flapping
        self._calling: _Incidents = {}  # what would page when the body has been taken
        self._incidents = self._pages = self._dropped = self._began_muted = 0

    @property
    def tally(self) -> Tally:
        return Tally(self._incidents, self._pages, self._dropped, self._began_muted)

    def feed(self, body: Sequence[PastEvent]) -> list[Fate]:
        """What becomes of each event of one body."""
        fates = [Fate.NOTHING] * len(body)
        if not body:
            return fates
        at = body[0].received_at
        self.pass_until(at)
        for wave in waves(self._kept(body, fates, at)):
            match wave[0].event.action:
                case AlertAction.TRIGGER:
                    self._fire(wave, fates, at)
                case AlertAction.RESOLVE:
                    self._resolve(wave, fates, at)
                case AlertAction.ACKNOWLEDGE:
                    pass
        self._pages += sum(bool(each.alerts) and each.muted is None for each in self._calling)
        self._calling.clear()
        return fates

    def pass_until(self, at: datetime) -> None:
        """Let the mutes and the alerts end that do by then."""
        while True:
            mutes_end, alerts_end = (heap[0][0] if heap else _NEVER for heap in (self._mutes_end, self._alerts_end))
            if min(mutes_end, alerts_end) > at:
                return
            if mutes_end <= alerts_end:
                self._end_mutes_at(mutes_end)
            else:
                self._end_alert(*heappop(self._alerts_end))

    def _kept(self, body: Sequence[PastEvent], fates: list[Fate], at: datetime) -> list[_Judged]:
        kept = []
        for place, past in enumerate(body):
            decision = _UNDECIDED
            if past.verdict.action is AlertAction.TRIGGER:
                if past.labels is None:
                    continue
                decision = self._book.decide(
                    past.labels, integration_id=past.integration_id, team_id=past.team_id, at=at
                )
            if decision.effect.is_dropped:
                self._dropped += 1
                fates[place] = Fate.DROPPED
                continue
            led_to = decision.effect.service_id
            team_id = None if led_to is None else self._teams.get(led_to)
            if led_to is None or team_id is None:
                kept.append(_Judged(place, past, decision, past.service_id, past.team_id))
            else:
                kept.append(_Judged(place, past, decision, led_to, team_id))
        return kept

    def _fire(self, wave: Sequence[_Judged], fates: list[Fate], at: datetime) -> None:
        reports: dict[AlertKey, list[_Judged]] = defaultdict(list)
        for each in wave:
            reports[each.key].append(each)
            fates[each.place] = Fate.REPEATS
        new: dict[AlertKey, _Judged] = {}
        for key, of_key in reports.items():
            self._is_heard(key, [each.effect.resolve_after for each in of_key], at)
            if key not in self._incident_of:
                new[key] = of_key[0]
                self._turn(key, of_key[0].effect.flapping, at)
        mutes = self._mutes_of(new, at)
        of_group: dict[GroupKey, list[_Judged]] = defaultdict(list)
        for first in new.values():
            of_group[first.group].append(first)
        for group, firsts in of_group.items():
            self._begin(group, firsts, mutes, fates, at)
        for key, first in new.items():
            self._source_of[key] = sources_by(self._book.inhibiting, _candidate(first, at))
            for source in self._source_of[key]:
                self._sources[source].add(key)

    def _mutes_of(self, new: Mapping[AlertKey, _Judged], at: datetime) -> Mapping[AlertKey, Mute | None]:
        """What mutes alerts that begin together."""
        candidates = {key: _candidate(first, at) for key, first in new.items()}
        beginning = (sources_by(self._book.inhibiting, each) for each in candidates.values())
        inhibited = dict(self._inhibited(candidates, set().union(*beginning), at))
        silenced = {key: self._silenced(first, at) for key, first in new.items()}

        def muted(key: AlertKey) -> Mute | None:
            return held_back(new[key].decision, silenced=silenced[key], inhibited=inhibited.get(key), since=at, at=at)

        begin = worst_beginning((first.service_id, first.severity, muted(key)) for key, first in new.items())
        suffering = self._suffering((first.service_id for first in new.values()), begin)
        for key, first in new.items():
            found = suffering.get(first.service_id)
            if key not in inhibited and found is not None and found.muting is not None:
                inhibited[key] = found.muting.mute(at, at=at)
        return {key: muted(key) for key in new}

    def _silenced(self, first: _Judged, at: datetime) -> Mute | None:
        found = self._book.quieted(first.labels, team_id=first.team_id, service_id=first.service_id, at=at)
        return mute_of(found)

    def _inhibited[K](
        self, candidates: Mapping[K, Candidate], beginning: set[InhibitionKey], at: datetime
    ) -> Mapping[K, Mute]:
        wanted = targeting(self._book.inhibiting, candidates)
        asked = {rule.key_of(candidates[key].labels) for key, rules in wanted.items() for rule in rules}
        active = {key for key in asked if self._sources.get(key)} | beginning
        return muted_by_sources(wanted, candidates, active, at=at)

    def _suffering(
        self, service_ids: Iterable[ServiceId], beginning: Mapping[ServiceId, Severity]
    ) -> Mapping[ServiceId, Suffering]:
        needs = {each: self._book.dependencies.of(each) for each in dict.fromkeys(service_ids)}
        asked = asked_about(needs)
        broken = {each: Broken(_NO_ID, 0, each[0], "") for each in asked if self._is_broken(each)}
        return suffering_of(needs, broken, {service_id: "" for service_id, _ in asked}, beginning)

    def _is_broken(self, asked: Asked) -> bool:
        service_id, least = asked
        return any(each.severity <= least and is_heard(each.muted) for each in self._of_service[service_id])

    def _begin(
        self,
        group: GroupKey,
        firsts: Sequence[_Judged],
        mutes: Mapping[AlertKey, Mute | None],
        fates: list[Fate],
        at: datetime,
    ) -> None:
        """Alerts of one group begin: the first opens its incident, or reopens it; the others join."""
        for each in firsts:
            fates[each.place] = Fate.JOINS
        muted = least_muted([mutes[each.key] for each in firsts])
        incident = self._open.get(group)
        if incident is not None and takes_alerts(incident.joins_until, at=at):
            if incident.window is not None and incident.joins_until is not None:
                incident.joins_until = incident.window.end_after(at, until=incident.joins_until)
            self._join(incident, firsts, mutes, fates)
        else:
            reopened = None if incident is not None else self._reopened(group, firsts[0].effect.reopen_within, at)
            fates[firsts[0].place] = _opened(is_again=reopened is not None, is_muted=muted is not None)
            if reopened is None:
                self._incidents += 1
                self._began_muted += muted is not None
            incident = reopened or _new_incident(group, firsts[0], at)
            self._open[group] = incident
            self._of_service[incident.service_id][incident] = None
            self._mute(incident, muted)
            if muted is None:
                self._calling[incident] = None
        for each in firsts:
            incident.alerts[each.key] = _Firing(each.labels, at)
            self._incident_of[each.key] = incident
            if mutes[each.key] is None and each.kind is not None:
                incident.kinds.add(each.kind)

    def _join(
        self,
        incident: _Incident,
        firsts: Sequence[_Judged],
        mutes: Mapping[AlertKey, Mute | None],
        fates: list[Fate],
    ) -> None:
        """What is heard makes an incident page that is muted; and one that pages, if it is news."""
        heard = [each for each in firsts if mutes[each.key] is None]
        if incident.muted is not None:
            if heard:
                self._mute(incident, None)
                self._calling[incident] = None
                fates[heard[0].place] = Fate.PAGES
            return
        news = next((each for each in heard if each.kind is not None and each.kind not in incident.kinds), None)
        if news is not None:
            self._calling[incident] = None
            fates[news.place] = Fate.PAGES_AGAIN

    def _reopened(self, group: GroupKey, within: timedelta | None, at: datetime) -> _Incident | None:
        """The last incident of the group, if it is open again."""
        incident = self._over.pop(group, None)
        if incident is None or incident.over_at is None or within is None or at - incident.over_at > within:
            return None
        return incident if takes_alerts(incident.joins_until, at=at) else None

    def _turn(self, key: AlertKey, flapping: Flapping | None, at: datetime) -> None:
        if flapping is None:
            return
        self._turns[key] = flapping.counted(self._turns.get(key, ()), at=at)
        if flapping.is_reached(self._turns[key]):
            self._settles_in[key] = flapping.within

    def _is_heard(self, key: AlertKey, resolve_after: Sequence[timedelta | None], at: datetime) -> None:
        self._heard_at[key] = at
        spans = [each for each in resolve_after if each is not None]
        if spans:
            self._end_later(key, at + max(spans))
        else:
            self._good_until.pop(key, None)

    def _end_later(self, key: AlertKey, until: datetime) -> None:
        self._good_until[key] = until
        heappush(self._alerts_end, (until, key))

    def _mute(self, incident: _Incident, mute: Mute | None) -> None:
        if incident.muted is not None:
            self._muted_by[incident.muted.by].pop(incident, None)
        incident.muted = mute
        if mute is None:
            return
        self._muted_by[mute.by][incident] = None
        if mute.until is not None:
            heappush(self._mutes_end, (mute.until, next(self._turn_of_heap), incident))

    def _end_mutes(self, by: str, at: datetime) -> None:
        """What this mutes is looked at anew."""
        for incident in tuple(self._muted_by.get(by, ())):
            muted = incident.muted
            if muted is not None and (muted.until is None or muted.until > at):
                self._mute(incident, replace(muted, until=at))

    def _end_mutes_at(self, at: datetime) -> None:
        """As the worker does, which looks at all that are due by what is stored of them: before any of them pages."""
        due: _Incidents = {}
        while self._mutes_end and self._mutes_end[0][0] == at:
            incident = heappop(self._mutes_end)[2]
            if incident.muted is not None and incident.muted.until == at:
                due[incident] = None
        found = [(incident, self._still_muted(incident, at)) for incident in due]
        for incident, mute in found:
            self._mute(incident, mute)
            self._pages += mute is None

    def _still_muted(self, incident: _Incident, at: datetime) -> Mute | None:
        """While each of its alerts is."""
        team_id, began_at = incident.team_id, incident.began_at
        candidates = {key: Candidate(each.labels, team_id, began_at) for key, each in incident.alerts.items()}
        inhibited = self._inhibited(candidates, set(), at)
        suffering = self._suffering([incident.service_id], {}).get(incident.service_id)
        muting = None if suffering is None or suffering.muting is None else suffering.muting
        suffers = None if muting is None else muting.mute(began_at, at=at)
        return least_muted(
            [
                inhibited.get(key)
                or suffers
                or mute_by_rules(
                    self._book,
                    each.labels,
                    integration_id=key[0],
                    team_id=team_id,
                    service_id=incident.service_id,
                    since=each.since,
                    at=at,
                )
                for key, each in incident.alerts.items()
            ]
        )

    def _end_alert(self, until: datetime, key: AlertKey) -> None:
        if self._good_until.get(key) == until:
            self._clear([key], until)

    def _resolve(self, wave: Sequence[_Judged], fates: list[Fate], at: datetime) -> None:
        firing = {each.key for each in wave if each.key in self._incident_of}
        settling = {key for key in firing if self._is_settling(key, at)}
        for each in wave:
            if each.key in firing:
                fates[each.place] = Fate.SETTLES if each.key in settling else Fate.CLEARS
        self._clear([key for key in dict.fromkeys(each.key for each in wave) if key in firing], at)

    def _is_settling(self, key: AlertKey, at: datetime) -> bool:
        return key in self._settles_in and at < self._settles_at(key)

    def _settles_at(self, key: AlertKey) -> datetime:
        return self._heard_at[key] + self._settles_in[key]

    def _clear(self, keys: Sequence[AlertKey], at: datetime) -> None:
        """They are over, unless they settle first; and their incidents, when nothing else of them fires."""
        cleared: dict[AlertKey, _Incident] = {}
        for key in keys:
            if self._is_settling(key, at):
                self._end_later(key, self._settles_at(key))
                continue
            self._settles_in.pop(key, None)
            self._good_until.pop(key, None)
            cleared[key] = self._incident_of.pop(key)
            del cleared[key].alerts[key]
        over = [each for each in dict.fromkeys(cleared.values()) if not each.alerts]
        for incident in over:
            self._is_over(incident, at)
        for service_id in {each.service_id: None for each in over}:
            if self._book.dependencies.mutes_others(service_id):
                self._end_mutes(str(service_id), at)
        for key in cleared:
            for source in self._source_of.pop(key, ()):
                self._sources[source].discard(key)
                self._end_mutes(str(source), at)

    def _is_over(self, incident: _Incident, at: datetime) -> None:
        incident.over_at = at
        self._mute(incident, None)
        del self._of_service[incident.service_id][incident]
        if self._open.get(incident.group) is incident:  # else another one has followed it
            self._over[incident.group] = self._open.pop(incident.group)


async def teams_led_to(books: Iterable[Rulebook], intake: IntakeStore) -> Mapping[ServiceId, TeamId]:
    """Of every service that a rule of these leads to, and that is there."""
    service_ids = frozenset().union(*(book.leads_to for book in books))
    found = await intake.service_targets(service_ids) if service_ids else {}
    return {service_id: service.team_id for service_id, service in found.items()}


def _candidate(judged: _Judged, at: datetime) -> Candidate:
    return Candidate(judged.labels, judged.team_id, at)


def _new_incident(group: GroupKey, first: _Judged, at: datetime) -> _Incident:
    window = first.group_window
    return _Incident(
        group=group,
        team_id=first.team_id,
        severity=first.severity,
        began_at=at,
        window=window,
        joins_until=None if window is None else window.end_from(at),
    )


def _opened(*, is_again: bool, is_muted: bool) -> Fate:
    if is_again:
        return Fate.REOPENS_MUTED if is_muted else Fate.REOPENS
    return Fate.OPENS_MUTED if is_muted else Fate.PAGES
