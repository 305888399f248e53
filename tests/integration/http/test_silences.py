"""Silences through the API."""

from typing import Any

from domain.identity.role import Role
from tests.integration.http.test_configuration import NOBODY
from tests.integration.http.world import PEOPLE, TEAM, World

WANTED: dict[str, Any] = {"matchers": '{app="shop"}', "comment": "a deploy", "ends_at": "2026-11-23T11:00:00+01:00"}


async def made(api: World, **more: Any) -> dict[str, Any]:
    answer = await api.ask("POST", "/v1/silences", by=Role.RESPONDER, json=WANTED | more)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/silences/{body['id']}"
    return body


async def test_a_silence_is_made_listed_changed_and_ended(api: World) -> None:
    silence = await made(api, team_id=str(TEAM))
    assert silence == {
        "id": silence["id"],
        "team_id": str(TEAM),
        "matchers": 'app="shop"',
        "comment": "a deploy",
        "author_id": str(PEOPLE[Role.RESPONDER]),
        "starts_at": "2026-11-23T09:00:00Z",
        "ends_at": "2026-11-23T10:00:00Z",
        "state": "active",
        "version": 1,
    }
    path = f"/v1/silences/{silence['id']}"
    assert (await api.ask("GET", path, by=Role.VIEWER)).json() == silence
    planned = await made(api, starts_at="2026-11-23T09:30:00Z")
    assert planned["state"] == "pending"
    listed = await api.ask("GET", "/v1/silences?limit=1")
    assert listed.json()["items"] == [silence]
    rest = await api.ask("GET", f"/v1/silences?limit=1&cursor={listed.json()['next_cursor']}")
    assert rest.json()["items"] == [planned]
    assert (await api.ask("GET", f"/v1/silences?team_id={TEAM}")).json()["items"] == [silence]

    assert (await api.ask("PATCH", path, json={"comment": "b"})).status_code == 428
    changed = await api.ask("PATCH", path, match='"v1"', json={"ends_at": "2026-11-23T12:00:00Z"})
    assert (changed.json()["ends_at"], changed.json()["comment"]) == ("2026-11-23T12:00:00Z", "a deploy")
    ended = await api.ask("POST", f"{path}/expire", by=Role.RESPONDER)
    assert (ended.json()["state"], ended.json()["ends_at"]) == ("over", "2026-11-23T09:00:00Z")
    assert (await api.ask("POST", f"{path}/expire")).status_code == 409
    assert (await api.ask("GET", "/v1/silences")).json()["items"] == [planned]
    assert (await api.ask("GET", path)).json()["state"] == "over"


async def test_what_is_wrong_with_a_silence_is_named(api: World) -> None:
    for wrong, pointer in (
        ({"matchers": "app"}, "#/matchers"),
        ({"matchers": 'app!="shop"'}, "#/matchers"),
        ({"matchers": 'app=~"("'}, "#/matchers"),
        ({"ends_at": "2026-11-23T08:00:00Z"}, "#/ends_at"),
        ({"team_id": NOBODY}, "#/team_id"),
    ):
        answer = await api.ask("POST", "/v1/silences", json=WANTED | wrong)
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await api.ask("POST", "/v1/silences", by=Role.VIEWER, json=WANTED)).status_code == 403
    assert (await api.ask("GET", f"/v1/silences/{NOBODY}")).status_code == 404
