"""What would happen, asked through the API."""

from typing import Any

import pytest

from domain.identity.role import Role
from tests.integration.http.test_configuration import MANAGER, NOBODY, RESPONDER, make, step
from tests.integration.http.test_schedule_history import always
from tests.integration.http.world import World

NOW = "2026-11-23T09:00:00Z"


async def reachable(api: World, user: str, address: str) -> None:
    path = f"/v1/users/{user}/notification-rules"
    body = {
        "contacts": [{"channel": "email", "address": address}],
        "rules": [{"urgency": "high", "contact": 0, "delay_seconds": 60}],
    }
    assert (await api.ask("PUT", path, match="*", json=body)).status_code == 200


async def a_service(api: World, *steps: dict[str, Any]) -> tuple[str, str]:
    """A service, and the schedule that its first step asks."""
    await reachable(api, RESPONDER, "responder@example.org")
    schedule = await make(api, "/v1/schedules", name="Shop", time_zone="UTC", layers=[always(RESPONDER)])
    first = step(schedule["id"], "schedule")
    policy = await make(api, "/v1/policies", name="Page", steps=[first, *steps])
    service = await make(api, "/v1/services", name="Checkout", policy_id=policy["id"], urgency_rule="always_high")
    return service["id"], schedule["id"]


async def simulated(api: World, **body: object) -> dict[str, Any]:
    answer = await api.ask("POST", "/v1/simulations", by=Role.VIEWER, json={"severity": "SEV1", "at": NOW} | body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_simulation_lists_who_is_paged_when_how_and_why(api: World) -> None:
    service, schedule = await a_service(api, step(MANAGER))
    found = await simulated(api, service_id=service)
    (page,) = found["pages"]
    assert page == {
        "user": {"id": RESPONDER, "name": "Responder"},
        "destination": None,
        "channel": "email",
        "address": "responder@example.org",
        "due_at": "2026-11-23T09:01:00Z",
        "after_seconds": 60,
        "made_at": NOW,
        "run": 1,
        "round": 1,
        "step": 1,
        "is_last_resort": False,
        "urgency": "high",
        "target": {
            "kind": "schedule",
            "id": schedule,
            "schedule": "Shop",
            "source": {"layer": 0, "override_id": None, "temporary_id": None},
        },
        "rule": 1,
        "waits_for_morning": False,
        "cancelled_at": None,
    }
    assert found["unreachable"] == [{"id": MANAGER, "name": "Manager"}]
    assert [each["kind"] for each in found["happenings"]] == ["step_reached", "step_reached", "exhausted"]
    assert (found["ending"], found["difference"]) == ("exhausted", None)
    assert not api.database.incidents


async def test_whoever_acknowledges_in_time_stops_what_would_have_come(api: World) -> None:
    service, _ = await a_service(api, step(MANAGER))
    answers = [{"user_id": RESPONDER, "at": "2026-11-23T09:00:30Z"}]
    found = await simulated(api, service_id=service, acknowledgements=answers)
    assert [page["cancelled_at"] for page in found["pages"]] == ["2026-11-23T09:00:30Z"]
    assert (found["ending"], found["happenings"][-1]["by"]["name"]) == ("acknowledged", "Responder")


async def test_a_changed_policy_or_schedule_is_answered_with_the_difference(api: World) -> None:
    service, schedule = await a_service(api)
    await reachable(api, MANAGER, "manager@example.org")
    policy = {"steps": [step(MANAGER), step(RESPONDER)]}
    found = await simulated(api, service_id=service, policy=policy)
    assert [page["user"]["name"] for page in found["difference"]["added"]] == ["Manager"]
    (moved,) = found["difference"]["moved"]
    assert [moved[side]["due_at"] for side in ("before", "after")] == ["2026-11-23T09:01:00Z", "2026-11-23T09:06:00Z"]
    changed = {"schedule_id": schedule, "layers": [always(MANAGER)]}
    found = await simulated(api, service_id=service, schedule=changed)
    sides = {side: [each["user"]["name"] for each in found["difference"][side]] for side in ("added", "removed")}
    assert sides == {"added": ["Manager"], "removed": ["Responder"]}


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"service_id": None}, "#/service_id"),
        ({"acknowledgements": [{"user_id": NOBODY, "at": NOW}]}, "#/acknowledgements/0/user_id"),
        ({"acknowledgements": [{"user_id": RESPONDER, "at": "2026-11-23T08:00:00Z"}]}, "#/acknowledgements/0/at"),
        ({"policy": {"steps": [step(NOBODY)]}}, "#/policy/steps/0/targets/0/id"),
        ({"policy": {"steps": [step()], "repeat_from": 2}}, "#/policy/repeat_from"),
        ({"policy": {"steps": [step()], "when_exhausted": "fall_back"}}, "#/policy/when_exhausted"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_where_it_is_wrong(
    api: World, wrong: dict[str, Any], pointer: str
) -> None:
    service, _ = await a_service(api)
    body = {"severity": "SEV1", "service_id": service, "at": NOW} | wrong
    answer = await api.ask("POST", "/v1/simulations", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_what_is_not_there_cannot_be_simulated(api: World) -> None:
    assert (
        await api.ask("POST", "/v1/simulations", json={"severity": "SEV1", "service_id": NOBODY})
    ).status_code == 404
    service, _ = await a_service(api)
    body = {"severity": "SEV1", "service_id": service, "schedule": {"schedule_id": NOBODY, "layers": []}}
    assert (await api.ask("POST", "/v1/simulations", json=body)).status_code == 404
