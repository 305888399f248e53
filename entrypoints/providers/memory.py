from dishka import Provider, Scope, alias, provide

from adapters.outbound.memory.alerts import MemoryAlertRepository
from adapters.outbound.memory.audit import MemoryAuditLog
from adapters.outbound.memory.contact_secrets import MemoryContactSecrets
from adapters.outbound.memory.credentials import MemoryCredentialRepository
from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.directory import MemoryDirectory
from adapters.outbound.memory.escalations import MemoryPolicyVersions, MemoryRunRepository
from adapters.outbound.memory.event_log import MemoryEventLog
from adapters.outbound.memory.inbox import MemoryInbox
from adapters.outbound.memory.incidents import MemoryIncidentRepository
from adapters.outbound.memory.intake import MemoryIntakeStore
from adapters.outbound.memory.integrations import MemoryIntegrationRepository
from adapters.outbound.memory.mailbox import MemoryMailbox
from adapters.outbound.memory.notifications import MemoryNotificationRepository
from adapters.outbound.memory.policies import MemoryPolicyRepository
from adapters.outbound.memory.readers import (
    MemoryAuditReader,
    MemoryDeadLetterReader,
    MemoryIncidentReader,
    MemoryMailboxReader,
)
from adapters.outbound.memory.references import MemoryReferences
from adapters.outbound.memory.schedules import MemoryScheduleRepository
from adapters.outbound.memory.services import MemoryServiceRepository
from adapters.outbound.memory.teams import MemoryTeamRepository
from adapters.outbound.memory.users import MemoryUserRepository
from adapters.outbound.memory.verifications import MemoryVerificationRepository
from application.ports.alerts import AlertRepository
from application.ports.audit import AuditLog
from application.ports.contact_secrets import ContactSecrets
from application.ports.credentials import CredentialRepository
from application.ports.directory import Directory
from application.ports.escalations import PolicyVersions, RunRepository
from application.ports.event_log import EventLog
from application.ports.inbox import Inbox
from application.ports.incidents import IncidentRepository
from application.ports.intake import IntakeStore
from application.ports.integrations import IntegrationRepository
from application.ports.mailbox import Mailbox
from application.ports.notifications import NotificationRepository
from application.ports.policies import PolicyRepository
from application.ports.readers import AuditReader, DeadLetterReader, IncidentReader, MailboxReader
from application.ports.references import References
from application.ports.schedules import ScheduleRepository
from application.ports.services import ServiceRepository
from application.ports.teams import TeamRepository
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
    alerts = provide(MemoryAlertRepository, provides=AlertRepository)
    audit_log = provide(MemoryAuditLog, provides=AuditLog)
    contact_secrets = provide(MemoryContactSecrets, provides=ContactSecrets)
    credentials = provide(MemoryCredentialRepository, provides=CredentialRepository)
    directory = provide(MemoryDirectory, provides=Directory)
    policy_versions = provide(MemoryPolicyVersions, provides=PolicyVersions)
    runs = provide(MemoryRunRepository, provides=RunRepository)
    event_log = provide(MemoryEventLog, provides=EventLog)
    inbox = provide(MemoryInbox, provides=Inbox)
    incidents = provide(MemoryIncidentRepository, provides=IncidentRepository)
    intake = provide(MemoryIntakeStore, provides=IntakeStore)
    integrations = provide(MemoryIntegrationRepository, provides=IntegrationRepository)
    mailbox = provide(MemoryMailbox, provides=Mailbox)
    notifications = provide(MemoryNotificationRepository, provides=NotificationRepository)
    policies = provide(MemoryPolicyRepository, provides=PolicyRepository)
    incident_reader = provide(MemoryIncidentReader, provides=IncidentReader)
    dead_letter_reader = provide(MemoryDeadLetterReader, provides=DeadLetterReader)
    audit_reader = provide(MemoryAuditReader, provides=AuditReader)
    mailbox_reader = provide(MemoryMailboxReader, provides=MailboxReader)
    references = provide(MemoryReferences, provides=References)
    schedules = provide(MemoryScheduleRepository, provides=ScheduleRepository)
    services = provide(MemoryServiceRepository, provides=ServiceRepository)
    teams = provide(MemoryTeamRepository, provides=TeamRepository)
    users = provide(MemoryUserRepository, provides=UserRepository)
    verifications = provide(MemoryVerificationRepository, provides=VerificationRepository)
