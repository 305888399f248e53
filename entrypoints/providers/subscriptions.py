"""The ways to subscriptions, and which addresses they may lead to."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Final

from dishka import Provider, Scope, provide

from adapters.outbound.http.guard import OutgoingGuard
from adapters.outbound.http.outgoing_addresses import GuardedAddresses
from adapters.outbound.http.session import guarded_session
from adapters.outbound.sqs.event_sender import AwsClients, SnsEventSender, SqsEventSender
from adapters.outbound.webhook.event_sender import TIMEOUT_SECONDS, WebhookEventSender
from application.ports.clock import Clock
from application.ports.event_sender import EventSender, EventSenders
from application.ports.outgoing_addresses import OutgoingAddresses
from domain.subscription.subscription import SubscriptionKind
from entrypoints.providers.notifiers import guard_for
from entrypoints.settings import Settings, SettingsError

CONNECT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class SendersByKind(EventSenders):
    by_kind: Mapping[SubscriptionKind, EventSender]

    def of(self, kind: SubscriptionKind) -> EventSender:
        return self.by_kind[kind]


class SubscriptionProvider(Provider):
    scope = Scope.APP

    @provide
    def outgoing_addresses(self, settings: Settings) -> OutgoingAddresses:
        guard = outgoing_guard(settings)
        arns = tuple(part.strip() for part in settings.subscription_arns.split(",") if part.strip())
        return GuardedAddresses(guard=guard, plain=replace(guard, allows_public=False), arns=arns)

    @provide
    async def senders(self, settings: Settings, clock: Clock) -> AsyncIterator[EventSenders]:
        guard = outgoing_guard(settings)
        async with AsyncExitStack() as stack:
            secure, plain = [
                await stack.enter_async_context(
                    guarded_session(each, total_seconds=TIMEOUT_SECONDS + 1, connect_seconds=CONNECT_SECONDS)
                )
                for each in (guard, replace(guard, allows_public=False))
            ]
            clients = await stack.enter_async_context(AwsClients(settings.sqs_endpoint_url or None))
            yield SendersByKind(
                {
                    SubscriptionKind.WEBHOOK: WebhookEventSender(secure, plain, clock),
                    SubscriptionKind.SQS: SqsEventSender(clients),
                    SubscriptionKind.SNS: SnsEventSender(clients),
                }
            )


def outgoing_guard(settings: Settings) -> OutgoingGuard:
    """Raises `SettingsError` for ports that are none."""
    try:
        ports = frozenset(int(part) for part in settings.outgoing_ports.split(",") if part.strip())
    except ValueError:
        raise SettingsError("TOCSIN_OUTGOING_PORTS must be port numbers, by commas, such as 443,8443") from None
    return replace(guard_for(settings, "https://"), ports=ports)
