import json
from collections.abc import Callable

import pytest

from tests.integration.cli.recorded import TEAM, TEAM_ID, USER_ID, page
from tests.integration.cli.server import Answer, RecordedApi, problem
from tests.unit.cli.operations import RememberedOperations

type Tocsin = Callable[..., int]

MIRA = {"id": USER_ID, "name": "Mira Yilmaz", "email": "mira@example.com"}
FALL_BACK = {"team_id": None, "targets": [{"kind": "user", "id": USER_ID}], "version": 3}


@pytest.fixture
def tocsin(api: RecordedApi) -> Tocsin:
    operations = RememberedOperations()
    api.answers["GET /v1/users"] = Answer(200, page(MIRA))
    api.answers[f"GET /v1/users/{USER_ID}"] = Answer(200, MIRA)
    api.answers["GET /v1/teams"] = Answer(200, page(TEAM))
    return lambda *arguments: operations.tocsin(*arguments, TOCSIN_URL=api.url, TOCSIN_TOKEN="tsk_1")


def test_the_last_resort_is_shown_with_names(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v1/fall-back"] = Answer(200, FALL_BACK)
    assert tocsin("fall-back", "show") == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["KIND", "NAME", "ID"],
        ["user", "Mira", "Yilmaz", USER_ID],
    ]


def test_the_one_that_was_read_is_replaced(api: RecordedApi, tocsin: Tocsin) -> None:
    api.answers["GET /v1/fall-back"] = Answer(200, FALL_BACK)
    api.answers["PUT /v1/fall-back"] = Answer(200, FALL_BACK | {"version": 4})
    assert tocsin("fall-back", "set", "--user", "mira@example.com") == 0
    (put,) = [asked for asked in api.asked if asked.method == "PUT"]
    assert put.body == {"targets": [{"kind": "user", "id": USER_ID}]}
    assert put.headers["if-match"] == '"v3"'


def test_the_first_one_of_a_team_replaces_nothing(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/v1/teams/{TEAM_ID}/fall-back"
    made = {"team_id": TEAM_ID, "targets": [{"kind": "team", "id": TEAM_ID}], "version": 1}
    api.answers[f"PUT {path}"] = Answer(200, made)
    arguments = ("fall-back", "set", "--team", TEAM["name"], "--with-team", TEAM["name"], "-o", "json")
    assert tocsin(*arguments) == 0
    assert json.loads(capsys.readouterr().out) == made
    (put,) = [asked for asked in api.asked if asked.method == "PUT"]
    assert (put.path, "if-match" in put.headers) == (path, False)


def test_channels_and_servers_are_named_beside_people(api: RecordedApi, tocsin: Tocsin) -> None:
    war_room = {"id": "01a1dc80-f000-71c5-a9cc-a5e555093fb1", "name": "War room"}
    hook = {"id": "01a1dc80-f000-71c5-a9cc-a5e555093fb2", "name": "Hook"}
    api.answers["GET /v1/destinations"] = Answer(200, page(war_room, hook))
    targets = [
        {"kind": "user", "id": USER_ID},
        {"kind": "channel", "id": war_room["id"]},
        {"kind": "webhook", "id": hook["id"]},
    ]
    api.answers["PUT /v1/fall-back"] = Answer(200, FALL_BACK | {"targets": targets})
    given = ("--user", "mira@example.com", "--channel", "war room", "--webhook", "Hook")
    assert tocsin("fall-back", "set", *given, "-o", "json") == 0
    (put,) = [asked for asked in api.asked if asked.method == "PUT"]
    assert put.body == {"targets": targets}


def test_a_last_resort_is_somebody(tocsin: Tocsin) -> None:
    assert tocsin("fall-back", "set") == 2


def test_where_there_is_none_it_says_how_to_set_one(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v1/fall-back"] = problem(404, "not_found", "there is no fall-back of the installation")
    assert tocsin("fall-back", "show") == 3
    assert "set one with `tocsin fall-back set`" in capsys.readouterr().err


def test_an_escalation_is_moved(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["POST /v1/incidents/INC-15/escalation/move"] = Answer(200, {"reference": "INC-15"})
    assert tocsin("incident", "move", "INC-15") == 0
    assert capsys.readouterr().err == "INC-15 goes on by the newest version of its policy\n"
