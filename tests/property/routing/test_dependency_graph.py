"""Laws of the graph of services, for all small graphs."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.routing.dependency import Dependencies, Dependency
from domain.shared.ids import ServiceId
from domain.shared.severity import Severity

SERVICES = [ServiceId(UUID(int=number)) for number in range(1, 7)]
severities = st.sampled_from(Severity)
services = st.sampled_from(SERVICES)
edges = st.builds(Dependency, service_id=services, upstream_id=services, least_severity=severities, mutes=st.booleans())
graphs = st.lists(edges, max_size=14, unique_by=lambda each: (each.service_id, each.upstream_id)).map(Dependencies)


def distances(graph: Dependencies, start: ServiceId) -> Mapping[ServiceId, int]:
    """How far up each is, by asking all edges again and again: what a walk must agree with."""
    far = {start: 0}
    for _ in SERVICES:
        for service in SERVICES:
            for each in graph.of(service) if service in far else ():
                far[each.upstream_id] = min(far.get(each.upstream_id, len(SERVICES)), far[service] + 1)
    return far


@given(graph=graphs, service=services)
def test_there_is_a_circle_exactly_when_something_that_it_needs_needs_it(
    graph: Dependencies, service: ServiceId
) -> None:
    circle = graph.circle_through(service)
    needed = {each for direct in graph.of(service) for each in distances(graph, direct.upstream_id)}
    assert bool(circle) is (service in needed)
    if circle:
        assert circle[0] == circle[-1] == service
        assert is_way(graph, circle)


@given(graph=graphs, service=services, open_=st.dictionaries(services, severities))
def test_causes_are_the_nearest_that_a_dependency_is_concerned_by(
    graph: Dependencies, service: ServiceId, open_: dict[ServiceId, Severity]
) -> None:
    far = distances(graph, service)
    causes = graph.causes(service, open_)
    concerned = {
        each.upstream_id: far[owner] + 1
        for owner in sorted(far, key=lambda each: -far[each])
        for each in graph.of(owner)
        if far[each.upstream_id] == far[owner] + 1
        and each.upstream_id in open_
        and each.concerns(open_[each.upstream_id])
    }
    nearest = min(concerned.values(), default=0)
    assert {way[-1] for way in causes} == {each for each, steps in concerned.items() if steps == nearest}
    for way in causes:
        assert way[0] == service
        assert len(way) == nearest + 1
        assert is_way(graph, way)


def is_way(graph: Dependencies, way: Sequence[ServiceId]) -> bool:

    return all(upper in {each.upstream_id for each in graph.of(lower)} for lower, upper in pairwise(way))
