"""What rules say of an event."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from domain.incident.incident import REOPEN_WITHIN
from domain.routing.decision import CompiledRouting, Decision, StepOutcome, decide
from domain.routing.route import Effect, Routing, Rule
from domain.routing.template import Template
from domain.shared.errors import InvalidValueError
from domain.shared.hours import Hours
from domain.shared.limits import (
    GROUP_LABELS,
    ROUTE_DELAY_SECONDS_MAX,
    ROUTE_REOPEN_SECONDS_MAX,
    ROUTE_RESOLVE_SECONDS_MAX,
    ROUTE_RULES,
)
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.shared.weekly_window import Weekday, WeeklyWindow
from tests.support.builders import BANK, NOON, SHOP, SHOP_PROBES
from tests.support.routing import PATTERNS, a_routing, a_rule

MORNINGS = Hours(
    time_zone="Europe/Berlin",  # 13:00 there at noon in UTC
    windows=(WeeklyWindow(starts_on=Weekday.MONDAY, starts_at=time(8), ends_on=Weekday.MONDAY, ends_at=time(12)),),
)


def decided(*routings: Routing, **labels: str) -> Decision:
    return decide([CompiledRouting(each, PATTERNS.compile) for each in routings], labels, at=NOON)


def rules_of(decision: Decision) -> list[str]:
    return [step.rule for step in decision.steps]


def test_the_first_rule_that_holds_decides() -> None:
    routing = a_routing(
        a_rule("other", 'app="bank"', service_id=BANK),
        a_rule("first", 'app="shop"', service_id=SHOP),
        a_rule("second", 'app=~"sh.*"', urgency=Urgency.LOW),
    )
    decision = decided(routing, app="shop")
    assert decision.effect == Effect(service_id=SHOP)
    assert rules_of(decision) == ["first"]


def test_a_rule_that_goes_on_lets_later_ones_say_more() -> None:
    routing = a_routing(
        a_rule("grave", goes_on=True, severity=Severity.SEV1, group_by=("app",)),
        a_rule("mild", goes_on=True, severity=Severity.SEV4),
        a_rule("quiet", is_suppressed=True),
        a_rule("never asked", severity=Severity.SEV5),
    )
    decision = decided(routing)
    assert decision.effect == Effect(severity=Severity.SEV4, group_by=("app",), is_suppressed=True)
    assert rules_of(decision) == ["grave", "mild", "quiet"]


def test_what_is_dropped_is_asked_no_further() -> None:
    routing = a_routing(a_rule("gone", is_dropped=True, goes_on=True), a_rule("late", service_id=BANK))
    assert rules_of(decided(routing)) == ["gone"]


def test_an_integrations_rules_come_before_its_teams() -> None:
    teams = a_routing(a_rule("team", severity=Severity.SEV3), version=4)
    own = a_routing(a_rule("own", 'app="shop"'), integration_id=SHOP_PROBES, version=2)
    assert [(step.rule, step.version, step.owner_id) for step in decided(own, teams, app="shop").steps] == [
        ("own", 2, SHOP_PROBES)
    ]
    assert rules_of(decided(own, teams, app="bank")) == ["team"]


def test_a_rule_outside_of_its_hours_is_passed_over_and_said_so() -> None:
    routing = a_routing(a_rule("mornings", hours=MORNINGS, is_suppressed=True), a_rule("else", urgency=Urgency.LOW))
    decision = decided(routing)
    assert [(step.rule, step.outcome) for step in decision.steps] == [
        ("mornings", StepOutcome.OUTSIDE_HOURS),
        ("else", StepOutcome.APPLIED),
    ]
    assert decision.effect == Effect(urgency=Urgency.LOW)


def test_the_silence_that_is_an_end_is_bounded() -> None:
    longest = timedelta(seconds=ROUTE_RESOLVE_SECONDS_MAX)
    assert Effect(resolve_after=longest).then(Effect()).resolve_after == longest
    for wrong in (timedelta(0), longest + timedelta(seconds=1)):
        with pytest.raises(InvalidValueError, match="resolve_after_seconds"):
            Effect(resolve_after=wrong)


def test_labels_that_tell_kinds_apart_are_bounded_like_those_that_group() -> None:
    assert Effect(page_again_by=("app",)).then(Effect(page_again_by=("env",))).page_again_by == ("env",)
    for wrong in (("a",) * (GROUP_LABELS + 1), ("",)):
        with pytest.raises(InvalidValueError, match="page_again_by"):
            Effect(page_again_by=wrong)


def test_a_rule_reopens_within_what_people_may_reopen() -> None:
    longest = timedelta(seconds=ROUTE_REOPEN_SECONDS_MAX)
    assert longest == REOPEN_WITHIN
    assert Effect(reopen_within=longest).then(Effect()).reopen_within == longest
    for wrong in (timedelta(0), longest + timedelta(seconds=1)):
        with pytest.raises(InvalidValueError, match="reopen_within_seconds"):
            Effect(reopen_within=wrong)


def test_without_rules_nothing_is_said() -> None:
    assert decided(a_routing()) == Decision()


@pytest.mark.parametrize(
    "effect",
    [
        {"delay": timedelta(0)},
        {"delay": timedelta(seconds=ROUTE_DELAY_SECONDS_MAX + 1)},
        {"runbook_url": "javascript:alert(1)"},
        {"group_by": ("",)},
        {"group_by": ("a",) * (GROUP_LABELS + 1)},
    ],
)
def test_an_effect_outside_of_its_limits_is_refused(effect: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError):
        Effect(**effect)  # type: ignore[arg-type]


def test_rules_of_one_routing_have_names_of_their_own_and_are_bounded() -> None:
    with pytest.raises(InvalidValueError, match=r"rules\[1\].name"):
        a_routing(a_rule("twice"), a_rule("twice"))
    with pytest.raises(InvalidValueError, match="rules"):
        a_routing(*(Rule(name=f"rule {number}") for number in range(ROUTE_RULES + 1)))
    with pytest.raises(InvalidValueError, match="name"):
        Rule(name=" ")
    with pytest.raises(InvalidValueError, match="windows"):
        Hours(time_zone="Europe/Berlin", windows=())


def test_a_title_is_made_of_labels_and_annotations() -> None:
    title = Template("{{labels.host}}: {{ annotations.summary }} ({{labels.none}})")
    assert title.render({"host": "db-1"}, {"summary": "disk\nfull"}) == "db-1: disk full ()"
    assert len(Template("{{labels.x}}").render({"x": "y" * 5000}, {})) == 1024


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a {{b}}", "at character 3"),
        ("a {{labels.}}", "at character 3"),
        ("{{labels.a", "at character 1"),
        ("labels.a}} b", "at character 9"),
        ("", "has 0 characters"),
        ("x" * 1025, "allowed are 1 to 1024"),
    ],
)
def test_a_template_that_cannot_be_understood_is_named_by_its_place(text: str, said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        Template(text)


def test_a_rule_that_drops_at_some_hour_is_found_unless_one_ends_it_before() -> None:
    drop = a_rule("drop", 'env="test"', is_dropped=True)
    by_day = a_rule("by day", hours=MORNINGS)

    def dropping(*rules: Rule, env: str = "test") -> str | None:
        return CompiledRouting(a_routing(*rules), PATTERNS.compile).dropping({"env": env})

    assert dropping(drop) == "drop"
    assert dropping(drop, env="prod") is None
    assert dropping(a_rule("ends"), drop) is None
    assert dropping(a_rule("goes on", goes_on=True), drop) == "drop"
    assert dropping(by_day, drop) == "drop"  # in the afternoon
    assert dropping(replace(drop, hours=MORNINGS)) == "drop"
