"""Keys and policies change under an HTTP server that remembers them, wired as in production."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from time import monotonic
from typing import Final

import aiohttp
import pytest
from dishka import AsyncContainer

from adapters.inbound.intake.targets import BRIEFLY_SECONDS
from adapters.outbound.postgres.listener import PostgresListener
from adapters.outbound.postgres.session import Pool
from application.escalation.update_policy import UpdatePolicy
from application.identity.create_first_admin import CreateFirstAdmin
from application.ports.clock import Clock
from application.ports.integrations import IntegrationRepository
from application.ports.page import PageRequest
from application.ports.policies import PolicyRepository
from application.service.rotate_integration_key import RotateIntegrationKey
from domain.escalation.policy import EscalationPolicy
from domain.identity.actor import Actor
from domain.service.integration import Integration
from entrypoints.container import production_container
from entrypoints.example import Example, example_of
from entrypoints.http_server import listen, serve
from entrypoints.local import local_admin
from entrypoints.settings import Settings
from tests.support.processes import free_port

pytestmark = pytest.mark.postgres

# So soon a change must count.
SOON: Final = 1.0


@dataclass(frozen=True, slots=True)
class Door:
    container: AsyncContainer
    client: aiohttp.ClientSession
    admin: Actor
    key: str

    async def send(self, dedup_key: str, *, key: str = "") -> int:
        event = {"summary": "full", "source": "db", "severity": "critical"}
        body = {"routing_key": key or self.key, "event_action": "trigger", "dedup_key": dedup_key, "payload": event}
        async with self.client.post("/v2/enqueue", json=body) as answer:
            return answer.status

    async def integration(self) -> Integration:
        async with self.container() as request:
            integrations = await request.get(IntegrationRepository)
            found: Integration = (await integrations.list(PageRequest())).items[0]
            return found

    async def policy(self) -> EscalationPolicy:
        async with self.container() as request:
            policies = await request.get(PolicyRepository)
            found: EscalationPolicy = (await policies.list(PageRequest())).items[0]
            return found

    async def policy_version_of(self, dedup_key: str) -> int:
        pool = await self.container.get(Pool)
        found = await pool.fetchval(
            "SELECT r.policy_version FROM escalation_runs r JOIN alerts a USING (incident_id) WHERE a.dedup_key = $1",
            dedup_key,
        )
        assert isinstance(found, int)
        return found


@pytest.fixture
async def door(clean_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """A server that has an example's key in its memory."""
    address = f"127.0.0.1:{free_port()}"
    settings = Settings(database_url=clean_database, secret_key="x" * 32, http_address=address)
    container = production_container(settings)
    async with container() as request:
        await (await request.get(CreateFirstAdmin))(email="ana@example.test", name="Ana")
    async with container() as request:
        admin = await local_admin(request)
    example: Example = await example_of(container, tmp_path_factory.mktemp("data"), admin)
    draining, listening = asyncio.Event(), asyncio.Event()
    listener = await container.get(PostgresListener)
    serving = asyncio.create_task(serve(container, listen(settings), draining, listening))
    await listening.wait()
    while not listener.is_listening:  # noqa: ASYNC110  # nobody is told of that
        await asyncio.sleep(0.01)
    async with aiohttp.ClientSession(f"http://{address}") as client:
        made = Door(container, client, admin, example.key)
        assert await made.send("first") == HTTPStatus.ACCEPTED
        yield made
    draining.set()
    await serving
    await container.close()


async def test_a_key_is_remembered_for_longer_than_a_moment_while_hints_come(door: Door) -> None:
    pool = await door.container.get(Pool)
    await pool.execute("UPDATE integrations SET key_hash = 'another'")  # without the hint that saving gives
    await asyncio.sleep(BRIEFLY_SECONDS + 0.1)
    assert await door.send("second") == HTTPStatus.ACCEPTED


async def test_a_key_that_is_rotated_without_an_overlap_is_refused_within_a_second(door: Door) -> None:
    integration = await door.integration()
    async with door.container() as request:
        rotate = await request.get(RotateIntegrationKey)
        issued = await rotate(integration.id, overlap=timedelta(0), actor=door.admin)
    start = monotonic()
    while await door.send("second") != HTTPStatus.UNAUTHORIZED:
        assert monotonic() - start < SOON
    assert await door.send("second", key=issued.key) == HTTPStatus.ACCEPTED


async def test_a_rotated_key_is_refused_within_a_second_of_its_overlaps_end(door: Door) -> None:
    integration = await door.integration()
    async with door.container() as request:
        rotate = await request.get(RotateIntegrationKey)
        await rotate(integration.id, overlap=timedelta(milliseconds=500), actor=door.admin)
    assert await door.send("second") == HTTPStatus.ACCEPTED  # known now as the old key
    rotated = await door.integration()
    ends_at = rotated.previous_key_expires_at
    assert ends_at is not None
    clock = await door.container.get(Clock)
    while await door.send("second") != HTTPStatus.UNAUTHORIZED:
        assert clock.now() - ends_at < timedelta(seconds=BRIEFLY_SECONDS + 0.5)
        await asyncio.sleep(0.05)


async def test_an_incident_within_a_second_of_a_policys_edit_is_escalated_by_its_new_version(door: Door) -> None:
    policy = await door.policy()
    async with door.container() as request:
        update = await request.get(UpdatePolicy)
        await update(
            policy.id,
            team_id=policy.team_id,
            name=policy.name,
            steps=policy.steps,
            repeats=5,
            repeat_from=policy.repeat_from,
            acknowledgement_timeout=policy.acknowledgement_timeout,
            when_exhausted=policy.when_exhausted,
            actor=door.admin,
        )
    start, number = monotonic(), 0
    while True:
        number += 1
        assert await door.send(f"after {number}") == HTTPStatus.ACCEPTED
        if await door.policy_version_of(f"after {number}") == policy.version + 1:
            break
        assert monotonic() - start < SOON


async def test_a_change_while_no_hints_could_come_counts_when_they_come_again(door: Door) -> None:
    pool = await door.container.get(Pool)
    async with pool.acquire() as connection, connection.transaction():
        # At once: the hints end, and the key changes without one.
        await connection.execute("UPDATE integrations SET key_hash = 'another'")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'tocsin-listener' AND datname = current_database()"
        )
    start = monotonic()
    while await door.send("second") != HTTPStatus.UNAUTHORIZED:
        assert monotonic() - start < SOON + BRIEFLY_SECONDS
