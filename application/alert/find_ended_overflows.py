from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from application.ports.alerts import AlertRepository
from domain.alert.alert import Alert
from domain.alert.overflow import OVERFLOW_KEY, has_room_again
from domain.shared.ids import IntegrationId


@dataclass(frozen=True, slots=True)
class FindEndedOverflows:
    """Alerts that count what there was no room for, and are over since there is room again."""

    alerts: AlertRepository

    async def __call__(self, clearing: Sequence[Alert], limits: Mapping[IntegrationId, int]) -> tuple[Alert, ...]:
        """Those of the integrations of alerts that are about to be cleared, held; none that is among them already."""
        gone = Counter(alert.integration_id for alert in clearing)
        overflows = await self.alerts.firing({(integration_id, OVERFLOW_KEY) for integration_id in gone})
        if not overflows:
            return ()
        left = await self.alerts.count_firing(
            {alert.integration_id: limits[alert.integration_id] for alert in overflows}
        )
        return tuple(
            alert
            for alert in overflows
            if alert not in clearing
            and has_room_again(
                left[alert.integration_id] - gone[alert.integration_id], limit=limits[alert.integration_id]
            )
        )
