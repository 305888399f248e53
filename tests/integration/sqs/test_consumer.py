"""Events from a real queue into a real database: at least once in, exactly once done."""

import asyncio
import json
import logging
import random
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from adapters.inbound.sqs import consumer
from adapters.inbound.sqs.spilled import SpillReader
from adapters.wire.spilled import encoded_ping
from application.alert.consume import Outcome, QueuedMessage
from application.ports.errors import PermanentPortError
from application.ports.heartbeats import ReceivedPing
from application.ports.intake import IntakeTarget
from domain.heartbeat.heartbeat import PingKind
from tests.integration.sqs.world import CLOCK, OTHER_KEY, World, event, refusal, until, with_key
from tests.support import payloads

pytestmark = pytest.mark.postgres

ALERTS = "SELECT dedup_key, status, occurrences FROM alerts ORDER BY dedup_key"
LETTERS = "SELECT source, reason, body FROM dead_letters ORDER BY received_at"
INCIDENTS = "SELECT count(*) FROM incidents"
RUNS = "SELECT count(*) FROM escalation_runs"


def notification(body: str, message_id: str) -> str:
    """As SNS wraps what is published, with the sender's attributes inside."""
    attributes = {"tocsin-format": {"Type": "String", "Value": "native"}}
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": "arn:aws:sns:eu-west-1:123456789012:alerts",
            "Message": body,
            "MessageAttributes": attributes,
        }
    )


class TestHandling:
    async def test_bare_and_wrapped_messages_become_alerts_and_leave_the_queue(self, world: World) -> None:
        await world.send(event("bare"), notification(event("wrapped"), "sns-1"))

        await world.run_until(handled=2)

        assert await world.rows(ALERTS) == [("bare", "firing", 1), ("wrapped", "firing", 1)]
        assert await world.rows(RUNS) == [(2,)]
        assert await world.drained()

    async def test_alarms_of_cloudwatch_come_wrapped_raw_and_by_eventbridge_to_one_alert(self, world: World) -> None:
        alarm, by_eventbridge = payloads.CLOUDWATCH_ALARM.decode(), payloads.EVENTBRIDGE_ALARM.decode()
        topic = {"Type": "Notification", "MessageId": "sns-1", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:alerts"}
        await world.send(json.dumps({**topic, "Message": alarm}), alarm, by_eventbridge, by_eventbridge)

        await world.run_until(handled=3, repeated=1)  # EventBridge delivered one event twice

        arn = "arn:aws:cloudwatch:eu-west-1:210987654321:alarm:rds-cpu-high"
        assert await world.rows(ALERTS) == [(arn, "firing", 3)]
        assert await world.drained()

    async def test_the_raw_body_is_kept_without_the_secret(self, world: World) -> None:
        body = json.dumps({"integration_key": OTHER_KEY, **json.loads(event("db"))})
        await asyncio.to_thread(world.sqs.send, world.url, body)

        await world.run_until(handled=1)

        ((kind, kept),) = await world.rows("SELECT format, body FROM raw_events")
        assert kind == "queue"
        assert OTHER_KEY.encode() not in kept
        assert json.loads(kept)["dedup_key"] == "db"

    async def test_the_format_that_a_message_names_is_kept_with_it_and_no_other_attribute(self, world: World) -> None:
        await world.send(event("db"), **with_key(tocsin_format="native", tier="1"))

        await world.run_until(handled=1)

        ((kept,),) = await world.rows("SELECT headers FROM raw_events")
        assert kept == {"tocsin-format": "native"}

    async def test_a_resolve_ends_what_its_trigger_began(self, world: World) -> None:
        await world.send(event("db"))
        await world.run_until(handled=1)
        await world.send(event("db", "resolve"))
        await world.run_until(handled=1)

        assert await world.rows(ALERTS) == [("db", "cleared", 1)]
        assert await world.rows("SELECT status FROM incidents") == [("resolved",)]

    async def test_a_message_without_events_leaves_the_queue_too(self, world: World) -> None:
        await world.send(json.dumps({"version": "4", "groupKey": "g", "status": "firing", "alerts": []}))

        await world.run_until(handled=1)

        assert await world.rows(ALERTS) == []
        assert await world.drained()

    async def test_the_log_says_what_became_of_each_message_and_of_which_trace_it_is(self, world: World) -> None:
        trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
        await world.send(event("db"), **with_key(traceparent=f"00-{trace_id}-00f067aa0ba902b7-01"))

        with capture_logs(processors=[_with_context]) as logs:
            await world.run_until(handled=1)

        (line,) = [entry for entry in logs if entry["event"] == "sqs_message"]
        assert (line["outcome"], line["trace_id"], line["receives"]) == ("handled", trace_id, 1)
        assert line["message_id"]

    async def test_what_went_well_is_one_line_a_batch_and_what_did_not_has_its_own(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        logger = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
        monkeypatch.setattr(consumer, "_log", logger)
        await world.send(event("a"), event("b"), "no event")

        with capture_logs(processors=[_with_context]) as logs:
            await world.run_until(handled=2, poison=1)

        batches = [entry for entry in logs if entry["event"] == "sqs_batch"]
        assert sum(entry.get("handled", 0) for entry in batches) == 2
        assert sum(entry.get("set_aside", 0) for entry in batches) == 1
        (line,) = [entry for entry in logs if entry["event"] == "sqs_message"]
        assert (line["outcome"], line["log_level"]) == ("set_aside", "info")


def _with_context(logger: Any, name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return structlog.contextvars.merge_contextvars(logger, name, entry)


class TestRepeats:
    async def test_duplicates_in_any_order_are_one_alert(self, world: World) -> None:
        bodies = [notification(event(f"db-{number}"), f"sns-{number}") for number in range(4)]
        deliveries = bodies * 2
        random.Random(7).shuffle(deliveries)
        await world.send(*deliveries)

        await world.run_until(handled=4, repeated=4)

        assert await world.rows(ALERTS) == [(f"db-{number}", "firing", 1) for number in range(4)]
        assert await world.rows(INCIDENTS) == [(4,)]
        assert await world.drained()

    async def test_a_late_duplicate_of_a_trigger_does_not_fire_again(self, world: World) -> None:
        trigger = notification(event("db"), "sns-1")
        await world.send(trigger)
        await world.run_until(handled=1)
        await world.send(notification(event("db", "resolve"), "sns-2"))
        await world.run_until(handled=1)
        await world.send(trigger)
        await world.run_until(repeated=1)

        assert await world.rows(ALERTS) == [("db", "cleared", 1)]

    async def test_a_trigger_without_a_key_opens_one_alert_however_often_it_comes(self, world: World) -> None:
        body = json.dumps({"action": "trigger", "summary": "no key"})
        await world.send(body, body, **with_key(tocsin_message_id="mine"))

        await world.run_until(handled=1, repeated=1)

        assert len(await world.rows(ALERTS)) == 1

    async def test_one_sender_cannot_make_anothers_message_a_repeat(self, world: World) -> None:
        await world.send(event("a"), **with_key(tocsin_message_id="1"))
        await world.send(event("b"), **with_key(OTHER_KEY, tocsin_message_id="1"))

        await world.run_until(handled=2)

        assert [row[0] for row in await world.rows(ALERTS)] == ["a", "b"]

    async def test_a_crash_between_commit_and_delete_is_recognised(self, world: World) -> None:
        await world.send(event("db"))
        world.client.delete_faults = [refusal("InternalError")] * 3  # as if the process had died: all its tries
        await world.run_until(handled=1)
        assert await world.rows(ALERTS) == [("db", "firing", 1)]
        assert await asyncio.to_thread(world.sqs.depth, world.url) == (0, 1)

        await world.client.reappear(world.url)
        await world.run_until(repeated=1)

        assert await world.rows(ALERTS) == [("db", "firing", 1)]
        assert await world.drained()

    async def test_what_was_not_deleted_is_deleted_by_another_try(self, world: World) -> None:
        await world.send(event("a"), event("b"), event("c"))
        world.client.delete_faults = [["0"], refusal("ServiceUnavailable", 503)]

        await world.run_until(handled=3)

        assert world.client.deletes >= 3
        assert await world.drained()


class TestPoison:
    async def test_it_goes_to_the_dead_letter_queue_with_its_reason_and_its_neighbours_are_handled(
        self, world: World
    ) -> None:
        await world.send(event("before"), "this is no JSON", event("after"), **with_key(tier="1"))

        await world.run_until(handled=2, poison=1)

        assert [row[0] for row in await world.rows(ALERTS)] == ["after", "before"]
        ((source, reason, body),) = await world.rows(LETTERS)
        assert (source, body) == ("sqs", b"this is no JSON")
        (letter,) = await world.dead()
        assert letter["Body"] == "this is no JSON"
        attributes = {name: each["StringValue"] for name, each in letter["MessageAttributes"].items()}
        assert attributes["tocsin-reason"] == reason
        assert attributes["tier"] == "1"
        assert await world.drained()

    async def test_a_key_of_nobody_is_set_aside(self, world: World) -> None:
        await world.send(event("db"), key="nobodys")

        await world.run_until(poison=1)

        assert [row[:2] for row in await world.rows(LETTERS)] == [("sqs", "no integration has this key")]

    async def test_without_a_dead_letter_queue_the_database_has_it(self, world: World) -> None:
        await world.send("no JSON")

        async with world.running(dead_letter_queue_url=None):
            await world.reach(poison=1)

        assert len(await world.rows(LETTERS)) == 1
        assert await world.dead() == []
        assert await world.drained()

    async def test_one_message_that_storage_refuses_does_not_cost_its_neighbours_theirs(self, world: World) -> None:
        world.refused_key = "bad"
        await world.send(event("before"), event("bad"), event("after"))

        async with world.running(most_receives=1):
            await world.reach(handled=2, poison=1)

        assert [row[0] for row in await world.rows(ALERTS)] == ["after", "before"]
        assert len(await world.rows(LETTERS)) == 1
        assert await world.drained()

    async def test_it_stays_until_the_dead_letter_queue_has_it(self, world: World) -> None:
        await world.send("no JSON")
        world.client.send_faults = [refusal("AccessDenied", 403)]

        await world.run_until(failed=1, poison=1)

        assert len(await world.rows(LETTERS)) == 1
        assert len(await world.dead()) == 1
        assert await world.drained()

    async def test_what_the_dead_letter_queue_never_takes_is_kept_in_the_database_alone(self, world: World) -> None:
        await world.send("no JSON")
        world.client.send_faults = [refusal("InvalidParameterValue", 400)]

        await world.run_until(poison=1)

        assert len(await world.rows(LETTERS)) == 1
        assert await world.drained()

    async def test_an_old_trigger_pages_nobody(self, world: World) -> None:
        await world.send(event("old"))
        await asyncio.sleep(1.1)

        async with world.running(oldest_trigger=timedelta(seconds=1)):
            await world.reach(poison=1)

        assert await world.rows(ALERTS) == []
        ((_, reason, _),) = await world.rows(LETTERS)
        assert reason.startswith("a trigger sent at ")


class TestStorageAway:
    async def test_nothing_is_deleted_and_everything_is_handled_afterwards(self, world: World) -> None:
        world.is_storage_away = True
        await world.send(event("a"), event("b"), "no JSON")
        await world.run_until(failed=3)
        assert world.client.deletes == 0
        assert await world.dead() == []
        assert sum(await asyncio.to_thread(world.sqs.depth, world.url)) == 3

        world.is_storage_away = False
        await world.run_until(handled=2, poison=1)

        assert [row[0] for row in await world.rows(ALERTS)] == ["a", "b"]
        assert await world.drained()

    async def test_messages_are_hidden_for_longer_each_time_and_never_for_nothing(self, world: World) -> None:
        world.is_storage_away = True
        await world.send(event("a"))

        await world.run_until(failed=3)

        first, second, third = (delays[0] for delays in world.client.visibilities[:3])
        assert 1 <= first <= 2 <= second <= 3 < third <= 6


class TestTooMuch:
    async def test_what_an_integration_sends_beyond_its_budget_waits_and_is_handled_in_time(self, world: World) -> None:
        world.limits = replace(world.limits, events_per_minute=60, event_burst=1)
        await world.send(event("a"), event("b"), "no JSON")

        await world.run_until(handled=2, poison=1, throttled=1)

        assert [row[0] for row in await world.rows(ALERTS)] == ["a", "b"]
        assert world.count("failed") == world.count("throttled")
        assert await world.drained()

    async def test_it_is_hidden_until_there_is_budget_again_and_others_go_on(self, world: World) -> None:
        world.limits = replace(world.limits, events_per_minute=1, event_burst=1)
        await world.send(event("a"), event("b"))
        await world.send(event("c"), key=OTHER_KEY)

        async with world.running(most_receives=1):  # how often it came is nothing against it
            await world.reach(handled=2, throttled=1)

        assert len(await world.rows(ALERTS)) == 2
        ((hidden_seconds,),) = world.client.visibilities
        assert 55 <= hidden_seconds <= 60
        assert await world.rows(LETTERS) == []
        assert sum(await asyncio.to_thread(world.sqs.depth, world.url)) == 1


class TestVisibility:
    async def test_a_batch_that_takes_long_is_not_delivered_to_another(self, world: World) -> None:
        world.delay_seconds = 4
        await world.send(event("slow"))

        async with world.running(visibility_seconds=2, pollers=2):
            await world.reach(handled=1)

        assert len(world.received) == 1
        assert world.client.visibilities[:3] == [[2]] * 3
        assert await world.drained()

    async def test_stopping_finishes_the_batch_in_hand(self, world: World) -> None:
        world.delay_seconds = 1
        await world.send(event("a"))

        async with world.running():
            await until(lambda: bool(world.received))

        assert await world.rows(ALERTS) == [("a", "firing", 1)]
        assert await world.drained()

    async def test_what_arrives_after_the_stop_is_released_at_once(self, world: World) -> None:
        async with world.running() as consumer:
            await asyncio.sleep(0.2)
            consumer.stop()
            await world.send(event("late"))
            await world.reach(received=1)

        assert world.received == []
        assert world.client.visibilities == [[0]]
        assert await asyncio.to_thread(world.sqs.depth, world.url) == (1, 0)

    async def test_a_poll_does_not_hold_up_the_stop(self, world: World) -> None:
        async with asyncio.timeout(5):
            async with world.running(wait_seconds=20, stop_patience_seconds=0.1):
                await asyncio.sleep(0.2)

    async def test_a_queue_that_does_not_answer_is_asked_again(self, world: World) -> None:
        url, world.url = world.url, world.url + "-gone"
        async with world.running():
            await world.reach(receive_errors=2)

        world.url = url
        await world.send(event("a"))
        await world.run_until(handled=1)


class TestOrder:
    async def test_a_group_waits_for_its_first_message_and_others_do_not(self, fifo_world: World) -> None:
        world = fifo_world
        world.refused_key = "bad"
        sent = [(event("bad"), "x"), (event("y"), "y"), (event("x"), "x")]
        for number, (body, group) in enumerate(sent):
            await world.send(body, MessageGroupId=group, MessageDeduplicationId=str(number))

        async with world.running(most_receives=100, retry_base_seconds=30):
            await world.reach(handled=1, failed=2)

        assert await world.rows(ALERTS) == [("y", "firing", 1)]
        assert world.client.visibilities[0][0] == world.client.visibilities[0][1] >= 30
        assert await world.dead() == []

    async def test_a_group_is_handled_in_order(self, fifo_world: World) -> None:
        world = fifo_world
        for number, action in enumerate(["trigger", "resolve", "trigger", "resolve", "trigger"]):
            await world.send(event("x", action), MessageGroupId="x", MessageDeduplicationId=str(number))

        await world.run_until(handled=5)

        assert [row[1] for row in await world.rows("SELECT id, status FROM alerts ORDER BY id")] == [
            "cleared",
            "cleared",
            "firing",
        ]

    async def test_poison_of_a_group_is_set_aside_and_the_group_goes_on(self, fifo_world: World) -> None:
        world = fifo_world
        for number, body in enumerate(["no JSON", event("x")]):
            await world.send(body, MessageGroupId="x", MessageDeduplicationId=str(number))

        await world.run_until(handled=1, poison=1)

        (letter,) = await world.dead()
        assert letter["Attributes"]["MessageGroupId"] == "x"
        assert await world.rows(ALERTS) == [("x", "firing", 1)]

    async def test_a_sign_of_life_that_can_never_be_stored_is_set_aside_and_its_group_goes_on(
        self, fifo_world: World
    ) -> None:
        world = fifo_world
        bad = ReceivedPing(b"k" * 32, PingKind.FAIL, CLOCK.now(), output="disk full")
        for number, ping in enumerate([bad, bad._replace(kind=PingKind.LOG)]):
            await world.send(encoded_ping(ping), MessageGroupId="heartbeat", MessageDeduplicationId=str(number))

        async def refusing(messages: Sequence[QueuedMessage]) -> Sequence[Outcome]:
            if any(message.ping is not None and message.ping.kind is PingKind.FAIL for message in messages):
                raise PermanentPortError("the database refused")
            return await world.consume(messages)

        world.registry = CollectorRegistry()
        draining = world.consumer(most_receives=1)
        draining.read, draining.consume = SpillReader(look_up=nobodys, clock=CLOCK), refusing
        work = asyncio.create_task(draining.run())
        await world.reach(handled=1, poison=1)
        draining.stop()
        await work


async def nobodys(_: Sequence[bytes]) -> Mapping[bytes, IntakeTarget]:
    return {}
