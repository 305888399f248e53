from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.ports.directory import Directory, Reachability
from application.ports.ids import IdFactory
from application.ports.notifications import NotificationRepository
from domain.incident.incident import Incident
from domain.notification.notification import Notification, NotificationStatus, Purpose
from domain.notification.rule import planned
from domain.shared.errors import InvalidValueError
from domain.shared.ids import NotificationId, RunId, UserId


@dataclass(frozen=True, slots=True)
class PagePeople:
    """People are paged by name, not by a policy's step: each by their own rules, from now on.

    In the caller's transaction. The pages are those of a run that is only a name, so that asking once more pages once
    more (P4).
    """

    directory: Directory
    notifications: NotificationRepository
    ids: IdFactory

    async def require_reachable(self, user_ids: Sequence[UserId]) -> None:
        """Raises `InvalidValueError` for the first of `users` whom no page would reach."""
        people = await self.directory.reachability(set(user_ids))
        for place, user_id in enumerate(user_ids):
            if user_id not in people:
                raise InvalidValueError(f"users[{place}]", f"names no user who is active: {user_id}")
            if not people[user_id].contacts:
                raise InvalidValueError(f"users[{place}]", f"cannot be reached, having no contact: {user_id}")

    async def __call__(self, incident: Incident, user_ids: Sequence[UserId], *, run_id: RunId, at: datetime) -> None:
        people = await self.directory.reachability(set(user_ids))
        reached = [people[user_id] for user_id in user_ids if user_id in people]
        pages = [page for person in reached for page in self._pages(incident, person, run_id, at)]
        await self.notifications.add(pages)

    def _pages(self, incident: Incident, person: Reachability, run_id: RunId, at: datetime) -> Iterator[Notification]:
        for plan in planned(
            person.contacts, person.rules, urgency=incident.urgency, at=at, quiet_hours=person.quiet_hours
        ):
            yield Notification(
                id=NotificationId(self.ids.new()),
                incident_id=incident.id,
                run_id=run_id,
                round=0,
                step=0,
                user_id=person.user_id,
                rule_position=plan.rule_position,
                purpose=Purpose.PAGE,
                channel=plan.channel,
                address=plan.address,
                status=NotificationStatus.PENDING,
                created_at=at,
                next_deadline=plan.due_at,
            )
