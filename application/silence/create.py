from dataclasses import dataclass
from datetime import datetime

from application.audit.describe import describe
from application.audit.record import RecordAudit
from application.authorize import require
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.patterns import Patterns
from application.ports.references import Reference, ReferenceKind, References
from application.ports.silences import SilenceRepository
from application.ports.transaction import Transaction
from application.references import NamedReference, require_known
from application.routing.rules import RulebookCache
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.index import MatcherIndex
from domain.routing.matcher import Matcher
from domain.routing.silence import Silence
from domain.shared.errors import InvalidValueError
from domain.shared.ids import SilenceId, TeamId
from domain.shared.limits import SILENCES


@dataclass(frozen=True, slots=True)
class CreateSilence:
    """Somebody who responds keeps alerts from paging for a while. Incidents that are open go on as they are."""

    silences: SilenceRepository
    references: References
    patterns: Patterns
    cache: RulebookCache
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        matchers: tuple[Matcher, ...],
        *,
        comment: str,
        ends_at: datetime,
        starts_at: datetime | None = None,
        team_id: TeamId | None = None,
        actor: Actor,
    ) -> Silence:
        """Begins now unless said otherwise. Raises `ForbiddenError`, `InvalidValueError`."""
        require(actor, Permission.RESPOND)
        at = self.clock.now()
        if ends_at <= at:
            raise InvalidValueError("ends_at", "must be in the future")
        silence = Silence(
            id=SilenceId(self.ids.new()),
            team_id=team_id,
            matchers=matchers,
            comment=comment.strip(),
            author_id=actor.user_id,
            starts_at=at if starts_at is None else starts_at,
            ends_at=ends_at,
        )
        MatcherIndex([matchers], self.patterns.compile)
        silence.require_narrow(self.patterns.compile)
        async with self.transaction:
            if team_id is not None:
                named = NamedReference("team_id", Reference(ReferenceKind.TEAM, team_id))
                await require_known(self.references, [named])
            if await self.silences.count(at=at) >= SILENCES:
                raise InvalidValueError("ends_at", f"there are {SILENCES} silences already; end some of them first")
            stored = await self.silences.save(silence)
            await self.record_audit("silence.create", stored.id, actor=actor, at=at, after=describe(stored))
        self.cache.forget()
        return stored
