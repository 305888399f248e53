"""What was taken while storage was away is stored once, however often its message is delivered, and in its order."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from application.alert.consume import ConsumeMessages, Outcome, QueuedMessage
from application.heartbeat.create import CreateHeartbeat
from application.heartbeat.draft import HeartbeatDraft
from application.heartbeat.get import GetHeartbeat
from application.heartbeat.ping import PingHeartbeat
from application.ports.alert_requests import AlertRequest, RequestedAction
from application.ports.heartbeats import ReceivedPing
from application.ports.intake import DeadLetter, RawEvent
from domain.alert.alert_event import ChangeEvent
from domain.heartbeat.heartbeat import HeartbeatStatus, PingKind
from domain.service.integration import IntegrationKind
from tests.property.routing.test_routes import ADMIN
from tests.support.builders import (
    NOON,
    SHOP,
    SHOP_PROBES,
    a_received_change,
    a_received_request,
    a_town,
    an_event,
    an_integration,
)
from tests.support.laws import Lab
from tests.support.world import World

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def test_a_change_and_a_letter_are_stored_once(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        change = a_received_change(ChangeEvent(summary="deploy 7"))
        letter = DeadLetter(UUID(int=9), SHOP_PROBES, NOON, "http", "it is no JSON", b"{")
        messages = [
            QueuedMessage(message_key="change", body=b"", target=change.target, change=change),
            QueuedMessage(message_key="letter", body=letter.body, target=None, letter=letter),
        ]
        assert world.call(ConsumeMessages, messages) == (Outcome.HANDLED, Outcome.HANDLED)
        assert world.call(ConsumeMessages, messages) == (Outcome.REPEATED, Outcome.REPEATED)

        found = world.within(
            lambda ports: ports.incident_reader.changes(SHOP, since=NOON - DAY, until=NOON + DAY, limit=9)
        )
        assert [each.summary for each in found] == ["deploy 7"]
        kept = world.within(lambda ports: ports.received.last(SHOP_PROBES, most=9, body_bytes=9))
        assert [(each.body, each.refusal) for each in kept] == [(b"{", "it is no JSON")]


def a_message(key: str, **says: Any) -> QueuedMessage:
    target = None if "ping" in says else a_received_change(ChangeEvent(summary="")).target
    return QueuedMessage(message_key=key, body=b"{}", target=target, **says)


def status_of(world: World, request_id: int) -> AlertRequest | None:
    return world.within(lambda ports: ports.alert_requests.get(SHOP_PROBES, UUID(int=request_id)))


def test_requests_are_done_in_the_order_in_which_they_came_and_once(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        raw = RawEvent(id=UUID(int=1), integration_id=SHOP_PROBES, received_at=NOON, format="native", body=b"{}")
        close = a_received_request(UUID(int=12), RequestedAction.CLOSE)
        messages = [
            a_message("1", request=a_received_request(UUID(int=11))),
            a_message("2", events=(an_event("disk"),), raw_events=(raw,)),
            a_message("3", request=close),
            a_message("4", request=a_received_request(UUID(int=13), RequestedAction.CREATE, event=an_event("disk"))),
        ]
        assert status_of(world, 12) is None
        assert world.call(ConsumeMessages, messages) == (Outcome.HANDLED,) * 4
        world.call(ConsumeMessages, [a_message("sent again by who was not told", request=close)])

        done = [status_of(world, number) for number in (11, 12, 13)]
        assert [None if each is None else each.outcome for each in done] == [
            "Alert does not exist",
            "Alert closed",
            "Created alert",
        ]
        assert sorted(stored.incident.status for stored in world.stored()) == ["resolved", "triggered"]


def test_a_request_that_comes_too_late_says_so_and_is_kept_for_people(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        late = a_received_request(UUID(int=11), RequestedAction.CREATE, event=an_event("disk"))
        message = a_message("1", request=late, refusal="a trigger of yesterday pages nobody")
        assert world.call(ConsumeMessages, [message]) == (Outcome.SET_ASIDE,)

        status = status_of(world, 11)
        assert status is not None
        assert (status.is_success, status.outcome) == (False, "a trigger of yesterday pages nobody")
        assert world.stored() == ()
        kept = world.within(lambda ports: ports.received.last(SHOP_PROBES, most=9, body_bytes=9))
        assert [each.refusal for each in kept] == ["a trigger of yesterday pages nobody"]


def test_a_sign_of_life_counts_as_of_when_it_was_given(lab: Lab) -> None:
    town = a_town()
    others = tuple(each for each in town.integrations if each.id != SHOP_PROBES)
    heartbeats = an_integration(kind=IntegrationKind.HEARTBEAT)
    with lab.world(replace(town, integrations=(heartbeats, *others))) as world:
        draft = HeartbeatDraft(name="backup", period_seconds=3600, grace_seconds=300)
        issued = world.call(CreateHeartbeat, SHOP_PROBES, draft, actor=ADMIN)
        ping = ReceivedPing(issued.heartbeat.key_hash, PingKind.SUCCESS, NOON)
        world.call(PingHeartbeat, ping)
        world.clock.move_to(NOON + 3 * HOUR)
        messages = [
            a_message("1", ping=ping._replace(kind=PingKind.FAIL, received_at=NOON + HOUR)),
            a_message("2", ping=ping._replace(received_at=NOON + 2 * HOUR)),
            a_message("3", ping=ping._replace(key_hash=b"nobody's")),
        ]
        assert world.call(ConsumeMessages, messages) == (Outcome.HANDLED,) * 3

        heard = world.call(GetHeartbeat, issued.heartbeat.id, actor=ADMIN)
        assert (heard.status, heard.last_success_at) == (HeartbeatStatus.UP, NOON + 2 * HOUR)
        assert heard.next_deadline == NOON + 3 * HOUR + timedelta(minutes=5)
        assert [stored.incident.status for stored in world.stored()] == ["resolved"]
        assert world.pages == ()
