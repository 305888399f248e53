"""The way to each channel: the real one where it is set up, the local mailbox where it is not."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import ClientSession
from dishka import Provider, Scope, provide

from adapters.outbound.email.notifier import SmtpNotifier, SmtpSettings, Tls
from adapters.outbound.http.guard import OutgoingGuard, networks
from adapters.outbound.http.session import guarded_session
from adapters.outbound.http.sns import HttpSnsEndpoint
from adapters.outbound.mailbox.notifier import MailboxNotifier
from adapters.outbound.ntfy.notifier import NtfyNotifier, NtfySettings
from adapters.outbound.slack.replies import SlackReplies
from adapters.outbound.twilio.notifier import SmsNotifier, TwilioSettings, VoiceNotifier
from adapters.outbound.verification.sender import NotifierVerificationSender
from adapters.outbound.webhook.notifier import WebhookNotifier
from application.ports.chat_replies import ChatReplies
from application.ports.clock import Clock
from application.ports.contact_secrets import ContactSecrets
from application.ports.destinations import DestinationSecrets
from application.ports.ids import IdFactory
from application.ports.mailbox import Mailbox
from application.ports.notifier import Notifier, Notifiers
from application.ports.sns import SnsEndpoint
from application.ports.verifications import VerificationSender
from domain.notification.contact import Channel
from entrypoints.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Providers:
    """The channels that are set up, once for the process: they keep connections."""

    by_channel: Mapping[Channel, Notifier]
    webhooks: ClientSession


@dataclass(frozen=True, slots=True)
class ChannelNotifiers(Notifiers):
    providers: Providers
    mailbox: Mailbox
    clock: Clock
    ids: IdFactory
    contact_secrets: ContactSecrets
    destination_secrets: DestinationSecrets

    def of(self, channel: Channel) -> Notifier:
        if channel is Channel.WEBHOOK:
            return WebhookNotifier(self.providers.webhooks, self.contact_secrets, self.clock, self.destination_secrets)
        return self.providers.by_channel.get(channel) or MailboxNotifier(channel, self.mailbox, self.clock, self.ids)


class NotifierProvider(Provider):
    notifiers = provide(ChannelNotifiers, provides=Notifiers, scope=Scope.REQUEST)
    verification_sender = provide(NotifierVerificationSender, provides=VerificationSender, scope=Scope.REQUEST)

    @provide(scope=Scope.APP)
    async def chat_replies(self) -> AsyncIterator[ChatReplies]:
        # Slack's own hosts alone, which the reader of a press has checked; none of them is private.
        async with guarded_session(OutgoingGuard(), total_seconds=3) as session:
            yield SlackReplies(session)

    @provide(scope=Scope.APP)
    async def sns(self, clock: Clock) -> AsyncIterator[SnsEndpoint]:
        # SNS's own hosts alone, which the reader of a message has checked; none of them is private.
        async with guarded_session(OutgoingGuard()) as session:
            yield HttpSnsEndpoint(session, clock)

    @provide(scope=Scope.APP)
    async def providers(self, settings: Settings, clock: Clock) -> AsyncIterator[Providers]:
        async with AsyncExitStack() as stack:
            by_channel: dict[Channel, Notifier] = {}
            if settings.smtp_host:
                by_channel[Channel.EMAIL] = await stack.enter_async_context(
                    SmtpNotifier(smtp_settings(settings), clock)
                )
            if settings.slack_token:
                # Only where it is used: Slack's client is 3 MB of every process.
                from adapters.outbound.slack.client import SlackSettings
                from adapters.outbound.slack.notifier import SlackNotifier

                session = await stack.enter_async_context(guarded_session(guard_for(settings, settings.slack_url)))
                by_channel[Channel.SLACK] = SlackNotifier(
                    SlackSettings(token=settings.slack_token, base_url=settings.slack_url), session
                )
            if settings.ntfy_url:
                session = await stack.enter_async_context(guarded_session(guard_for(settings, settings.ntfy_url)))
                by_channel[Channel.NTFY] = NtfyNotifier(
                    NtfySettings(base_url=settings.ntfy_url, token=settings.ntfy_token), session
                )
            if settings.twilio_account_sid:
                for channel, kind in ((Channel.SMS, SmsNotifier), (Channel.VOICE, VoiceNotifier)):
                    # One session each: texts that hang take no connection from calls.
                    session = await stack.enter_async_context(guarded_session(guard_for(settings, settings.twilio_url)))
                    by_channel[channel] = kind(twilio_settings(settings), session)
            webhooks = await stack.enter_async_context(guarded_session(guard_for(settings, "https://")))
            yield Providers(by_channel, webhooks)


def smtp_settings(settings: Settings) -> SmtpSettings:
    return SmtpSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_sender,
        domain=settings.smtp_sender.rpartition("@")[2],
        username=settings.smtp_username or None,
        password=settings.smtp_password or None,
        tls=Tls(settings.smtp_tls),
        connections=min(settings.channel_budget, 8),
    )


def twilio_settings(settings: Settings) -> TwilioSettings:
    """Raises `SettingsError`."""
    try:
        return TwilioSettings(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token,
            sender=settings.twilio_sender,
            takes_answers=settings.twilio_answers,
            receipts_url=f"{settings.base_url}/twilio/receipts" if settings.twilio_receipts else "",
            base_url=settings.twilio_url,
        )
    except ValueError as error:
        raise SettingsError(f"TOCSIN_TWILIO_{str(error)[0].upper()}{str(error)[1:]}") from None


def guard_for(settings: Settings, url: str) -> OutgoingGuard:
    """Raises `SettingsError` for networks that are none."""
    allowed = tuple(part.strip() for part in settings.outgoing_networks.split(",") if part.strip())
    try:
        private = networks(allowed)
    except ValueError as error:
        raise SettingsError(f"TOCSIN_OUTGOING_NETWORKS: {error}") from None
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return OutgoingGuard(allowed_private=private, ports=frozenset({443, port}))
