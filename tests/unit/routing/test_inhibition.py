"""Inhibitions; each test is a sentence of docs/domain.md."""

from typing import Any

import pytest

from domain.routing.inhibition import Inhibiting, Inhibition
from domain.shared.errors import InvalidValueError
from domain.shared.ids import TeamId
from tests.support.builders import ADA, CREW
from tests.support.routing import PATTERNS, an_inhibition

RULE = an_inhibition()


def sides(labels: dict[str, str], *, team_id: TeamId = CREW, rule: Inhibition = RULE) -> tuple[bool, bool]:
    """Whether it could be a source, and a target."""
    inhibiting = Inhibiting([rule], PATTERNS.compile)
    found = inhibiting.as_source(labels, team_id=team_id), inhibiting.as_target(labels, team_id=team_id)
    return found[0] == (rule,), found[1] == (rule,)


def test_an_alert_is_a_source_or_a_target_by_matchers_within_its_team() -> None:
    assert sides({"alertname": "HostDown"}) == (True, False)
    assert sides({"severity": "warning"}) == (False, True)
    assert sides({"severity": "critical"}) == (False, False)
    assert sides({"severity": "warning"}, team_id=TeamId(ADA)) == (False, False)


def test_what_could_be_a_source_is_no_target_of_the_same_rule() -> None:
    assert sides({"alertname": "HostDown", "severity": "warning"}) == (True, False)


def test_a_label_that_is_missing_is_equal_to_an_empty_one() -> None:
    assert RULE.key_of({}) == RULE.key_of({"host": ""})
    assert RULE.key_of({"host": "a"}) != RULE.key_of({"host": "b"})
    assert RULE.key_of({"host": "a"}) != an_inhibition(number=2).key_of({"host": "a"})


@pytest.mark.parametrize(
    "wrong", [{"source": ""}, {"target": ""}, {"name": " "}, {"equal": ("",)}, {"equal": ("a",) * 17}]
)
def test_an_inhibition_outside_of_its_limits_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        an_inhibition(**wrong)
