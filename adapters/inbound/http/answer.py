"""What a door says to a sender."""

from http import HTTPStatus
from typing import NamedTuple

import msgspec


class Answer(NamedTuple):
    status: int
    body: bytes
    retry_after_seconds: int | None = None
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()


def in_json(status: HTTPStatus, /, **members: object) -> Answer:
    return Answer(status, msgspec.json.encode(members))
