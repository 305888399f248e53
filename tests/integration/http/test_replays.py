"""Bodies once more, through the API."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from application.ports.intake import RawEvent
from domain.identity.role import Role
from domain.shared.ids import IntegrationId
from domain.shared.limits import REPLAYED_BODIES
from tests.integration.http.test_mappings import make_integration
from tests.integration.http.world import START, World

MINUTE = timedelta(minutes=1)


async def bodies_of(api: World, count: int) -> str:
    """The path of an integration that was sent so many bodies, which its mapping of now reads as events."""
    integration = await make_integration(api, mapping={"summary": "title"})
    api.database.raw_events += tuple(
        RawEvent(
            id=UUID(int=number + 1),
            integration_id=IntegrationId(UUID(integration["id"])),
            received_at=START + number * timedelta(milliseconds=1),
            format="json",
            body=b'{"title": "disk %d"}' % number,
        )
        for number in range(count)
    )
    api.clock.move_to(START + MINUTE)
    return f"/v1/integrations/{integration['id']}/replay"


async def replayed(api: World, path: str, **body: Any) -> dict[str, Any]:
    answer = await api.ask("POST", path, by=Role.MANAGER, json={"since": START.isoformat(), **body})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_it_is_only_tried_unless_it_is_said_otherwise(api: World) -> None:
    path = await bodies_of(api, 2)
    tried = await replayed(api, path)
    assert (tried["dry_run"], tried["bodies"], tried["effects"]["alerts"], tried["next_since"]) == (True, 2, 2, None)
    assert tried["shadow"] == {"incidents": 2, "pages": 2, "dropped": 0, "muted": 0}
    assert not api.database.alerts

    done = await replayed(api, path, dry_run=False)
    assert (done["effects"]["alerts"], done["shadow"]) == (2, None)
    assert sorted(alert.summary for alert in api.database.alerts.values()) == ["disk 0", "disk 1"]
    assert (await replayed(api, path, dry_run=False))["effects"]["repeated"] == 2


async def test_more_than_one_request_replays_goes_on_where_it_ended(api: World) -> None:
    path = await bodies_of(api, REPLAYED_BODIES + 3)
    first = await replayed(api, path)
    assert first["bodies"] == REPLAYED_BODIES
    rest = await replayed(api, path, since=first["next_since"])
    assert (rest["bodies"], rest["next_since"]) == (3, None)


async def test_an_interval_that_is_none_is_named(api: World) -> None:
    path = await bodies_of(api, 1)
    later = (START + timedelta(days=1)).isoformat()
    answer = await api.ask("POST", path, by=Role.MANAGER, json={"since": later})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/since"


async def test_it_is_for_whoever_configures_the_integration(api: World) -> None:
    path = await bodies_of(api, 1)
    for role in (Role.RESPONDER, Role.VIEWER):
        assert (await api.ask("POST", path, by=role, json={"since": START.isoformat()})).status_code == 403
