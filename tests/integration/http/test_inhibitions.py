"""Inhibitions through the API."""

from typing import Any

from domain.identity.role import Role
from tests.integration.http.world import OTHER_TEAM, TEAM, World

PATH = "/v1/inhibitions"
WANTED: dict[str, Any] = {
    "team_id": str(TEAM),
    "name": "host down",
    "source": 'alertname="HostDown"',
    "target": 'severity="warning"',
    "equal": ["host"],
}


async def test_an_inhibition_is_made_listed_and_removed(api: World) -> None:
    made = await api.ask("POST", PATH, by=Role.MANAGER, json=WANTED)
    assert made.status_code == 201, made.text
    inhibition = made.json()
    assert inhibition == WANTED | {"id": inhibition["id"]}
    path = f"{PATH}/{inhibition['id']}"
    assert made.headers["location"] == path
    assert (await api.ask("GET", path, by=Role.VIEWER)).json() == inhibition
    assert (await api.ask("GET", PATH, by=Role.VIEWER)).json()["items"] == [inhibition]
    assert (await api.ask("GET", f"{PATH}?team_id={OTHER_TEAM}")).json()["items"] == []
    assert (await api.ask("DELETE", path, by=Role.RESPONDER)).status_code == 403
    assert (await api.ask("DELETE", path, by=Role.MANAGER)).status_code == 204
    assert (await api.ask("GET", path)).status_code == 404


async def test_what_is_wrong_with_an_inhibition_is_named(api: World) -> None:
    for wrong, pointer in (
        ({"source": "a"}, "#/source"),
        ({"source": ""}, "#/source"),
        ({"target": 'a!="b"'}, "#/target"),
        ({"target": 'a=~"("'}, "#/target"),
    ):
        answer = await api.ask("POST", PATH, by=Role.MANAGER, json=WANTED | wrong)
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await api.ask("POST", PATH, by=Role.MANAGER, json=WANTED | {"team_id": str(OTHER_TEAM)})).status_code == 403
