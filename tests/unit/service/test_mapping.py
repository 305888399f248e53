"""What a mapping may say."""

from typing import Any

import pytest

from domain.service.mapping import EventMapping
from domain.shared.errors import InvalidValueError
from domain.shared.limits import MAPPING_EXPRESSION_CHARACTERS, MAPPING_VALUE_CHARACTERS, MAPPING_VALUES

LONG = "a" * MAPPING_EXPRESSION_CHARACTERS


def words(count: int) -> tuple[tuple[str, str], ...]:
    return tuple((f"word {number}", "resolve") for number in range(count))


@pytest.mark.parametrize(
    ("field", "members"),
    [
        ("summary", {"summary": " "}),
        ("labels", {"labels": LONG + "a"}),
        ("actions", {"actions": words(MAPPING_VALUES + 1)}),
        ("actions", {"actions": (("ok", "close"),)}),
        ("actions", {"actions": (("", "resolve"),)}),
        ("actions", {"actions": (("OK", "resolve"), ("ok", "ignore"))}),
        ("severities", {"severities": (("bad", "fatal"),)}),
        ("severities", {"severities": (("x" * (MAPPING_VALUE_CHARACTERS + 1), "critical"),)}),
    ],
)
def test_what_is_wrong_is_named(field: str, members: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError) as refused:
        EventMapping(**{"summary": "title", **members})
    assert refused.value.field == field


def test_at_its_limits_it_holds() -> None:
    mapping = EventMapping(summary="title", labels=LONG, actions=words(MAPPING_VALUES))
    assert dict(mapping.expressions()) == {"summary": "title", "labels": LONG}
