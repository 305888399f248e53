"""Calendar feeds through the API: made, read by their address, revoked."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import httpx
import icalendar
import pytest

from adapters.inbound.http.calendars import CalendarController
from domain.identity.credential import secret_hash
from domain.identity.role import Role
from domain.oncall.feed import FEEDS_PER_USER
from tests.integration.http.test_schedule_answers import DAILY, a_schedule
from tests.integration.http.world import PEOPLE, World, world

FEEDS = "/v1/calendar-feeds"
ADDRESS = "https://tocsin.example"


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world(CalendarController) as made:
        yield made


async def a_feed(api: World, *, by: Role = Role.ADMIN, **of: str) -> tuple[str, dict[str, Any]]:
    """The path of its calendar, and what the API says of it."""
    answer = await api.ask("POST", FEEDS, by=by, json=of)
    assert answer.status_code == 201, answer.text
    url: str = answer.json()["url"]
    assert url.startswith(f"{ADDRESS}/calendar/")
    assert url.endswith(".ics")
    return url.removeprefix(ADDRESS), answer.json()["feed"]


def events_of(answer: httpx.Response) -> list[Any]:
    return list(icalendar.Calendar.from_ical(answer.content).walk("VEVENT"))


async def schedule_id_of(api: World) -> str:
    return (await a_schedule(api, DAILY)).rpartition("/")[2]


async def test_a_feed_of_a_schedule_has_its_shifts(api: World) -> None:
    schedule_id = await schedule_id_of(api)
    path, feed = await a_feed(api, by=Role.RESPONDER, schedule_id=schedule_id)
    assert (feed["schedule_id"], feed["user_id"]) == (schedule_id, None)
    answer = await api.ask("GET", path, by=None)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == 'inline; filename="on-call.ics"'
    assert "private" in answer.headers["cache-control"]
    events = events_of(answer)
    shifts = (
        await api.ask(
            "GET", f"/v1/schedules/{schedule_id}/shifts?since=2026-11-23T09:00:00Z&until=2026-12-03T09:00:00Z"
        )
    ).json()["shifts"]
    shown = [f"{event['DTSTART'].dt.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for event in events[: len(shifts)]]
    assert shown == [shift["starts_at"] for shift in shifts]
    assert [str(event["SUMMARY"]) for event in events[:2]] == ["Responder: Shop", "Manager: Shop"]


async def test_a_feed_of_a_person_has_their_shifts_in_all_schedules(api: World) -> None:
    await a_schedule(api, DAILY)
    body = {"team_id": str(next(iter(api.database.teams))), "name": "Till", "time_zone": "UTC", "layers": [DAILY]}
    assert (await api.ask("POST", "/v1/schedules", json=body)).status_code == 201
    path, _ = await a_feed(api, user_id=str(PEOPLE[Role.MANAGER]))
    answer = await api.ask("GET", path, by=None)
    assert str(icalendar.Calendar.from_ical(answer.content)["NAME"]) == "On call: Manager"
    events = events_of(answer)
    assert {str(event["SUMMARY"]) for event in events} == {"On call: Shop", "On call: Till"}
    assert len({str(event["UID"]) for event in events}) == len(events)
    nobody, _ = await a_feed(api, user_id=str(PEOPLE[Role.VIEWER]))
    assert events_of(await api.ask("GET", nobody, by=None)) == []


async def test_a_calendar_that_nobody_changed_is_not_sent_again(api: World) -> None:
    schedule_id = await schedule_id_of(api)
    path, _ = await a_feed(api, schedule_id=schedule_id)
    first = await api.ask("GET", path, by=None)
    again: dict[str, Any] = {"headers": {"If-None-Match": first.headers["etag"]}}
    api.clock.move_to(api.clock.now() + timedelta(hours=14))
    unchanged = await api.ask("GET", path, by=None, **again)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == first.headers["etag"]
    override = {
        "user_id": str(PEOPLE[Role.MANAGER]),
        "starts_at": "2026-12-01T10:00:00Z",
        "ends_at": "2026-12-01T12:00:00Z",
    }
    assert (await api.ask("POST", f"/v1/schedules/{schedule_id}/overrides", json=override)).status_code == 201
    changed = await api.ask("GET", path, by=None, **again)
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]
    before, after = ({str(event["UID"]) for event in events_of(each)} for each in (first, changed))
    assert before < after
    head = await api.ask("HEAD", path, by=None)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", changed.headers["etag"])


async def test_the_token_is_kept_as_its_hash_and_shown_once(api: World) -> None:
    path, feed = await a_feed(api, schedule_id=await schedule_id_of(api))
    token = path.removeprefix("/calendar/").removesuffix(".ics")
    assert len(token) == 22  # 128 bits in base 62
    (stored,) = api.database.calendar_feeds.values()
    assert stored.token_hash == secret_hash(token)
    assert (await api.ask("GET", FEEDS)).json() == {"feeds": [feed]}
    entry = api.database.audit[-1]
    assert (entry.action, str(entry.noun_id)) == ("calendar_feed.create", feed["id"])
    assert token not in repr(api.database.audit)
    assert "token" not in repr(entry.after)


async def test_a_revoked_feed_shows_nothing_any_more(api: World) -> None:
    path, feed = await a_feed(api, by=Role.RESPONDER, schedule_id=await schedule_id_of(api))
    place = f"{FEEDS}/{feed['id']}"
    assert (await api.ask("DELETE", place, by=Role.MANAGER)).status_code == 403
    assert (await api.ask("GET", path, by=None)).status_code == 200
    for _ in range(2):
        assert (await api.ask("DELETE", place, by=Role.RESPONDER)).status_code == 204
    assert [entry.action for entry in api.database.audit].count("calendar_feed.revoke") == 1
    answer = await api.ask("GET", path, by=None)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert path.split("/")[2].removesuffix(".ics") not in answer.json()["detail"]
    assert (await api.ask("GET", FEEDS, by=Role.RESPONDER)).json() == {"feeds": []}
    assert (await api.ask("DELETE", f"{FEEDS}/{PEOPLE[Role.ADMIN]}")).status_code == 404


async def test_an_admin_revokes_any_feed(api: World) -> None:
    path, feed = await a_feed(api, by=Role.RESPONDER, schedule_id=await schedule_id_of(api))
    assert (await api.ask("DELETE", f"{FEEDS}/{feed['id']}")).status_code == 204
    assert (await api.ask("GET", path, by=None)).status_code == 404


async def test_a_feed_of_who_has_left_shows_nothing_any_more(api: World) -> None:
    path, _ = await a_feed(api, by=Role.RESPONDER, schedule_id=await schedule_id_of(api))
    responder = api.database.users[PEOPLE[Role.RESPONDER]]
    api.database.users[responder.id] = replace(responder, is_active=False)
    assert (await api.ask("GET", path, by=None)).status_code == 404


@pytest.mark.parametrize("name", ["x", ".ics", "x" * 3000, "%ff.ics", "%00.ics", "a%2Fb.ics"])
async def test_what_is_no_token_is_not_found(api: World, name: str) -> None:
    answer = await api.ask("GET", f"/calendar/{name}", by=None)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("by", "of"), [(Role.RESPONDER, "user_id"), (Role.MANAGER, "user_id"), (Role.VIEWER, "schedule_id")]
)
async def test_who_may_not_see_it_makes_no_feed_of_it(api: World, by: Role, of: str) -> None:
    answer = await api.ask("POST", FEEDS, by=by, json={of: str(PEOPLE[Role.ADMIN])})
    assert answer.status_code == 403
    assert api.database.calendar_feeds == {}


async def test_a_feed_is_of_one_thing_that_is_there(api: World) -> None:
    somebody = str(PEOPLE[Role.ADMIN])
    neither = await api.ask("POST", FEEDS, json={})
    both = await api.ask("POST", FEEDS, json={"user_id": somebody, "schedule_id": somebody})
    assert (neither.status_code, both.status_code) == (422, 422)
    for of in ("user_id", "schedule_id"):
        assert (await api.ask("POST", FEEDS, json={of: "00000000-0000-0000-0000-00000000dead"})).status_code == 404


async def test_nobody_has_more_feeds_than_they_can_keep(api: World) -> None:
    schedule_id = await schedule_id_of(api)
    for _ in range(FEEDS_PER_USER):
        _, feed = await a_feed(api, schedule_id=schedule_id)
    refused = await api.ask("POST", FEEDS, json={"schedule_id": schedule_id})
    assert refused.status_code == 422
    assert f"at most {FEEDS_PER_USER}" in refused.text
    await api.ask("DELETE", f"{FEEDS}/{feed['id']}")
    await a_feed(api, schedule_id=schedule_id)
    await a_feed(api, by=Role.RESPONDER, schedule_id=schedule_id)
