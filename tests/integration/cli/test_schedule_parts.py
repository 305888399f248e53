"""Overrides, temporary schedules and shadows: what the API is asked, and what is shown."""

import json
from typing import Any

import pytest

from tests.integration.cli.conftest import Tocsin
from tests.integration.cli.recorded import page
from tests.integration.cli.server import Answer, RecordedApi

ID, PART = "01a1dc80-f000-71c5-a9cc-a5e555094444", "01a1dc80-f000-71c5-a9cc-a5e555095555"
PATH = f"/v1/schedules/{ID}"
MIRA = {"id": "01a1dc80-f000-71c5-a9cc-a5cc2ab1b2e2", "name": "Mira Yilmaz", "email": "mira@example.com"}
BEN = {"id": "01a1dc80-f000-71c5-a9cc-a5cc2ab1b2e3", "name": "Ben Novak", "email": "ben@example.com"}
DAY = {"starts_at": "2026-11-23T09:00:00+00:00", "ends_at": "2026-11-24T09:00:00+00:00"}
TIMES = ("--from", "2026-11-23T09:00Z", "--to", "2026-11-24T09:00Z")


@pytest.fixture(autouse=True)
def the_schedule(api: RecordedApi) -> dict[str, Any]:
    schedule: dict[str, Any] = {"id": ID, "name": "Payments", "overrides": [], "temporaries": [], "shadows": []}
    api.answers["GET /v1/schedules"] = Answer(200, page(schedule))
    api.answers[f"GET {PATH}"] = Answer(200, schedule)
    api.answers["GET /v1/users"] = Answer(200, page(MIRA, BEN))
    return schedule


def shown(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    lines = capsys.readouterr().out.splitlines()
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


@pytest.mark.parametrize(
    ("part", "given", "sent"),
    [
        (
            "override",
            ("--user", "ben novak", "--replaces", "mira@example.com"),
            {"user_id": BEN["id"], "replaces": MIRA["id"], "kind": "replace"},
        ),
        (
            "override",
            ("--user", "ben@example.com", "--kind", "remove"),
            {"user_id": BEN["id"], "replaces": None, "kind": "remove"},
        ),
        (
            "temporary",
            ("--shift", "ben@example.com=2026-11-23T10:00Z/2026-11-23T12:00Z"),
            {
                "shifts": [
                    {
                        "user_id": BEN["id"],
                        "starts_at": "2026-11-23T10:00:00+00:00",
                        "ends_at": "2026-11-23T12:00:00+00:00",
                    }
                ]
            },
        ),
        ("temporary", (), {"shifts": []}),
        (
            "shadow",
            ("--user", "ben@example.com", "--follows", "Mira Yilmaz"),
            {"user_id": BEN["id"], "follows": MIRA["id"], "layer": None},
        ),
        (
            "shadow",
            ("--user", "ben@example.com", "--layer", "2"),
            {"user_id": BEN["id"], "follows": None, "layer": 1},
        ),
    ],
)
def test_what_is_added_or_only_tried(
    api: RecordedApi,
    tocsin: Tocsin,
    capsys: pytest.CaptureFixture[str],
    part: str,
    given: tuple[str, ...],
    sent: dict[str, object],
) -> None:
    path = f"{PATH}/{'temporaries' if part == 'temporary' else part + 's'}"
    api.answers[f"POST {path}"] = Answer(201, {"id": PART, **DAY})
    assert tocsin("oncall", part, "add", "payments", *given, *TIMES) == 0
    assert (api.asked[-1].path, api.asked[-1].body) == (path, DAY | sent)
    assert capsys.readouterr().err.startswith(f"{PART} is from 2026-11-23 ")
    assert tocsin("oncall", part, "add", "payments", *given, "--to", "2026-11-24T09:00Z", "-o", "json") == 0
    assert api.asked[-1].body["starts_at"] == "2026-11-23T12:00:00+00:00"  # now
    assert json.loads(capsys.readouterr().out) == {"id": PART, **DAY}
    nothing: dict[str, object] = {"differences": [], "more": 0, "shadows_gone": [], "until": DAY["ends_at"]}
    follows = {"shadow_id": PART, "user_id": BEN["id"], "follows": MIRA["id"], **DAY}
    api.answers[f"POST {PATH}/preview"] = Answer(200, nothing | {"shadows_new": [follows]})
    assert tocsin("oncall", part, "add", "payments", *given, *TIMES, "--preview") == 0
    tried = next(each.body for each in api.asked if each.path == f"{PATH}/preview")
    assert tried == {f"add_{part}": DAY | sent}
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1].endswith("new     Ben Novak  Mira Yilmaz")
    assert captured.err.startswith("who is on call does not change by it until ")


def test_what_is_not_over_is_listed(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str], the_schedule: dict[str, Any]
) -> None:
    for part in ("override", "temporary", "shadow"):
        assert tocsin("oncall", part, "list", "payments") == 0
        assert capsys.readouterr() == ("", "there is nothing to show\n")
    override = {"id": PART, "user_id": BEN["id"], "replaces": None, "kind": "replace", **DAY}
    later = override | {"starts_at": "2026-11-23T10:00:00+00:00"}
    the_schedule["overrides"] = [
        later | {"replaces": MIRA["id"]},
        override,
        later | {"id": "9", "kind": "add"},
    ]
    the_schedule["temporaries"] = [
        {"id": PART, **DAY, "shifts": [{"user_id": MIRA["id"], **DAY}]},
        {"id": "9", **DAY, "shifts": []},
    ]
    shadow = {"id": PART, "user_id": BEN["id"], "follows": MIRA["id"], "layer": None, **DAY}
    the_schedule["shadows"] = [shadow, shadow | {"id": "9", "follows": None, "layer": 0}]
    api.answers[f"GET {PATH}"] = Answer(200, the_schedule)

    assert tocsin("oncall", "override", "list", "payments") == 0
    rows = shown(capsys)
    assert [(row[0], row[1], row[2], row[-1]) for row in rows[1:]] == [
        ("replace", "Ben Novak", "everyone", PART),
        ("replace", "Ben Novak", "Mira Yilmaz", PART),
        ("add", "Ben Novak", "-", "9"),
    ]
    assert tocsin("oncall", "temporary", "list", "payments") == 0
    assert [(row[2], row[-1]) for row in shown(capsys)[1:]] == [("Mira Yilmaz", PART), ("nobody", "9")]
    assert tocsin("oncall", "shadow", "list", "payments") == 0
    assert [(row[0], row[1], row[-1]) for row in shown(capsys)[1:]] == [
        ("Ben Novak", "Mira Yilmaz", PART),
        ("Ben Novak", "layer 1", "9"),
    ]
    for part, parts in (("override", "overrides"), ("temporary", "temporaries"), ("shadow", "shadows")):
        assert tocsin("oncall", part, "list", "payments", "-o", "json") == 0
        listed = json.loads(capsys.readouterr().out)
        assert sorted(listed, key=str) == sorted(the_schedule[parts], key=str)


def test_what_is_removed(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    for part, parts in (("override", "overrides"), ("temporary", "temporaries"), ("shadow", "shadows")):
        api.answers[f"POST {PATH}/{parts}/{PART}/remove"] = Answer(204)
        assert tocsin("oncall", part, "remove", "payments", PART) == 0
        assert api.asked[-1].path == f"{PATH}/{parts}/{PART}/remove"
        assert capsys.readouterr().err == f"{PART} is removed\n"
        assert tocsin("oncall", part, "remove", "payments", "other") == 3
        capsys.readouterr()


@pytest.mark.parametrize(
    "given",
    [
        ("shadow", "add", "payments", "--user", "ben@example.com", *TIMES),
        ("shadow", "add", "payments", "--user", "ben@example.com", *TIMES, "--follows", "Mira Yilmaz", "--layer", "1"),
        ("temporary", "add", "payments", *TIMES, "--shift", "ben@example.com"),
        ("temporary", "add", "payments", *TIMES, "--shift", "ben@example.com=2026-11-23T10:00Z"),
        ("temporary", "add", "payments", *TIMES, "--shift", "ben@example.com=soon/later"),
        ("override", "add", "payments", "--user", "ben@example.com", "--to", "later"),
        ("override", "add", "payments", "--user", "ben@example.com", *TIMES, "--kind", "swap"),
    ],
)
def test_what_cannot_be_understood_is_a_matter_of_usage(tocsin: Tocsin, given: tuple[str, ...]) -> None:
    assert tocsin("oncall", *given) == 2
