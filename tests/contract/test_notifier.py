"""What every Notifier promises, over a provider that can be told how to behave."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from adapters.outbound.email.notifier import SmtpNotifier, SmtpSettings, Tls
from adapters.outbound.http.guard import OutgoingGuard, networks
from adapters.outbound.http.session import guarded_session
from adapters.outbound.memory.notifier import MemoryNotifier
from adapters.outbound.ntfy.notifier import NtfyNotifier, NtfySettings
from adapters.outbound.slack.client import SlackSettings
from adapters.outbound.slack.notifier import SlackNotifier
from adapters.outbound.twilio.notifier import SmsNotifier, TwilioSettings, VoiceNotifier
from adapters.outbound.webhook.notifier import WebhookNotifier
from application.ports.clock import Clock
from application.ports.notifier import Delivery, Message, Notifier, Outcome
from tests.integration.sessions import loopback_session
from tests.support.fake_http import Answers, Hangs
from tests.support.fake_ntfy import FakeNtfy
from tests.support.fake_slack import FakeSlack, Hang, RateLimited, Refused
from tests.support.fake_twilio import FakeTwilio
from tests.support.fake_webhook import FakeWebhook, OneSecret, SomeSecrets
from tests.support.smtp import Silence, SmtpServer
from tests.unit.outgoing.messages import HOSTILE_TITLE, a_message, a_notice
from tests.unit.outgoing.ports import free_port


class Provider(Protocol):
    """The other side of one channel, and a notifier that reaches it."""

    notifier: Notifier
    address: str
    opening: str = "SEV1 INC-123 checkout 5xx 23%"

    @abstractmethod
    def refuse_for_good(self) -> None:
        """The next message."""

    @abstractmethod
    def refuse_for_now(self) -> None:
        """The next message."""

    @abstractmethod
    def take_and_stay_silent(self) -> None:
        """With the next message."""

    @abstractmethod
    def arrived(self) -> list[str]:
        """The text of each message that the person has, oldest first."""


class MemoryProvider(Provider):
    address = "mira@example.org"

    def __init__(self, *, is_there: bool = True) -> None:
        self.memory = MemoryNotifier()
        if not is_there:
            self.memory.answer_next(Delivery(outcome=Outcome.RETRY, detail="not there"))
        self.notifier = self.memory

    def refuse_for_good(self) -> None:
        self.memory.answer_next(Delivery(outcome=Outcome.REJECTED, detail="no such person"))

    def refuse_for_now(self) -> None:
        self.memory.answer_next(Delivery(outcome=Outcome.RETRY, detail="later"))

    def take_and_stay_silent(self) -> None:
        self.memory.answer_next(Delivery(outcome=Outcome.UNKNOWN, detail="no answer"))

    def arrived(self) -> list[str]:
        pages = [f"{message.severity} INC-{message.incident_number} {message.title}" for message in self.memory.sent]
        return pages + [f"{notice.title}\n{notice.text}" for notice in self.memory.notices]


class MailProvider(Provider):
    address = "mira@example.org"

    def __init__(self, notifier: Notifier, server: SmtpServer) -> None:
        self.notifier = notifier
        self.server = server

    def refuse_for_good(self) -> None:
        self.server.answer("550 5.1.1 no such user", stage="RCPT")

    def refuse_for_now(self) -> None:
        self.server.answer("451 4.3.0 try later", stage="DATA")

    def take_and_stay_silent(self) -> None:
        self.server.answer(Silence.AFTER_TAKING, stage="DATA")

    def arrived(self) -> list[str]:
        bodies = [mail.message.get_body(("plain",)) for mail in self.server.received]
        return [body.get_content() for body in bodies if body is not None]


class SlackProvider(Provider):
    address = "C0CCC333"

    def __init__(self, notifier: Notifier, slack: FakeSlack) -> None:
        self.notifier = notifier
        self.slack = slack

    def refuse_for_good(self) -> None:
        self.slack.script("chat.postMessage", Refused("channel_not_found"))

    def refuse_for_now(self) -> None:
        self.slack.script("chat.postMessage", RateLimited())

    def take_and_stay_silent(self) -> None:
        self.slack.script("chat.postMessage", Hang(after_processing=True))

    def arrived(self) -> list[str]:
        return [message.text for message in self.slack.messages.values()]


class NtfyProvider(Provider):
    address = "mira-pages"

    def __init__(self, notifier: Notifier, ntfy: FakeNtfy) -> None:
        self.notifier = notifier
        self.ntfy = ntfy

    def refuse_for_good(self) -> None:
        self.ntfy.script(Answers(404))

    def refuse_for_now(self) -> None:
        self.ntfy.script(Answers(429))

    def take_and_stay_silent(self) -> None:
        self.ntfy.script(Hangs())

    def arrived(self) -> list[str]:
        return [message["title"] for message in self.ntfy.published]


class WebhookProvider(Provider):
    def __init__(self, notifier: Notifier, server: FakeWebhook, address: str) -> None:
        self.notifier = notifier
        self.server = server
        self.address = address

    def refuse_for_good(self) -> None:
        self.server.script(Answers(410))

    def refuse_for_now(self) -> None:
        self.server.script(Answers(503))

    def take_and_stay_silent(self) -> None:
        self.server.script(Hangs())

    def arrived(self) -> list[str]:
        return [_told(document["data"]) for document in self.server.received]


def _told(data: Mapping[str, Any]) -> str:
    if (incident := data.get("incident")) is None:
        return f"{data['title']}\n{data['text']}"
    return f"{incident['severity']} INC-{incident['number']} {incident['title']}"


class SmsProvider(Provider):
    address = "+4915112345678"

    def __init__(self, notifier: Notifier, twilio: FakeTwilio) -> None:
        self.notifier = notifier
        self.twilio = twilio

    def refuse_for_good(self) -> None:
        self.twilio.script(Answers(400))

    def refuse_for_now(self) -> None:
        self.twilio.script(Answers(429))

    def take_and_stay_silent(self) -> None:
        self.twilio.script(Hangs())

    def arrived(self) -> list[str]:
        return [text.body for text in self.twilio.texts]


class VoiceProvider(SmsProvider):
    opening = "This is Tocsin. Severity 1. Incident 123. checkout 5xx 23%."

    def arrived(self) -> list[str]:
        return [call.said for call in self.twilio.calls]


class FixedClock(Clock):
    def now(self) -> datetime:
        return datetime(2026, 11, 3, 3, 12, 9, tzinfo=UTC)


type Providers = Callable[..., AbstractAsyncContextManager[Provider]]


@pytest.fixture(params=["memory", "smtp", "slack", "ntfy", "webhook", "sms", "voice"])
def providers(
    request: pytest.FixtureRequest,
    smtp_server: SmtpServer,
    fake_slack: FakeSlack,
    fake_ntfy: FakeNtfy,
    fake_webhook: FakeWebhook,
    fake_twilio: FakeTwilio,
) -> Providers:
    """Opens a provider; with `is_there=False`, one that cannot be reached."""

    @asynccontextmanager
    async def provider(*, is_there: bool = True) -> AsyncIterator[Provider]:
        match request.param:
            case "memory":
                yield MemoryProvider(is_there=is_there)
            case "smtp":
                settings = SmtpSettings(
                    host="127.0.0.1",
                    port=smtp_server.port if is_there else free_port(),
                    sender="tocsin@example.org",
                    domain="tocsin.example.org",
                    tls=Tls.NONE,
                    timeout_seconds=0.5,
                )
                async with SmtpNotifier(settings, FixedClock()) as smtp:
                    yield MailProvider(smtp, smtp_server)
            case "ntfy":
                port = fake_ntfy.port if is_there else free_port()
                async with loopback_session(port) as session:
                    ntfy_settings = NtfySettings(
                        base_url=f"http://127.0.0.1:{port}", token=fake_ntfy.token, timeout_seconds=0.5
                    )
                    yield NtfyProvider(NtfyNotifier(ntfy_settings, session), fake_ntfy)
            case "sms" | "voice" as kind:
                port = fake_twilio.port if is_there else free_port()
                async with loopback_session(port) as session:
                    twilio_settings = TwilioSettings(
                        account_sid=fake_twilio.account_sid,
                        auth_token=fake_twilio.auth_token,
                        sender=fake_twilio.number,
                        base_url=f"http://127.0.0.1:{port}",
                        timeout_seconds=0.5,
                    )
                    if kind == "sms":
                        yield SmsProvider(SmsNotifier(twilio_settings, session), fake_twilio)
                    else:
                        yield VoiceProvider(VoiceNotifier(twilio_settings, session), fake_twilio)
            case "webhook":
                port = fake_webhook.port if is_there else free_port()
                async with loopback_session(port) as session:
                    secrets = OneSecret(fake_webhook.secret)
                    notifier = WebhookNotifier(session, secrets, FixedClock(), SomeSecrets(), timeout_seconds=0.5)
                    yield WebhookProvider(notifier, fake_webhook, f"http://127.0.0.1:{port}/pages")
            case _:
                port = fake_slack.port if is_there else free_port()
                guard = OutgoingGuard(allowed_private=networks(("127.0.0.0/8",)), ports=frozenset({port}))
                async with guarded_session(guard) as session:
                    base_url = f"http://127.0.0.1:{port}/api/"
                    slack_settings = SlackSettings(token=fake_slack.token, base_url=base_url, timeout_seconds=0.5)
                    yield SlackProvider(SlackNotifier(slack_settings, session), fake_slack)

    return provider


@pytest.fixture
async def provider(providers: Providers) -> AsyncIterator[Provider]:
    async with providers() as opened:
        yield opened


def to(provider: Provider, **changes: Any) -> Message:
    return a_message(**{"address": provider.address, **changes})


async def test_a_delivered_message_arrives_once_and_has_a_receipt(provider: Provider) -> None:
    delivery = await provider.notifier.send(to(provider))
    assert delivery.outcome is Outcome.DELIVERED
    assert delivery.receipt
    assert all(delivery.receipt.values())
    [text] = provider.arrived()
    assert text.startswith(provider.opening)


async def test_a_notice_arrives_once_and_has_a_receipt(provider: Provider) -> None:
    delivery = await provider.notifier.send_notice(a_notice(address=provider.address))
    assert delivery.outcome is Outcome.DELIVERED
    assert all(delivery.receipt.values())
    [text] = provider.arrived()
    assert "You are on call for shop" in text


async def test_a_hostile_notice_is_delivered(provider: Provider) -> None:
    notice = a_notice(address=provider.address, title=HOSTILE_TITLE, text=HOSTILE_TITLE * 50, url="javascript:alert(1)")
    assert (await provider.notifier.send_notice(notice)).outcome is Outcome.DELIVERED
    assert len(provider.arrived()) == 1


async def test_a_notice_that_will_never_be_taken_is_rejected(provider: Provider) -> None:
    provider.refuse_for_good()
    delivery = await provider.notifier.send_notice(a_notice(address=provider.address))
    assert (delivery.outcome, provider.arrived()) == (Outcome.REJECTED, [])


async def test_two_messages_have_two_receipts(provider: Provider) -> None:
    first = await provider.notifier.send(to(provider))
    second = await provider.notifier.send(to(provider, attempt=2))
    assert first.receipt != second.receipt
    assert len(provider.arrived()) == 2


async def test_what_will_never_be_taken_is_rejected(provider: Provider) -> None:
    provider.refuse_for_good()
    delivery = await provider.notifier.send(to(provider))
    assert (delivery.outcome, provider.arrived()) == (Outcome.REJECTED, [])
    assert delivery.detail


async def test_what_was_surely_not_taken_may_be_retried(provider: Provider) -> None:
    provider.refuse_for_now()
    delivery = await provider.notifier.send(to(provider))
    assert (delivery.outcome, provider.arrived()) == (Outcome.RETRY, [])
    assert delivery.detail


async def test_a_provider_that_cannot_be_reached_is_retried(providers: Providers) -> None:
    async with providers(is_there=False) as provider:
        delivery = await provider.notifier.send(to(provider))
        assert (delivery.outcome, provider.arrived()) == (Outcome.RETRY, [])
        assert delivery.detail


async def test_no_answer_after_the_message_is_unknown(provider: Provider) -> None:
    provider.take_and_stay_silent()
    delivery = await provider.notifier.send(to(provider))
    assert delivery.outcome is Outcome.UNKNOWN
    assert delivery.detail
    assert delivery.receipt == {}


@pytest.mark.parametrize("fault", ["refuse_for_good", "refuse_for_now", "take_and_stay_silent"])
async def test_after_a_fault_the_next_message_arrives(provider: Provider, fault: str) -> None:
    getattr(provider, fault)()
    await provider.notifier.send(to(provider))
    before = len(provider.arrived())
    assert (await provider.notifier.send(to(provider, attempt=2))).outcome is Outcome.DELIVERED
    assert len(provider.arrived()) == before + 1


@pytest.mark.parametrize("status", ["triggered", "acknowledged", "resolved"])
async def test_hostile_text_is_delivered(provider: Provider, status: str) -> None:
    message = to(
        provider,
        title=HOSTILE_TITLE * 50,
        service=HOSTILE_TITLE,
        status=status,
        status_by=HOSTILE_TITLE,
        runbook_url=HOSTILE_TITLE,
        incident_url="https://[",
        acknowledge_url="javascript:alert(1)",
    )
    assert (await provider.notifier.send(message)).outcome is Outcome.DELIVERED
    assert len(provider.arrived()) == 1


async def test_an_update_takes_the_receipt_of_what_it_updates(provider: Provider) -> None:
    first = await provider.notifier.send(to(provider))
    update = to(provider, status="resolved", version=5, status_by="Mira", update_of=first.receipt)
    delivery = await provider.notifier.send(update)
    assert delivery.outcome is Outcome.DELIVERED
    assert delivery.receipt
