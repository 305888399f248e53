import base64
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest

from adapters.outbound.memory.contact_secrets import MemoryContactSecrets
from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.system.clock import ManualClock
from adapters.outbound.webhook.notifier import WebhookNotifier
from adapters.outbound.webhook.signature import signed_headers
from application.ports.errors import TransientPortError
from application.ports.notifier import Message, Outcome
from domain.notification.contact import Channel
from domain.shared.ids import ContactId, UserId
from tests.integration.sessions import ENDINGS, Ending, forbidden_session, loopback_session
from tests.support.builders import NOON
from tests.support.fake_http import Answers, Behaviour, Drops, Hangs
from tests.support.fake_webhook import FakeWebhook, OneSecret, SomeSecrets
from tests.unit.outgoing.messages import HOSTILE_TITLE, NOTIFICATION_ID, a_message, a_notice
from tests.unit.outgoing.ports import free_port

CLOCK: Final = ManualClock(NOON)


class LostSecrets(OneSecret):
    async def of_address(self, user_id: UserId, channel: Channel, address: str, *, at: datetime) -> tuple[str, ...]:
        raise TransientPortError("the storage is away")


@pytest.fixture
async def notifier(fake_webhook: FakeWebhook) -> AsyncIterator[WebhookNotifier]:
    async with loopback_session(fake_webhook.port) as session:
        yield WebhookNotifier(session, OneSecret(fake_webhook.secret), CLOCK, SomeSecrets(), timeout_seconds=0.5)


def to_webhook(server: FakeWebhook, **changes: Any) -> Message:
    return a_message(**{"address": server.address, **changes})


def test_the_signature_is_the_one_of_the_standard() -> None:
    body = b'{"type":"incident.acknowledged","timestamp":"2026-11-23T09:14:07.412Z","data":{"id":"inc_01JDC2T6Y8"}}'
    secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    at = datetime.fromtimestamp(1795425248, UTC)
    assert signed_headers(body, message_id="msg_2pZr8uKq1", at=at, secret=secret) == {
        "webhook-id": "msg_2pZr8uKq1",
        "webhook-timestamp": "1795425248",
        "webhook-signature": "v1,ehzqLsUmKK0H0QCSwrWdGg9oVRF8w99rNHajzhjlMOs=",
    }


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_!", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]
)
def test_what_is_no_secret_signs_nothing_and_is_not_said(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^not a secret of a webhook$"):
        signed_headers(b"", message_id="msg_1", at=NOON, secret=secret)


async def test_a_page_is_posted_as_one_signed_versioned_document(
    fake_webhook: FakeWebhook, notifier: WebhookNotifier
) -> None:
    delivery = await notifier.send(to_webhook(fake_webhook))
    assert delivery.outcome is Outcome.DELIVERED
    [document] = fake_webhook.received
    assert (document["type"], document["timestamp"]) == ("page.triggered", "2026-11-23T12:00:00.000Z")
    assert document["data"]["version"] == 1
    assert document["data"]["incident"] == {
        "id": "019a4b0c-0000-7000-8000-0000000000aa",
        "number": 123,
        "version": 4,
        "title": "checkout 5xx 23%",
        "status": "triggered",
        "status_by": None,
        "severity": "SEV1",
        "service": "checkout",
        "triggered_at": "2026-11-03T03:12:05.000Z",
    }
    assert document["data"]["links"]["acknowledge"] == "https://tocsin.example.org/a/s3cret"
    assert fake_webhook.asked[0].headers["Content-Type"] == "application/json"


async def test_every_attempt_has_the_same_id_and_its_own_time(
    fake_webhook: FakeWebhook, notifier: WebhookNotifier
) -> None:
    await notifier.send(to_webhook(fake_webhook))
    await notifier.send(to_webhook(fake_webhook, attempt=2, may_be_repeat=True))
    assert {asked.headers["webhook-id"] for asked in fake_webhook.asked} == {f"msg_{NOTIFICATION_ID.hex}"}
    assert [document["data"]["attempt"] for document in fake_webhook.received] == [1, 2]
    assert fake_webhook.received[1]["data"]["may_be_repeat"] is True


@pytest.mark.parametrize(("behaviour", "ending"), ENDINGS)
async def test_each_answer_has_its_outcome_and_is_asked_for_once(
    fake_webhook: FakeWebhook, notifier: WebhookNotifier, behaviour: Behaviour, ending: Ending
) -> None:
    fake_webhook.script(behaviour)
    delivery = await notifier.send(to_webhook(fake_webhook))
    assert (delivery.outcome, delivery.retry_after) == ending
    assert delivery.detail
    assert len(fake_webhook.asked) == 1


async def test_a_server_that_is_not_there_is_retried() -> None:
    port = free_port()
    async with loopback_session(port) as session:
        notifier = WebhookNotifier(session, OneSecret(FakeWebhook().secret), CLOCK, SomeSecrets())
        message = a_message(address=f"http://127.0.0.1:{port}/pages")
        assert (await notifier.send(message)).outcome is Outcome.RETRY


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "[::ffff:127.0.0.1]"])
async def test_the_network_that_we_stand_in_is_never_asked(fake_webhook: FakeWebhook, host: str) -> None:
    async with forbidden_session(fake_webhook.port) as session:
        notifier = WebhookNotifier(session, OneSecret(fake_webhook.secret), CLOCK, SomeSecrets())
        delivery = await notifier.send(a_message(address=f"http://{host}:{fake_webhook.port}/pages"))
    assert (delivery.outcome, fake_webhook.asked) == (Outcome.REJECTED, [])


async def test_while_a_secret_is_replaced_a_receiver_of_either_takes_what_is_signed(fake_webhook: FakeWebhook) -> None:
    newer = "whsec_" + base64.b64encode(b"n" * 32).decode()
    async with loopback_session(fake_webhook.port) as session:
        notifier = WebhookNotifier(session, OneSecret(newer, fake_webhook.secret), CLOCK, SomeSecrets())
        still_old = await notifier.send(to_webhook(fake_webhook))
        fake_webhook.secret = newer
        already_new = await notifier.send_notice(a_notice(address=fake_webhook.address))
    assert {still_old.outcome, already_new.outcome} == {Outcome.DELIVERED}
    assert [len(asked.headers["webhook-signature"].split()) for asked in fake_webhook.asked] == [2, 2]


async def test_without_a_secret_nothing_is_sent(fake_webhook: FakeWebhook) -> None:
    async with loopback_session(fake_webhook.port) as session:
        gone = await WebhookNotifier(session, OneSecret(None), CLOCK, SomeSecrets()).send(to_webhook(fake_webhook))
        lost = await WebhookNotifier(session, LostSecrets(None), CLOCK, SomeSecrets()).send(to_webhook(fake_webhook))
    assert (gone.outcome, lost.outcome, fake_webhook.asked) == (Outcome.REJECTED, Outcome.RETRY, [])


async def test_the_secret_and_the_address_are_in_no_detail_and_no_log(
    fake_webhook: FakeWebhook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    database = MemoryDatabase()
    secrets = MemoryContactSecrets(MemorySession(database))
    await secrets.put(ContactId(UUID(int=1)), fake_webhook.secret)
    async with loopback_session(fake_webhook.port) as session:
        notifier = WebhookNotifier(session, OneSecret(fake_webhook.secret), CLOCK, SomeSecrets(), timeout_seconds=0.3)
        deliveries = []
        for behaviour in (Hangs(), Drops(), Answers(401), Answers(302, {"Location": "/s3cret"})):
            fake_webhook.script(behaviour)
            deliveries.append(await notifier.send(to_webhook(fake_webhook)))
    told = repr(deliveries) + caplog.text + repr(database)
    assert fake_webhook.secret not in told
    assert fake_webhook.address not in told


async def test_hostile_text_is_handed_over_as_it_is(fake_webhook: FakeWebhook, notifier: WebhookNotifier) -> None:
    assert (await notifier.send(to_webhook(fake_webhook, title=HOSTILE_TITLE))).outcome is Outcome.DELIVERED
    assert fake_webhook.received[0]["data"]["incident"]["title"] == HOSTILE_TITLE.replace("\ud800", "?")
