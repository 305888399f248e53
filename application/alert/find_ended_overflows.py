from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.alerts import AlertRepository
from domain.alert.alert import Alert
from domain.alert.overflow import has_room_again
from domain.service.integration import IntakeLimits


@dataclass(frozen=True, slots=True)
class FindEndedOverflows:
    """Alerts that count what there was no room for, and are over since there is room again."""

    alerts: AlertRepository
    limits: IntakeLimits

    async def __call__(self, clearing: Sequence[Alert]) -> tuple[Alert, ...]:
        """Those of the integrations of alerts that are about to be cleared, held; none that is among them already.

        To be asked after alerts are held and before their incidents are.
        """
        gone = Counter(alert.integration_id for alert in clearing)
        overflows = await self.alerts.overflows(gone) if gone else ()
        if not overflows:
            return ()
        limits = {each.alert.integration_id: each.most_open_alerts(self.limits) for each in overflows}
        left = await self.alerts.count_firing(limits)
        return tuple(
            alert
            for alert, _ in overflows
            if alert not in clearing
            and has_room_again(
                left[alert.integration_id] - gone[alert.integration_id], limit=limits[alert.integration_id]
            )
        )
