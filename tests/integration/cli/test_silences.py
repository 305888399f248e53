from collections.abc import Callable

import pytest

from tests.integration.cli.recorded import TEAM, TEAM_ID, USER_ID, page
from tests.integration.cli.server import Answer, RecordedApi
from tests.unit.cli.operations import RememberedOperations

type Tocsin = Callable[..., int]

SILENCE = {
    "id": "01a1dc80-f000-71c5-a9cc-a5e16f755700",
    "team_id": None,
    "matchers": 'app="shop"',
    "comment": "a deploy",
    "author_id": USER_ID,
    "starts_at": "2026-11-23T12:00:00Z",
    "ends_at": "2026-11-23T14:00:00Z",
    "state": "active",
    "version": 1,
}


@pytest.fixture
def tocsin(api: RecordedApi) -> Tocsin:
    operations = RememberedOperations()
    api.answers["GET /v1/teams"] = Answer(200, page(TEAM))
    api.answers["GET /v1/users"] = Answer(200, page({"id": USER_ID, "name": "Mira Yilmaz", "email": "m@example.com"}))
    return lambda *arguments: operations.tocsin(*arguments, TOCSIN_URL=api.url, TOCSIN_TOKEN="tsk_1")


def test_a_silence_is_made_for_so_long(api: RecordedApi, tocsin: Tocsin) -> None:
    api.answers["POST /v1/silences"] = Answer(201, SILENCE)
    arguments = ("silence", "add", 'app="shop"', "--until", "2026-12-24T18:00Z", "--comment", "a deploy")
    assert tocsin(*arguments, "--team", TEAM["name"]) == 0
    (post,) = [asked for asked in api.asked if asked.method == "POST"]
    assert post.body == {
        "matchers": 'app="shop"',
        "comment": "a deploy",
        "ends_at": "2026-12-24T18:00:00+00:00",
        "starts_at": None,
        "team_id": TEAM_ID,
    }


def test_silences_are_listed_with_who_made_them(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v1/silences"] = Answer(200, page(SILENCE))
    assert tocsin("silence", "list") == 0
    row = capsys.readouterr().out.splitlines()[1]
    for part in ('app="shop"', "active", "Mira Yilmaz", "a deploy"):
        assert part in row


def test_silences_are_ended_by_their_ids(api: RecordedApi, tocsin: Tocsin) -> None:
    path = f"/v1/silences/{SILENCE['id']}"
    api.answers[f"POST {path}/expire"] = Answer(200, SILENCE | {"state": "over"})
    api.answers[f"GET {path}"] = Answer(200, SILENCE)
    assert tocsin("silence", "expire", str(SILENCE["id"])) == 0
    assert tocsin("silence", "show", str(SILENCE["id"])) == 0
    assert [asked.method for asked in api.asked] == ["POST", "GET"]
