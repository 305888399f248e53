"""Who is behind a message's button or link: each may respond, and nothing else, whatever their role permits."""

from dataclasses import dataclass
from typing import Final

from application.errors import NotFoundError, UnauthenticatedError
from application.ports.clock import Clock
from application.ports.teams import TeamRepository
from application.ports.texted_pages import TextedPage, TextedPages
from application.ports.tokens import LinkTokens
from application.ports.users import UserRepository
from domain.identity.actor import Actor, CredentialKind
from domain.identity.role import Permission
from domain.identity.user import User
from domain.shared.ids import IncidentId, NotificationId, UserId
from domain.shared.via import Via

LOOKING: Final = frozenset({Permission.READ})
RESPONDING: Final = frozenset({Permission.READ, Permission.RESPOND})


@dataclass(frozen=True, slots=True)
class RecognizeSlackMember:
    """The user whom a Slack member is linked to. The caller has checked Slack's signature."""

    users: UserRepository
    teams: TeamRepository

    async def __call__(self, slack_user_id: str, *, request_id: str = "") -> Actor:
        """Raises `UnauthenticatedError` when no active user is linked to the member."""
        user = await self.users.by_slack_user_id(slack_user_id)
        if user is None or not user.is_active:
            raise UnauthenticatedError("this Slack member is not linked to an active user")
        return Actor(
            user_id=user.id,
            role=user.role,
            via=Via.SLACK,
            credential=CredentialKind.SLACK,
            scopes=RESPONDING,
            team_ids=await self.teams.team_ids_of(user.id),
            request_id=request_id,
        )


@dataclass(frozen=True, slots=True)
class RecognizeTexter:
    """The user who was paged on a telephone that a text message came from, and the incident that it answers.

    The caller has checked who carries the message. What this very number was not told of it cannot answer.
    """

    pages: TextedPages
    users: UserRepository
    teams: TeamRepository

    async def __call__(self, address: str, *, number: int | None, request_id: str = "") -> tuple[TextedPage, Actor]:
        """Raises `NotFoundError` when nothing that the number was told of is meant, `UnauthenticatedError` when its
        user is not active."""
        page = await self.pages.newest(address, number=number)
        if page is None:
            raise NotFoundError("page", address)
        user = await _active(self.users, page.user_id)
        actor = Actor(
            user_id=user.id,
            role=user.role,
            via=Via.SMS,
            credential=CredentialKind.TELEPHONE,
            scopes=RESPONDING,
            team_ids=await self.teams.team_ids_of(user.id),
            request_id=request_id,
        )
        return page, actor


@dataclass(frozen=True, slots=True)
class RecognizeLink:
    """The user whom a link in a message was made for, and the one incident that it opens."""

    users: UserRepository
    teams: TeamRepository
    tokens: LinkTokens
    clock: Clock

    async def __call__(self, token: str, *, address: str = "", request_id: str = "") -> tuple[IncidentId, Actor]:
        """Raises `UnauthenticatedError` when the link is not ours or has expired, or its user is not active."""
        claims = self.tokens.read_link(token, at=self.clock.now())
        user = await _active(self.users, claims.user_id)
        actor = Actor(
            user_id=user.id,
            role=user.role,
            via=claims.via,
            credential=CredentialKind.LINK,
            scopes=RESPONDING,
            team_ids=await self.teams.team_ids_of(user.id),
            address=address,
            request_id=request_id,
        )
        return claims.incident_id, actor


@dataclass(frozen=True, slots=True)
class RecognizeDrillLink:
    """The user whom the link in a test page was made for, and the one message that it is about."""

    users: UserRepository
    tokens: LinkTokens
    clock: Clock

    async def __call__(self, token: str, *, address: str = "", request_id: str = "") -> tuple[NotificationId, Actor]:
        """Raises `UnauthenticatedError` when the link is not ours or has expired, or its user is not active."""
        claims = self.tokens.read_drill(token, at=self.clock.now())
        user = await _active(self.users, claims.user_id)
        actor = Actor(
            user_id=user.id,
            role=user.role,
            via=claims.via,
            credential=CredentialKind.LINK,
            scopes=LOOKING,
            address=address,
            request_id=request_id,
        )
        return claims.notification_id, actor


async def _active(users: UserRepository, user_id: UserId) -> User:
    try:
        user = await users.look_up(user_id)
    except NotFoundError:
        raise UnauthenticatedError("this link no longer works") from None
    if not user.is_active:
        raise UnauthenticatedError("this link no longer works")
    return user
