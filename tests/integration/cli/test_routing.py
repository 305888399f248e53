import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.cli.recorded import SERVICE, SERVICE_ID, TEAM, TEAM_ID, page
from tests.integration.cli.server import Answer, RecordedApi
from tests.unit.cli.operations import RememberedOperations

type Tocsin = Callable[..., int]

RULE = {
    "name": "noise",
    "matchers": 'env="test"',
    "hours": None,
    "continue": False,
    "service_id": None,
    "severity": "SEV4",
    "urgency": None,
    "group_by": ["app", "env"],
    "group_window": {"kind": "rolling", "seconds": 600},
    "title": None,
    "runbook_url": None,
    "delay_seconds": None,
    "reopen_within_seconds": None,
    "flapping": {"turns": 3, "within_seconds": 600},
    "resolve_after_seconds": None,
    "page_again_by": ["alertname"],
    "suppress": False,
    "drop": True,
}
ROUTING = {
    "team_id": TEAM_ID,
    "integration_id": None,
    "rules": [RULE],
    "saved_at": "2026-11-23T12:00:00Z",
    "saved_by": None,
    "drops": {"noise": {"dropped": 7, "last_at": "2026-11-23T12:00:00Z"}},
    "version": 3,
}
PATH = f"/v1/teams/{TEAM_ID}/routing"


@pytest.fixture
def tocsin(api: RecordedApi) -> Tocsin:
    operations = RememberedOperations()
    api.answers["GET /v1/teams"] = Answer(200, page(TEAM))
    api.answers["GET /v1/services"] = Answer(200, page(SERVICE))
    api.answers[f"GET {PATH}"] = Answer(200, ROUTING)
    api.answers[f"PUT {PATH}"] = Answer(200, ROUTING | {"version": 4})
    return lambda *arguments: operations.tocsin(*arguments, TOCSIN_URL=api.url, TOCSIN_TOKEN="tsk_1")


def put(api: RecordedApi) -> list[dict[str, object]]:
    (asked,) = [asked for asked in api.asked if asked.method == "PUT"]
    assert asked.headers["if-match"] == '"v3"'
    assert isinstance(asked.body, dict)
    rules: list[dict[str, object]] = asked.body["rules"]
    return rules


def test_rules_are_shown_with_what_they_do(tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    assert tocsin("routing", "show", "--team", TEAM["name"]) == 0
    _, row = capsys.readouterr().out.splitlines()
    groups = "groups by app, env, groups for rolling:600"
    does = f"drops, severity SEV4, {groups}, flaps after 3 in 600 s, pages again by alertname"
    for part in ("noise", 'env="test"', does, "ends", "7"):
        assert part in row


def test_a_rule_is_added_last_or_before_another(api: RecordedApi, tocsin: Tocsin) -> None:
    team = ("--team", TEAM["name"])
    assert tocsin("routing", "add", "grave", "--matchers", "a=b", "--service", "checkout", "--continue", *team) == 0
    before, added = put(api)
    assert before == RULE
    assert (added["name"], added["matchers"], added["service_id"], added["continue"]) == (
        "grave",
        "a=b",
        SERVICE_ID,
        True,
    )
    api.asked.clear()
    assert tocsin("routing", "add", "first", "--before", "noise", "--suppress", *team) == 0
    assert [each["name"] for each in put(api)] == ["first", "noise"]


def test_a_rule_may_say_what_becomes_of_alerts_that_come_again(api: RecordedApi, tocsin: Tocsin) -> None:
    again = (
        "--reopen-within",
        "300",
        "--page-again-by",
        "alertname",
        "--page-again-by",
        "env",
        "--resolve-after",
        "600",
    )
    assert tocsin("routing", "add", "again", *again, "--flapping-turns", "4", "--team", TEAM["name"]) == 0
    added = put(api)[-1]
    assert (added["reopen_within_seconds"], added["resolve_after_seconds"]) == (300, 600)
    assert (added["page_again_by"], added["flapping"]) == (
        ["alertname", "env"],
        {"turns": 4, "within_seconds": 3600},
    )


def test_a_rule_may_take_an_integrations_window_away(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers[f"GET {PATH}"] = Answer(200, ROUTING | {"rules": [RULE | {"group_window": "none"}]})
    assert tocsin("routing", "show", "--team", TEAM["name"]) == 0
    assert "groups without a window" in capsys.readouterr().out
    assert tocsin("routing", "add", "whole", "--group-window", "none", "--team", TEAM["name"]) == 0
    assert [each["group_window"] for each in put(api)] == ["none", "none"]


def test_a_rule_is_removed_by_its_name(api: RecordedApi, tocsin: Tocsin) -> None:
    assert tocsin("routing", "remove", "noise", "--team", TEAM["name"]) == 0
    assert put(api) == []
    assert tocsin("routing", "remove", "nothing", "--team", TEAM["name"]) == 3


def test_what_was_shown_as_json_can_be_set_again(api: RecordedApi, tocsin: Tocsin, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(ROUTING))
    assert tocsin("routing", "set", "--file", str(file), "--team", TEAM["name"]) == 0
    assert put(api) == [RULE]
    file.write_text("{}")
    assert tocsin("routing", "set", "--file", str(file)) != 0


def test_versions_are_listed(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    version = {"version": 3, "saved_at": "2026-11-23T12:00:00Z", "saved_by": None, "rules": [RULE]}
    api.answers[f"GET {PATH}/versions"] = Answer(200, page(version))
    assert tocsin("routing", "versions", "--team", TEAM["name"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[0] == "3"


def test_an_event_is_explained(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    step = {"owner": "team", "owner_id": TEAM_ID, "version": 3, "rule": "noise", "outcome": "applied", "said": RULE}
    event = {"dedup_key": "disk", "text": "a rule dropped it", "steps": [step], "muted": None}
    told = {
        "format": "native",
        "integration": {"id": TEAM_ID, "name": "probes"},
        "received_at": "2026-11-23T12:00:00Z",
        "events": [event],
    }
    api.answers["GET /v1/events/7/explanation"] = Answer(200, told)
    assert tocsin("event", "explain", "7") == 0
    assert "rule 'noise' of the team, version 3" in capsys.readouterr().out


TALLY = {"incidents": 7, "pages": 5, "dropped": 0, "muted": 2}
REHEARSED = {
    "since": "2026-11-16T12:00:00Z",
    "until": "2026-11-20T12:00:00Z",
    "is_complete": False,
    "examined": 50_000,
    "before": TALLY,
    "after": TALLY | {"pages": 2},
    "differences": [
        {
            "event_id": "01a1dc80-f000-71c5-a9cc-a5e16f755700",
            "received_at": "2026-11-17T12:00:00Z",
            "dedup_key": "disk",
            "before": "pages",
            "after": "dropped",
        }
    ],
    "different": 9,
    "warnings": ["the rule 'all' drops heartbeats that are missed as well: nobody would hear of them"],
}


def test_what_rules_and_silences_would_have_done_is_shown(
    api: RecordedApi, tocsin: Tocsin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rules.json"
    file.write_text("[]")
    api.answers[f"POST {PATH}/try"] = Answer(200, REHEARSED)
    api.answers["POST /v1/silences/try"] = Answer(200, REHEARSED)
    assert tocsin("routing", "try", "--file", str(file), "--days", "3", "--team", TEAM["name"]) == 0
    told = capsys.readouterr()
    assert "-3" in told.out
    assert "disk" in told.out
    assert "there are more" in told.err
    assert "warning: the rule 'all' drops heartbeats" in told.err
    assert tocsin("silence", "try", "app=shop", "--team", TEAM["name"]) == 0
    bodies = [asked.body for asked in api.asked if asked.method == "POST"]
    assert bodies == [{"rules": [], "days": 3}, {"matchers": "app=shop", "team_id": TEAM_ID, "days": 7}]
