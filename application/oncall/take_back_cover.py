from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.notification.notify import Notify, Telling
from application.ports.covers import CoverRepository
from application.ports.directory import Directory
from application.ports.readers import IncidentReader
from domain.identity.actor import Actor
from domain.notification.notice import Notice, NoticeKind
from domain.oncall.cover import CoverRequest
from domain.shared.ids import UserId
from domain.shared.interval import told

INTERVALS_NAMED: Final = 10  # in one notice: it is read on a phone


@dataclass(frozen=True, slots=True)
class TakeBackCover:
    """Requests for cover are withdrawn in the caller's transaction, and those who might still have accepted hear of it.

    However many requests one person was asked by, they hear of all of them at once.
    """

    covers: CoverRepository
    directory: Directory
    readers: IncidentReader
    notify: Notify
    record_audit: RecordAudit

    async def __call__(
        self, requests: Sequence[CoverRequest], *, actor: Actor, at: datetime
    ) -> tuple[CoverRequest, ...]:
        """As stored. One that was withdrawn before stays as it is.

        Raises `ConflictError` when somebody answers one at this moment, `IllegalTransitionError` for one that is over.
        """
        saved = []
        for request in requests:
            change = request.withdraw(by=actor.user_id, at=at)
            saved.append(await self.covers.save(change))
            if change.events:
                await self.record_audit(
                    "cover.withdraw",
                    request.id,
                    actor=actor,
                    at=at,
                    before=describe(request),
                    after=describe(saved[-1]),
                )
        withdrawn = [before for before, after in zip(requests, saved, strict=True) if after.version != before.version]
        await self.notify.each(await self._tellings(withdrawn, actor), at=at)
        return tuple(saved)

    async def _tellings(self, withdrawn: Sequence[CoverRequest], actor: Actor) -> list[Telling]:
        if not withdrawn:
            return []
        members = await self.directory.team_members({request.team_id for request in withdrawn})
        names = await self.readers.user_names({request.user_id for request in withdrawn})
        together: defaultdict[tuple[UserId, frozenset[UserId]], list[CoverRequest]] = defaultdict(list)
        for request in withdrawn:
            asked = request.asked(members.get(request.team_id, ())) - frozenset(request.declined_by)
            together[request.user_id, asked - {actor.user_id}].append(request)
        return [
            Telling(sorted(user_ids), no_longer_needed(names.get(user_id, "Somebody"), several))
            for (user_id, user_ids), several in together.items()
        ]


def no_longer_needed(name: str, requests: Sequence[CoverRequest]) -> Notice:
    """That these requests of one person's, at least one, need no answer any more."""
    ordered = sorted(requests, key=lambda request: request.interval.start)
    lines = [told(request.interval) for request in ordered[:INTERVALS_NAMED]]
    more = len(ordered) - INTERVALS_NAMED
    return Notice(
        kind=NoticeKind.COVER,
        key=f"cover-withdrawn:{ordered[0].id}",
        title=f"No longer needed: cover for {name}",
        text="\n".join(
            [
                f"{name} stays on call, and needs nobody to stand in:",
                *lines,
                *([f"and {more} more"] if more > 0 else []),
            ]
        ),
    )
