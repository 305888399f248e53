"""The API over the in-memory storage, with a manual clock and somebody of every role."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from dishka import AsyncContainer, Provider, Scope, alias, make_async_container, provide
from dishka.integrations.litestar import LitestarProvider
from litestar import Litestar, Request
from litestar.testing import AsyncTestClient
from litestar.types import ControllerRouterHandler
from prometheus_client import CollectorRegistry

from adapters.inbound.http.app import CONFIGURATION, IDENTITY, create_app
from adapters.inbound.http.attempts import AttemptLimiter
from adapters.inbound.http.auth import actor_of
from adapters.inbound.http.pagination import Cursors
from adapters.inbound.http.snippets import PublicUrl
from adapters.outbound.memory.database import MemoryDatabase
from adapters.outbound.memory.holidays import MemoryHolidayCalendar
from adapters.outbound.memory.outgoing_addresses import MemoryAddresses
from adapters.outbound.memory.rate_limiter import MemoryRateLimiter
from adapters.outbound.memory.verifications import MemoryVerificationSender
from adapters.outbound.security.link_tokens import SealedLinkTokens
from adapters.outbound.security.links import SecretLinks
from adapters.outbound.security.passwords import ArgonPasswordHasher
from adapters.outbound.security.secrets import HmacRefreshTokens, RandomSecretFactory
from adapters.outbound.security.tokens import JwtTokenIssuer
from adapters.outbound.security.vault import SealedVault
from adapters.outbound.system.clock import ManualClock
from adapters.outbound.system.ids import UuidFactory
from adapters.outbound.system.offload import ThreadOffload
from adapters.outbound.system.randomness import SeededRandomness
from application.alert.room import OpenAlertRoom
from application.identity.authenticate import Authenticate, PrincipalCache
from application.ports.clock import Clock
from application.ports.holidays import HolidayCalendar
from application.ports.ids import IdFactory
from application.ports.links import Links
from application.ports.offload import Offload
from application.ports.outgoing_addresses import OutgoingAddresses
from application.ports.passwords import PasswordHasher
from application.ports.randomness import Randomness
from application.ports.rate_limiter import RateLimiter
from application.ports.tokens import LinkTokens, RefreshTokens, SecretFactory, TokenIssuer
from application.ports.vault import Vault
from application.ports.verifications import VerificationSender
from domain.identity.actor import Actor
from domain.identity.credential import ApiKey, secret_hash
from domain.identity.role import PERMITTED, Role
from domain.identity.team import Team
from domain.identity.user import User
from domain.notification.contact import Contact
from domain.service.integration import IntakeLimits
from domain.shared.ids import ApiKeyId, TeamId, UserId
from entrypoints.providers.memory import MemoryStorageProvider
from entrypoints.providers.system import RulesProvider
from entrypoints.providers.use_cases import UseCaseProvider

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECRET = b"no secret of anybody, long enough"

PEOPLE = {role: UserId(UUID(int=number)) for number, role in enumerate(Role, start=1)}
TEAM = TeamId(UUID(int=100))  # the manager is its only member
OTHER_TEAM = TeamId(UUID(int=101))


class _Surroundings(Provider):
    scope = Scope.APP

    attempts = provide(AttemptLimiter)
    outgoing_addresses = provide(MemoryAddresses)
    any_outgoing_addresses = alias(source=MemoryAddresses, provides=OutgoingAddresses)
    holidays = provide(MemoryHolidayCalendar, provides=HolidayCalendar)
    rate_limiter = provide(MemoryRateLimiter, provides=RateLimiter)
    ids = provide(UuidFactory, provides=IdFactory)
    secrets = provide(RandomSecretFactory, provides=SecretFactory)

    @provide
    def sender(self) -> MemoryVerificationSender:
        return MemoryVerificationSender()

    @provide
    def verification_sender(self, sender: MemoryVerificationSender) -> VerificationSender:
        return sender

    @provide
    def link_tokens(self) -> LinkTokens:
        return SealedLinkTokens(SECRET)

    @provide
    def links(self, tokens: LinkTokens) -> Links:
        return SecretLinks("https://tocsin.example", tokens)

    @provide
    def principals(self) -> PrincipalCache:
        return PrincipalCache()

    @provide
    def database(self) -> MemoryDatabase:
        return MemoryDatabase()

    @provide
    def clock(self) -> ManualClock:
        return ManualClock(START)

    @provide
    def time(self, clock: ManualClock) -> Clock:
        return clock

    @provide(scope=Scope.REQUEST)
    async def actor(self, request: Request, authenticate: Authenticate) -> Actor:  # type: ignore[type-arg]  # the container's key
        return await actor_of(request, authenticate)

    @provide
    def cursors(self) -> Cursors:
        return Cursors(SECRET)

    @provide
    def room(self) -> OpenAlertRoom:
        return OpenAlertRoom()

    @provide
    def limits(self) -> IntakeLimits:
        return IntakeLimits(events_per_minute=120_000, event_burst=20_000, open_alerts=10_000)

    @provide
    def offload(self) -> Offload:
        return ThreadOffload()

    @provide
    def public_url(self) -> PublicUrl:
        return PublicUrl("https://tocsin.example")

    @provide
    def randomness(self) -> Randomness:
        return SeededRandomness(1)

    @provide
    def passwords(self) -> PasswordHasher:
        return ArgonPasswordHasher(memory_kib=8, rounds=1)  # cheap, since nobody attacks a test

    @provide
    def tokens(self, ids: IdFactory) -> TokenIssuer:
        return JwtTokenIssuer(SECRET, ids)

    @provide
    def vault(self, randomness: Randomness) -> Vault:
        return SealedVault(SECRET, randomness)

    @provide
    def refresh_tokens(self, randomness: Randomness) -> RefreshTokens:
        return HmacRefreshTokens(SECRET, randomness)


@dataclass(slots=True)
class World:
    app: Litestar
    client: AsyncTestClient[Litestar]
    database: MemoryDatabase
    clock: ManualClock
    registry: CollectorRegistry
    codes: list[tuple[Contact, str]]  # that were sent to contacts
    amiss: list[str]  # what the readiness check finds

    async def ask(
        self, method: str, path: str, *, by: Role | None = Role.ADMIN, match: str | None = None, **request: Any
    ) -> httpx.Response:
        """An answer to somebody of that role, or to nobody."""
        headers = dict(request.pop("headers", {}))
        if by is not None:
            headers.setdefault("Authorization", f"Bearer {token_of(by)}")
        if match is not None:
            headers["If-Match"] = match
        return await self.client.request(method, path, headers=headers, **request)


def token_of(role: Role) -> str:
    return f"tsk_{role}"


@asynccontextmanager
async def world(*more: ControllerRouterHandler, providers: Sequence[Provider] = ()) -> AsyncIterator[World]:
    """The controllers of configuration and identity, and `more`."""
    container = _container(providers)
    registry = CollectorRegistry()
    amiss: list[str] = []

    async def is_ready() -> Sequence[str]:
        return amiss

    app = create_app(
        container=container,
        route_handlers=[*CONFIGURATION, *IDENTITY, *more],
        ids=UuidFactory(),
        registry=registry,
        is_ready=is_ready,
        version="1.2.3",
    )
    database = await container.get(MemoryDatabase)
    _populate(database)
    try:
        async with AsyncTestClient(app, raise_server_exceptions=False) as client:
            sender = await container.get(MemoryVerificationSender)
            yield World(app, client, database, await container.get(ManualClock), registry, sender.sent, amiss)
    finally:
        await container.close()


def _container(providers: Sequence[Provider]) -> AsyncContainer:
    return make_async_container(
        MemoryStorageProvider(),
        _Surroundings(),
        UseCaseProvider(),
        RulesProvider(),
        LitestarProvider(),
        *providers,
        skip_validation=True,  # use cases of other doors want what is not here
    )


def _populate(database: MemoryDatabase) -> None:
    for role, user_id in PEOPLE.items():
        name = role.capitalize()
        database.users[user_id] = User(id=user_id, email=f"{role}@example.org", name=name, role=role, version=1)
        key_id = ApiKeyId(UUID(int=user_id.int + 10))
        database.api_keys[key_id] = ApiKey(
            id=key_id,
            user_id=user_id,
            name=name,
            secret_hash=secret_hash(token_of(role)),
            scopes=PERMITTED[role],
            created_at=START,
            expires_at=None,
        )
    database.teams[TEAM] = Team(id=TEAM, name="Shop", member_ids=(PEOPLE[Role.MANAGER],), version=1)
    database.teams[OTHER_TEAM] = Team(id=OTHER_TEAM, name="Warehouse", version=1)
