import json
from typing import Any

import pytest

from tests.integration.cli.conftest import Tocsin
from tests.integration.cli.recorded import page
from tests.integration.cli.server import Answer, RecordedApi

INTEGRATION = {"id": "01a20525-e7e0-701f-9f98-e71f1f76b4da", "name": "GitHub", "kind": "json", "version": 1}
PATH = f"/v1/integrations/{INTEGRATION['id']}/replay"
PART: dict[str, Any] = {
    "since": "2026-11-23T09:00:00Z",
    "until": "2026-11-23T10:00:00Z",
    "next_since": None,
    "dry_run": True,
    "bodies": 7,
    "unreadable": 1,
    "taken": 2,
    "over": 0,
    "effects": {"alerts": 3, "occurrences": 1, "resolved": 0, "dropped": 0, "repeated": 0},
    "shadow": {"incidents": 5, "pages": 4, "muted": 1, "dropped": 0},
}


@pytest.fixture(autouse=True)
def integration(api: RecordedApi) -> None:
    api.answers["GET /v1/integrations"] = Answer(200, page(INTEGRATION))


def test_what_would_come_of_it_is_shown_and_nothing_is_done(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers[f"POST {PATH}"] = Answer(200, PART)
    assert tocsin("event", "replay", "--integration", "GitHub", "--from", "2026-11-23T09:00:00Z") == 0
    captured = capsys.readouterr()
    assert "5 incidents, 4 pages" in captured.err
    assert "add --run" in captured.err
    assert "new alerts" in captured.out
    assert api.asked[-1].body["dry_run"] is True


def test_it_goes_on_until_all_is_done_says_how_far_it_came_and_adds_up(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    done = PART | {"dry_run": False, "shadow": None}
    first = done | {"next_since": "2026-11-23T09:30:00Z", "until": "2026-11-23T09:30:00Z"}
    api.answers[f"POST {PATH}"] = [Answer(200, first), Answer(200, done)]
    command = ("event", "replay", "--integration", "GitHub", "--from", "2026-11-23T09:00:00Z", "--run", "-o", "json")
    assert tocsin(*command) == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert (told["bodies"], told["alerts"], told["until"], told["shadow"]) == (14, 6, PART["until"], None)
    assert "7 bodies until" in captured.err
    asked = [each.body for each in api.asked if each.path == PATH]
    assert [body["since"] for body in asked] == ["2026-11-23T09:00:00+00:00", first["next_since"]]
    assert {body["dry_run"] for body in asked} == {False}
    assert len({body["until"] for body in asked}) == 1
