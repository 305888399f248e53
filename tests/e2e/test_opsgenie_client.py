"""Opsgenie's own Python client, pointed at us: its calls, its models and its request statuses."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import opsgenie_sdk
import pytest
from opsgenie_sdk.exceptions import ApiException, AuthenticationException

from tests.faults.crew import stock
from tests.support.processes import http

pytestmark = pytest.mark.process


@contextmanager
def client_of(url: str, key: str) -> Iterator[Any]:
    configuration = opsgenie_sdk.Configuration()
    configuration.host = url
    configuration.api_key["Authorization"] = key
    api = opsgenie_sdk.AlertApi(opsgenie_sdk.ApiClient(configuration=configuration))
    yield api


def work_with(api: Any) -> None:
    created = api.create_alert(
        opsgenie_sdk.CreateAlertPayload(
            message="disk full", alias="db/3", priority="P2", tags=["disk"], details={"host": "db-3"}, note="again"
        )
    )
    outcome = api.get_request_status(created.request_id).data
    assert (outcome.is_success, outcome.alias) == (True, "db/3")

    alert = api.get_alert("db/3", identifier_type="alias").data
    assert (alert.id, alert.message, alert.status, alert.priority) == (outcome.alert_id, "disk full", "open", "P2")
    assert api.get_alert(alert.tiny_id, identifier_type="tiny").data.id == alert.id

    said = opsgenie_sdk.AcknowledgeAlertPayload(user="ann@example.test", note="looking")
    api.acknowledge_alert(alert.id, acknowledge_alert_payload=said)
    assert api.get_alert(alert.id).data.acknowledged
    noted = api.add_note(alert.id, opsgenie_sdk.AddNoteToAlertPayload(note="disk replaced"))
    assert api.get_request_status(noted.request_id).data.is_success
    api.close_alert("db/3", identifier_type="alias")
    assert api.get_alert("db/3", identifier_type="alias").data.status == "closed"

    unknown = api.close_alert("nothing", identifier_type="alias")
    assert not api.get_request_status(unknown.request_id).data.is_success
    with pytest.raises(ApiException) as refused:
        api.get_alert("nothing", identifier_type="alias")
    assert refused.value.status == 404


async def test_it_creates_acknowledges_notes_and_closes_and_learns_what_came_of_it(
    fresh_database: str, engine_directory: Path
) -> None:
    crew = await stock(fresh_database)
    with http(engine_directory / "http.log", crew.settings) as server:
        await server.ready()
        with client_of(server.url, crew.opsgenie_key) as api:
            await asyncio.to_thread(work_with, api)
        assert "intake_failed" not in server.output
        assert await server.stop() == 0


async def test_a_key_that_is_nobodys_is_an_error_that_it_knows(fresh_database: str, engine_directory: Path) -> None:
    crew = await stock(fresh_database)
    with http(engine_directory / "http.log", crew.settings) as server:
        await server.ready()
        with client_of(server.url, "0" * 32) as api, pytest.raises(AuthenticationException):
            await asyncio.to_thread(api.get_alert, "anything")
        assert await server.stop() == 0


async def test_what_was_too_much_it_sends_again_and_nothing_is_lost(
    fresh_database: str, engine_directory: Path
) -> None:
    crew = await stock(fresh_database)
    limits = {"intake_events_per_minute": "60", "intake_event_burst": "1"}
    with http(engine_directory / "http.log", {**crew.settings, **limits}) as server:
        await server.ready()
        with client_of(server.url, crew.opsgenie_key) as api:
            for number in range(3):
                payload = opsgenie_sdk.CreateAlertPayload(message="disk full", alias=f"db/{number}")
                await asyncio.to_thread(api.create_alert, payload)
        assert "integration_throttled" in server.output
        assert await server.stop() == 0
    connection = await asyncpg.connect(fresh_database)
    assert await connection.fetchval("SELECT count(*) FROM alerts") == 3
    await connection.close()
