"""A notification of Nagios, Icinga or Naemon as an event of ours.

Nagios Core, "Standard macros in Nagios", NOTIFICATIONTYPE; Icinga 2, "Notification runtime macros". The key is that of
PagerDuty's own agent for Nagios, so that both name an alert alike.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from adapters.plain_text import shortened
from domain.shared.limits import DEDUP_KEY_CHARACTERS, LABEL_CHARACTERS, SUMMARY_CHARACTERS

# CUSTOM, FLAPPING… and DOWNTIME… say nothing about whether it works, and page nobody.
_ACTIONS: Final = {"PROBLEM": "trigger", "ACKNOWLEDGEMENT": "acknowledge", "RECOVERY": "resolve"}
_SEVERITIES: Final = {
    "CRITICAL": "critical",
    "DOWN": "critical",
    "UNREACHABLE": "error",  # something before it is down, which has an alert of its own
    "UNKNOWN": "error",
    "WARNING": "warning",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What its macros said; empty is what was not there."""

    type: str
    host: str
    service: str = ""  # empty: it is about the host
    state: str = ""
    text: str = ""
    address: str = ""


def event_of(notification: Notification) -> dict[str, Any] | None:
    """The event for `POST /v1/events`; None: the notification says nothing about a condition."""
    action = _ACTIONS.get(notification.type.strip().upper())
    if action is None:
        return None
    event: dict[str, Any] = {"action": action, "dedup_key": _key(notification)}
    if action != "trigger":
        return event
    labels = {"host": notification.host, "service": notification.service}
    return event | {
        "summary": _summary(notification),
        "source": shortened(notification.address or notification.host, most=LABEL_CHARACTERS),
        "severity": _SEVERITIES.get(notification.state.strip().upper(), "critical"),
        "labels": {name: shortened(value, most=LABEL_CHARACTERS) for name, value in labels.items() if value},
    }


def _key(notification: Notification) -> str:
    what = "service" if notification.service else "host"
    service = f";service_desc={notification.service}" if notification.service else ""
    key = f"event_source={what};host_name={notification.host}{service}"
    return key if len(key) <= DEDUP_KEY_CHARACTERS else sha256(key.encode("utf-8", "replace")).hexdigest()


def _summary(notification: Notification) -> str:
    what = f"{notification.service} on {notification.host}" if notification.service else notification.host
    state = f" is {notification.state}" if notification.state else ""
    text = f": {notification.text}" if notification.text else ""
    return shortened(what + state + text, most=SUMMARY_CHARACTERS)
