"""Mappings through the API: checked before they are saved, and tried on what came."""

from typing import Any
from uuid import UUID

import pytest

from application.ports.intake import DeadLetter, RawEvent
from domain.identity.role import Role
from domain.shared.ids import IntegrationId
from tests.integration.http.test_configuration import make_service
from tests.integration.http.world import START, World
from tests.support.payloads import GITHUB_WORKFLOW_FAILED

MAPPING = {"summary": "title", "action": "state", "actions": {"ok": "resolve"}, "dedup_key": "id"}


async def make_integration(api: World, **more: Any) -> dict[str, Any]:
    service = await make_service(api)
    given = {"service_id": service["id"], "kind": "json", "name": "GitHub", **more}
    made = await api.ask("POST", "/v1/integrations", by=Role.MANAGER, json=given)
    assert made.status_code == 201, made.text
    integration: dict[str, Any] = made.json()["integration"]
    return integration


async def test_a_mapping_is_stored_with_its_integration_and_can_be_taken_away(api: World) -> None:
    integration = await make_integration(api, mapping=MAPPING)
    path = f"/v1/integrations/{integration['id']}"
    assert integration["mapping"].items() >= MAPPING.items()
    renamed = await api.ask("PATCH", path, by=Role.MANAGER, match='"v1"', json={"name": "GitLab"})
    assert renamed.json()["mapping"] == integration["mapping"]
    cleared = await api.ask("PATCH", path, by=Role.MANAGER, match='"v2"', json={"mapping": None})
    assert cleared.json()["mapping"] is None


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("summary", {"summary": "a.b["}), ("labels", {"labels": "nobody(@)"}), ("summary", {"summary": " "})],
)
async def test_a_wrong_expression_is_named(api: World, field: str, wrong: dict[str, str]) -> None:
    integration = await make_integration(api)
    path = f"/v1/integrations/{integration['id']}"
    body = {"mapping": MAPPING | wrong}
    for answer in (
        await api.ask("PATCH", path, match='"v1"', json=body),
        await api.ask("POST", f"{path}/mapping/try", json=body | {"sample": {}}),
    ):
        assert answer.status_code == 422, answer.text
        assert [each["pointer"] for each in answer.json()["errors"]] == [f"#/mapping/{field}"]


async def test_a_mapping_is_tried_on_a_sample_and_nothing_is_stored(api: World) -> None:
    integration = await make_integration(api)
    path = f"/v1/integrations/{integration['id']}/mapping/try"
    sample = {"title": "disk", "id": 7, "state": None}
    answer = await api.ask("POST", path, by=Role.MANAGER, json={"mapping": MAPPING, "sample": sample})
    assert answer.status_code == 200, answer.text
    (tried,) = answer.json()["tried"]
    assert (tried["received_id"], tried["refused"]) == (None, [])
    (event,) = tried["events"]
    assert (event["action"], event["dedup_key"], event["details"]) == ("trigger", "7", sample)
    assert (await api.ask("GET", f"/v1/integrations/{integration['id']}")).json()["mapping"] is None
    assert not api.database.alerts


async def test_it_is_tried_on_what_came_last_set_aside_or_not(api: World) -> None:
    integration = await make_integration(api, mapping={"summary": "workflow_run.name"})
    integration_id = IntegrationId(UUID(integration["id"]))
    path = f"/v1/integrations/{integration_id}/mapping/try"
    taken, letter = UUID(int=1), UUID(int=2)
    api.database.raw_events += (
        RawEvent(
            id=taken, integration_id=integration_id, received_at=START, format="json", body=GITHUB_WORKFLOW_FAILED
        ),
    )
    api.database.dead_letters += (DeadLetter(letter, integration_id, START, "http", "no mapping", b"[1"),)
    answer = (await api.ask("POST", path, by=Role.MANAGER, json={})).json()
    newest, oldest = answer["tried"]
    assert (newest["received_id"], newest["events"]) == (str(letter), [])
    assert newest["refused"][0]["detail"] == "JSON parse error"
    assert (oldest["received_id"], oldest["events"][0]["summary"]) == (str(taken), "deploy")
    assert len((await api.ask("POST", path, json={"limit": 1})).json()["tried"]) == 1


async def test_there_must_be_one_to_try(api: World) -> None:
    integration = await make_integration(api)
    answer = await api.ask("POST", f"/v1/integrations/{integration['id']}/mapping/try", json={"sample": {}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/mapping"


async def test_bodies_are_for_whoever_configures_it(api: World) -> None:
    integration = await make_integration(api)
    path = f"/v1/integrations/{integration['id']}/mapping/try"
    for role in (Role.RESPONDER, Role.VIEWER):
        assert (await api.ask("POST", path, by=role, json={"mapping": MAPPING})).status_code == 403
