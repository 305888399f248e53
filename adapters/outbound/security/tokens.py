"""Signed tokens: JSON Web Tokens by one algorithm, Ed25519 (RFC 8037), access tokens in the profile of RFC 9068.

PyJWT checks the signature; dates are checked here, against the instant that the caller gives.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Never
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.outbound.security.secrets import derived_key, secrets_known
from application.errors import UnauthenticatedError
from application.ports.ids import IdFactory
from application.ports.tokens import AccessClaims, AccessToken, DrillClaims, LinkClaims, TokenIssuer
from domain.shared.ids import IncidentId, NotificationId, SessionId, UserId
from domain.shared.via import Via

ALGORITHM: Final = "EdDSA"
ACCESS_LIFETIME: Final = timedelta(minutes=10)
CLOCK_SKEW: Final = timedelta(seconds=60)  # how far ahead another process's clock may be
_REQUIRED: Final = ("exp", "sub", "jti", "aud", "iss", "iat")


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of token: its own header, audience and key, so that none passes for another."""

    type: str
    audience: str
    key_label: str


ACCESS: Final = _Kind("at+jwt", "tocsin/api", "access tokens")
LINK: Final = _Kind("link+jwt", "tocsin/link", "link tokens")
DRILL: Final = _Kind("drill+jwt", "tocsin/drill", "drill tokens")


@dataclass(frozen=True, slots=True)
class _Keys:
    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    id: str

    @classmethod
    def derive(cls, secret: bytes, kind: _Kind) -> "_Keys":
        private = Ed25519PrivateKey.from_private_bytes(derived_key(secret, kind.key_label))
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
    _keys: Mapping[_Kind, tuple[_Keys, ...]] = field(init=False, repr=False)  # the first of them signs

    def __post_init__(self, secret: bytes, previous: bytes | None) -> None:
        known = secrets_known(secret, previous)
        keys = {kind: tuple(_Keys.derive(each, kind) for each in known) for kind in (ACCESS, LINK, DRILL)}
        object.__setattr__(self, "_keys", keys)

    def issue_access(self, user_id: UserId, session_id: SessionId, *, at: datetime) -> AccessToken:
        claims = {"client_id": "tocsin", "sid": str(session_id)}
        token = self._sign(ACCESS, user_id, claims, at=at, expires_at=at + ACCESS_LIFETIME)
        return AccessToken(token=token, expires_in=ACCESS_LIFETIME)

    def read_access(self, token: str, *, at: datetime) -> AccessClaims:
        claims = self._verified(ACCESS, token, at=at)
        return AccessClaims(user_id=UserId(_uuid(claims["sub"])), session_id=SessionId(_uuid(claims.get("sid"))))

    def issue_link(
        self, incident_id: IncidentId, user_id: UserId, *, at: datetime, expires_at: datetime, via: Via = Via.EMAIL
    ) -> str:
        claims = {"incident": str(incident_id), "via": via.value}
        return self._sign(LINK, user_id, claims, at=at, expires_at=expires_at)

    def read_link(self, token: str, *, at: datetime) -> LinkClaims:
        claims = self._verified(LINK, token, at=at)
        return LinkClaims(
            incident_id=IncidentId(_uuid(claims.get("incident"))),
            user_id=UserId(_uuid(claims["sub"])),
            via=_via(claims.get("via", Via.EMAIL.value)),  # links of the version before name none
        )

    def issue_drill(
        self,
        notification_id: NotificationId,
        user_id: UserId,
        *,
        at: datetime,
        expires_at: datetime,
        via: Via = Via.EMAIL,
    ) -> str:
        claims = {"drill": str(notification_id), "via": via.value}
        return self._sign(DRILL, user_id, claims, at=at, expires_at=expires_at)

    def read_drill(self, token: str, *, at: datetime) -> DrillClaims:
        claims = self._verified(DRILL, token, at=at)
        return DrillClaims(
            notification_id=NotificationId(_uuid(claims.get("drill"))),
            user_id=UserId(_uuid(claims["sub"])),
            via=_via(claims.get("via", Via.EMAIL.value)),
        )

    def _sign(
        self, kind: _Kind, user_id: UserId, claims: Mapping[str, str], *, at: datetime, expires_at: datetime
    ) -> str:
        keys = self._keys[kind][0]
        payload = {
            "iss": self.issuer,
            "aud": kind.audience,
            "sub": str(user_id),
            "jti": str(self.ids.new()),
            "iat": int(at.timestamp()),
            "exp": int(expires_at.timestamp()),
            **claims,
        }
        return jwt.encode(payload, keys.private, algorithm=ALGORITHM, headers={"typ": kind.type, "kid": keys.id})

    def _verified(self, kind: _Kind, token: str, *, at: datetime) -> Mapping[str, Any]:
        try:
            keys = self._keys_by(jwt.get_unverified_header(token), kind)
            claims = jwt.decode(
                token,
                keys.public,
                algorithms=[ALGORITHM],
                audience=kind.audience,
                issuer=self.issuer,
                options={"require": list(_REQUIRED), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):  # the last three: what its parsers let through
            _refuse()
        _require_now(claims, at=at)
        return claims

    def _keys_by(self, header: Mapping[str, Any], kind: _Kind) -> _Keys:
        """Nothing but these three may stand there: no key that the token brings along, and nothing "critical"."""
        known = (each for each in self._keys[kind] if header == {"alg": ALGORITHM, "typ": kind.type, "kid": each.id})
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


def _via(value: object) -> Via:
    try:
        return Via(str(value))
    except ValueError:
        _refuse()


def _refuse() -> Never:
    raise UnauthenticatedError from None
