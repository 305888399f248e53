"""Requests for cover and time off over HTTP, with the real use cases."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from adapters.inbound.http.absences import AbsenceController
from adapters.inbound.http.covers import CoverController
from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.schedules import MemoryScheduleRepository
from application.oncall import add_override, request_absence_cover
from domain.identity.role import Role
from domain.identity.team import Team
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, UserId
from tests.integration.http.world import OTHER_TEAM, PEOPLE, START, TEAM, World, world
from tests.support.oncall import a_layer

VIEWER, RESPONDER, MANAGER, ADMIN = (PEOPLE[role] for role in (Role.VIEWER, Role.RESPONDER, Role.MANAGER, Role.ADMIN))
DAILY = ScheduleId(UUID(int=900))
# A day each from 08:00 UTC: the responder on the 24th, the manager on the 25th, the admin on the 26th, and again.
RESPONDERS_DAY: dict[str, Any] = {"starts_at": "2026-11-24T08:00:00Z", "ends_at": "2026-11-25T08:00:00Z"}
MANAGERS_DAY: dict[str, Any] = {"starts_at": "2026-11-25T08:00:00Z", "ends_at": "2026-11-26T08:00:00Z"}


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world(CoverController, AbsenceController) as made:
        made.database.teams[TEAM] = Team(id=TEAM, name="Shop", member_ids=(MANAGER, RESPONDER, ADMIN), version=1)
        await store(made, a_daily(RESPONDER, MANAGER, ADMIN))
        yield made


async def store(api: World, schedule: Schedule) -> None:
    session = MemorySession(api.database)
    async with session:
        await MemoryScheduleRepository(session).save(schedule, at=START)


def a_daily(*user_ids: UserId) -> Schedule:
    layer = a_layer(*user_ids, starts="2026-11-24 09:00")
    return Schedule(id=DAILY, team_id=TEAM, name="Daily", time_zone="Europe/Berlin", layers=(layer,))


async def ask_for_cover(api: World, *, by: Role = Role.RESPONDER, **more: Any) -> httpx.Response:
    body = {"schedule_id": str(DAILY), **RESPONDERS_DAY, **more}
    return await api.ask("POST", "/v1/cover-requests", by=by, json=body)


async def answer(api: World, made: httpx.Response, verb: str, *, by: Role) -> httpx.Response:
    return await api.ask("POST", f"/v1/cover-requests/{made.json()['id']}/{verb}", by=by)


async def add_absence(api: World, *, by: Role = Role.RESPONDER, **more: Any) -> httpx.Response:
    body = {"starts_at": "2026-11-24T00:00:00Z", "ends_at": "2026-11-28T00:00:00Z", **more}
    return await api.ask("POST", "/v1/absences", by=by, json=body)


def actions(api: World) -> list[str]:
    return [entry.action for entry in api.database.audit]


def field_of(refused: httpx.Response) -> str:
    assert refused.status_code == 422
    error = refused.json()["errors"][0]
    return str(error["pointer"])


async def test_a_responder_asks_and_another_takes_over(api: World) -> None:
    made = await ask_for_cover(api, note="a wedding")
    assert made.status_code == 201
    body = made.json()
    assert (body["status"], body["user_id"], body["note"]) == ("open", str(RESPONDER), "a wedding")
    assert body["expires_at"] == body["starts_at"] == RESPONDERS_DAY["starts_at"]
    assert (await api.ask("GET", made.headers["location"], by=Role.VIEWER)).json() == body
    taken = await answer(api, made, "accept", by=Role.MANAGER)
    assert taken.status_code == 200
    assert (taken.json()["status"], taken.json()["accepted_by"]) == ("accepted", str(MANAGER))
    (override,) = api.database.schedules[DAILY].overrides
    assert [str(override.id)] == taken.json()["override_ids"]
    assert (override.user_id, override.replaces) == (MANAGER, RESPONDER)
    assert actions(api) == ["cover.request", "schedule.add_override", "cover.accept"]
    again = await answer(api, made, "accept", by=Role.MANAGER)
    assert again.json() == taken.json()
    assert len(actions(api)) == 3


async def test_a_swap_puts_two_overrides_on_the_schedule(api: World) -> None:
    made = await ask_for_cover(api, offers=MANAGERS_DAY, asked_of=[str(MANAGER)])
    assert made.json()["offers"] == MANAGERS_DAY
    assert (await answer(api, made, "accept", by=Role.MANAGER)).status_code == 200
    exchanged = [(each.user_id, each.replaces) for each in api.database.schedules[DAILY].overrides]
    assert exchanged == [(MANAGER, RESPONDER), (RESPONDER, MANAGER)]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("#/starts_at", {"starts_at": "2026-11-23T08:00:00Z"}),
        ("#/starts_at", MANAGERS_DAY),
        ("#/ends_at", {"ends_at": RESPONDERS_DAY["starts_at"]}),
        ("#/offers/ends_at", {"offers": {"starts_at": MANAGERS_DAY["ends_at"], "ends_at": MANAGERS_DAY["starts_at"]}}),
        ("#/offers/starts_at", {"offers": {"starts_at": "2026-11-23T08:00:00Z", "ends_at": "2026-11-23T09:00:00Z"}}),
        ("#/asked_of/0", {"asked_of": [str(UUID(int=77))]}),
        ("#/asked_of", {"asked_of": [str(RESPONDER)]}),
        ("#/expires_at", {"expires_at": "2026-11-23T08:00:00Z"}),
    ],
)
async def test_a_request_that_cannot_be_answered_is_refused_by_its_field(
    api: World, field: str, wrong: dict[str, Any]
) -> None:
    assert field_of(await ask_for_cover(api, **wrong)) == field
    assert not api.database.cover_requests


async def test_only_who_was_asked_answers_and_nobody_their_own(api: World) -> None:
    made = await ask_for_cover(api, asked_of=[str(MANAGER)])
    for verb in ("accept", "decline"):
        assert (await answer(api, made, verb, by=Role.ADMIN)).status_code == 403
        assert (await answer(api, made, verb, by=Role.VIEWER)).status_code == 403
    assert field_of(await answer(api, made, "accept", by=Role.RESPONDER)) == "#/accepted_by"
    assert not api.database.schedules[DAILY].overrides


async def test_asked_of_the_team_only_its_members_answer(api: World) -> None:
    made = await ask_for_cover(api)
    api.database.teams[TEAM] = replace(api.database.teams[TEAM], member_ids=(MANAGER, RESPONDER))
    assert (await answer(api, made, "accept", by=Role.ADMIN)).status_code == 403
    declined = await answer(api, made, "decline", by=Role.MANAGER)
    assert (declined.json()["status"], declined.json()["declined_by"]) == ("declined", [str(MANAGER)])
    late = await answer(api, made, "accept", by=Role.MANAGER)
    assert (late.status_code, late.json()["code"]) == (409, "illegal_transition")


async def test_a_request_is_taken_back_by_who_asked_or_a_manager_of_the_team(api: World) -> None:
    made = await ask_for_cover(api, by=Role.MANAGER, user_id=str(RESPONDER))
    assert (made.json()["user_id"], made.json()["requested_by"]) == (str(RESPONDER), str(MANAGER))
    assert (await answer(api, made, "withdraw", by=Role.RESPONDER)).json()["status"] == "withdrawn"
    assert (await answer(api, made, "withdraw", by=Role.MANAGER)).status_code == 200  # once more, without effect
    assert actions(api) == ["cover.request", "cover.withdraw"]
    other = await ask_for_cover(api, by=Role.ADMIN, schedule_id=str(DAILY), user_id=str(RESPONDER))
    assert (await answer(api, other, "withdraw", by=Role.MANAGER)).status_code == 200


async def test_asking_for_others_is_for_managers_of_the_schedules_team(api: World) -> None:
    assert (await ask_for_cover(api, user_id=str(MANAGER), **MANAGERS_DAY)).status_code == 403
    assert (await ask_for_cover(api, by=Role.VIEWER)).status_code == 403
    api.database.schedules[DAILY] = replace(api.database.schedules[DAILY], team_id=OTHER_TEAM)
    assert (await ask_for_cover(api, by=Role.MANAGER, user_id=str(RESPONDER))).status_code == 403


async def test_a_schedule_has_room_for_so_many_overrides(api: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(add_override, "OVERRIDES_AHEAD", 1)
    made = await ask_for_cover(api, offers=MANAGERS_DAY)
    assert field_of(await answer(api, made, "accept", by=Role.MANAGER)) == "#/overrides"
    read = await api.ask("GET", made.headers["location"])
    assert read.json() == made.json()


async def test_lists_go_on_by_their_cursor(api: World) -> None:
    made = [await ask_for_cover(api) for _ in range(3)]
    await answer(api, made[1], "withdraw", by=Role.RESPONDER)
    ids = [each.json()["id"] for each in (made[2], made[0], made[1])]
    for filters in ("", f"&user_id={RESPONDER}", f"&schedule_id={DAILY}", f"&team_id={TEAM}"):
        first = (await api.ask("GET", f"/v1/cover-requests?limit=2{filters}")).json()
        rest = (await api.ask("GET", f"/v1/cover-requests?limit=2{filters}&cursor={first['next_cursor']}")).json()
        assert [each["id"] for each in (*first["items"], *rest["items"])] == ids
        assert not rest["has_more"]
    assert (await api.ask("GET", f"/v1/cover-requests?team_id={OTHER_TEAM}")).json()["items"] == []


async def test_time_off_warns_of_what_it_leaves_uncovered(api: World) -> None:
    made = await add_absence(api, reason=" the sea ")
    assert made.status_code == 201
    body = made.json()
    assert (body["absence"]["user_id"], body["absence"]["reason"]) == (str(RESPONDER), "the sea")
    warned = [(each["starts_at"], each["ends_at"]) for each in body["uncovered"]]
    assert warned == [
        ("2026-11-24T08:00:00Z", "2026-11-25T08:00:00Z"),
        ("2026-11-27T08:00:00Z", "2026-11-28T00:00:00Z"),
    ]
    assert (await api.ask("GET", made.headers["location"], by=Role.VIEWER)).json() == body["absence"]
    assert actions(api) == ["absence.add"]
    taken = await add_absence(api)
    assert taken.status_code == 409
    assert body["absence"]["id"] in taken.json()["detail"]
    assert field_of(await add_absence(api, ends_at="2026-11-23T08:59:00Z", starts_at="2026-11-22T00:00:00Z")) == (
        "#/ends_at"
    )


async def test_time_off_of_others_is_entered_by_managers_of_a_team_of_theirs(api: World) -> None:
    assert (await add_absence(api, by=Role.RESPONDER, user_id=str(MANAGER))).status_code == 403
    assert (await add_absence(api, by=Role.MANAGER, user_id=str(VIEWER))).status_code == 403
    assert (await add_absence(api, by=Role.VIEWER)).status_code == 403
    assert (await add_absence(api, by=Role.MANAGER, user_id=str(RESPONDER))).status_code == 201
    assert (await add_absence(api, by=Role.ADMIN, user_id=str(VIEWER))).status_code == 201
    assert field_of(await add_absence(api, by=Role.ADMIN, user_id=str(UUID(int=77)))) == "#/user_id"


async def test_who_could_stand_in_is_proposed(api: World) -> None:
    await add_absence(api, by=Role.ADMIN, starts_at="2026-11-24T12:00:00Z", ends_at="2026-11-24T13:00:00Z")
    made = await add_absence(api)
    path = f"{made.headers['location']}/uncovered"
    found = (await api.ask("GET", path, by=Role.VIEWER)).json()
    assert not found["has_more"]
    assert [each["uncovered"] for each in found["proposals"]] == made.json()["uncovered"]
    # On the first day the admin is away too; on the second both others are off, and equally loaded by then.
    proposed = [[each["user_id"] for each in proposal["candidates"]] for proposal in found["proposals"]]
    assert proposed[0] == [str(MANAGER)]
    assert sorted(proposed[1]) == [str(MANAGER), str(ADMIN)]
    api.database.users[MANAGER] = replace(api.database.users[MANAGER], is_active=False)
    assert (await api.ask("GET", path)).json()["proposals"][0]["candidates"] == []


async def test_cover_for_time_off_is_requested_in_one_step_and_not_twice(api: World) -> None:
    made = await add_absence(api)
    path = f"{made.headers['location']}/request-cover"
    asked = await api.ask("POST", path, by=Role.RESPONDER, json={"asked_of": [str(MANAGER)], "note": "please"})
    assert asked.status_code == 201
    requests = asked.json()["requests"]
    assert [(each["starts_at"], each["ends_at"]) for each in requests] == [
        (each["starts_at"], each["ends_at"]) for each in made.json()["uncovered"]
    ]
    assert {(each["absence_id"], each["note"]) for each in requests} == {(made.json()["absence"]["id"], "please")}
    assert field_of(await api.ask("POST", path, by=Role.RESPONDER, json={})) == "#/absence_id"
    await api.ask("POST", f"/v1/cover-requests/{requests[0]['id']}/accept", by=Role.MANAGER)
    await api.ask("POST", f"/v1/cover-requests/{requests[1]['id']}/decline", by=Role.MANAGER)
    left = await api.ask("POST", path, by=Role.MANAGER, json={"schedule_id": str(DAILY)})
    assert [each["starts_at"] for each in left.json()["requests"]] == ["2026-11-27T08:00:00Z"]
    assert (await api.ask("POST", path, by=Role.VIEWER, json={})).status_code == 403


async def test_so_many_requests_at_once_and_no_more(api: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_absence_cover, "REQUESTS_AT_ONCE", 1)
    made = await add_absence(api)
    refused = await api.ask("POST", f"{made.headers['location']}/request-cover", by=Role.RESPONDER, json={})
    assert field_of(refused) == "#/absence_id"
    assert "leaves 2 intervals uncovered, and 1 can be asked for at once" in refused.json()["errors"][0]["detail"]


async def test_what_a_team_has_uncovered_is_listed_soonest_first(api: World) -> None:
    await add_absence(api)
    manager = {"starts_at": "2026-11-25T12:00:00Z", "ends_at": "2026-11-25T14:00:00Z"}
    await add_absence(api, by=Role.MANAGER, **manager)
    path = f"/v1/absences/uncovered?team_id={TEAM}"
    found = (await api.ask("GET", path, by=Role.VIEWER)).json()
    assert [(each["starts_at"], each["user_id"]) for each in found["uncovered"]] == [
        ("2026-11-24T08:00:00Z", str(RESPONDER)),
        ("2026-11-25T12:00:00Z", str(MANAGER)),
        ("2026-11-27T08:00:00Z", str(RESPONDER)),
    ]
    assert not found["has_more"]
    soon = (await api.ask("GET", f"{path}&days=2")).json()
    assert len(soon["uncovered"]) == 1
    assert (await api.ask("GET", f"{path}&days=93")).status_code == 422
    assert (await api.ask("GET", f"/v1/absences/uncovered?team_id={UUID(int=77)}")).status_code == 404
    assert (await api.ask("GET", f"/v1/absences/uncovered?team_id={OTHER_TEAM}")).json()["uncovered"] == []


async def test_time_off_is_listed_until_it_is_over_and_ends_when_it_is_taken_back(api: World) -> None:
    made = await add_absence(api)
    other = await add_absence(api, by=Role.MANAGER)
    both = [each.json()["absence"]["id"] for each in (made, other)]
    first = (await api.ask("GET", f"/v1/absences?limit=1&team_id={TEAM}")).json()
    rest = (await api.ask("GET", f"/v1/absences?limit=1&team_id={TEAM}&cursor={first['next_cursor']}")).json()
    assert [each["id"] for each in (*first["items"], *rest["items"])] == both
    assert [each["id"] for each in (await api.ask("GET", f"/v1/absences?user_id={MANAGER}")).json()["items"]] == both[
        1:
    ]
    assert (await api.ask("DELETE", made.headers["location"], by=Role.VIEWER)).status_code == 403
    assert (await api.ask("DELETE", other.headers["location"], by=Role.RESPONDER)).status_code == 403
    assert (await api.ask("DELETE", other.headers["location"], by=Role.MANAGER)).status_code == 204
    assert (await api.ask("GET", other.headers["location"])).status_code == 404
    api.clock.move_to(START + timedelta(days=2))
    assert (await api.ask("DELETE", made.headers["location"], by=Role.RESPONDER)).status_code == 204
    assert (await api.ask("GET", made.headers["location"])).json()["ends_at"] == "2026-11-25T09:00:00Z"
    assert (await api.ask("DELETE", made.headers["location"], by=Role.RESPONDER)).status_code == 409
    assert (await api.ask("GET", "/v1/absences")).json()["items"] == []
