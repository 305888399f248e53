from dataclasses import replace

from domain.identity.role import Role
from domain.shared.ids import PolicyId
from tests.integration.incidents_http.desk import Desk
from tests.support.stock import SHOP_POLICY


async def edited(api: Desk, policy_id: PolicyId = SHOP_POLICY) -> int:
    """The policy gets another version, which is its number."""
    async with api.stock.transaction:
        policy = await api.stock.policies.get(policy_id)
        return (await api.stock.policies.save(replace(policy, repeats=policy.repeats + 1))).version


async def test_an_escalation_moves_to_the_newest_version_of_its_policy(api: Desk) -> None:
    incident = await api.stock.incident()
    newest = await edited(api)
    api.world.clock.move_to(incident.triggered_at)
    before = (await api.ask("GET", f"/v1/incidents/{incident.id}")).json()
    answer = await api.ask("POST", f"/v1/incidents/INC-{incident.number}/escalation/move")

    assert answer.status_code == 200
    assert answer.json() == before
    timeline = (await api.ask("GET", f"/v1/incidents/{incident.id}/timeline")).json()["items"]
    assert timeline[-1]["kind"] == "escalation.moved"
    assert timeline[-1]["text"].endswith(
        f"moved the escalation from version 1 of the policy to version {newest}: step 1 of round 1 is next"
    )
    runs = sorted(api.world.database.runs.values(), key=lambda run: run.id)
    assert [(run.policy_version, run.status) for run in runs] == [(1, "stopped"), (newest, "running")]
    assert api.world.database.audit[-1].action == "escalation.move"


async def test_one_that_is_by_the_newest_version_stays_as_it_is(api: Desk) -> None:
    incident = await api.stock.incident()
    await edited(api)
    for _ in range(2):
        assert (await api.ask("POST", f"/v1/incidents/{incident.id}/escalation/move")).status_code == 200

    assert len(api.world.database.runs) == 2


async def test_an_escalation_that_is_over_does_not_move(api: Desk) -> None:
    incident = await api.stock.acknowledged(await api.stock.incident())
    answer = await api.ask("POST", f"/v1/incidents/{incident.id}/escalation/move")

    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition")


async def test_whoever_may_not_respond_does_not_move_an_escalation(api: Desk) -> None:
    incident = await api.stock.incident()

    assert (await api.ask("POST", f"/v1/incidents/{incident.id}/escalation/move", by=Role.VIEWER)).status_code == 403
    assert (await api.ask("POST", "/v1/incidents/INC-999/escalation/move")).status_code == 404


async def test_the_move_keeps_the_deadline(api: Desk) -> None:
    incident = await api.stock.incident()
    await edited(api)
    (run,) = api.world.database.runs.values()
    await api.ask("POST", f"/v1/incidents/{incident.id}/escalation/move")

    deadlines = [each.next_deadline for each in api.world.database.runs.values() if each.id != run.id]
    assert deadlines == [run.next_deadline]
    assert run.next_deadline == incident.triggered_at
