"""Who is wired to what. Each entrypoint makes one container and closes it."""

from dishka import AsyncContainer, Provider, Scope, from_context, make_async_container, provide

from application.alert.room import OpenAlertRoom
from domain.notification.throttle import ThrottleLimit
from domain.service.integration import IntakeLimits
from entrypoints.providers.http import ActorProvider, HttpProvider
from entrypoints.providers.notifiers import NotifierProvider
from entrypoints.providers.postgres import PostgresProvider, PostgresStorageProvider
from entrypoints.providers.subscriptions import SubscriptionProvider
from entrypoints.providers.system import SecurityProvider, SystemProvider
from entrypoints.providers.use_cases import UseCaseProvider
from entrypoints.providers.watch import WatchProvider
from entrypoints.settings import Settings


class SettingsProvider(Provider):
    settings = from_context(Settings, scope=Scope.APP)
    room = provide(OpenAlertRoom, scope=Scope.APP)

    @provide(scope=Scope.APP)
    def intake_limits(self, settings: Settings) -> IntakeLimits:
        return IntakeLimits(
            events_per_minute=settings.intake_events_per_minute,
            event_burst=settings.intake_event_burst,
            open_alerts=settings.intake_open_alerts,
        )

    @provide(scope=Scope.APP)
    def throttle_limit(self, settings: Settings) -> ThrottleLimit:
        return ThrottleLimit(settings.contact_messages_per_minute)


def production_container(settings: Settings, *overrides: Provider) -> AsyncContainer:
    """Over PostgreSQL, with whichever channels are set up."""
    return make_async_container(
        SettingsProvider(),
        SystemProvider(),
        SecurityProvider(),
        PostgresProvider(),
        PostgresStorageProvider(),
        NotifierProvider(),
        SubscriptionProvider(),
        WatchProvider(),
        UseCaseProvider(),
        HttpProvider(),
        ActorProvider(),
        *overrides,
        context={Settings: settings},
    )
