"""Maintenance windows through the API."""

from typing import Any

from domain.identity.role import Role
from tests.integration.http.test_configuration import NOBODY, make_service
from tests.integration.http.world import OTHER_TEAM, TEAM, World

WANTED: dict[str, Any] = {
    "team_id": str(TEAM),
    "name": "move",
    "time_zone": "Europe/Berlin",
    "starts_at": "2026-11-23T09:30:00",
    "duration_seconds": 3600,
    "burns_error_budget": True,
}
PATH = "/v1/maintenance"


async def planned(api: World, **more: Any) -> dict[str, Any]:
    answer = await api.ask("POST", PATH, by=Role.MANAGER, json=WANTED | more)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{PATH}/{body['id']}"
    return body


async def test_a_window_is_planned_listed_and_ended(api: World) -> None:
    service = await make_service(api)
    again = await planned(api, recurrence="FREQ=WEEKLY;BYDAY=MO", service_ids=[service["id"]], matchers='{env="prod"}')
    assert again == WANTED | {
        "id": again["id"],
        "recurrence": "FREQ=WEEKLY;BYDAY=MO",
        "service_ids": [service["id"]],
        "matchers": 'env="prod"',
        "holds_until": "2026-11-23T09:30:00Z",
        "over_at": None,
        "version": 1,
    }
    once = await planned(api, starts_at="2026-11-24T09:30:00")
    assert (once["holds_until"], once["over_at"]) == (None, "2026-11-24T09:30:00Z")
    listed = await api.ask("GET", f"{PATH}?limit=1", by=Role.VIEWER)
    assert listed.json()["items"] == [once]
    rest = await api.ask("GET", f"{PATH}?limit=1&cursor={listed.json()['next_cursor']}", by=Role.VIEWER)
    assert rest.json()["items"] == [again]
    assert (await api.ask("GET", f"{PATH}?team_id={OTHER_TEAM}")).json()["items"] == []

    path = f"{PATH}/{again['id']}"
    assert (await api.ask("POST", f"{path}/end", by=Role.RESPONDER)).status_code == 403
    ended = await api.ask("POST", f"{path}/end", by=Role.MANAGER)
    assert (ended.json()["holds_until"], ended.json()["over_at"]) == (None, "2026-11-23T09:00:00Z")
    assert (await api.ask("POST", f"{path}/end")).status_code == 409
    assert (await api.ask("GET", path)).json() == ended.json()


async def test_what_is_wrong_with_a_window_is_named(api: World) -> None:
    for wrong, pointer in (
        ({"time_zone": "Mars/Olympus"}, "#/time_zone"),
        ({"recurrence": "FREQ=YEARLY"}, "#/recurrence"),
        ({"recurrence": "FREQ=WEEKLY;BYDAY=SU"}, "#/starts_at"),
        ({"starts_at": "2026-11-22T09:30:00"}, "#/starts_at"),
        ({"duration_seconds": 1}, "#/duration_seconds"),
        ({"matchers": "app"}, "#/matchers"),
        ({"service_ids": [NOBODY]}, "#/service_ids/0"),
    ):
        answer = await api.ask("POST", PATH, by=Role.MANAGER, json=WANTED | wrong)
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    unsaid = {name: value for name, value in WANTED.items() if name != "burns_error_budget"}
    assert (await api.ask("POST", PATH, by=Role.MANAGER, json=unsaid)).status_code == 422
    assert (await api.ask("POST", PATH, by=Role.MANAGER, json=WANTED | {"team_id": str(OTHER_TEAM)})).status_code == 403
