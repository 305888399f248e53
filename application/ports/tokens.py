"""Tokens and secrets: what proves who is calling."""

from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from domain.shared.ids import IncidentId, NotificationId, SessionId, UserId
from domain.shared.via import Via


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    token: str = field(repr=False)
    expires_in: timedelta


class AccessClaims(NamedTuple):
    user_id: UserId
    session_id: SessionId


class LinkClaims(NamedTuple):
    incident_id: IncidentId
    user_id: UserId
    via: Via = Via.EMAIL  # the channel of the message that carried the link


class DrillClaims(NamedTuple):
    notification_id: NotificationId
    user_id: UserId
    via: Via = Via.EMAIL  # likewise


class TokenIssuer(Protocol):
    """Signed tokens. They count as long as the secret does that they were signed under."""

    @abstractmethod
    def issue_access(self, user_id: UserId, session_id: SessionId, *, at: datetime) -> AccessToken:
        """Good for minutes, for the holder of a session."""

    @abstractmethod
    def read_access(self, token: str, *, at: datetime) -> AccessClaims:
        """Raises `UnauthenticatedError` for anything but an access token of ours that is good now."""


class LinkTokens(Protocol):
    """What makes an address in a message a secret one: safe in a path, and short.

    Each is for one thing and one user until it expires, and counts as long as the secret does that it was sealed under.
    """

    @abstractmethod
    def issue_link(
        self, incident_id: IncidentId, user_id: UserId, *, expires_at: datetime, via: Via = Via.EMAIL
    ) -> str:
        """For an incident. `via` is the channel of the message."""

    @abstractmethod
    def read_link(self, token: str, *, at: datetime) -> LinkClaims:
        """Raises `UnauthenticatedError` for anything but an incident's token of ours that is good now."""

    @abstractmethod
    def issue_drill(
        self, notification_id: NotificationId, user_id: UserId, *, expires_at: datetime, via: Via = Via.EMAIL
    ) -> str:
        """For a test page. `via` is its channel."""

    @abstractmethod
    def read_drill(self, token: str, *, at: datetime) -> DrillClaims:
        """Raises `UnauthenticatedError` for anything but a drill's token of ours that is good now."""


class RefreshTokens(Protocol):
    """The chain of one session's refresh tokens: only the server can tell what follows one."""

    @abstractmethod
    def first(self, session_id: SessionId) -> str: ...

    @abstractmethod
    def successors(self, token: str) -> tuple[str, ...]:
        """The one that it is exchanged for, and those that a process with its secrets in another order would give.

        The same every time. Raises `UnauthenticatedError` when the token was never ours.
        """

    @abstractmethod
    def session_of(self, token: str) -> SessionId:
        """Raises `UnauthenticatedError` when the token was never ours."""


class SecretFactory(Protocol):
    """New secrets of at least 128 random bits. What is stored of them is `domain.identity.credential.secret_hash`."""

    @abstractmethod
    def api_key(self) -> str:
        """Starts with `tsk_` and ends with a checksum, so that scanners of leaked secrets know it."""

    @abstractmethod
    def integration_key(self) -> str:
        """32 hexadecimal digits, because PagerDuty's routing keys must have exactly 32 characters."""

    @abstractmethod
    def setup_secret(self) -> str:
        """Safe in a URL."""

    @abstractmethod
    def webhook_secret(self) -> str:
        """As of Standard Webhooks: `whsec_` and the base64 of 24 to 64 bytes."""

    @abstractmethod
    def calendar_token(self) -> str:
        """Safe in a URL: it is all that a calendar feed asks for."""

    @abstractmethod
    def password(self) -> str:
        """Easy to read aloud and to type."""
