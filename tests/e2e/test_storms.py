"""A storm at a tenth of its size: 10,000 distinct conditions in six seconds, for one service and for a thousand."""

from pathlib import Path

import pytest

from tests.bench.load import SERVICES
from tests.bench.storm import EVENTS, LIST_MS, MINUTE_SECONDS, a_token, rage, settings_of
from tests.bench.world import seed
from tests.support.processes import Process, free_port, http
from tests.support.smtp import SmtpServer

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

OPEN_ALERTS = 1_000  # a tenth of what an integration may have unless it is told


@pytest.mark.parametrize("services", [1, SERVICES])
async def test_a_storm_becomes_a_handful_of_pages_and_loses_nothing_while_the_api_stays_usable(
    services: int, fresh_database: str, engine_directory: Path, smtp_server: SmtpServer
) -> None:
    await seed(fresh_database)
    token = await a_token(fresh_database)
    port = free_port()
    settings = {
        name.removeprefix("TOCSIN_").lower(): value
        for name, value in settings_of(fresh_database, smtp_server, port).items()
    }
    settings["intake_open_alerts"] = str(OPEN_ALERTS)
    with (
        http(engine_directory / "http.log", settings) as server,
        Process("worker", engine_directory / "worker.log", settings) as worker,
    ):
        await server.ready()
        await worker.ready()
        storm = await rage(
            fresh_database,
            port,
            token=token,
            events=EVENTS // 10,
            seconds=MINUTE_SECONDS / 10,
            services=services,
            mail=smtp_server,
            pids={"http": server.pid, "worker": worker.pid},
        )

    assert storm.accepted == EVENTS // 10
    assert storm.stored == storm.accepted, "every accepted event is counted in an alert"
    assert storm.pages <= storm.most_pages
    assert storm.pages >= 1
    assert storm.list_p99_ms < LIST_MS
    if services == 1:
        # A tenth more is what the rule of the limit allows a process; one alert counts the rest.
        assert OPEN_ALERTS <= storm.incidents <= OPEN_ALERTS + OPEN_ALERTS // 10 + 1
    else:
        assert storm.incidents == EVENTS // 10
