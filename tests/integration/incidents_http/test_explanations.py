"""Why somebody was paged for an incident, or why not, over HTTP."""

from typing import Any
from uuid import UUID

from domain.identity.role import Role
from tests.integration.incidents_http.desk import Desk
from tests.support.stock import ADA, BEN


async def explanation(api: Desk, number: int, user_id: UUID) -> Any:
    path = f"/v1/incidents/INC-{number}/explanation?user={user_id}"
    answer = await api.ask("GET", path, by=Role.VIEWER)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_page_comes_with_its_delivery_and_the_chain_that_led_to_it(api: Desk) -> None:
    incident = await api.stock.incident()
    page = await api.stock.page(incident)
    found = await explanation(api, incident.number, ADA)

    assert found["user"]["name"] == "Ada"
    assert [link["kind"] for link in found["because"]] == ["triggered", "urgency"]
    (explained,) = found["pages"]
    assert explained["delivery"]["id"] == str(page.id)
    assert explained["rule"]["number"] == 1
    assert [link["kind"] for link in explained["because"]] == ["rule", "not_sent"]


async def test_whoever_has_no_page_is_told_the_first_reason_in_a_sentence(api: Desk) -> None:
    incident = await api.stock.incident()
    found = await explanation(api, incident.number, BEN)

    assert (found["was_paged"], found["pages"]) == (False, [])
    assert found["why_not"]["reason"] == "not_a_target"
    assert found["why_not"]["text"] == "Nothing names them; told were: nobody"


async def test_without_a_user_it_is_about_whoever_asks(api: Desk) -> None:
    incident = await api.stock.incident()
    answer = await api.ask("GET", f"/v1/incidents/{incident.id}/explanation", by=Role.RESPONDER)
    assert answer.status_code == 200
    assert answer.json()["user"]["name"] == "Responder"


async def test_there_is_no_explanation_of_an_incident_or_for_a_person_that_is_not_there(api: Desk) -> None:
    incident = await api.stock.incident()
    nobody = UUID(int=77)
    for path in ("INC-999/explanation", f"{incident.id}/explanation?user={nobody}"):
        assert (await api.ask("GET", f"/v1/incidents/{path}")).status_code == 404
