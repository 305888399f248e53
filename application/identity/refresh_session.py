from collections.abc import Sequence
from dataclasses import dataclass

from application.audit.record import RecordAudit
from application.errors import NotFoundError, UnauthenticatedError
from application.identity.tokens import Tokens
from application.ports.clock import Clock
from application.ports.credentials import CredentialRepository
from application.ports.tokens import RefreshTokens, TokenIssuer
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.identity.credential import Shown, secret_hash
from domain.identity.user import User
from domain.shared.ids import SessionId


@dataclass(frozen=True, slots=True)
class RefreshSession:
    """A client exchanges its refresh token for a successor and a new access token.

    A token is exchanged but once. So the immediate predecessor, shown again within the grace, is answered with the
    successor it had, and writes nothing: two tabs, or a client whose answer was lost, end up with the same newest
    token, and none of them can lock the other out. Whoever shows an older token ends the session for all its holders.
    """

    users: UserRepository
    credentials: CredentialRepository
    tokens: TokenIssuer
    refresh_tokens: RefreshTokens
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock

    async def __call__(self, refresh_token: str, *, address: str = "", request_id: str = "") -> Tokens:
        """Raises `UnauthenticatedError`: log in again."""
        session_id = self.refresh_tokens.session_of(refresh_token)
        successors = self.refresh_tokens.successors(refresh_token)
        async with self.transaction:  # left normally when a theft is found, since the session's end must be stored
            tokens = await self._exchange(session_id, refresh_token, successors, address=address, request_id=request_id)
        if tokens is None:
            raise UnauthenticatedError("the session has ended; log in again")
        return tokens

    async def _exchange(
        self, session_id: SessionId, shown: str, successors: Sequence[str], *, address: str, request_id: str
    ) -> Tokens | None:
        try:
            session = await self.credentials.get_session(session_id)
        except NotFoundError:
            return None
        user = await self.users.look_up(session.user_id)
        at = self.clock.now()
        match session.judge(secret_hash(shown), at=at):
            case Shown.NEWEST if user.is_active:
                session = session.rotate(secret_hash(successors[0]), at=at)
                await self.credentials.rotate_session(session)
            case Shown.REPEATED if user.is_active:
                pass
            case Shown.STOLEN:
                await self.credentials.revoke_session(session_id, at=at)
                await self._record_theft(user, session_id, address=address, request_id=request_id)
                return None
            case _:
                return None
        newest = next((each for each in successors if secret_hash(each) == session.token_hash), None)
        if newest is None:  # it was exchanged under a secret that is no longer known
            return None
        access = self.tokens.issue_access(user.id, session_id, at=at)
        return Tokens(access_token=access.token, refresh_token=newest, expires_in=access.expires_in)

    async def _record_theft(self, user: User, session_id: SessionId, *, address: str, request_id: str) -> None:
        await self.record_audit(
            "user.end_stolen_session",
            user.id,
            actor=Actor(user_id=user.id, role=user.role, address=address, request_id=request_id),
            at=self.clock.now(),
            after={"session_id": str(session_id), "reason": "a refresh token was shown that had been replaced"},
        )
