"""The stored JSON gives back exactly what went into it."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapters.outbound.postgres.bodies import (
    layers_body,
    layers_from,
    policy_body,
    policy_from,
    schedule_from_rows,
    shifts_body,
)
from domain.escalation.policy import EscalationPolicy, Step, StepMode, Target, TargetKind, WhenExhausted
from domain.oncall.coverage import on_call
from domain.oncall.schedule import Schedule
from domain.shared.ids import PolicyId, TeamId
from domain.shared.limits import POLICY_REPEATS, POLICY_STEPS, STEP_DELAY_SECONDS_MAX, STEP_TARGETS
from tests.support import strategies
from tests.support.oncall import schedules, utc

NOON = utc("2026-11-23 12:00")

targets = st.builds(Target, kind=st.sampled_from(TargetKind), id=st.uuids())
steps = st.builds(
    Step,
    targets=st.lists(targets, min_size=1, max_size=STEP_TARGETS, unique=True).map(tuple),
    delay=st.timedeltas(timedelta(seconds=1), timedelta(seconds=STEP_DELAY_SECONDS_MAX)),
    mode=st.sampled_from(StepMode),
    condition=st.none() | strategies.conditions(),
)
policies = st.builds(
    EscalationPolicy,
    id=st.uuids().map(PolicyId),
    team_id=st.uuids().map(TeamId),
    name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120).filter(str.strip),
    steps=st.lists(steps, min_size=1, max_size=POLICY_STEPS).map(tuple),
    repeats=st.integers(0, POLICY_REPEATS),
    acknowledgement_timeout=st.none() | st.timedeltas(timedelta(minutes=1), timedelta(days=7)),
    when_exhausted=st.sampled_from(WhenExhausted),
    version=st.integers(1, 2**31 - 1),
)


@given(policies)
def test_a_policy_comes_back_as_it_was(policy: EscalationPolicy) -> None:
    assert policy_from(msgspec.json.decode(policy_body(policy))) == policy


@given(schedules(), st.booleans())
def test_a_schedule_comes_back_as_it_was(schedule: Schedule, was_asked_before: bool) -> None:
    if was_asked_before:
        on_call(schedule, NOON)  # which leaves a pattern in its layers that is no part of them
    row = {
        "id": schedule.id,
        "team_id": schedule.team_id,
        "name": schedule.name,
        "time_zone": schedule.time_zone,
        "layers": msgspec.json.decode(layers_body(schedule.layers)),
        "version": schedule.version,
    }
    overrides = [
        {
            "id": override.id,
            "schedule_id": schedule.id,
            "user_id": override.user_id,
            "replaces_user_id": override.replaces,
            "starts_at": override.starts_at,
            "ends_at": override.ends_at,
            "kind": override.kind,
        }
        for override in reversed(schedule.overrides)  # rows come in any order
    ]
    temporaries = [
        {
            "id": temporary.id,
            "starts_at": temporary.starts_at,
            "ends_at": temporary.ends_at,
            "shifts": msgspec.json.decode(shifts_body(temporary.shifts)),
            "is_layer": temporary.is_layer,
        }
        for temporary in schedule.temporaries
    ]
    shadows = [
        {
            "id": shadow.id,
            "user_id": shadow.user_id,
            "follows_user_id": shadow.follows,
            "layer": shadow.layer,
            "starts_at": shadow.starts_at,
            "ends_at": shadow.ends_at,
        }
        for shadow in reversed(schedule.shadows)
    ]
    found = schedule_from_rows(row, overrides, temporaries, shadows)
    assert found == replace(schedule, temporaries=tuple(sorted(schedule.temporaries, key=lambda each: each.id)))


def test_a_policy_that_was_stored_before_there_were_conditions_is_read_without_any() -> None:
    target = {"kind": "user", "id": str(UUID(int=3))}
    body = {
        "id": str(UUID(int=1)),
        "team_id": str(UUID(int=2)),
        "name": "Core",
        "steps": [{"targets": [target], "delay": "PT300S"}],
        "repeats": 0,
        "version": 4,
    }
    policy = policy_from(body)

    assert (policy.steps[0].mode, policy.steps[0].condition) == (StepMode.EVERYONE, None)
    assert (policy.repeat_from, policy.acknowledgement_timeout) == (0, None)
    assert policy.when_exhausted is WhenExhausted.STAY


def test_the_stored_form_of_a_policy_does_not_change() -> None:
    policy = EscalationPolicy(
        id=PolicyId(UUID(int=1)),
        team_id=TeamId(UUID(int=2)),
        name="Core",
        steps=(Step(targets=(Target(kind=TargetKind.USER, id=UUID(int=3)),), delay=timedelta(minutes=5)),),
        version=4,
    )
    assert msgspec.json.decode(policy_body(policy)) == {
        "id": "00000000-0000-0000-0000-000000000001",
        "team_id": "00000000-0000-0000-0000-000000000002",
        "name": "Core",
        "steps": [
            {
                "targets": [{"kind": "user", "id": "00000000-0000-0000-0000-000000000003"}],
                "delay": "PT300S",
                "mode": "everyone",
                "condition": None,
            }
        ],
        "repeats": 0,
        "repeat_from": 0,
        "acknowledgement_timeout": None,
        "when_exhausted": "stay",
        "version": 4,
    }


def test_the_stored_form_of_layers_does_not_change() -> None:
    stored = (
        b'[{"name":"Day","rotation":{"unit":"week","length":2,"starts_at_local":"2026-01-01T08:00:00","participants":'
        b'[["00000000-0000-0000-0000-000000000001"]]},"restrictions":[{"starts_on":"monday","starts_at":"08:00:00",'
        b'"ends_on":"friday","ends_at":"18:00:00"}],"until":"2027-01-01T00:00:00Z"}]'
    )
    assert layers_body(layers_from(msgspec.json.decode(stored))) == stored
