"""Which alerts share an incident."""

from domain.alert.alert_event import AlertEvent


def group_key_of(event: AlertEvent) -> str:
    """The sender's group when it names one; else each alert has an incident of its own."""
    return event.group_key if event.group_key is not None else event.dedup_key
