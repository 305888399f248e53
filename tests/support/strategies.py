"""What senders, people and managers might do, drawn from so few names that they keep meeting again."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from hypothesis import strategies as st

from application.ports.notifier import Delivery, Outcome
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.escalation.policy import EscalationPolicy, Step
from domain.notification.contact import Channel, Contact
from domain.notification.rule import NotificationRule
from domain.shared.urgency import Urgency
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

targets = st.sampled_from((to_user(ADA), to_user(BEN), to_user(DAN), to_team(), to_schedule()))


@st.composite
def steps(draw: st.DrawFn) -> Step:
    meant = draw(st.lists(targets, min_size=1, max_size=3))
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
