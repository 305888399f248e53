"""Commands about what is known of a schedule."""

import io
import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Tocsin
from tests.integration.cli.recorded import TEAM_ID, USER_ID, page
from tests.integration.cli.server import Answer, RecordedApi

SCHEDULE_ID = "01a1dc80-f000-71c5-a9cc-a5e555093fa1"
SCHEDULE = {
    "id": SCHEDULE_ID,
    "team_id": TEAM_ID,
    "name": "Payments on call",
    "time_zone": "Europe/Berlin",
    "layers": [],
    "overrides": [],
    "version": 2,
}
PATH = f"/v1/schedules/{SCHEDULE_ID}"
BY_NAME = "payments on call"


@pytest.fixture(autouse=True)
def the_schedule(api: RecordedApi) -> None:
    api.answers["GET /v1/schedules"] = Answer(200, page(SCHEDULE))
    api.answers["GET /v1/users"] = Answer(200, page({"id": USER_ID, "email": "m@example.com", "name": "Mira Yilmaz"}))


def test_who_is_on_call_is_asked_for_an_instant_and_as_known_at_another(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {"id": SCHEDULE_ID, "name": "Payments on call"}
    answer = {"schedule": named, "users": [{"id": USER_ID, "name": "Mira Yilmaz"}], "until": None, "shadows": []}
    api.answers[f"GET {PATH}/on-call"] = Answer(200, answer)
    times = ("--at", "2026-11-20T18:00:00Z", "--known-at", "2026-11-19T18:00:00Z")
    assert tocsin("schedule", "on-call", BY_NAME, *times) == 0
    assert api.asked[-1].path == (
        f"{PATH}/on-call?at=2026-11-20T18%3A00%3A00%2B00%3A00&known_at=2026-11-19T18%3A00%3A00%2B00%3A00"
    )
    assert "Mira Yilmaz" in capsys.readouterr().out
    api.answers[f"GET {PATH}/on-call"] = Answer(200, answer | {"users": []})
    assert tocsin("schedule", "on-call", BY_NAME) == 0
    assert "nobody: a gap" in capsys.readouterr().out
    assert tocsin("schedule", "on-call", BY_NAME, "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["users"] == []
    assert tocsin("schedule", "on-call", BY_NAME, "--known-at", "soon") == 2
    assert tocsin("schedule", "on-call", "nope") == 3


def test_versions_are_shown_with_when_they_were_known_and_from_when_they_hold(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    version = {
        "version": 2,
        "known_at": "2026-11-23T11:00:00Z",
        "effective_at": "2026-11-23T13:00:00Z",
        "name": "Payments on call",
        "team_id": TEAM_ID,
        "time_zone": "Europe/Berlin",
        "layers": [{}, {}],
    }
    answer = page(version, next_cursor="c")
    api.answers[f"GET {PATH}/versions"] = Answer(200, answer)
    assert tocsin("schedule", "versions", BY_NAME, "-n", "1") == 0
    assert api.asked[-1].path == f"{PATH}/versions?limit=1"
    captured = capsys.readouterr()
    assert "(1h ago)" in captured.out
    assert "(in 1h)" in captured.out
    assert captured.out.splitlines()[1].split()[-2:] == ["Europe/Berlin", "2"]
    assert captured.err == "there are more: add --cursor c\n"
    assert tocsin("schedule", "versions", BY_NAME, "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == answer


def test_a_preview_is_asked_for_what_a_file_holds(
    api: RecordedApi,
    tocsin: Tocsin,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    difference = {
        "starts_at": "2026-11-23T13:00:00Z",
        "ends_at": "2026-11-23T14:00:00Z",
        "before": [USER_ID],
        "after": [],
    }
    answer = {
        "since": "2026-11-23T12:00:00Z",
        "until": "2026-12-07T12:00:00Z",
        "differences": [difference],
        "more": 6,
        "shadows_new": [],
        "shadows_gone": [],
    }
    api.answers[f"POST {PATH}/preview"] = Answer(200, answer)
    change = {"layers": [], "effective_at": "2026-11-23T13:00:00Z"}
    file = tmp_path / "change.json"
    file.write_text(json.dumps(change))
    assert tocsin("schedule", "preview", BY_NAME, "--file", str(file)) == 0
    assert next(each.body for each in api.asked if each.path == f"{PATH}/preview") == change
    captured = capsys.readouterr()
    assert "Mira Yilmaz" in captured.out
    assert "nobody: a gap" in captured.out
    assert captured.err.startswith("others are on call by it 7 times until ")
    assert captured.err.endswith(", of which 1 are shown\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("{}"))
    assert tocsin("schedule", "preview", BY_NAME, "--file", "-", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == answer
    api.answers[f"POST {PATH}/preview"] = Answer(200, answer | {"differences": [], "more": 0})
    assert tocsin("schedule", "preview", BY_NAME, "--file", str(file)) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err[:43]) == ("", "who is on call does not change by it until ")


def test_a_change_that_cannot_be_read_is_said_so(tocsin: Tocsin, tmp_path: Path) -> None:
    assert tocsin("schedule", "preview", BY_NAME, "--file", str(tmp_path / "none.json")) == 2
    (tmp_path / "wrong.json").write_text("layers:")
    assert tocsin("schedule", "preview", BY_NAME, "--file", str(tmp_path / "wrong.json")) == 2
