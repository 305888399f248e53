import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import Tocsin
from tests.integration.cli.recorded import TEAM_ID, USER_ID, page
from tests.integration.cli.server import Answer, RecordedApi

POLICY_ID = "01a1dc80-f000-71c5-a9cc-a5e555093fa2"
PATH = f"/v1/policies/{POLICY_ID}/prove"
PROVED: dict[str, Any] = {
    "holds": True,
    "starts_at": "2026-11-23T12:00:00Z",
    "ends_at": "2026-12-21T12:00:00Z",
    "within_seconds": 1800,
    "counter_examples": [],
    "more_counter_examples": 0,
    "empty_steps": [],
    "unreachable": [],
}
EXAMPLE: dict[str, Any] = {
    "starts_at": "2026-11-28T00:00:00Z",
    "ends_at": "2026-11-30T00:00:00Z",
    "severity": "SEV1",
    "priority": "P1",
    "labels": {"region": "north"},
    "told_after_seconds": None,
    "reasons": ["step 1: nobody is on call in Shop", "the policy ends"],
}


@pytest.fixture(autouse=True)
def the_policy(api: RecordedApi) -> None:
    api.answers["GET /v1/policies"] = Answer(200, page({"id": POLICY_ID, "name": "Page", "team_id": TEAM_ID}))
    api.answers[f"POST {PATH}"] = Answer(200, PROVED)


def test_a_proof_that_holds_says_for_how_long(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tocsin("policy", "prove", "page") == 0
    assert api.asked[-1].body == {"weeks": 4, "within_seconds": 1800}
    assert "somebody is told within 30 minutes" in capsys.readouterr().err


def test_a_counter_example_is_shown_with_its_reason_and_fails(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    late = EXAMPLE | {"told_after_seconds": 2100, "reasons": []}
    found = {
        "holds": False,
        "counter_examples": [EXAMPLE, late],
        "more_counter_examples": 2,
        "empty_steps": [1],
        "unreachable": [{"id": USER_ID, "name": "Jonas"}],
    }
    api.answers[f"POST {PATH}"] = Answer(200, PROVED | found)
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"steps": []}))
    assert tocsin("policy", "prove", "page", "--weeks", "1", "--within", "10", "--change", str(file)) == 1
    assert api.asked[-1].body == {"weeks": 1, "within_seconds": 600, "policy": {"steps": []}}
    captured = capsys.readouterr()
    assert "step 1: nobody is on call in Shop; the policy ends" in captured.out
    assert "somebody is told only after 35 minutes" in captured.out
    assert captured.err.splitlines() == [
        "Jonas is meant, and no page would reach them",
        "step 1 at no time tells anybody who can be reached",
        "and 2 more",
    ]
    assert tocsin("policy", "prove", "page", "-o", "json") == 1
    assert json.loads(capsys.readouterr().out) == PROVED | found


def test_a_file_that_cannot_be_read_is_said_so(tocsin: Tocsin, tmp_path: Path) -> None:
    assert tocsin("policy", "prove", "page", "--change", str(tmp_path / "none.json")) == 2
    (tmp_path / "wrong.json").write_text("steps:")
    assert tocsin("policy", "prove", "page", "--change", str(tmp_path / "wrong.json")) == 2


def test_what_a_team_demands_of_its_policies_is_shown_and_set(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    demand = {"weeks": 4, "within_seconds": 1800, "refuses": False}
    team = {"id": TEAM_ID, "name": "Payments", "member_ids": [], "proof": demand, "version": 3}
    api.answers["GET /v1/teams"] = Answer(200, page(team))
    assert tocsin("team", "proof", "payments") == 0
    assert capsys.readouterr().err.splitlines() == [
        "a policy that does not tell somebody within 30 minutes in the next 4 weeks is saved with a warning"
    ]
    stricter = demand | {"within_seconds": 600, "refuses": True}
    api.answers[f"PATCH /v1/teams/{TEAM_ID}"] = Answer(200, team | {"proof": stricter, "version": 4})
    assert tocsin("team", "proof", "payments", "--within", "10", "--refuse", "-o", "json") == 0
    assert (api.asked[-1].body, api.asked[-1].headers["if-match"]) == ({"proof": stricter}, '"v3"')
    assert json.loads(capsys.readouterr().out) == stricter
