"""What rules make of events that come again, as the API tells it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from dishka import AsyncContainer

from application.alert.expire import ExpireAlerts
from application.alert.ingest import IngestEvents
from application.alert.routed import ReceivedEvent
from application.ports.intake import IntakeStore, RawEvent
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.identity.role import Role
from tests.integration.incidents_http.desk import Desk
from tests.support.stock import CHECKOUT_ALERTS, new_id

TRIGGER, RESOLVE = AlertAction.TRIGGER, AlertAction.RESOLVE
MINUTE = timedelta(minutes=1)


async def rules(api: Desk, *wanted: dict[str, Any]) -> None:
    answer = await api.ask("PUT", "/v1/routing", by=Role.ADMIN, match='"v0"', json={"rules": list(wanted)})
    assert answer.status_code == 200, answer.text


async def comes(api: Desk, key: str, action: AlertAction = TRIGGER, **more: Any) -> UUID:
    """As a door hands it on; the id of the body."""
    container: AsyncContainer = api.world.app.state.dishka_container
    at = api.world.clock.now()
    async with container() as scope:
        target = await (await scope.get(IntakeStore)).target_of(b"k" * 32, at=at)
        assert target is not None
        raw = RawEvent(id=new_id(), integration_id=CHECKOUT_ALERTS, received_at=at, format="native", body=b"{}")
        event = AlertEvent(action=action, dedup_key=key, summary=f"{key} is unwell", source="probe", **more)
        await (await scope.get(IngestEvents))([ReceivedEvent(target, event, raw, raw.id)])
    return raw.id


def later(api: Desk, minutes: float) -> None:
    api.world.clock.move_to(api.world.clock.now() + minutes * MINUTE)


async def verdict(api: Desk, event_id: UUID) -> dict[str, Any]:
    (found,) = (await api.ask("GET", f"/v1/events/{event_id}/explanation")).json()["events"]
    assert isinstance(found, dict)
    return found


async def timeline(api: Desk) -> list[str]:
    """Of the only incident."""
    (incident,) = (await api.ask("GET", "/v1/incidents")).json()["items"]
    items = (await api.ask("GET", f"/v1/incidents/{incident['id']}/timeline")).json()["items"]
    return [entry["text"] for entry in items]


async def test_what_fires_again_soon_reopens_its_incident_and_says_why(api: Desk) -> None:
    await rules(api, {"name": "soon", "reopen_within_seconds": 300})
    await comes(api, "disk")
    await comes(api, "disk", RESOLVE)
    later(api, 5)
    again = await comes(api, "disk")

    assert (await timeline(api))[-1] == (
        "The system reopened it, since an alert of its group fired again soon: it pages again"
    )
    found = await verdict(api, again)
    assert (found["outcome"], found["text"]) == (
        "reopened",
        "it opened an alert, which reopened the incident of its group that had just been resolved",
    )
    assert [step["said"]["reopen_within_seconds"] for step in found["steps"]] == [300]


async def test_what_is_not_repeated_ends_when_its_rule_says_so(api: Desk) -> None:
    await rules(api, {"name": "brief", "resolve_after_seconds": 300})
    opening = await comes(api, "disk")
    later(api, 5)
    container: AsyncContainer = api.world.app.state.dishka_container
    async with container() as scope:
        assert await (await scope.get(ExpireAlerts))() == 1

    assert (await timeline(api))[1:3] == ["An alert cleared: disk is unwell", "The system resolved"]
    (step,) = (await verdict(api, opening))["steps"]
    assert step["said"]["resolve_after_seconds"] == 300


async def test_an_alert_of_a_new_kind_pages_an_open_incident_again_and_says_so(api: Desk) -> None:
    await rules(api, {"name": "by name", "page_again_by": ["alertname"]})
    await comes(api, "disk", group_key="rack", labels={"alertname": "Disk"})
    repeat = await comes(api, "disk 2", group_key="rack", labels={"alertname": "Disk"})
    news = await comes(api, "load", group_key="rack", labels={"alertname": "Load"})

    assert (await timeline(api))[1:4] == [
        "Another alert joined: disk 2 is unwell",
        "Another alert joined: load is unwell",
        "That alert is of a kind that it had not had: it pages again",
    ]
    assert [(await verdict(api, each))["outcome"] for each in (repeat, news)] == ["joined", "paged_again"]


async def test_a_flapping_alert_stays_and_says_so(api: Desk) -> None:
    await rules(api, {"name": "restless", "flapping": {"turns": 1, "within_seconds": 600}, "reopen_within_seconds": 60})
    for _ in range(2):
        await comes(api, "disk")
        gone = await comes(api, "disk", RESOLVE)

    found = await verdict(api, gone)
    assert (found["outcome"], found["text"]) == (
        "settling",
        "it said that a flapping alert is over, which is believed when it stays quiet",
    )
    (text,) = [text for text in await timeline(api) if "flapping" in text]
    assert text == (
        "An alert is flapping, it began 2 times within 0:10:00, and is over when it has been quiet for as long: "
        "disk is unwell"
    )
    (incident,) = (await api.ask("GET", "/v1/incidents")).json()["items"]
    alerts = (await api.ask("GET", f"/v1/incidents/{incident['id']}/alerts")).json()["items"]
    assert (incident["status"], [each["is_flapping"] for each in alerts]) == ("triggered", [False, True])


async def test_after_its_window_an_incident_is_followed_and_both_say_so(api: Desk) -> None:
    await rules(api, {"name": "brief", "group_window": {"kind": "rolling", "seconds": 600}})
    await comes(api, "disk", group_key="rack")
    later(api, 9)
    joined = await comes(api, "fan", group_key="rack")
    later(api, 10)
    opening = await comes(api, "load", group_key="rack")

    found = await verdict(api, opening)
    over = "the window of INC-1, 0:10:00 since its last alert joined, was over"
    assert found["text"] == f"it opened an alert, and an incident for it, since {over}"
    assert (found["follows"]["reference"], found["follows"]["group_window"]["seconds"]) == ("INC-1", 600)
    assert (await verdict(api, joined))["follows"] is None
    first, second = [(await api.ask("GET", f"/v1/incidents/INC-{number}")).json() for number in (1, 2)]
    assert [each["group_key"] for each in (first, second)] == ["rack", "rack"]
    assert (first["status"], first["followed_by"]) == ("triggered", {"id": second["id"], "reference": "INC-2"})
    assert (second["followed_by"], second["group_window"]) == (None, {"kind": "rolling", "seconds": 600})
    texts = []
    for number in (1, 2):
        items = (await api.ask("GET", f"/v1/incidents/INC-{number}/timeline")).json()["items"]
        texts.append([entry["text"] for entry in items])
    over = "since its window of 0:10:00 since its last alert joined is over"
    assert f"INC-2 takes the alerts of its group from now on, {over}" in texts[0]
    assert texts[1][0].endswith("load is unwell; INC-1 of its group is still open")
