from collections.abc import AsyncIterator

from dishka import Provider, Scope, alias, provide

from adapters.outbound.postgres.absences import PostgresAbsenceRepository
from adapters.outbound.postgres.alert_requests import PostgresAlertRequests
from adapters.outbound.postgres.alerts import PostgresAlertRepository
from adapters.outbound.postgres.audit import PostgresAuditLog
from adapters.outbound.postgres.calendar_feeds import PostgresCalendarFeedRepository
from adapters.outbound.postgres.calendar_imports import PostgresCalendarImportRepository
from adapters.outbound.postgres.clock import DatabaseClock
from adapters.outbound.postgres.contact_proofs import PostgresContactProofs
from adapters.outbound.postgres.contact_secrets import PostgresContactSecrets
from adapters.outbound.postgres.covers import PostgresCoverRepository
from adapters.outbound.postgres.credentials import PostgresCredentialRepository
from adapters.outbound.postgres.dependencies import PostgresDependencyRepository
from adapters.outbound.postgres.destination_proofs import PostgresDestinationProofs
from adapters.outbound.postgres.destinations import PostgresDestinationRepository, PostgresDestinationSecrets
from adapters.outbound.postgres.directory import PostgresDirectory
from adapters.outbound.postgres.escalations import (
    KeptPolicies,
    PostgresPolicyVersions,
    PostgresRunRepository,
    PostgresStepTurns,
)
from adapters.outbound.postgres.event_deliveries import PostgresEventDeliveries
from adapters.outbound.postgres.event_log import PostgresEventLog
from adapters.outbound.postgres.fall_backs import PostgresFallBackRepository
from adapters.outbound.postgres.heartbeats import PostgresHeartbeatRepository
from adapters.outbound.postgres.inbox import PostgresInbox
from adapters.outbound.postgres.incidents import PostgresIncidentRepository
from adapters.outbound.postgres.inhibitions import PostgresInhibitionRepository, PostgresInhibitionSources
from adapters.outbound.postgres.intake import PostgresIntakeStore
from adapters.outbound.postgres.integrations import PostgresIntegrationRepository
from adapters.outbound.postgres.kept_bodies import PostgresKeptBodies
from adapters.outbound.postgres.listener import PostgresListener
from adapters.outbound.postgres.mailbox import PostgresMailbox
from adapters.outbound.postgres.maintenance import PostgresMaintenanceRepository
from adapters.outbound.postgres.notifications import PostgresNotificationRepository
from adapters.outbound.postgres.on_call_reader import PostgresOnCallReader
from adapters.outbound.postgres.policies import PostgresPolicyRepository
from adapters.outbound.postgres.quiet_watches import PostgresQuietWatchRepository
from adapters.outbound.postgres.readers import (
    PostgresAuditReader,
    PostgresDeadLetterReader,
    PostgresIncidentReader,
    PostgresMailboxReader,
)
from adapters.outbound.postgres.received import PostgresReceivedReader
from adapters.outbound.postgres.references import PostgresReferences
from adapters.outbound.postgres.routings import PostgresRoutingRepository, PostgresRulebookSource
from adapters.outbound.postgres.schedule_history import PostgresScheduleHistory
from adapters.outbound.postgres.schedules import PostgresScheduleRepository
from adapters.outbound.postgres.services import PostgresServiceRepository
from adapters.outbound.postgres.session import Pool, PostgresSession, close_pool, create_pool
from adapters.outbound.postgres.shift_wishes import PostgresShiftWishesRepository
from adapters.outbound.postgres.silences import PostgresSilenceRepository
from adapters.outbound.postgres.stored_events import PostgresStoredEventReader
from adapters.outbound.postgres.subscriptions import PostgresSubscriptionRepository
from adapters.outbound.postgres.teams import PostgresTeamRepository
from adapters.outbound.postgres.texted_pages import PostgresTextedPages
from adapters.outbound.postgres.users import PostgresUserRepository
from adapters.outbound.postgres.verifications import PostgresVerificationRepository
from application.ports.absences import AbsenceRepository
from application.ports.alert_requests import AlertRequests
from application.ports.alerts import AlertRepository
from application.ports.audit import AuditLog
from application.ports.calendar_feeds import CalendarFeedRepository
from application.ports.calendar_imports import CalendarImportRepository
from application.ports.clock import Clock
from application.ports.contact_proofs import ContactProofs
from application.ports.contact_secrets import ContactSecrets
from application.ports.covers import CoverRepository
from application.ports.credentials import CredentialRepository
from application.ports.dependencies import DependencyRepository
from application.ports.destination_proofs import DestinationProofs
from application.ports.destinations import DestinationRepository, DestinationSecrets
from application.ports.directory import Directory
from application.ports.escalations import PolicyVersions, RunRepository, StepTurns
from application.ports.event_deliveries import EventDeliveries
from application.ports.event_log import EventLog
from application.ports.fall_backs import FallBackRepository
from application.ports.heartbeats import HeartbeatRepository
from application.ports.inbox import Inbox
from application.ports.incidents import IncidentRepository
from application.ports.inhibitions import InhibitionRepository, InhibitionSources
from application.ports.intake import IntakeStore
from application.ports.integrations import IntegrationRepository
from application.ports.kept_bodies import KeptBodies
from application.ports.mailbox import Mailbox
from application.ports.maintenance import MaintenanceRepository
from application.ports.notifications import NotificationRepository
from application.ports.on_call_reader import OnCallReader
from application.ports.policies import PolicyRepository
from application.ports.quiet_watches import QuietWatchRepository
from application.ports.readers import AuditReader, DeadLetterReader, IncidentReader, MailboxReader
from application.ports.received import ReceivedReader
from application.ports.references import References
from application.ports.routings import RoutingRepository, RulebookSource
from application.ports.schedule_history import ScheduleHistory
from application.ports.schedules import ScheduleRepository
from application.ports.services import ServiceRepository
from application.ports.shift_wishes import ShiftWishesRepository
from application.ports.silences import SilenceRepository
from application.ports.stored_events import StoredEventReader
from application.ports.subscriptions import SubscriptionRepository
from application.ports.teams import TeamRepository
from application.ports.texted_pages import TextedPages
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from application.ports.verifications import VerificationRepository
from entrypoints.settings import Settings


class PostgresStorageProvider(Provider):
    """The repositories of one request, all over its one session."""

    scope = Scope.REQUEST

    session = provide(PostgresSession)
    transaction = alias(source=PostgresSession, provides=Transaction)
    absences = provide(PostgresAbsenceRepository, provides=AbsenceRepository)
    alerts = provide(PostgresAlertRepository, provides=AlertRepository)
    audit_log = provide(PostgresAuditLog, provides=AuditLog)
    texted_pages = provide(PostgresTextedPages, provides=TextedPages)
    contact_secrets = provide(PostgresContactSecrets, provides=ContactSecrets)
    contact_proofs = provide(PostgresContactProofs, provides=ContactProofs)
    calendar_imports = provide(PostgresCalendarImportRepository, provides=CalendarImportRepository)
    calendar_feeds = provide(PostgresCalendarFeedRepository, provides=CalendarFeedRepository)
    covers = provide(PostgresCoverRepository, provides=CoverRepository)
    credentials = provide(PostgresCredentialRepository, provides=CredentialRepository)
    destinations = provide(PostgresDestinationRepository, provides=DestinationRepository)
    destination_secrets = provide(PostgresDestinationSecrets, provides=DestinationSecrets)
    destination_proofs = provide(PostgresDestinationProofs, provides=DestinationProofs)
    directory = provide(PostgresDirectory, provides=Directory)
    kept_policies = provide(KeptPolicies, scope=Scope.APP)
    policy_versions = provide(PostgresPolicyVersions, provides=PolicyVersions)
    runs = provide(PostgresRunRepository, provides=RunRepository)
    step_turns = provide(PostgresStepTurns, provides=StepTurns)
    fall_backs = provide(PostgresFallBackRepository, provides=FallBackRepository)
    event_deliveries = provide(PostgresEventDeliveries, provides=EventDeliveries)
    event_log = provide(PostgresEventLog, provides=EventLog)
    inbox = provide(PostgresInbox, provides=Inbox)
    incidents = provide(PostgresIncidentRepository, provides=IncidentRepository)
    intake = provide(PostgresIntakeStore, provides=IntakeStore)
    integrations = provide(PostgresIntegrationRepository, provides=IntegrationRepository)
    mailbox = provide(PostgresMailbox, provides=Mailbox)
    dependencies = provide(PostgresDependencyRepository, provides=DependencyRepository)
    inhibitions = provide(PostgresInhibitionRepository, provides=InhibitionRepository)
    inhibition_sources = provide(PostgresInhibitionSources, provides=InhibitionSources)
    maintenance = provide(PostgresMaintenanceRepository, provides=MaintenanceRepository)
    notifications = provide(PostgresNotificationRepository, provides=NotificationRepository)
    policies = provide(PostgresPolicyRepository, provides=PolicyRepository)
    heartbeats = provide(PostgresHeartbeatRepository, provides=HeartbeatRepository)
    alert_requests = provide(PostgresAlertRequests, provides=AlertRequests)
    incident_reader = provide(PostgresIncidentReader, provides=IncidentReader)
    dead_letter_reader = provide(PostgresDeadLetterReader, provides=DeadLetterReader)
    audit_reader = provide(PostgresAuditReader, provides=AuditReader)
    mailbox_reader = provide(PostgresMailboxReader, provides=MailboxReader)
    on_call_reader = provide(PostgresOnCallReader, provides=OnCallReader)
    quiet_watches = provide(PostgresQuietWatchRepository, provides=QuietWatchRepository)
    received = provide(PostgresReceivedReader, provides=ReceivedReader)
    kept_bodies = provide(PostgresKeptBodies, provides=KeptBodies)
    references = provide(PostgresReferences, provides=References)
    routings = provide(PostgresRoutingRepository, provides=RoutingRepository)
    rulebook_source = provide(PostgresRulebookSource, provides=RulebookSource)
    schedule_history = provide(PostgresScheduleHistory, provides=ScheduleHistory)
    schedules = provide(PostgresScheduleRepository, provides=ScheduleRepository)
    services = provide(PostgresServiceRepository, provides=ServiceRepository)
    shift_wishes = provide(PostgresShiftWishesRepository, provides=ShiftWishesRepository)
    silences = provide(PostgresSilenceRepository, provides=SilenceRepository)
    stored_events = provide(PostgresStoredEventReader, provides=StoredEventReader)
    subscriptions = provide(PostgresSubscriptionRepository, provides=SubscriptionRepository)
    teams = provide(PostgresTeamRepository, provides=TeamRepository)
    users = provide(PostgresUserRepository, provides=UserRepository)
    verifications = provide(PostgresVerificationRepository, provides=VerificationRepository)


class PostgresProvider(Provider):
    """One pool for the process, one connection that listens, and the database's clock."""

    scope = Scope.APP

    @provide
    async def pool(self, settings: Settings) -> AsyncIterator[Pool]:
        pool = await create_pool(settings.database_url, most=settings.database_pool)
        yield pool
        await close_pool(pool)

    @provide
    async def database_clock(self, pool: Pool) -> DatabaseClock:
        clock = DatabaseClock(pool)
        await clock.synchronize()
        return clock

    clock = alias(source=DatabaseClock, provides=Clock)

    @provide
    async def listener(self, settings: Settings) -> AsyncIterator[PostgresListener]:
        async with PostgresListener(settings.database_url) as listener:
            yield listener
