"""Destinations by the command line, and policies that tell them."""

import json
from typing import Any

import pytest

from tests.integration.cli.conftest import Tocsin
from tests.integration.cli.recorded import TEAM, TEAM_ID, page
from tests.integration.cli.server import Answer, RecordedApi

ID = "01a1dc80-f000-71c5-a9cc-a5e555093fb1"
PATH = f"/v1/destinations/{ID}"
HOOK: dict[str, Any] = {
    "id": ID,
    "team_id": TEAM_ID,
    "name": "Hook",
    "kind": "webhook",
    "address": "https://hooks.example.test/t",
    "version": 2,
    "warnings": [],
}
ISSUED = {"destination": HOOK, "secret": "whsec_c2VjcmV0"}


@pytest.fixture(autouse=True)
def the_api(api: RecordedApi) -> None:
    api.answers |= {
        "GET /v1/destinations": Answer(200, page(HOOK)),
        "GET /v1/teams": Answer(200, page(TEAM)),
        "POST /v1/destinations": Answer(201, ISSUED),
        f"POST {PATH}/rotate-secret": Answer(200, ISSUED),
        f"PATCH {PATH}": Answer(200, HOOK),
        f"DELETE {PATH}": Answer(204, b""),
        "POST /v1/policies": Answer(201, {"id": ID, "name": "Page"}),
    }


def test_a_destination_is_made_and_its_secret_alone_goes_to_the_output(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--team", "payments", "--kind", "webhook", "--address", HOOK["address"])
    assert tocsin("destination", "create", "Hook", *given) == 0
    assert api.asked[-1].body == {
        "name": "Hook",
        "team_id": TEAM_ID,
        "kind": "webhook",
        "address": HOOK["address"],
    }
    assert capsys.readouterr().out == "whsec_c2VjcmV0\n"

    assert tocsin("destination", "rotate-secret", "hook", "--overlap-seconds", "0", "-o", "json") == 0
    assert api.asked[-1].body == {"overlap_seconds": 0}
    assert json.loads(capsys.readouterr().out) == ISSUED


def test_a_destination_is_changed_by_the_version_that_was_read(api: RecordedApi, tocsin: Tocsin) -> None:
    assert tocsin("destination", "edit", "hook") == 2
    assert tocsin("destination", "edit", "hook", "--name", "Other") == 0
    assert (api.asked[-1].body, api.asked[-1].headers["if-match"]) == ({"name": "Other"}, '"v2"')


def test_a_destination_is_deleted_when_that_is_agreed_to(api: RecordedApi, tocsin: Tocsin) -> None:
    assert tocsin("destination", "delete", "hook", "--yes") == 0
    assert (api.asked[-1].method, api.asked[-1].path) == ("DELETE", PATH)


def test_a_policy_tells_a_destination_by_its_name(api: RecordedApi, tocsin: Tocsin) -> None:
    assert tocsin("policy", "create", "--name", "Page", "--team", "payments", "--step", "webhook=hook") == 0
    step = {"targets": [{"kind": "webhook", "id": ID}], "delay_seconds": 300}
    assert api.asked[-1].body == {"name": "Page", "team_id": TEAM_ID, "steps": [step]}


def test_one_that_takes_no_messages_is_warned_of(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    warning = {"code": "destination_refuses", "detail": "takes no messages: status 410", "user_id": None}
    api.answers["GET /v1/destinations"] = Answer(200, page(HOOK | {"warnings": [warning]}))
    for asked in (("list",), ("show", "hook")):
        assert tocsin("destination", *asked) == 0
        told = capsys.readouterr()
        assert "warning: Hook takes no messages: status 410" in told.err
        assert "destination_refuses" not in told.out
