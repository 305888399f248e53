"""Whose trace a piece of work belongs to: from a sender's header, by what is stored, to what is sent because of it.

By the OpenTelemetry API alone. Without an SDK in the process nothing is recorded, and a trace that came in is handed on
as it came; where none came in, nothing is stored and nothing is sent. W3C Trace Context 1, section 3.2: `traceparent`.
Its companion `tracestate`, and baggage, end here: what a sender's vendor put there is nobody else's.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NoOpTracerProvider, ProxyTracerProvider, Span, SpanContext, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

TRACER: Final = trace.get_tracer("tocsin")
HEADER: Final = "traceparent"
LINKS: Final = 128  # of one span; an SDK keeps as many unless it is told otherwise
_ODD: Final = frozenset("13579bdfBDF")
_PROPAGATOR: Final = TraceContextTextMapPropagator()


def is_recorded() -> bool:
    """Whether spans go anywhere."""
    return not isinstance(trace.get_tracer_provider(), ProxyTracerProvider | NoOpTracerProvider)


def here() -> str | None:
    """The trace of the work under way, to be stored with what comes of it; None: it belongs to none."""
    return _text_of(trace.get_current_span().get_span_context())


def carried(stored: str | None = None) -> dict[str, str]:
    """The header or attribute by which the receiver goes on with a stored trace, or with the one under way.

    From the span under way if that is in the stored trace; from where the trace began if one span sends for many.
    """
    under_way = here()
    text = under_way if stored is None or trace_id_of(under_way) == trace_id_of(stored) else stored
    return {} if text is None else {HEADER: text}


def understood(offered: str | None) -> str | None:
    """What somebody else sent as a trace, in the form in which it is stored; None if it is none."""
    return None if offered is None else _text_of(_span_context_of(offered))


def trace_id_of(stored: str | None) -> str | None:
    text = understood(stored)
    return None if text is None else text.split("-")[1]


def note_door(name: str) -> None:
    """Say of the request under way by which door for events it came: its path may hold a key."""
    trace.get_current_span().set_attribute("tocsin.door", name)


@contextmanager
def span(
    name: str,
    traces: Iterable[str | None] = (),
    *,
    attributes: Attributes = None,
    kind: SpanKind = SpanKind.INTERNAL,
) -> Iterator[Span]:
    """A span for work on what belongs to these traces.

    It goes on with the only one of them; where they are several it begins its own, linked to the first of those that
    are sampled: a link to what nobody recorded leads nowhere.
    """
    stored = dict.fromkeys(each for each in traces if each is not None)
    alone = _contexts(stored) if len(stored) == 1 else []
    parent = trace.set_span_in_context(trace.NonRecordingSpan(alone[0]), Context()) if alone else None
    links = [Link(each) for each in _contexts(filter(_may_be_sampled, stored))] if len(stored) > 1 else None
    with TRACER.start_as_current_span(name, parent, attributes=attributes, kind=kind, links=links) as made:
        yield made


def _contexts(stored: Iterable[str]) -> list[SpanContext]:
    """Those that are of a trace: they came from outside."""
    contexts = map(_span_context_of, stored)
    return list(islice((each for each in contexts if each.is_valid), LINKS))


def _may_be_sampled(stored: str) -> bool:
    """By the last bit of its flags, before it is taken apart, which takes long."""
    return stored[-1:] in _ODD


def _span_context_of(stored: str) -> SpanContext:
    """Invalid for what is no trace: it came from outside."""
    carrier: Mapping[str, str] = {HEADER: stored}
    return trace.get_current_span(_PROPAGATOR.extract(carrier, Context())).get_span_context()


def _text_of(context: SpanContext) -> str | None:
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
