"""The alarm and the sign of life, over loopback, through the guard that every outgoing request passes."""

from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime

import aiohttp
import pytest

from adapters.outbound.http.beacon import HttpAlarm, HttpHeartbeat
from adapters.outbound.http.guard import OutgoingGuard, networks
from adapters.outbound.http.session import guarded_session
from application.ports.alarm import Alarm, Heartbeat, StalledReport
from application.ports.errors import PermanentPortError, TransientPortError
from domain.escalation.stall import StallReason
from entrypoints.container import production_container
from entrypoints.settings import Settings, SettingsError, load
from tests.integration.cli.server import Answer, RecordedApi, serving

REPORT = StalledReport(
    reference="INC-7",
    title="disk is full",
    severity="SEV2",
    service="Shop",
    triggered_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
    reason=StallReason.NO_RUN,
    url="https://tocsin.test/v1/incidents/INC-7",
)
PATH = "/ping/a-secret"


@pytest.fixture
def api() -> Iterator[RecordedApi]:
    with serving() as made:
        made.answers[f"POST {PATH}"] = Answer(200, {})
        yield made


@pytest.fixture
async def session(api: RecordedApi) -> AsyncIterator[aiohttp.ClientSession]:
    port = int(api.url.rpartition(":")[2])
    guard = OutgoingGuard(allowed_private=networks(("127.0.0.0/8",)), ports=frozenset({port}))
    async with guarded_session(guard) as made:
        yield made


async def test_the_alarm_posts_what_has_stalled(api: RecordedApi, session: aiohttp.ClientSession) -> None:
    await HttpAlarm(session, api.url + PATH).sound([REPORT])

    (asked,) = api.asked
    assert (asked.method, asked.path) == ("POST", PATH)
    assert asked.body == {
        "stalled": [
            {
                "reference": "INC-7",
                "title": "disk is full",
                "severity": "SEV2",
                "service": "Shop",
                "triggered_at": "2026-11-23T12:00:00+00:00",
                "reason": "no_run",
                "url": "https://tocsin.test/v1/incidents/INC-7",
            }
        ]
    }


async def test_a_sign_of_life_is_a_post(api: RecordedApi, session: aiohttp.ClientSession) -> None:
    await HttpHeartbeat(session, api.url + PATH).beat()

    assert [(asked.method, asked.path) for asked in api.asked] == [("POST", PATH)]


@pytest.mark.parametrize(
    ("status", "error"),
    [(503, TransientPortError), (429, TransientPortError), (404, PermanentPortError), (302, TransientPortError)],
)
async def test_what_was_not_taken_is_an_error_that_does_not_tell_the_address(
    api: RecordedApi, session: aiohttp.ClientSession, status: int, error: type[Exception]
) -> None:
    api.answers[f"POST {PATH}"] = Answer(status, {}, {"Location": "http://127.0.0.1:1/elsewhere"})
    with pytest.raises(error) as raised:
        await HttpHeartbeat(session, api.url + PATH).beat()
    assert "a-secret" not in str(raised.value)


async def test_nobody_there_is_an_error_worth_another_try(session: aiohttp.ClientSession) -> None:
    with pytest.raises(TransientPortError):
        await HttpHeartbeat(session, "http://127.0.0.1:1/ping").beat()


async def test_an_address_inside_of_the_network_is_reached_only_where_the_operator_lists_it(api: RecordedApi) -> None:
    for listed, arrived in (("", 0), ("127.0.0.0/8", 2)):
        url = api.url + PATH
        settings = Settings(secret_key="k" * 40, watcher_url=url, heartbeat_url=url, outgoing_networks=listed)
        container = production_container(settings)
        alarm, heartbeat = await container.get(Alarm), await container.get(Heartbeat)
        with nullcontext() if listed else pytest.raises(TransientPortError):
            await alarm.sound([REPORT])
        with nullcontext() if listed else pytest.raises(TransientPortError):
            await heartbeat.beat()
        assert len(api.asked) == arrived
        await container.close()


async def test_without_an_address_there_is_no_alarm() -> None:
    container = production_container(Settings(secret_key="k" * 40))
    assert not (await container.get(Alarm)).is_set_up
    await container.close()


@pytest.mark.parametrize("url", ["ftp://example.test/x", "example.test", "https:///path", "http://host:99999/"])
@pytest.mark.parametrize("name", ["TOCSIN_WATCHER_URL", "TOCSIN_HEARTBEAT_URL"])
def test_an_address_that_is_none_stops_the_start_and_is_not_shown(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is no address") as raised:
        load({name: url})
    assert url not in str(raised.value)
