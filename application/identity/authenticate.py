from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from application.errors import UnauthenticatedError
from application.ports.clock import Clock
from application.ports.credentials import CredentialRepository, Principal
from application.ports.tokens import TokenIssuer
from domain.identity.actor import Actor, CredentialKind
from domain.identity.credential import ApiKey, secret_hash
from domain.identity.role import Permission
from domain.shared.ids import SessionId
from domain.shared.via import Via

API_KEY_PREFIX: Final = "tsk_"
KEPT_FOR: Final = timedelta(seconds=1)  # so long may a change of role, team or key go unnoticed
KEPT_AT_MOST: Final = 10_000
TOKEN_CHARACTERS_MAX: Final = 4096  # many times what ours have

type PrincipalKey = SessionId | bytes  # a session, or the hash of an API key


@dataclass(slots=True)
class PrincipalCache:
    """Who was behind a credential less than a second ago. One a process."""

    _kept: dict[PrincipalKey, tuple[datetime, Principal]] = field(default_factory=dict)

    def get(self, key: PrincipalKey, *, at: datetime) -> Principal | None:
        read_at, principal = self._kept.get(key, (None, None))
        # A clock that was set back must not make an old answer young again.
        if read_at is None or not read_at <= at < read_at + KEPT_FOR:
            return None
        return principal

    def put(self, key: PrincipalKey, principal: Principal, *, at: datetime) -> None:
        self._kept.pop(key, None)  # so that the newest are last
        if len(self._kept) >= KEPT_AT_MOST:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (at, principal)


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Tell who is calling from an access token or an API key, with the role and the teams they have now."""

    credentials: CredentialRepository
    tokens: TokenIssuer
    cache: PrincipalCache
    clock: Clock

    async def __call__(self, bearer: str, *, via: Via = Via.API, address: str = "", request_id: str = "") -> Actor:
        """Raises `UnauthenticatedError`."""
        at = self.clock.now()
        if not bearer or len(bearer) > TOKEN_CHARACTERS_MAX or not bearer.isascii():
            raise UnauthenticatedError
        if bearer.startswith(API_KEY_PREFIX):
            principal = await self._of_key(secret_hash(bearer), at=at)
        else:
            principal = await self._of_token(bearer, at=at)
        if principal is None or not principal.is_active or not principal.credential.is_good(at=at):
            raise UnauthenticatedError
        is_key = isinstance(principal.credential, ApiKey)
        return Actor(
            user_id=principal.user_id,
            role=principal.role,
            via=via,
            credential=CredentialKind.API_KEY if is_key else CredentialKind.SESSION,
            scopes=principal.credential.scopes if isinstance(principal.credential, ApiKey) else frozenset(Permission),
            team_ids=principal.team_ids,
            address=address,
            request_id=request_id,
        )

    async def _of_key(self, key_hash: bytes, *, at: datetime) -> Principal | None:
        principal = self.cache.get(key_hash, at=at)
        if principal is None:
            principal = await self.credentials.principal_of_key(key_hash)
            if principal is not None:
                self.cache.put(key_hash, principal, at=at)
        return principal

    async def _of_token(self, token: str, *, at: datetime) -> Principal | None:
        claims = self.tokens.read_access(token, at=at)
        principal = self.cache.get(claims.session_id, at=at)
        if principal is None:
            principal = await self.credentials.principal_of_session(claims.session_id)
            if principal is not None:
                self.cache.put(claims.session_id, principal, at=at)
        return principal if principal is not None and principal.user_id == claims.user_id else None
