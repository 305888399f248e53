"""Every use case, made anew for each request, message or tick, with whatever adapters the other providers chose."""

from dishka import Provider, Scope, provide_all

from application.alert.admit import AdmitAlerts
from application.alert.answer import AnswerAlerts
from application.alert.begin import BeginAlerts
from application.alert.clear import ClearAlerts
from application.alert.consume import ConsumeMessages
from application.alert.expire import ExpireAlerts
from application.alert.explain import ExplainEvent
from application.alert.find_ended_overflows import FindEndedOverflows
from application.alert.find_reported import FindReported
from application.alert.handle_request import HandleAlertRequest
from application.alert.ingest import IngestEvents
from application.alert.judge import JudgeEvents
from application.alert.mute_new import MuteNewAlerts
from application.alert.record_change import RecordChange
from application.alert.replay import ReplayBodies
from application.alert.set_aside import SetAside
from application.audit.list import ListAuditEntries
from application.audit.record import RecordAudit
from application.dead_letter.list import ListDeadLetters
from application.dependency.get import GetDependencies
from application.dependency.list_dependents import ListDependents
from application.dependency.set import SetDependencies
from application.dependency.upstream import EndSuffering, FindSuffering
from application.destination.create_destination import CreateDestination
from application.destination.delete_destination import DeleteDestination
from application.destination.find_refusing import FindRefusingDestinations
from application.destination.get_destination import GetDestination
from application.destination.list_destinations import ListDestinations
from application.destination.rotate_destination_secret import RotateDestinationSecret
from application.destination.update_destination import UpdateDestination
from application.escalation.advance import AdvanceEscalations
from application.escalation.beat import Beat
from application.escalation.create_policy import CreatePolicy
from application.escalation.delete_policy import DeletePolicy
from application.escalation.get_fall_back import GetFallBack
from application.escalation.get_policy import GetPolicy
from application.escalation.list_policies import ListPolicies
from application.escalation.move import MoveToNewestVersion
from application.escalation.prove import ProvePolicy
from application.escalation.require_proof import RequireProof
from application.escalation.resolve_unanswered import ResolveUnanswered
from application.escalation.responders import FindResponders
from application.escalation.set_fall_back import SetFallBack
from application.escalation.simulate import SimulatePaging
from application.escalation.start import StartEscalations
from application.escalation.stop import StopEscalations
from application.escalation.tell_stalled import TellStalled
from application.escalation.unreachable import FindUnreachable
from application.escalation.update_policy import UpdatePolicy
from application.escalation.watch import CountStalled
from application.heartbeat.advance import AdvanceHeartbeats
from application.heartbeat.create import CreateHeartbeat
from application.heartbeat.get import GetHeartbeat
from application.heartbeat.list import ListHeartbeats
from application.heartbeat.ping import PingHeartbeat
from application.heartbeat.remove import RemoveHeartbeat
from application.heartbeat.report import ReportHeartbeats
from application.heartbeat.update import UpdateHeartbeat
from application.identity.authenticate import Authenticate
from application.identity.change_password import ChangePassword
from application.identity.confirm_contact import ConfirmContact
from application.identity.create_api_key import CreateApiKey
from application.identity.create_first_admin import CreateFirstAdmin
from application.identity.create_team import CreateTeam
from application.identity.create_user import CreateUser
from application.identity.finish_setup import FinishSetup
from application.identity.get_reachability import GetReachability
from application.identity.get_shift_wishes import GetShiftWishes
from application.identity.get_team import GetTeam
from application.identity.get_user import GetUser
from application.identity.issue_setup_link import IssueSetupLink
from application.identity.list_api_keys import ListApiKeys
from application.identity.list_teams import ListTeams
from application.identity.list_users import ListUsers
from application.identity.log_in import LogIn
from application.identity.log_out import LogOut
from application.identity.recognize import (
    RecognizeDrillLink,
    RecognizeLink,
    RecognizeSlackMember,
    RecognizeTexter,
)
from application.identity.refresh_session import RefreshSession
from application.identity.request_verification import RequestContactVerification
from application.identity.revoke_api_key import RevokeApiKey
from application.identity.rotate_contact_secret import RotateContactSecret
from application.identity.set_reachability import SetReachability
from application.identity.set_shift_wishes import SetShiftWishes
from application.identity.setup_link import MakeSetupLink
from application.identity.team_readiness import TeamReadiness
from application.identity.tokens import BeginSession
from application.identity.update_team import UpdateTeam
from application.identity.update_user import UpdateUser
from application.incident.accept_request import AcceptRequest
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.act import ActOnIncident, ActOnIncidents
from application.incident.advance import AdvanceIncidents
from application.incident.alerts import ListAlerts
from application.incident.annotate import AnnotateIncident
from application.incident.ask_responders import AskResponders
from application.incident.change_severity import ChangeSeverity
from application.incident.changes import ListChanges
from application.incident.decide import DecideOnIncident
from application.incident.decline_request import DeclineRequest
from application.incident.deliveries import ListDeliveries
from application.incident.end import EndIncidents
from application.incident.escalate import EscalateIncident
from application.incident.explain import ExplainIncident
from application.incident.find import FindIncident
from application.incident.get import GetIncident
from application.incident.ledger import ReadLedger
from application.incident.list import ListIncidents
from application.incident.list_stalled import ListStalled
from application.incident.mutes import LookAtMutes
from application.incident.raise_urgency import RaiseUrgency
from application.incident.reassign import ReassignIncident
from application.incident.reopen import ReopenIncident
from application.incident.resolve import ResolveIncident
from application.incident.retitle import RetitleIncident
from application.incident.snooze import SnoozeIncident
from application.incident.take_over import TakeOverIncident
from application.incident.timeline import ReadTimeline
from application.incident.trigger import TriggerIncident
from application.incident.unacknowledge import UnacknowledgeIncident
from application.inhibition.create import CreateInhibition
from application.inhibition.get import GetInhibition
from application.inhibition.inhibited import EndInhibitions, FindInhibited
from application.inhibition.list import ListInhibitions
from application.inhibition.remove import RemoveInhibition
from application.mailbox.list import ListMailbox
from application.maintenance.create import CreateMaintenance
from application.maintenance.end import EndMaintenance
from application.maintenance.get import GetMaintenance
from application.maintenance.list import ListMaintenance
from application.notification.confirm_drill import ConfirmDrill, GetDrill
from application.notification.deliver import DeliverNotification
from application.notification.drill import Drill
from application.notification.drill_schedule import DrillSchedule
from application.notification.drill_user import DrillUser
from application.notification.drill_weekly import DrillWeekly
from application.notification.fall_back import FallBack
from application.notification.lease import LeaseNotifications
from application.notification.notify import Notify
from application.notification.page_people import PagePeople
from application.notification.send import SendNotification
from application.notification.settle import SettleNotifications
from application.notification.take_receipt import TakeReceipt
from application.notification.tell_of_destinations import TellOfDestinations
from application.notification.text_back import ConfirmTexts, StopTexts
from application.oncall.accept_cover import AcceptCover
from application.oncall.add_absence import AddAbsence
from application.oncall.add_override import AddOverride
from application.oncall.add_shadow import AddShadow
from application.oncall.add_temporary import AddTemporarySchedule
from application.oncall.create_calendar_feed import CreateCalendarFeed
from application.oncall.create_schedule import CreateSchedule
from application.oncall.decline_cover import DeclineCover
from application.oncall.expire_covers import ExpireCoverRequests
from application.oncall.find_uncovered import FindUncovered
from application.oncall.get_absence import GetAbsence
from application.oncall.get_calendar_import import GetCalendarImport
from application.oncall.get_cover import GetCover
from application.oncall.get_schedule import GetSchedule
from application.oncall.imported_schedule import ImportedSchedule
from application.oncall.list_absences import ListAbsences
from application.oncall.list_calendar_feeds import ListCalendarFeeds
from application.oncall.list_covers import ListCovers
from application.oncall.list_schedule_versions import ListScheduleVersions
from application.oncall.list_schedules import ListSchedules
from application.oncall.preview_schedule import PreviewSchedule
from application.oncall.propose_cover import ProposeCover
from application.oncall.read_calendar import ReadCalendar
from application.oncall.refresh_calendar_import import RefreshCalendarImport
from application.oncall.refresh_calendars import RefreshCalendars
from application.oncall.remove_absence import RemoveAbsence
from application.oncall.remove_calendar_import import RemoveCalendarImport
from application.oncall.remove_override import RemoveOverride
from application.oncall.remove_shadow import RemoveShadow
from application.oncall.remove_temporary import RemoveTemporarySchedule
from application.oncall.request_absence_cover import RequestAbsenceCover
from application.oncall.request_cover import RequestCover
from application.oncall.revoke_calendar_feed import RevokeCalendarFeed
from application.oncall.schedule_gaps import ScheduleGaps
from application.oncall.schedule_handoffs import ScheduleHandoffs
from application.oncall.schedule_load import ScheduleLoad
from application.oncall.schedule_on_call import ScheduleOnCall
from application.oncall.schedule_overlaps import ScheduleOverlaps
from application.oncall.schedule_quality import ScheduleQuality
from application.oncall.schedule_shifts import ScheduleShifts
from application.oncall.service_on_call import ServiceOnCall
from application.oncall.set_calendar_import import SetCalendarImport
from application.oncall.stand_in import StandIn
from application.oncall.take_back_cover import TakeBackCover
from application.oncall.tell_cover import TellCover
from application.oncall.tell_shifts import TellShifts
from application.oncall.told_times import FindReaders
from application.oncall.uncovered_absences import UncoveredAbsences
from application.oncall.update_schedule import UpdateSchedule
from application.oncall.who_is_on_call import WhoIsOnCall
from application.oncall.withdraw_cover import WithdrawCover
from application.routing.get_routing import GetRouting
from application.routing.list_routing_versions import ListRoutingVersions
from application.routing.rehearse import Rehearse, TryRouting, TrySilence
from application.routing.rules import CurrentRules
from application.routing.set_routing import SetRouting
from application.service.create_integration import CreateIntegration
from application.service.create_service import CreateService
from application.service.get_health import GetIntegrationHealth
from application.service.get_integration import GetIntegration
from application.service.get_service import GetService
from application.service.list_integrations import ListIntegrations
from application.service.list_services import ListServices
from application.service.read_received import ReadReceived
from application.service.rotate_integration_key import RotateIntegrationKey
from application.service.set_quiet_watch import SetQuietWatch
from application.service.set_signing_secret import SetSigningSecret
from application.service.update_integration import UpdateIntegration
from application.service.update_service import UpdateService
from application.service.watch_quiet import WatchQuietIntegrations
from application.silence.change import ChangeSilence
from application.silence.create import CreateSilence
from application.silence.get import GetSilence
from application.silence.list import ListSilences
from application.subscription.create_subscription import CreateSubscription
from application.subscription.delete_subscription import DeleteSubscription
from application.subscription.get_subscription import GetSubscription
from application.subscription.lease_events import LeaseEvents
from application.subscription.list_event_deliveries import ListEventDeliveries
from application.subscription.list_subscriptions import ListSubscriptions
from application.subscription.ping_subscription import PingSubscription
from application.subscription.relay_events import RelayEvents
from application.subscription.replay_event import ReplayEvent
from application.subscription.replay_events import ReplayEvents
from application.subscription.rotate_subscription_secret import RotateSubscriptionSecret
from application.subscription.send_events import SendEvents
from application.subscription.settle_events import SettleEvents
from application.subscription.switch_off_subscription import SwitchOffSubscription
from application.subscription.update_subscription import UpdateSubscription


class UseCaseProvider(Provider):
    scope = Scope.REQUEST

    intake = provide_all(
        AdmitAlerts,
        AnswerAlerts,
        BeginAlerts,
        ClearAlerts,
        ConsumeMessages,
        CurrentRules,
        ExpireAlerts,
        ExplainEvent,
        FindEndedOverflows,
        FindReported,
        HandleAlertRequest,
        IngestEvents,
        JudgeEvents,
        MuteNewAlerts,
        RecordChange,
        ReplayBodies,
        SetAside,
    )
    heartbeats = provide_all(
        AdvanceHeartbeats,
        CreateHeartbeat,
        GetHeartbeat,
        ListHeartbeats,
        PingHeartbeat,
        RemoveHeartbeat,
        ReportHeartbeats,
        UpdateHeartbeat,
    )
    incidents = provide_all(
        AcceptRequest,
        AcknowledgeIncident,
        ActOnIncident,
        ActOnIncidents,
        AdvanceIncidents,
        AnnotateIncident,
        AskResponders,
        ChangeSeverity,
        DecideOnIncident,
        DeclineRequest,
        EndIncidents,
        EscalateIncident,
        ExplainIncident,
        FindIncident,
        GetIncident,
        ListAlerts,
        ListChanges,
        ListDeliveries,
        ListIncidents,
        RaiseUrgency,
        ListStalled,
        ReadLedger,
        ReadTimeline,
        ReassignIncident,
        ReopenIncident,
        ResolveIncident,
        RetitleIncident,
        SnoozeIncident,
        TakeOverIncident,
        TriggerIncident,
        UnacknowledgeIncident,
    )
    escalation = provide_all(
        AdvanceEscalations,
        Beat,
        CountStalled,
        CreatePolicy,
        DeletePolicy,
        FindResponders,
        FindUnreachable,
        GetFallBack,
        GetPolicy,
        ListPolicies,
        MoveToNewestVersion,
        ProvePolicy,
        RequireProof,
        ResolveUnanswered,
        SetFallBack,
        SimulatePaging,
        StartEscalations,
        StopEscalations,
        TellStalled,
        UpdatePolicy,
    )
    notification = provide_all(
        ConfirmDrill,
        DeliverNotification,
        Drill,
        DrillSchedule,
        DrillUser,
        DrillWeekly,
        FallBack,
        GetDrill,
        LeaseNotifications,
        Notify,
        PagePeople,
        SendNotification,
        SettleNotifications,
        TakeReceipt,
        TellOfDestinations,
    )
    oncall = provide_all(
        AddOverride,
        AddShadow,
        AddTemporarySchedule,
        CreateSchedule,
        GetSchedule,
        ListScheduleVersions,
        ListSchedules,
        PreviewSchedule,
        RemoveOverride,
        RemoveShadow,
        RemoveTemporarySchedule,
        ScheduleGaps,
        ScheduleOnCall,
        ScheduleShifts,
        ServiceOnCall,
        UpdateSchedule,
        WhoIsOnCall,
    )
    calendar_imports = provide_all(
        GetCalendarImport,
        ImportedSchedule,
        RefreshCalendarImport,
        RefreshCalendars,
        RemoveCalendarImport,
        SetCalendarImport,
    )
    shift_notices = provide_all(FindReaders, TellCover, TellShifts)
    answers = provide_all(ScheduleHandoffs, ScheduleLoad, ScheduleOverlaps, ScheduleQuality)
    calendars = provide_all(CreateCalendarFeed, ListCalendarFeeds, ReadCalendar, RevokeCalendarFeed)
    covers = provide_all(
        AcceptCover,
        AddAbsence,
        DeclineCover,
        ExpireCoverRequests,
        FindUncovered,
        GetAbsence,
        GetCover,
        ListAbsences,
        ListCovers,
        ProposeCover,
        RemoveAbsence,
        RequestAbsenceCover,
        RequestCover,
        StandIn,
        TakeBackCover,
        UncoveredAbsences,
        WithdrawCover,
    )
    destinations = provide_all(
        CreateDestination,
        DeleteDestination,
        FindRefusingDestinations,
        GetDestination,
        ListDestinations,
        RotateDestinationSecret,
        UpdateDestination,
    )
    routing = provide_all(GetRouting, ListRoutingVersions, Rehearse, SetRouting, TryRouting, TrySilence)
    silences = provide_all(ChangeSilence, CreateSilence, GetSilence, ListSilences, LookAtMutes)
    dependencies = provide_all(EndSuffering, FindSuffering, GetDependencies, ListDependents, SetDependencies)
    inhibitions = provide_all(
        CreateInhibition, EndInhibitions, FindInhibited, GetInhibition, ListInhibitions, RemoveInhibition
    )
    maintenance = provide_all(CreateMaintenance, EndMaintenance, GetMaintenance, ListMaintenance)
    services = provide_all(
        CreateIntegration,
        CreateService,
        GetIntegration,
        GetIntegrationHealth,
        GetService,
        ListIntegrations,
        ReadReceived,
        ListServices,
        RotateIntegrationKey,
        SetSigningSecret,
        SetQuietWatch,
        UpdateIntegration,
        WatchQuietIntegrations,
        UpdateService,
    )
    subscriptions = provide_all(
        CreateSubscription,
        DeleteSubscription,
        GetSubscription,
        LeaseEvents,
        ListEventDeliveries,
        ListSubscriptions,
        PingSubscription,
        RelayEvents,
        ReplayEvent,
        ReplayEvents,
        RotateSubscriptionSecret,
        SendEvents,
        SettleEvents,
        SwitchOffSubscription,
        UpdateSubscription,
    )
    identity = provide_all(
        Authenticate,
        BeginSession,
        ChangePassword,
        ConfirmContact,
        ConfirmTexts,
        CreateApiKey,
        CreateFirstAdmin,
        CreateTeam,
        CreateUser,
        FinishSetup,
        GetReachability,
        GetShiftWishes,
        GetTeam,
        GetUser,
        IssueSetupLink,
        ListApiKeys,
        ListTeams,
        ListUsers,
        LogIn,
        LogOut,
        MakeSetupLink,
        RecognizeDrillLink,
        RecognizeLink,
        RecognizeSlackMember,
        RecognizeTexter,
        RefreshSession,
        RequestContactVerification,
        RevokeApiKey,
        RotateContactSecret,
        SetReachability,
        SetShiftWishes,
        StopTexts,
        TeamReadiness,
        UpdateTeam,
        UpdateUser,
    )
    audit = provide_all(ListAuditEntries, ListDeadLetters, ListMailbox, RecordAudit)
