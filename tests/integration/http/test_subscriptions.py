"""Subscriptions through the API: who may, what is refused, what is shown once, and what is written down."""

from typing import Any

import pytest

from adapters.outbound.memory.outgoing_addresses import MemoryAddresses
from domain.identity.role import Role
from tests.integration.http.world import OTHER_TEAM, TEAM, World, world

PATH = "/v1/subscriptions"
URL = "https://hooks.example/a-long-token"


async def make(api: World, name: str = "Chat", **more: object) -> dict[str, Any]:
    body = {"team_id": str(TEAM), "name": name, "kind": "webhook", "address": URL, "event_kinds": ["incident.*"]}
    answer = await api.ask("POST", PATH, by=Role.MANAGER, json=body | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{PATH}/{made['subscription']['id']}"
    return made


async def test_its_secret_is_shown_once_and_the_rest_to_those_who_configure_the_team(api: World) -> None:
    made = await make(api)
    assert made["secret"].startswith("whsec_")
    path = f"{PATH}/{made['subscription']['id']}"
    read = await api.ask("GET", path, by=Role.MANAGER)
    assert read.json() == made["subscription"] | {"failing_since": None, "paused_until": None}
    assert made["secret"] not in (await api.ask("GET", PATH, by=Role.MANAGER)).text
    for role in (Role.VIEWER, Role.RESPONDER):
        for asked in (path, PATH, f"{path}/deliveries"):
            assert (await api.ask("GET", asked, by=role)).status_code == 403


async def test_a_manager_neither_sees_nor_makes_those_of_others(api: World) -> None:
    body = {"name": "All", "kind": "webhook", "address": URL}
    for team in ({}, {"team_id": str(OTHER_TEAM)}):
        assert (await api.ask("POST", PATH, by=Role.MANAGER, json=body | team)).status_code == 403
    made = await api.ask("POST", PATH, json=body)
    assert made.status_code == 201
    path = f"{PATH}/{made.json()['subscription']['id']}"
    for method, asked in (("GET", path), ("DELETE", path), ("POST", f"{path}/ping"), ("POST", f"{path}/rotate-secret")):
        assert (await api.ask(method, asked, by=Role.MANAGER)).status_code == 404
    assert (await api.ask("GET", PATH, by=Role.MANAGER)).json()["items"] == []
    assert len((await api.ask("GET", PATH)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"event_kinds": ["incident.exploded"]}, "#/event_kinds"),
        ({"event_kinds": ["cover.*"]}, "#/event_kinds"),
        ({"address": "ftp://hooks.example"}, "#/address"),
        ({"kind": "sqs"}, "#/address"),
        ({"name": " "}, "#/name"),
        ({"team_id": "00000000-0000-0000-0000-00000000dead"}, "#/team_id"),
    ],
)
async def test_what_could_not_work_is_refused_with_its_place(api: World, body: dict[str, Any], pointer: str) -> None:
    whole = {"team_id": str(TEAM), "name": "Chat", "kind": "webhook", "address": URL} | body
    answer = await api.ask("POST", PATH, json=whole)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_an_address_is_asked_of_the_guard_when_it_is_saved() -> None:
    async with world() as api:
        made = await make(api)
        outgoing_addresses = await api.app.state.dishka_container.get(MemoryAddresses)
        outgoing_addresses.blocked.add("https://inside.example/")
        path = f"{PATH}/{made['subscription']['id']}"
        moved = await api.ask("PATCH", path, match='"v1"', json={"address": "https://inside.example/"})
        assert (moved.status_code, moved.json()["errors"][0]["pointer"]) == (422, "#/address")


async def test_it_is_changed_switched_off_and_on_and_deleted(api: World) -> None:
    path = f"{PATH}/{(await make(api))['subscription']['id']}"
    off = await api.ask("PATCH", path, by=Role.MANAGER, match='"v1"', json={"is_enabled": False, "event_kinds": []})
    assert (off.json()["is_enabled"], off.json()["event_kinds"], off.json()["version"]) == (False, [], 2)
    assert (await api.ask("POST", f"{path}/ping", by=Role.MANAGER)).status_code == 409
    on = await api.ask("PATCH", path, by=Role.MANAGER, match='"v2"', json={"is_enabled": True, "skip_missed": True})
    assert on.json()["is_enabled"] is True
    assert (await api.ask("POST", f"{path}/ping", by=Role.MANAGER)).status_code == 204
    assert (await api.ask("PATCH", path, match='"v2"', json={"name": "Late"})).status_code == 412
    assert (await api.ask("DELETE", path, by=Role.MANAGER)).status_code == 204
    assert (await api.ask("GET", path)).status_code == 404


async def test_a_rotated_secret_is_another_and_a_queue_has_none(api: World) -> None:
    made = await make(api)
    path = f"{PATH}/{made['subscription']['id']}"
    rotated = await api.ask("POST", f"{path}/rotate-secret", by=Role.MANAGER, json={"overlap_seconds": 60})
    assert rotated.json()["secret"] not in {made["secret"], None}
    queue = await make(api, "Queue", kind="sqs", address="arn:aws:sqs:eu-central-1:123456789012:incidents")
    assert queue["secret"] is None
    answer = await api.ask("POST", f"{PATH}/{queue['subscription']['id']}/rotate-secret")
    assert answer.status_code == 422


async def test_an_interval_to_replay_has_an_end_after_its_start(api: World) -> None:
    path = f"{PATH}/{(await make(api))['subscription']['id']}/replay"
    body = {"since": "2026-11-23T09:00:00Z", "until": "2026-11-23T10:00:00Z"}
    answer = await api.ask("POST", path, by=Role.MANAGER, json=body)
    assert (answer.status_code, answer.json()) == (202, {"count": 0, "next_since": None})
    turned = await api.ask("POST", path, json={"since": body["until"], "until": body["since"]})
    assert turned.status_code == 422


async def test_every_change_is_in_the_audit_trail_without_what_may_be_secret(api: World) -> None:
    made = await make(api)
    path = f"{PATH}/{made['subscription']['id']}"
    await api.ask("PATCH", path, match='"v1"', json={"name": "Other"})
    await api.ask("POST", f"{path}/rotate-secret")
    await api.ask("POST", f"{path}/ping")
    await api.ask("DELETE", path)
    entries = [entry for entry in api.database.audit if entry.noun == "subscription"]
    verbs = [entry.action.partition(".")[2] for entry in entries]
    assert verbs == ["create", "update", "rotate_secret", "ping", "delete"]
    assert "a-long-token" not in repr(entries)
    assert "whsec_" not in repr(entries)
    assert all(
        entry.after is None or entry.after.get("address") in {None, "https://hooks.example/…"} for entry in entries
    )
