"""A service, the people who are paged for it, and the settings under which processes serve them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dishka import AsyncContainer

from application.escalation.create_policy import CreatePolicy
from application.identity.create_api_key import CreateApiKey
from application.identity.create_first_admin import CreateFirstAdmin
from application.identity.create_team import CreateTeam
from application.identity.create_user import CreateUser
from application.identity.set_reachability import ContactDraft, SetReachability
from application.oncall.create_schedule import CreateSchedule
from application.service.create_integration import CreateIntegration
from application.service.create_service import CreateService
from domain.escalation.policy import Step, Target, TargetKind
from domain.identity.actor import Actor, CredentialKind
from domain.identity.role import Permission, Role
from domain.notification.contact import Channel
from domain.oncall.layer import Layer
from domain.oncall.rotation import Rotation, RotationUnit
from domain.service.integration import IntegrationKind
from domain.shared.ids import ServiceId, UserId
from domain.shared.via import Via
from entrypoints.container import production_container
from entrypoints.settings import Settings
from tests.support.fake_slack import FakeSlack
from tests.support.smtp import SmtpServer

SECRET_KEY: Final = "no secret of anybody, and long enough"
STEP: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Crew:
    """Ana is on call by the schedule of the first step; Ana and Ben are the team of every later one."""

    settings: dict[str, str]
    service_id: ServiceId
    ana: UserId
    ben: UserId
    token: str  # of an API key that may do everything
    key: str  # of the PagerDuty integration
    alertmanager_key: str
    opsgenie_key: str

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def settings_of(dsn: str, *, smtp: SmtpServer | None = None, slack: FakeSlack | None = None) -> dict[str, str]:
    """What processes over this database are started with; a channel that is not given lands in the mailbox."""
    settings = {"database_url": dsn, "secret_key": SECRET_KEY, "log_format": "json", "shutdown_seconds": "5"}
    # A handful of people get every page of a storm here, and it is the fate of single ones that is looked at.
    settings["contact_messages_per_minute"] = "10000"
    settings["shift_notice_hours"] = "0"  # every message that is counted is a page
    if smtp is not None:
        settings |= {"smtp_host": smtp.host, "smtp_port": str(smtp.port), "smtp_tls": "none"}
        settings |= {"smtp_sender": "tocsin@example.test"}
    if slack is not None:
        settings |= {"slack_url": slack.base_url, "slack_token": slack.token, "outgoing_networks": "127.0.0.0/8"}
        settings |= {"slack_signing_secrets": slack.signing_secret}
    return settings


async def stock(
    dsn: str,
    *,
    steps: int = 2,
    repeats: int = 0,
    delay: timedelta = STEP,
    smtp: SmtpServer | None = None,
    slack: FakeSlack | None = None,
) -> Crew:
    """Put a crew into a migrated database, by the use cases that an admin would call."""
    settings = settings_of(dsn, smtp=smtp, slack=slack)
    container = production_container(Settings(database_url=dsn, secret_key=SECRET_KEY))
    try:
        async with container() as request:
            return await _stock(request, settings, steps=steps, repeats=repeats, delay=delay)
    finally:
        await container.close()


async def _stock(
    request: AsyncContainer, settings: dict[str, str], *, steps: int, repeats: int, delay: timedelta
) -> Crew:
    admin = (await (await request.get(CreateFirstAdmin))(email="admin@example.test", name="Admin")).user
    actor = Actor(user_id=admin.id, role=Role.ADMIN, via=Via.CLI, credential=CredentialKind.LOCAL)
    key = await (await request.get(CreateApiKey))(name="tests", scopes=frozenset(Permission), actor=actor)
    ana = await _responder(request, "Ana", "U0ANA", actor)
    ben = await _responder(request, "Ben", "U0BEN", actor)
    team = await (await request.get(CreateTeam))(name="Shop", member_ids=(ana, ben), actor=actor)
    rotation = Rotation(
        unit=RotationUnit.WEEK,
        starts_at_local=datetime(2026, 1, 5, 9),  # noqa: DTZ001  # local to the schedule's zone
        participants=((ana,),),
    )
    schedule = await (await request.get(CreateSchedule))(
        team_id=team.id, name="Primary", time_zone="Europe/Berlin", layers=(Layer(rotation=rotation),), actor=actor
    )
    on_call = Step(targets=(Target(kind=TargetKind.SCHEDULE, id=schedule.id),), delay=delay)
    everyone = Step(targets=(Target(kind=TargetKind.TEAM, id=team.id),), delay=delay)
    policy, _ = await (await request.get(CreatePolicy))(
        team_id=team.id, name="Wake", steps=(on_call, *[everyone] * (steps - 1)), repeats=repeats, actor=actor
    )
    service = await (await request.get(CreateService))(
        team_id=team.id, policy_id=policy.id, name="checkout", actor=actor
    )
    integrate = await request.get(CreateIntegration)
    events = await integrate(service.id, kind=IntegrationKind.PAGERDUTY, name="Events", actor=actor)
    alerts = await integrate(service.id, kind=IntegrationKind.ALERTMANAGER, name="Alertmanager", actor=actor)
    opsgenie = await integrate(service.id, kind=IntegrationKind.OPSGENIE, name="Opsgenie", actor=actor)
    return Crew(
        settings=settings,
        service_id=service.id,
        ana=ana,
        ben=ben,
        token=key.secret,
        key=events.key,
        alertmanager_key=alerts.key,
        opsgenie_key=opsgenie.key,
    )


async def _responder(request: AsyncContainer, name: str, slack_user_id: str, actor: Actor) -> UserId:
    """Reached by e-mail and by Slack, both at once."""
    address = f"{name.lower()}@example.test"
    new = await (await request.get(CreateUser))(
        email=address, name=name, role=Role.RESPONDER, slack_user_id=slack_user_id, actor=actor
    )
    contacts: Sequence[ContactDraft] = (
        ContactDraft(channel=Channel.EMAIL, address=address),
        ContactDraft(channel=Channel.SLACK, address=slack_user_id),
    )
    await (await request.get(SetReachability))(new.user.id, contacts=contacts, rules=(), actor=actor)
    return new.user.id


def new_dedup_key(prefix: str = "fault") -> str:
    return f"{prefix}-{secrets.token_hex(6)}"
