"""What comes out of a queue: which message it is, whose, how old, and what it says."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from adapters.inbound.intake.allowances import Allowances
from adapters.inbound.intake.targets import Targets, hash_of
from adapters.inbound.sqs.messages import (
    REASON_CHARACTERS,
    Delivery,
    MessageReader,
    dead_letter_of,
    delivery_of,
    refused,
    sanitized,
)
from adapters.outbound.memory.rate_limiter import MemoryRateLimiter
from adapters.outbound.system.clock import ManualClock
from application.errors import RateLimitedError
from application.ports.intake import IntakeTarget
from domain.alert.alert_event import AlertAction
from domain.service.integration import GroupingMode, IntakeLimits, Integration, IntegrationKind
from domain.service.service import UrgencyRule
from domain.shared.ids import IntegrationId, PolicyId, ServiceId, TeamId
from tests.support import payloads
from tests.support.payloads import ROUTING_KEY

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TRIGGER = '{"action":"trigger","dedup_key":"db-3","summary":"Disk full"}'


def milliseconds(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))


def received(body: str = TRIGGER, *, sent_at: datetime = NOW, **attributes: str) -> dict[str, Any]:
    """An entry of ReceiveMessage's answer."""
    return {
        "MessageId": "sqs-1",
        "ReceiptHandle": "handle",
        "Body": body,
        "Attributes": {"SentTimestamp": milliseconds(sent_at), "ApproximateReceiveCount": "3"},
        "MessageAttributes": {
            name.replace("_", "-"): {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    }


def delivery(body: str = TRIGGER, *, sent_at: datetime = NOW, **attributes: str) -> Delivery:
    return delivery_of(received(body, sent_at=sent_at, **attributes))


def wrapped(body: str, **attributes: str) -> str:
    members = {name.replace("_", "-"): {"Type": "String", "Value": value} for name, value in attributes.items()}
    envelope = {"Type": "Notification", "MessageId": "sns-1", "TopicArn": "arn", "Message": body}
    return json.dumps({**envelope, "MessageAttributes": members})


class TestDelivery:
    def test_the_queue_says_when_and_how_often(self) -> None:
        message = delivery()

        assert (message.sent_at, message.receives, message.group_id) == (NOW, 3, None)

    def test_sns_names_the_message_before_its_sender_before_the_queue(self) -> None:
        assert delivery(wrapped(TRIGGER), tocsin_message_id="mine").key == "sns-1"
        assert delivery(tocsin_message_id=" mine ").key == "mine"
        assert delivery().key == "sqs-1"

    def test_a_long_name_is_a_short_one(self) -> None:
        assert delivery(tocsin_message_id="x" * 201).key == hashlib.sha256(b"x" * 201).hexdigest()

    def test_attributes_of_the_queue_go_before_those_of_the_envelope(self) -> None:
        message = delivery(wrapped(TRIGGER, tocsin_format="native", tier="1"), tocsin_format="pagerduty")

        assert message.attributes == {"tocsin-format": "pagerduty", "tier": "1"}

    def test_binary_attributes_are_kept_and_not_read(self) -> None:
        entry = received()
        entry["MessageAttributes"]["blob"] = {"DataType": "Binary", "BinaryValue": b"\xff"}

        message = delivery_of(entry)

        assert message.attributes == {}
        assert dead_letter_of(message, "r", queue_url="q")["MessageAttributes"]["blob"]["BinaryValue"] == b"\xff"

    def test_a_message_that_was_sent_back_is_as_old_as_it_was(self) -> None:
        first = NOW - timedelta(days=2)

        assert delivery(tocsin_sent_at=milliseconds(first)).sent_at == first

    @pytest.mark.parametrize("claim", ["", "soon", "-5", "٣", "9" * 15, "99999999999999"])
    def test_an_age_that_makes_no_sense_does_not_count(self, claim: str) -> None:
        assert delivery(tocsin_sent_at=claim).sent_at == NOW

    def test_the_trace_is_read(self) -> None:
        trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"

        assert delivery(traceparent=f"00-{trace_id}-00f067aa0ba902b7-01").trace_id == trace_id
        assert delivery(wrapped(TRIGGER, traceparent=f"00-{trace_id}-00f067aa0ba902b7-01")).trace_id == trace_id
        assert delivery(traceparent="00-zz-00-01").trace_id is None


class Reader:
    """A reader over one integration whose key is `ik-1`."""

    def __init__(
        self,
        *,
        default_key: str | None = None,
        grouping: GroupingMode = GroupingMode.PER_ALERT,
        events_per_minute: int = 60_000,
        burst: int = 1_000,
    ) -> None:
        integration = Integration(
            id=IntegrationId(UUID(int=1)),
            service_id=ServiceId(UUID(int=2)),
            team_id=TeamId(UUID(int=3)),
            kind=IntegrationKind.NATIVE,
            name="queue",
            key_hash=hash_of("ik-1"),
            grouping=grouping,
        )
        self.target = IntakeTarget(
            integration=integration,
            policy_id=PolicyId(UUID(int=4)),
            policy_version=1,
            urgency_rule=UrgencyRule.BY_SEVERITY,
        )
        clock = ManualClock(NOW)
        limits = IntakeLimits(events_per_minute=events_per_minute, event_burst=burst, open_alerts=1)
        self.read = MessageReader(
            targets=Targets(self.look_up),
            allowances=Allowances(MemoryRateLimiter(clock), limits, in_blocks=False),
            clock=clock,
            default_integration_key=default_key,
        )

    async def look_up(self, key_hash: bytes) -> IntakeTarget | None:
        return self.target if key_hash in {hash_of("ik-1"), hash_of(ROUTING_KEY)} else None


class TestReading:
    async def test_the_key_beside_a_message_says_whose_it_is(self) -> None:
        reader = Reader()

        message = await reader.read(delivery(tocsin_integration_key="ik-1"))

        assert message.target == reader.target
        assert message.refusal is None
        assert [(event.action, event.dedup_key) for event in message.events] == [(AlertAction.TRIGGER, "db-3")]

    async def test_the_queue_may_have_a_key_for_messages_without_one(self) -> None:
        assert (await Reader(default_key="ik-1").read(delivery())).target is not None
        assert (await Reader().read(delivery())).refusal == (
            "the message names no integration, and the queue has no default one"
        )

    @pytest.mark.parametrize("body", [TRIGGER, "no JSON"])
    async def test_what_is_beyond_the_budget_of_its_integration_is_not_read_yet(self, body: str) -> None:
        reader = Reader(events_per_minute=60, burst=1)
        written = json.dumps({"routing_key": "ik-1"}) if body == "no JSON" else body
        await reader.read(delivery(written, tocsin_integration_key="ik-1"))

        with capture_logs(), pytest.raises(RateLimitedError) as left:
            await reader.read(delivery(written, tocsin_integration_key="ik-1"))

        assert left.value.retry_after == timedelta(seconds=1)

    async def test_a_key_of_nobody_is_refused_and_not_shown(self) -> None:
        message = await Reader().read(delivery(payloads.PAGERDUTY_TRIGGER.decode().replace(ROUTING_KEY, "f" * 32)))

        assert message.refusal == "no integration has this key"
        assert message.target is None
        assert b"f" * 32 not in message.body

    async def test_what_is_no_event_is_refused_for_its_owner(self) -> None:
        reader = Reader()

        message = await reader.read(delivery('{"action":"explode"}', tocsin_integration_key="ik-1"))

        assert message.target == reader.target
        assert message.events == ()
        assert message.refusal is not None
        assert message.refusal.startswith("/action: ")

    async def test_the_secret_is_not_kept(self) -> None:
        message = await Reader().read(delivery(payloads.PAGERDUTY_TRIGGER.decode()))

        assert message.events
        assert ROUTING_KEY.encode() not in message.body

    async def test_nor_is_it_in_what_cannot_be_read(self) -> None:
        message = await Reader().read(delivery('{"routing_key": "very-secret", "payload": oops'))

        assert message.refusal is not None
        assert message.body == b'{"routing_key": "[redacted]", "payload": oops'

    async def test_the_group_is_one_alert_where_the_integration_says_so(self) -> None:
        body = payloads.ALERTMANAGER_FIRING.decode()

        (each,) = (await Reader().read(delivery(body, tocsin_integration_key="ik-1"))).events
        (group,) = (
            await Reader(grouping=GroupingMode.PER_GROUP).read(delivery(body, tocsin_integration_key="ik-1"))
        ).events

        assert each.dedup_key != group.dedup_key

    async def test_a_long_body_says_the_same(self) -> None:
        events = [{"action": "trigger", "dedup_key": str(n), "summary": "x" * 1000} for n in range(200)]

        message = await Reader(default_key="ik-1").read(delivery(json.dumps({"events": events})))

        assert [event.dedup_key for event in message.events] == [str(n) for n in range(200)]


class TestAge:
    async def test_a_trigger_may_wait_a_day(self) -> None:
        reader = Reader(default_key="ik-1")

        message = await reader.read(delivery(sent_at=NOW - timedelta(hours=24)))

        assert (len(message.events), message.refusal) == (1, None)

    async def test_an_older_trigger_is_set_aside(self) -> None:
        message = await Reader(default_key="ik-1").read(delivery(sent_at=NOW - timedelta(hours=24, seconds=1)))

        assert message.events == ()
        assert message.refusal == "a trigger sent at 2026-11-22T08:59:59Z, over 24 h ago, pages nobody"

    async def test_also_when_it_has_just_been_sent_back(self) -> None:
        sent_at = milliseconds(NOW - timedelta(days=3))

        message = await Reader(default_key="ik-1").read(delivery(tocsin_sent_at=sent_at))

        assert message.refusal is not None
        assert message.refusal.startswith("a trigger sent at 2026-11-20")

    async def test_a_resolve_is_done_at_any_age(self) -> None:
        events = [
            {"action": "trigger", "dedup_key": "a", "summary": "a"},
            {"action": "resolve", "dedup_key": "b"},
        ]
        old = NOW - timedelta(days=5)
        reader = Reader(default_key="ik-1")

        both = await reader.read(delivery(json.dumps({"events": events}), sent_at=old))
        alone = await reader.read(delivery(json.dumps(events[1]), sent_at=old))

        assert [event.dedup_key for event in both.events] == ["b"]
        assert both.refusal is not None
        assert [event.dedup_key for event in alone.events] == ["b"]
        assert alone.refusal is None


class TestDeadLetter:
    def test_the_message_goes_as_it_came_with_its_reason_and_origin(self) -> None:
        letter = dead_letter_of(delivery(tier="1"), "no integration has this key", queue_url="https://sqs/1/dead")

        texts = {name: each["StringValue"] for name, each in letter.pop("MessageAttributes").items()}
        assert letter == {"QueueUrl": "https://sqs/1/dead", "MessageBody": TRIGGER}
        assert texts == {
            "tier": "1",
            "tocsin-reason": "no integration has this key",
            "tocsin-message-id": "sqs-1",
            "tocsin-sent-at": milliseconds(NOW),
        }

    def test_its_own_name_and_age_go_before_the_queues(self) -> None:
        first = milliseconds(NOW - timedelta(days=1))

        letter = dead_letter_of(
            delivery(tocsin_message_id="mine", tocsin_sent_at=first, tocsin_reason="before"), "now", queue_url="q"
        )

        texts = {name: each["StringValue"] for name, each in letter["MessageAttributes"].items()}
        assert texts == {"tocsin-message-id": "mine", "tocsin-sent-at": first, "tocsin-reason": "now"}

    def test_there_is_room_for_ten_attributes(self) -> None:
        attributes: dict[str, Any] = {f"a{n}": "1" for n in range(8)} | {
            "traceparent": "t",
            "tocsin_integration_key": "ik-1",
        }

        letter = dead_letter_of(delivery(**attributes), "r", queue_url="q")

        names = letter["MessageAttributes"].keys()
        assert len(names) == 10
        assert names >= {
            "traceparent",
            "tocsin-integration-key",
            "tocsin-reason",
            "tocsin-message-id",
            "tocsin-sent-at",
        }

    def test_a_fifo_queue_gets_the_group_and_drops_a_second_copy(self) -> None:
        entry = received()
        entry["Attributes"]["MessageGroupId"] = "db-3"

        letter = dead_letter_of(delivery_of(entry), "r", queue_url="q.fifo")

        assert (letter["MessageGroupId"], letter["MessageDeduplicationId"]) == ("db-3", "sqs-1")

    @pytest.mark.parametrize(
        ("reason", "sent"),
        [
            ("bad \x00\x1b\ufffe\ud800!", "bad \ufffd\ufffd\ufffd\ufffd!"),
            ("", "no reason"),
            ("x" * 1000, "x" * REASON_CHARACTERS),
            ("line\tone\r\nline two \U0001f525", "line\tone\r\nline two \U0001f525"),
        ],
    )
    def test_the_reason_has_only_what_sqs_takes(self, reason: str, sent: str) -> None:
        assert sanitized(reason) == sent

    def test_a_refusal_is_of_the_whole_message(self) -> None:
        message = refused(delivery(tocsin_integration_key="ik-9"), "because")

        assert (message.refusal, message.events, message.target) == ("because", (), None)
