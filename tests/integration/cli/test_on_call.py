"""Questions about on call: what the API is asked, and what is shown."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.cli.recorded import page
from tests.integration.cli.server import Answer, RecordedApi
from tests.unit.cli.operations import RememberedOperations

type Tocsin = Callable[..., int]

ID = "01a1dc80-f000-71c5-a9cc-a5e555094444"
PATH = f"/v1/schedules/{ID}"
MIRA = {"id": "01a1dc80-f000-71c5-a9cc-a5cc2ab1b2e2", "name": "Mira Yilmaz"}
DAY = {"starts_at": "2026-11-23T09:00:00Z", "ends_at": "2026-11-24T09:00:00Z"}


@pytest.fixture
def tocsin(api: RecordedApi) -> Tocsin:
    operations = RememberedOperations()
    api.answers["GET /v1/schedules"] = Answer(200, page({"id": ID, "name": "Payments"}))
    return lambda *arguments: operations.tocsin(*arguments, TOCSIN_URL=api.url, TOCSIN_TOKEN="tsk_1")


def shown(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    lines = capsys.readouterr().out.splitlines()
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_who_is_on_call_at_a_time(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    learner = {"id": "1", "name": "Ben Novak"}
    each = {"schedule": {"id": ID, "name": "Payments"}, "users": [MIRA], "until": None, "shadows": [learner]}
    api.answers["GET /v1/on-call"] = Answer(200, page(each))
    assert tocsin("oncall", "at", "2026-12-24T18:00:00Z") == 0
    assert api.asked[0].path == "/v1/on-call?limit=200&at=2026-12-24T18%3A00%3A00%2B00%3A00"
    assert shown(capsys)[1] == ["Payments", "Mira Yilmaz", "-", "Ben Novak"]
    assert tocsin("oncall", "at", "soon") == 2


def test_shifts_are_shown_with_names_and_what_put_them_there(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = {"layer": None, "override_id": None, "temporary_id": None}
    by_layer = {"user_id": MIRA["id"], **DAY, "source": nothing | {"layer": 0}}
    by_override = {"user_id": "gone", **DAY, "source": nothing | {"override_id": ID}}
    fixed = {"user_id": MIRA["id"], **DAY, "source": nothing | {"temporary_id": ID}}
    shadow = {"shadow_id": ID, "user_id": "learner", "follows": MIRA["id"], **DAY}
    answer = {"shifts": [by_layer, by_override, fixed], "shadows": [shadow]}
    api.answers[f"GET {PATH}/shifts"] = Answer(200, answer)
    api.answers["GET /v1/users"] = Answer(200, page(MIRA))
    assert (
        tocsin("oncall", "shifts", "payments", "--since", "2026-11-23T09:00:00Z", "--until", "2026-11-25T09:00Z") == 0
    )
    assert api.asked[1].path == (
        f"{PATH}/shifts?since=2026-11-23T09%3A00%3A00%2B00%3A00&until=2026-11-25T09%3A00%3A00%2B00%3A00"
    )
    rows = shown(capsys)
    assert rows[0] == ["WHO", "FROM", "TO", "LASTS", "BY"]
    assert [(row[0], *row[3:]) for row in rows[1:]] == [
        ("Mira Yilmaz", "1d", "layer 1"),
        ("gone", "1d", "an override"),
        ("Mira Yilmaz", "1d", "a temporary schedule"),
        ("learner", "1d", "shadows Mira Yilmaz"),
    ]
    assert tocsin("oncall", "shifts", "payments", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == answer


def test_gaps_are_shown_with_their_length(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers[f"GET {PATH}/gaps"] = Answer(200, {"gaps": [DAY]})
    assert tocsin("oncall", "gaps", "Payments") == 0
    assert shown(capsys)[1][-1] == "1d"
    assert tocsin("oncall", "gaps", "Payments", "--known-at", "2026-11-20T09:00:00Z") == 0
    assert api.asked[-1].path == f"{PATH}/gaps?known_at=2026-11-20T09%3A00%3A00%2B00%3A00"
    capsys.readouterr()
    assert tocsin("oncall", "gaps", "Payments", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == {"gaps": [DAY]}
    assert tocsin("oncall", "gaps", "Warehouse") == 3


def test_quality_is_shown_finding_by_finding(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = [{"kind": "gap", **DAY, "users": []}, {"kind": "long_stretch", **DAY, "users": [MIRA]}]
    answer: dict[str, Any] = {"gap_percent": 1.5, "findings": findings, "has_more": True}
    api.answers[f"GET {PATH}/quality"] = Answer(200, answer)
    assert tocsin("oncall", "quality", "Payments", "--weeks", "4") == 0
    assert api.asked[1].path == f"{PATH}/quality?weeks=4&people=1&limit=200"
    captured = capsys.readouterr()
    assert "nobody on call" in captured.out
    assert captured.out.splitlines()[2].startswith("on call too long")
    assert captured.out.splitlines()[2].endswith("1d     Mira Yilmaz")
    assert captured.err == "1.5 % of 4 weeks without anybody, and more than are shown\n"


def test_fairness_is_shown_in_hours_and_against_the_mean(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    person = {
        "user": MIRA,
        "time_zone": "UTC",
        "seconds": {"total": 172_800, "nights": 65_700, "weekends": 0, "holidays": 0},
        "share": {"total": 1.3333, "nights": 1.0, "weekends": 0.0, "holidays": None},
        "pages": 3,
        "night_pages": 2,
        "interrupted_nights": 1,
    }
    answer = {**DAY, "people": [person]}
    api.answers[f"GET {PATH}/load"] = Answer(200, answer)
    assert tocsin("oncall", "fairness", "Payments", "--country", "de-by") == 0
    assert api.asked[1].path == f"{PATH}/load?country=DE&subdivision=BY"
    assert shown(capsys)[1] == ["Mira Yilmaz", "48:00 (1.33)", "18:15 (1.00)", "0:00 (0.00)", "0:00", "3", "2", "1"]
    assert tocsin("oncall", "fairness", "Payments", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == answer
    assert api.asked[-1].path == f"{PATH}/load"
