"""Commands about cover and time off: what they ask of the API, and what they show."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.cli.recorded import TEAM, TEAM_ID, USER_ID, page
from tests.integration.cli.server import Answer, RecordedApi, problem
from tests.unit.cli.operations import RememberedOperations

type Tocsin = Callable[..., int]

OTHER_ID = "01a1dc80-f000-71c5-a9cc-a5cc2ab1b2e3"
SCHEDULE_ID = "01a1dc80-f000-71c5-a9cc-a5cc2ab1b2e4"
ABSENCE_ID = "01a1dc80-f000-71c5-a9cc-a5cc2ab1b2e5"
COVER_ID = "01a1dc80-f000-71c5-a9cc-a5cc2ab1b2e6"
FROM, TO = "2026-11-26T08:00:00+00:00", "2026-11-27T08:00:00+00:00"
USERS = page(
    {"id": USER_ID, "name": "Mira Yilmaz", "email": "mira@example.com"},
    {"id": OTHER_ID, "name": "Leo Park", "email": "leo@example.com"},
)
REQUEST: dict[str, Any] = {
    "id": COVER_ID,
    "schedule_id": SCHEDULE_ID,
    "user_id": USER_ID,
    "requested_by": USER_ID,
    "starts_at": FROM,
    "ends_at": TO,
    "expires_at": FROM,
    "asked_of": [OTHER_ID],
    "declined_by": [],
    "offers": None,
    "status": "open",
    "accepted_by": None,
}
UNCOVERED = {
    "absence_id": ABSENCE_ID,
    "user_id": USER_ID,
    "schedule_id": SCHEDULE_ID,
    "starts_at": FROM,
    "ends_at": TO,
}
ABSENCE = {"id": ABSENCE_ID, "user_id": USER_ID, "starts_at": FROM, "ends_at": TO, "reason": "the sea"}


@pytest.fixture
def tocsin(api: RecordedApi) -> Tocsin:
    api.answers["GET /v1/users"] = Answer(200, USERS)
    api.answers["GET /v1/teams"] = Answer(200, page(TEAM))
    api.answers["GET /v1/schedules"] = Answer(200, page({"id": SCHEDULE_ID, "name": "Daily"}))
    operations = RememberedOperations()
    return lambda *arguments: operations.tocsin(*arguments, TOCSIN_URL=api.url, TOCSIN_TOKEN="tsk_1")


def test_cover_is_asked_for_by_names(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["POST /v1/cover-requests"] = Answer(201, REQUEST)
    asked = ("--schedule", "daily", "--from", FROM, "--to", TO, "--of", "leo@example.com", "--note", "a wedding")
    assert tocsin("cover", "ask", *asked, "--user", "Mira Yilmaz", "--expires", FROM) == 0
    assert api.asked[-1].body == {
        "schedule_id": SCHEDULE_ID,
        "starts_at": FROM,
        "ends_at": TO,
        "asked_of": [OTHER_ID],
        "note": "a wedding",
        "expires_at": FROM,
        "user_id": USER_ID,
    }
    assert capsys.readouterr().err.startswith(f"{COVER_ID} is open; it expires ")


def test_a_swap_has_a_beginning_and_an_end(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["POST /v1/cover-requests"] = Answer(201, REQUEST)
    asked = ("cover", "ask", "--schedule", "Daily", "--from", FROM, "--to", TO, "--offers-from", TO)
    assert tocsin(*asked) == 2
    assert "a swap needs --offers-from and --offers-to" in capsys.readouterr().err
    assert tocsin(*asked, "--offers-to", "2026-11-28T08:00:00+00:00", "-o", "json") == 0
    assert api.asked[-1].body["offers"] == {"starts_at": TO, "ends_at": "2026-11-28T08:00:00+00:00"}
    assert json.loads(capsys.readouterr().out) == REQUEST


def test_requests_are_listed_with_names(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    taken = REQUEST | {
        "status": "accepted",
        "asked_of": [],
        "accepted_by": OTHER_ID,
        "offers": {"starts_at": FROM, "ends_at": TO},
    }
    api.answers["GET /v1/users/me"] = Answer(200, {"id": USER_ID})
    api.answers["GET /v1/cover-requests"] = Answer(200, page(REQUEST, taken, next_cursor="c"))
    assert tocsin("cover", "list", "--mine", "--schedule", "Daily", "--team", TEAM["name"]) == 0
    shown = capsys.readouterr()
    first, second = shown.out.splitlines()[1:]
    assert first.split()[:4] == ["open", "Mira", "Yilmaz", "Daily"]
    assert "Leo Park  -" in first
    assert "the team  Leo Park" in second
    assert shown.err == "there are more: add --cursor c\n"
    (asked,) = (each.path for each in api.asked if each.path.startswith("/v1/cover-requests"))
    assert asked == f"/v1/cover-requests?user_id={USER_ID}&schedule_id={SCHEDULE_ID}&team_id={TEAM_ID}&limit=50"


def test_one_request_is_shown_with_names(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers[f"GET /v1/cover-requests/{COVER_ID}"] = Answer(200, REQUEST)
    assert tocsin("cover", "show", COVER_ID) == 0
    shown = capsys.readouterr().out
    assert "Mira Yilmaz" in shown
    assert "Leo Park" in shown
    assert "Daily" in shown


@pytest.mark.parametrize(
    ("verb", "status"), [("accept", "accepted"), ("decline", "declined"), ("withdraw", "withdrawn")]
)
def test_a_request_is_answered(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str], verb: str, status: str
) -> None:
    api.answers[f"POST /v1/cover-requests/{COVER_ID}/{verb}"] = Answer(200, REQUEST | {"status": status})
    assert tocsin("cover", verb, COVER_ID) == 0
    assert capsys.readouterr().err == f"{COVER_ID} is {status}\n"


def test_who_was_slower_is_told_what_to_do(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal = problem(409, "conflict", "cover request was changed since it was read")
    api.answers[f"POST /v1/cover-requests/{COVER_ID}/accept"] = refusal
    assert tocsin("cover", "accept", COVER_ID) == 5
    assert "look at it as it is now, then decide again" in capsys.readouterr().err
    assert tocsin("cover", "withdraw", ABSENCE_ID) == 3
    assert "see `tocsin cover list`" in capsys.readouterr().err


def test_time_off_warns_when_it_is_entered(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["POST /v1/absences"] = [
        Answer(201, {"absence": ABSENCE, "uncovered": [UNCOVERED]}),
        Answer(201, {"absence": ABSENCE, "uncovered": []}),
    ]
    add = ("absence", "add", "--from", FROM, "--to", TO, "--reason", "the sea")
    assert tocsin(*add) == 0
    shown = capsys.readouterr()
    assert "tocsin absence ask-cover" in shown.err
    assert shown.out.splitlines()[1].startswith("Daily")
    assert api.asked[0].body == {"starts_at": FROM, "ends_at": TO, "reason": "the sea"}
    assert tocsin(*add, "--user", "leo@example.com") == 0
    assert api.asked[-1].body["user_id"] == OTHER_ID
    assert capsys.readouterr().err == f"{ABSENCE_ID}: nothing is left uncovered\n"


def test_time_off_is_listed_and_taken_back(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v1/absences"] = Answer(200, page(ABSENCE))
    api.answers[f"DELETE /v1/absences/{ABSENCE_ID}"] = Answer(204)
    assert tocsin("absence", "list", "--user", "Mira Yilmaz", "--team", TEAM["name"]) == 0
    row = capsys.readouterr().out.splitlines()[1]
    assert row.startswith("Mira Yilmaz")
    assert "the sea" in row
    assert tocsin("absence", "remove", ABSENCE_ID) == 0
    assert (api.asked[-1].method, capsys.readouterr().err) == ("DELETE", f"{ABSENCE_ID} is taken back\n")


def test_what_is_uncovered_is_shown_with_who_could(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    candidates = [{"user_id": OTHER_ID, "load_seconds": 0}]
    proposals = [{"uncovered": UNCOVERED, "candidates": each} for each in (candidates, [])]
    api.answers[f"GET /v1/absences/{ABSENCE_ID}/uncovered"] = Answer(200, {"proposals": proposals, "has_more": True})
    assert tocsin("absence", "uncovered", ABSENCE_ID) == 0
    shown = capsys.readouterr()
    assert [line.split("  ")[-1] for line in shown.out.splitlines()[1:]] == ["Leo Park", "nobody"]
    assert shown.err == "there are more, later ones: these come first\n"


def test_a_teams_warnings_are_shown(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["GET /v1/absences/uncovered"] = Answer(200, {"uncovered": [UNCOVERED], "has_more": False})
    assert tocsin("absence", "warnings", "--team", TEAM["name"], "--days", "7") == 0
    assert api.asked[1].path == f"/v1/absences/uncovered?team_id={TEAM_ID}&days=7"
    assert "Mira Yilmaz" in capsys.readouterr().out


def test_cover_is_asked_for_all_that_is_uncovered(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers[f"POST /v1/absences/{ABSENCE_ID}/request-cover"] = Answer(201, {"requests": [REQUEST]})
    assert tocsin("absence", "ask-cover", ABSENCE_ID, "--of", "Leo Park", "--schedule", "Daily") == 0
    posted = next(each for each in api.asked if each.method == "POST")
    assert posted.body == {"asked_of": [OTHER_ID], "note": "", "schedule_id": SCHEDULE_ID}
    assert COVER_ID in capsys.readouterr().out
