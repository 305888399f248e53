"""A first service with somebody to page, so that the bell can be rung before anything is configured."""

from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from dishka import AsyncContainer

from application.escalation.create_policy import CreatePolicy
from application.identity.create_team import CreateTeam
from application.identity.get_reachability import GetReachability
from application.identity.get_user import GetUser
from application.identity.set_reachability import ContactDraft, SetReachability
from application.ports.clock import Clock
from application.ports.intake import IntakeStore
from application.service.create_integration import CreateIntegration
from application.service.create_service import CreateService
from domain.escalation.policy import Step, Target, TargetKind
from domain.identity.actor import Actor
from domain.identity.credential import secret_hash
from domain.notification.contact import Channel
from domain.service.integration import IntegrationKind
from entrypoints.local import write_private

FILE: Final = "example-key"


class Example(NamedTuple):
    key: str


async def example_of(container: AsyncContainer, directory: Path, actor: Actor) -> Example:
    """Its integration key, made on the first start and kept in the directory."""
    path = directory / FILE
    if path.exists():
        key = path.read_text().strip()
        async with container() as request:
            clock = await request.get(Clock)
            if await (await request.get(IntakeStore)).target_of(secret_hash(key), at=clock.now()) is not None:
                return Example(key)
    key = await _create(container, actor)
    write_private(path, key.encode())
    return Example(key)


async def _create(container: AsyncContainer, actor: Actor) -> str:
    async with container() as request:
        reachability = await (await request.get(GetReachability))(actor.user_id, actor=actor)
        if not reachability.contacts:
            user = await (await request.get(GetUser))(actor.user_id, actor=actor)
            contact = ContactDraft(channel=Channel.EMAIL, address=user.email)
            await (await request.get(SetReachability))(actor.user_id, contacts=(contact,), rules=(), actor=actor)
        team = await (await request.get(CreateTeam))(name="Example team", member_ids=(actor.user_id,), actor=actor)
        policy, _ = await (await request.get(CreatePolicy))(
            team_id=team.id,
            name="Example policy",
            steps=(Step(targets=(Target(kind=TargetKind.USER, id=actor.user_id),), delay=timedelta(minutes=1)),),
            repeats=2,
            actor=actor,
        )
        service = await (await request.get(CreateService))(
            team_id=team.id,
            policy_id=policy.id,
            name="example",
            description="A first service to try things on",
            actor=actor,
        )
        issued = await (await request.get(CreateIntegration))(
            service.id, kind=IntegrationKind.PAGERDUTY, name="Example", actor=actor
        )
        return issued.key
