"""More distinct conditions of one integration at once than anybody can look at: a runaway key, or half a data centre.

The first so many are alerts of their own. What comes beyond them is counted in one alert, which says so; it ends once
there is room again.
"""

from typing import Final

from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity

# No sender's: what it sends with this key joins the count.
OVERFLOW_KEY: Final = "tocsin/overflow"
# Room for so large a part of the limit ends an overflow, so that one alert more or less does not begin and end it.
_FREE_PART: Final = 10


def overflow_event(integration_name: str, *, limit: int) -> AlertEvent:
    """What is reported in place of a condition for which there is no room."""
    return AlertEvent(
        action=AlertAction.TRIGGER,
        dedup_key=OVERFLOW_KEY,
        summary=f"{integration_name} has {limit:,} alerts open: further ones are only counted here",
        source=integration_name,
        severity=AlertSeverity.ERROR,
    )


def has_room_again(open_alerts: int, *, limit: int) -> bool:
    return open_alerts <= limit - max(1, limit // _FREE_PART)
