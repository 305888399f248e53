"""Regular expressions by RE2, which has no backtracking: neither a pattern nor a text can make it slow."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any, Final

import re2

from application.ports.patterns import Patterns
from domain.routing.matcher import FindMatching
from domain.shared.errors import InvalidValueError

# So many share one automaton. More would make states that are too large for its memory; a set each is too slow.
TOGETHER: Final = 64
# Of one automaton. A pattern whose program is larger than this is refused.
MEMORY_BYTES: Final = 8 * 1024 * 1024
# What one pattern may take of it, so that as many as share an automaton always fit.
PATTERN_MEMORY_BYTES: Final = 128 * 1024


@dataclass(frozen=True, slots=True)
class Re2Patterns(Patterns):
    def compile(self, patterns: Sequence[str]) -> FindMatching:
        for pattern in patterns:
            _require_text(pattern)
            _require_pattern(pattern)
        sets = [_set_of(some) for some in batched(patterns, TOGETHER)]

        def find(text: str) -> list[int]:
            # Lone surrogates, which JSON can hold, have no UTF-8; they match as the character for "unknown".
            readable = text if text.isascii() else text.encode("utf-8", "replace").decode()
            # Without a match it answers None.
            return [
                place + number * TOGETHER for number, each in enumerate(sets) for place in each.Match(readable) or ()
            ]

        return find


def _options(memory_bytes: int) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = memory_bytes
    options.dot_nl = True  # as Alertmanager compiles them: ^(?s:…)$
    return options


def _require_pattern(pattern: str) -> None:
    try:
        re2.compile(pattern, _options(PATTERN_MEMORY_BYTES))
    except re2.error as error:
        said = error.args[0]
        detail = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise InvalidValueError("matchers", f"{pattern[:80]!r} is no pattern (RE2): {detail}") from None


def _require_text(pattern: str) -> None:
    try:
        pattern.encode()
    except UnicodeEncodeError:
        raise InvalidValueError("matchers", "a pattern must be text, without lone surrogates") from None


def _set_of(patterns: Sequence[str]) -> Any:
    made = re2.Set.FullMatchSet(_options(MEMORY_BYTES))
    for pattern in patterns:
        made.Add(pattern)
    made.Compile()
    return made
