"""Planned changes, what was known of them, and previews, through the API."""

from datetime import timedelta
from typing import Any

import pytest

from domain.identity.role import Role
from tests.integration.http.test_configuration import LAYER, MANAGER, NOBODY, RESPONDER, make
from tests.integration.http.world import PEOPLE, START, World

VIEWER = str(PEOPLE[Role.VIEWER])
LATER = "2026-11-24T09:00:00Z"


def always(user: str) -> dict[str, Any]:
    rotation = {"unit": "day", "length": 1, "starts_at_local": "2026-01-05T09:00:00", "participants": [[user]]}
    return LAYER | {"rotation": rotation, "restrictions": [], "until": None}


async def make_schedule(api: World) -> str:
    schedule = await make(api, "/v1/schedules", name="Shop", time_zone="UTC", layers=[always(RESPONDER)])
    return f"/v1/schedules/{schedule['id']}"


async def plan(api: World, path: str, **change: object) -> dict[str, Any]:
    answer = await api.ask("PATCH", path, by=Role.MANAGER, match="*", json=change)
    assert answer.status_code == 200, answer.text
    planned: dict[str, Any] = answer.json()
    return planned


async def on_call(api: World, path: str, query: str = "") -> list[str]:
    answer = await api.ask("GET", f"{path}/on-call{query}", by=Role.VIEWER)
    assert answer.status_code == 200, answer.text
    return [user["id"] for user in answer.json()["users"]]


async def test_a_planned_change_holds_from_its_effective_time_on(api: World) -> None:
    path = await make_schedule(api)
    planned = await plan(api, path, layers=[always(MANAGER)], effective_at="2026-11-24T10:00:00+01:00")
    assert (planned["version"], planned["layers"]) == (2, [always(MANAGER)])
    assert (await api.ask("GET", path)).json()["layers"] == [always(RESPONDER)]
    now = (await api.ask("GET", f"{path}/on-call")).json()
    assert now == {
        "schedule": {"id": path.rpartition("/")[2], "name": "Shop"},
        "users": [{"id": RESPONDER, "name": "Responder"}],
        "until": LATER,
        "shadows": [],
    }
    assert await on_call(api, path, f"?at={LATER}") == [MANAGER]
    api.clock.move_to(START + timedelta(days=1))
    assert (await api.ask("GET", path)).json()["layers"] == [always(MANAGER)]


async def test_what_was_known_is_answered_as_it_was(api: World) -> None:
    path = await make_schedule(api)
    api.clock.move_to(START + timedelta(hours=1))
    await plan(api, path, layers=[])
    assert await on_call(api, path) == []
    assert await on_call(api, path, "?known_at=2026-11-23T09:59:59Z") == [RESPONDER]
    shifts = (await api.ask("GET", f"{path}/shifts?known_at=2026-11-23T09:59:59Z")).json()["shifts"]
    assert [shift["user_id"] for shift in shifts] == [RESPONDER]
    assert (await api.ask("GET", f"{path}/shifts")).json()["shifts"] == []
    assert (await api.ask("GET", f"{path}/gaps?known_at=2026-11-23T09:59:59Z")).json()["gaps"] == []
    for reader in ("on-call", "shifts", "gaps"):
        future = await api.ask("GET", f"{path}/{reader}?known_at=2026-11-23T10:00:01Z")
        assert (future.status_code, future.json()["code"]) == (422, "invalid_value")
        naive = await api.ask("GET", f"{path}/{reader}?known_at=2026-11-23T09:00:00")
        assert (naive.status_code, naive.json()["errors"][0]["parameter"]) == (422, "known_at")


async def test_a_change_for_the_past_is_refused(api: World) -> None:
    path = await make_schedule(api)
    for change in ({"layers": [], "effective_at": "2026-11-23T08:59:59Z"}, {"effective_at": LATER, "name": "Till"}):
        refused = await api.ask("PATCH", path, by=Role.MANAGER, match="*", json=change)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/effective_at")


async def test_versions_come_in_pages_the_last_one_first(api: World) -> None:
    path = await make_schedule(api)
    await plan(api, path, layers=[always(MANAGER)], effective_at=LATER)
    await plan(api, path, name="Till")
    await plan(api, path, time_zone="Asia/Tokyo", effective_at="2026-11-25T09:00:00Z")
    first = (await api.ask("GET", f"{path}/versions?limit=2", by=Role.VIEWER)).json()
    assert first["items"][0] == {
        "version": 4,
        "known_at": "2026-11-23T09:00:00Z",
        "effective_at": "2026-11-25T09:00:00Z",
        "name": "Till",
        "team_id": first["items"][0]["team_id"],
        "time_zone": "Asia/Tokyo",
        "layers": [always(MANAGER)],
    }
    rest = (await api.ask("GET", f"{path}/versions?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["version"] for each in first["items"] + rest["items"]] == [4, 2, 1]
    assert rest["has_more"] is False
    assert (await api.ask("GET", f"/v1/schedules/{NOBODY}/versions")).status_code == 404


async def test_a_preview_shows_what_a_change_does_and_stores_nothing(api: World) -> None:
    path = await make_schedule(api)
    before = (await api.ask("GET", path)).json()
    override = {"user_id": VIEWER, "starts_at": "2026-11-23T12:00:00Z", "ends_at": "2026-11-23T13:00:00Z"}
    draft = {
        "layers": [always(MANAGER)],
        "effective_at": LATER,
        "add_override": override,
        "until": "2026-11-25T00:00:00Z",
    }
    answer = await api.ask("POST", f"{path}/preview", by=Role.VIEWER, json=draft)
    assert answer.status_code == 200
    assert answer.json() == {
        "since": "2026-11-23T09:00:00Z",
        "until": "2026-11-25T00:00:00Z",
        "differences": [
            {
                "starts_at": override["starts_at"],
                "ends_at": override["ends_at"],
                "before": [RESPONDER],
                "after": [VIEWER],
            },
            {"starts_at": LATER, "ends_at": "2026-11-25T00:00:00Z", "before": [RESPONDER], "after": [MANAGER]},
        ],
        "more": 0,
        "shadows_new": [],
        "shadows_gone": [],
    }
    assert (await api.ask("GET", path)).json() == before
    added = (await api.ask("POST", f"{path}/overrides", by=Role.MANAGER, json=override)).json()
    removing = await api.ask("POST", f"{path}/preview", json={"remove_override_id": added["id"]})
    assert [each["after"] for each in removing.json()["differences"]] == [[RESPONDER]]


@pytest.mark.parametrize(
    ("draft", "pointer"),
    [
        ({"time_zone": "Mars/Olympus"}, "#/time_zone"),
        ({"layers": [always(NOBODY)]}, "#/layers/0/rotation/participants/0/0"),
        ({"layers": [], "effective_at": "2026-11-23T08:00:00Z"}, "#/effective_at"),
        (
            {"add_override": {"user_id": NOBODY, "starts_at": LATER, "ends_at": "2026-12-24T09:00:00Z"}},
            "#/add_override/user_id",
        ),
        ({"add_override": {"user_id": VIEWER, "starts_at": LATER, "ends_at": LATER}}, "#/add_override/ends_at"),
        (
            {
                "add_temporary": {
                    "starts_at": LATER,
                    "ends_at": "2026-12-24T09:00:00Z",
                    "shifts": [{"user_id": VIEWER, "starts_at": LATER, "ends_at": "2026-12-25T09:00:00Z"}],
                }
            },
            "#/add_temporary/shifts/0",
        ),
        ({"add_shadow": {"user_id": VIEWER, "starts_at": LATER, "ends_at": LATER, "layer": 0}}, "#/add_shadow/ends_at"),
        ({"swap": 1}, "#/swap"),
    ],
)
async def test_a_preview_says_where_its_draft_is_wrong(api: World, draft: dict[str, object], pointer: str) -> None:
    path = await make_schedule(api)
    answer = await api.ask("POST", f"{path}/preview", json=draft)
    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (422, [pointer])
