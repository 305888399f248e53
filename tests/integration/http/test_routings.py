"""Rules of events through the API."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from application.alert.verdict import Verdict, VerdictOutcome
from application.ports.intake import RawEvent
from application.ports.routings import Drops
from domain.alert.alert_event import AlertAction
from domain.identity.role import Role
from domain.routing.decision import Decision, Step, StepOutcome
from domain.routing.route import ORGANISATION
from domain.shared.ids import IntegrationId
from tests.integration.http.test_configuration import NOBODY, make_service
from tests.integration.http.world import OTHER_TEAM, TEAM, World
from tests.support.builders import NOON

PATH = f"/v1/teams/{TEAM}/routing"
PLAIN: dict[str, Any] = {
    "matchers": "",
    "hours": None,
    "continue": False,
    "service_id": None,
    "severity": None,
    "urgency": None,
    "group_by": [],
    "group_window": None,
    "title": None,
    "runbook_url": None,
    "delay_seconds": None,
    "reopen_within_seconds": None,
    "flapping": None,
    "resolve_after_seconds": None,
    "page_again_by": [],
    "suppress": False,
    "drop": False,
}


def rule(name: str = "rule", **more: Any) -> dict[str, Any]:
    return {"name": name, **more}


async def an_integration(api: World) -> dict[str, Any]:
    service = await make_service(api)
    body = {"service_id": service["id"], "kind": "native", "name": "probes"}
    answer = await api.ask("POST", "/v1/integrations", by=Role.MANAGER, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["integration"]
    return made


async def put(api: World, *rules: dict[str, Any], path: str = PATH, version: int = 0, by: Role = Role.MANAGER) -> Any:
    return await api.ask("PUT", path, by=by, match=f'"v{version}"', json={"rules": list(rules)})


async def test_rules_are_saved_read_and_listed_in_versions(api: World) -> None:
    service = await make_service(api)
    whole = rule(
        "whole",
        matchers='app="shop", env=~"prod|stage"',
        hours={
            "time_zone": "Europe/Berlin",
            "windows": [{"starts_on": "monday", "starts_at": "08:00:00", "ends_on": "friday", "ends_at": "17:00:00"}],
        },
        service_id=service["id"],
        severity="SEV3",
        urgency="low",
        group_by=["app"],
        group_window={"kind": "rolling", "seconds": 600},
        title="{{labels.app}}",
        runbook_url="https://runbooks.example/1",
        delay_seconds=300,
        reopen_within_seconds=3600,
        flapping={"turns": 3, "within_seconds": 600},
        resolve_after_seconds=600,
        page_again_by=["alertname"],
        suppress=True,
        drop=True,
    ) | {"continue": True}
    none_yet = await api.ask("GET", PATH, by=Role.VIEWER)
    assert (none_yet.json()["rules"], none_yet.json()["version"], none_yet.headers["etag"]) == ([], 0, '"v0"')

    saved = await put(api, whole, rule("plain"))
    assert saved.status_code == 200, saved.text
    assert saved.json()["rules"] == [whole, PLAIN | {"name": "plain"}]
    assert saved.headers["etag"] == '"v1"'
    assert (await api.ask("GET", PATH)).json() == saved.json()
    assert (await put(api, version=1)).json()["rules"] == []

    listed = await api.ask("GET", f"{PATH}/versions?limit=1")
    assert [(each["version"], each["rules"]) for each in listed.json()["items"]] == [(2, [])]
    rest = await api.ask("GET", f"{PATH}/versions?limit=1&cursor={listed.json()['next_cursor']}")
    assert [each["version"] for each in rest.json()["items"]] == [1]
    assert (await api.ask("GET", f"{PATH}?version=1")).json()["rules"] == saved.json()["rules"]
    assert (await api.ask("GET", f"{PATH}?version=3")).status_code == 404
    assert (await api.ask("GET", f"{PATH}?version={2**31}")).status_code == 422


async def test_a_rule_may_take_an_integrations_window_away(api: World) -> None:
    saved = await put(api, rule("whole", group_window="none"))
    assert [each["group_window"] for each in saved.json()["rules"]] == ["none"]
    assert (await api.ask("GET", PATH)).json() == saved.json()
    refused = await put(api, rule("whole", group_window="never"), version=1)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/rules/0/group_window")


async def test_the_organisation_and_an_integration_have_rules_of_their_own(api: World) -> None:
    integration = await an_integration(api)
    own = f"/v1/integrations/{integration['id']}/routing"
    assert (await put(api, rule("own"), path=own)).json()["integration_id"] == integration["id"]
    assert (await put(api, rule("all"), path="/v1/routing")).status_code == 403
    everybodys = (await put(api, rule("all"), path="/v1/routing", by=Role.ADMIN)).json()
    assert (everybodys["team_id"], everybodys["integration_id"]) == (None, None)
    for path in (own, "/v1/routing"):
        assert [each["version"] for each in (await api.ask("GET", f"{path}/versions")).json()["items"]] == [1]


async def test_a_change_needs_the_rules_that_were_read(api: World) -> None:
    assert (await api.ask("PUT", PATH, json={"rules": []})).status_code == 428
    await put(api, rule())
    assert (await put(api, rule())).status_code == 412
    assert (await put(api, path=f"/v1/teams/{OTHER_TEAM}/routing")).status_code == 403
    assert (await put(api, path=f"/v1/teams/{NOBODY}/routing", by=Role.ADMIN)).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"matchers": "app"}, "#/rules/1/matchers"),
        ({"matchers": 'app=~"("'}, "#/rules/1/matchers"),
        ({"title": "{{app}}"}, "#/rules/1/title"),
        ({"service_id": NOBODY}, "#/rules/1/service_id"),
        (
            {
                "hours": {
                    "time_zone": "Mars/Olympus",
                    "windows": [
                        {"starts_on": "monday", "starts_at": "08:00:00", "ends_on": "friday", "ends_at": "17:00:00"}
                    ],
                }
            },
            "#/rules/1/hours/time_zone",
        ),
        ({"name": "rule"}, "#/rules/1/name"),
    ],
)
async def test_what_is_wrong_with_a_rule_is_named_by_its_place(api: World, wrong: dict[str, Any], pointer: str) -> None:
    answer = await put(api, rule(), rule("other") | wrong)
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_what_was_dropped_is_told_beside_the_rules_and_bars_no_change(api: World) -> None:
    await put(api, rule("noise", drop=True))
    api.database.route_drops[TEAM, "noise"] = Drops(7, NOON, TEAM)
    read = await api.ask("GET", PATH)
    assert read.json()["drops"] == {
        "noise": {"dropped": 7, "last_at": "2026-11-23T12:00:00Z", "last_event_id": str(TEAM)}
    }
    changed = await api.ask("PUT", PATH, by=Role.MANAGER, match=read.headers["etag"], json={"rules": []})
    assert changed.status_code == 200


async def test_an_event_is_explained_with_the_rule_that_had_a_say(api: World) -> None:
    integration = await an_integration(api)
    await put(api, rule("noise", drop=True))
    await put(api, rule("noise"), version=1)
    steps = (
        Step(TEAM, 1, "noise", StepOutcome.APPLIED),
        Step(ORGANISATION, 4, "gone", StepOutcome.OUTSIDE_HOURS),
    )
    verdict = Verdict(
        dedup_key="disk", action=AlertAction.TRIGGER, outcome=VerdictOutcome.DROPPED, decision=Decision(steps=steps)
    )
    raw = RawEvent(
        id=UUID(int=77),
        integration_id=IntegrationId(UUID(integration["id"])),
        received_at=NOON,
        format="native",
        body=b"secret",
        verdicts=(verdict,),
    )
    api.database.raw_events += (raw,)
    answer = await api.ask("GET", f"/v1/events/{raw.id}/explanation", by=Role.VIEWER)
    assert answer.status_code == 200, answer.text
    (event,) = answer.json()["events"]
    assert (event["outcome"], event["text"]) == ("dropped", "a rule dropped it")
    by_team, by_all = event["steps"]
    assert (by_team["owner"], by_team["version"], by_team["said"]["drop"]) == ("team", 1, True)
    assert (by_all["owner"], by_all["owner_id"], by_all["said"]) == ("organisation", None, None)
    assert "secret" not in answer.text
    assert (await api.ask("GET", f"/v1/events/{NOBODY}/explanation")).status_code == 404


async def test_rules_are_tried_on_past_events_and_nothing_is_stored(api: World) -> None:
    integration = await an_integration(api)
    await put(api, rule("noise", drop=True))
    verdict = Verdict(
        dedup_key="disk",
        action=AlertAction.TRIGGER,
        outcome=VerdictOutcome.DROPPED,
        group_key="disk",
        labels={"app": "shop"},
    )
    raw = RawEvent(
        id=UUID(int=77),
        integration_id=IntegrationId(UUID(integration["id"])),
        received_at=api.clock.now() - timedelta(hours=1),
        format="native",
        body=b"",
        verdicts=(verdict,),
    )
    api.database.raw_events += (raw,)
    own = f"/v1/integrations/{integration['id']}/routing"
    for path, pages in ((PATH, 1), (own, 0), ("/v1/routing", 0)):
        tried = await api.ask("POST", f"{path}/try", by=Role.VIEWER, json={"rules": []})
        assert tried.status_code == 200, tried.text
        found = tried.json()
        assert (found["examined"], found["is_complete"]) == (1, True)
        assert (found["before"]["dropped"], found["after"]["pages"]) == (1, pages)
    found = (await api.ask("POST", f"{PATH}/try", json={"rules": [], "days": 30})).json()
    assert found["differences"] == [
        {
            "event_id": str(raw.id),
            "received_at": "2026-11-23T08:00:00Z",
            "dedup_key": "disk",
            "before": "dropped",
            "after": "pages",
        }
    ]
    silenced = await api.ask("POST", "/v1/silences/try", json={"matchers": "app=shop"})
    assert (silenced.status_code, silenced.json()["examined"]) == (200, 1)
    assert (await api.ask("POST", f"{PATH}/try", json={"rules": [], "days": 31})).status_code == 422
    assert (await api.ask("POST", f"{PATH}/try", json={"rules": [rule(matchers="x")]})).status_code == 422
    assert (await api.ask("GET", PATH)).json()["version"] == 1


async def test_rules_that_would_drop_what_says_that_nothing_was_heard_are_warned_of_when_they_are_tried(
    api: World,
) -> None:
    integration = await an_integration(api)
    own = f"/v1/integrations/{integration['id']}/routing"
    for path, rules, warned in (
        (PATH, [rule("all", drop=True)], ["'all' drops heartbeats", "'all' drops the alert of an integration"]),
        (PATH, [rule("ours", matchers='app="shop"', drop=True)], []),
        (PATH, [rule("rest"), rule("all", drop=True)], []),
        (PATH, [rule("beats", matchers='heartbeat!=""', drop=True)], ["'beats' drops heartbeats"]),
        (own, [rule("all", drop=True)], ["'all' drops the alert of an integration"]),  # it has no heartbeats
    ):
        tried = await api.ask("POST", f"{path}/try", json={"rules": rules})
        assert tried.status_code == 200, tried.text
        found = tried.json()["warnings"]
        assert len(found) == len(warned)
        assert all(part in sentence for part, sentence in zip(warned, found, strict=True))
