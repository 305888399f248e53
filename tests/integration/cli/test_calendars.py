"""Calendars, both ways: what the API is asked, and what is shown."""

import io
import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Tocsin
from tests.integration.cli.recorded import page
from tests.integration.cli.server import Answer, RecordedApi

ID, FEED = "01a1dc80-f000-71c5-a9cc-a5e555094444", "01a1dc80-f000-71c5-a9cc-a5e555095555"
PATH = f"/v1/schedules/{ID}/calendar-import"
MIRA = {"id": "01a1dc80-f000-71c5-a9cc-a5cc2ab1b2e2", "name": "Mira Yilmaz", "email": "mira@example.com"}
CALENDAR = {
    "schedule_id": ID,
    "host": "calendar.example.com",
    "refresh_minutes": 15,
    "next_refresh_at": "2026-11-23T12:05:00Z",
    "read_at": "2026-11-23T11:50:00Z",
    "failing_since": None,
    "failure": "",
    "unread": ["Dora: it names nobody who is a user here"],
    "unread_count": 1,
    "temporary_id": FEED,
    "as_layer": False,
}


@pytest.fixture(autouse=True)
def the_schedule(api: RecordedApi) -> None:
    api.answers["GET /v1/schedules"] = Answer(200, page({"id": ID, "name": "Payments"}))
    api.answers["GET /v1/users"] = Answer(200, page(MIRA))
    api.answers["GET /v1/users/me"] = Answer(200, MIRA)


def test_a_feed_is_created_for_oneself_a_schedule_or_somebody(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["POST /v1/calendar-feeds"] = Answer(201, {"feed": {"id": FEED}, "url": "https://tocsin/calendar/x.ics"})
    for given, sent in (
        ((), {"schedule_id": None, "user_id": MIRA["id"]}),
        (("--schedule", "payments"), {"schedule_id": ID, "user_id": None}),
        (("--user", "mira@example.com"), {"schedule_id": None, "user_id": MIRA["id"]}),
    ):
        assert tocsin("oncall", "feed", "create", *given) == 0
        assert api.asked[-1].body == sent
        assert capsys.readouterr().out == "https://tocsin/calendar/x.ics\n"
    assert tocsin("oncall", "feed", "create", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["feed"] == {"id": FEED}
    assert tocsin("oncall", "feed", "create", "--user", "mira@example.com", "--schedule", "payments") == 2


def test_feeds_are_listed_by_what_they_show_and_revoked(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = {"id": FEED, "user_id": MIRA["id"], "schedule_id": None, "created_at": "2026-11-23T11:00:00Z"}
    answer = {"feeds": [feed, feed | {"user_id": None, "schedule_id": ID}]}
    api.answers["GET /v1/calendar-feeds"] = Answer(200, answer)
    assert tocsin("oncall", "feed", "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[1:]] == ["Mira Yilmaz", "Payments"]
    assert tocsin("oncall", "feed", "list", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == answer
    api.answers["GET /v1/calendar-feeds"] = Answer(200, {"feeds": []})
    assert tocsin("oncall", "feed", "list") == 0
    assert capsys.readouterr().err == "there is nothing to show\n"
    api.answers[f"DELETE /v1/calendar-feeds/{FEED}"] = Answer(204)
    assert tocsin("oncall", "feed", "revoke", FEED) == 0
    assert capsys.readouterr().err == f"{FEED} is revoked\n"


def test_a_schedule_follows_the_calendar_whose_address_a_file_holds(
    api: RecordedApi,
    tocsin: Tocsin,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api.answers[f"PUT {PATH}"] = Answer(200, CALENDAR)
    file = tmp_path / "url"
    file.write_text("https://calendar.example.com/secret.ics\n")
    assert tocsin("oncall", "calendar", "set", "payments", "--url-file", str(file), "--refresh-minutes", "30") == 0
    assert api.asked[-1].body == {
        "url": "https://calendar.example.com/secret.ics",
        "refresh_minutes": 30,
        "as_layer": False,
    }
    shown = capsys.readouterr()
    assert "calendar.example.com" in shown.out
    assert shown.err == "no shift: Dora: it names nobody who is a user here\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("https://calendar.example.com/other.ics"))
    assert tocsin("oncall", "calendar", "set", "payments", "--url-file", "-", "--as-layer", "-o", "json") == 0
    assert api.asked[-1].body == {
        "url": "https://calendar.example.com/other.ics",
        "refresh_minutes": 15,
        "as_layer": True,
    }
    assert json.loads(capsys.readouterr().out) == CALENDAR
    assert tocsin("oncall", "calendar", "set", "payments", "--url-file", str(tmp_path / "none")) == 2


def test_a_calendar_that_cannot_be_read_ends_with_exit_code_1(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers[f"GET {PATH}"] = Answer(200, CALENDAR)
    assert tocsin("oncall", "calendar", "show", "payments") == 0
    failing = CALENDAR | {"failing_since": "2026-11-23T11:00:00Z", "failure": "its server answered 404"}
    api.answers[f"GET {PATH}"] = Answer(200, failing)
    capsys.readouterr()
    assert tocsin("oncall", "calendar", "show", "payments") == 1
    shown = capsys.readouterr()
    assert "(1h ago)" in shown.out
    assert shown.err.endswith("tocsin: it cannot be read: its server answered 404\n")


def test_a_calendar_is_refreshed_and_removed(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers[f"POST {PATH}/refresh"] = Answer(200, CALENDAR)
    assert tocsin("oncall", "calendar", "refresh", "payments") == 0
    api.answers[f"DELETE {PATH}"] = Answer(204)
    assert tocsin("oncall", "calendar", "remove", "payments") == 2
    capsys.readouterr()
    assert tocsin("oncall", "calendar", "remove", "payments", "--yes") == 0
    assert api.asked[-1].method == "DELETE"
    assert capsys.readouterr().err == "payments follows no calendar any more\n"
