"""Queues and topics over moto's server."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.outbound.sqs.event_sender import AwsClients, SnsEventSender, SqsEventSender, _sent
from domain.subscription.delivery import Verdict
from domain.subscription.subscription import SubscriptionKind
from tests.support.engines import ACCOUNT, Sqs
from tests.support.leased import a_leased_delivery


@pytest.fixture
async def clients(sqs: Sqs) -> AsyncIterator[AwsClients]:
    async with AwsClients(sqs.endpoint, access_key=sqs.access_key, secret_key=sqs.secret_key) as made:
        yield made


def to_queue(arn: str, *numbers: int) -> list[Any]:
    return [a_leased_delivery(number, address=arn, kind=SubscriptionKind.SQS) for number in numbers]


async def test_a_batch_arrives_with_its_attributes(clients: AwsClients, sqs: Sqs) -> None:
    url = sqs.create_queue()
    batch = to_queue(sqs.arn(url), 1, 2)
    answers = await SqsEventSender(clients).send(batch)
    assert [each.verdict for each in answers] == [Verdict.DELIVERED] * 2
    messages = sqs.receive(url)
    attributes = [
        {name: each["StringValue"] for name, each in message["MessageAttributes"].items()} for message in messages
    ]
    assert {each["webhook-id"] for each in attributes} == {each.delivery.message_id for each in batch}
    assert {each["tocsin-event-kind"] for each in attributes} == {"incident.annotated"}
    assert {each["tocsin-may-be-repeat"] for each in attributes} == {"false"}
    assert {json.loads(message["Body"])["data"]["incident"]["number"] for message in messages} == {1, 2}


async def test_each_event_of_a_batch_carries_the_trace_that_its_own_incident_began_with(
    clients: AwsClients, sqs: Sqs
) -> None:
    url = sqs.create_queue()
    traces = [f"00-{number:032x}-b7ad6b7169203331-01" for number in (1, 2)]
    to: dict[str, Any] = {"address": sqs.arn(url), "kind": SubscriptionKind.SQS}
    batch = [a_leased_delivery(number, trace=trace, **to) for number, trace in enumerate([*traces, None], start=1)]
    await SqsEventSender(clients).send(batch)
    carried = [message["MessageAttributes"].get("traceparent") for message in sqs.receive(url)]
    assert sorted(each["StringValue"] for each in carried if each is not None) == traces
    assert carried.count(None) == 1


async def test_a_fifo_queue_keeps_an_incident_s_order_and_drops_a_repeat(clients: AwsClients, sqs: Sqs) -> None:
    url = sqs.create_queue(FifoQueue="true")
    batch = to_queue(sqs.arn(url), 1)
    for _ in range(2):
        (answer,) = await SqsEventSender(clients).send(batch)
        assert answer.verdict is Verdict.DELIVERED
    (message,) = sqs.receive(url)
    assert message["Attributes"]["MessageGroupId"] == batch[0].delivery.lane_id.hex
    assert message["Attributes"]["MessageDeduplicationId"] == f"{batch[0].delivery.id.hex}-0"


async def test_a_queue_that_is_not_there_takes_nothing(clients: AwsClients, sqs: Sqs) -> None:
    (answer,) = await SqsEventSender(clients).send(to_queue(f"arn:aws:sqs:{sqs.region}:{ACCOUNT}:nowhere", 1))
    assert answer.verdict is Verdict.FAILED


async def test_an_endpoint_that_is_away_leaves_a_doubt(sqs: Sqs) -> None:
    async with AwsClients("http://127.0.0.1:9", access_key="a", secret_key="b") as clients:
        (answer,) = await SqsEventSender(clients).send(to_queue(f"arn:aws:sqs:{sqs.region}:{ACCOUNT}:away", 1))
    assert answer.verdict is Verdict.UNKNOWN


async def test_a_topic_takes_a_batch(clients: AwsClients, sqs: Sqs) -> None:
    name = sqs.create_queue("topic").rpartition("/")[2]
    arn = f"arn:aws:sns:{sqs.region}:{ACCOUNT}:{name}"
    created = await (await clients.of(arn)).create_topic(Name=name)
    assert created["TopicArn"] == arn
    batch = [a_leased_delivery(number, address=arn, kind=SubscriptionKind.SNS) for number in (1, 2, 3)]
    answers = await SnsEventSender(clients).send(batch)
    assert [each.verdict for each in answers] == [Verdict.DELIVERED] * 3


async def test_of_a_batch_each_entry_has_its_own_answer() -> None:
    async def call(_: object) -> dict[str, Any]:
        return {"Successful": [{"Id": "a", "MessageId": "1"}], "Failed": [{"Id": "b", "Code": "InternalError"}]}

    answers = await _sent(call, [{"Id": "a"}, {"Id": "b"}, {"Id": "c"}])
    assert [each.verdict for each in answers] == [Verdict.DELIVERED, Verdict.FAILED, Verdict.UNKNOWN]


async def test_what_is_too_long_together_goes_alone() -> None:
    from botocore.exceptions import ClientError

    async def call(entries: Any) -> dict[str, Any]:
        if len(entries) > 1:
            raise ClientError({"Error": {"Code": "AWS.SimpleQueueService.BatchRequestTooLong"}}, "SendMessageBatch")
        return {"Successful": [{"Id": entries[0]["Id"], "MessageId": "1"}]}

    answers = await _sent(call, [{"Id": "a"}, {"Id": "b"}])
    assert [each.verdict for each in answers] == [Verdict.DELIVERED] * 2
