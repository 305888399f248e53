"""Heartbeats through the API."""

from typing import Any

from domain.identity.role import Role
from tests.integration.http.test_configuration import make_service
from tests.integration.http.world import World


async def make_integration(api: World) -> str:
    service = await make_service(api)
    given = {"service_id": service["id"], "kind": "heartbeat", "name": "Jobs"}
    made = await api.ask("POST", "/v1/integrations", by=Role.MANAGER, json=given)
    return str(made.json()["integration"]["id"])


async def make(api: World, **more: Any) -> dict[str, Any]:
    given = {"integration_id": await make_integration(api), "name": "backup", "period_seconds": 3600, **more}
    made = await api.ask("POST", "/v1/heartbeats", by=Role.MANAGER, json=given)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/v1/heartbeats/{made.json()['heartbeat']['id']}"
    body: dict[str, Any] = made.json()
    return body


async def test_a_heartbeat_is_made_and_its_key_is_shown_once(api: World) -> None:
    made = await make(api)
    heartbeat = made["heartbeat"]
    assert made["key"].startswith("hb_")
    assert (heartbeat["status"], heartbeat["next_deadline"], heartbeat["grace_seconds"]) == ("new", None, 300)
    shown = await api.ask("GET", f"/v1/heartbeats/{heartbeat['id']}")
    assert shown.json() == heartbeat
    assert made["key"] not in shown.text
    listed = await api.ask("GET", f"/v1/heartbeats?integration_id={heartbeat['integration_id']}")
    assert listed.json()["items"] == [heartbeat]


async def test_some_of_it_is_changed_and_the_rest_stays(api: World) -> None:
    heartbeat = (await make(api))["heartbeat"]
    path = f"/v1/heartbeats/{heartbeat['id']}"
    by_cron = {"cron": "30 3 * * *", "time_zone": "Europe/Berlin"}
    changed = await api.ask("PATCH", path, by=Role.MANAGER, match='"v1"', json=by_cron)
    assert changed.json() == heartbeat | by_cron | {"period_seconds": None, "version": 2}
    back = await api.ask("PATCH", path, by=Role.MANAGER, match='"v2"', json={"period_seconds": 60})
    assert (back.json()["cron"], back.json()["period_seconds"]) == (None, 60)
    stale = await api.ask("PATCH", path, by=Role.MANAGER, match='"v2"', json={"name": "x"})
    assert stale.status_code == 412


async def test_it_is_paused_and_waited_for_again(api: World) -> None:
    heartbeat = (await make(api))["heartbeat"]
    path = f"/v1/heartbeats/{heartbeat['id']}"
    paused = await api.ask("PATCH", path, by=Role.MANAGER, match='"v1"', json={"is_paused": True})
    assert paused.json()["status"] == "paused"
    renamed = await api.ask("PATCH", path, by=Role.MANAGER, match='"v2"', json={"name": "nightly"})
    assert renamed.json()["status"] == "paused"
    resumed = await api.ask("PATCH", path, by=Role.MANAGER, match='"v3"', json={"is_paused": False})
    assert resumed.json()["status"] == "new"


async def test_it_is_removed(api: World) -> None:
    heartbeat = (await make(api))["heartbeat"]
    path = f"/v1/heartbeats/{heartbeat['id']}"
    assert (await api.ask("DELETE", path, by=Role.RESPONDER)).status_code == 403
    assert (await api.ask("DELETE", path, by=Role.MANAGER)).status_code == 204
    assert (await api.ask("GET", path)).status_code == 404


async def test_what_is_wrong_is_named(api: World) -> None:
    integration = await make_integration(api)
    for wrong, pointer in (
        ({"period_seconds": 5}, "#/period_seconds"),
        ({"cron": "soon"}, "#/cron"),
        ({}, "#/period_seconds"),
        ({"period_seconds": 60, "cron": "* * * * *"}, "#/period_seconds"),
        ({"period_seconds": 60, "grace_seconds": 1}, "#/grace_seconds"),
        ({"period_seconds": 60, "time_zone": "Berlin"}, "#/time_zone"),
    ):
        given = {"integration_id": integration, "name": "backup", **wrong}
        refused = await api.ask("POST", "/v1/heartbeats", by=Role.MANAGER, json=given)
        assert refused.status_code == 422, wrong
        assert refused.json()["errors"][0]["pointer"] == pointer
