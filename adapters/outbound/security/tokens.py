"""Access tokens: JSON Web Tokens by one algorithm, Ed25519 (RFC 8037), in the profile of RFC 9068.

PyJWT checks the signature; dates are checked here, against the instant that the caller gives.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Never, Self
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.outbound.security.secrets import derived_key, secrets_known
from application.errors import UnauthenticatedError
from application.ports.ids import IdFactory
from application.ports.tokens import AccessClaims, AccessToken, TokenIssuer
from domain.shared.ids import SessionId, UserId

ALGORITHM: Final = "EdDSA"
ACCESS_LIFETIME: Final = timedelta(minutes=10)
CLOCK_SKEW: Final = timedelta(seconds=60)  # how far ahead another process's clock may be
_REQUIRED: Final = ("exp", "sub", "jti", "aud", "iss", "iat")
_TYPE: Final = "at+jwt"
_AUDIENCE: Final = "tocsin/api"


@dataclass(frozen=True, slots=True)
class _Keys:
    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    id: str

    @classmethod
    def derive(cls, secret: bytes) -> Self:
        private = Ed25519PrivateKey.from_private_bytes(derived_key(secret, "access tokens"))
        public = private.public_key()
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(private=private, public=public, id=hashlib.sha256(raw).hexdigest()[:16])


@dataclass(frozen=True, slots=True)
class JwtTokenIssuer(TokenIssuer):
    """Its keys come from the server's one secret. What was signed under the one before counts while that is known."""

    secret: InitVar[bytes]
    ids: IdFactory
    issuer: str = "tocsin"
    previous: InitVar[bytes | None] = None
    _keys: tuple[_Keys, ...] = field(init=False, repr=False)  # the first of them signs

    def __post_init__(self, secret: bytes, previous: bytes | None) -> None:
        object.__setattr__(self, "_keys", tuple(map(_Keys.derive, secrets_known(secret, previous))))

    def issue_access(self, user_id: UserId, session_id: SessionId, *, at: datetime) -> AccessToken:
        keys = self._keys[0]
        payload = {
            "iss": self.issuer,
            "aud": _AUDIENCE,
            "sub": str(user_id),
            "jti": str(self.ids.new()),
            "iat": int(at.timestamp()),
            "exp": int((at + ACCESS_LIFETIME).timestamp()),
            "client_id": "tocsin",
            "sid": str(session_id),
        }
        token = jwt.encode(payload, keys.private, algorithm=ALGORITHM, headers={"typ": _TYPE, "kid": keys.id})
        return AccessToken(token=token, expires_in=ACCESS_LIFETIME)

    def read_access(self, token: str, *, at: datetime) -> AccessClaims:
        try:
            keys = self._keys_by(jwt.get_unverified_header(token))
            claims = jwt.decode(
                token,
                keys.public,
                algorithms=[ALGORITHM],
                audience=_AUDIENCE,
                issuer=self.issuer,
                options={"require": list(_REQUIRED), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):  # the last three: what its parsers let through
            _refuse()
        _require_now(claims, at=at)
        return AccessClaims(user_id=UserId(_uuid(claims["sub"])), session_id=SessionId(_uuid(claims.get("sid"))))

    def _keys_by(self, header: Mapping[str, Any]) -> _Keys:
        """Nothing but these three may stand there: no key that the token brings along, and nothing "critical"."""
        known = (each for each in self._keys if header == {"alg": ALGORITHM, "typ": _TYPE, "kid": each.id})
        keys = next(known, None)
        if keys is None:
            _refuse()
        return keys


def _require_now(claims: Mapping[str, Any], *, at: datetime) -> None:
    now = at.timestamp()
    latest_start = now + CLOCK_SKEW.total_seconds()
    if not _number(claims["exp"]) > now or _number(claims["iat"]) > latest_start:
        _refuse()
    if "nbf" in claims and _number(claims["nbf"]) > latest_start:
        _refuse()


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        _refuse()
    return value


def _uuid(value: object) -> UUID:
    if not isinstance(value, str):
        _refuse()
    try:
        return UUID(value)
    except ValueError:
        _refuse()


def _refuse() -> Never:
    raise UnauthenticatedError from None
