"""The secret in a link that a message carries.

No JSON Web Token: nobody but this server reads it, it is made for every page of a storm, and it has to be as short as
an address can be. What it is about, for whom, until when and by which channel are bytes, with a seal over them.
"""

import base64
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from struct import Struct
from typing import Final, NamedTuple, Never
from uuid import UUID

from adapters.outbound.security.secrets import SEAL_BYTES, derived_key, is_sealed, seal_of, secrets_known
from application.errors import UnauthenticatedError
from application.ports.tokens import DrillClaims, LinkClaims, LinkTokens
from domain.shared.ids import IncidentId, NotificationId, UserId
from domain.shared.via import Via

# The channel, the second since 1970 at which it ends, what it is about, for whom. With the seal it is a multiple of
# three bytes, so that base64 has one form for each and needs no padding.
_BODY: Final = Struct(">BQ16s16s")
_CHARACTERS: Final = (_BODY.size + SEAL_BYTES) // 3 * 4

# As it stands in links that have been sent: a number is never given to another channel.
_VIA_NUMBERS: Final[Mapping[Via, int]] = {
    Via.EMAIL: 1,
    Via.SLACK: 2,
    Via.NTFY: 3,
    Via.WEBHOOK: 4,
    Via.SMS: 5,
    Via.VOICE: 6,
}
_VIAS: Final = {number: via for via, number in _VIA_NUMBERS.items()}

# A key for each kind, so that none passes for another.
_INCIDENT: Final = "incident links"
_DRILL: Final = "drill links"


class _Opened(NamedTuple):
    subject: UUID
    user_id: UserId
    via: Via


@dataclass(frozen=True, slots=True)
class SealedLinkTokens(LinkTokens):
    """Its keys come from the server's one secret. What was sealed under the one before counts while that is known."""

    secret: InitVar[bytes]
    previous: InitVar[bytes | None] = None
    _keys: Mapping[str, tuple[bytes, ...]] = field(init=False, repr=False)  # the first of them seals

    def __post_init__(self, secret: bytes, previous: bytes | None) -> None:
        known = secrets_known(secret, previous)
        keys = {kind: tuple(derived_key(each, kind) for each in known) for kind in (_INCIDENT, _DRILL)}
        object.__setattr__(self, "_keys", keys)

    def issue_link(
        self, incident_id: IncidentId, user_id: UserId, *, expires_at: datetime, via: Via = Via.EMAIL
    ) -> str:
        return self._sealed(_INCIDENT, incident_id, user_id, expires_at=expires_at, via=via)

    def read_link(self, token: str, *, at: datetime) -> LinkClaims:
        opened = self._opened(_INCIDENT, token, at=at)
        return LinkClaims(IncidentId(opened.subject), opened.user_id, opened.via)

    def issue_drill(
        self, notification_id: NotificationId, user_id: UserId, *, expires_at: datetime, via: Via = Via.EMAIL
    ) -> str:
        return self._sealed(_DRILL, notification_id, user_id, expires_at=expires_at, via=via)

    def read_drill(self, token: str, *, at: datetime) -> DrillClaims:
        opened = self._opened(_DRILL, token, at=at)
        return DrillClaims(NotificationId(opened.subject), opened.user_id, opened.via)

    def _sealed(self, kind: str, subject: UUID, user_id: UserId, *, expires_at: datetime, via: Via) -> str:
        body = _BODY.pack(_VIA_NUMBERS[via], int(expires_at.timestamp()), subject.bytes, user_id.bytes)
        return base64.urlsafe_b64encode(body + seal_of(body, self._keys[kind][0])).decode("ascii")

    def _opened(self, kind: str, token: str, *, at: datetime) -> _Opened:
        if len(token) != _CHARACTERS:
            _refuse()
        try:
            whole = base64.b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            _refuse()
        body, seal = whole[: _BODY.size], whole[_BODY.size :]
        if not is_sealed(body, seal, self._keys[kind]):
            _refuse()
        number, expires_at, subject, user_id = _BODY.unpack(body)
        via = _VIAS.get(number)  # a version to come may know more of them
        if via is None or expires_at <= at.timestamp():
            _refuse()
        return _Opened(UUID(bytes=subject), UserId(UUID(bytes=user_id)), via)


def _refuse() -> Never:
    raise UnauthenticatedError from None
