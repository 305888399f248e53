"""What every `EventSender` promises: an answer for each event in order, and none that is an exception."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest

from adapters.outbound.http.guard import OutgoingGuard, networks
from adapters.outbound.http.session import guarded_session
from adapters.outbound.memory.event_sender import MemoryEventSender
from adapters.outbound.sqs.event_sender import AwsClients, SnsEventSender, SqsEventSender
from adapters.outbound.system.clock import ManualClock
from adapters.outbound.webhook.event_sender import WebhookEventSender
from application.ports.event_deliveries import LeasedDelivery
from application.ports.event_sender import Answer, EventSender
from domain.subscription.delivery import Verdict
from domain.subscription.subscription import SubscriptionKind
from tests.support.builders import NOON
from tests.support.engines import ACCOUNT, Sqs
from tests.support.leased import a_leased_delivery
from tests.support.receiver import receiver


@dataclass(frozen=True)
class Way:
    """A sender, an address that takes what is sent, and one that takes nothing."""

    sender: EventSender
    kind: SubscriptionKind
    address: str
    nowhere: str
    fail_next: Callable[[], object] = lambda: None

    def batch(self, address: str, count: int) -> list[LeasedDelivery]:
        return [a_leased_delivery(number, address=address, kind=self.kind) for number in range(1, count + 1)]


@asynccontextmanager
async def memory() -> AsyncIterator[Way]:
    sender = MemoryEventSender()
    address = "https://hooks.example/"
    yield Way(
        sender,
        SubscriptionKind.WEBHOOK,
        address,
        address,
        lambda: sender.script.append(Answer(verdict=Verdict.FAILED, detail="no")),
    )


@asynccontextmanager
async def webhook() -> AsyncIterator[Way]:
    async with receiver() as server, AsyncExitStack() as stack:
        guard = OutgoingGuard(allowed_private=networks(("127.0.0.0/8",)), ports=frozenset({server.port, 9}))
        session = await stack.enter_async_context(guarded_session(guard, total_seconds=3))
        sender = WebhookEventSender(session, session, ManualClock(NOON), timeout_seconds=2)
        yield Way(sender, SubscriptionKind.WEBHOOK, server.url, "http://127.0.0.1:9/")


@asynccontextmanager
async def queue(sqs: Sqs) -> AsyncIterator[Way]:
    async with AwsClients(sqs.endpoint, access_key=sqs.access_key, secret_key=sqs.secret_key) as clients:
        nowhere = f"arn:aws:sqs:{sqs.region}:{ACCOUNT}:nowhere"
        yield Way(SqsEventSender(clients), SubscriptionKind.SQS, sqs.arn(sqs.create_queue()), nowhere)


@asynccontextmanager
async def topic(sqs: Sqs) -> AsyncIterator[Way]:
    async with AwsClients(sqs.endpoint, access_key=sqs.access_key, secret_key=sqs.secret_key) as clients:
        nowhere = f"arn:aws:sns:{sqs.region}:{ACCOUNT}:nowhere"
        created = await (await clients.of(nowhere)).create_topic(Name="contract")
        yield Way(SnsEventSender(clients), SubscriptionKind.SNS, created["TopicArn"], nowhere)


@pytest.fixture(params=["memory", "webhook", "queue", "topic"])
async def way(request: pytest.FixtureRequest) -> AsyncIterator[Way]:
    opened = {"memory": memory, "webhook": webhook}.get(request.param)
    if opened is None:
        sqs: Sqs = request.getfixturevalue("sqs")
        opened = (lambda: queue(sqs)) if request.param == "queue" else (lambda: topic(sqs))
    async with opened() as made:
        yield made


async def test_as_many_as_it_takes_at_once_arrive_and_each_has_its_answer(way: Way) -> None:
    answers = await way.sender.send(way.batch(way.address, way.sender.most))
    assert [each.verdict for each in answers] == [Verdict.DELIVERED] * way.sender.most


async def test_where_nothing_takes_them_each_has_failed_and_nothing_is_raised(way: Way) -> None:
    way.fail_next()
    (answer,) = await way.sender.send(way.batch(way.nowhere, 1))
    assert answer.verdict is Verdict.FAILED
    assert answer.detail
    assert "127.0.0.1" not in answer.detail
