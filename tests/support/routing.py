"""Rules, routings and what they are asked about."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from hypothesis import strategies as st

from adapters.outbound.re2.patterns import Re2Patterns
from domain.routing.dependency import Dependency
from domain.routing.inhibition import Inhibition
from domain.routing.maintenance import MaintenanceWindow
from domain.routing.matcher import Matcher, Operator, parse_matchers
from domain.routing.route import Effect, Routing, Rule
from domain.routing.silence import Silence
from domain.shared.ids import InhibitionId, MaintenanceId, ServiceId, SilenceId
from tests.support.builders import ADA, CREW, NOON

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


def a_silence(matchers: str = 'env="test"', *, number: int = 1, **more: Any) -> Silence:
    """Each number is another silence. Of an hour from noon on, unless said otherwise."""
    values: dict[str, Any] = {
        "team_id": None,
        "comment": "a deploy",
        "author_id": ADA,
        "starts_at": NOON,
        "ends_at": NOON + timedelta(hours=1),
        **more,
    }
    return Silence(id=SilenceId(UUID(int=70_000 + number)), matchers=parse_matchers(matchers), **values)


def a_maintenance(*, number: int = 1, **more: Any) -> MaintenanceWindow:
    """Each number is another window. Once, for an hour from 13:00 in Berlin on, which is noon in UTC."""
    values: dict[str, Any] = {
        "team_id": CREW,
        "name": f"Window {number}",
        "time_zone": "Europe/Berlin",
        "starts_at": datetime(2026, 11, 23, 13),  # noqa: DTZ001  # a local time has no zone
        "duration": timedelta(hours=1),
        "burns_error_budget": False,
        **more,
    }
    return MaintenanceWindow(id=MaintenanceId(UUID(int=80_000 + number)), **values)


def an_inhibition(
    source: str = 'alertname="HostDown"', target: str = 'severity="warning"', *, number: int = 1, **more: Any
) -> Inhibition:
    """Each number is another one."""
    values: dict[str, Any] = {"team_id": CREW, "name": f"Inhibition {number}", "equal": ("host",), **more}
    return Inhibition(
        id=InhibitionId(UUID(int=90_000 + number)),
        source=parse_matchers(source),
        target=parse_matchers(target),
        **values,
    )


def a_dependency(service_id: ServiceId, upstream_id: ServiceId, **more: Any) -> Dependency:
    return Dependency(service_id=service_id, upstream_id=upstream_id, **more)


def a_routing(*rules: Rule, **more: Any) -> Routing:
    return Routing(team_id=CREW, rules=rules, **more)
