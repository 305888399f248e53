"""Rules that say what becomes of an event: which service it is for, how grave it is, and whether anybody is woken."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Self
from uuid import UUID

from domain.routing.matcher import Matcher, require_few
from domain.routing.template import Template
from domain.shared.errors import InvalidValueError
from domain.shared.flapping import Flapping
from domain.shared.group_window import GroupWindow, NoWindow
from domain.shared.hours import Hours
from domain.shared.ids import IntegrationId, ServiceId, TeamId
from domain.shared.limits import (
    GROUP_LABELS,
    LABEL_CHARACTERS,
    NAME_CHARACTERS,
    ROUTE_DELAY_SECONDS_MAX,
    ROUTE_REOPEN_SECONDS_MAX,
    ROUTE_RESOLVE_SECONDS_MAX,
    ROUTE_RULES,
)
from domain.shared.severity import Severity
from domain.shared.text import require_length
from domain.shared.urgency import Urgency

_NO_TIME: Final = timedelta(0)
ORGANISATION: Final = UUID(int=0)  # in the place of a team's id


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a rule does with an event. What is not set is left as it is.

    Raises:
        InvalidValueError: a part is outside its limit.
    """

    service_id: ServiceId | None = None
    severity: Severity | None = None
    urgency: Urgency | None = None
    group_by: tuple[str, ...] = ()  # labels that alerts of one incident share
    group_window: GroupWindow | NoWindow | None = None  # for how long what it opens takes others of its group
    title: Template | None = None
    runbook_url: str | None = None
    delay: timedelta | None = None  # pages wait so long, and never come when it is over by then
    reopen_within: timedelta | None = None  # of its group's last incident: the same one again, not a new one
    page_again_by: tuple[str, ...] = ()  # labels: an alert that has others than those before pages the incident again
    resolve_after: timedelta | None = None  # an alert that is not repeated for so long is over
    flapping: Flapping | None = None  # an alert that turns more often is one until it has been quiet
    is_suppressed: bool = False  # an incident, and nobody is paged for it
    is_dropped: bool = False  # no alert at all; counted

    def __post_init__(self) -> None:
        _require_labels("group_by", self.group_by)
        _require_labels("page_again_by", self.page_again_by)
        if self.runbook_url is not None and not self.runbook_url.startswith(("https://", "http://")):
            raise InvalidValueError("runbook_url", "must begin with https:// or http://")
        _require_span("delay_seconds", self.delay, most=ROUTE_DELAY_SECONDS_MAX)
        _require_span("resolve_after_seconds", self.resolve_after, most=ROUTE_RESOLVE_SECONDS_MAX)
        _require_span("reopen_within_seconds", self.reopen_within, most=ROUTE_REOPEN_SECONDS_MAX)

    def then(self, later: "Effect") -> "Effect":
        """Both of them: where both say something, the later one does. To suppress or to drop cannot be taken back."""
        if self is NOTHING:  # most events meet one rule, and checking all parts again is most of its cost
            return later
        return Effect(
            service_id=later.service_id or self.service_id,
            severity=later.severity or self.severity,
            urgency=later.urgency or self.urgency,
            group_by=later.group_by or self.group_by,
            group_window=later.group_window or self.group_window,
            title=later.title or self.title,
            runbook_url=later.runbook_url or self.runbook_url,
            delay=later.delay or self.delay,
            reopen_within=later.reopen_within or self.reopen_within,
            resolve_after=later.resolve_after or self.resolve_after,
            flapping=later.flapping or self.flapping,
            page_again_by=later.page_again_by or self.page_again_by,
            is_suppressed=later.is_suppressed or self.is_suppressed,
            is_dropped=later.is_dropped or self.is_dropped,
        )


def _require_labels(field_name: str, names: tuple[str, ...]) -> None:
    if len(names) > GROUP_LABELS:
        raise InvalidValueError(field_name, f"has {len(names)} entries, allowed are at most {GROUP_LABELS}")
    for name in names:
        require_length(field_name, name, most=LABEL_CHARACTERS)


def _require_span(field_name: str, span: timedelta | None, *, most: int) -> None:
    if span is not None and not _NO_TIME < span <= timedelta(seconds=most):
        raise InvalidValueError(field_name, f"is {span.total_seconds():g}, allowed are 1 to {most}")


NOTHING: Final = Effect()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Applies to events whose labels all its matchers hold for, within its hours if it has some.

    Raises:
        InvalidValueError: the name is empty or too long, or there are too many matchers.
    """

    name: str  # what traces call it; one of a routing has it
    matchers: tuple[Matcher, ...] = ()
    hours: Hours | None = None
    goes_on: bool = False  # later rules are asked too
    effect: Effect = NOTHING

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        require_few(self.matchers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """The ordered rules of the organisation, a team or one of its integrations.

    Each saving is a version, which never changes.

    Raises:
        InvalidValueError: there are too many rules, or two of one name.
    """

    team_id: TeamId | None = None  # None: of every team
    integration_id: IntegrationId | None = None  # None: of all integrations of the team
    rules: tuple[Rule, ...] = field(default=())
    version: int = 0

    def __post_init__(self) -> None:
        if len(self.rules) > ROUTE_RULES:
            raise InvalidValueError("rules", f"has {len(self.rules)} entries, allowed are at most {ROUTE_RULES}")
        seen: set[str] = set()
        for number, rule in enumerate(self.rules):
            if rule.name in seen:
                raise InvalidValueError(f"rules[{number}].name", f"{rule.name!r} is the name of an earlier rule too")
            seen.add(rule.name)

    @property
    def owner_id(self) -> UUID:
        """Whose it is: there is at most one for each."""
        return self.integration_id or self.team_id or ORGANISATION

    def changed_since(self, before: Self) -> tuple[str, ...]:
        """The names of the rules that are new, gone or otherwise than they were; their order is not asked."""
        old = {rule.name: rule for rule in before.rules}
        new = {rule.name: rule for rule in self.rules}
        return tuple(name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name))
