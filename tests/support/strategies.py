"""What senders, people and managers might do, drawn from so few names that they keep meeting again."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from application.ports.notifier import Delivery, Outcome
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.escalation.condition import Circumstances, Hours, LabelMatch, StepCondition
from domain.escalation.policy import EscalationPolicy, Step, StepMode
from domain.notification.contact import Channel, Contact
from domain.notification.rule import NotificationRule
from domain.shared.priority import Priority
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.shared.weekly_window import Weekday, WeeklyWindow
from tests.support.builders import (
    ADA,
    BANK_PROBES,
    BEN,
    CAT,
    DAN,
    NOON,
    SHOP_LOGS,
    SHOP_PROBES,
    a_contact,
    a_policy,
    a_rule,
    a_step,
    an_event,
    to_channel,
    to_schedule,
    to_team,
    to_user,
)

type Reachable = tuple[tuple[Contact, ...], tuple[NotificationRule, ...]]

DEDUP_KEYS: Final = ("disk", "load", "cert")

dedup_keys = st.sampled_from(DEDUP_KEYS)
group_keys = st.sampled_from((None, "rack 1"))
integrations = st.sampled_from((SHOP_PROBES, SHOP_LOGS, BANK_PROBES))
responders = st.sampled_from((ADA, BEN, CAT))
channels = st.sampled_from(tuple(Channel))
urgencies = st.sampled_from(tuple(Urgency))

triggers = st.builds(
    an_event,
    dedup_keys,
    group_key=group_keys,
    severity=st.sampled_from((None, *AlertSeverity)),
)


def _asked(action: AlertAction, dedup_key: str) -> AlertEvent:
    return an_event(dedup_key, action)


acknowledges = st.builds(_asked, st.just(AlertAction.ACKNOWLEDGE), dedup_keys)
resolves = st.builds(_asked, st.just(AlertAction.RESOLVE), dedup_keys)
events = st.one_of(triggers, acknowledges, resolves)

# Around the delays of the town's policies and rules: before, at and after.
spans = st.one_of(
    st.sampled_from([timedelta(minutes=minutes) for minutes in (1, 2, 3, 5, 10)]),
    st.integers(1, 2000).map(lambda seconds: timedelta(seconds=seconds)),
)

deliveries = st.one_of(
    st.sampled_from(
        (Delivery(outcome=Outcome.RETRY), Delivery(outcome=Outcome.UNKNOWN), Delivery(outcome=Outcome.REJECTED))
    ),
    st.builds(
        Delivery,
        outcome=st.just(Outcome.RETRY),
        retry_after=st.integers(1, 100).map(lambda seconds: timedelta(seconds=seconds)),
    ),
)

targets = st.sampled_from((to_user(ADA), to_user(BEN), to_user(DAN), to_team(), to_schedule(), to_channel()))


severities = st.sampled_from(tuple(Severity))
priorities = st.sampled_from(tuple(Priority))
zones = st.sampled_from(("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"))
some_labels = st.dictionaries(st.sampled_from(("region", "rack")), st.sampled_from(("north", "south")))
label_matches = st.builds(
    LabelMatch, name=st.sampled_from(("region", "rack")), value=st.sampled_from((None, "north", "south"))
)


@st.composite
def windows(draw: st.DrawFn) -> WeeklyWindow:
    """Any hours of the week but those that end before they start on one day."""
    starts_on, ends_on = draw(st.sampled_from(Weekday)), draw(st.sampled_from(Weekday))
    hours = st.integers(0, 23).map(time)
    one, other = draw(hours), draw(hours)
    return WeeklyWindow(
        starts_on=starts_on,
        starts_at=min(one, other) if starts_on is ends_on else one,
        ends_on=ends_on,
        ends_at=max(one, other) if starts_on is ends_on else other,
    )


@st.composite
def conditions(draw: st.DrawFn) -> StepCondition:
    """At least one part of it is set."""
    parts: dict[str, st.SearchStrategy[Any]] = {
        "severities": st.lists(severities, min_size=1, max_size=3, unique=True).map(tuple),
        "priorities": st.lists(priorities, min_size=1, max_size=3, unique=True).map(tuple),
        "urgency": urgencies,
        "labels": st.lists(label_matches, min_size=1, max_size=2, unique_by=lambda each: each.name).map(tuple),
        "hours": st.builds(Hours, time_zone=zones, windows=st.lists(windows(), min_size=1, max_size=3).map(tuple)),
    }
    wanted = draw(st.sets(st.sampled_from(sorted(parts)), min_size=1))
    return StepCondition(**{name: draw(parts[name]) for name in sorted(wanted)})


all_circumstances = st.builds(
    Circumstances, severity=severities, urgency=urgencies, priority=priorities, labels=some_labels
)


@st.composite
def conditional_policies(draw: st.DrawFn, /, **more: Any) -> EscalationPolicy:
    """Any policy of up to four steps, most of them with a condition."""
    parts = st.tuples(steps(), st.none() | conditions(), st.sampled_from(StepMode))
    drawn = draw(st.lists(parts, min_size=1, max_size=4))
    chosen = [replace(step, condition=condition, mode=mode) for step, condition, mode in drawn]
    repeat_from = draw(st.integers(0, len(chosen) - 1))
    return a_policy(*chosen, repeats=draw(st.integers(0, 4)), repeat_from=repeat_from, **more)


@st.composite
def steps(draw: st.DrawFn) -> Step:
    meant = draw(st.lists(targets, min_size=1, max_size=3, unique=True))
    return a_step(*meant, delay=timedelta(seconds=draw(st.integers(1, 900))))


@st.composite
def policies(draw: st.DrawFn) -> EscalationPolicy:
    return a_policy(*draw(st.lists(steps(), min_size=1, max_size=3)), repeats=draw(st.integers(0, 3)))


@st.composite
def reachabilities(draw: st.DrawFn) -> Reachable:
    """Up to three contacts of Ada's, and rules that name some of them."""
    drawn = draw(st.lists(st.builds(a_contact, st.just(ADA), channels, st.integers(0, 2)), max_size=3, unique=True))
    contacts = [replace(contact, verified_at=draw(st.sampled_from((None, NOON)))) for contact in drawn]
    if not contacts:
        return (), ()
    rules = draw(
        st.lists(
            st.builds(
                a_rule,
                st.sampled_from(contacts),
                after=st.integers(0, 600).map(lambda seconds: timedelta(seconds=seconds)),
                urgency=urgencies,
            ),
            max_size=4,
        )
    )
    numbered = [
        NotificationRule(urgency=each.urgency, position=position, contact_id=each.contact_id, delay=each.delay)
        for position, each in enumerate(rules)
    ]
    return tuple(contacts), tuple(numbered)
