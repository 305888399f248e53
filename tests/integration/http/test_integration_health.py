"""How an integration's sender does, through the API."""

from datetime import timedelta
from uuid import UUID

from application.ports.intake import DeadLetter, RawEvent
from domain.identity.role import Role
from domain.shared.ids import IntegrationId
from tests.integration.http.test_mappings import make_integration
from tests.integration.http.world import START, World


async def test_nothing_was_heard_yet(api: World) -> None:
    integration = await make_integration(api)
    health = (await api.ask("GET", f"/v1/integrations/{integration['id']}/health")).json()
    assert health == {
        "last_received_at": None,
        "received": 0,
        "set_aside": 0,
        "error_rate": None,
        "last": [],
        "quiet_watch": None,
    }


async def test_its_last_bodies_are_shown_with_their_verdicts_and_counted(api: World) -> None:
    integration = await make_integration(api)
    integration_id = IntegrationId(UUID(integration["id"]))
    for number in range(30):
        at = START + timedelta(seconds=number)
        raw = RawEvent(
            id=UUID(int=number), integration_id=integration_id, received_at=at, format="json", body=b"secret"
        )
        api.database.raw_events += (raw,)
    letter = DeadLetter(UUID(int=99), integration_id, START + timedelta(minutes=1), "http", "JSON parse error", b"[1")
    api.database.dead_letters += (letter,)

    answer = await api.ask("GET", f"/v1/integrations/{integration_id}/health", by=Role.VIEWER)

    health = answer.json()
    assert health["last_received_at"] == "2026-11-23T09:01:00Z"
    assert (health["received"], health["set_aside"], health["error_rate"]) == (31, 1, 0.0323)
    assert len(health["last"]) == 20
    newest, next_newest = health["last"][:2]
    assert (newest["verdict"], newest["reason"], newest["size_bytes"]) == ("set aside", "JSON parse error", 2)
    assert (next_newest["verdict"], next_newest["format"]) == ("accepted", "json")
    assert "secret" not in answer.text


async def test_an_integration_that_is_not_there_has_no_health(api: World) -> None:
    assert (await api.ask("GET", f"/v1/integrations/{UUID(int=404)}/health")).status_code == 404


async def test_somebody_may_want_an_alert_when_nothing_comes(api: World) -> None:
    integration = await make_integration(api)
    path = f"/v1/integrations/{integration['id']}"
    for by, status in ((Role.RESPONDER, 403), (Role.MANAGER, 200)):
        answer = await api.ask("POST", f"{path}/quiet-watch", by=by, json={"after_seconds": 3600})
        assert answer.status_code == status, answer.text
    wanted = {"after_seconds": 3600, "is_quiet": False}
    assert (await api.ask("GET", f"{path}/health")).json()["quiet_watch"] == wanted
    assert (await api.ask("POST", f"{path}/quiet-watch", json={"after_seconds": 60})).status_code == 422
    assert (await api.ask("DELETE", f"{path}/quiet-watch", by=Role.MANAGER)).status_code == 204
    assert (await api.ask("GET", f"{path}/health")).json()["quiet_watch"] is None
    audited = [entry.action for entry in api.database.audit]
    assert audited[-2:] == ["integration.set_quiet_watch"] * 2
