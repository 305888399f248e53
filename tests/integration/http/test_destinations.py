"""Destinations through the API, and policies that tell them."""

from typing import Any
from uuid import UUID

from adapters.outbound.memory.outgoing_addresses import MemoryAddresses
from domain.identity.role import Role
from domain.notification.proof import DestinationProof
from domain.shared.ids import DestinationId
from tests.integration.http.test_configuration import RESPONDER, step
from tests.integration.http.world import OTHER_TEAM, START, TEAM, World

HOOK = "https://hooks.example.test/t/secret"


async def made(api: World, **body: object) -> dict[str, Any]:
    answer = await api.ask("POST", "/v1/destinations", by=Role.MANAGER, json={"team_id": str(TEAM)} | body)
    assert answer.status_code == 201, answer.text
    issued: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/destinations/{issued['destination']['id']}"
    return issued


async def a_channel(api: World, name: str = "Ops") -> dict[str, Any]:
    destination: dict[str, Any] = (await made(api, name=name, kind="slack_channel", address="C0123OPS"))["destination"]
    return destination


async def test_a_channel_is_made_read_changed_and_deleted(api: World) -> None:
    channel = await a_channel(api)
    path = f"/v1/destinations/{channel['id']}"
    assert (await api.ask("GET", path, by=Role.VIEWER)).json() == channel
    changed = await api.ask("PATCH", path, by=Role.MANAGER, match='"v1"', json={"address": "C9999OPS"})
    assert changed.json() == channel | {"address": "C9999OPS", "version": 2}
    assert (await api.ask("PATCH", path, by=Role.MANAGER, match='"v1"', json={"name": "X"})).status_code == 412
    assert (await api.ask("DELETE", path, by=Role.MANAGER)).status_code == 204
    assert (await api.ask("GET", path)).status_code == 404
    actions = [entry.action for entry in api.database.audit]
    assert actions[-3:] == ["destination.create", "destination.update", "destination.delete"]


async def test_a_webhook_has_a_secret_that_is_shown_once_and_can_be_rotated(api: World) -> None:
    issued = await made(api, name="Hook", kind="webhook", address=HOOK)
    assert issued["secret"].startswith("whsec_")
    path = f"/v1/destinations/{issued['destination']['id']}"
    rotated = await api.ask("POST", f"{path}/rotate-secret", by=Role.MANAGER, json={"overlap_seconds": 0})
    assert rotated.status_code == 200
    assert rotated.json()["secret"] not in (None, issued["secret"])
    channel = await a_channel(api)
    refused = await api.ask("POST", f"/v1/destinations/{channel['id']}/rotate-secret", by=Role.MANAGER, json={})
    assert refused.status_code == 422
    assert issued["secret"] not in str([entry.after for entry in api.database.audit])


async def test_of_a_webhook_whoever_may_not_change_it_sees_the_server_alone(api: World) -> None:
    hook = (await made(api, name="Hook", kind="webhook", address=HOOK))["destination"]
    assert hook["address"] == HOOK
    for path in (f"/v1/destinations/{hook['id']}", "/v1/destinations"):
        assert "secret" not in (await api.ask("GET", path, by=Role.RESPONDER)).text
    assert HOOK not in str([entry.after for entry in api.database.audit])


async def test_one_that_takes_no_messages_is_warned_of_wherever_it_is_read(api: World) -> None:
    channel = await a_channel(api)
    path, key = f"/v1/destinations/{channel['id']}", DestinationId(UUID(channel["id"]))
    assert channel["warnings"] == []
    api.database.destination_proofs[key] = DestinationProof(
        destination_id=key, attempted_at=START, refused_at=START, refusal="Slack refused: is_archived"
    )
    answered = (
        "takes no messages: it refused for good at 2026-11-23 09:00 UTC, and answered: Slack refused: is_archived"
    )
    warning = {"code": "destination_refuses", "detail": answered, "user_id": None}

    read = await api.ask("GET", path, by=Role.VIEWER)
    assert read.json()["warnings"] == [warning]
    (listed,) = (await api.ask("GET", "/v1/destinations", by=Role.VIEWER)).json()["items"]
    assert listed["warnings"] == [warning]
    renamed = await api.ask("PATCH", path, by=Role.MANAGER, match=read.headers["etag"], json={"name": "Night"})
    assert renamed.json()["warnings"] == [warning]
    moved = await api.ask("PATCH", path, by=Role.MANAGER, match=renamed.headers["etag"], json={"address": "C9999OPS"})
    assert moved.json()["warnings"] == []


async def test_a_policy_that_tells_one_that_takes_no_messages_is_warned_of_wherever_it_is_shown(
    api: World,
) -> None:
    channel, other = await a_channel(api), (await made(api, name="Hook", kind="webhook", address=HOOK))["destination"]
    key = DestinationId(UUID(channel["id"]))
    api.database.destination_proofs[key] = DestinationProof(
        destination_id=key, attempted_at=START, refused_at=START, refusal="Slack refused: is_archived"
    )
    detail = (
        f"tells {channel['name']}, which takes no messages: it refused for good at 2026-11-23 09:00 UTC, and answered: "
        "Slack refused: is_archived"
    )
    warning = {"code": "destination_refuses", "detail": detail, "user_id": None}
    steps = [step(channel["id"], "channel"), step(other["id"], "webhook")]
    body = {"team_id": str(TEAM), "name": "Page", "steps": steps}

    saved = await api.ask("POST", "/v1/policies", by=Role.MANAGER, json=body)
    assert saved.json()["warnings"] == [warning]
    path = f"/v1/policies/{saved.json()['id']}"
    read = await api.ask("GET", path, by=Role.VIEWER)
    assert warning in read.json()["warnings"]
    changed = {"steps": [step(other["id"], "webhook")]}
    edited = await api.ask("PATCH", path, by=Role.MANAGER, match=read.headers["etag"], json=changed)
    assert edited.json()["warnings"] == []


async def test_only_whoever_configures_the_team_changes_its_destinations(api: World) -> None:
    channel = await a_channel(api)
    path = f"/v1/destinations/{channel['id']}"
    body = {"team_id": str(TEAM), "name": "N", "kind": "slack_channel", "address": "C0123OPS"}
    for by in (Role.VIEWER, Role.RESPONDER):
        assert (await api.ask("POST", "/v1/destinations", by=by, json=body)).status_code == 403
        assert (await api.ask("PATCH", path, by=by, match='"v1"', json={"name": "X"})).status_code == 403
        assert (await api.ask("DELETE", path, by=by)).status_code == 403
        assert (await api.ask("POST", f"{path}/rotate-secret", by=by, json={})).status_code == 403
    other = body | {"team_id": str(OTHER_TEAM)}
    assert (await api.ask("POST", "/v1/destinations", by=Role.MANAGER, json=other)).status_code == 403


async def test_an_address_that_cannot_be_or_may_not_be_reached_is_refused_by_its_field(api: World) -> None:
    body = {"team_id": str(TEAM), "name": "N", "kind": "slack_channel", "address": "#ops"}
    refused = await api.ask("POST", "/v1/destinations", by=Role.MANAGER, json=body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/address")

    addresses = await api.app.state.dishka_container.get(MemoryAddresses)
    addresses.blocked.add(HOOK)
    body |= {"kind": "webhook", "address": HOOK}
    blocked = await api.ask("POST", "/v1/destinations", by=Role.MANAGER, json=body)
    assert (blocked.status_code, blocked.json()["errors"][0]["pointer"]) == (422, "#/address")


async def test_a_policy_tells_a_destination_of_the_kind_that_it_says(api: World) -> None:
    channel = await a_channel(api)
    body = {"team_id": str(TEAM), "name": "Page", "steps": [step(channel["id"], "channel")]}
    made_policy = await api.ask("POST", "/v1/policies", by=Role.MANAGER, json=body)
    assert made_policy.status_code == 201, made_policy.text
    assert made_policy.json()["steps"][0]["targets"] == [{"kind": "channel", "id": channel["id"]}]
    wrong = body | {"name": "P", "steps": [step(RESPONDER), step(channel["id"], "webhook")]}
    refused = await api.ask("POST", "/v1/policies", by=Role.MANAGER, json=wrong)
    assert refused.json()["errors"][0]["pointer"] == "#/steps/1/targets/0/id"

    in_use = await api.ask("DELETE", f"/v1/destinations/{channel['id']}", by=Role.MANAGER)
    assert in_use.status_code == 409
    assert "named by the policies Page" in in_use.json()["detail"]


async def test_a_simulation_shows_the_channel_beside_people(api: World) -> None:
    channel = await a_channel(api)
    body = {"team_id": str(TEAM), "name": "Page", "steps": [step(channel["id"], "channel")]}
    policy = (await api.ask("POST", "/v1/policies", by=Role.MANAGER, json=body)).json()
    body = {"team_id": str(TEAM), "name": "Checkout", "policy_id": policy["id"]}
    service = (await api.ask("POST", "/v1/services", by=Role.MANAGER, json=body)).json()
    asked = {"severity": "SEV1", "service_id": service["id"]}
    found = (await api.ask("POST", "/v1/simulations", json=asked)).json()

    (page,) = found["pages"]
    named = {"id": channel["id"], "name": "Ops"}
    assert (page["user"], page["destination"], page["address"]) == (None, named, "C0123OPS")
    assert found["happenings"][0]["destinations"] == [named]
