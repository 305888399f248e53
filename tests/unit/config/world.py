"""The real use cases over the memory adapters, with a clock that stands still until it is moved."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from adapters.outbound.memory.audit import MemoryAuditLog
from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.directory import MemoryDirectory
from adapters.outbound.memory.fall_backs import MemoryFallBackRepository
from adapters.outbound.memory.integrations import MemoryIntegrationRepository
from adapters.outbound.memory.policies import MemoryPolicyRepository
from adapters.outbound.memory.references import MemoryReferences
from adapters.outbound.memory.schedule_history import MemoryScheduleHistory
from adapters.outbound.memory.schedules import MemoryScheduleRepository
from adapters.outbound.memory.services import MemoryServiceRepository
from adapters.outbound.memory.teams import MemoryTeamRepository
from adapters.outbound.security.vault import SealedVault
from adapters.outbound.system.offload import InlineOffload
from adapters.outbound.system.randomness import SeededRandomness
from application.audit.record import RecordAudit
from application.escalation.create_policy import CreatePolicy
from application.escalation.prove import ProvePolicy
from application.escalation.require_proof import RequireProof
from application.escalation.update_policy import UpdatePolicy
from application.oncall.add_override import AddOverride
from application.oncall.add_shadow import AddShadow
from application.oncall.add_temporary import AddTemporarySchedule
from application.oncall.create_schedule import CreateSchedule
from application.oncall.preview_schedule import PreviewSchedule
from application.oncall.remove_override import RemoveOverride
from application.oncall.remove_shadow import RemoveShadow
from application.oncall.remove_temporary import RemoveTemporarySchedule
from application.oncall.service_on_call import ServiceOnCall
from application.oncall.update_schedule import UpdateSchedule
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.service.create_integration import CreateIntegration
from application.service.create_service import CreateService
from application.service.rotate_integration_key import RotateIntegrationKey
from application.service.set_signing_secret import SetSigningSecret
from application.service.update_integration import UpdateIntegration
from application.service.update_service import UpdateService
from domain.audit.entry import AuditEntry
from domain.escalation.policy import EscalationPolicy, Step, Target, TargetKind
from domain.identity.actor import Actor
from domain.identity.role import Role
from domain.identity.team import Team
from domain.identity.user import User
from domain.oncall.schedule import Schedule
from domain.service.service import Service
from domain.shared.ids import TeamId, UserId
from tests.support.identity import SECRET
from tests.support.oncall import ANN, BOB, CYD, DEE, EVE, a_layer, utc

CORE, EDGE, NO_TEAM = TeamId(UUID(int=200)), TeamId(UUID(int=201)), TeamId(UUID(int=299))
NOBODY = UserId(UUID(int=77))
ADMIN = Actor(user_id=ANN, role=Role.ADMIN)
CORE_MANAGER = Actor(user_id=BOB, role=Role.MANAGER, team_ids=frozenset({CORE}))
RESPONDER = Actor(user_id=CYD, role=Role.RESPONDER, team_ids=frozenset({CORE}))
NOON = utc("2026-11-23 12:00")  # a Monday
FIVE_MINUTES = timedelta(minutes=5)


@dataclass
class ManualClock(Clock):
    at: datetime = NOON

    def now(self) -> datetime:
        return self.at


@dataclass
class CountingIds(IdFactory):
    last: int = 1000

    def new(self) -> UUID:
        self.last += 1
        return UUID(int=self.last)


def a_user(user_id: UserId, *, is_active: bool = True) -> User:
    return User(
        id=user_id,
        email=f"user-{user_id.int}@example.test",
        name=f"User {user_id.int}",
        role=Role.RESPONDER,
        is_active=is_active,
    )


@dataclass
class World:
    database: MemoryDatabase = field(
        default_factory=lambda: MemoryDatabase(
            users={user_id: a_user(user_id) for user_id in (ANN, BOB, CYD, DEE, EVE)},
            teams={
                CORE: Team(id=CORE, name="Core", member_ids=(CYD, BOB)),
                EDGE: Team(id=EDGE, name="Edge"),
            },
        )
    )
    clock: ManualClock = field(default_factory=ManualClock)

    def __post_init__(self) -> None:
        self.transaction = session = MemorySession(self.database)
        ids, randomness = CountingIds(), SeededRandomness(1)
        record = RecordAudit(MemoryAuditLog(session), ids)
        references, clock = MemoryReferences(session), self.clock
        self.services = services = MemoryServiceRepository(session)
        self.integrations = integrations = MemoryIntegrationRepository(session)
        self.fall_backs = fall_backs = MemoryFallBackRepository(session)
        self.policies = policies = MemoryPolicyRepository(session)
        self.schedules = schedules = MemoryScheduleRepository(session)
        self.history = history = MemoryScheduleHistory(session)
        self.create_service = CreateService(services, references, record, session, ids, clock)
        self.update_service = UpdateService(services, integrations, references, record, session, clock)
        self.create_integration = CreateIntegration(integrations, services, randomness, record, session, ids, clock)
        self.update_integration = UpdateIntegration(integrations, record, session, clock)
        self.rotate = RotateIntegrationKey(integrations, randomness, record, session, clock)
        prove = ProvePolicy(history, MemoryDirectory(session), fall_backs, references, InlineOffload(), clock)
        proof = RequireProof(MemoryTeamRepository(session), prove)
        self.create_policy = CreatePolicy(policies, references, fall_backs, proof, record, session, ids, clock)
        self.update_policy = UpdatePolicy(policies, references, fall_backs, proof, record, session, clock)
        self.vault = SealedVault(SECRET, randomness)
        self.set_signing_secret = SetSigningSecret(integrations, self.vault, record, session, clock)
        self.create_schedule = CreateSchedule(schedules, references, record, session, ids, clock)
        self.update_schedule = UpdateSchedule(schedules, history, references, record, session, clock)
        self.add_override = AddOverride(schedules, references, record, session, ids, clock)
        self.remove_override = RemoveOverride(schedules, record, session, clock)
        self.add_temporary = AddTemporarySchedule(schedules, references, record, session, ids, clock)
        self.remove_temporary = RemoveTemporarySchedule(schedules, record, session, clock)
        self.add_shadow = AddShadow(schedules, references, record, session, ids, clock)
        self.remove_shadow = RemoveShadow(schedules, record, session, clock)
        self.preview_schedule = PreviewSchedule(schedules, history, references, clock)
        self.service_on_call = ServiceOnCall(services, policies, history, MemoryDirectory(session), clock)

    @property
    def audit(self) -> tuple[AuditEntry, ...]:
        return self.database.audit

    async def a_policy(self, *targets: Target, team_id: TeamId = CORE, name: str = "Policy") -> EscalationPolicy:
        saved = await self.create_policy(team_id=team_id, name=name, steps=(a_step(*targets),), actor=ADMIN)
        return saved.policy

    async def a_service(self, *, team_id: TeamId = CORE, name: str = "Payments") -> Service:
        policy = await self.a_policy(to_user(ANN), name=f"{name} policy")
        return await self.create_service(team_id=team_id, policy_id=policy.id, name=name, actor=ADMIN)

    async def a_schedule(self, *, team_id: TeamId = CORE, name: str = "Daily") -> Schedule:
        """ANN and BOB by turns, a day each from 09:00 in Berlin (08:00 UTC in winter); on `NOON` it is ANN."""
        layer = a_layer(ANN, BOB, starts="2026-11-23 09:00")
        return await self.create_schedule(
            team_id=team_id, name=name, time_zone="Europe/Berlin", layers=(layer,), actor=ADMIN
        )


def a_step(*targets: Target) -> Step:
    return Step(targets=targets or (to_user(ANN),), delay=FIVE_MINUTES)


def to_user(user_id: UserId) -> Target:
    return Target(kind=TargetKind.USER, id=user_id)


def to_team(team_id: TeamId) -> Target:
    return Target(kind=TargetKind.TEAM, id=team_id)


def to_schedule(schedule: Schedule) -> Target:
    return Target(kind=TargetKind.SCHEDULE, id=schedule.id)
