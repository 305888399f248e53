"""Every use case, made anew for each request, message or tick, with whatever adapters the other providers chose."""

from dishka import Provider, Scope, provide_all

from application.alert.consume import ConsumeMessages
from application.alert.ingest import IngestEvents
from application.alert.record_change import RecordChange
from application.alert.set_aside import SetAside
from application.audit.list import ListAuditEntries
from application.audit.record import RecordAudit
from application.dead_letter.list import ListDeadLetters
from application.escalation.advance import AdvanceEscalations
from application.escalation.create_policy import CreatePolicy
from application.escalation.get_policy import GetPolicy
from application.escalation.list_policies import ListPolicies
from application.escalation.stop import StopEscalations
from application.escalation.update_policy import UpdatePolicy
from application.escalation.watch import CountStalled
from application.identity.authenticate import Authenticate
from application.identity.change_password import ChangePassword
from application.identity.confirm_contact import ConfirmContact
from application.identity.create_api_key import CreateApiKey
from application.identity.create_first_admin import CreateFirstAdmin
from application.identity.create_team import CreateTeam
from application.identity.create_user import CreateUser
from application.identity.finish_setup import FinishSetup
from application.identity.get_reachability import GetReachability
from application.identity.get_team import GetTeam
from application.identity.get_user import GetUser
from application.identity.issue_setup_link import IssueSetupLink
from application.identity.list_api_keys import ListApiKeys
from application.identity.list_teams import ListTeams
from application.identity.list_users import ListUsers
from application.identity.log_in import LogIn
from application.identity.log_out import LogOut
from application.identity.recognize import RecognizeLink, RecognizeSlackMember
from application.identity.refresh_session import RefreshSession
from application.identity.request_verification import RequestContactVerification
from application.identity.revoke_api_key import RevokeApiKey
from application.identity.rotate_contact_secret import RotateContactSecret
from application.identity.set_reachability import SetReachability
from application.identity.setup_link import MakeSetupLink
from application.identity.tokens import BeginSession
from application.identity.update_team import UpdateTeam
from application.identity.update_user import UpdateUser
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.alerts import ListAlerts
from application.incident.annotate import AnnotateIncident
from application.incident.changes import ListChanges
from application.incident.deliveries import ListDeliveries
from application.incident.find import FindIncident
from application.incident.get import GetIncident
from application.incident.list import ListIncidents
from application.incident.resolve import ResolveIncident
from application.incident.timeline import ReadTimeline
from application.incident.trigger import TriggerIncident
from application.mailbox.list import ListMailbox
from application.notification.deliver import DeliverNotification
from application.notification.lease import LeaseNotifications
from application.notification.send import SendNotification
from application.notification.settle import SettleNotifications
from application.oncall.add_override import AddOverride
from application.oncall.create_schedule import CreateSchedule
from application.oncall.get_schedule import GetSchedule
from application.oncall.list_schedules import ListSchedules
from application.oncall.remove_override import RemoveOverride
from application.oncall.schedule_gaps import ScheduleGaps
from application.oncall.schedule_on_call import ScheduleOnCall
from application.oncall.schedule_shifts import ScheduleShifts
from application.oncall.service_on_call import ServiceOnCall
from application.oncall.update_schedule import UpdateSchedule
from application.oncall.who_is_on_call import WhoIsOnCall
from application.service.create_integration import CreateIntegration
from application.service.create_service import CreateService
from application.service.get_integration import GetIntegration
from application.service.get_service import GetService
from application.service.list_integrations import ListIntegrations
from application.service.list_services import ListServices
from application.service.rotate_integration_key import RotateIntegrationKey
from application.service.update_integration import UpdateIntegration
from application.service.update_service import UpdateService


class UseCaseProvider(Provider):
    scope = Scope.REQUEST

    intake = provide_all(ConsumeMessages, IngestEvents, RecordChange, SetAside)
    incidents = provide_all(
        AcknowledgeIncident,
        AnnotateIncident,
        FindIncident,
        GetIncident,
        ListAlerts,
        ListChanges,
        ListDeliveries,
        ListIncidents,
        ReadTimeline,
        ResolveIncident,
        TriggerIncident,
    )
    escalation = provide_all(
        AdvanceEscalations, CountStalled, CreatePolicy, GetPolicy, ListPolicies, StopEscalations, UpdatePolicy
    )
    notification = provide_all(DeliverNotification, LeaseNotifications, SendNotification, SettleNotifications)
    oncall = provide_all(
        AddOverride,
        CreateSchedule,
        GetSchedule,
        ListSchedules,
        RemoveOverride,
        ScheduleGaps,
        ScheduleOnCall,
        ScheduleShifts,
        ServiceOnCall,
        UpdateSchedule,
        WhoIsOnCall,
    )
    services = provide_all(
        CreateIntegration,
        CreateService,
        GetIntegration,
        GetService,
        ListIntegrations,
        ListServices,
        RotateIntegrationKey,
        UpdateIntegration,
        UpdateService,
    )
    identity = provide_all(
        Authenticate,
        BeginSession,
        ChangePassword,
        ConfirmContact,
        CreateApiKey,
        CreateFirstAdmin,
        CreateTeam,
        CreateUser,
        FinishSetup,
        GetReachability,
        GetTeam,
        GetUser,
        IssueSetupLink,
        ListApiKeys,
        ListTeams,
        ListUsers,
        LogIn,
        LogOut,
        MakeSetupLink,
        RecognizeLink,
        RecognizeSlackMember,
        RefreshSession,
        RequestContactVerification,
        RevokeApiKey,
        RotateContactSecret,
        SetReachability,
        UpdateTeam,
        UpdateUser,
    )
    audit = provide_all(ListAuditEntries, ListDeadLetters, ListMailbox, RecordAudit)
