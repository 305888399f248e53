"""A policy that tells a channel beside people, through real processes and a Slack over HTTP."""

# ruff: noqa: ASYNC110 - the test is about processes, and nothing else shares their loop

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.outbound.slack.blocks import ACKNOWLEDGE
from tests.faults.crew import stock
from tests.faults.load import trigger
from tests.support.fake_slack import FakeSlack
from tests.support.processes import Process, http
from tests.support.smtp import SmtpServer

pytestmark = pytest.mark.process

CHANNEL = "C0123OPS"


async def test_a_channel_is_told_beside_people_and_whoever_presses_its_button_has_the_incident(
    fresh_database: str, engine_directory: Path, smtp_server: SmtpServer, fake_slack: FakeSlack
) -> None:
    crew = await stock(fresh_database, steps=2, repeats=20, smtp=smtp_server, slack=fake_slack)
    with (
        http(engine_directory / "http.log", crew.settings) as server,
        Process("worker", engine_directory / "worker.log", crew.settings) as worker,
    ):
        for process in (server, worker):
            await process.ready()
        async with (
            aiohttp.ClientSession(server.url, headers=crew.authorization) as admin,
            aiohttp.ClientSession(server.url) as outside,
            asyncio.timeout(30),
        ):
            channel_id = await told_by_the_first_step(admin)
            async with outside.post("/v2/enqueue", json=trigger(crew.key, "db", summary="db-3 is full")) as answer:
                assert answer.status == 202
            while not (asked := [each for each in fake_slack.messages.values() if each.channel == CHANNEL]):
                await asyncio.sleep(0.02)
            press = fake_slack.press(asked[0], ACKNOWLEDGE, "U0BEN")
            async with outside.post("/slack/interactivity", data=press.body, headers=dict(press.headers)) as answer:
                assert answer.status == 200
            while not asked[0].updates:
                await asyncio.sleep(0.02)
            incident = await got(admin, "/v1/incidents/INC-1")
            assert incident["acknowledged_by"]["name"] == "Ben"
            deliveries = (await got(admin, "/v1/incidents/INC-1/deliveries"))["items"]

        named = {"id": channel_id, "name": "Ops"}
        pages = [each for each in deliveries if each["destination"] == named and each["purpose"] == "page"]
        assert [(each["user"], each["address"], each["status"]) for each in pages] == [(None, CHANNEL, "sent")]
        assert "Ben" in str(asked[0].blocks)


async def told_by_the_first_step(admin: aiohttp.ClientSession) -> str:
    """Have the crew's policy tell a channel as well, and whoever is on call."""
    (policy,) = (await got(admin, "/v1/policies"))["items"]
    body = {"team_id": policy["team_id"], "name": "Ops", "kind": "slack_channel", "address": CHANNEL}
    async with admin.post("/v1/destinations", json=body) as answer:
        assert answer.status == 201, await answer.text()
        channel_id: str = (await answer.json())["destination"]["id"]
    steps = policy["steps"]
    steps[0]["targets"].append({"kind": "channel", "id": channel_id})
    tag = {"If-Match": f'"v{policy["version"]}"'}
    async with admin.patch(f"/v1/policies/{policy['id']}", json={"steps": steps}, headers=tag) as answer:
        assert answer.status == 200, await answer.text()
    return channel_id


async def got(client: aiohttp.ClientSession, path: str) -> Any:
    async with client.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()
