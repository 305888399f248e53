from dataclasses import dataclass
from datetime import datetime

from adapters.outbound.memory.database import MemorySession
from application.errors import ConflictError, NotFoundError
from application.ports.credentials import CredentialRepository, Principal
from application.ports.page import Page, PageRequest
from domain.identity.credential import ApiKey, Session, SetupLink
from domain.shared.ids import ApiKeyId, SessionId, UserId


@dataclass(frozen=True, slots=True)
class MemoryCredentialRepository(CredentialRepository):
    session: MemorySession

    async def principal_of_session(self, session_id: SessionId) -> Principal | None:
        session = self.session.database.sessions.get(session_id)
        return None if session is None else self._principal(session)

    async def principal_of_key(self, secret_hash: bytes) -> Principal | None:
        keys = self.session.database.api_keys.values()
        return next((self._principal(key) for key in keys if key.secret_hash == secret_hash), None)

    async def get_session(self, session_id: SessionId) -> Session:
        session = self.session.database.sessions.get(session_id)
        if session is None:
            raise NotFoundError("session", session_id)
        return session

    async def add_session(self, session: Session) -> None:
        self._require_user(session.user_id)
        self.session.database.sessions[session.id] = session

    async def rotate_session(self, session: Session) -> None:
        stored = self.session.database.sessions.get(session.id)
        if stored is None or stored.revoked_at is not None or stored.token_hash != session.previous_token_hash:
            raise ConflictError("session", session.id)
        self.session.database.sessions[session.id] = stored.rotate(session.token_hash, at=session.rotated_at)

    async def revoke_session(self, session_id: SessionId, *, at: datetime) -> bool:
        stored = self.session.database.sessions.get(session_id)
        if stored is None or stored.revoked_at is not None:
            return False
        self.session.database.sessions[session_id] = stored.revoke(at=at)
        return True

    async def revoke_sessions_of(self, user_id: UserId, *, at: datetime) -> int:
        theirs = [each.id for each in self.session.database.sessions.values() if each.user_id == user_id]
        return sum([await self.revoke_session(session_id, at=at) for session_id in theirs])

    async def get_key(self, key_id: ApiKeyId) -> ApiKey:
        key = self.session.database.api_keys.get(key_id)
        if key is None:
            raise NotFoundError("API key", key_id)
        return key

    async def list_keys(self, page: PageRequest) -> Page[ApiKey]:
        keys = sorted(self.session.database.api_keys.values(), key=lambda key: (key.name, key.id))
        rest = [key for key in keys if page.after is None or (key.name, key.id) > page.after]
        return Page(tuple(rest[: page.limit]), has_more=len(rest) > page.limit)

    async def add_key(self, key: ApiKey) -> None:
        self._require_user(key.user_id)
        self.session.database.api_keys[key.id] = key

    async def revoke_key(self, key_id: ApiKeyId, *, at: datetime) -> bool:
        stored = self.session.database.api_keys.get(key_id)
        if stored is None or stored.revoked_at is not None:
            return False
        self.session.database.api_keys[key_id] = stored.revoke(at=at)
        return True

    async def setup_link(self, secret_hash: bytes) -> SetupLink | None:
        return self.session.database.setup_links.get(secret_hash)

    async def add_setup_link(self, link: SetupLink) -> None:
        self._require_user(link.user_id)
        links = self.session.database.setup_links
        for other in list(links.values()):
            if other.user_id == link.user_id and other.used_at is None:
                del links[other.secret_hash]
        links[link.secret_hash] = link

    async def use_setup_link(self, secret_hash: bytes, *, at: datetime) -> bool:
        links = self.session.database.setup_links
        link = links.get(secret_hash)
        if link is None or not link.is_good(at=at):
            return False
        links[secret_hash] = link.use(at=at)
        return True

    def _principal(self, credential: Session | ApiKey) -> Principal:
        database = self.session.database
        user = database.users[credential.user_id]
        return Principal(
            user_id=user.id,
            role=user.role,
            is_active=user.is_active,
            team_ids=frozenset(team.id for team in database.teams.values() if user.id in team.member_ids),
            credential=credential,
        )

    def _require_user(self, user_id: UserId) -> None:
        if user_id not in self.session.database.users:
            raise ConflictError("user", user_id, "names something that is not there, or is still used")
