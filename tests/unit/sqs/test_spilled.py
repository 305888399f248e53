"""What a message of the spill says once storage is back."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID
from zlib import compress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.inbound.sqs.messages import Delivery, delivery_of
from adapters.inbound.sqs.spilled import SpillReader
from adapters.outbound.system.clock import ManualClock
from adapters.wire.spilled import (
    VERSION,
    VERSION_WITH_OTHERS,
    UnreadableSpillError,
    decoded,
    encoded,
    encoded_change,
    encoded_letter,
    encoded_ping,
    encoded_request,
)
from application.alert.routed import ReceivedEvent
from application.ports.alert_requests import RequestedAction
from application.ports.heartbeats import ReceivedPing
from application.ports.intake import DeadLetter, IntakeTarget, RawEvent
from domain.alert.alert_event import AlertAction, AlertEvent, ChangeEvent
from domain.heartbeat.heartbeat import PingKind
from domain.service.service import UrgencyRule
from tests.support.builders import LADDER, NOON, SHOP_PROBES, a_received_change, a_received_request, an_integration

TARGET = IntakeTarget(
    integration=an_integration(), policy_id=LADDER, policy_version=1, urgency_rule=UrgencyRule.BY_SEVERITY
)
RAW = RawEvent(
    id=UUID(int=7), integration_id=SHOP_PROBES, received_at=NOON, format="native", body=b"raw", headers={"ce-id": "1"}
)
TRIGGER = AlertEvent(action=AlertAction.TRIGGER, dedup_key="a")
RESOLVE = AlertEvent(action=AlertAction.RESOLVE, dedup_key="a")
LETTER = DeadLetter(UUID(int=9), None, NOON, "http", "it is no JSON", b"{")
PING = ReceivedPing(b"k" * 32, PingKind.SUCCESS, NOON, output="done")
BATCH = (ReceivedEvent(TARGET, TRIGGER, RAW), ReceivedEvent(TARGET, RESOLVE, None))


def delivery(body: str, **more: Any) -> Delivery:
    attributes = {"SentTimestamp": str(int(NOON.timestamp() * 1000)), "ApproximateReceiveCount": "1"}
    return delivery_of({"MessageId": "m", "ReceiptHandle": "r", "Body": body, "Attributes": attributes | more})


def reader(*targets: IntakeTarget, after: timedelta = timedelta()) -> SpillReader:
    async def look_up(key_hashes: Sequence[bytes]) -> Mapping[bytes, IntakeTarget]:
        return {target.integration.key_hash: target for target in targets}

    return SpillReader(look_up=look_up, clock=ManualClock(NOON + after))


async def test_it_says_what_was_accepted_with_the_bodies_as_they_came() -> None:
    message = await reader(TARGET)(delivery(encoded(BATCH)))

    assert (message.target, message.events, message.refusal) == (TARGET, (TRIGGER, RESOLVE), None)
    assert message.raw_events is not None
    raw, none = message.raw_events
    assert raw is not None
    assert (raw.received_at, raw.format, raw.body, none) == (NOON, "native", b"raw", None)
    assert raw.headers == {"ce-id": "1"}


async def test_it_says_in_which_trace_each_body_came() -> None:
    traced = (ReceivedEvent(TARGET, TRIGGER, replace(RAW, trace="a trace")), ReceivedEvent(TARGET, RESOLVE, RAW))
    message = await reader(TARGET)(delivery(encoded(traced)))

    assert message.raw_events is not None
    assert [raw.trace for raw in message.raw_events if raw is not None] == ["a trace", None]
    assert [trace for trace in message.traces if trace is not None] == ["a trace"]


async def test_a_key_that_is_not_good_any_more_is_set_aside_with_its_body() -> None:
    message = await reader()(delivery(encoded(BATCH)))

    assert (message.target, message.events, message.body) == (None, (), b"raw")
    assert message.refusal == "the key of its integration is not good any more"


async def test_a_trigger_of_the_day_before_pages_nobody_and_a_resolve_is_done_at_any_age() -> None:
    message = await reader(TARGET, after=timedelta(hours=25))(delivery(encoded(BATCH)))

    assert message.events == (RESOLVE,)
    assert message.raw_events == (None,)
    assert message.refusal is not None
    assert "pages nobody" in message.refusal


async def test_a_change_is_recorded_at_any_age_under_the_id_that_its_sender_was_told() -> None:
    change = a_received_change(ChangeEvent(summary="deploy 7", details={"build": 7}), change_id=UUID(int=7))
    message = await reader(TARGET, after=timedelta(days=3))(delivery(encoded_change(change)))

    assert message.change == change._replace(target=TARGET)
    assert (message.events, message.refusal) == ((), None)


async def test_a_letter_is_kept_although_the_key_of_its_integration_is_not_good_any_more() -> None:
    letter = LETTER._replace(integration_id=SHOP_PROBES)
    message = await reader()(delivery(encoded_letter(letter)))

    assert (message.letter, message.refusal) == (letter, None)


@pytest.mark.parametrize(
    "text", [encoded_change(a_received_change(ChangeEvent(summary="deploy"))), encoded_letter(LETTER)]
)
def test_a_server_of_the_version_before_makes_a_dead_letter_of_what_it_would_take_for_nothing(text: str) -> None:
    assert decoded(text.encode()).version > VERSION


@pytest.mark.parametrize("text", [encoded_request(a_received_request(UUID(int=5))), encoded_ping(PING)])
def test_a_server_that_knows_no_requests_makes_a_dead_letter_of_them(text: str) -> None:
    assert decoded(text.encode()).version > VERSION_WITH_OTHERS


async def test_a_request_is_done_under_the_id_that_its_sender_was_told() -> None:
    asked = a_received_request(UUID(int=5), note="on it")
    message = await reader(TARGET, after=timedelta(days=3))(delivery(encoded_request(asked)))

    assert message.request == asked._replace(target=TARGET)
    assert (message.events, message.refusal) == ((), None)


async def test_an_alert_that_was_asked_for_the_day_before_is_not_created_and_its_request_says_so() -> None:
    asked = a_received_request(UUID(int=5), RequestedAction.CREATE, event=TRIGGER)
    message = await reader(TARGET, after=timedelta(hours=25))(delivery(encoded_request(asked)))

    assert message.request is not None
    assert message.refusal is not None
    assert "pages nobody" in message.refusal


async def test_a_request_whose_key_is_not_good_any_more_is_set_aside_with_its_body() -> None:
    message = await reader()(delivery(encoded_request(a_received_request(UUID(int=5)))))

    assert (message.target, message.request, message.body) == (None, None, b"{}")
    assert message.refusal == "the key of its integration is not good any more"


async def test_a_sign_of_life_counts_at_any_age_and_a_failure_of_the_day_before_pages_nobody() -> None:
    for ping in (PING, PING._replace(kind=PingKind.FAIL, exit_status=3)):
        assert (await reader()(delivery(encoded_ping(ping)))).ping == ping

    late = reader(after=timedelta(hours=25))
    assert (await late(delivery(encoded_ping(PING)))).ping == PING
    message = await late(delivery(encoded_ping(PING._replace(kind=PingKind.FAIL))))
    assert (message.ping, message.body) == (None, b"done")
    assert message.refusal is not None


@pytest.mark.parametrize("body", ["", "no base64!", "AAAA", b64encode(compress(b"{}")).decode()])
async def test_what_is_none_of_ours_is_set_aside(body: str) -> None:
    message = await reader(TARGET)(delivery(body))

    assert message.refusal is not None
    assert message.refusal.startswith("is no spilled event")


@given(st.binary(max_size=200))
def test_any_bytes_are_ours_or_said_not_to_be(body: bytes) -> None:
    with pytest.raises(UnreadableSpillError):
        decoded(body)
    with pytest.raises(UnreadableSpillError):
        decoded(b64encode(compress(body)))


def test_the_key_itself_is_not_in_it() -> None:
    assert decoded(encoded(BATCH).encode()).key_hash == TARGET.integration.key_hash
