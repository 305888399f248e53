from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from application.ports.directory import Reachability
from application.ports.page import Page, PageRequest
from domain.identity.user import User
from domain.notification.contact import Contact
from domain.notification.quiet_hours import QuietHours
from domain.notification.rule import NotificationRule
from domain.shared.ids import UserId


class UserRepository(Protocol):
    """Users, and how each is reached. Writes are inside the current transaction."""

    @abstractmethod
    async def get(self, user_id: UserId) -> User:
        """The user, held until the transaction ends. Raises `NotFoundError`."""

    @abstractmethod
    async def look_up(self, user_id: UserId) -> User:
        """The user, only to look at. Raises `NotFoundError`."""

    @abstractmethod
    async def by_email(self, email: str) -> User | None:
        """By the whole address in lower case, only to look at."""

    @abstractmethod
    async def by_slack_user_id(self, slack_user_id: str) -> User | None:
        """Only to look at."""

    @abstractmethod
    async def active_admins(self) -> frozenset[UserId]:
        """Who administers, held: nobody is taken from or lost to this set until the transaction ends.

        Ask for it before any single user, so that two who ask never wait for each other.
        """

    @abstractmethod
    async def list(self, page: PageRequest) -> Page[User]:
        """By name, then id."""

    @abstractmethod
    async def save(self, user: User) -> User:
        """Store it, new when its version is 0, and return it as stored.

        Raises `ConflictError` when it was saved since it was read, or its e-mail address or Slack member is taken.
        """

    @abstractmethod
    async def reachability(self, user_id: UserId) -> Reachability:
        """Contacts in order of channel and address, rules in order of urgency and position; also of inactive users."""

    @abstractmethod
    async def save_reachability(
        self,
        user_id: UserId,
        contacts: Sequence[Contact],
        rules: Sequence[NotificationRule],
        *,
        quiet_hours: QuietHours | None = None,
    ) -> None:
        """Put these in place of what there was. Every rule names one of the contacts."""
