"""Opsgenie's Alert API, as its clients call it: 202 for every write, and the outcome by the id of the request."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

from adapters.inbound.http.opsgenie import LIMIT_BYTES
from domain.alert.alert import Alert, AlertStatus
from domain.incident.events import IncidentAnnotated
from domain.incident.incident import IncidentStatus
from domain.shared.via import Via
from tests.support import payloads
from tests.support.builders import SHOP_LOGS
from tests.support.doors import KEY, Doors, doors

GENIE = {"authorization": f"GenieKey {KEY}"}
ALIAS = "15e4043dc669f75b85839d759259f14bc63f17a6f724c89cf78cb17344c6340c"


@pytest.fixture
async def town() -> AsyncIterator[Doors]:
    async with doors() as open_doors:
        yield open_doors


async def post(town: Doors, path: str, body: object = None, *, method: str = "POST") -> httpx.Response:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return await town.ask(f"/v2/alerts{path}", content, method=method, headers=GENIE)


async def outcome(town: Doors, answer: httpx.Response) -> dict[str, Any]:
    """What the status of an accepted request says."""
    assert (answer.status_code, answer.json()["result"]) == (202, "Request will be processed")
    status = await post(town, f"/requests/{answer.json()['requestId']}", method="GET")
    assert status.status_code == 200
    data: dict[str, Any] = status.json()["data"]
    assert data["success"] is data["isSuccess"]
    return data


async def an_alert(town: Doors, body: object = payloads.OPSGENIE_CREATE) -> Alert:
    known = {alert.id for alert in town.alerts}
    assert (await post(town, "", body)).status_code == 202
    (alert,) = (each for each in town.alerts if each.id not in known)
    return alert


def incident_of(town: Doors, alert: Alert) -> Any:
    return town.database.incidents[alert.incident_id]


def notes(town: Doors) -> list[str]:
    return [each.event.note for each in town.database.log if isinstance(each.event, IncidentAnnotated)]


def other_names(town: Doors, alert: Alert) -> list[str]:
    """Each way to name it, as the end of a path."""
    number = incident_of(town, alert).number
    return [f"/{alert.id}", f"/{ALIAS}?identifierType=alias", f"/{number}?identifierType=tiny"]


@pytest.mark.parametrize("path", ["/v2/alerts", "/v2/alerts/", "/opsgenie/v2/alerts"])
async def test_an_alert_is_created_and_its_request_has_a_status(town: Doors, path: str) -> None:
    answer = await town.ask(path, payloads.OPSGENIE_CREATE, headers=GENIE)

    data = await outcome(town, answer)
    (alert,) = town.alerts
    assert (data["action"], data["isSuccess"], data["status"]) == ("Create", True, "Created alert")
    assert (data["alertId"], data["alias"]) == (str(alert.id), ALIAS)
    assert [(raw.format, raw.body) for raw in town.database.raw_events] == [("opsgenie", payloads.OPSGENIE_CREATE)]


async def test_an_open_alias_counts_and_pages_nobody_again(town: Doors) -> None:
    await an_alert(town)
    assert (await outcome(town, await post(town, "", payloads.OPSGENIE_CREATE)))["isSuccess"]
    (alert,) = town.alerts
    assert alert.occurrences == 2
    assert len(town.database.incidents) == 1


@pytest.mark.parametrize("place", [0, 1, 2], ids=["id", "alias", "tiny"])
async def test_an_alert_is_acknowledged_and_closed_by_any_of_its_names(town: Doors, place: int) -> None:
    alert = await an_alert(town)
    name, _, query = other_names(town, alert)[place].partition("?")

    acknowledged = await outcome(town, await post(town, f"{name}/acknowledge?{query}", {"user": "ann"}))
    assert (acknowledged["action"], acknowledged["isSuccess"]) == ("Acknowledge", True)
    assert incident_of(town, alert).status is IncidentStatus.ACKNOWLEDGED

    closed = await outcome(town, await post(town, f"{name}/close?{query}", {"source": "am"}))
    assert (closed["action"], closed["isSuccess"], closed["alertId"]) == ("Close", True, str(alert.id))
    assert incident_of(town, alert).status is IncidentStatus.RESOLVED
    assert town.database.alerts[alert.id].status is AlertStatus.CLEARED


async def test_after_a_close_the_same_alias_is_another_alert(town: Doors) -> None:
    first = await an_alert(town)
    await post(town, f"/{ALIAS}/close?identifierType=alias")
    second = await an_alert(town)
    assert second.id != first.id
    assert len(town.database.incidents) == 2
    shown = await post(town, f"/{ALIAS}?identifierType=alias", method="GET")
    assert shown.json()["data"]["id"] == str(second.id)


@pytest.mark.parametrize("action", ["close", "acknowledge", "notes"])
@pytest.mark.parametrize("name", ["nothing?identifierType=alias", "nothing", str(UUID(int=1)), "7?identifierType=tiny"])
async def test_what_is_asked_of_an_unknown_alert_fails_only_in_the_status(town: Doors, action: str, name: str) -> None:
    path, _, query = name.partition("?")
    data = await outcome(town, await post(town, f"/{path}/{action}?{query}", {"note": "x"}))
    assert (data["isSuccess"], data["status"], data["alertId"]) == (False, "Alert does not exist", "")
    assert town.database.incidents == {}


async def test_what_is_closed_cannot_be_closed_again(town: Doors) -> None:
    alert = await an_alert(town)
    await post(town, f"/{alert.id}/close")
    data = await outcome(town, await post(town, f"/{alert.id}/close", {"note": "late"}))
    assert (data["isSuccess"], data["status"]) == (False, "Alert is already closed")
    assert notes(town) == []


async def test_a_note_is_on_the_timeline_with_who_wrote_it(town: Doors) -> None:
    alert = await an_alert(town)
    data = await outcome(town, await post(town, f"/{alert.id}/notes", {"note": "looking", "user": "ann"}))
    assert (data["action"], data["isSuccess"]) == ("AddNote", True)
    await post(town, f"/{alert.id}/close", {"note": "disk replaced"})
    assert notes(town) == ["ann: looking", "disk replaced"]
    (first, _) = (each.event for each in town.database.log if isinstance(each.event, IncidentAnnotated))
    assert (first.by, first.via) == (None, Via.SENDER)


async def test_a_note_beside_a_new_alert_is_kept_too(town: Doors) -> None:
    await post(town, "", {"message": "disk full", "note": "third time this week"})
    assert notes(town) == ["third time this week"]


async def test_an_alias_may_hold_a_slash_and_anything_else_encoded(town: Doors) -> None:
    alias = "eu/db 1?é%"
    await an_alert(town, {"message": "m", "alias": alias})
    path = quote(alias, safe="")
    shown = await post(town, f"/{path}?identifierType=alias", method="GET")
    assert shown.json()["data"]["alias"] == alias
    assert (await outcome(town, await post(town, f"/{path}/close?identifierType=alias")))["isSuccess"]


async def test_an_alert_is_shown_as_opsgenie_shows_it(town: Doors) -> None:
    alert = await an_alert(town)
    await post(town, "", payloads.OPSGENIE_CREATE)
    for name in other_names(town, alert):
        shown = (await post(town, name, method="GET")).json()["data"]
        assert (shown["id"], shown["tinyId"], shown["alias"]) == (
            str(alert.id),
            str(incident_of(town, alert).number),
            ALIAS,
        )
        assert (shown["status"], shown["acknowledged"], shown["count"]) == ("open", False, 2)
        assert (shown["priority"], shown["tags"]) == ("P2", ["prod", "eu"])
        assert shown["details"] == {"alertname": "TargetDown", "cluster": "eu-1"}
        assert shown["createdAt"] == "2026-11-23T12:00:00.000Z"
    await post(town, f"/{alert.id}/close")
    assert (await post(town, f"/{alert.id}", method="GET")).json()["data"]["status"] == "closed"


async def test_a_closed_alert_is_found_by_its_alias(town: Doors) -> None:
    await an_alert(town)
    await post(town, f"/{ALIAS}/close?identifierType=alias")
    shown = await post(town, f"/{ALIAS}?identifierType=alias", method="GET")
    assert shown.json()["data"]["status"] == "closed"


async def test_no_sender_sees_anothers_alerts_or_requests(town: Doors) -> None:
    request = (await post(town, "", payloads.OPSGENIE_CREATE)).json()["requestId"]
    (alert,) = town.alerts
    theirs = {alert.id: alert}
    town.database.alerts = {key: _of_another(each) for key, each in theirs.items()}
    town.database.alert_requests = {key: _of_another(each) for key, each in town.database.alert_requests.items()}
    for name in (*other_names(town, alert), f"/requests/{request}"):
        assert (await post(town, name, method="GET")).status_code == 404
    assert not (await outcome(town, await post(town, f"/{alert.id}/close")))["isSuccess"]


def _of_another(value: Any) -> Any:
    return replace(value, integration_id=SHOP_LOGS)


@pytest.mark.parametrize(
    "path", ["/nothing", "/1?identifierType=tiny", "/requests/nothing", f"/requests/{UUID(int=1)}"]
)
async def test_what_is_not_there_is_not_found(town: Doors, path: str) -> None:
    answer = await post(town, path, method="GET")
    assert answer.status_code == 404
    assert set(answer.json()) == {"message", "took", "requestId"}


@pytest.mark.parametrize("field", ["message", "description"])
async def test_what_alertmanager_updates_changes_nothing_and_does_not_fail(town: Doors, field: str) -> None:
    alert = await an_alert(town)
    path = f"/{ALIAS}/{field}?identifierType=alias"
    data = await outcome(town, await post(town, path, {field: "new"}, method="PUT"))
    assert (data["isSuccess"], data["alertId"]) == (False, str(alert.id))
    assert town.database.alerts[alert.id] == alert


@pytest.mark.parametrize(("method", "path"), [("POST", "/x/snooze"), ("DELETE", "/x"), ("GET", ""), ("GET", "/count")])
async def test_what_is_not_offered_is_refused_by_name(town: Doors, method: str, path: str) -> None:
    answer = await post(town, path, {}, method=method)
    assert answer.status_code == 422
    assert answer.json()["message"].startswith("Tocsin does not offer")


@pytest.mark.parametrize(
    "body", [b"\xff\x00", b"[]", b'{"message": ""}', b'{"message": "m", "alias": "%s"}' % (b"x" * 513)]
)
async def test_a_body_that_is_no_alert_is_refused_and_kept_for_people(town: Doors, body: bytes) -> None:
    answer = await post(town, "", body)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert len(town.reasons) == 1
    assert town.alerts == ()


@pytest.mark.parametrize("authorization", ["", f"Bearer {KEY}", "GenieKey ", "GenieKey " + "0" * 32])
async def test_only_a_key_of_ours_lets_in(town: Doors, authorization: str) -> None:
    headers = {"authorization": authorization}
    answer = await town.ask("/v2/alerts", payloads.OPSGENIE_CREATE, headers=headers)
    assert answer.status_code == 401
    assert (town.alerts, town.reasons) == ((), [])


async def test_while_storage_is_away_its_clients_try_again(town: Doors) -> None:
    town.storage.is_away = True
    with capture_logs():
        answer = await post(town, "", payloads.OPSGENIE_CREATE)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize("body", [payloads.OPSGENIE_CREATE, b"[]"], ids=["alert", "no alert"])
async def test_whoever_sends_too_much_hears_429_in_opsgenies_own_shape(body: bytes) -> None:
    async with doors(events_per_minute=1, event_burst=1) as town:
        assert (await post(town, "", body)).status_code in {202, 422}
        with capture_logs() as logs:
            refused = [await post(town, "", body), await post(town, "/x", method="GET")]
        assert [(each.status_code, each.headers["retry-after"]) for each in refused] == [(429, "60")] * 2
        assert set(refused[0].json()) == {"message", "took", "requestId"}
        assert [each["event"] for each in logs] == ["integration_throttled"]
        assert len(town.database.raw_events) + len(town.reasons) == 1
        assert town.registry.get_sample_value("tocsin_intake_throttled_total", {"door": "opsgenie"}) == 2


async def test_too_long_a_body_is_refused(town: Doors) -> None:
    assert (await post(town, "", b" " * (LIMIT_BYTES + 1))).status_code == 413


@pytest.mark.parametrize("path", ["/v2/alertsx", "/v2", "/x/v2/alerts"])
async def test_another_path_is_another_door(town: Doors, path: str) -> None:
    assert (await town.ask(path, b"{}", headers=GENIE)).text == "no door"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_too_long_an_alias_is_refused_wherever_it_is(town: Doors, method: str) -> None:
    ending = "" if method == "GET" else "/close"
    answer = await post(town, f"/{'x' * 513}{ending}?identifierType=alias", method=method)
    assert answer.status_code == 422
    assert "512" in answer.json()["errors"]["alias"]


async def test_an_alias_with_what_storage_cannot_hold_means_the_alert_that_was_created_with_it(town: Doors) -> None:
    alert = await an_alert(town, {"message": "m", "alias": "disk\u0000full"})
    shown = await post(town, "/disk%00full?identifierType=alias", method="GET")
    assert shown.json()["data"]["id"] == str(alert.id)


async def test_a_query_of_nonsense_names_an_alert_by_its_id(town: Doors) -> None:
    alert = await an_alert(town)
    for query in ("&".join(["a=b"] * 500), "identifierType=shoe", "%ff=%00", "identifierType"):
        assert (await post(town, f"/{alert.id}?{query}", method="GET")).status_code == 200
