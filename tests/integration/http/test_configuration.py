"""Services, integrations, policies and schedules through the API."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from dishka import Provider, Scope, provide

from adapters.outbound.memory.policies import MemoryPolicyRepository
from application.escalation.get_policy import GetPolicy
from domain.escalation.policy import EscalationPolicy
from domain.identity.actor import Actor
from domain.identity.role import Role
from domain.shared.ids import IntegrationId, PolicyId
from tests.integration.http.world import OTHER_TEAM, PEOPLE, TEAM, World, world

NOBODY = "00000000-0000-0000-0000-00000000dead"
RESPONDER = str(PEOPLE[Role.RESPONDER])
MANAGER = str(PEOPLE[Role.MANAGER])


def step(target: str = RESPONDER, kind: str = "user", seconds: int = 300) -> dict[str, Any]:
    return {"targets": [{"kind": kind, "id": target}], "delay_seconds": seconds}


async def make(api: World, path: str, **body: object) -> dict[str, Any]:
    answer = await api.ask("POST", path, by=Role.MANAGER, json={"team_id": str(TEAM)} | body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{path}/{made['id']}"
    assert answer.headers["etag"] == f'"v{made["version"]}"'
    return made


async def make_policy(api: World, name: str = "Page") -> dict[str, Any]:
    return await make(api, "/v1/policies", name=name, steps=[step()], repeats=1)


async def make_service(api: World, name: str = "Checkout") -> dict[str, Any]:
    policy = await make_policy(api, f"Page for {name}")
    return await make(api, "/v1/services", name=name, policy_id=policy["id"], runbook_url="https://rb.example/1")


async def test_a_service_is_made_read_and_changed(api: World) -> None:
    service = await make_service(api)
    path = f"/v1/services/{service['id']}"
    read = await api.ask("GET", path, by=Role.VIEWER)
    assert read.json() == service
    changed = await api.ask(
        "PATCH", path, by=Role.MANAGER, match=read.headers["etag"], json={"description": "pays", "runbook_url": None}
    )
    assert changed.status_code == 200
    assert changed.json() == service | {"description": "pays", "runbook_url": None, "version": 2}
    assert changed.headers["etag"] == '"v2"'
    assert (await api.ask("GET", path)).json() == changed.json()


async def test_a_service_says_how_urgent_it_is_and_how_many_must_acknowledge(api: World) -> None:
    service = await make_service(api)
    assert (service["tier"], service["support_hours"], service["acknowledgements_required"]) == (None, None, 1)
    path = f"/v1/services/{service['id']}"
    window = {"starts_on": "monday", "starts_at": "09:00:00", "ends_on": "monday", "ends_at": "17:00:00"}
    hours = {"time_zone": "Europe/Berlin", "windows": [window]}
    demands = {"urgency_rule": "support_hours", "support_hours": hours, "tier": 1, "acknowledgements_required": 2}

    changed = await api.ask("PATCH", path, by=Role.MANAGER, match='"v1"', json=demands)
    assert changed.status_code == 200, changed.text
    assert changed.json() == service | demands | {"version": 2}
    assert (await api.ask("GET", path)).json() == changed.json()

    without = await api.ask("PATCH", path, by=Role.MANAGER, match='"v2"', json={"support_hours": None})
    assert without.status_code == 422
    assert without.json()["errors"][0]["pointer"] == "#/support_hours"
    nowhere = {"support_hours": hours | {"time_zone": "Mars/Olympus"}}
    refused = await api.ask("PATCH", path, by=Role.MANAGER, match='"v2"', json=nowhere)
    assert refused.json()["errors"][0]["pointer"] == "#/support_hours/time_zone"


async def test_a_change_needs_the_tag_that_was_read(api: World) -> None:
    service = await make_service(api)
    path = f"/v1/services/{service['id']}"
    change: dict[str, Any] = {"json": {"name": "Till"}}
    assert (await api.ask("PATCH", path, **change)).status_code == 428
    for old in ('"v7"', 'W/"v1"', "v1", ""):
        refused = await api.ask("PATCH", path, match=old, **change)
        assert (refused.status_code, refused.headers["etag"]) == (412, '"v1"')
    assert (await api.ask("GET", path)).json() == service
    assert (await api.ask("PATCH", path, match='"v7", "v1"', **change)).json()["version"] == 2
    assert (await api.ask("PATCH", path, match="*", json={"name": "Counter"})).json()["version"] == 3


class OvertakenGetPolicy(GetPolicy):
    """Somebody else's change comes right after the policy was read."""

    async def __call__(self, policy_id: PolicyId, *, actor: Actor) -> EscalationPolicy:
        policy = await super().__call__(policy_id, actor=actor)
        assert isinstance(self.policies, MemoryPolicyRepository)
        stored = self.policies.session.database.policies
        stored[policy_id] = replace(policy, name="Theirs", version=policy.version + 1)
        return policy


class _Overtaking(Provider):
    get_policy = provide(OvertakenGetPolicy, provides=GetPolicy, scope=Scope.REQUEST)


async def test_a_change_that_comes_between_reading_and_writing_is_not_lost() -> None:
    async with world(providers=[_Overtaking()]) as api:
        policy = await make_policy(api)
        answer = await api.ask("PATCH", f"/v1/policies/{policy['id']}", match='"v1"', json={"repeats": 3})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        stored = api.database.policies[PolicyId(UUID(policy["id"]))]
        assert (stored.name, stored.repeats) == ("Theirs", 1)


async def test_who_has_the_present_version_gets_304(api: World) -> None:
    path = f"/v1/services/{(await make_service(api))['id']}"
    for known, status in [('"v1"', 304), ('W/"v1"', 304), ("*", 304), ('"v2"', 200)]:
        answer = await api.ask("GET", path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.headers["etag"]) == (status, '"v1"')
        assert bool(answer.content) is (status == 200)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"policy_id": NOBODY}, "#/policy_id"),
        ({"runbook_url": "javascript:alert(1)"}, "#/runbook_url"),
        ({"name": "  "}, "#/name"),
    ],
)
async def test_a_service_that_cannot_be_is_refused_where_it_is_wrong(
    api: World, body: dict[str, str], pointer: str
) -> None:
    service = await make_service(api)
    given = {"team_id": str(TEAM), "policy_id": service["policy_id"], "name": "Other"} | body
    answer = await api.ask("POST", "/v1/services", by=Role.MANAGER, json=given)
    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (422, [pointer])


async def test_a_name_that_is_taken_answers_409(api: World) -> None:
    service = await make_service(api)
    given = {"team_id": str(TEAM), "policy_id": service["policy_id"], "name": "Checkout"}
    answer = await api.ask("POST", "/v1/services", by=Role.MANAGER, json=given)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_a_manager_changes_only_what_belongs_to_their_team(api: World) -> None:
    service = await make_service(api)
    path = f"/v1/services/{service['id']}"
    moved = await api.ask("PATCH", path, match='"v1"', json={"team_id": str(OTHER_TEAM)})
    assert moved.status_code == 200
    answer = await api.ask("PATCH", path, by=Role.MANAGER, match='"v2"', json={"name": "Mine"})
    assert answer.status_code == 403


async def test_a_list_comes_in_pages_that_meet_without_gap_or_overlap(api: World) -> None:
    names = [f"Service {number}" for number in range(5)]
    for name in names:
        await make_service(api, name)
    seen: list[str] = []
    url: str | None = "/v1/services?limit=2"
    while url is not None:
        answer = await api.ask("GET", url)
        page = answer.json()
        seen += [service["name"] for service in page["items"]]
        links = {
            part.partition("; rel=")[2].strip('"'): part.partition(">")[0].lstrip(" <")
            for part in answer.headers["link"].split(",")
        }
        assert links["first"] == "/v1/services?limit=2"
        assert page["has_more"] is (page["next_cursor"] is not None) is ("next" in links)
        url = links.get("next")
    assert seen == names


async def test_a_cursor_goes_on_only_with_the_same_filters(api: World) -> None:
    for name in ("A", "B"):
        await make_service(api, name)
    first = (await api.ask("GET", f"/v1/services?limit=1&team_id={TEAM}")).json()
    cursor = first["next_cursor"]
    same = await api.ask("GET", f"/v1/services?team_id={TEAM}&limit=7&cursor={cursor}")
    assert [service["name"] for service in same.json()["items"]] == ["B"]
    for other in (
        f"/v1/services?cursor={cursor}",
        f"/v1/policies?team_id={TEAM}&cursor={cursor}",
        "/v1/services?cursor=x",
    ):
        refused = await api.ask("GET", other)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor")


async def test_lists_show_only_what_the_filters_say(api: World) -> None:
    service = await make_service(api)
    assert (await api.ask("GET", f"/v1/services?team_id={OTHER_TEAM}")).json()["items"] == []
    assert (await api.ask("GET", f"/v1/integrations?service_id={service['id']}")).json()["items"] == []


async def test_the_key_of_an_integration_is_shown_once_and_can_be_rotated(api: World) -> None:
    service = await make_service(api)
    given = {"service_id": service["id"], "kind": "pagerduty", "name": "Nagios"}
    made = await api.ask("POST", "/v1/integrations", by=Role.MANAGER, json=given)
    assert made.status_code == 201
    key, integration = made.json()["key"], made.json()["integration"]
    path = f"/v1/integrations/{integration['id']}"
    assert made.headers["location"] == path
    shown = await api.ask("GET", path)
    assert shown.json().items() >= integration.items()
    assert shown.json()["url"] == "https://tocsin.example/v2/enqueue"
    assert "<key>" in shown.json()["snippets"][0]["text"]
    assert key in made.json()["snippets"][0]["text"]
    assert key not in shown.text
    assert "hash" not in shown.text
    rotated = await api.ask("POST", f"{path}/rotate-key", by=Role.MANAGER, json={"overlap_seconds": 3600})
    assert rotated.status_code == 200
    assert rotated.json()["key"] != key
    assert rotated.json()["integration"]["previous_key_expires_at"] == "2026-11-23T10:00:00Z"
    without_body = await api.ask("POST", f"{path}/rotate-key", by=Role.MANAGER)
    assert without_body.json()["integration"]["previous_key_expires_at"] == "2026-11-24T09:00:00Z"
    stored = api.database.integrations[IntegrationId(UUID(integration["id"]))]
    assert stored.version == 3
    renamed = await api.ask("PATCH", path, by=Role.MANAGER, match='"v3"', json={"name": "Icinga", "is_strict": True})
    assert (renamed.json()["name"], renamed.json()["is_strict"]) == ("Icinga", True)
    refused = await api.ask("PATCH", path, by=Role.MANAGER, match='"v4"', json={"kind": "native"})
    assert refused.json()["errors"][0]["pointer"] == "#/kind"


async def test_an_integration_has_limits_of_its_own_until_it_has_none(api: World) -> None:
    service = await make_service(api)
    limits = {"events_per_minute": 600, "event_burst": 50, "open_alerts": 7}
    given = {"service_id": service["id"], "kind": "pagerduty", "name": "Nagios", **limits}
    made = (await api.ask("POST", "/v1/integrations", by=Role.MANAGER, json=given)).json()["integration"]
    path = f"/v1/integrations/{made['id']}"
    assert {name: made[name] for name in limits} == limits

    changed = await api.ask("PATCH", path, by=Role.MANAGER, match='"v1"', json={"event_burst": None})

    assert {name: changed.json()[name] for name in limits} == limits | {"event_burst": None}
    refused = await api.ask("PATCH", path, by=Role.MANAGER, match='"v2"', json={"events_per_minute": 0})
    assert refused.status_code == 422
    assert refused.json()["errors"][0] == {
        "pointer": "#/events_per_minute",
        "code": "invalid_value",
        "detail": "is 0, allowed are 1 to 1000000",
    }


async def test_an_integration_says_for_how_long_incidents_take_alerts(api: World) -> None:
    service = await make_service(api)
    window = {"kind": "fixed", "seconds": 7200}
    given = {"service_id": service["id"], "kind": "pagerduty", "name": "Nagios", "group_window": window}
    made = (await api.ask("POST", "/v1/integrations", by=Role.MANAGER, json=given)).json()["integration"]
    path = f"/v1/integrations/{made['id']}"
    assert made["group_window"] == window

    rolling = {"kind": "rolling", "seconds": 120}
    found = []
    for version, body in enumerate(({"name": "Icinga"}, {"group_window": rolling}, {"group_window": None}), 1):
        changed = await api.ask("PATCH", path, by=Role.MANAGER, match=f'"v{version}"', json=body)
        found.append(changed.json()["group_window"])
    assert found == [window, rolling, None]
    wrong = {"group_window": {"kind": "fixed", "seconds": 119}}
    refused = await api.ask("PATCH", path, by=Role.MANAGER, match='"v4"', json=wrong)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/group_window/seconds")


def told(saved: httpx.Response) -> dict[str, Any]:
    """A saved policy without its proof."""
    return {name: value for name, value in saved.json().items() if name != "proof"}


async def test_what_a_sender_signs_with_is_set_replaced_and_removed_and_never_shown(api: World) -> None:
    service = await make_service(api)
    given = {"service_id": service["id"], "kind": "sentry", "name": "Sentry"}
    made = (await api.ask("POST", "/v1/integrations", by=Role.MANAGER, json=given)).json()["integration"]
    path = f"/v1/integrations/{made['id']}"
    first = {"secret": "sentry-client-secret"}
    signed = await api.ask("PUT", f"{path}/signing-secret", by=Role.MANAGER, json=first)
    assert signed.status_code == 200
    assert (made["is_signed"], signed.json()["is_signed"]) == (False, True)
    assert signed.headers["etag"] == '"v2"'
    second = {"secret": "another-client-secret", "overlap_seconds": 3600}
    replaced = await api.ask("PUT", f"{path}/signing-secret", by=Role.MANAGER, json=second)
    assert replaced.json()["previous_signing_secret_expires_at"] == "2026-11-23T10:00:00Z"
    assert "client-secret" not in (await api.ask("GET", path)).text
    short = await api.ask("PUT", f"{path}/signing-secret", by=Role.MANAGER, json={"secret": "short"})
    assert (short.status_code, short.json()["errors"][0]["pointer"]) == (422, "#/secret")
    assert (await api.ask("DELETE", f"{path}/signing-secret", by=Role.MANAGER)).status_code == 204
    assert (await api.ask("GET", path)).json()["is_signed"] is False


async def test_a_policy_keeps_its_steps_in_order(api: World) -> None:
    policy = await make(api, "/v1/policies", name="P", steps=[step(seconds=60), step(MANAGER, seconds=120)], repeats=2)
    del policy["proof"]
    path = f"/v1/policies/{policy['id']}"
    assert [each["delay_seconds"] for each in policy["steps"]] == [60, 120]
    changed = await api.ask(
        "PATCH", path, by=Role.MANAGER, match='"v1"', json={"steps": [step(str(TEAM), "team")], "repeats": 0}
    )
    plain = step(str(TEAM), "team") | {"mode": "everyone", "condition": None}
    assert told(changed) == policy | {"steps": [plain], "repeats": 0, "version": 2}
    read = (await api.ask("GET", path)).json()
    assert read == told(changed) | {"warnings": read["warnings"]}
    wrong = {
        "steps": [step(), {"targets": [step()["targets"][0], {"kind": "schedule", "id": NOBODY}], "delay_seconds": 5}]
    }
    refused = await api.ask("PATCH", path, by=Role.MANAGER, match='"v2"', json=wrong)
    assert refused.json()["errors"][0]["pointer"] == "#/steps/1/targets/1/id"


CONDITION: dict[str, Any] = {
    "severities": ["SEV1", "SEV2"],
    "priorities": ["P1", "P2"],
    "urgency": "high",
    "labels": [{"name": "region", "value": "north"}, {"name": "rack", "value": None}],
    "hours": {
        "time_zone": "Europe/Berlin",
        "windows": [{"starts_on": "friday", "starts_at": "17:00:00", "ends_on": "monday", "ends_at": "09:00:00"}],
    },
}


async def test_a_policy_is_shown_as_it_was_given(api: World) -> None:
    careful = step() | {"mode": "round_robin", "condition": CONDITION}
    whole = {
        "steps": [step() | {"mode": "everyone", "condition": None}, careful],
        "repeats": 2,
        "repeat_from": 2,
        "acknowledgement_timeout_seconds": 1800,
        "when_exhausted": "resolve",
    }
    policy = await make(api, "/v1/policies", name="P", **whole)
    del policy["proof"]
    assert {name: policy[name] for name in whole} == whole
    path = f"/v1/policies/{policy['id']}"
    read = (await api.ask("GET", path)).json()
    assert read == policy | {"warnings": read["warnings"]}
    same = await api.ask("PATCH", path, by=Role.MANAGER, match='"v1"', json=whole)
    assert told(same) == policy | {"version": 2}
    partly = {"acknowledgement_timeout_seconds": None, "repeat_from": 1}
    changed = await api.ask("PATCH", path, by=Role.MANAGER, match='"v2"', json=partly)
    assert told(changed) == policy | partly | {"version": 3}


def with_condition(**condition: Any) -> dict[str, Any]:
    return {"steps": [step(), step() | {"condition": condition}]}


def in_hours(time_zone: str = "UTC", **window: str) -> dict[str, Any]:
    given = {"starts_on": "monday", "starts_at": "09:00:00", "ends_on": "monday", "ends_at": "17:00:00"} | window
    return with_condition(hours={"time_zone": time_zone, "windows": [given]})


@pytest.mark.parametrize(
    ("body", "pointer", "would_do"),
    [
        ({"repeat_from": 3}, "#/repeat_from", "allowed are 1 to 2"),
        ({"when_exhausted": "fall_back"}, "#/when_exhausted", "/v1/fall-back first, or use stay"),
        (with_condition(), "#/steps/1/condition/severities", 'such as ["SEV1"]'),
        (with_condition(labels=[{"name": "a"}, {"name": "a"}]), "#/steps/1/condition/labels", "region=north"),
        (in_hours("Europe/Atlantis"), "#/steps/1/condition/hours/time_zone", "Europe/Berlin"),
        (in_hours(starts_at="17:00:00", ends_at="09:00:00"), "#/steps/1/condition/hours/windows/0/ends_at", "next day"),
        ({"steps": [step() | {"targets": [step()["targets"][0]] * 2}]}, "#/steps/0/targets", "each target once"),
        ({"acknowledgement_timeout_seconds": 59}, "#/acknowledgement_timeout_seconds", "60"),
    ],
)
async def test_an_impossible_policy_is_refused_with_the_field_the_limit_and_what_would_do(
    api: World, body: dict[str, Any], pointer: str, would_do: str
) -> None:
    whole = {"team_id": str(TEAM), "name": "P", "steps": [step(), step()], "repeats": 1} | body
    refused = await api.ask("POST", "/v1/policies", by=Role.MANAGER, json=whole)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["pointer"] == pointer
    assert would_do in error["detail"]


async def test_a_policy_that_pages_for_nothing_is_deleted_and_any_other_is_refused(api: World) -> None:
    service = await make_service(api)
    used, spare = service["policy_id"], (await make_policy(api, "Spare"))["id"]

    refused = await api.ask("DELETE", f"/v1/policies/{used}", by=Role.MANAGER)
    assert refused.status_code == 409
    assert "pages for the services Checkout" in refused.json()["detail"]
    assert (await api.ask("DELETE", f"/v1/policies/{spare}", by=Role.RESPONDER)).status_code == 403
    assert (await api.ask("DELETE", f"/v1/policies/{spare}", by=Role.MANAGER)).status_code == 204
    assert (await api.ask("GET", f"/v1/policies/{spare}")).status_code == 404
    assert (await api.ask("DELETE", f"/v1/policies/{spare}", by=Role.MANAGER)).status_code == 404
    assert [entry.action for entry in api.database.audit][-1] == "policy.delete"


async def test_a_team_and_the_installation_have_a_fall_back_that_policies_may_end_with(api: World) -> None:
    team_path, path = f"/v1/teams/{TEAM}/fall-back", "/v1/fall-back"
    ours, theirs = {"targets": step()["targets"]}, {"targets": step(MANAGER)["targets"]}
    assert (await api.ask("GET", team_path)).status_code == 404
    made = await api.ask("PUT", team_path, by=Role.MANAGER, json=ours)
    assert made.json() == ours | {"team_id": str(TEAM), "version": 1}
    assert (await api.ask("PUT", path, by=Role.MANAGER, json=theirs)).status_code == 403
    assert (await api.ask("PUT", path, by=Role.ADMIN, json=theirs)).json() == theirs | {"team_id": None, "version": 1}
    assert (await api.ask("GET", path, by=Role.VIEWER)).json()["targets"] == theirs["targets"]

    assert (await api.ask("PUT", team_path, by=Role.MANAGER, json=theirs)).status_code == 428
    changed = await api.ask("PUT", team_path, by=Role.MANAGER, match='"v1"', json=theirs)
    assert (changed.json()["version"], changed.headers["etag"]) == (2, '"v2"')
    refused = await api.ask("PUT", team_path, by=Role.MANAGER, match='"v2"', json={"targets": step(NOBODY)["targets"]})
    assert refused.json()["errors"][0]["pointer"] == "#/targets/0/id"
    assert (await api.ask("PUT", f"/v1/teams/{NOBODY}/fall-back", by=Role.ADMIN, json=ours)).status_code == 404
    policy = await make(api, "/v1/policies", name="P", steps=[step()], when_exhausted="fall_back")
    assert policy["when_exhausted"] == "fall_back"


LAYER: dict[str, Any] = {
    "name": "Day",
    "rotation": {
        "unit": "week",
        "length": 1,
        "starts_at_local": "2026-01-05T09:00:00",
        "participants": [[RESPONDER], [MANAGER, RESPONDER]],
    },
    "restrictions": [{"starts_on": "monday", "starts_at": "09:00:00", "ends_on": "friday", "ends_at": "17:00:00"}],
    "until": "2027-01-01T00:00:00Z",
}


async def test_a_schedule_is_shown_as_it_was_given(api: World) -> None:
    schedule = await make(api, "/v1/schedules", name="Shop", time_zone="Europe/Berlin", layers=[LAYER])
    assert schedule["layers"] == [LAYER]
    path = f"/v1/schedules/{schedule['id']}"
    given_back = {"layers": schedule["layers"], "time_zone": "UTC"}
    changed = await api.ask("PATCH", path, by=Role.MANAGER, match='"v1"', json=given_back)
    assert changed.json() == schedule | {"time_zone": "UTC", "version": 2}
    zone = await api.ask("PATCH", path, by=Role.MANAGER, match='"v2"', json={"time_zone": "Mars/Olympus"})
    assert zone.json()["errors"][0]["pointer"] == "#/time_zone"


async def test_an_override_is_added_seen_in_the_shifts_and_removed(api: World) -> None:
    always: dict[str, Any] = LAYER | {"restrictions": [], "until": None}
    schedule = await make(api, "/v1/schedules", name="Shop", time_zone="UTC", layers=[always])
    path = f"/v1/schedules/{schedule['id']}"
    viewer = str(PEOPLE[Role.VIEWER])
    given = {"user_id": viewer, "starts_at": "2026-11-24T02:00:00+01:00", "ends_at": "2026-11-24T02:00:00Z"}
    added = await api.ask("POST", f"{path}/overrides", by=Role.MANAGER, json=given)
    assert added.status_code == 201
    override = added.json()
    assert override["starts_at"] == "2026-11-24T01:00:00Z"
    assert (await api.ask("GET", path)).json()["overrides"] == [override]
    query = "since=2026-11-24T00:00:00Z&until=2026-11-24T03:00:00Z"
    shifts = (await api.ask("GET", f"{path}/shifts?{query}", by=Role.VIEWER)).json()["shifts"]
    assert [shift["source"]["override_id"] for shift in shifts if shift["user_id"] == viewer] == [override["id"]]
    removed = await api.ask("POST", f"{path}/overrides/{override['id']}/remove", by=Role.MANAGER)
    assert (removed.status_code, removed.content) == (204, b"")
    assert (await api.ask("GET", path)).json()["overrides"] == []
    again = await api.ask("POST", f"{path}/overrides/{override['id']}/remove", by=Role.MANAGER)
    assert again.status_code == 404


async def test_an_override_adds_a_user_or_takes_one_off(api: World) -> None:
    always: dict[str, Any] = LAYER | {"restrictions": [], "until": None}
    schedule = await make(api, "/v1/schedules", name="Shop", time_zone="UTC", layers=[always])
    path = f"/v1/schedules/{schedule['id']}"
    times = {"starts_at": "2026-11-24T01:00:00Z", "ends_at": "2026-11-24T02:00:00Z"}
    viewer = str(PEOPLE[Role.VIEWER])
    added = await api.ask("POST", f"{path}/overrides", by=Role.MANAGER, json={"user_id": viewer, "kind": "add"} | times)
    assert (added.status_code, added.json()["kind"]) == (201, "add")
    again = await api.ask("POST", f"{path}/overrides", by=Role.MANAGER, json={"user_id": viewer, "kind": "add"} | times)
    assert again.status_code == 409
    assert "from 2026-11-24T02:00:00+00:00 up to 2026-11-24T03:00:00+00:00 would do" in again.json()["detail"]
    both = {"user_id": viewer, "kind": "remove", "replaces": MANAGER} | times
    refused = await api.ask("POST", f"{path}/overrides", by=Role.MANAGER, json=both)
    assert refused.json()["errors"][0]["pointer"] == "#/replaces"
    query = "since=2026-11-24T01:00:00Z&until=2026-11-24T02:00:00Z"
    shifts = (await api.ask("GET", f"{path}/shifts?{query}")).json()["shifts"]
    assert viewer in {shift["user_id"] for shift in shifts}
    assert len(shifts) > 1


async def test_a_temporary_schedule_takes_the_place_of_the_layers_until_it_is_removed(api: World) -> None:
    always: dict[str, Any] = LAYER | {"restrictions": [], "until": None}
    schedule = await make(api, "/v1/schedules", name="Shop", time_zone="UTC", layers=[always])
    path = f"/v1/schedules/{schedule['id']}"
    viewer = str(PEOPLE[Role.VIEWER])
    shift = {"user_id": viewer, "starts_at": "2026-11-24T01:00:00Z", "ends_at": "2026-11-24T02:00:00Z"}
    given = {"starts_at": "2026-11-24T01:00:00Z", "ends_at": "2026-11-24T03:00:00Z", "shifts": [shift]}
    added = await api.ask("POST", f"{path}/temporaries", by=Role.MANAGER, json=given)
    assert added.status_code == 201
    temporary = added.json()
    assert temporary == given | {"id": temporary["id"], "is_layer": False}
    assert (await api.ask("GET", path)).json()["temporaries"] == [temporary]
    query = "since=2026-11-24T01:00:00Z&until=2026-11-24T03:00:00Z"
    shifts = (await api.ask("GET", f"{path}/shifts?{query}")).json()["shifts"]
    assert [(each["user_id"], each["source"]["temporary_id"]) for each in shifts] == [(viewer, temporary["id"])]
    gap = {"starts_at": "2026-11-24T02:00:00Z", "ends_at": "2026-11-24T03:00:00Z"}
    assert (await api.ask("GET", f"{path}/gaps?{query}")).json()["gaps"] == [gap]
    overlapping = await api.ask("POST", f"{path}/temporaries", by=Role.MANAGER, json=given)
    assert overlapping.status_code == 409
    assert "a start at 2026-11-24T03:00:00+00:00, would do" in overlapping.json()["detail"]
    outside = given | {"shifts": [shift | {"ends_at": "2026-11-24T00:00:00Z"}]}
    refused = await api.ask("POST", f"{path}/temporaries", by=Role.MANAGER, json=outside)
    assert refused.json()["errors"][0]["pointer"] == "#/shifts/0/ends_at"
    removed = await api.ask("POST", f"{path}/temporaries/{temporary['id']}/remove", by=Role.MANAGER)
    assert (removed.status_code, removed.content) == (204, b"")
    assert (await api.ask("GET", path)).json()["temporaries"] == []


async def test_a_shadow_is_listed_beside_those_on_call_until_it_is_removed(api: World) -> None:
    always: dict[str, Any] = LAYER | {"restrictions": [], "until": None}
    schedule = await make(api, "/v1/schedules", name="Shop", time_zone="UTC", layers=[always])
    path = f"/v1/schedules/{schedule['id']}"
    viewer = str(PEOPLE[Role.VIEWER])
    given = {"user_id": viewer, "layer": 0, "starts_at": "2026-11-24T01:00:00Z", "ends_at": "2026-11-24T03:00:00Z"}
    added = await api.ask("POST", f"{path}/shadows", by=Role.MANAGER, json=given)
    assert added.status_code == 201
    shadow = added.json()
    assert (await api.ask("GET", path)).json()["shadows"] == [shadow]
    shown = (await api.ask("GET", f"{path}/shadows?at=2026-11-24T02:00:00Z")).json()["shadows"]
    assert [(each["shadow_id"], each["user_id"]) for each in shown] == [(shadow["id"], viewer)]
    query = "since=2026-11-24T02:00:00Z&until=2026-11-24T02:00:01Z"
    shifts = (await api.ask("GET", f"{path}/shifts?{query}")).json()["shifts"]
    assert shown[0]["follows"] == [each["user_id"] for each in shifts]
    wrong = await api.ask("POST", f"{path}/shadows", by=Role.MANAGER, json=given | {"layer": 1})
    assert wrong.json()["errors"][0]["pointer"] == "#/layer"
    removed = await api.ask("POST", f"{path}/shadows/{shadow['id']}/remove", by=Role.MANAGER)
    assert (removed.status_code, removed.content) == (204, b"")
    assert (await api.ask("GET", f"{path}/shadows?at=2026-11-24T02:00:00Z")).json()["shadows"] == []


async def test_gaps_are_told_to_the_second_and_for_two_weeks_unless_said_otherwise(api: World) -> None:
    schedule = await make(api, "/v1/schedules", name="Shop", time_zone="UTC", layers=[LAYER])
    path = f"/v1/schedules/{schedule['id']}"
    within = "since=2026-11-27T00:00:00Z&until=2026-12-01T00:00:00Z"
    assert (await api.ask("GET", f"{path}/gaps?{within}")).json()["gaps"] == [
        {"starts_at": "2026-11-27T17:00:00Z", "ends_at": "2026-11-30T09:00:00Z"}
    ]
    two_weeks = (await api.ask("GET", f"{path}/gaps")).json()["gaps"]
    assert (two_weeks[0]["starts_at"], two_weeks[-1]["ends_at"]) == ("2026-11-27T17:00:00Z", "2026-12-07T09:00:00Z")
    naive = await api.ask("GET", f"{path}/gaps?since=2026-11-27T00:00:00")
    assert (naive.status_code, naive.json()["errors"][0]["parameter"]) == (422, "since")
    backwards = await api.ask("GET", f"{path}/shifts?since=2026-11-27T00:00:00Z&until=2026-11-26T00:00:00Z")
    assert backwards.status_code == 422


async def test_what_is_read_warns_of_whoever_cannot_be_reached_until_they_can(api: World) -> None:
    policy = await make(api, "/v1/policies", name="P", steps=[step(MANAGER)])
    path = f"/v1/policies/{policy['id']}"
    first = await api.ask("GET", path)
    assert first.json()["warnings"] == [
        {
            "code": "unreachable_target",
            "detail": "Manager is meant here, and has no contact that works",
            "user_id": MANAGER,
        }
    ]
    warned = first.headers["etag"]
    assert (await api.ask("GET", path, headers={"If-None-Match": warned})).status_code == 304

    contacts = {"contacts": [{"channel": "email", "address": "m@example.org"}], "rules": []}
    rules = f"/v1/users/{MANAGER}/notification-rules"
    tag = (await api.ask("GET", rules)).headers["etag"]
    assert (await api.ask("PUT", rules, match=tag, json=contacts)).status_code == 200
    again = await api.ask("GET", path, headers={"If-None-Match": warned})
    assert (again.status_code, again.json()["warnings"], again.headers["etag"]) == (200, [], '"v1"')

    changed = await api.ask("PATCH", path, match=warned, json={"repeats": 1})
    assert changed.status_code == 200, "what was read beside the version does not keep it from being changed"
    assert (await api.ask("PATCH", path, match=warned, json={"repeats": 2})).status_code == 412


async def test_a_schedule_warns_of_whoever_takes_turns_and_cannot_be_reached(api: World) -> None:
    schedule = await make(api, "/v1/schedules", name="S", time_zone="Europe/Berlin", layers=[LAYER])
    warnings = (await api.ask("GET", f"/v1/schedules/{schedule['id']}")).json()["warnings"]
    assert {each["user_id"] for each in warnings} == {
        user for layer in schedule["layers"] for turn in layer["rotation"]["participants"] for user in turn
    }
    assert warnings
