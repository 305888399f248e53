"""Acts over HTTP, one by one and in bulk."""

from datetime import timedelta
from typing import Any, get_args
from uuid import UUID

import pytest

from adapters.inbound.http.incident_acts import ARGUMENTS, Action
from application.incident.act import PlainAct
from domain.identity.role import Role
from domain.notification.contact import Channel, Contact
from domain.shared.ids import ContactId
from domain.shared.limits import BULK_INCIDENTS
from tests.integration.incidents_http.desk import Desk
from tests.support.stock import ADA, NOON, SHOP

SOON = (NOON + timedelta(days=1)).isoformat()


async def act(api: Desk, ref: object, path: str, body: object = None, **more: Any) -> Any:
    request: dict[str, Any] = {} if body is None else {"json": body}
    return await api.ask("POST", f"/v1/incidents/{ref}/{path}", **request, **more)


async def test_an_incident_is_snoozed_taken_over_and_given_back(api: Desk) -> None:
    incident = await api.stock.incident(at=api.world.clock.now() - timedelta(minutes=1))
    until = (api.world.clock.now() + timedelta(hours=1)).isoformat()

    snoozed = await act(api, incident.number, "snooze", {"until": until})
    assert snoozed.status_code == 200, snoozed.text
    assert snoozed.json()["status"] == "acknowledged"
    assert snoozed.json()["snoozed_until"] is not None
    assert snoozed.json()["acknowledgements"]["missing"] == 0
    assert len(snoozed.json()["acknowledgements"]["given"]) == 1
    over = await act(api, incident.id, "take-over", by=Role.MANAGER)
    assert over.status_code == 200, over.text
    back = await act(api, f"INC-{incident.number}", "unacknowledge")
    assert (back.json()["status"], back.json()["acknowledged_by"]) == ("triggered", None)
    assert back.json()["escalation"] == "running"

    timeline = (await api.ask("GET", f"/v1/incidents/{incident.id}/timeline")).json()["items"]
    texts = [entry["text"] for entry in timeline]
    assert any("snoozed it until" in text for text in texts)
    assert any("took it over from" in text for text in texts)
    assert any("gave it back" in text for text in texts)


async def test_steps_are_counted_from_1_and_one_that_is_not_there_is_refused(api: Desk) -> None:
    incident = await api.stock.incident()
    assert (await act(api, incident.id, "escalate", {})).status_code == 200
    assert (await act(api, incident.id, "escalate", {"step": 1})).status_code == 200

    refused = await act(api, incident.id, "escalate", {"step": 20})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "#/step"
    assert (await act(api, incident.id, "escalate", {"step": 0})).status_code == 422


async def test_severity_title_and_urgency_are_changed(api: Desk) -> None:
    incident = await api.stock.incident()
    assert (await act(api, incident.id, "severity", {"severity": "SEV5"})).json()["severity"] == "SEV5"
    assert (await act(api, incident.id, "raise-urgency")).json()["urgency"] == "high"
    assert (await act(api, incident.id, "title", {"title": "It is the disk"})).json()["title"] == "It is the disk"


async def test_people_are_asked_and_answer_and_it_is_reassigned(api: Desk) -> None:
    incident = await api.stock.incident()
    unreachable = await act(api, incident.id, "responders", {"users": [str(ADA)]})
    assert unreachable.json()["errors"][0]["pointer"] == "#/users/0"

    contact = Contact(id=ContactId(ADA), user_id=ADA, channel=Channel.EMAIL, address="ada@example.test")
    api.world.database.contacts[ADA] = (contact,)
    asked = await act(api, incident.id, "responders", {"users": [str(ADA)]})
    assert asked.status_code == 200, asked.text
    assert [each["answer"] for each in asked.json()["responders"]] == ["asked"]
    assert (await act(api, incident.id, "accept")).status_code == 409  # who asks here was not asked
    assert (await act(api, incident.id, "decline")).status_code == 409

    reassigned = await act(api, incident.id, "reassign", {"users": [str(ADA)]})
    assert reassigned.status_code == 200, reassigned.text
    assert (await act(api, incident.id, "reassign", {})).status_code == 422
    assert (await act(api, incident.id, "reassign", {"policy_id": str(SHOP)})).status_code == 422


async def test_what_was_resolved_is_reopened(api: Desk) -> None:
    incident = await api.stock.resolved(await api.stock.incident())
    reopened = await act(api, incident.id, "reopen")
    assert (reopened.status_code, reopened.json()["status"]) == (200, "triggered")


async def test_in_bulk_each_has_an_answer_of_its_own_and_one_that_fails_costs_no_other(api: Desk) -> None:
    first, second, over = [await api.stock.incident(title) for title in "abc"]
    await api.stock.resolved(over)
    ids = [str(first.id), "nonsense", f"INC-{over.number}", str(UUID(int=404)), str(second.number)]

    answer = await api.ask("POST", "/v1/incidents/bulk", json={"action": "acknowledge", "ids": ids})

    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [item["ref"] for item in items] == ids
    assert [item["status"] for item in items] == [200, 404, 409, 404, 200]
    assert [item["incident"] and item["incident"]["status"] for item in items] == [
        "acknowledged",
        None,
        None,
        None,
        "acknowledged",
    ]
    assert items[2]["problem"]["code"] == "illegal_transition"
    assert (answer.json()["succeeded"], answer.json()["failed"]) == (2, 3)


async def test_in_bulk_an_act_takes_the_body_of_its_own_sub_resource(api: Desk) -> None:
    incident = await api.stock.incident()
    wrong = {"action": "snooze", "ids": [str(incident.id)], "arguments": {"until": "tomorrow"}}
    refused = await api.ask("POST", "/v1/incidents/bulk", json=wrong)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "#/arguments/until"

    right = wrong | {"arguments": {"until": SOON}}
    answer = await api.ask("POST", "/v1/incidents/bulk", json=right)
    assert answer.json()["items"][0]["status"] in {200, 422}
    unknown = {"action": "resolve", "ids": [str(incident.id)], "arguments": {"why": "done"}}
    assert (await api.ask("POST", "/v1/incidents/bulk", json=unknown)).status_code == 422


async def test_so_many_at_once_at_most(api: Desk) -> None:
    body = {"action": "resolve", "ids": [str(number) for number in range(BULK_INCIDENTS + 1)]}
    assert (await api.ask("POST", "/v1/incidents/bulk", json=body)).status_code == 422
    assert (await api.ask("POST", "/v1/incidents/bulk", json={"action": "resolve", "ids": []})).status_code == 422


async def test_who_may_only_look_may_do_none_of_it(api: Desk) -> None:
    incident = await api.stock.incident()
    answer = await act(api, incident.id, "unacknowledge", by=Role.VIEWER)
    assert answer.status_code == 403
    body = {"action": "resolve", "ids": [str(incident.id)]}
    assert (await api.ask("POST", "/v1/incidents/bulk", json=body, by=Role.VIEWER)).status_code == 403


def test_every_act_can_be_done_in_bulk() -> None:
    assert set(get_args(Action)) == {*ARGUMENTS, *PlainAct}


@pytest.mark.parametrize("path", [*ARGUMENTS, *PlainAct])
async def test_an_act_on_what_is_not_there_is_not_found(api: Desk, path: str) -> None:
    bodies = {
        "snooze": {"until": SOON},
        "escalate": {},
        "reassign": {"users": [str(ADA)]},
        "responders": {"users": [str(ADA)]},
        "severity": {"severity": "SEV1"},
        "title": {"title": "t"},
    }
    assert (await act(api, 404, path, bodies.get(path))).status_code == 404
