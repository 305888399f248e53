"""The promises of `AlertRequests`, kept by every adapter of it."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from application.ports.alert_requests import AlertRef, AlertRequest, NamedBy, ReportedAlert
from domain.alert.alert import Alert
from domain.incident.incident import IncidentStatus
from domain.shared.ids import AlertId
from tests.contract.core.storing import an_open_incident, firing
from tests.support.builders import NOON, SHOP_LOGS, SHOP_PROBES, an_alert
from tests.support.world import Ports


def a_request(number: int = 1, **more: object) -> AlertRequest:
    values: dict[str, object] = {"alias": "disk", "alert_id": None, **more}
    return AlertRequest(
        id=UUID(int=70_000 + number),
        integration_id=SHOP_PROBES,
        requested_at=NOON,
        action="Close",
        is_success=True,
        outcome="Alert closed",
        **values,  # type: ignore[arg-type]
    )


async def store(ports: Ports, *requests: AlertRequest) -> None:
    async with ports.transaction:
        for request in requests:
            await ports.alert_requests.add(request)


async def clear(ports: Ports, alert: Alert) -> None:
    async with ports.transaction:
        (held,) = await ports.alerts.firing({(alert.integration_id, alert.dedup_key)})
        await ports.alerts.save_cleared([held.clear(at=NOON + timedelta(minutes=1))])


async def test_a_request_is_read_as_it_was_added_and_by_its_own_integration_alone(ports: Ports) -> None:
    request = a_request(alert_id=AlertId(UUID(int=5)))
    nameless = a_request(2, alias=None)
    await store(ports, request, nameless)
    assert await ports.alert_requests.get(SHOP_PROBES, request.id) == request
    assert await ports.alert_requests.get(SHOP_PROBES, nameless.id) == nameless
    assert await ports.alert_requests.get(SHOP_LOGS, request.id) is None
    assert await ports.alert_requests.get(SHOP_PROBES, UUID(int=1)) is None


async def test_an_alert_is_found_by_each_of_its_names_and_by_its_own_integration_alone(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    alert = an_alert()
    await firing(ports, alert)
    for ref in (
        AlertRef(NamedBy.ID, str(alert.id)),
        AlertRef(NamedBy.ALIAS, alert.dedup_key),
        AlertRef(NamedBy.NUMBER, str(incident.number)),
    ):
        found = await ports.alert_requests.find(SHOP_PROBES, ref)
        assert found == ReportedAlert(alert, incident.number, IncidentStatus.TRIGGERED)
        assert await ports.alert_requests.find(SHOP_LOGS, ref) is None


@pytest.mark.parametrize("by", NamedBy)
@pytest.mark.parametrize("name", ["", "nothing", "-1", "9" * 30, "\u0661", str(UUID(int=1))])
async def test_what_is_no_name_of_anything_finds_nothing(ports: Ports, by: NamedBy, name: str) -> None:
    await an_open_incident(ports)
    await firing(ports, an_alert())
    assert await ports.alert_requests.find(SHOP_PROBES, AlertRef(by, name)) is None


async def test_an_alias_means_what_fires_and_else_what_the_last_request_was_about(ports: Ports) -> None:
    await an_open_incident(ports)
    first = an_alert()
    alias = AlertRef(NamedBy.ALIAS, first.dedup_key)
    await firing(ports, first)
    await store(ports, a_request(1, alias=first.dedup_key, alert_id=first.id))
    await clear(ports, first)
    found = await ports.alert_requests.find(SHOP_PROBES, alias)
    assert found is not None
    assert found.alert.id == first.id

    second = replace(first, id=AlertId(UUID(int=first.id.int + 1)))
    await firing(ports, second)
    found = await ports.alert_requests.find(SHOP_PROBES, alias)
    assert found is not None
    assert found.alert.id == second.id

    await store(ports, a_request(2, alias=first.dedup_key, alert_id=second.id), a_request(3, alias=first.dedup_key))
    await clear(ports, second)
    found = await ports.alert_requests.find(SHOP_PROBES, alias)
    assert found is not None
    assert found.alert.id == second.id
