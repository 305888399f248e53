from collections.abc import Callable

import pytest

from tests.integration.cli.recorded import TEAM, TEAM_ID, page
from tests.integration.cli.server import Answer, RecordedApi
from tests.unit.cli.operations import RememberedOperations

type Tocsin = Callable[..., int]

INHIBITION = {
    "id": "01a1dc80-f000-71c5-a9cc-a5e16f755722",
    "team_id": TEAM_ID,
    "name": "host down",
    "source": 'alertname="HostDown"',
    "target": 'severity="warning"',
    "equal": ["host", "rack"],
}


@pytest.fixture
def tocsin(api: RecordedApi) -> Tocsin:
    operations = RememberedOperations()
    api.answers["GET /v1/teams"] = Answer(200, page(TEAM))
    return lambda *arguments: operations.tocsin(*arguments, TOCSIN_URL=api.url, TOCSIN_TOKEN="tsk_1")


def test_an_inhibition_is_made(api: RecordedApi, tocsin: Tocsin) -> None:
    api.answers["POST /v1/inhibitions"] = Answer(201, INHIBITION)
    arguments = ("inhibition", "add", "host down", "--team", TEAM["name"], "--source", 'alertname="HostDown"')
    assert tocsin(*arguments, "--target", 'severity="warning"', "--equal", "host", "--equal", "rack") == 0
    (post,) = [asked for asked in api.asked if asked.method == "POST"]
    assert post.body == {name: value for name, value in INHIBITION.items() if name != "id"}


def test_inhibitions_are_listed_and_removed(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v1/inhibitions"] = Answer(200, page(INHIBITION))
    api.answers[f"DELETE /v1/inhibitions/{INHIBITION['id']}"] = Answer(204, None)
    assert tocsin("inhibition", "list") == 0
    row = capsys.readouterr().out.splitlines()[1]
    for part in ("host down", "HostDown", "warning", "host, rack"):
        assert part in row
    assert tocsin("inhibition", "remove", INHIBITION["id"]) == 0
