"""Label matchers in the syntax of Alertmanager: `name="value"` with `=`, `!=`, `=~` or `!~`, joined by commas.

Alertmanager: "Configuration", section "Label matchers". As there, a label that is missing is the same as one that is
empty, and a pattern must match the whole value.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.shared.errors import InvalidValueError
from domain.shared.limits import LABEL_CHARACTERS, MATCHERS, MATCHERS_TEXT_CHARACTERS, PATTERN_CHARACTERS
from domain.shared.text import require_length

# Makes of patterns a function that says which of them, by their places, match a whole value, in a time that grows with
# the value's length alone. Raises `InvalidValueError` for what is no pattern. The engine is an adapter's.
type FindMatching = Callable[[str], Collection[int]]
type CompilePatterns = Callable[[Sequence[str]], FindMatching]

_ESCAPES: Final = {"n": "\n", '"': '"', "\\": "\\"}
_BARE_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:.-/@")
_ENDS_BARE_VALUE: Final = frozenset(',{}"')


class Operator(StrEnum):
    EQUAL = "="
    NOT_EQUAL = "!="
    MATCH = "=~"
    NOT_MATCH = "!~"

    @property
    def is_pattern(self) -> bool:
        return self in {Operator.MATCH, Operator.NOT_MATCH}

    @property
    def is_negative(self) -> bool:
        return self in {Operator.NOT_EQUAL, Operator.NOT_MATCH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """What one label must be, or must not be.

    Raises:
        InvalidValueError: the name is empty, or name, value or pattern is too long.
    """

    name: str
    operator: Operator
    value: str

    def __post_init__(self) -> None:
        require_length("name", self.name, most=LABEL_CHARACTERS)
        most = PATTERN_CHARACTERS if self.operator.is_pattern else LABEL_CHARACTERS
        if len(self.value) > most:
            raise InvalidValueError("value", f"has {len(self.value)} characters, allowed are at most {most}")

    def holds(self, labels: Mapping[str, str], compile_patterns: CompilePatterns) -> bool:
        """The meaning in its plainest form. `index.py` asks many at once."""
        value = labels.get(self.name, "")
        found = bool(compile_patterns([self.value])(value)) if self.operator.is_pattern else value == self.value
        return found is not self.operator.is_negative

    def __str__(self) -> str:
        name = self.name if set(self.name) <= _BARE_NAME else _quoted(self.name)
        return f"{name}{self.operator}{_quoted(self.value)}"


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Matchers as people write them, in braces or without. All of them must hold; none at all hold for everything.

    Raises:
        InvalidValueError: with the place, counted in characters from 1, at which it cannot be understood.
    """
    if len(text) > MATCHERS_TEXT_CHARACTERS:
        reason = f"has {len(text)} characters, allowed are at most {MATCHERS_TEXT_CHARACTERS}"
        raise InvalidValueError("matchers", reason)
    found = tuple(_Parser(text).matchers())
    require_few(found)
    return found


def require_few(matchers: Collection[Matcher]) -> None:
    """Raises `InvalidValueError` when there are more than a rule may have."""
    if len(matchers) > MATCHERS:
        raise InvalidValueError("matchers", f"has {len(matchers)} entries, allowed are at most {MATCHERS}")


def matchers_text(matchers: Iterable[Matcher]) -> str:
    """What `parse_matchers` reads as the same matchers."""
    return ", ".join(map(str, matchers))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def matchers(self) -> list[Matcher]:
        found: list[Matcher] = []
        self._skip_space()
        is_braced = self._take("{")
        self._skip_space()
        while self._at < len(self._text) and self._text[self._at] != "}":
            found.append(self._matcher())
            self._skip_space()
            if not self._take(","):
                break
            self._skip_space()
        if is_braced and not self._take("}"):
            raise self._misunderstood('expected "," or "}"')
        self._skip_space()
        if self._at < len(self._text):
            raise self._misunderstood("expected the end" if is_braced else 'expected "," or the end')
        return found

    def _matcher(self) -> Matcher:
        starts = self._at
        name = self._quoted() if self._peek() == '"' else self._while(_BARE_NAME)
        if not name:
            self._at = starts
            raise self._misunderstood(
                'expected the name of a label, in quotes if it has others than letters, digits and "_:.-/@"'
            )
        self._skip_space()
        operator = self._operator()
        self._skip_space()
        value = self._quoted() if self._peek() == '"' else self._bare_value()
        try:
            return Matcher(name=name, operator=operator, value=value)
        except InvalidValueError as error:
            raise InvalidValueError("matchers", f"at character {starts + 1}: {error}") from None

    def _operator(self) -> Operator:
        # The longer ones first: "=~" begins with "=".
        for operator in (Operator.MATCH, Operator.NOT_MATCH, Operator.NOT_EQUAL, Operator.EQUAL):
            if self._take(operator):
                return operator
        raise self._misunderstood("expected =, !=, =~ or !~")

    def _bare_value(self) -> str:
        starts = self._at
        while self._at < len(self._text) and self._text[self._at] not in _ENDS_BARE_VALUE:
            self._at += 1
        return self._text[starts : self._at].strip()

    def _quoted(self) -> str:
        starts = self._at
        self._at += 1
        read: list[str] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            self._at += 1
            if character == '"':
                return "".join(read)
            if character == "\\" and self._at < len(self._text):
                escaped = self._text[self._at]
                self._at += 1
                # What is no escape of ours stays as it is, so that patterns need no second backslash.
                read.append(_ESCAPES.get(escaped, "\\" + escaped))
            else:
                read.append(character)
        self._at = starts
        raise self._misunderstood("these quotes are never closed")

    def _while(self, allowed: Collection[str]) -> str:
        starts = self._at
        while self._at < len(self._text) and self._text[self._at] in allowed:
            self._at += 1
        return self._text[starts : self._at]

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, token: str) -> bool:
        is_there = self._text.startswith(token, self._at)
        if is_there:
            self._at += len(token)
        return is_there

    def _skip_space(self) -> None:
        while self._peek().isspace():
            self._at += 1

    def _misunderstood(self, reason: str) -> InvalidValueError:
        return InvalidValueError("matchers", f"at character {self._at + 1}: {reason}")
