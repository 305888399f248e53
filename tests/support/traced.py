"""A tracer that remembers its spans, in the place of an SDK's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags
from opentelemetry.util.types import Attributes, AttributeValue


class RecordedSpan(trace.NonRecordingSpan):
    def __init__(self, name: str, context: SpanContext, parent: SpanContext, links: Sequence[Link], kind: SpanKind):
        super().__init__(context)
        self.name = name
        self.parent = parent  # invalid for the first of a trace
        self.links = links
        self.kind = kind
        self.attributes: dict[str, AttributeValue] = {}

    @property
    def trace_id(self) -> int:
        return self.get_span_context().trace_id

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        self.attributes[key] = value

    def update_name(self, name: str) -> None:
        self.name = name


@dataclass
class RecordingTracer(trace.Tracer):
    spans: list[RecordedSpan] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(0xA000))

    def named(self, name: str) -> list[RecordedSpan]:
        return [each for each in self.spans if each.name == name]

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> RecordedSpan:
        parent = trace.get_current_span(context).get_span_context()
        own = SpanContext(
            trace_id=parent.trace_id if parent.is_valid else next(self._numbers),
            span_id=next(self._numbers),
            is_remote=False,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )
        made = RecordedSpan(name, own, parent, tuple(links or ()), kind)
        made.attributes.update(attributes or {})
        self.spans.append(made)
        return made

    @contextmanager
    def start_as_current_span(  # type: ignore[override]  # the API's own decorator serves coroutines too
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> Iterator[RecordedSpan]:
        made = self.start_span(name, context, kind, attributes, links)
        with trace.use_span(made):
            yield made
