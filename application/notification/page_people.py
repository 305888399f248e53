from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.notification.pages_to import pages_to
from application.ports.directory import Directory
from application.ports.ids import IdFactory
from application.ports.notifications import NotificationRepository
from domain.escalation.plan import FIRST
from domain.incident.incident import Incident
from domain.shared.errors import InvalidValueError
from domain.shared.ids import RunId, UserId


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
        await self.notifications.add(
            [
                page
                for user_id in user_ids
                if user_id in people
                for page in pages_to(
                    people[user_id],
                    incident_id=incident.id,
                    run_id=run_id,
                    position=FIRST,
                    urgency=incident.urgency,
                    at=at,
                    ids=self.ids,
                )
            ]
        )
