from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple
from uuid import UUID

from application.authorize import require
from application.ports.clock import Clock
from application.ports.intake import IntakeStore
from application.ports.integrations import IntegrationRepository
from application.ports.patterns import Patterns
from application.ports.references import References
from application.ports.stored_events import StoredEventReader
from application.routing.owner import RoutingOwner, owner_that_is_there
from application.routing.rehearsal import Fate, Rehearsal, Tally, teams_led_to
from application.routing.rules import CurrentRules
from application.routing.signs_of_silence import dropped_signs
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.decision import CompiledRouting
from domain.routing.matcher import Matcher
from domain.routing.route import Routing, Rule
from domain.routing.rulebook import Rulebook
from domain.routing.silence import Silence
from domain.shared.errors import InvalidValueError
from domain.shared.ids import SilenceId, TeamId
from domain.shared.limits import REHEARSED_DAYS, REHEARSED_DIFFERENCES, REHEARSED_EVENTS

_BODIES: Final = 500  # at once; between two readings others have their turn
_NOBODY: Final = UUID(int=0)  # in the place of ids of what is not stored


class Difference(NamedTuple):
    """An event that would become something else."""

    event_id: UUID
    received_at: datetime
    dedup_key: str
    before: Fate
    after: Fate


class Rehearsed(NamedTuple):
    since: datetime
    until: datetime  # how far it came
    is_complete: bool  # whether that is now
    examined: int  # events
    before: Tally
    after: Tally
    differences: tuple[Difference, ...]  # the first of them
    different: int
    warnings: tuple[str, ...] = ()  # what the rules would do beside, for people


@dataclass(frozen=True, slots=True)
class Rehearse:
    """Past events by the rules as they are, and as they would be: what differs, before anything is saved."""

    events: StoredEventReader
    intake: IntakeStore
    clock: Clock

    async def __call__(self, before: Rulebook, after: Rulebook, *, days: int) -> Rehearsed:
        """Raises `InvalidValueError` for too many days, or none."""
        if not 1 <= days <= REHEARSED_DAYS:
            raise InvalidValueError("days", f"is {days}, allowed are 1 to {REHEARSED_DAYS}")
        until = self.clock.now()
        since = until - timedelta(days=days)
        teams = await teams_led_to((before, after), self.intake)
        old, new = Rehearsal(before, teams), Rehearsal(after, teams)
        examined = different = 0
        differences: list[Difference] = []
        last: UUID | None = None
        came_to = since
        while True:
            found = await self.events.between(since, until, after=last, limit=_BODIES)
            for _, of_body in groupby(found.events, key=attrgetter("event_id")):
                body = tuple(of_body)
                came_to = body[0].received_at
                for event, *fates in zip(body, old.feed(body), new.feed(body), strict=True):
                    if fates[0] is not fates[1]:
                        different += 1
                        if len(differences) < REHEARSED_DIFFERENCES:
                            told = event.event_id, event.received_at, event.verdict.dedup_key
                            differences.append(Difference(*told, *fates))
            examined += len(found.events)
            last = found.last_id
            if last is None or examined >= REHEARSED_EVENTS:
                break
        is_complete = last is None
        came_to = until if is_complete else came_to
        old.pass_until(came_to)
        new.pass_until(came_to)
        return Rehearsed(since, came_to, is_complete, examined, old.tally, new.tally, tuple(differences), different)


@dataclass(frozen=True, slots=True)
class TryRouting:
    """What other rules of an owner would have done to the events of the last days."""

    current_rules: CurrentRules
    rehearse: Rehearse
    integrations: IntegrationRepository
    references: References
    patterns: Patterns

    async def __call__(self, owner: RoutingOwner, rules: tuple[Rule, ...], *, days: int, actor: Actor) -> Rehearsed:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`."""
        require(actor, Permission.READ)
        owner = await owner_that_is_there(owner, integrations=self.integrations, references=self.references)
        wanted = Routing(team_id=owner.team_id, integration_id=owner.integration_id, rules=rules)
        compiled = CompiledRouting(wanted, self.patterns.compile)
        kind = None
        if owner.integration_id is not None:
            kind = (await self.integrations.look_up(owner.integration_id)).kind
        before = await self.current_rules()
        found = await self.rehearse(before, before.replacing(compiled), days=days)
        return found._replace(warnings=tuple(dropped_signs(compiled, kind=kind)))


@dataclass(frozen=True, slots=True)
class TrySilence:
    """What a silence would have kept from paging, had it held for the last days."""

    current_rules: CurrentRules
    rehearse: Rehearse
    patterns: Patterns
    clock: Clock

    async def __call__(
        self, matchers: tuple[Matcher, ...], *, team_id: TeamId | None = None, days: int, actor: Actor
    ) -> Rehearsed:
        """Raises `ForbiddenError`, `InvalidValueError`."""
        require(actor, Permission.READ)
        at = self.clock.now()
        silence = Silence(
            id=SilenceId(_NOBODY),
            team_id=team_id,
            matchers=matchers,
            comment="tried",
            author_id=actor.user_id,
            starts_at=at - timedelta(days=REHEARSED_DAYS + 1),
            ends_at=at + timedelta(days=1),
        )
        silence.require_narrow(self.patterns.compile)
        before = await self.current_rules()
        return await self.rehearse(before, before.quieter(silence, self.patterns.compile), days=days)
