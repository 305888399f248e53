"""How JSON of any shape becomes events: an expression for each member of an event."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from domain.shared.errors import InvalidValueError
from domain.shared.limits import MAPPING_EXPRESSION_CHARACTERS, MAPPING_VALUE_CHARACTERS, MAPPING_VALUES

# What a sender's word for its state may come to; what is ignored says nothing about the condition.
ACTIONS: Final = ("trigger", "acknowledge", "resolve", "ignore")
SEVERITIES: Final = ("critical", "error", "warning", "info")

type Table = tuple[tuple[str, str], ...]  # a sender's word, and ours


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMapping:
    """JMESPath expressions over a body, or over each of its items. An empty one leaves its member unset.

    Whether an expression can be read is known to whoever evaluates it; here are its limits.
    """

    summary: str
    items: str = ""  # yields a list, each of which is an event; empty: the body is one
    action: str = ""  # empty, or without a value: trigger
    actions: Table = ()
    dedup_key: str = ""  # without a value: summary, source and labels name the alert
    severity: str = ""
    severities: Table = ()
    source: str = ""
    group_key: str = ""
    occurred_at: str = ""
    labels: str = ""  # yields an object
    details: str = ""  # empty: everything there is
    links: str = ""  # yields an address, an object with `href` and `text`, or a list of these

    def __post_init__(self) -> None:
        if not self.summary.strip():
            raise InvalidValueError("summary", "must be an expression: it is what a responder reads first")
        for name, expression in self.expressions():
            if len(expression) > MAPPING_EXPRESSION_CHARACTERS:
                raise InvalidValueError(name, f"must be at most {MAPPING_EXPRESSION_CHARACTERS} characters long")
        _require_table("actions", self.actions, ACTIONS)
        _require_table("severities", self.severities, SEVERITIES)

    def expressions(self) -> Iterator[tuple[str, str]]:
        """The members that have one, and what it is."""
        for name in EXPRESSIONS:
            expression: str = getattr(self, name)
            if expression:
                yield name, expression


EXPRESSIONS: Final = (
    "items", "action", "dedup_key", "summary", "severity", "source", "group_key", "occurred_at", "labels", "details",
    "links",
)  # fmt: skip


def _require_table(field: str, table: Table, ours: Iterable[str]) -> None:
    if len(table) > MAPPING_VALUES:
        raise InvalidValueError(field, f"must have at most {MAPPING_VALUES} values")
    words = {word.casefold() for word, _ in table}
    if len(words) != len(table):
        raise InvalidValueError(field, "must have each value once, whatever its case")
    if any(not 0 < len(word) <= MAPPING_VALUE_CHARACTERS for word in words):
        raise InvalidValueError(field, f"must have values of 1 to {MAPPING_VALUE_CHARACTERS} characters")
    for _, meaning in table:
        if meaning not in ours:
            raise InvalidValueError(field, f"must map to one of {', '.join(ours)}")
