from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from application.errors import ConflictError, ForbiddenError, UnprovedPolicyError
from application.escalation.get_policy import GetPolicy
from application.escalation.list_policies import ListPolicies
from application.ports.page import PageRequest
from domain.escalation.fall_back import FallBack
from domain.escalation.policy import EscalationPolicy, Step, Target, TargetKind, WhenExhausted
from domain.identity.actor import Actor
from domain.identity.proof_demand import ProofDemand
from domain.shared.errors import InvalidValueError
from domain.shared.ids import TeamId
from tests.support.builders import a_contact
from tests.support.oncall import ANN, BOB
from tests.unit.config.world import (
    ADMIN,
    CORE,
    CORE_MANAGER,
    EDGE,
    NO_TEAM,
    NOBODY,
    RESPONDER,
    World,
    a_step,
    a_user,
    to_schedule,
    to_team,
    to_user,
)


async def update(
    world: World,
    policy: EscalationPolicy,
    *steps: Step,
    team_id: TeamId = CORE,
    version: int | None = None,
    when_exhausted: WhenExhausted = WhenExhausted.STAY,
    actor: Actor = ADMIN,
) -> EscalationPolicy:
    saved = await world.update_policy(
        policy.id,
        team_id=team_id,
        name=policy.name,
        steps=steps,
        repeats=0,
        repeat_from=0,
        acknowledgement_timeout=None,
        when_exhausted=when_exhausted,
        version=version,
        actor=actor,
    )
    return saved.policy


async def test_a_policy_names_users_teams_and_schedules(world: World) -> None:
    schedule = await world.a_schedule()
    steps = (a_step(to_schedule(schedule)), a_step(to_user(BOB), to_team(EDGE)))
    policy, _ = await world.create_policy(team_id=CORE, name=" Core ", steps=steps, repeats=2, actor=CORE_MANAGER)
    assert (policy.name, policy.steps, policy.repeats, policy.version) == ("Core", steps, 2, 1)
    assert world.audit[-1].action == "policy.create"
    plain = {"delay": 300.0, "mode": "everyone", "condition": None}
    assert world.audit[-1].after == {
        "id": str(policy.id),
        "team_id": str(CORE),
        "name": "Core",
        "steps": [
            {"targets": [{"kind": "schedule", "id": str(schedule.id)}], **plain},
            {"targets": [{"kind": "user", "id": str(BOB)}, {"kind": "team", "id": str(EDGE)}], **plain},
        ],
        "repeats": 2,
        "repeat_from": 0,
        "acknowledgement_timeout": None,
        "when_exhausted": "stay",
        "version": 1,
    }
    assert await GetPolicy(world.policies)(policy.id, actor=RESPONDER) == policy
    assert (await ListPolicies(world.policies)(PageRequest(), actor=RESPONDER)).items == (policy,)


@pytest.mark.parametrize(
    "missing",
    [to_user(NOBODY), to_team(NO_TEAM), Target(kind=TargetKind.SCHEDULE, id=UUID(int=5)), to_team(TeamId(ANN))],
)
async def test_a_target_that_is_not_there_is_named_by_its_place(world: World, missing: Target) -> None:
    steps = (a_step(to_user(ANN)), a_step(to_user(BOB), to_user(ANN), missing), a_step(missing))
    with pytest.raises(InvalidValueError) as refused:
        await world.create_policy(team_id=CORE, name="Core", steps=steps, actor=ADMIN)
    assert refused.value.field == "steps[1].targets[2].id"
    assert not world.database.policies


async def test_a_user_who_has_left_cannot_be_added_and_does_not_bar_other_changes(world: World) -> None:
    policy = await world.a_policy(to_user(BOB))
    world.database.users[BOB] = a_user(BOB, is_active=False)
    again = await update(world, policy, a_step(to_user(BOB), to_user(ANN)))
    assert again.version == 2
    await update(world, policy, a_step(to_user(ANN)))
    with pytest.raises(InvalidValueError):
        await update(world, policy, a_step(to_user(BOB)))


async def test_an_update_makes_a_version_and_keeps_the_one_before(world: World) -> None:
    policy = await world.a_policy(to_user(ANN))
    updated = await update(world, policy, a_step(to_user(BOB)), actor=CORE_MANAGER)
    assert world.database.policy_versions == {(policy.id, 1): policy, (policy.id, 2): updated}
    entry = world.audit[-1]
    assert (entry.action, entry.noun_id) == ("policy.update", policy.id)
    assert entry.before != entry.after


async def test_the_version_that_was_read_must_be_the_stored_one(world: World) -> None:
    policy = await world.a_policy()
    await update(world, policy, a_step(to_user(BOB)), version=1)
    with pytest.raises(ConflictError):
        await update(world, policy, a_step(to_user(ANN)), version=1)


async def test_moving_a_policy_needs_both_teams(world: World) -> None:
    ours = await world.a_policy(name="ours")
    theirs = await world.a_policy(name="theirs", team_id=EDGE)
    for policy, team_id in ((ours, EDGE), (theirs, CORE)):
        with pytest.raises(ForbiddenError):
            await update(world, policy, a_step(), team_id=team_id, actor=CORE_MANAGER)
    with pytest.raises(ForbiddenError):
        await world.create_policy(team_id=CORE, name="new", steps=(a_step(),), actor=RESPONDER)
    both = replace(CORE_MANAGER, team_ids=frozenset({CORE, EDGE}))
    assert (await update(world, ours, a_step(), team_id=EDGE, actor=both)).team_id == EDGE


async def test_a_policy_ends_with_a_last_resort_only_when_there_is_one(world: World) -> None:
    policy = await world.a_policy()
    with pytest.raises(InvalidValueError, match="when_exhausted: is fall_back, and neither the team nor"):
        await update(world, policy, a_step(), when_exhausted=WhenExhausted.FALL_BACK)
    async with world.transaction:
        await world.fall_backs.save(FallBack(team_id=None, targets=(to_user(ANN),)))
    changed = await update(world, policy, a_step(), when_exhausted=WhenExhausted.FALL_BACK)
    assert changed.when_exhausted is WhenExhausted.FALL_BACK


async def demand(world: World, proof: ProofDemand) -> None:
    world.database.teams[CORE] = replace(world.database.teams[CORE], proof=proof)


async def test_a_policy_that_is_not_proved_is_saved_with_the_reasons(world: World) -> None:
    saved = await world.create_policy(team_id=CORE, name="Core", steps=(a_step(to_user(ANN)),), actor=ADMIN)
    assert not saved.proof.holds
    assert saved.proof.counter_examples[0].gap.reasons[0] == "step 1: nobody who is meant has a contact that works"
    assert saved.policy in world.database.policies.values()


async def test_a_team_that_refuses_what_is_not_proved_keeps_what_it_had(world: World) -> None:
    policy = await world.a_policy(to_user(ANN))
    await demand(world, ProofDemand(refuses=True))
    with pytest.raises(UnprovedPolicyError) as refused:
        await update(world, policy, a_step(to_user(BOB)))
    assert str(refused.value).startswith("this policy does not always tell somebody within 30 minutes")
    (example,) = refused.value.counter_examples
    assert example.startswith("a SEV1 that begins from 2026-11-23T")
    assert example.endswith("tells nobody: step 1: nobody who is meant has a contact that works; the policy ends")
    assert (await GetPolicy(world.policies)(policy.id, actor=RESPONDER)) == policy
    with pytest.raises(UnprovedPolicyError):
        await world.create_policy(team_id=CORE, name="Core", steps=(a_step(to_user(ANN)),), actor=ADMIN)


async def test_a_team_that_refuses_saves_what_is_proved_its_last_resort_included(world: World) -> None:
    await demand(world, ProofDemand(refuses=True))
    world.database.contacts[BOB] = (a_contact(BOB),)
    saved = await world.create_policy(team_id=CORE, name="Core", steps=(a_step(to_user(BOB)),), actor=ADMIN)
    assert saved.proof.holds
    with pytest.raises(UnprovedPolicyError):
        await update(world, saved.policy, a_step(to_user(ANN)))
    async with world.transaction:
        await world.fall_backs.save(FallBack(team_id=None, targets=(to_user(BOB),)))
    changed = await update(world, saved.policy, a_step(to_user(ANN)), when_exhausted=WhenExhausted.FALL_BACK)
    assert changed.version == 2
    slow = Step(targets=(to_user(ANN),), delay=timedelta(minutes=31))
    with pytest.raises(UnprovedPolicyError, match="within 30 minutes"):
        await update(world, changed, slow, when_exhausted=WhenExhausted.FALL_BACK)
