"""No request may fill the memory, whatever it says of its length."""

from typing import Any

import pytest

from adapters.inbound.http.body_limit import BodyLimit
from adapters.inbound.http.problem import RequestError


async def read_all(chunks: list[bytes], *headers: tuple[bytes, bytes], limit_bytes: int = 10) -> bytes:
    """What a handler behind the limit reads of a body that comes in these chunks."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages[-1]["more_body"] = False
    seen = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: object) -> None:
        raise AssertionError(message)

    async def handler(scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            seen.append(message["body"])
            more = message["more_body"]

    await BodyLimit(handler, limit_bytes)({"type": "http", "headers": list(headers)}, receive, send)
    return b"".join(seen)


async def test_a_body_up_to_the_limit_is_read() -> None:
    assert await read_all([b"12345", b"67890"], (b"content-length", b"10")) == b"1234567890"


@pytest.mark.parametrize(
    "headers",
    [[], [(b"content-length", b"3")], [(b"content-length", b"-1")], [(b"content-length", b"3")] * 2],
)
async def test_a_longer_one_is_cut_off_whatever_it_announced(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(RequestError) as refused:
        await read_all([b"12345", b"67890", b"!"], *headers)
    assert (refused.value.status, refused.value.headers) == (413, {"Connection": "close"})


async def test_one_that_announces_more_is_not_read_at_all() -> None:
    with pytest.raises(RequestError, match="allowed are 10 bytes"):
        await read_all([b""], (b"content-length", b"11"))


async def test_a_handler_that_reads_nothing_is_left_alone() -> None:
    answered = []

    async def handler(scope: Any, receive: Any, send: Any) -> None:
        answered.append(True)

    scope = {"type": "http", "headers": [(b"content-length", b"11")]}
    await BodyLimit(handler, 10)(scope, None, None)  # type: ignore[arg-type]  # neither is asked for anything
    assert answered
