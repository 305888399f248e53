"""What senders write, made fit to store: within the limits, and without what PostgreSQL or JSON refuse."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from adapters.inbound.intake.limits import DETAILS_DEPTH, HREF_CHARACTERS, LINK_TEXT_CHARACTERS
from domain.alert.alert_event import Link
from domain.shared.limits import LABEL_CHARACTERS, LABELS, LINKS

DROPPED_LABELS: Final = "tocsin.dropped_labels"
DROPPED_LINKS: Final = "tocsin.dropped_links"
TOO_DEEP: Final = "(nested too deeply)"
_REPLACEMENT: Final = "\ufffd"
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_SMALLEST_INTEGER: Final = -(2**63)
_LARGEST_INTEGER: Final = 2**63 - 1
# Routing and people need these most, so they outlast the others when there are too many.
_KEPT_FIRST: Final = frozenset({"alertname", "severity", "service", "team", "env", "environment", "instance", "job"})


class Labels(NamedTuple):
    kept: dict[str, str]
    dropped: int


class Links(NamedTuple):
    kept: tuple[Link, ...]
    dropped: int


def text(value: str) -> str:
    """The text with NUL and lone surrogates, which PostgreSQL text refuses, replaced by U+FFFD."""
    if value.isascii():
        return value.replace("\x00", _REPLACEMENT) if "\x00" in value else value
    return _UNSTORABLE.sub(_REPLACEMENT, value)


def texts(values: dict[str, str]) -> dict[str, str]:
    """The same of every name and value; the dictionary itself where nothing is to be replaced."""
    return values if _are_plain(values) else {text(name): text(value) for name, value in values.items()}


def _are_plain(values: Mapping[str, object]) -> bool:
    """Whether these are ASCII texts without NUL alone, as nearly all are: one look at all of them."""
    try:
        joined = "".join([*values, *values.values()])  # type: ignore[list-item]  # what else there is raises
    except TypeError:
        return False
    return joined.isascii() and "\x00" not in joined


def cut(value: str, limit: int) -> str:
    """At most `limit` characters; `…` as the last one says that there were more."""
    return value if len(value) <= limit else value[: limit - 1] + "…"


def scalar(value: object) -> str:
    """Text for a string, a number or a truth value; empty for anything else."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""


def json_value(value: object, depth: int = DETAILS_DEPTH) -> object:
    """The same JSON value with storable text, integers that every reader keeps exact, and bounded nesting."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        if not depth:
            return TOO_DEEP
        if _are_plain(value):
            return value
        return {text(name): json_value(member, depth - 1) for name, member in value.items()}
    if isinstance(value, list):
        return [json_value(item, depth - 1) for item in value] if depth else TOO_DEEP
    if isinstance(value, int) and not _SMALLEST_INTEGER <= value <= _LARGEST_INTEGER:
        return str(value)
    return value


def details(value: object) -> dict[str, object]:
    """A JSON object: what is none is wrapped as `value`, and nothing stays nothing."""
    if value is None:
        return {}
    cleaned = json_value(value)
    return cleaned if isinstance(cleaned, dict) else {"value": cleaned}


def labels(values: object) -> Labels:
    """The labels within the limits, whatever their order; empty ones do not count as labels."""
    return labels_within_limits(all_labels(values), values)


def all_labels(values: object) -> dict[str, str]:
    """The labels as sent, before the limits; empty ones do not count as labels."""
    if not isinstance(values, dict):
        return {}
    if _are_plain(values) and "" not in values.values():
        return values
    return {text(name): label for name, value in values.items() if (label := scalar(value))}


def labels_within_limits(sent: dict[str, str], values: object) -> Labels:
    """Those of `all_labels(values)` that may be kept. What is nested counts as dropped."""
    kept, dropped = sent, 0
    if isinstance(values, dict) and len(values) > len(sent):
        dropped = sum(isinstance(value, dict | list) for value in values.values())
    if "" in sent or not _are_short(sent):
        kept = {name: label for name, label in sent.items() if name and max(len(name), len(label)) <= LABEL_CHARACTERS}
        dropped += len(sent) - len(kept)
    if len(kept) > LABELS:
        dropped += len(kept) - LABELS
        names = sorted(kept, key=lambda name: (name not in _KEPT_FIRST, name))[:LABELS]
        kept = {name: kept[name] for name in names}
    return Labels(kept, dropped)


def _are_short(labels: Mapping[str, str]) -> bool:
    """Whether no name and no value is too long; mostly all of them together are not."""
    words = (*labels, *labels.values())
    return len("".join(words)) <= LABEL_CHARACTERS or max(map(len, words)) <= LABEL_CHARACTERS


def links(candidates: Iterable[tuple[object, object]]) -> Links:
    """Links of (address, text) that a browser may follow, each address once; a cut address leads astray, so none is."""
    kept: dict[str, Link] = {}
    dropped = 0
    for address, label in candidates:
        if not address:  # most have none
            continue
        href = scalar(address).strip()
        if not href or href in kept:
            continue
        if len(kept) == LINKS or not is_web_address(href):
            dropped += 1
            continue
        kept[href] = _link(href, cut(scalar(label), LINK_TEXT_CHARACTERS))
    return Links(tuple(kept.values()), dropped)


# The alerts of a rule share the address of its query and of its runbook.
@lru_cache(maxsize=500)
def _link(href: str, label: str) -> Link:
    return Link(href=href, text=label)


def is_web_address(href: str) -> bool:
    """http or https and of bearable length: `javascript:` and its like must not reach a page."""
    return len(href) <= HREF_CHARACTERS and href[:8].lower().startswith(("http://", "https://"))


def marked(values: dict[str, object], *, dropped_labels: int, dropped_links: int) -> Mapping[str, object]:
    """The details, which say so when something was left out."""
    if dropped_labels:
        values[DROPPED_LABELS] = dropped_labels
    if dropped_links:
        values[DROPPED_LINKS] = dropped_links
    return values
