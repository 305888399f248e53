"""API keys, sessions and set-up links.

Their secrets have at least 128 random bits, so a plain SHA-256 keeps them (OWASP ASVS 5.0, 6.5.2).
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from typing import Final, Self

from domain.identity.naming import require_name
from domain.identity.role import PERMITTED, Permission, Role
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ApiKeyId, SessionId, UserId

SESSION_LIFETIME: Final = timedelta(days=30)  # however busy it is
SESSION_IDLE: Final = timedelta(days=7)  # without a refresh
REFRESH_GRACE: Final = timedelta(seconds=20)  # RFC 9700 leaves it open; two tabs and a lost answer need some
API_KEY_DAYS_DEFAULT: Final = 90
API_KEY_DAYS_MAX: Final = 365
SETUP_LINK_LIFETIME: Final = timedelta(hours=24)


def secret_hash(secret: str) -> bytes:
    """What is stored in place of a random secret. Not for passwords: these can be guessed."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()  # what strangers send need not be text


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """Acts as its user, within its scopes, until it expires or is revoked."""

    id: ApiKeyId
    user_id: UserId
    name: str
    secret_hash: bytes = field(repr=False)  # SHA-256
    scopes: frozenset[Permission]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        require_name("name", self.name)
        if not self.scopes:
            raise InvalidValueError("scopes", "must name at least one")

    def is_good(self, *, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    def revoke(self, *, at: datetime) -> Self:
        return replace(self, revoked_at=self.revoked_at or at)


def key_expiry(days: int, *, at: datetime) -> datetime:
    """When a key made now ends. Raises `InvalidValueError`."""
    if not 1 <= days <= API_KEY_DAYS_MAX:
        raise InvalidValueError("expires_in_days", f"is {days}, allowed are 1 to {API_KEY_DAYS_MAX}")
    return at + timedelta(days=days)


def require_scopes(scopes: frozenset[Permission], *, role: Role) -> None:
    """Raises `InvalidValueError` when a key would claim what its user's role does not permit."""
    beyond = sorted(scopes - PERMITTED[role])
    if beyond:
        raise InvalidValueError("scopes", f"the role {role} does not permit {', '.join(beyond)}")


class Shown(StrEnum):
    """What showing a refresh token to its session means."""

    NEWEST = "newest"  # it is exchanged for a successor
    REPEATED = "repeated"  # the immediate predecessor, within the grace: the answer with the newest was lost
    STOLEN = "stolen"  # any older one: two hold this session, and one of them is not the user
    TOO_LATE = "too_late"  # the session has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login and the chain of refresh tokens that it grew (RFC 9700, 4.14: rotation with reuse detection).

    `token_hash` is the newest token's; `previous_token_hash` is the one before it, which may be shown once more within
    a short grace, because two tabs or a lost answer do that honestly. Anything older is theft, and ends the session.
    """

    id: SessionId
    user_id: UserId
    token_hash: bytes = field(repr=False)  # SHA-256
    created_at: datetime
    rotated_at: datetime
    expires_at: datetime
    previous_token_hash: bytes | None = field(default=None, repr=False)
    revoked_at: datetime | None = None

    @classmethod
    def begin(cls, session_id: SessionId, *, user_id: UserId, token_hash: bytes, at: datetime) -> Self:
        return cls(
            id=session_id,
            user_id=user_id,
            token_hash=token_hash,
            created_at=at,
            rotated_at=at,
            expires_at=at + SESSION_LIFETIME,
        )

    def is_good(self, *, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at and at < self.rotated_at + SESSION_IDLE

    def judge(self, token_hash: bytes, *, at: datetime) -> Shown:
        """What it means that a token which was surely made for this session is shown now."""
        if not self.is_good(at=at):
            return Shown.TOO_LATE
        if compare_digest(token_hash, self.token_hash):
            return Shown.NEWEST
        is_previous = self.previous_token_hash is not None and compare_digest(token_hash, self.previous_token_hash)
        if is_previous and at < self.rotated_at + REFRESH_GRACE:
            return Shown.REPEATED
        return Shown.STOLEN

    def rotate(self, token_hash: bytes, *, at: datetime) -> Self:
        return replace(self, token_hash=token_hash, previous_token_hash=self.token_hash, rotated_at=at)

    def revoke(self, *, at: datetime) -> Self:
        return replace(self, revoked_at=self.revoked_at or at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupLink:
    """Lets its user choose a password, once."""

    secret_hash: bytes = field(repr=False)  # SHA-256
    user_id: UserId
    expires_at: datetime
    used_at: datetime | None = None

    def is_good(self, *, at: datetime) -> bool:
        return self.used_at is None and at < self.expires_at

    def use(self, *, at: datetime) -> Self:
        return replace(self, used_at=self.used_at or at)
