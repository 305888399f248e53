from dishka import Provider, Scope, provide

from adapters.inbound.http.body_reader import KeptBodyReader
from adapters.outbound.holidays.calendar import WorldHolidayCalendar
from adapters.outbound.re2.patterns import Re2Patterns
from adapters.outbound.security.link_tokens import SealedLinkTokens
from adapters.outbound.security.links import SecretLinks
from adapters.outbound.security.passwords import ArgonPasswordHasher
from adapters.outbound.security.secrets import HmacRefreshTokens, RandomSecretFactory
from adapters.outbound.security.tokens import JwtTokenIssuer
from adapters.outbound.security.vault import SealedVault
from adapters.outbound.system.ids import UuidFactory
from adapters.outbound.system.offload import ThreadOffload
from adapters.outbound.system.randomness import SystemRandomness
from application.alert.tally import VerdictTally
from application.identity.authenticate import PrincipalCache
from application.ports.holidays import HolidayCalendar
from application.ports.ids import IdFactory
from application.ports.kept_bodies import BodyReader
from application.ports.links import Links
from application.ports.offload import Offload
from application.ports.passwords import PasswordHasher
from application.ports.patterns import Patterns
from application.ports.randomness import Randomness
from application.ports.tokens import LinkTokens, RefreshTokens, SecretFactory, TokenIssuer
from application.ports.vault import Vault
from application.routing.rules import RulebookCache
from entrypoints.settings import Settings


class SystemProvider(Provider):
    scope = Scope.APP

    holidays = provide(WorldHolidayCalendar, provides=HolidayCalendar)
    ids = provide(UuidFactory, provides=IdFactory)
    randomness = provide(SystemRandomness, provides=Randomness)
    offload = provide(ThreadOffload, provides=Offload)


class RulesProvider(Provider):
    """The rules in the memory of this process, with the engine of their patterns, and what they have decided.

    And how a body that was kept is read once more.
    """

    scope = Scope.APP

    patterns = provide(Re2Patterns, provides=Patterns)
    body_reader = provide(KeptBodyReader, provides=BodyReader)

    @provide
    def tally(self) -> VerdictTally:
        return VerdictTally()

    @provide
    def rulebook(self) -> RulebookCache:
        return RulebookCache()


class SecurityProvider(Provider):
    """Passwords, tokens and links. Every key is derived from the one secret of the settings."""

    scope = Scope.APP

    secrets = provide(RandomSecretFactory, provides=SecretFactory)

    @provide
    def principals(self) -> PrincipalCache:
        return PrincipalCache()

    @provide
    def passwords(self) -> PasswordHasher:
        return ArgonPasswordHasher()

    @provide
    def tokens(self, settings: Settings, ids: IdFactory) -> TokenIssuer:
        return JwtTokenIssuer(settings.secret_key.encode(), ids, previous=settings.previous_secret)

    @provide
    def refresh_tokens(self, settings: Settings, randomness: Randomness) -> RefreshTokens:
        return HmacRefreshTokens(settings.secret_key.encode(), randomness, previous=settings.previous_secret)

    @provide
    def vault(self, settings: Settings, randomness: Randomness) -> Vault:
        return SealedVault(settings.secret_key.encode(), randomness, previous=settings.previous_secret)

    @provide
    def link_tokens(self, settings: Settings) -> LinkTokens:
        return SealedLinkTokens(settings.secret_key.encode(), previous=settings.previous_secret)

    @provide
    def links(self, settings: Settings, tokens: LinkTokens) -> Links:
        return SecretLinks(settings.base_url, tokens)
