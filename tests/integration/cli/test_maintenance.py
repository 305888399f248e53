from collections.abc import Callable

import pytest

from tests.integration.cli.recorded import SERVICE, SERVICE_ID, TEAM, TEAM_ID, page
from tests.integration.cli.server import Answer, RecordedApi
from tests.unit.cli.operations import RememberedOperations

type Tocsin = Callable[..., int]

WINDOW = {
    "id": "01a1dc80-f000-71c5-a9cc-a5e16f755711",
    "team_id": TEAM_ID,
    "name": "move",
    "time_zone": "Europe/Berlin",
    "starts_at": "2026-11-23T22:00:00",
    "duration_seconds": 3600,
    "recurrence": None,
    "service_ids": [],
    "matchers": "",
    "burns_error_budget": False,
    "holds_until": None,
    "over_at": "2026-11-23T22:00:00Z",
    "version": 1,
}


@pytest.fixture
def tocsin(api: RecordedApi) -> Tocsin:
    operations = RememberedOperations()
    api.answers["GET /v1/teams"] = Answer(200, page(TEAM))
    api.answers["GET /v1/services"] = Answer(200, page(SERVICE))
    return lambda *arguments: operations.tocsin(*arguments, TOCSIN_URL=api.url, TOCSIN_TOKEN="tsk_1")


def test_maintenance_is_planned_and_what_it_does_to_the_budget_must_be_said(api: RecordedApi, tocsin: Tocsin) -> None:
    api.answers["POST /v1/maintenance"] = Answer(201, WINDOW)
    arguments = ("maintenance", "add", "move", "--team", TEAM["name"], "--zone", "Europe/Berlin")
    times = ("--starts", "2026-11-23T22:00", "--minutes", "60", "--service", "checkout")
    assert tocsin(*arguments, *times) == 2
    assert tocsin(*arguments, *times, "--spares-budget", "--recurrence", "FREQ=DAILY") == 0
    (post,) = [asked for asked in api.asked if asked.method == "POST"]
    assert post.body == {
        "team_id": TEAM_ID,
        "name": "move",
        "time_zone": "Europe/Berlin",
        "starts_at": "2026-11-23T22:00",
        "duration_seconds": 3600,
        "burns_error_budget": False,
        "recurrence": "FREQ=DAILY",
        "service_ids": [SERVICE_ID],
        "matchers": "",
    }


def test_maintenance_is_listed_and_ended(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["GET /v1/maintenance"] = Answer(200, page(WINDOW))
    api.answers[f"POST /v1/maintenance/{WINDOW['id']}/end"] = Answer(200, WINDOW)
    assert tocsin("maintenance", "list") == 0
    row = capsys.readouterr().out.splitlines()[1]
    for part in ("move", "Europe/Berlin", "60", "once", "spares"):
        assert part in row
    assert tocsin("maintenance", "end", str(WINDOW["id"])) == 0
