import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import Tocsin
from tests.integration.cli.recorded import SERVICE_ID, USER_ID, page
from tests.integration.cli.server import Answer, RecordedApi

PAGE: dict[str, Any] = {
    "user": {"id": USER_ID, "name": "Mira Yilmaz"},
    "destination": None,
    "channel": "email",
    "address": "m@example.com",
    "due_at": "2026-11-23T12:05:00Z",
    "after_seconds": 300,
    "made_at": "2026-11-23T12:05:00Z",
    "run": 1,
    "round": 1,
    "step": 2,
    "is_last_resort": False,
    "urgency": "high",
    "target": {
        "kind": "schedule",
        "id": USER_ID,
        "schedule": "Payments on call",
        "source": {"layer": 0, "override_id": None, "temporary_id": None},
    },
    "rule": 1,
    "waits_for_morning": False,
    "cancelled_at": None,
}
ANSWER: dict[str, Any] = {
    "policy": {"id": USER_ID, "name": "Payments"},
    "urgency": "high",
    "pages": [PAGE],
    "more_pages": 0,
    "unreachable": [{"id": USER_ID, "name": "Jonas"}],
    "ending_text": "it stays open, and nobody is paged any more",
    "difference": None,
}


@pytest.fixture(autouse=True)
def company(api: RecordedApi) -> None:
    api.answers["GET /v1/services"] = Answer(200, page({"id": SERVICE_ID, "name": "checkout"}))
    api.answers["GET /v1/users"] = Answer(200, page({"id": USER_ID, "email": "m@example.com", "name": "Mira Yilmaz"}))
    api.answers["POST /v1/simulations"] = Answer(200, ANSWER)


def test_who_would_be_paged_is_shown_with_the_reason(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tocsin("simulate", "checkout", "--label", "region=north", "--ack", "m@example.com=10m") == 0
    assert api.asked[-1].body == {
        "severity": "SEV1",
        "at": "2026-11-23T12:00:00+00:00",
        "labels": {"region": "north"},
        "acknowledgements": [{"user_id": USER_ID, "at": "2026-11-23T12:10:00+00:00"}],
        "service_id": SERVICE_ID,
    }
    captured = capsys.readouterr()
    assert "round 1 step 2; Payments on call, layer 1; rule 1" in captured.out
    assert captured.err.splitlines() == [
        "Jonas is meant, and no page would reach them",
        "Payments, high urgency: it stays open, and nobody is paged any more",
    ]
    assert tocsin("simulate", "checkout", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == ANSWER


def test_a_change_is_shown_with_what_it_changes(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    later = PAGE | {"due_at": "2026-11-23T12:15:00Z"}
    difference = {"added": [later], "removed": [PAGE], "moved": [{"before": PAGE, "after": later}], "more": 3}
    api.answers["POST /v1/simulations"] = Answer(200, ANSWER | {"difference": difference})
    file = tmp_path / "change.json"
    file.write_text(json.dumps({"policy": {"steps": []}}))
    assert tocsin("simulate", "checkout", "--change", str(file)) == 0
    assert api.asked[-1].body["policy"] == {"steps": []}
    kinds = [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert kinds[-4:] == ["no longer", "new", "moved", "and 3 more"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("simulate",),
        ("simulate", "checkout", "--integration", "x"),
        ("simulate", "checkout", "--label", "region"),
        ("simulate", "checkout", "--ack", "m@example.com"),
        ("simulate", "checkout", "--ack", "m@example.com=soon"),
        ("simulate", "checkout", "--at", "tomorrow"),
        ("simulate", "checkout", "--change", "/nowhere/at/all.json"),
    ],
)
def test_a_question_that_is_written_wrong_is_not_asked(
    api: RecordedApi, tocsin: Tocsin, wrong: tuple[str, ...]
) -> None:
    assert tocsin(*wrong) == 2
    assert all(each.path != "/v1/simulations" for each in api.asked)
