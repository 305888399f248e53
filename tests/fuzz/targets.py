"""What is fuzzed, and what must never happen to it."""

import asyncio
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Any, Final, NamedTuple, NoReturn

from hypothesis import strategies as st
from structlog.testing import capture_logs

from adapters.inbound.http.asgi import Message
from adapters.inbound.intake.expressions import Budget, ExpressionError, check, evaluate
from tests.fuzz.bodies import ANY_BODY, EXPRESSIONS, Request, requests
from tests.fuzz.translations import examine_translation
from tests.property.intake.test_translators import A_MAPPING, JSON, TRANSLATORS, Translator
from tests.support.doors import Doors, doors
from tests.support.payloads import ALL

ANSWER_BYTES: Final = 5 * 1024 * 1024

type Check = Callable[[Any], None]


class HangError(BaseException):
    """A case took longer than any sender waits. No `Exception`: neither what hangs may catch it, nor is it shrunk."""


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raises `HangError` in the middle of whatever still runs then."""

    def give_up(signal_number: int, frame: FrameType | None) -> NoReturn:
        raise HangError(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Target(NamedTuple):
    name: str
    cases: st.SearchStrategy[Any]
    open: Callable[[], AbstractContextManager[Check]]  # what a batch of cases is checked with


def targets() -> list[Target]:
    """Every translator, every door, and the expressions of mappings."""
    return [
        *(Target(each.__name__, ANY_BODY, _translating(each)) for each in TRANSLATORS),
        Target("doors", requests(), _doors),
        Target("expressions", st.tuples(EXPRESSIONS, st.one_of(JSON, st.sampled_from(ALL))), _expressions),
    ]


def _translating(translate: Translator) -> Callable[[], AbstractContextManager[Check]]:
    @contextmanager
    def opened() -> Iterator[Check]:
        yield lambda body: examine_translation(translate, body)

    return opened


@contextmanager
def _expressions() -> Iterator[Check]:
    def examine(case: tuple[str, object]) -> None:
        """A refusal with a reason, or JSON."""
        expression, document = case
        try:
            check(expression)
            evaluate(expression, document if not isinstance(document, bytes) else [A_MAPPING.summary], Budget())
        except ExpressionError:
            return

    yield examine


@contextmanager
def _doors() -> Iterator[Check]:
    loop = asyncio.new_event_loop()
    opened = doors(mapping=A_MAPPING)
    town = loop.run_until_complete(opened.__aenter__())
    try:
        with capture_logs() as lines:
            yield lambda request: loop.run_until_complete(_examine(town, request))
            faults = [line for line in lines if line["event"] == "intake_failed"]
            assert not faults, faults
    finally:
        loop.run_until_complete(opened.__aexit__(None, None, None))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def _examine(town: Doors, request: Request) -> None:
    """One answer, whole, no fault of ours, and not longer than a sender would read."""
    chunk = len(request.body) // request.chunks + 1
    parts = [request.body[start : start + chunk] for start in range(0, len(request.body), chunk)] or [b""]
    arriving = iter(parts)
    left = len(parts)
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": next(arriving, b""), "more_body": left > 0}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": request.method,
        "path": request.path,
        "query_string": request.query,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in request.headers],
    }
    await town.app(scope, receive, send)
    starts = [message for message in sent if message["type"] == "http.response.start"]
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    assert len(starts) == 1
    assert 200 <= starts[0]["status"] < 500, (starts[0]["status"], body)
    assert len(body) <= ANSWER_BYTES
    for name, value in starts[0]["headers"]:
        assert name == name.lower()
        assert not {*b"\r\n\0"} & {*value}, (name, value)
