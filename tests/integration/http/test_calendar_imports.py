"""The calendar that a schedule follows, through the API."""

import pytest

from domain.identity.role import Role
from tests.integration.http.test_schedule_answers import DAILY, a_schedule
from tests.integration.http.world import World

URL = "https://calendar.example.test/secret.ics"


async def test_a_calendar_is_set_looked_at_refreshed_and_removed(api: World) -> None:
    path = f"{await a_schedule(api, DAILY)}/calendar-import"
    assert (await api.ask("GET", path)).status_code == 404
    made = await api.ask("PUT", path, by=Role.MANAGER, json={"url": URL, "refresh_minutes": 30})
    assert made.status_code == 200, made.text
    assert made.json() == {
        "schedule_id": path.split("/")[3],
        "host": "calendar.example.test",
        "refresh_minutes": 30,
        "next_refresh_at": "2026-11-23T09:00:00Z",
        "read_at": None,
        "failing_since": None,
        "failure": "",
        "unread": [],
        "unread_count": 0,
        "as_layer": False,
        "temporary_id": None,
    }
    assert (await api.ask("GET", path, by=Role.VIEWER)).json() == made.json()
    assert (await api.ask("POST", f"{path}/refresh", by=Role.MANAGER)).status_code == 200
    again = await api.ask("PUT", path, json={"url": "webcal://calendar.example.test/other.ics", "as_layer": True})
    assert again.json()["as_layer"] is True
    assert again.json()["refresh_minutes"] == 15
    assert (await api.ask("DELETE", path, by=Role.MANAGER)).status_code == 204
    assert (await api.ask("DELETE", path)).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "ftp://calendar.example.test/"}, "#/url"),
        ({"url": ""}, "#/url"),
        ({"url": URL, "refresh_minutes": 4}, "#/refresh_minutes"),
        ({"url": URL, "every": 4}, "#/every"),
    ],
)
async def test_what_is_wrong_is_named(api: World, body: dict[str, object], pointer: str) -> None:
    path = f"{await a_schedule(api, DAILY)}/calendar-import"
    answer = await api.ask("PUT", path, json=body)
    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (422, [pointer])


async def test_only_who_configures_a_schedule_says_what_it_follows(api: World) -> None:
    path = f"{await a_schedule(api, DAILY)}/calendar-import"
    assert (await api.ask("PUT", path, by=Role.RESPONDER, json={"url": URL})).status_code == 403
    for method, place in (("POST", f"{path}/refresh"), ("DELETE", path)):
        assert (await api.ask(method, place, by=Role.RESPONDER)).status_code == 403
