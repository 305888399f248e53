"""JSON of any shape, read by the mapping of its integration."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final

import msgspec

from adapters.inbound.intake import clean, severities, timestamps
from adapters.inbound.intake.errors import FieldError, MalformedEventError, pointer
from adapters.inbound.intake.expressions import Budget, ExpressionError, evaluate
from adapters.inbound.intake.limits import (
    BODY_DEPTH,
    BODY_VALUES,
    EVENTS_PER_BODY,
    GROUP_KEY_CHARACTERS,
    SOURCE_CHARACTERS,
)
from adapters.inbound.intake.reading import read
from adapters.inbound.intake.sent import Sent, Understood
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.service.mapping import EventMapping
from domain.shared.limits import DEDUP_KEY_CHARACTERS, SUMMARY_CHARACTERS

NO_MAPPING: Final = "the integration has no mapping; set one, and try it on this body before"

_DECODER: Final[msgspec.json.Decoder[object]] = msgspec.json.Decoder(object)
_IGNORED: Final = "ignore"


def translate(sent: Sent) -> Understood:
    """The events of a body by its integration's mapping.

    Raises:
        MalformedEventError: there is no mapping, the body is no JSON, or none of its items is an event.
    """
    if sent.mapping is None:
        raise MalformedEventError([FieldError("", NO_MAPPING)])
    return understood(sent.body, sent.mapping)


def understood(body: bytes, mapping: EventMapping) -> Understood:
    """The events of a body; items that are none are refused by name, and cost the others nothing.

    Raises:
        MalformedEventError: no JSON, or nothing in it is an event.
    """
    document = read(_DECODER, body)
    _require_bearable(document)
    budget = Budget()
    events: list[AlertEvent] = []
    refused: list[FieldError] = []
    for place, item in _items(document, mapping, budget):
        try:
            event = _Item(item, mapping, budget).event()
        except MalformedEventError as error:
            refused += [FieldError(place + each.pointer, each.reason) for each in error.errors]
        else:
            events += [] if event is None else [event]
    if refused and not events:
        raise MalformedEventError(refused)
    return Understood(tuple(events), tuple(refused))


def _require_bearable(document: object) -> None:
    """Raises `MalformedEventError`."""
    level, values = [document], 0
    for _ in range(BODY_DEPTH):
        values += len(level)
        if values > BODY_VALUES:
            raise MalformedEventError([FieldError("", f"holds too many values (maximum is {BODY_VALUES})")])
        if not level:
            return
        level = [inner for value in level for inner in _inside(value)]
    if level:
        raise MalformedEventError([FieldError("", f"is nested too deeply (maximum is {BODY_DEPTH})")])


def _inside(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _items(document: object, mapping: EventMapping, budget: Budget) -> Iterator[tuple[str, object]]:
    if not mapping.items:
        yield "", document
        return
    try:
        items = evaluate(mapping.items, document, budget)
    except ExpressionError as error:
        raise MalformedEventError([FieldError("/items", str(error))]) from None
    if not isinstance(items, list):
        raise MalformedEventError([FieldError("/items", "must yield a list")])
    if len(items) > EVENTS_PER_BODY:
        raise MalformedEventError([FieldError("/items", f"yields too many items (maximum is {EVENTS_PER_BODY})")])
    for index, item in enumerate(items):
        yield pointer("items", index), item


class _Item:
    """One item of a body, on its way to an event."""

    def __init__(self, item: object, mapping: EventMapping, budget: Budget) -> None:
        self._item = item
        self._mapping = mapping
        self._budget = budget

    def event(self) -> AlertEvent | None:
        """None: the mapping says to ignore it. Raises `MalformedEventError`."""
        action = self._action()
        if action is None:
            return None
        summary = clean.cut(self._text("summary"), SUMMARY_CHARACTERS)
        source = clean.cut(self._text("source"), SOURCE_CHARACTERS)
        labels = clean.labels(self._value("labels"))
        links = clean.links(_links(self._value("links")))
        details = clean.details(self._value("details") if self._mapping.details else clean.json_value(self._item))
        occurred_at = self._text("occurred_at")
        return AlertEvent(
            action=action,
            dedup_key=self._dedup_key(action, summary, source, labels.kept),
            summary=summary,
            source=source,
            severity=self._severity(),
            occurred_at=timestamps.parse(occurred_at) or timestamps.of_epoch(occurred_at),
            group_key=self._key("group_key", GROUP_KEY_CHARACTERS) or None,
            labels=labels.kept,
            details=clean.marked(details, dropped_labels=labels.dropped, dropped_links=links.dropped),
            links=links.kept,
        )

    def _action(self) -> AlertAction | None:
        word = self._text("action")
        if not word:
            return AlertAction.TRIGGER
        meaning = _meaning(word, self._mapping.actions) or word.lower()
        if meaning == _IGNORED:
            return None
        try:
            return AlertAction(meaning)
        except ValueError:
            reason = f"is {clean.cut(word, 80)!r}, for which the mapping's actions have no meaning"
            raise MalformedEventError([FieldError("/action", reason)]) from None

    def _dedup_key(self, action: AlertAction, summary: str, source: str, labels: Mapping[str, str]) -> str:
        key = self._key("dedup_key", DEDUP_KEY_CHARACTERS)
        if key:
            return key
        if action is not AlertAction.TRIGGER:
            raise MalformedEventError([FieldError("/dedup_key", f"has no value; it is required to {action}")])
        if not summary:
            reason = "neither this nor dedup_key has a value: is the mapping one for other bodies?"
            raise MalformedEventError([FieldError("/summary", reason)])
        return sha256(msgspec.json.encode([summary, source, sorted(labels.items())])).hexdigest()

    def _severity(self) -> AlertSeverity | None:
        word = self._text("severity")
        return severities.lenient(_meaning(word, self._mapping.severities) or word)

    def _key(self, name: str, most: int) -> str:
        key = self._text(name)
        if len(key) > most:  # a cut one could merge two
            raise MalformedEventError([FieldError(pointer(name), f"is too long (maximum is {most} characters)")])
        return key

    def _text(self, name: str) -> str:
        value = self._value(name)
        return clean.scalar(int(value) if isinstance(value, float) and value.is_integer() else value).strip()

    def _value(self, name: str) -> object:
        expression: str = getattr(self._mapping, name)
        if not expression:
            return None
        try:
            return evaluate(expression, self._item, self._budget)
        except ExpressionError as error:
            raise MalformedEventError([FieldError(pointer(name), str(error))]) from None


def _meaning(word: str, table: tuple[tuple[str, str], ...]) -> str:
    folded = word.casefold()
    return next((meaning for each, meaning in table if each.casefold() == folded), "")


def _links(value: object) -> Iterator[tuple[object, object]]:
    for link in value if isinstance(value, list) else [value]:
        yield (link.get("href"), link.get("text")) if isinstance(link, dict) else (link, "")
