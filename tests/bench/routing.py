"""What 1,000 rules cost an event: found by an exact label, by a pattern, by neither, and all of one kind."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import cycle
from statistics import median
from time import process_time
from typing import Final
from uuid import UUID

from adapters.outbound.re2.patterns import Re2Patterns
from application.alert.verdict import matched_labels
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.routing.decision import CompiledRouting
from domain.routing.matcher import parse_matchers
from domain.routing.route import Effect, Routing, Rule
from domain.routing.rulebook import Rulebook
from domain.shared.ids import IntegrationId, TeamId
from domain.shared.limits import ROUTE_RULES
from domain.shared.severity import Severity
from tests.bench.report import Figure, at_most

EVENTS: Final = 5_000
ROUNDS: Final = 5
AT: Final = datetime(2026, 3, 2, tzinfo=UTC)
TEAM: Final = TeamId(UUID(int=1))
INTEGRATION: Final = IntegrationId(UUID(int=2))
TARGET_MICROSECONDS: Final = 50


def measure() -> list[Figure]:
    mixed = _rules(lambda number: (_exact, _pattern, _negative)[0 if number % 10 else 1 + number // 10 % 2](number))
    return [
        _figure("mixed", mixed, TARGET_MICROSECONDS),
        _figure("all by an exact label", _rules(_exact), TARGET_MICROSECONDS),
        _figure("all by a pattern", _rules(_pattern), TARGET_MICROSECONDS),
        # Nothing can be found by what must not be: each of them is asked.
        _figure("all by what must not be", _rules(_negative), None),
    ]


def _figure(kind: str, rules: Sequence[Rule], target: float | None) -> Figure:
    book = Rulebook([CompiledRouting(Routing(team_id=TEAM, rules=tuple(rules)), Re2Patterns().compile)])
    name = f"an event by {ROUTE_RULES:,} rules, {kind}, CPU"
    return at_most(name, target, 1e6 * _taken(book), "µs")


def _taken(book: Rulebook) -> float:
    """The median of some rounds, after one that warms up."""
    events = [_event(number) for number in range(500)]
    taken = []
    for _ in range(ROUNDS + 1):
        asked = cycle(events)
        before = process_time()
        for _ in range(EVENTS):
            book.decide(matched_labels(next(asked)), integration_id=INTEGRATION, team_id=TEAM, at=AT)
        taken.append((process_time() - before) / EVENTS)
    return median(taken[1:])


def _rules(matchers: Callable[[int], str]) -> list[Rule]:
    effect = Effect(severity=Severity.SEV3, group_by=("app",))
    return [
        Rule(name=f"rule {number}", matchers=parse_matchers(matchers(number)), effect=effect)
        for number in range(ROUTE_RULES)
    ]


def _exact(number: int) -> str:
    return f'app="app-{number}", env=~"prod|stage", severity!="info"'


def _pattern(number: int) -> str:
    return f'host=~"host-{number}(-[a-z]+)?[.]example[.](com|net)", severity!="info"'


def _negative(number: int) -> str:
    return f'env!="prod", app!="app-{number}"'


def _event(number: int) -> AlertEvent:
    """One in two meets a rule by its app, one in five by its host; the others meet none."""
    return AlertEvent(
        action=AlertAction.TRIGGER,
        dedup_key=f"key {number}",
        summary="checkout answers 5xx more often than one in a hundred times",
        source=f"lb-{number % 7}",
        severity=AlertSeverity.CRITICAL,
        labels={
            "alertname": "TooManyErrors",
            "app": f"app-{number * 2}" if number % 2 else "unknown",
            "env": "prod",
            "host": f"host-{number * 2}-a.example.com" if number % 5 == 0 else f"box-{number}.example.org",
            "region": "north",
            "team": "payments",
        },
    )
