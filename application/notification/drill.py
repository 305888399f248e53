from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from application.notification.notify import Notify
from domain.notification.notice import Notice, NoticeKind
from domain.shared.ids import UserId


class Drilled(NamedTuple):
    """Who gets a test page on each of their contacts, and who cannot be reached at all."""

    told: tuple[UserId, ...]
    unreachable: tuple[UserId, ...]


@dataclass(frozen=True, slots=True)
class Drill:
    """Sends people a test page, in the transaction of whoever decided on it: one a minute at most."""

    notify: Notify

    async def __call__(self, user_ids: Sequence[UserId], *, at: datetime, key: str = "") -> Drilled:
        """`key` names a drill that is held once; without one it is that of the minute."""
        told = await self.notify(user_ids, drill_notice(key or f"{at.astimezone(UTC):%Y-%m-%dT%H:%M}"), at=at)
        return Drilled(
            tuple(user_id for user_id in user_ids if user_id in told),
            tuple(user_id for user_id in user_ids if user_id not in told),
        )


def drill_notice(key: str) -> Notice:
    """Its link is made when it is sent, for the one contact that it is sent to."""
    return Notice(
        kind=NoticeKind.DRILL,
        key=f"drill:{key}",
        title="Test page: nothing is broken",
        text="This is a drill: does a page reach you here?\nOpen the link and press the button to say that it arrived.",
    )
