"""Proofs of policies, asked through the API."""

from typing import Any

from domain.identity.role import Role
from tests.integration.http.test_configuration import MANAGER, NOBODY, RESPONDER, make, step
from tests.integration.http.test_schedule_history import always
from tests.integration.http.test_simulations import reachable
from tests.integration.http.world import World


async def a_policy(api: World, *steps: dict[str, Any]) -> str:
    await reachable(api, RESPONDER, "responder@example.org")
    policy = await make(api, "/v1/policies", name="Page", steps=list(steps))
    return f"/v1/policies/{policy['id']}/prove"


async def proved(api: World, path: str, **body: object) -> dict[str, Any]:
    answer = await api.ask("POST", path, by=Role.VIEWER, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def weekdays(api: World) -> str:
    """Nobody from Saturday on until Monday."""
    windows = [
        {"starts_on": "monday", "starts_at": "00:00:00", "ends_on": "saturday", "ends_at": "00:00:00"},
    ]
    layers = [always(RESPONDER) | {"restrictions": windows}]
    return str((await make(api, "/v1/schedules", name="Shop", time_zone="UTC", layers=layers))["id"])


async def test_a_policy_with_somebody_who_can_be_reached_at_all_times_is_proved(api: World) -> None:
    found = await proved(api, await a_policy(api, step(RESPONDER)))
    assert (found["holds"], found["counter_examples"], found["unreachable"]) == (True, [], [])
    assert (found["starts_at"], found["ends_at"]) == ("2026-11-23T09:00:00Z", "2026-12-21T09:00:00Z")


async def test_a_gap_is_the_counter_example_and_an_earlier_start_is_told_in_time_by_a_later_step(api: World) -> None:
    path = await a_policy(api, step(await weekdays(api), "schedule"))
    found = await proved(api, path, weeks=1)
    (example,) = found["counter_examples"]
    assert (example["starts_at"], example["ends_at"]) == ("2026-11-28T00:00:00Z", "2026-11-30T00:00:00Z")
    assert example["reasons"] == ["step 1: nobody is on call in Shop", "the policy ends"]
    assert found["holds"] is False


async def test_a_proposed_policy_is_proved_before_it_is_saved(api: World) -> None:
    path = await a_policy(api, step(await weekdays(api), "schedule"))
    policy = {"steps": [step(await _schedule_of(api), "schedule"), step(RESPONDER)]}
    assert (await proved(api, path, policy=policy))["holds"] is True
    late = await proved(api, path, policy=policy, within_seconds=240)
    assert late["holds"] is False
    assert (await api.ask("GET", path.removesuffix("/prove"))).json()["version"] == 1


async def _schedule_of(api: World) -> str:
    return str((await api.ask("GET", "/v1/schedules")).json()["items"][0]["id"])


async def test_people_and_steps_that_reach_nobody_are_named(api: World) -> None:
    found = await proved(api, await a_policy(api, step(MANAGER), step(RESPONDER)))
    assert found["holds"] is True
    assert (found["empty_steps"], found["unreachable"]) == ([1], [{"id": MANAGER, "name": "Manager"}])


async def test_each_severity_that_a_condition_tells_apart_is_proved(api: World) -> None:
    only_worst = step(RESPONDER) | {"condition": {"severities": ["SEV1"]}}
    (example,) = (await proved(api, await a_policy(api, only_worst)))["counter_examples"]
    assert example["severity"] != "SEV1"
    assert "step 1 does not apply" in example["reasons"]


async def test_what_makes_no_sense_is_refused(api: World) -> None:
    path = await a_policy(api, step(RESPONDER))
    for wrong, pointer in (
        ({"weeks": 27}, "#/weeks"),
        ({"within_seconds": 1}, "#/within_seconds"),
        ({"policy": {"steps": [step(NOBODY)]}}, "#/policy/steps/0/targets/0/id"),
    ):
        answer = await api.ask("POST", path, json=wrong)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert (await api.ask("POST", f"/v1/policies/{NOBODY}/prove", json={})).status_code == 404


async def demanded(api: World, team_id: str, **proof: object) -> None:
    path = f"/v1/teams/{team_id}"
    tag = (await api.ask("GET", path)).headers["etag"]
    answer = await api.ask("PATCH", path, by=Role.MANAGER, json={"proof": proof}, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text
    assert answer.json()["proof"] == {"weeks": 4, "within_seconds": 1800, "refuses": False} | proof


async def test_a_policy_is_saved_with_its_proof(api: World) -> None:
    await reachable(api, RESPONDER, "responder@example.org")
    made = await make(api, "/v1/policies", name="Page", steps=[step(await weekdays(api), "schedule")])
    assert made["proof"]["holds"] is False
    assert len(made["proof"]["counter_examples"]) == 4
    path = f"/v1/policies/{made['id']}"
    answer = await api.ask("PATCH", path, json={"steps": [step(RESPONDER)]}, headers={"If-Match": '"v1"'})
    assert (answer.status_code, answer.json()["proof"]["holds"]) == (200, True)


async def test_a_team_may_refuse_what_is_not_proved(api: World) -> None:
    await reachable(api, RESPONDER, "responder@example.org")
    made = await make(api, "/v1/policies", name="Page", steps=[step(RESPONDER)])
    await demanded(api, made["team_id"], weeks=1, refuses=True)
    change = {"steps": [step(await weekdays(api), "schedule")]}
    answer = await api.ask("PATCH", f"/v1/policies/{made['id']}", json=change, headers={"If-Match": '"v1"'})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "unproved_policy")
    (error,) = problem["errors"]
    assert (error["pointer"], error["code"]) == ("#/steps", "unproved_policy")
    assert error["detail"] == (
        "a SEV1 that begins from 2026-11-28T00:00:00+00:00 to 2026-11-30T00:00:00+00:00 tells nobody:"
        " step 1: nobody is on call in Shop; the policy ends"
    )
    assert (await api.ask("GET", f"/v1/policies/{made['id']}")).json()["version"] == 1
