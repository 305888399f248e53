from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.directory import quiet_hours_of
from adapters.outbound.memory.named import page_of, require_as_read
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


@dataclass(frozen=True, slots=True)
class MemoryUserRepository(UserRepository):
    session: MemorySession

    async def get(self, user_id: UserId) -> User:
        return await self.look_up(user_id)

    async def look_up(self, user_id: UserId) -> User:
        user = self.session.database.users.get(user_id)
        if user is None:
            raise NotFoundError("user", user_id)
        return user

    async def by_email(self, email: str) -> User | None:
        return next((user for user in self.session.database.users.values() if user.email == email), None)

    async def by_slack_user_id(self, slack_user_id: str) -> User | None:
        users = self.session.database.users.values()
        return next((user for user in users if user.slack_user_id == slack_user_id), None)

    async def active_admins(self) -> frozenset[UserId]:
        users = self.session.database.users.values()
        return frozenset(user.id for user in users if user.role is Role.ADMIN and user.is_active)

    async def list(self, page: PageRequest) -> Page[User]:
        return page_of(self.session.database.users.values(), page, is_wanted=lambda _: True)

    async def save(self, user: User) -> User:
        users = self.session.database.users
        require_as_read("user", user, users.get(user.id))
        for other in users.values():
            if other.id == user.id:
                continue
            if other.email == user.email:
                raise ConflictError("user", user.email, "is there already")
            if user.slack_user_id is not None and other.slack_user_id == user.slack_user_id:
                raise ConflictError("Slack member", user.slack_user_id, "is linked to another user")
        stored = replace(user, version=user.version + 1)
        users[stored.id] = stored
        return stored

    async def reachability(self, user_id: UserId) -> Reachability:
        database = self.session.database
        return Reachability(
            user_id=user_id,
            contacts=database.contacts.get(user_id, ()),
            rules=database.rules.get(user_id, ()),
            quiet_hours=quiet_hours_of(database, user_id),
        )

    async def save_reachability(
        self,
        user_id: UserId,
        contacts: Sequence[Contact],
        rules: Sequence[NotificationRule],
        *,
        quiet_hours: QuietHours | None = None,
    ) -> None:
        database = self.session.database
        if not {rule.contact_id for rule in rules} <= {contact.id for contact in contacts}:
            raise ConflictError("contact", user_id, "names something that is not there, or is still used")
        database.contacts[user_id] = tuple(sorted(contacts, key=lambda each: (each.channel, each.address, each.id)))
        if quiet_hours is None:
            database.quiet_hours.pop(user_id, None)
        else:
            database.quiet_hours[user_id] = quiet_hours
        database.rules[user_id] = tuple(sorted(rules, key=lambda each: (each.urgency, each.position)))
