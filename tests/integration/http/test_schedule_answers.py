"""Quality, overlaps, handoffs and load of a schedule through the API."""

from datetime import timedelta
from typing import Any

import pytest

from domain.identity.role import Role
from tests.integration.http.world import PEOPLE, START, TEAM, World
from tests.support.delivered import deliver

RESPONDER, MANAGER = str(PEOPLE[Role.RESPONDER]), str(PEOPLE[Role.MANAGER])
RESPONDER_NAMED = {"id": RESPONDER, "name": "Responder"}
MANAGER_NAMED = {"id": MANAGER, "name": "Manager"}
DAILY = {
    "rotation": {"unit": "day", "starts_at_local": "2026-11-23T10:00:00", "participants": [[RESPONDER], [MANAGER]]},
}
BY_DAY = {
    "rotation": {"unit": "day", "starts_at_local": "2026-11-23T09:00:00", "participants": [[RESPONDER, MANAGER]]},
    "restrictions": [
        {"starts_on": "monday", "starts_at": "08:00:00", "ends_on": "monday", "ends_at": "22:00:00"},
        {"starts_on": "tuesday", "starts_at": "08:00:00", "ends_on": "tuesday", "ends_at": "22:00:00"},
    ],
}


async def a_schedule(api: World, *layers: dict[str, Any], zone: str = "Europe/Berlin") -> str:
    body = {"team_id": str(TEAM), "name": "Shop", "time_zone": zone, "layers": layers}
    answer = await api.ask("POST", "/v1/schedules", json=body)
    assert answer.status_code == 201, answer.text
    return f"/v1/schedules/{answer.json()['id']}"


async def asked(api: World, path: str) -> Any:
    answer = await api.ask("GET", path, by=Role.VIEWER)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_handoffs_come_in_pages(api: World) -> None:
    path = f"{await a_schedule(api, DAILY)}/handoffs?until=2026-11-25T12:00:00Z&limit=2"
    first = await asked(api, path)
    assert first == {
        "handoffs": [
            {"at": "2026-11-23T09:00:00Z", "before": [], "after": [RESPONDER_NAMED]},
            {"at": "2026-11-24T09:00:00Z", "before": [RESPONDER_NAMED], "after": [MANAGER_NAMED]},
        ],
        "next_since": "2026-11-25T09:00:00Z",
    }
    rest = await asked(api, f"{path}&since={first['next_since']}")
    assert rest == {
        "handoffs": [{"at": "2026-11-25T09:00:00Z", "before": [MANAGER_NAMED], "after": [RESPONDER_NAMED]}],
        "next_since": None,
    }


async def test_a_handoff_at_the_end_of_an_override_is_found_at_the_start_of_an_interval(api: World) -> None:
    path = await a_schedule(api, DAILY)
    override = {"user_id": MANAGER, "starts_at": "2026-11-23T10:00:00Z", "ends_at": "2026-11-23T12:00:00Z"}
    assert (await api.ask("POST", f"{path}/overrides", json=override)).status_code == 201
    found = await asked(api, f"{path}/handoffs?since=2026-11-23T12:00:00Z&until=2026-11-23T13:00:00Z")
    assert found["handoffs"] == [{"at": "2026-11-23T12:00:00Z", "before": [MANAGER_NAMED], "after": [RESPONDER_NAMED]}]


async def test_overlaps_are_beside_the_gaps(api: World) -> None:
    path = await a_schedule(api, BY_DAY, zone="UTC")
    found = await asked(api, f"{path}/overlaps?until=2026-11-24T10:00:00Z")
    together = [RESPONDER_NAMED, MANAGER_NAMED]
    assert found["overlaps"] == [
        {"starts_at": "2026-11-23T09:00:00Z", "ends_at": "2026-11-23T22:00:00Z", "users": together},
        {"starts_at": "2026-11-24T08:00:00Z", "ends_at": "2026-11-24T10:00:00Z", "users": together},
    ]
    assert (await asked(api, f"{path}/overlaps?people=2"))["overlaps"] == []


async def test_a_quality_report_counts_its_findings_and_names_each(api: World) -> None:
    path = await a_schedule(api, BY_DAY, zone="UTC")
    report = await asked(api, f"{path}/quality?weeks=1&people=2&limit=1")
    gaps = [
        ("2026-11-23T22:00:00Z", "2026-11-24T08:00:00Z"),
        ("2026-11-24T22:00:00Z", "2026-11-30T08:00:00Z"),
    ]
    gap_hours = 10 + 5 * 24 + 10
    assert report == {
        "starts_at": "2026-11-23T09:00:00Z",
        "ends_at": "2026-11-30T09:00:00Z",
        "gap_seconds": gap_hours * 3600,
        "gap_percent": 83.3333,
        "longest": {
            "user": RESPONDER_NAMED,
            "starts_at": "2026-11-24T08:00:00Z",
            "ends_at": "2026-11-24T22:00:00Z",
            "seconds": 14 * 3600,
        },
        "counts": {"gap": 2, "overlap": 0, "long_stretch": 0, "back_to_back": 2},
        "findings": [
            {"kind": "back_to_back", "starts_at": gaps[0][0], "ends_at": gaps[0][1], "users": [RESPONDER_NAMED]}
        ],
        "has_more": True,
    }
    whole = await asked(api, f"{path}/quality?weeks=1&people=2&rest_hours=10&stretch_hours=13")
    assert whole["counts"] == {"gap": 2, "overlap": 0, "long_stretch": 2, "back_to_back": 0}
    assert not whole["has_more"]
    assert [(each["starts_at"], each["ends_at"]) for each in whole["findings"] if each["kind"] == "gap"] == gaps


async def test_load_is_each_one_s_hours_shares_and_pages(api: World) -> None:
    path = await a_schedule(api, DAILY)
    deliver(api.database, 1, to=PEOPLE[Role.RESPONDER], at=START + timedelta(hours=14))  # 23:00: they live in UTC
    report = await asked(api, f"{path}/load?since={START:%Y-%m-%dT%H:%M:%S}Z&until=2026-11-26T09:00:00Z")
    assert (report["starts_at"], report["ends_at"]) == ("2026-11-23T09:00:00Z", "2026-11-26T09:00:00Z")
    responder, manager = report["people"]
    assert responder == {
        "user": RESPONDER_NAMED,
        "time_zone": "UTC",
        "seconds": {"total": 48 * 3600, "nights": 18 * 3600, "weekends": 0, "holidays": 0},
        "share": {"total": 1.3333, "nights": 1.3333, "weekends": None, "holidays": None},
        "pages": 1,
        "night_pages": 1,
        "interrupted_nights": 1,
    }
    assert (manager["user"], manager["share"]["total"], manager["pages"]) == (MANAGER_NAMED, 0.6667, 0)


async def test_holidays_count_where_a_country_is_named(api: World) -> None:
    path = f"{await a_schedule(api, DAILY)}/load?since=2026-12-24T09:00:00Z&until=2026-12-28T09:00:00Z"
    assert [row["seconds"]["holidays"] for row in (await asked(api, path))["people"]] == [0, 0]
    german = await asked(api, f"{path}&country=DE")
    assert sum(row["seconds"]["holidays"] for row in german["people"]) == 48 * 3600
    french = await asked(api, f"{path}&country=FR")
    assert sum(row["seconds"]["holidays"] for row in french["people"]) == 24 * 3600


async def test_load_without_times_is_of_the_last_four_weeks(api: World) -> None:
    path = f"{await a_schedule(api, DAILY)}/load"
    assert (await asked(api, path))["starts_at"] == "2026-10-26T09:00:00Z"
    assert (await asked(api, f"{path}?since=2026-12-01T00:00:00Z"))["ends_at"] == "2026-12-29T00:00:00Z"
    assert (await asked(api, f"{path}?until=2026-12-29T00:00:00Z"))["starts_at"] == "2026-12-01T00:00:00Z"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("quality?weeks=53", "weeks"),
        ("quality?people=0", "people"),
        ("quality?stretch_hours=0", "stretch_hours"),
        ("quality?rest_hours=337", "rest_hours"),
        ("load?country=de", "country"),
        ("load?country=ZZ", "country"),
        ("load?country=DE&subdivision=XX", "subdivision"),
        ("load?since=2026-01-01T00:00:00Z&until=2027-12-01T00:00:00Z", "interval"),
        ("handoffs?limit=201", "limit"),
        ("handoffs?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "end"),
        ("overlaps?people=11", "people"),
    ],
)
async def test_what_is_out_of_its_limits_is_named(api: World, query: str, field: str) -> None:
    path = await a_schedule(api, DAILY)
    answer = await api.ask("GET", f"{path}/{query}", by=Role.VIEWER)
    assert answer.status_code in (400, 422), answer.text
    assert field in answer.text


@pytest.mark.parametrize("question", ["quality", "overlaps", "handoffs", "load"])
async def test_a_schedule_that_is_not_there_has_no_answers(api: World, question: str) -> None:
    answer = await api.ask("GET", f"/v1/schedules/00000000-0000-0000-0000-00000000dead/{question}")
    assert answer.status_code == 404
