from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import asyncpg
from sqlalchemy import bindparam, delete, insert, literal_column, select
from sqlalchemy.dialects.postgresql import insert as upsert

from adapters.outbound.postgres.directory import contact_of, quiet_hours_of, rule_of
from adapters.outbound.postgres.named import inserting, page_rows, updating
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import contacts, notification_rules, user_quiet_hours, users
from application.errors import ConflictError, NotFoundError
from application.ports.directory import Reachability
from application.ports.page import Page, PageRequest
from application.ports.users import UserRepository
from domain.identity.role import Role
from domain.identity.user import User
from domain.notification.contact import Contact
from domain.notification.quiet_hours import QuietHours
from domain.notification.rule import NotificationRule
from domain.shared.ids import UserId

_COLUMNS = (
    "id",
    "email",
    "name",
    "role",
    "time_zone",
    "password_hash",
    "slack_user_id",
    "is_active",
    "holiday_region",
    "version",
)
_USERS = select(*(users.c[name] for name in _COLUMNS))
_ONE = _USERS.where(users.c.id == bindparam("key", None))
_LOOK_UP = Statement(_ONE)
_GET = Statement(_ONE.with_for_update(key_share=True))
_BY_EMAIL = Statement(_USERS.where(users.c.email == bindparam("shown", None)))
_BY_SLACK = Statement(_USERS.where(users.c.slack_user_id == bindparam("shown", None)))
_ACTIVE_ADMINS = Statement(
    select(users.c.id)
    .where(users.c.role == literal_column(f"'{Role.ADMIN.value}'"), users.c.is_active)
    .order_by(users.c.id)
    .with_for_update(key_share=True)
)
_INSERT = inserting(users, *_COLUMNS)
_UPDATE = updating(users, *_COLUMNS[1:])

_CONTACTS = Statement(
    select(contacts)
    .where(contacts.c.user_id == bindparam("of_user", None))
    .order_by(contacts.c.channel, contacts.c.address, contacts.c.id)
)
_RULES = Statement(
    select(notification_rules)
    .where(notification_rules.c.user_id == bindparam("of_user", None))
    .order_by(notification_rules.c.urgency, notification_rules.c.position)
)
_DELETE_RULES = Statement(delete(notification_rules).where(notification_rules.c.user_id == bindparam("of_user", None)))
# Tells the kept from the dropped by id; asyncpg takes the list as one argument.
_DELETE_CONTACTS = "DELETE FROM contacts WHERE user_id = $1 AND NOT id = ANY($2::uuid[])"
_contact_row = upsert(contacts).values(
    id=bindparam("contact_id", None),
    user_id=bindparam("of_user", None),
    channel=bindparam("new_channel", None),
    address=bindparam("new_address", None),
    label=bindparam("new_label", None),
    verified_at=bindparam("new_verified_at", None),
)
_UPSERT_CONTACT = Statement(
    _contact_row.on_conflict_do_update(
        index_elements=[contacts.c.id],
        set_={name: _contact_row.excluded[name] for name in ("channel", "address", "label", "verified_at")},
        where=contacts.c.user_id == _contact_row.excluded.user_id,
    )
)
_DELETE_QUIET_HOURS = Statement(
    delete(user_quiet_hours).where(user_quiet_hours.c.user_id == bindparam("of_user", None))
)
_INSERT_QUIET_HOURS = inserting(user_quiet_hours, "user_id", "starts", "ends")
_INSERT_RULE = Statement(
    insert(notification_rules).values(
        user_id=bindparam("of_user", None),
        urgency=bindparam("new_urgency", None),
        position=bindparam("new_position", None),
        contact_id=bindparam("new_contact_id", None),
        delay_seconds=bindparam("new_delay_seconds", None),
    )
)


@dataclass(frozen=True, slots=True)
class PostgresUserRepository(UserRepository):
    session: PostgresSession

    async def get(self, user_id: UserId) -> User:
        return _required(await self.session.row(_GET, key=user_id), user_id)

    async def look_up(self, user_id: UserId) -> User:
        return _required(await self.session.row(_LOOK_UP, key=user_id), user_id)

    async def by_email(self, email: str) -> User | None:
        row = await self.session.row(_BY_EMAIL, shown=email)
        return None if row is None else _user(row)

    async def by_slack_user_id(self, slack_user_id: str) -> User | None:
        row = await self.session.row(_BY_SLACK, shown=slack_user_id)
        return None if row is None else _user(row)

    async def active_admins(self) -> frozenset[UserId]:
        return frozenset(UserId(row["id"]) for row in await self.session.rows(_ACTIVE_ADMINS))

    async def list(self, page: PageRequest) -> Page[User]:
        rows, has_more = await page_rows(self.session, _USERS, users, page)
        return Page(tuple(_user(row) for row in rows), has_more)

    async def save(self, user: User) -> User:
        stored = replace(user, version=user.version + 1)
        values = {name: getattr(stored, name) for name in _COLUMNS[1:]} | {"role": stored.role.value}
        with _telling_conflicts(stored):
            if user.version == 0:
                await self.session.execute(_INSERT, id=stored.id, **values)
            elif await self.session.execute(_UPDATE, key=stored.id, as_read=user.version, **values) == 0:
                raise ConflictError("user", user.id)
        return stored

    async def reachability(self, user_id: UserId) -> Reachability:
        reached = await self.session.rows(_CONTACTS, of_user=user_id)
        rules = await self.session.rows(_RULES, of_user=user_id)
        return Reachability(
            user_id=user_id,
            contacts=tuple(contact_of(row) for row in reached),
            rules=tuple(rule_of(row) for row in rules),
            quiet_hours=(await quiet_hours_of(self.session, [user_id])).get(user_id),
        )

    async def save_reachability(
        self,
        user_id: UserId,
        contacts: Sequence[Contact],
        rules: Sequence[NotificationRule],
        *,
        quiet_hours: QuietHours | None = None,
    ) -> None:
        await self.session.execute(_DELETE_RULES, of_user=user_id)
        await self.session.connection.execute(_DELETE_CONTACTS, user_id, [contact.id for contact in contacts])
        for contact in contacts:
            await self.session.execute(
                _UPSERT_CONTACT,
                contact_id=contact.id,
                of_user=user_id,
                new_channel=contact.channel.value,
                new_address=contact.address,
                new_label=contact.label,
                new_verified_at=contact.verified_at,
            )
        await self.session.execute(_DELETE_QUIET_HOURS, of_user=user_id)
        if quiet_hours is not None:
            await self.session.execute(
                _INSERT_QUIET_HOURS, user_id=user_id, starts=quiet_hours.starts, ends=quiet_hours.ends
            )
        for rule in rules:
            await self.session.execute(
                _INSERT_RULE,
                of_user=user_id,
                new_urgency=rule.urgency.value,
                new_position=rule.position,
                new_contact_id=rule.contact_id,
                new_delay_seconds=round(rule.delay.total_seconds()),
            )


@contextmanager
def _telling_conflicts(user: User) -> Iterator[None]:
    """Raises `ConflictError`, which names what is taken, in place of the driver's exception."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "users_slack_user_id_key":
            raise ConflictError("Slack member", user.slack_user_id, "is linked to another user") from error
        if error.constraint_name == "users_email_key":
            raise ConflictError("user", user.email, "is there already") from error
        raise ConflictError("user", user.id, "is there already") from error


def _required(row: Row | None, user_id: UserId) -> User:
    if row is None:
        raise NotFoundError("user", user_id)
    return _user(row)


def _user(row: Row) -> User:
    return User(
        id=UserId(row["id"]),
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        time_zone=row["time_zone"],
        password_hash=row["password_hash"],
        slack_user_id=row["slack_user_id"],
        is_active=row["is_active"],
        holiday_region=row["holiday_region"],
        version=row["version"],
    )
