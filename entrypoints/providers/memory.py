from dishka import Provider, Scope, alias, provide

from adapters.outbound.memory.absences import MemoryAbsenceRepository
from adapters.outbound.memory.alert_requests import MemoryAlertRequests
from adapters.outbound.memory.alerts import MemoryAlertRepository
from adapters.outbound.memory.audit import MemoryAuditLog
from adapters.outbound.memory.calendar_feeds import MemoryCalendarFeedRepository
from adapters.outbound.memory.calendar_imports import MemoryCalendarImportRepository
from adapters.outbound.memory.contact_proofs import MemoryContactProofs
from adapters.outbound.memory.contact_secrets import MemoryContactSecrets
from adapters.outbound.memory.covers import MemoryCoverRepository
from adapters.outbound.memory.credentials import MemoryCredentialRepository
from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.dependencies import MemoryDependencyRepository
from adapters.outbound.memory.destination_proofs import MemoryDestinationProofs
from adapters.outbound.memory.destinations import MemoryDestinationRepository, MemoryDestinationSecrets
from adapters.outbound.memory.directory import MemoryDirectory
from adapters.outbound.memory.escalations import MemoryPolicyVersions, MemoryRunRepository, MemoryStepTurns
from adapters.outbound.memory.event_deliveries import MemoryEventDeliveries
from adapters.outbound.memory.event_log import MemoryEventLog
from adapters.outbound.memory.fall_backs import MemoryFallBackRepository
from adapters.outbound.memory.heartbeats import MemoryHeartbeatRepository
from adapters.outbound.memory.inbox import MemoryInbox
from adapters.outbound.memory.incidents import MemoryIncidentRepository
from adapters.outbound.memory.inhibitions import MemoryInhibitionRepository, MemoryInhibitionSources
from adapters.outbound.memory.intake import MemoryIntakeStore
from adapters.outbound.memory.integrations import MemoryIntegrationRepository
from adapters.outbound.memory.kept_bodies import MemoryKeptBodies
from adapters.outbound.memory.mailbox import MemoryMailbox
from adapters.outbound.memory.maintenance import MemoryMaintenanceRepository
from adapters.outbound.memory.notifications import MemoryNotificationRepository
from adapters.outbound.memory.on_call_reader import MemoryOnCallReader
from adapters.outbound.memory.policies import MemoryPolicyRepository
from adapters.outbound.memory.quiet_watches import MemoryQuietWatchRepository
from adapters.outbound.memory.readers import (
    MemoryAuditReader,
    MemoryDeadLetterReader,
    MemoryIncidentReader,
    MemoryMailboxReader,
)
from adapters.outbound.memory.received import MemoryReceivedReader
from adapters.outbound.memory.references import MemoryReferences
from adapters.outbound.memory.routings import MemoryRoutingRepository, MemoryRulebookSource
from adapters.outbound.memory.schedule_history import MemoryScheduleHistory
from adapters.outbound.memory.schedules import MemoryScheduleRepository
from adapters.outbound.memory.services import MemoryServiceRepository
from adapters.outbound.memory.shift_wishes import MemoryShiftWishesRepository
from adapters.outbound.memory.silences import MemorySilenceRepository
from adapters.outbound.memory.stored_events import MemoryStoredEventReader
from adapters.outbound.memory.subscriptions import MemorySubscriptionRepository
from adapters.outbound.memory.teams import MemoryTeamRepository
from adapters.outbound.memory.texted_pages import MemoryTextedPages
from adapters.outbound.memory.users import MemoryUserRepository
from adapters.outbound.memory.verifications import MemoryVerificationRepository
from application.ports.absences import AbsenceRepository
from application.ports.alert_requests import AlertRequests
from application.ports.alerts import AlertRepository
from application.ports.audit import AuditLog
from application.ports.calendar_feeds import CalendarFeedRepository
from application.ports.calendar_imports import CalendarImportRepository
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


class MemoryStorageProvider(Provider):
    """The same ports in dictionaries, which last as long as the provider."""

    scope = Scope.REQUEST

    @provide(scope=Scope.APP)
    def database(self) -> MemoryDatabase:
        return MemoryDatabase()

    session = provide(MemorySession)
    transaction = alias(source=MemorySession, provides=Transaction)
    absences = provide(MemoryAbsenceRepository, provides=AbsenceRepository)
    alerts = provide(MemoryAlertRepository, provides=AlertRepository)
    audit_log = provide(MemoryAuditLog, provides=AuditLog)
    texted_pages = provide(MemoryTextedPages, provides=TextedPages)
    contact_secrets = provide(MemoryContactSecrets, provides=ContactSecrets)
    contact_proofs = provide(MemoryContactProofs, provides=ContactProofs)
    calendar_imports = provide(MemoryCalendarImportRepository, provides=CalendarImportRepository)
    calendar_feeds = provide(MemoryCalendarFeedRepository, provides=CalendarFeedRepository)
    covers = provide(MemoryCoverRepository, provides=CoverRepository)
    credentials = provide(MemoryCredentialRepository, provides=CredentialRepository)
    destinations = provide(MemoryDestinationRepository, provides=DestinationRepository)
    destination_secrets = provide(MemoryDestinationSecrets, provides=DestinationSecrets)
    destination_proofs = provide(MemoryDestinationProofs, provides=DestinationProofs)
    directory = provide(MemoryDirectory, provides=Directory)
    policy_versions = provide(MemoryPolicyVersions, provides=PolicyVersions)
    runs = provide(MemoryRunRepository, provides=RunRepository)
    step_turns = provide(MemoryStepTurns, provides=StepTurns)
    fall_backs = provide(MemoryFallBackRepository, provides=FallBackRepository)
    event_deliveries = provide(MemoryEventDeliveries, provides=EventDeliveries)
    event_log = provide(MemoryEventLog, provides=EventLog)
    inbox = provide(MemoryInbox, provides=Inbox)
    incidents = provide(MemoryIncidentRepository, provides=IncidentRepository)
    intake = provide(MemoryIntakeStore, provides=IntakeStore)
    integrations = provide(MemoryIntegrationRepository, provides=IntegrationRepository)
    mailbox = provide(MemoryMailbox, provides=Mailbox)
    dependencies = provide(MemoryDependencyRepository, provides=DependencyRepository)
    inhibitions = provide(MemoryInhibitionRepository, provides=InhibitionRepository)
    inhibition_sources = provide(MemoryInhibitionSources, provides=InhibitionSources)
    maintenance = provide(MemoryMaintenanceRepository, provides=MaintenanceRepository)
    notifications = provide(MemoryNotificationRepository, provides=NotificationRepository)
    policies = provide(MemoryPolicyRepository, provides=PolicyRepository)
    heartbeats = provide(MemoryHeartbeatRepository, provides=HeartbeatRepository)
    alert_requests = provide(MemoryAlertRequests, provides=AlertRequests)
    incident_reader = provide(MemoryIncidentReader, provides=IncidentReader)
    dead_letter_reader = provide(MemoryDeadLetterReader, provides=DeadLetterReader)
    audit_reader = provide(MemoryAuditReader, provides=AuditReader)
    mailbox_reader = provide(MemoryMailboxReader, provides=MailboxReader)
    on_call_reader = provide(MemoryOnCallReader, provides=OnCallReader)
    quiet_watches = provide(MemoryQuietWatchRepository, provides=QuietWatchRepository)
    received = provide(MemoryReceivedReader, provides=ReceivedReader)
    kept_bodies = provide(MemoryKeptBodies, provides=KeptBodies)
    references = provide(MemoryReferences, provides=References)
    routings = provide(MemoryRoutingRepository, provides=RoutingRepository)
    rulebook_source = provide(MemoryRulebookSource, provides=RulebookSource)
    schedule_history = provide(MemoryScheduleHistory, provides=ScheduleHistory)
    schedules = provide(MemoryScheduleRepository, provides=ScheduleRepository)
    services = provide(MemoryServiceRepository, provides=ServiceRepository)
    shift_wishes = provide(MemoryShiftWishesRepository, provides=ShiftWishesRepository)
    silences = provide(MemorySilenceRepository, provides=SilenceRepository)
    stored_events = provide(MemoryStoredEventReader, provides=StoredEventReader)
    subscriptions = provide(MemorySubscriptionRepository, provides=SubscriptionRepository)
    teams = provide(MemoryTeamRepository, provides=TeamRepository)
    users = provide(MemoryUserRepository, provides=UserRepository)
    verifications = provide(MemoryVerificationRepository, provides=VerificationRepository)
