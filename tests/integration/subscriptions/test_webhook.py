"""Webhooks over real HTTP, on loopback."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.outbound.http.guard import OutgoingGuard, networks
from adapters.outbound.http.session import guarded_session
from adapters.outbound.system.clock import ManualClock
from adapters.outbound.webhook.event_sender import WebhookEventSender
from adapters.outbound.webhook.signature import signed_headers
from application.ports.event_sender import Answer
from domain.subscription.delivery import Verdict
from tests.support.builders import NOON
from tests.support.leased import OLD_SECRET, SECRET, a_leased_delivery
from tests.support.receiver import Receiver, is_signed, receiver


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


@pytest.fixture
async def sender(server: Receiver) -> AsyncIterator[WebhookEventSender]:
    inside = OutgoingGuard(allowed_private=networks(("127.0.0.0/8",)), ports=frozenset({server.port}))
    async with guarded_session(inside, total_seconds=5) as session:
        yield WebhookEventSender(session, session, ManualClock(NOON), timeout_seconds=0.5)


async def send(sender: WebhookEventSender, url: str, *secrets: str) -> Answer:
    (answer,) = await sender.send([a_leased_delivery(address=url, secrets=secrets or (SECRET,))])
    return answer


def test_the_signature_is_that_of_the_standard_s_example() -> None:
    body = b'{"type":"incident.acknowledged","timestamp":"2026-11-23T09:14:07.412Z","data":{"id":"inc_01JDC2T6Y8"}}'
    at = NOON.fromtimestamp(1795425248, NOON.tzinfo)
    headers = signed_headers(body, message_id="msg_2pZr8uKq1", at=at, secret=SECRET)
    assert headers["webhook-signature"] == "v1,ehzqLsUmKK0H0QCSwrWdGg9oVRF8w99rNHajzhjlMOs="


async def test_an_event_arrives_signed_with_its_incident(sender: WebhookEventSender, server: Receiver) -> None:
    assert (await send(sender, server.url)).verdict is Verdict.DELIVERED
    (received,) = server.received
    assert is_signed(received, SECRET)
    assert not is_signed(received, OLD_SECRET)
    assert received.headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    assert received.headers["webhook-id"] == a_leased_delivery().delivery.message_id
    assert (received.headers["tocsin-attempt"], received.headers["tocsin-may-be-repeat"]) == ("1", "false")
    document = json.loads(received.body)
    assert (document["type"], document["timestamp"]) == ("incident.annotated", "2026-11-23T12:00:00.000Z")
    assert document["data"]["event"]["note"] == "nöte 1"
    assert document["data"]["incident"]["service"]["name"] == "Shop"
    assert (document["data"]["version"], document["data"]["position"]) == (1, "1-1")


async def test_while_a_secret_rotates_both_sign(sender: WebhookEventSender, server: Receiver) -> None:
    await send(sender, server.url, SECRET, OLD_SECRET)
    assert is_signed(server.received[0], SECRET)
    assert is_signed(server.received[0], OLD_SECRET)


@pytest.mark.parametrize(
    ("status", "headers", "verdict", "retry_after"),
    [
        (200, {}, Verdict.DELIVERED, None),
        (410, {}, Verdict.GONE, None),
        (404, {}, Verdict.FAILED, None),
        (500, {"Retry-After": "30"}, Verdict.FAILED, None),
        (429, {"Retry-After": "30"}, Verdict.FAILED, timedelta(seconds=30)),
        (503, {"Retry-After": "30"}, Verdict.FAILED, timedelta(seconds=30)),
        (503, {"Retry-After": "soon"}, Verdict.FAILED, None),
        (429, {"Retry-After": "9" * 40}, Verdict.FAILED, None),
    ],
)
async def test_each_answer_has_its_verdict(
    sender: WebhookEventSender,
    server: Receiver,
    status: int,
    headers: dict[str, str],
    verdict: Verdict,
    retry_after: timedelta | None,
) -> None:
    server.answers.append((status, headers))
    answer = await send(sender, server.url)
    assert (answer.verdict, answer.retry_after) == (verdict, retry_after)


async def test_a_redirect_is_not_followed(sender: WebhookEventSender, server: Receiver) -> None:
    server.answers.append((302, {"Location": server.url}))
    answer = await send(sender, server.url)
    assert (answer.verdict, len(server.received)) == (Verdict.FAILED, 1)


async def test_a_receiver_that_stays_silent_may_have_it(sender: WebhookEventSender, server: Receiver) -> None:
    server.is_silent = True
    assert (await send(sender, server.url)).verdict is Verdict.UNKNOWN


async def test_where_nothing_may_be_sent_nothing_is(sender: WebhookEventSender, server: Receiver) -> None:
    async with guarded_session(OutgoingGuard(ports=frozenset({server.port}))) as outside:
        answer = await send(WebhookEventSender(outside, outside, ManualClock(NOON)), server.url)
    assert (answer.verdict, server.received) == (Verdict.FAILED, [])
    assert "token" not in answer.detail


async def test_without_a_secret_nothing_is_sent(sender: WebhookEventSender, server: Receiver) -> None:
    (answer,) = await sender.send([a_leased_delivery(address=server.url, secrets=())])
    assert (answer.verdict, server.received) == (Verdict.FAILED, [])
