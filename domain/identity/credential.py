"""API keys and sessions.

Their secrets have at least 128 random bits, so a plain SHA-256 keeps them (OWASP ASVS 5.0, 6.5.2).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from domain.identity.role import Permission
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ApiKeyId, SessionId, UserId
from domain.shared.limits import NAME_CHARACTERS
from domain.shared.text import require_length


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """Acts as its user, within its scopes, until it expires or is revoked."""

    id: ApiKeyId
    user_id: UserId
    name: str
    secret_hash: bytes  # SHA-256
    scopes: frozenset[Permission]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        if not self.scopes:
            raise InvalidValueError("scopes", "must name at least one")

    def is_good(self, *, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    def revoke(self, *, at: datetime) -> Self:
        return replace(self, revoked_at=self.revoked_at or at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login and the chain of refresh tokens that it grew (RFC 9700, 4.14: rotation with reuse detection).

    `token_hash` is the newest token's; `previous_token_hash` is the one before it, which may be shown once more within
    a short grace, because two tabs or a lost answer do that honestly. Anything older is theft, and ends the session.
    """

    id: SessionId
    user_id: UserId
    token_hash: bytes  # SHA-256
    created_at: datetime
    rotated_at: datetime
    expires_at: datetime
    previous_token_hash: bytes | None = None
    revoked_at: datetime | None = None

    def is_good(self, *, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at

    def rotate(self, token_hash: bytes, *, at: datetime) -> Self:
        return replace(self, token_hash=token_hash, previous_token_hash=self.token_hash, rotated_at=at)

    def revoke(self, *, at: datetime) -> Self:
        return replace(self, revoked_at=self.revoked_at or at)
