"""A message as the notifiers get it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from application.ports.notifier import Message, NoticeMessage
from domain.shared.ids import IncidentId, NotificationId, UserId

INCIDENT_ID: Final = IncidentId(UUID("019a4b0c-0000-7000-8000-0000000000aa"))
NOTIFICATION_ID: Final = NotificationId(UUID("019a4b0c-0000-7000-8000-0000000000bb"))

# What monitoring has been seen to send, and what someone might make it send.
HOSTILE_TITLE: Final = "<!channel> <b>&\r\nBcc: eve@example.net\x00\u202e\u2028\ud800 =cmd() @everyone \N{FIRE}"

_MESSAGE: Final = Message(
    notification_id=NOTIFICATION_ID,
    incident_id=INCIDENT_ID,
    incident_number=123,
    user_id=UserId(UUID("019a4b0c-0000-7000-8000-0000000000cc")),
    address="mira@example.org",
    title="checkout 5xx 23%",
    status="triggered",
    severity="SEV1",
    service="checkout",
    triggered_at=datetime(2026, 11, 3, 3, 12, 5, tzinfo=UTC),
    attempt=1,
    version=4,
    acknowledge_url="https://tocsin.example.org/a/s3cret",
    incident_url="https://tocsin.example.org/incidents/123",
    runbook_url="https://wiki.example.org/checkout?a=1&b=2",
)


_NOTICE: Final = NoticeMessage(
    notification_id=NOTIFICATION_ID,
    user_id=_MESSAGE.user_id,
    address="mira@example.org",
    title="You are on call for shop",
    text="From now until Mon 09:00 (Europe/Berlin).\nAfter you: Ben.",
    url="https://tocsin.example.org/schedules/1",
)


def a_notice(**changes: Any) -> NoticeMessage:
    return replace(_NOTICE, **changes)


def a_message(**changes: Any) -> Message:
    return replace(_MESSAGE, **changes)
