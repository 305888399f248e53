"""Which of the alerts that nobody knows yet may begin: none that is over already, and no more than have room."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from application.alert.ledger import Ledger
from application.alert.room import OpenAlertRoom
from application.alert.routed import RoutedEvent, least_muted, overflow_of
from application.alert.verdict import VerdictOutcome
from application.ports.alerts import AlertRepository
from application.ports.intake import AlertKey, IntakeStore, Touched
from domain.alert.alert import Alert, is_stale
from domain.alert.overflow import OVERFLOW_KEY
from domain.service.integration import IntakeLimits
from domain.shared.ids import IncidentId


class Admitted(NamedTuple):
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

    def note_beyond(self, begun: Iterable[Alert], ledger: Ledger, at: datetime) -> None:
        """Each event that is only counted, with the alert that counts it."""
        if not self.beyond:
            return
        counting = {(alert.integration_id, alert.dedup_key): Touched(alert.id, alert.incident_id) for alert in begun}
        counting |= self.counting
        for key, of_key in self.beyond.items():
            alert_id, incident_id = counting[key]
            for each in of_key:
                muted = each.muted(at)
                ledger.note(each, VerdictOutcome.OVERFLOWED, alert_id=alert_id, incident_id=incident_id, muted=muted)


@dataclass(frozen=True, slots=True)
class AdmitAlerts:
    """Leaves out what is stale, and puts one alert in the place of all for which an integration has no room."""

    intake: IntakeStore
    alerts: AlertRepository
    limits: IntakeLimits
    room: OpenAlertRoom

    async def __call__(
        self, reports: Mapping[AlertKey, Sequence[RoutedEvent]], ledger: Ledger, at: datetime
    ) -> Admitted:
        return await self._within_limits(await self._without_stale(reports, ledger), at)

    async def _without_stale(
        self, reports: Mapping[AlertKey, Sequence[RoutedEvent]], ledger: Ledger
    ) -> Mapping[AlertKey, Sequence[RoutedEvent]]:
        dated = {key for key, of_key in reports.items() for each in of_key if each.event.starts_at is not None}
        if not dated:
            return reports
        cleared = await self.alerts.last_cleared(dated)
        if not cleared:
            return reports
        left: dict[AlertKey, list[RoutedEvent]] = {}
        for key, of_key in reports.items():
            for each in of_key:
                if is_stale(each.event, cleared_starts_at=cleared.get(key)):
                    ledger.note(each, VerdictOutcome.STALE)
                else:
                    left.setdefault(key, []).append(each)
        return left

    async def _within_limits(self, new: Mapping[AlertKey, Sequence[RoutedEvent]], at: datetime) -> Admitted:
        await self._count_room(new, at)
        kept: dict[AlertKey, Sequence[RoutedEvent]] = {}
        beyond: dict[AlertKey, list[RoutedEvent]] = {}
        for key, of_key in new.items():
            if self.room.take(key[0]):
                kept[key] = of_key
            else:
                beyond.setdefault((key[0], OVERFLOW_KEY), []).extend(of_key)
        if not beyond:
            return Admitted(kept, {}, {})
        # After the others, as whoever ends an overflow does: two batches never wait for each other.
        counting = await self.intake.touch({key: len(of_key) for key, of_key in beyond.items()}, at=at)
        for key, of_key in beyond.items():
            if key not in counting:
                overflow = overflow_of(of_key, limit=of_key[0].most_open_alerts(self.limits), at=at)
                kept[key] = (*kept.get(key, ()), *[overflow] * len(of_key))
        return Admitted(kept, beyond, counting)

    async def _count_room(self, new: Mapping[AlertKey, Sequence[RoutedEvent]], at: datetime) -> None:
        wanted = Counter([integration_id for integration_id, _ in new])
        anyone = {integration_id: first for (integration_id, _), (first, *_) in new.items()}
        limits = {
            integration_id: anyone[integration_id].most_open_alerts(self.limits)
            for integration_id, count in wanted.items()
            if self.room.must_be_counted(integration_id, count, at=at)
        }
        if limits:
            open_alerts = await self.alerts.count_firing(limits)
            for integration_id, limit in limits.items():
                self.room.counted(integration_id, limit - open_alerts[integration_id], at=at)
