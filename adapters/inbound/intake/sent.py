"""What a sender sent, and what was read from it: the two ends of every translator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qsl

from adapters.inbound.intake import clean
from adapters.inbound.intake.errors import FieldError
from domain.alert.alert_event import AlertEvent
from domain.service.integration import GroupingMode
from domain.service.mapping import EventMapping

# More is no form: `parse_qsl` refuses it before it takes it apart.
FORM_FIELDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request, as far as a translator may look at it."""

    body: bytes
    received_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    query: str = ""  # as it came, undecoded
    grouping: GroupingMode = GroupingMode.PER_ALERT
    ignore_labels: frozenset[str] = frozenset()
    mapping: EventMapping | None = None


class Understood(NamedTuple):
    """What is to be done; no events mean that the sender said nothing to act on, as a test button does."""

    events: tuple[AlertEvent, ...] = ()
    refused: tuple[FieldError, ...] = ()  # parts of the body that say nothing; the rest of it is done all the same


def form(text: str) -> dict[str, object]:
    """The fields of `application/x-www-form-urlencoded`, the last of each name; none for what is no form."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FORM_FIELDS, errors="replace")
    except ValueError:
        return {}
    return {clean.text(name): clean.text(value) for name, value in pairs}
