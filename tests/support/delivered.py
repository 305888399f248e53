"""Pages that have reached somebody, straight into the memory storage."""

from datetime import datetime

from adapters.outbound.memory.database import MemoryDatabase
from application.ports.notifications import Attempt
from application.ports.notifier import Outcome
from domain.shared.ids import UserId
from tests.support.builders import a_page


def deliver(
    database: MemoryDatabase, number: int, *, to: UserId, at: datetime, outcome: Outcome = Outcome.DELIVERED
) -> None:
    """Each number is another page, and each call another attempt of it."""
    page = a_page(number, user_id=to)
    database.notifications[page.id] = page
    attempt = Attempt(
        notification_id=page.id,
        incident_id=page.incident_id,
        number=1 + sum(each.notification_id == page.id for each in database.attempts),
        started_at=at,
        finished_at=at,
        outcome=outcome,
        detail="",
    )
    database.attempts += (attempt,)
