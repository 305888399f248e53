"""Whose trace a piece of work belongs to. W3C Trace Context 1, section 3.2, has the examples of `traceparent`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import tracing
from tests.support.traced import RecordingTracer

FIRST = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECOND = "00-3c1f4f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
UNSAMPLED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


@pytest.fixture
def tracer(monkeypatch: pytest.MonkeyPatch) -> RecordingTracer:
    made = RecordingTracer()
    monkeypatch.setattr(tracing, "TRACER", made)
    return made


def test_work_on_one_trace_goes_on_with_it(tracer: RecordingTracer) -> None:
    with tracing.span("work", (FIRST, None, FIRST)):
        here = tracing.here()

    (span,) = tracer.spans
    assert tracing.trace_id_of(here) == tracing.trace_id_of(FIRST)
    assert f"{span.parent.span_id:x}" == "b7ad6b7169203331"
    assert not span.links


def test_work_on_several_traces_begins_its_own_and_is_linked_to_each_that_is_sampled(tracer: RecordingTracer) -> None:
    with tracing.span("work", (FIRST, UNSAMPLED, SECOND, FIRST)):
        here = tracing.here()

    (span,) = tracer.spans
    named = [tracing.trace_id_of(each) for each in (FIRST, SECOND)]
    assert tracing.trace_id_of(here) not in (*named, tracing.trace_id_of(UNSAMPLED))
    assert not span.parent.is_valid
    assert [f"{link.context.trace_id:032x}" for link in span.links] == named


def test_work_on_one_sampled_trace_among_others_is_not_its_part(tracer: RecordingTracer) -> None:
    with tracing.span("work", (FIRST, UNSAMPLED)):
        pass

    (span,) = tracer.spans
    assert not span.parent.is_valid
    assert len(span.links) == 1


def test_a_span_has_no_more_links_than_an_sdk_keeps(tracer: RecordingTracer) -> None:
    with tracing.span("work", [f"00-{number + 1:032x}-b7ad6b7169203331-01" for number in range(500)]):
        pass

    assert len(tracer.spans[0].links) == tracing.LINKS


def test_without_an_sdk_a_trace_that_came_in_is_handed_on_as_it_came() -> None:
    with tracing.span("work", (FIRST,)):
        assert tracing.here() == FIRST
        assert tracing.carried() == {"traceparent": FIRST}


def test_without_an_sdk_and_without_a_trace_nothing_is_stored_and_nothing_sent() -> None:
    with tracing.span("work"):
        assert tracing.here() is None
        assert tracing.carried() == {}
    assert not tracing.is_recorded()


def test_what_is_sent_carries_the_span_that_sends_it_if_that_is_in_its_trace(tracer: RecordingTracer) -> None:
    with tracing.span("send", (FIRST,)):
        assert tracing.carried(FIRST) == {"traceparent": tracing.here()} != {"traceparent": FIRST}


def test_what_is_sent_with_others_carries_its_own_trace(tracer: RecordingTracer) -> None:
    with tracing.span("send", (FIRST, SECOND)):
        assert tracing.carried(SECOND) == {"traceparent": SECOND}
        assert tracing.carried() == {"traceparent": tracing.here()}


def test_a_trace_of_a_later_version_is_stored_in_the_form_of_ours() -> None:
    assert tracing.understood("cc" + FIRST[2:] + "-what-the-future-says") == FIRST


@given(st.text() | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}.*", fullmatch=True))
def test_whatever_somebody_sends_as_a_trace_is_one_or_is_none(offered: str) -> None:
    found = tracing.understood(offered)
    if found is not None:
        assert len(found) == len(FIRST)
        assert tracing.understood(found) == found
        assert found.split("-")[1] in offered
