"""What heartbeats say goes the way of every other event: one alert for each, through the same intake."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from application.alert.ingest import IngestEvents, ReceivedEvent
from application.ports.intake import IntakeStore
from application.ports.integrations import IntegrationRepository
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.heartbeat.heartbeat import Heartbeat
from domain.shared.limits import SUMMARY_CHARACTERS


class Heard(NamedTuple):
    """A heartbeat before and after something, and what that said, if anything."""

    before: Heartbeat
    after: Heartbeat
    reason: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class ReportHeartbeats:
    """Opens and ends the alerts of heartbeats that went down, failed again or came back, in the open transaction."""

    integrations: IntegrationRepository
    intake: IntakeStore
    ingest: IngestEvents

    async def __call__(self, heard: Sequence[Heard], *, at: datetime) -> None:
        received = []
        for each in heard:
            event = _event(each)
            if event is None:
                continue
            integration = await self.integrations.look_up(each.after.integration_id)
            target = await self.intake.target_of(integration.key_hash, at=at)
            assert target is not None, "an integration has a service, and that a policy"
            received.append(ReceivedEvent(target, event, None))
        if received:
            await self.ingest.apply(received)


def dedup_key(heartbeat: Heartbeat) -> str:
    return f"heartbeat/{heartbeat.id}"


def _event(heard: Heard) -> AlertEvent | None:
    """None: nothing has changed that anybody needs to hear of."""
    heartbeat = heard.after
    if heard.before.is_down and not heartbeat.is_down:
        return AlertEvent(action=AlertAction.RESOLVE, dedup_key=dedup_key(heartbeat))
    if not heartbeat.is_down or not heard.reason:
        return None
    last = heartbeat.last_success_at
    details: dict[str, object] = {
        "last_success_at": None if last is None else last.isoformat(),
        "started_at": None if heard.before.started_at is None else heard.before.started_at.isoformat(),
        "output": heard.output,
    }
    return AlertEvent(
        action=AlertAction.TRIGGER,
        dedup_key=dedup_key(heartbeat),
        summary=f"{heartbeat.name}: {heard.reason}"[:SUMMARY_CHARACTERS],
        source=heartbeat.name,
        labels={"heartbeat": heartbeat.name},
        details={name: value for name, value in details.items() if value},
    )
