"""Rules are asked about everything that can become an alert, however it came."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from application.alert.consume import ConsumeMessages, QueuedMessage
from application.alert.handle_request import HandleAlertRequest
from application.alert.verdict import VerdictOutcome
from application.heartbeat.create import CreateHeartbeat
from application.heartbeat.draft import HeartbeatDraft
from application.heartbeat.ping import PingHeartbeat
from application.ports.alert_requests import (
    AlertOrder,
    AlertRef,
    AlertRequest,
    NamedBy,
    ReceivedRequest,
    RequestedAction,
)
from application.ports.heartbeats import ReceivedPing
from application.ports.intake import RawEvent
from application.service.set_quiet_watch import SetQuietWatch
from application.service.watch_quiet import WatchQuietIntegrations
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.heartbeat.heartbeat import PingKind
from domain.identity.credential import secret_hash
from domain.incident.mute import MuteKind
from domain.service.integration import IntegrationKind
from tests.property.routing.test_explanations import explained, outcomes
from tests.property.routing.test_routes import ADMIN, ruled, the
from tests.support.builders import NOON, SHOP_PROBES, a_town, an_event, an_integration
from tests.support.laws import Lab
from tests.support.routing import a_rule
from tests.support.world import World, received

HOUR = timedelta(hours=1)
QUIET = a_rule("quiet", is_suppressed=True)


def a_body(number: int = 1) -> RawEvent:
    return RawEvent(id=UUID(int=number), integration_id=SHOP_PROBES, received_at=NOON, format="native", body=b"{}")


def asked(world: World, event: AlertEvent, raw: RawEvent) -> AlertRequest:
    """As Opsgenie's protocol creates an alert."""
    target = world.within(lambda ports: received(ports, SHOP_PROBES, event)).target
    ref = AlertRef(NamedBy.ALIAS, event.dedup_key)
    order = AlertOrder(action=RequestedAction.CREATE, ref=ref, event=event)
    return world.call(HandleAlertRequest, ReceivedRequest(target, order, raw))


def drained(world: World, *events: AlertEvent, bodies: tuple[RawEvent | None, ...], refusal: str | None = None) -> None:
    """As a message of the spill is stored once storage is back."""
    target = world.within(lambda ports: received(ports, SHOP_PROBES, events[0])).target
    message = QueuedMessage(message_key="m", body=b"", target=target, events=events, raw_events=bodies, refusal=refusal)
    world.call(ConsumeMessages, [message])


def is_suppressed(world: World) -> bool:
    muted = the(world).incident.muted
    return muted is not None and (muted.kind, muted.by) == (MuteKind.SUPPRESSED, "quiet") and world.pages == ()


def test_of_a_heartbeat_that_is_missed(lab: Lab) -> None:
    town = a_town()
    others = tuple(each for each in town.integrations if each.id != SHOP_PROBES)
    heartbeats = an_integration(kind=IntegrationKind.HEARTBEAT)
    with lab.world(replace(town, integrations=(heartbeats, *others))) as world:
        ruled(world, a_rule("quiet", 'heartbeat="backup"', is_suppressed=True))
        draft = HeartbeatDraft(name="backup", period_seconds=3600, grace_seconds=300)
        issued = world.call(CreateHeartbeat, SHOP_PROBES, draft, actor=ADMIN)
        world.call(PingHeartbeat, ReceivedPing(secret_hash(issued.key), PingKind.SUCCESS, NOON))
        world.advance(2 * HOUR)

        assert is_suppressed(world)


def test_of_an_integration_that_falls_silent(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        ruled(world, QUIET)
        world.call(SetQuietWatch, SHOP_PROBES, after=HOUR, actor=ADMIN)
        world.advance(2 * HOUR)
        world.call(WatchQuietIntegrations)
        world.advance(HOUR)

        assert is_suppressed(world)


@pytest.mark.parametrize("way", ["asked", "drained"])
def test_of_a_request_and_of_what_was_kept_while_storage_was_away(lab: Lab, *, way: str) -> None:
    with lab.world(a_town()) as world:
        ruled(world, QUIET)
        if way == "asked":
            asked(world, an_event(), a_body())
        else:
            drained(world, an_event(), bodies=(a_body(),))
        world.advance(HOUR)

        assert is_suppressed(world)
        (alert,) = the(world).alerts
        assert alert.event_id is not None
        (verdict,) = explained(world, alert.event_id).stored.raw.verdicts
        assert verdict.alert_id == alert.id


def test_what_was_kept_is_explained_by_the_bodies_that_it_came_in(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        drained(world, an_event("a"), an_event("b"), an_event("c"), bodies=(a_body(), None, a_body(2)))

        of = {alert.dedup_key: alert.event_id for stored in world.stored() for alert in stored.alerts}
        assert of["a"] == of["b"] != of["c"]
        assert of["a"] is not None
        assert outcomes(world, of["a"]) == [VerdictOutcome.OPENED] * 2


def test_what_may_have_begun_a_body_that_is_left_out_is_explained_by_no_other(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        resolve = an_event("a", AlertAction.RESOLVE)
        drained(world, an_event("a"), resolve, bodies=(a_body(), None), refusal="a trigger is too old")

        (alert,) = the(world).alerts
        assert alert.event_id is not None
        assert outcomes(world, alert.event_id) == [VerdictOutcome.OPENED]


def test_a_request_that_created_no_alert_says_so(lab: Lab) -> None:
    town = a_town()
    limited = (replace(each, open_alerts=1) if each.id == SHOP_PROBES else each for each in town.integrations)
    with lab.world(replace(town, integrations=tuple(limited))) as world:
        ruled(world, a_rule("noise", 'env="test"', is_dropped=True))
        asked_for = [
            asked(world, an_event("noisy", labels={"env": "test"}), a_body(1)),
            asked(world, an_event("first"), a_body(2)),
            asked(world, an_event("beyond"), a_body(3)),
            asked(world, an_event("first"), a_body(4)),
        ]
        assert [(each.is_success, each.outcome, each.alert_id is not None) for each in asked_for] == [
            (False, "No alert was created: a rule drops it", False),
            (True, "Created alert", True),
            (False, "No alert was created: its integration has too many open, and it is only counted", False),
            (True, "Created alert", True),
        ]
