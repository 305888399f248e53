"""Every use case of identity over any storage, with a clock that stands still and passwords that cost little."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from adapters.outbound.memory.audit import MemoryAuditLog
from adapters.outbound.memory.contact_secrets import MemoryContactSecrets
from adapters.outbound.memory.credentials import MemoryCredentialRepository
from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.holidays import MemoryHolidayCalendar
from adapters.outbound.memory.teams import MemoryTeamRepository
from adapters.outbound.memory.users import MemoryUserRepository
from adapters.outbound.memory.verifications import MemoryVerificationRepository, MemoryVerificationSender
from adapters.outbound.postgres.audit import PostgresAuditLog
from adapters.outbound.postgres.contact_secrets import PostgresContactSecrets
from adapters.outbound.postgres.credentials import PostgresCredentialRepository
from adapters.outbound.postgres.session import Pool, PostgresSession
from adapters.outbound.postgres.teams import PostgresTeamRepository
from adapters.outbound.postgres.users import PostgresUserRepository
from adapters.outbound.postgres.verifications import PostgresVerificationRepository
from adapters.outbound.security.link_tokens import SealedLinkTokens
from adapters.outbound.security.passwords import ArgonPasswordHasher
from adapters.outbound.security.secrets import HmacRefreshTokens, RandomSecretFactory
from adapters.outbound.security.tokens import JwtTokenIssuer
from adapters.outbound.security.vault import SealedVault
from adapters.outbound.system.clock import ManualClock
from adapters.outbound.system.ids import UuidFactory
from adapters.outbound.system.randomness import SeededRandomness, SystemRandomness
from application.audit.record import RecordAudit
from application.identity.authenticate import Authenticate, PrincipalCache
from application.identity.change_password import ChangePassword
from application.identity.confirm_contact import ConfirmContact
from application.identity.create_api_key import CreateApiKey
from application.identity.create_first_admin import CreateFirstAdmin
from application.identity.create_team import CreateTeam
from application.identity.create_user import CreateUser
from application.identity.finish_setup import FinishSetup
from application.identity.issue_setup_link import IssueSetupLink
from application.identity.list_api_keys import ListApiKeys
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
from application.ports.audit import AuditLog
from application.ports.contact_secrets import ContactSecrets
from application.ports.credentials import CredentialRepository
from application.ports.passwords import PasswordHasher
from application.ports.teams import TeamRepository
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from application.ports.verifications import VerificationRepository
from domain.identity.actor import Actor
from domain.identity.role import Role
from domain.identity.user import User
from domain.shared.ids import TeamId, UserId

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECRET = b"a secret of the server, 32 bytes or more"
NEXT_SECRET = b"the next secret of thirty-two bytes!"
PASSWORD = "correct horse battery staple"
VAULT = SealedVault(SECRET, SystemRandomness())
CHEAP = ArgonPasswordHasher(memory_kib=64, rounds=1)


@dataclass(frozen=True)
class Store:
    """One session's view of the storage."""

    transaction: Transaction
    users: UserRepository
    teams: TeamRepository
    contact_secrets: ContactSecrets
    verifications: VerificationRepository
    credentials: CredentialRepository
    audit: AuditLog


type NewStore = Callable[[], Store]


def over_memory(session: MemorySession) -> Store:
    return Store(
        transaction=session,
        users=MemoryUserRepository(session),
        teams=MemoryTeamRepository(session),
        contact_secrets=MemoryContactSecrets(session),
        verifications=MemoryVerificationRepository(session),
        credentials=MemoryCredentialRepository(session),
        audit=MemoryAuditLog(session),
    )


def over_postgres(pool: Pool) -> Store:
    session = PostgresSession(pool)
    return Store(
        transaction=session,
        users=PostgresUserRepository(session),
        teams=PostgresTeamRepository(session),
        contact_secrets=PostgresContactSecrets(session, VAULT),
        verifications=PostgresVerificationRepository(session),
        credentials=PostgresCredentialRepository(session),
        audit=PostgresAuditLog(session),
    )


def a_user(number: int = 1, *, role: Role = Role.RESPONDER, slack_user_id: str | None = None) -> User:
    return User(
        id=UserId(UUID(int=number)),
        email=f"user-{number}@example.test",
        name=f"User {number}",
        role=role,
        slack_user_id=slack_user_id,
    )


def actor_of(user: User, *team_ids: TeamId) -> Actor:
    return Actor(user_id=user.id, role=user.role, team_ids=frozenset(team_ids))


@dataclass
class IdentityWorld:
    """Each use case is made anew with a session of its own, as for one request."""

    new_store: NewStore
    passwords: PasswordHasher = CHEAP
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    cache: PrincipalCache = field(default_factory=PrincipalCache)

    def __post_init__(self) -> None:
        self.ids = UuidFactory()
        self.randomness = randomness = SeededRandomness(7)
        self.sender = MemoryVerificationSender()
        self.tokens = JwtTokenIssuer(SECRET, self.ids)
        self.link_tokens = SealedLinkTokens(SECRET)
        self.refresh_tokens = HmacRefreshTokens(SECRET, randomness)
        self.secrets = RandomSecretFactory(randomness)

    def wait(self, time: timedelta) -> None:
        self.clock.move_to(self.clock.now() + time)

    async def add(self, user: User, *, password: str | None = None) -> User:
        store = self.new_store()
        password_hash = None if password is None else await self.passwords.hash(password)
        async with store.transaction:
            return await store.users.save(
                User(
                    id=user.id,
                    email=user.email,
                    name=user.name,
                    role=user.role,
                    slack_user_id=user.slack_user_id,
                    password_hash=password_hash,
                )
            )

    def _record(self, store: Store) -> RecordAudit:
        return RecordAudit(store.audit, self.ids)

    def _begin(self, store: Store) -> BeginSession:
        return BeginSession(store.credentials, self.tokens, self.refresh_tokens, self.ids)

    def _make_link(self, store: Store) -> MakeSetupLink:
        return MakeSetupLink(store.credentials, self.secrets)

    @property
    def log_in(self) -> LogIn:
        s = self.new_store()
        return LogIn(s.users, self.passwords, self._begin(s), self._record(s), s.transaction, self.clock)

    @property
    def refresh_session(self) -> RefreshSession:
        s = self.new_store()
        return RefreshSession(
            s.users, s.credentials, self.tokens, self.refresh_tokens, self._record(s), s.transaction, self.clock
        )

    @property
    def log_out(self) -> LogOut:
        s = self.new_store()
        return LogOut(s.users, s.credentials, self.refresh_tokens, self._record(s), s.transaction, self.clock)

    @property
    def authenticate(self) -> Authenticate:
        return Authenticate(self.new_store().credentials, self.tokens, self.cache, self.clock)

    @property
    def recognize_slack_member(self) -> RecognizeSlackMember:
        s = self.new_store()
        return RecognizeSlackMember(s.users, s.teams)

    @property
    def recognize_link(self) -> RecognizeLink:
        s = self.new_store()
        return RecognizeLink(s.users, s.teams, self.link_tokens, self.clock)

    @property
    def create_user(self) -> CreateUser:
        s = self.new_store()
        return CreateUser(
            s.users, self._make_link(s), self._record(s), s.transaction, self.clock, self.ids, MemoryHolidayCalendar()
        )

    @property
    def update_user(self) -> UpdateUser:
        s = self.new_store()
        return UpdateUser(s.users, s.credentials, self._record(s), s.transaction, self.clock, MemoryHolidayCalendar())

    @property
    def set_reachability(self) -> SetReachability:
        s = self.new_store()
        return SetReachability(
            s.users, s.contact_secrets, self.secrets, self._record(s), s.transaction, self.clock, self.ids
        )

    @property
    def request_verification(self) -> RequestContactVerification:
        s = self.new_store()
        return RequestContactVerification(
            s.users, s.verifications, self.sender, self.randomness, self._record(s), s.transaction, self.clock
        )

    @property
    def confirm_contact(self) -> ConfirmContact:
        s = self.new_store()
        return ConfirmContact(s.users, s.verifications, self._record(s), s.transaction, self.clock)

    @property
    def rotate_contact_secret(self) -> RotateContactSecret:
        s = self.new_store()
        return RotateContactSecret(s.users, s.contact_secrets, self.secrets, self._record(s), s.transaction, self.clock)

    @property
    def change_password(self) -> ChangePassword:
        s = self.new_store()
        return ChangePassword(
            s.users, s.credentials, self.passwords, self._begin(s), self._record(s), s.transaction, self.clock
        )

    @property
    def create_first_admin(self) -> CreateFirstAdmin:
        s = self.new_store()
        return CreateFirstAdmin(
            s.users,
            self.passwords,
            self.secrets,
            self._make_link(s),
            self._record(s),
            s.transaction,
            self.clock,
            self.ids,
        )

    @property
    def issue_setup_link(self) -> IssueSetupLink:
        s = self.new_store()
        return IssueSetupLink(s.users, self._make_link(s), self._record(s), s.transaction, self.clock)

    @property
    def finish_setup(self) -> FinishSetup:
        s = self.new_store()
        return FinishSetup(
            s.users, s.credentials, self.passwords, self._begin(s), self._record(s), s.transaction, self.clock
        )

    @property
    def create_team(self) -> CreateTeam:
        s = self.new_store()
        return CreateTeam(s.teams, self._record(s), s.transaction, self.clock, self.ids)

    @property
    def update_team(self) -> UpdateTeam:
        s = self.new_store()
        return UpdateTeam(s.teams, self._record(s), s.transaction, self.clock)

    @property
    def create_api_key(self) -> CreateApiKey:
        s = self.new_store()
        return CreateApiKey(s.users, s.credentials, self.secrets, self._record(s), s.transaction, self.clock, self.ids)

    @property
    def list_api_keys(self) -> ListApiKeys:
        return ListApiKeys(self.new_store().credentials)

    @property
    def revoke_api_key(self) -> RevokeApiKey:
        s = self.new_store()
        return RevokeApiKey(s.credentials, self._record(s), s.transaction, self.clock)


@dataclass
class MemoryWorld(IdentityWorld):
    """The same over memory, with the committed state in sight."""

    new_store: NewStore = field(init=False)
    database: MemoryDatabase = field(default_factory=MemoryDatabase)

    def __post_init__(self) -> None:
        self.new_store = lambda: over_memory(MemorySession(self.database))
        super().__post_init__()

    @property
    def actions(self) -> list[str]:
        return [entry.action for entry in self.database.audit]
