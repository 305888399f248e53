"""Bodies that came before, once more."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from adapters.inbound.http.fields import Instant
from adapters.inbound.http.rehearsals import TallyBody
from application.alert.replay import ReplayBodies, Replayed
from domain.identity.actor import Actor
from domain.shared.ids import IntegrationId
from domain.shared.limits import REHEARSED_DAYS, REPLAYED_BODIES

Since = Annotated[Instant, Meta(description=f"At most {REHEARSED_DAYS} days ago.")]


class ReplayBodiesBody(msgspec.Struct, forbid_unknown_fields=True):
    """Of bodies received in [since, until)."""

    since: Since
    until: Annotated[Instant | None, Meta(description="Null, or later than now: now.")] = None
    dry_run: Annotated[bool, Meta(description="Only say what would come of it.")] = True


class EffectsBody(msgspec.Struct):
    """What events that are done now come to: `alerts` new ones, `occurrences` more of alerts that fire."""

    alerts: int
    occurrences: int
    resolved: int
    dropped: Annotated[int, Meta(description="By today's rules.")]
    repeated: Annotated[int, Meta(description="That were replayed before, and were left alone.")]


class ReplayedBodiesBody(msgspec.Struct):
    """What came of it, or would have. `next_since`: there are more, ask again from there."""

    since: datetime
    until: datetime
    next_since: datetime | None
    dry_run: bool
    bodies: Annotated[int, Meta(description=f"That were looked at; about {REPLAYED_BODIES} by one request.")]
    unreadable: Annotated[int, Meta(description="Bodies that say nothing today either.")]
    taken: Annotated[int, Meta(description="Events that had been taken as they are read today: left alone.")]
    over: Annotated[int, Meta(description="Events whose condition has ended since: left alone.")]
    effects: EffectsBody
    shadow: Annotated[
        TallyBody | None, Meta(description="Of a dry run: what all of the events come to by today's rules.")
    ]

    @classmethod
    def of(cls, replayed: Replayed, *, dry_run: bool) -> Self:
        effects = replayed.effects
        return cls(
            since=replayed.since,
            until=replayed.until,
            next_since=replayed.next_since,
            dry_run=dry_run,
            bodies=replayed.bodies,
            unreadable=replayed.unreadable,
            taken=replayed.taken,
            over=replayed.over + effects.over,
            effects=EffectsBody(
                alerts=effects.alerts,
                occurrences=effects.occurrences,
                resolved=effects.resolved,
                dropped=effects.dropped,
                repeated=effects.repeated,
            ),
            shadow=None if replayed.shadow is None else TallyBody.of(replayed.shadow),
        )


class ReplayController(Controller):
    path = "/v1/integrations"
    tags = ("integrations",)

    @post("/{integration_id:uuid}/replay", status_code=200)
    async def replay_bodies(
        self,
        integration_id: FromPath[UUID],
        data: JSONBody[ReplayBodiesBody],
        replay_bodies: FromDishka[ReplayBodies],
        actor: FromDishka[Actor],
    ) -> ReplayedBodiesBody:
        """Take the bodies of an interval once more, by today's mapping and rules, or only say what would come of it."""
        replayed = await replay_bodies(
            IntegrationId(integration_id), since=data.since, until=data.until, dry_run=data.dry_run, actor=actor
        )
        return ReplayedBodiesBody.of(replayed, dry_run=data.dry_run)
