"""What the HTTP server needs besides use cases: who is asking, cursors, the live stream and the doors for events."""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from dishka import AsyncContainer, Provider, Scope, from_context, provide
from litestar import Request
from prometheus_client import CollectorRegistry

from adapters import tracing
from adapters.inbound.http.attempts import AttemptLimiter
from adapters.inbound.http.auth import actor_of
from adapters.inbound.http.event_hub import EventHub
from adapters.inbound.http.incident_acts import PerformAct
from adapters.inbound.http.pagination import Cursors
from adapters.inbound.http.slack import SlackSigning
from adapters.inbound.http.snippets import PublicUrl
from adapters.inbound.http.twilio import TwilioSigning
from adapters.inbound.http.verdicts import VerdictCollector
from adapters.inbound.intake.allowances import Allowances
from adapters.inbound.intake.group_commit import GroupCommit
from adapters.inbound.intake.metrics import IntakeMetrics
from adapters.inbound.intake.targets import BRIEFLY_SECONDS, REMEMBERED_SECONDS, LookUpMany, SharedLookUps, Targets
from adapters.outbound.memory.rate_limiter import MemoryRateLimiter
from adapters.outbound.postgres.event_log import PostgresEventLog, Topic
from adapters.outbound.postgres.intake import PostgresIntakeStore
from adapters.outbound.postgres.listener import PostgresListener
from adapters.outbound.postgres.session import Pool, PostgresSession
from adapters.outbound.redis.rate_limiter import RedisRateLimiter, connect
from application.alert.ingest import IngestEvents
from application.alert.routed import ReceivedEvent
from application.alert.tally import VerdictTally
from application.identity.authenticate import Authenticate
from application.ports.clock import Clock
from application.ports.intake import IntakeTarget
from application.ports.rate_limiter import RateLimiter
from application.ports.wakeup import Wakeup
from application.routing.rules import RulebookCache
from domain.identity.actor import Actor
from domain.service.integration import IntakeLimits
from entrypoints.settings import Settings
from entrypoints.wired import wired

# Without any hint; nothing rests on it, since each answer has its own end.
_FORGET_INTERVAL: Final = timedelta(hours=1)


class ActorProvider(Provider):
    request = from_context(Request, scope=Scope.REQUEST)

    @provide(scope=Scope.REQUEST)
    async def actor(self, request: Request, authenticate: Authenticate) -> Actor:  # type: ignore[type-arg]  # the key of the context
        return await actor_of(request, authenticate)


class HttpProvider(Provider):
    scope = Scope.APP

    @provide
    async def rate_limiter(self, settings: Settings, clock: Clock) -> AsyncIterator[RateLimiter]:
        """Shared by all processes where there is a Redis; without one each counts for itself."""
        alone = MemoryRateLimiter(clock)
        if not settings.redis_url:
            yield alone
            return
        redis = connect(settings.redis_url)
        yield RedisRateLimiter(redis, alone)
        await redis.aclose()

    attempts = provide(AttemptLimiter)
    perform_act = provide(PerformAct, scope=Scope.REQUEST)

    @provide
    def allowances(self, settings: Settings, limiter: RateLimiter, limits: IntakeLimits) -> Allowances:
        return Allowances(limiter, limits, in_blocks=bool(settings.redis_url))

    @provide
    def cursors(self, settings: Settings) -> Cursors:
        return Cursors(hashlib.sha256(b"cursors:" + settings.secret_key.encode()).digest())

    @provide
    def public_url(self, settings: Settings) -> PublicUrl:
        return PublicUrl(settings.base_url)

    @provide
    def slack_signing(self, settings: Settings) -> SlackSigning:
        return SlackSigning(
            tuple(secret.strip() for secret in settings.slack_signing_secrets.split(",") if secret.strip())
        )

    @provide
    def twilio_signing(self, settings: Settings) -> TwilioSigning:
        tokens = (settings.twilio_auth_token,) if settings.twilio_account_sid else ()
        return TwilioSigning(settings.base_url, tokens)

    @provide
    def event_hub(self, pool: Pool, listener: PostgresListener) -> EventHub:
        return EventHub(PostgresEventLog(PostgresSession(pool)), listener.subscribe())

    @provide
    def registry(self, tally: VerdictTally) -> CollectorRegistry:
        registry = CollectorRegistry()
        registry.register(VerdictCollector(tally))
        return registry

    intake_metrics = provide(IntakeMetrics)


def group_commit(container: AsyncContainer) -> GroupCommit:
    ingest_events = wired(container, IngestEvents)

    async def ingest(batch: Sequence[ReceivedEvent]) -> None:
        traces = [each.trace for each in batch]
        with tracing.span("ingest events", traces, attributes={"tocsin.events": len(batch)}):
            await ingest_events(batch)

    return GroupCommit(ingest)


async def key_look_up(container: AsyncContainer) -> LookUpMany:
    intake = PostgresIntakeStore(PostgresSession(await container.get(Pool)))
    clock = await container.get(Clock)

    async def look_up(key_hashes: Sequence[bytes]) -> Mapping[bytes, IntakeTarget]:
        return await intake.targets_of(key_hashes, at=clock.now())

    return look_up


async def intake_targets(container: AsyncContainer, *, outlive_storage: bool = False) -> Targets:
    """Remembers for as long as hints come; see `forget_when_hinted`."""
    listener = await container.get(PostgresListener)
    return Targets(
        SharedLookUps(await key_look_up(container)),
        lambda: REMEMBERED_SECONDS if listener.is_listening else BRIEFLY_SECONDS,
        outlive_storage=outlive_storage,
    )


async def forget_when_hinted(targets: Targets, rules: RulebookCache, listener: PostgresListener) -> None:
    """Runs until it is cancelled."""
    hint: Wakeup = listener.subscribe(Topic.CONFIGURATION)
    while True:
        await hint.wait(most=_FORGET_INTERVAL)
        targets.forget()
        rules.forget()
