from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, func, select, update

from adapters.outbound.postgres.named import inserting, page_rows
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import api_keys, sessions, setup_links, team_members, users
from application.errors import ConflictError, NotFoundError
from application.ports.credentials import CredentialRepository, Principal
from application.ports.page import Page, PageRequest
from domain.identity.credential import ApiKey, Session, SetupLink
from domain.identity.role import Permission, Role
from domain.shared.ids import ApiKeyId, SessionId, TeamId, UserId

_TEAM_IDS: ColumnElement[object] = func.array(
    select(team_members.c.team_id).where(team_members.c.user_id == users.c.id).scalar_subquery()
).label("team_ids")
_SPEAKS_FOR = (users.c.role, users.c.is_active, _TEAM_IDS)

_PRINCIPAL_OF_SESSION = Statement(
    select(sessions, *_SPEAKS_FOR)
    .join(users, users.c.id == sessions.c.user_id)
    .where(sessions.c.id == bindparam("session_id", None))
)
_GET_SESSION = Statement(select(sessions).where(sessions.c.id == bindparam("session_id", None)).with_for_update())
_ADD_SESSION = inserting(sessions, *sessions.c.keys())
_ROTATE_SESSION = Statement(
    update(sessions)
    .where(
        sessions.c.id == bindparam("session_id", None),
        sessions.c.token_hash == bindparam("shown_hash", None),
        sessions.c.revoked_at.is_(None),
    )
    .values(
        token_hash=bindparam("new_hash", None),
        previous_token_hash=sessions.c.token_hash,
        rotated_at=bindparam("new_rotated_at", None),
    )
)
_REVOKE_SESSION = Statement(
    update(sessions)
    .where(sessions.c.id == bindparam("session_id", None), sessions.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at", None))
)
_REVOKE_SESSIONS_OF = Statement(
    update(sessions)
    .where(sessions.c.user_id == bindparam("of_user", None), sessions.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at", None))
)

_PRINCIPAL_OF_KEY = Statement(
    select(api_keys, *_SPEAKS_FOR)
    .join(users, users.c.id == api_keys.c.user_id)
    .where(api_keys.c.secret_hash == bindparam("shown_hash", None))
)
_KEYS = select(*api_keys.c)
_GET_KEY = Statement(select(api_keys).where(api_keys.c.id == bindparam("key_id", None)).with_for_update())
_ADD_KEY = inserting(api_keys, *api_keys.c.keys())
_REVOKE_KEY = Statement(
    update(api_keys)
    .where(api_keys.c.id == bindparam("key_id", None), api_keys.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at", None))
)
_SETUP_LINK = Statement(select(setup_links).where(setup_links.c.secret_hash == bindparam("shown_hash", None)))
_ADD_SETUP_LINK = inserting(setup_links, *setup_links.c.keys())
_DELETE_UNUSED_LINKS = Statement(
    delete(setup_links).where(setup_links.c.user_id == bindparam("of_user", None), setup_links.c.used_at.is_(None))
)
_USE_SETUP_LINK = Statement(
    update(setup_links)
    .where(
        setup_links.c.secret_hash == bindparam("shown_hash", None),
        setup_links.c.used_at.is_(None),
        setup_links.c.expires_at > bindparam("at", None),
    )
    .values(used_at=bindparam("at", None))
)


@dataclass(frozen=True, slots=True)
class PostgresCredentialRepository(CredentialRepository):
    session: PostgresSession

    async def principal_of_session(self, session_id: SessionId) -> Principal | None:
        row = await self.session.row(_PRINCIPAL_OF_SESSION, session_id=session_id)
        return None if row is None else _principal(row, _session(row))

    async def principal_of_key(self, secret_hash: bytes) -> Principal | None:
        row = await self.session.row(_PRINCIPAL_OF_KEY, shown_hash=secret_hash)
        return None if row is None else _principal(row, _key(row))

    async def get_session(self, session_id: SessionId) -> Session:
        row = await self.session.row(_GET_SESSION, session_id=session_id)
        if row is None:
            raise NotFoundError("session", session_id)
        return _session(row)

    async def add_session(self, session: Session) -> None:
        await self.session.execute(_ADD_SESSION, **asdict(session))

    async def rotate_session(self, session: Session) -> None:
        rotated = await self.session.execute(
            _ROTATE_SESSION,
            session_id=session.id,
            shown_hash=session.previous_token_hash,
            new_hash=session.token_hash,
            new_rotated_at=session.rotated_at,
        )
        if rotated == 0:
            raise ConflictError("session", session.id)

    async def revoke_session(self, session_id: SessionId, *, at: datetime) -> bool:
        return await self.session.execute(_REVOKE_SESSION, session_id=session_id, at=at) == 1

    async def revoke_sessions_of(self, user_id: UserId, *, at: datetime) -> int:
        return await self.session.execute(_REVOKE_SESSIONS_OF, of_user=user_id, at=at)

    async def get_key(self, key_id: ApiKeyId) -> ApiKey:
        row = await self.session.row(_GET_KEY, key_id=key_id)
        if row is None:
            raise NotFoundError("API key", key_id)
        return _key(row)

    async def list_keys(self, page: PageRequest) -> Page[ApiKey]:
        rows, has_more = await page_rows(self.session, _KEYS, api_keys, page)
        return Page(tuple(_key(row) for row in rows), has_more)

    async def add_key(self, key: ApiKey) -> None:
        await self.session.execute(_ADD_KEY, **asdict(key) | {"scopes": sorted(key.scopes)})

    async def revoke_key(self, key_id: ApiKeyId, *, at: datetime) -> bool:
        return await self.session.execute(_REVOKE_KEY, key_id=key_id, at=at) == 1

    async def setup_link(self, secret_hash: bytes) -> SetupLink | None:
        row = await self.session.row(_SETUP_LINK, shown_hash=secret_hash)
        if row is None:
            return None
        return SetupLink(
            secret_hash=row["secret_hash"],
            user_id=UserId(row["user_id"]),
            expires_at=row["expires_at"],
            used_at=row["used_at"],
        )

    async def add_setup_link(self, link: SetupLink) -> None:
        await self.session.execute(_DELETE_UNUSED_LINKS, of_user=link.user_id)
        await self.session.execute(_ADD_SETUP_LINK, **asdict(link))

    async def use_setup_link(self, secret_hash: bytes, *, at: datetime) -> bool:
        return await self.session.execute(_USE_SETUP_LINK, shown_hash=secret_hash, at=at) == 1


def _principal(row: Row, credential: Session | ApiKey) -> Principal:
    return Principal(
        user_id=credential.user_id,
        role=Role(row["role"]),
        is_active=row["is_active"],
        team_ids=frozenset(TeamId(team_id) for team_id in row["team_ids"]),
        credential=credential,
    )


def _session(row: Row) -> Session:
    return Session(
        id=SessionId(row["id"]),
        user_id=UserId(row["user_id"]),
        token_hash=row["token_hash"],
        previous_token_hash=row["previous_token_hash"],
        created_at=row["created_at"],
        rotated_at=row["rotated_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )


def _key(row: Row) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(row["id"]),
        user_id=UserId(row["user_id"]),
        name=row["name"],
        secret_hash=row["secret_hash"],
        scopes=frozenset(Permission(scope) for scope in row["scopes"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )
