from dataclasses import dataclass, field
from datetime import datetime, timedelta

from application.ports.credentials import CredentialRepository
from application.ports.ids import IdFactory
from application.ports.tokens import RefreshTokens, TokenIssuer
from domain.identity.credential import Session, secret_hash
from domain.shared.ids import SessionId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a login leaves with its client."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: timedelta  # of the access token


@dataclass(frozen=True, slots=True)
class BeginSession:
    """A new session, in the open transaction, for a user who has just proved who they are."""

    credentials: CredentialRepository
    tokens: TokenIssuer
    refresh_tokens: RefreshTokens
    ids: IdFactory

    async def __call__(self, user_id: UserId, *, at: datetime) -> Tokens:
        session_id = SessionId(self.ids.new())
        refresh_token = self.refresh_tokens.first(session_id)
        await self.credentials.add_session(
            Session.begin(session_id, user_id=user_id, token_hash=secret_hash(refresh_token), at=at)
        )
        access = self.tokens.issue_access(user_id, session_id, at=at)
        return Tokens(access_token=access.token, refresh_token=refresh_token, expires_in=access.expires_in)
