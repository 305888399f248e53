"""How a body is refused."""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple


class FieldError(NamedTuple):
    """What is wrong, and where."""

    pointer: str  # RFC 6901 JSON pointer into the body; "" is the whole body
    reason: str  # for people; names the limit


class MalformedEventError(Exception):
    """The body says nothing that can be acted on. The sender may mend it; sending it again does not help."""

    code: ClassVar[str] = "malformed_event"

    def __init__(
        self, errors: Iterable[FieldError], *, unrecognized: bool = False, routing_key: str | None = None
    ) -> None:
        self.errors = tuple(errors)
        self.unrecognized = unrecognized  # no JSON object at all, so no field can be named
        self.routing_key = routing_key  # says whose dead letter this is; a secret, and so no part of the sentence
        super().__init__("; ".join(f"{error.pointer}: {error.reason}".removeprefix(": ") for error in self.errors))


def pointer(*tokens: str | int) -> str:
    """RFC 6901 section 3: `~` is written `~0` and `/` is written `~1`."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)
