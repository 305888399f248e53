from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from application.ports.directory import Directory
from application.ports.ids import IdFactory
from application.ports.notifications import NotificationRepository
from domain.notification.contact import Channel, Contact
from domain.notification.notice import Notice
from domain.notification.notification import Notification
from domain.notification.rule import told_on
from domain.shared.ids import NotificationId, UserId


class Telling(NamedTuple):
    """Something to say to some people."""

    user_ids: Collection[UserId]
    notice: Notice
    besides: Collection[tuple[Channel, str]] = ()  # contacts that the notice must not take: they are its subject


@dataclass(frozen=True, slots=True)
class Notify:
    """Tells people something that is about no incident, in the transaction of whoever decided on it.

    It may be told again and again: a notice's key, with the person and the contact, makes it once.
    """

    directory: Directory
    notifications: NotificationRepository
    ids: IdFactory

    async def __call__(self, user_ids: Collection[UserId], notice: Notice, *, at: datetime) -> frozenset[UserId]:
        """Who has a contact, and so is told. Whoever is not active is told nothing."""
        return await self.each([Telling(user_ids, notice)], at=at)

    async def each(self, tellings: Sequence[Telling], *, at: datetime) -> frozenset[UserId]:
        """The same for several at once, in as many statements as for one."""
        if not tellings:
            return frozenset()
        people = await self.directory.reachability({user_id for telling in tellings for user_id in telling.user_ids})
        made = [
            self._made(telling.notice, contact, at)
            for telling in tellings
            for user_id in dict.fromkeys(telling.user_ids)
            if (person := people.get(user_id)) is not None
            for contact in told_on(
                [each for each in person.contacts if (each.channel, each.address) not in telling.besides],
                person.rules,
                kind=telling.notice.kind,
            )
        ]
        await self.notifications.add(made)
        return frozenset(each.user_id for each in made if each.user_id is not None)

    def _made(self, notice: Notice, contact: Contact, at: datetime) -> Notification:
        return Notification.of_notice(
            NotificationId(self.ids.new()),
            notice,
            user_id=contact.user_id,
            channel=contact.channel,
            address=contact.address,
            at=at,
        )
