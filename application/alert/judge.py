"""What rules and silences say of events, before anything is stored of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.alert.routed import ReceivedEvent, RoutedEvent, mute_of, unrouted
from application.alert.verdict import matched_labels
from application.ports.intake import IntakeStore
from domain.alert.alert_event import AlertAction
from domain.incident.mute import Mute
from domain.routing.decision import Decision
from domain.routing.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class JudgeEvents:
    """Asks the rules in memory; and the storage once, about the services that they lead to."""

    intake: IntakeStore

    async def __call__(self, batch: Sequence[ReceivedEvent], rules: Rulebook, at: datetime) -> list[RoutedEvent]:
        """Answers are not asked about: what they answer has been led where it is."""
        routed = [unrouted(place, each) for place, each in enumerate(batch)]
        if rules.is_empty:
            return routed
        decided = [
            each.decided(_decision_of(each, rules, at)) if each.event.action is AlertAction.TRIGGER else each
            for each in routed
        ]
        return [
            each._replace(silenced=_silenced(each, rules, at)) if each.event.action is AlertAction.TRIGGER else each
            for each in await self._led(decided)
        ]

    async def _led(self, routed: Sequence[RoutedEvent]) -> list[RoutedEvent]:
        """Each with what the service decides that its rules lead it to."""
        wanted = {each.decision.effect.service_id for each in routed if not each.decision.effect.is_dropped} - {None}
        if not wanted:
            return list(routed)
        found = await self.intake.service_targets([service_id for service_id in wanted if service_id is not None])
        led = []
        for each in routed:
            service_id = each.decision.effect.service_id
            service = None if service_id is None else found.get(service_id)
            led.append(each if service is None else each._replace(target=each.target.led_to(service)))
        return led


def _decision_of(routed: RoutedEvent, rules: Rulebook, at: datetime) -> Decision:
    integration = routed.received.target.integration
    labels = matched_labels(routed.event)
    return rules.decide(labels, integration_id=integration.id, team_id=integration.team_id, at=at)


def _silenced(routed: RoutedEvent, rules: Rulebook, at: datetime) -> Mute | None:
    """By the team of the service that it leads to."""
    target = routed.target.integration
    labels = matched_labels(routed.event)
    return mute_of(rules.quieted(labels, team_id=target.team_id, service_id=target.service_id, at=at))
