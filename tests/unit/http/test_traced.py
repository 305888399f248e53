from typing import Any

import pytest

from adapters import tracing
from adapters.inbound.http.traced import TracedRequests
from tests.support.traced import RecordingTracer

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def asked(path: str, *headers: tuple[bytes, bytes], template: str | None = None) -> str | None:
    """The trace that the application works in."""
    found = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found.append(tracing.here())
        if template is not None:
            scope["path_template"] = template
        await send({"type": "http.response.start", "status": 202, "headers": []})

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        return

    scope = {"type": "http", "method": "POST", "path": path, "headers": list(headers), "state": {}}
    await TracedRequests(app)(scope, receive, send)
    return found[0]


@pytest.fixture
def tracer(monkeypatch: pytest.MonkeyPatch) -> RecordingTracer:
    made = RecordingTracer()
    monkeypatch.setattr(tracing, "TRACER", made)
    monkeypatch.setattr(tracing, "is_recorded", lambda: True)
    return made


async def test_a_request_is_worked_on_in_the_trace_of_its_sender(tracer: RecordingTracer) -> None:
    here = await asked("/v1/events", (b"traceparent", TRACE.encode()))
    assert tracing.trace_id_of(here) == tracing.trace_id_of(TRACE)
    assert tracer.spans[0].attributes["http.response.status_code"] == 202


async def test_a_request_without_a_trace_begins_one_where_traces_are_kept(tracer: RecordingTracer) -> None:
    assert await asked("/v1/events") is not None
    assert not tracer.spans[0].parent.is_valid


async def test_a_span_tells_the_template_of_a_route_and_never_its_path_which_may_hold_a_key(
    tracer: RecordingTracer,
) -> None:
    await asked("/integrations/a-secret/grafana")
    await asked("/v1/incidents/7", template="/v1/incidents/{number}")

    assert [span.name for span in tracer.spans] == ["POST", "POST /v1/incidents/{number}"]
    assert "secret" not in repr([span.attributes for span in tracer.spans])


async def test_without_an_sdk_a_request_without_a_trace_passes_untouched() -> None:
    assert await asked("/v1/events") is None
    assert await asked("/v1/events", (b"traceparent", b"nonsense")) is None
    assert await asked("/v1/events", (b"traceparent", TRACE.encode())) == TRACE
