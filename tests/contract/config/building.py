"""Configuration to store, each with an id and a name of its own."""

from datetime import timedelta
from hashlib import sha256
from itertools import count
from uuid import UUID

from domain.escalation.policy import EscalationPolicy, Step, Target, TargetKind
from domain.service.integration import Integration, IntegrationKind
from domain.service.service import Service
from domain.shared.ids import IntegrationId, PolicyId, ServiceId, TeamId
from tests.contract.config.conftest import CORE, Store
from tests.support.oncall import ANN

_numbers = count(1000)


def a_policy(name: str, *, team_id: TeamId = CORE) -> EscalationPolicy:
    targets = (Target(kind=TargetKind.USER, id=ANN), Target(kind=TargetKind.TEAM, id=CORE))
    return EscalationPolicy(
        id=PolicyId(new_id()),
        team_id=team_id,
        name=name,
        steps=(Step(targets=targets, delay=timedelta(minutes=5)), Step(targets=targets[:1], delay=timedelta(days=1))),
        repeats=2,
    )


async def a_stored_service(store: Store, name: str = "Payments", *, team_id: TeamId = CORE) -> Service:
    async with store.transaction:
        policy = await store.policies.save(a_policy(f"{name} policy"))
        return await store.services.save(a_service(name, policy.id, team_id=team_id))


def a_service(name: str, policy_id: PolicyId, *, team_id: TeamId = CORE) -> Service:
    return Service(
        id=ServiceId(new_id()),
        team_id=team_id,
        policy_id=policy_id,
        name=name,
        description="Takes money.",
        runbook_url="https://example.test/run",
    )


def an_integration(service: Service, name: str = "Prometheus", *, key: str | None = None) -> Integration:
    integration_id = IntegrationId(new_id())
    return Integration(
        id=integration_id,
        service_id=service.id,
        team_id=service.team_id,
        kind=IntegrationKind.ALERTMANAGER,
        name=name,
        key_hash=hashed(key or str(integration_id)),
    )


def hashed(key: str) -> bytes:
    return sha256(key.encode()).digest()


def new_id() -> UUID:
    return UUID(int=next(_numbers))
