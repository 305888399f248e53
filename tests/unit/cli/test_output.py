import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters.inbound.cli.output import (
    age,
    parse_instant,
    relative,
    show_fields,
    show_json,
    show_table,
    span,
    when,
)
from tests.unit.cli.operations import NOW


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (7200, "2h"), (86_400, "1d"), (-90, "1m")]
)
def test_a_span_is_said_in_its_largest_unit(seconds: int, said: str) -> None:
    assert span(timedelta(seconds=seconds)) == said


def test_times_are_said_relative_to_now() -> None:
    assert relative("2026-11-23T11:57:00Z", NOW) == "3m ago"
    assert relative("2026-11-23T12:05:00Z", NOW) == "in 5m"
    assert age("2026-11-23T10:00:00Z", NOW) == "2h"
    assert age(None, NOW) == when(None, NOW) == "-"


def test_a_time_is_shown_on_this_computer_s_clock() -> None:
    local = datetime(2026, 11, 23, 11, 57, tzinfo=UTC).astimezone()
    assert when("2026-11-23T11:57:00Z", NOW) == f"{local:%Y-%m-%d %H:%M:%S %Z} (3m ago)"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-11-23T10:00:00Z", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2026-11-23T10:00:00+02:00", datetime(2026, 11, 23, 10, tzinfo=timezone(timedelta(hours=2)))),
        ("2026-11-23T10:00", datetime(2026, 11, 23, 10).astimezone(UTC)),  # this computer's time
    ],
)
def test_an_instant_is_an_iso_time_or_how_long_ago(text: str, at: datetime) -> None:
    assert parse_instant(text, NOW) == at


@pytest.mark.parametrize("text", ["", "h", "yesterday", "-2h", "2 h", "²h"])
def test_anything_else_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_instant(text, NOW)


def test_a_piped_table_has_one_line_a_row_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("ID", "TITLE"), [(1, "x" * 500), (2, "y z " * 100)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ID  TITLE"
    assert lines[1] == "1   " + "x" * 500
    assert lines[2] == "2   " + ("y z " * 100).strip()
    assert len(lines) == 3


def test_what_senders_wrote_cannot_mark_up_or_move_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("TITLE",), [("[bold]a[/bold]\x1b[31m\nb\u202ec",)])
    show_fields([("title", "\x1b]0;owned\x07\nx"), ("label", {"a": "b\u202ec"})])
    assert capsys.readouterr().out.splitlines() == [
        "TITLE",
        "[bold]a[/bold] [31m bc",
        "title:  ]0;owned x",
        'label:  {"a": "bc"}',
    ]


def test_an_empty_table_says_so_beside_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("TITLE",), [])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "there is nothing to show\n"


def test_fields_without_a_value_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    show_fields([("name", "checkout"), ("runbook", None), ("is strict", False), ("labels", {"a": 1})])
    assert capsys.readouterr().out.splitlines() == ["name:       checkout", "is strict:  False", 'labels:     {"a": 1}']


def test_json_keeps_what_the_api_said(capsys: pytest.CaptureFixture[str]) -> None:
    said = {"title": "Zürich \x1b[31m", "at": "2026-11-23T11:57:00Z", "none": None}
    show_json(said)
    out = capsys.readouterr().out
    assert json.loads(out) == said
    assert "Zürich" in out
    assert "\x1b" not in out
