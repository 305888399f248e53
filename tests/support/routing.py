"""Rules, routings and what they are asked about."""

from typing import Any, Final

from hypothesis import strategies as st

from adapters.outbound.re2.patterns import Re2Patterns
from domain.routing.matcher import Matcher, Operator, parse_matchers
from domain.routing.route import Effect, Routing, Rule
from tests.support.builders import CREW

PATTERNS: Final = Re2Patterns()

# Few of each, so that rules and labels meet.
_NAMES = st.sampled_from(["app", "env", "host", "ünit", "a b"])
_VALUES = st.sampled_from(["", "a", "ab", "prod", "x\ny", 'say "a"', "ü", "c:\\d"])
_WRITTEN_PATTERNS = st.sampled_from(["", "a", "a.*", "(a|b)+", ".+", ".*", "p?rod", "[^a]", "x.y", "ü|a"])

labels = st.dictionaries(_NAMES, _VALUES, max_size=4)


@st.composite
def _matchers(draw: st.DrawFn) -> Matcher:
    operator = draw(st.sampled_from(Operator))
    return Matcher(
        name=draw(_NAMES), operator=operator, value=draw(_WRITTEN_PATTERNS if operator.is_pattern else _VALUES)
    )


matchers = _matchers()
conditions = st.lists(matchers, max_size=3).map(tuple)


def a_rule(name: str = "rule", matchers: str = "", **more: Any) -> Rule:
    """What is no field of a rule is one of its effect."""
    of_rule = {key: more.pop(key) for key in ("hours", "goes_on") if key in more}
    return Rule(name=name, matchers=parse_matchers(matchers), effect=Effect(**more), **of_rule)


def a_routing(*rules: Rule, **more: Any) -> Routing:
    return Routing(team_id=CREW, rules=rules, **more)
