from typing import Any

import pytest

from domain.shared.errors import InvalidValueError
from domain.shared.ids import TeamId
from domain.subscription.subscription import SubscriptionKind
from tests.support.builders import CREW, NOON
from tests.support.subscriptions import OTHERS, a_subscription

QUEUE = "arn:aws:sqs:eu-central-1:123456789012:incidents"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:incidents.fifo"


@pytest.mark.parametrize(
    ("event_kinds", "wanted", "unwanted"),
    [
        ((), ["incident.triggered", "escalation.moved"], []),
        (("incident.*",), ["incident.triggered", "incident.resolved"], ["alert.joined"]),
        (("incident.resolved", "alert.*"), ["incident.resolved", "alert.joined"], ["incident.triggered"]),
    ],
)
def test_it_is_told_of_the_kinds_that_it_names_and_without_any_of_all(
    event_kinds: tuple[str, ...], wanted: list[str], unwanted: list[str]
) -> None:
    subscription = a_subscription(event_kinds=event_kinds)
    assert all(subscription.wants(kind, team_id=CREW) for kind in wanted)
    assert not any(subscription.wants(kind, team_id=CREW) for kind in unwanted)


def test_it_is_told_of_no_other_team_unless_it_is_of_all() -> None:
    def told(team_id: TeamId | None) -> bool:
        return a_subscription(team_id=team_id).wants("incident.triggered", team_id=CREW)

    assert (told(CREW), told(OTHERS), told(None)) == (True, False, True)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": " "}),
        ("event_kinds", {"event_kinds": ("incident",)}),
        ("event_kinds", {"event_kinds": ("*",)}),
        ("event_kinds", {"event_kinds": ("incident.triggered",) * 51}),
        ("address", {"address": "ftp://hooks.example/"}),
        ("address", {"address": "https://ada:secret@hooks.example/"}),
        ("address", {"address": "https://hooks.example:99999/"}),
        ("address", {"address": "https:///path"}),
        ("address", {"address": "https://hooks.example/\r\nx"}),
        ("address", {"address": QUEUE}),
        ("address", {"address": "https://hooks.example/", "kind": SubscriptionKind.SQS}),
        ("address", {"address": TOPIC, "kind": SubscriptionKind.SQS}),
        ("address", {"address": f"{QUEUE}:more", "kind": SubscriptionKind.SQS}),
    ],
)
def test_what_could_never_be_sent_to_is_refused_with_its_field(field: str, values: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError) as refused:
        a_subscription(**values)
    assert refused.value.field == field


def test_a_queue_and_a_topic_are_named_by_their_arn() -> None:
    assert a_subscription(address=QUEUE, kind=SubscriptionKind.SQS).host == QUEUE
    assert a_subscription(address=TOPIC, kind=SubscriptionKind.SNS).host == TOPIC


def test_what_fails_together_is_the_server_of_a_url() -> None:
    assert a_subscription(address="https://Hooks.example:8443/a").host == "hooks.example:8443"


def test_switched_off_it_says_why_until_somebody_enables_it() -> None:
    off = a_subscription().disable("it only failed", at=NOON)
    assert (off.state.is_enabled, off.state.disabled_reason) == (False, "it only failed")
    assert [event.kind for event in off.events] == ["subscription.disabled"]
    assert off.state.disable("again", at=NOON).events == ()
    assert off.state.enable() == a_subscription()
