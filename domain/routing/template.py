"""Titles made of an event's own words: `{{labels.host}}: {{annotations.summary}}`. Nothing in them loops or calls."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.shared.errors import InvalidValueError
from domain.shared.limits import SUMMARY_CHARACTERS, TEMPLATE_CHARACTERS

# No nesting and no alternatives that overlap, so the time is linear in the template, which is bounded besides.
_FIELD: Final = re.compile(r"\{\{([^{}]*)\}\}")
_SOURCES: Final = ("labels.", "annotations.")


@dataclass(frozen=True, slots=True)
class Template:
    """Text with fields in double braces. A label or annotation that is missing is empty.

    Raises:
        InvalidValueError: it is too long, or says at which character what is no field.
    """

    text: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.text) <= TEMPLATE_CHARACTERS:
            reason = f"has {len(self.text)} characters, allowed are 1 to {TEMPLATE_CHARACTERS}"
            raise InvalidValueError("title", reason)
        for field in _FIELD.finditer(self.text):
            name = field[1].strip()
            if not name.startswith(_SOURCES) or name in _SOURCES:
                raise _misunderstood(field.start(), f"{name[:80]!r} is neither labels.NAME nor annotations.NAME")
        left = _FIELD.sub(lambda field: " " * len(field[0]), self.text)
        for braces in ("{{", "}}"):
            if (place := left.find(braces)) >= 0:
                raise _misunderstood(place, f"{braces} has no counterpart")

    def render(self, labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
        """In one line of at most as many characters as a title may have."""

        def value(field: re.Match[str]) -> str:
            source, _, name = field[1].strip().partition(".")
            return (labels if source == "labels" else annotations).get(name, "")

        return " ".join(_FIELD.sub(value, self.text).split())[:SUMMARY_CHARACTERS]


def _misunderstood(place: int, reason: str) -> InvalidValueError:
    return InvalidValueError("title", f"at character {place + 1}: {reason}")
