"""Dependencies between services; each test is a sentence of docs/domain.md."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.routing.dependency import Dependencies, Dependency, require_sound
from domain.routing.looks import FIRST_LOOK, next_look
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ServiceId
from domain.shared.limits import DEPENDENCIES
from domain.shared.severity import Severity
from tests.support.builders import NOON
from tests.support.routing import a_dependency

A, B, C, D = (ServiceId(UUID(int=number)) for number in range(1, 5))
SEV1, SEV2, SEV3 = Severity.SEV1, Severity.SEV2, Severity.SEV3


def graph(*edges: tuple[ServiceId, ServiceId]) -> Dependencies:
    return Dependencies(a_dependency(service, upstream) for service, upstream in edges)


def test_an_incident_upstream_counts_from_the_least_severity_on() -> None:
    assert [a_dependency(A, B).concerns(each) for each in (SEV1, SEV2, SEV3)] == [True, True, False]
    assert a_dependency(A, B, least_severity=SEV3).concerns(SEV3)


def test_a_circle_is_told_by_the_way_along_it() -> None:
    assert graph((A, B), (B, C)).circle_through(A) == ()
    assert graph((A, B), (B, C), (C, A)).circle_through(A) == (A, B, C, A)
    assert graph((A, A)).circle_through(A) == (A, A)
    assert graph((A, D), (A, B), (B, C), (C, A), (D, A)).circle_through(A) == (A, D, A)


def test_the_nearest_cause_is_told_and_nothing_behind_it() -> None:
    needs = graph((A, B), (B, C), (C, D))
    assert needs.causes(A, {B: SEV1, C: SEV1}) == [(A, B)]
    assert needs.causes(A, {C: SEV1, D: SEV1}) == [(A, B, C)]
    assert needs.causes(A, {B: SEV3, D: SEV2}) == [(A, B, C, D)]  # what is not severe enough is passed by
    assert needs.causes(A, {A: SEV1}) == ()


def test_several_causes_that_are_equally_near_are_all_told() -> None:
    needs = graph((A, B), (A, C), (B, D), (C, D))
    assert needs.causes(A, {B: SEV1, C: SEV2, D: SEV1}) == [(A, B), (A, C)]
    assert needs.causes(A, {D: SEV1}) == [(A, B, D)]


def test_a_service_that_is_needed_in_two_ways_counts_by_the_one_that_asks_for_less() -> None:
    needs = Dependencies(
        [
            a_dependency(A, B),
            a_dependency(A, C),
            a_dependency(B, D, least_severity=SEV1),
            a_dependency(C, D, least_severity=SEV3),
        ]
    )
    assert needs.causes(A, {D: SEV3}) == [(A, C, D)]


def test_what_one_service_needs_is_replaced_as_a_whole() -> None:
    before = graph((A, B), (B, C))
    after = before.replacing(A, [a_dependency(A, D, mutes=True)])
    assert [each.upstream_id for each in after.of(A)] == [D]
    assert [each.upstream_id for each in after.of(B)] == [C]
    assert (after.count, after.mutes_others(D), before.mutes_others(D)) == (2, True, False)
    assert not graph()


def test_what_is_muted_is_looked_at_soon_and_then_ever_more_seldom() -> None:
    assert next_look(NOON, at=NOON) == NOON + FIRST_LOOK
    assert next_look(NOON, at=NOON + FIRST_LOOK) == NOON + 2 * FIRST_LOOK
    day, looks = NOON + timedelta(days=1), 0
    at = NOON
    while at < day:
        at, looks = next_look(NOON, at=at), looks + 1
    assert looks == 12


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ([a_dependency(A, B), a_dependency(A, B, mutes=True)], "dependencies[1].service_id"),
        ([a_dependency(A, ServiceId(UUID(int=100 + each))) for each in range(DEPENDENCIES + 1)], "dependencies"),
    ],
)
def test_too_many_and_one_that_is_named_twice_are_refused(wanted: list[Dependency], field: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        require_sound(A, wanted)
    assert refused.value.field == field
