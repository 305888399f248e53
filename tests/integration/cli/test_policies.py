"""Policies by the command line: documents with names, the difference before a change, refusals by field."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import Tocsin
from tests.integration.cli.recorded import TEAM, TEAM_ID, USER_ID, page
from tests.integration.cli.server import Answer, RecordedApi, problem

POLICY_ID = "01a1dc80-f000-71c5-a9cc-a5e555093fa2"
ROTA_ID = "01a1dc80-f000-71c5-a9cc-a5e555093fa3"
PATH = f"/v1/policies/{POLICY_ID}"
STEP: dict[str, Any] = {
    "targets": [{"kind": "schedule", "id": ROTA_ID}],
    "delay_seconds": 300,
    "mode": "everyone",
    "condition": None,
}
POLICY: dict[str, Any] = {
    "id": POLICY_ID,
    "team_id": TEAM_ID,
    "name": "Page",
    "steps": [STEP],
    "repeats": 1,
    "repeat_from": 1,
    "acknowledgement_timeout_seconds": None,
    "when_exhausted": "stay",
    "version": 3,
}
IN_TOML = """
name = "Page"
team = "Payments"
repeats = 2

[[steps]]
delay_seconds = 600
targets = [{ kind = "user", name = "Mira Yilmaz" }, { kind = "schedule", id = "01a1dc80-f000-71c5-a9cc-a5e555093fa3" }]
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def the_api(api: RecordedApi) -> None:
    rota = {"id": ROTA_ID, "name": "Primary", "team_id": TEAM_ID}
    mira = {"id": USER_ID, "name": "Mira Yilmaz", "email": "mira@example.com"}
    api.answers |= {
        "GET /v1/policies": Answer(200, page(POLICY)),
        f"GET {PATH}": Answer(200, POLICY | {"warnings": []}),
        "GET /v1/teams": Answer(200, page(TEAM)),
        f"GET /v1/teams/{TEAM_ID}": Answer(200, TEAM),
        "GET /v1/schedules": Answer(200, page(rota)),
        f"GET /v1/schedules/{ROTA_ID}": Answer(200, rota),
        "GET /v1/users": Answer(200, page(mira)),
        f"GET /v1/users/{USER_ID}": Answer(200, mira),
        "POST /v1/policies": Answer(201, POLICY),
        f"PATCH {PATH}": Answer(200, POLICY | {"version": 4}),
        f"DELETE {PATH}": Answer(204, b""),
    }


def sent(api: RecordedApi, method: str) -> Any:
    (asked,) = [each for each in api.asked if each.method == method]
    return asked


def test_a_policy_is_made_of_options_alone(api: RecordedApi, tocsin: Tocsin) -> None:
    assert (
        tocsin(
            *("policy", "create", "--name", "Page", "--team", "payments", "--delay", "10m", "--repeats", "2"),
            *("--step", "schedule=Primary,user=mira@example.com", "--step", f"team={TEAM_ID}"),
        )
        == 0
    )
    assert sent(api, "POST").body == {
        "name": "Page",
        "team_id": TEAM_ID,
        "repeats": 2,
        "steps": [
            {
                "targets": [{"kind": "schedule", "id": ROTA_ID}, {"kind": "user", "id": USER_ID}],
                "delay_seconds": 600,
            },
            {"targets": [{"kind": "team", "id": TEAM_ID}], "delay_seconds": 600},
        ],
    }


def test_a_policy_is_made_of_a_document_with_names(api: RecordedApi, tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(IN_TOML)
    assert tocsin("policy", "create", str(tmp_path / "policy.toml"), "--name", "Other") == 0

    targets = [{"kind": "user", "id": USER_ID}, {"kind": "schedule", "id": ROTA_ID}]
    assert sent(api, "POST").body == {
        "name": "Other",  # an option stands above the file
        "team_id": TEAM_ID,
        "repeats": 2,
        "steps": [{"targets": targets, "delay_seconds": 600}],
    }


def test_what_was_shown_as_json_can_be_given_back(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tocsin("policy", "show", "page", "-o", "json") == 0
    shown = json.loads(capsys.readouterr().out)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(shown | {"repeats": 4})))
    assert tocsin("policy", "edit", "page", "-", "--yes") == 0

    patched = sent(api, "PATCH")
    assert patched.body == {
        member: value for member, value in (POLICY | {"repeats": 4}).items() if member not in ("id", "version")
    }
    assert patched.headers["if-match"] == '"v3"'


def test_a_policy_is_shown_with_names(tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    assert tocsin("policy", "show", POLICY_ID) == 0
    out = capsys.readouterr().out
    assert "Payments" in out
    assert "1     schedule Primary  everyone  5m" in out


def test_an_edit_shows_the_difference_and_asks(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert tocsin("policy", "edit", "page", "--step", "user=mira@example.com") == 1
    err = capsys.readouterr().err
    assert '-          "kind": "schedule"' in err
    assert '+          "name": "Mira Yilmaz"' in err
    assert "change it? [y/N]" in err
    assert err.endswith("tocsin: nothing was changed\n")
    assert not [each for each in api.asked if each.method == "PATCH"]

    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert tocsin("policy", "edit", "page", "--step", "user=mira@example.com") == 0
    step = {"targets": [{"kind": "user", "id": USER_ID}], "delay_seconds": 300}
    assert sent(api, "PATCH").body == {"steps": [step]}


def test_an_edit_that_changes_nothing_sends_nothing(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tocsin("policy", "edit", "page", "--repeats", "1", "--yes") == 0
    assert capsys.readouterr().err == "nothing would change\n"
    assert not [each for each in api.asked if each.method == "PATCH"]


def test_an_edit_of_what_was_changed_meanwhile_is_by_the_version_in_the_document(
    api: RecordedApi, tocsin: Tocsin, tmp_path: Path
) -> None:
    (tmp_path / "p.json").write_text(json.dumps(POLICY | {"version": 2, "repeats": 5}))
    api.answers[f"PATCH {PATH}"] = problem(412, "precondition_failed", "it was changed since it was read")
    assert tocsin("policy", "edit", "page", str(tmp_path / "p.json"), "--yes") == 5
    assert sent(api, "PATCH").headers["if-match"] == '"v2"'


def test_without_a_terminal_a_change_must_be_agreed_to(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert tocsin("policy", "edit", "page", "--repeats", "7") == 2
    assert tocsin("policy", "delete", "page") == 2
    assert "add --yes" in capsys.readouterr().err
    assert tocsin("policy", "delete", "page", "--yes") == 0
    assert sent(api, "DELETE").path == PATH


def test_what_the_server_refuses_is_named_by_field(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = [
        {"pointer": "#/steps/0/delay_seconds", "code": "invalid_value", "detail": "must be >= 1"},
        {"pointer": "#/repeats", "code": "invalid_value", "detail": "must be <= 50"},
    ]
    api.answers["POST /v1/policies"] = problem(422, "validation_failed", "2 fields are not valid.", errors=errors)
    assert tocsin("policy", "create", "--name", "P", "--team", "payments", "--step", "schedule=primary") == 2
    assert capsys.readouterr().err == (
        "tocsin: 2 fields are not valid: steps/0/delay_seconds must be >= 1, repeats must be <= 50\n"
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("create",), "name a file, or --name, --team and --step"),
        (("create", "--step", "Primary"), "write schedule=NAME, user=NAME or team=NAME"),
        (
            ("create", "--step", "group=Primary"),
            "'group' is no kind of target; there are user, schedule, team, channel",
        ),
        (("create", "--step", "user=nobody"), "there is no user 'nobody'"),
        (("create", "--step", "schedule=primary", "--delay", "soon"), "write how long, such as 90s"),
        (("edit", "page", "missing.json"), "cannot read missing.json"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_is_sent(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], reason: str
) -> None:
    assert tocsin("policy", *arguments) in {2, 3}
    assert reason in capsys.readouterr().err
    assert {each.method for each in api.asked} <= {"GET"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is no JSON"),
        ("steps", "is no TOML"),
        ("[1]", "must be an object"),
        ('{"steps": "all"}', "steps must be a list"),
        ('{"steps": [{"targets": [7]}]}', "steps must be a list"),
    ],
)
def test_a_document_that_says_no_policy_is_refused(
    tocsin: Tocsin, capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "p").write_text(text)
    assert tocsin("policy", "edit", "page", str(tmp_path / "p"), "--yes") == 2
    assert reason in capsys.readouterr().err


def test_a_channel_that_takes_no_messages_is_warned_of_when_the_policy_is_made_and_shown(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    warning = {"code": "destination_refuses", "detail": "tells Ops, which takes no messages", "user_id": None}
    warned = POLICY | {"warnings": [warning]}
    api.answers |= {f"GET {PATH}": Answer(200, warned), "POST /v1/policies": Answer(201, warned)}
    made_of = ("--name", "Page", "--team", "Payments", "--step", "schedule=Primary")
    for command in (("show", "Page"), ("create", *made_of)):
        assert tocsin("policy", *command) == 0
        assert "warning: Page tells Ops, which takes no messages" in capsys.readouterr().err
