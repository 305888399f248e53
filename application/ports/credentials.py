from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.ports.page import Page, PageRequest
from domain.identity.credential import ApiKey, Session, SetupLink
from domain.identity.role import Role
from domain.shared.ids import ApiKeyId, SessionId, TeamId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whom a credential speaks for, as stored at this moment."""

    user_id: UserId
    role: Role
    is_active: bool
    team_ids: frozenset[TeamId]
    credential: Session | ApiKey


class CredentialRepository(Protocol):
    """API keys, sessions and set-up links, found by the hash of their secret. Writes are inside the transaction."""

    @abstractmethod
    async def principal_of_session(self, session_id: SessionId) -> Principal | None:
        """Also of a session that has ended. Needs no transaction."""

    @abstractmethod
    async def principal_of_key(self, secret_hash: bytes) -> Principal | None:
        """Also of a key that has expired or was revoked. Needs no transaction."""

    @abstractmethod
    async def get_session(self, session_id: SessionId) -> Session:
        """The session, held until the transaction ends. Raises `NotFoundError`."""

    @abstractmethod
    async def add_session(self, session: Session) -> None: ...

    @abstractmethod
    async def rotate_session(self, session: Session) -> None:
        """Store its newest token in one guarded update: only while the token before it is the newest stored one.

        Raises `ConflictError` otherwise.
        """

    @abstractmethod
    async def revoke_session(self, session_id: SessionId, *, at: datetime) -> bool:
        """End it; false when it had been revoked before, or is not there."""

    @abstractmethod
    async def revoke_sessions_of(self, user_id: UserId, *, at: datetime) -> int:
        """End every session of a user that was not revoked before, and say how many these were."""

    @abstractmethod
    async def get_key(self, key_id: ApiKeyId) -> ApiKey:
        """The key, held until the transaction ends. Raises `NotFoundError`."""

    @abstractmethod
    async def list_keys(self, page: PageRequest) -> Page[ApiKey]:
        """By name, then id; with those that no longer work."""

    @abstractmethod
    async def add_key(self, key: ApiKey) -> None:
        """Raises `ConflictError` when its user does not exist."""

    @abstractmethod
    async def revoke_key(self, key_id: ApiKeyId, *, at: datetime) -> bool:
        """End it; false when it had been revoked before, or is not there."""

    @abstractmethod
    async def setup_link(self, secret_hash: bytes) -> SetupLink | None:
        """Only to look at. Needs no transaction."""

    @abstractmethod
    async def add_setup_link(self, link: SetupLink) -> None:
        """In place of every unused link that its user had."""

    @abstractmethod
    async def use_setup_link(self, secret_hash: bytes, *, at: datetime) -> bool:
        """Mark it as used in one guarded update; false unless it was there, unused and not yet expired."""
