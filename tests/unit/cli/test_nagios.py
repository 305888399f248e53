"""What a notification of Nagios or Icinga says to us."""

import pytest

from adapters.inbound.cli.nagios import Notification, event_of
from domain.shared.limits import DEDUP_KEY_CHARACTERS, SUMMARY_CHARACTERS

DISK = Notification(
    type="PROBLEM", host="db-3", service="disk", state="WARNING", text="91% used", address="10.2.0.7"
)  # fmt: skip
DISK_KEY = "event_source=service;host_name=db-3;service_desc=disk"


def test_a_problem_of_a_service_triggers_with_its_state_and_its_output() -> None:
    assert event_of(DISK) == {
        "action": "trigger",
        "dedup_key": DISK_KEY,
        "summary": "disk on db-3 is WARNING: 91% used",
        "source": "10.2.0.7",
        "severity": "warning",
        "labels": {"host": "db-3", "service": "disk"},
    }


def test_a_problem_of_a_host_has_a_key_of_its_own() -> None:
    event = event_of(Notification(type="PROBLEM", host="db-3", state="DOWN"))
    assert event is not None
    assert (event["dedup_key"], event["severity"]) == ("event_source=host;host_name=db-3", "critical")
    assert (event["summary"], event["source"]) == ("db-3 is DOWN", "db-3")


@pytest.mark.parametrize(("type_", "action"), [("ACKNOWLEDGEMENT", "acknowledge"), ("Recovery", "resolve")])
def test_an_acknowledgement_and_a_recovery_name_the_same_alert(type_: str, action: str) -> None:
    answer = Notification(type=type_, host="db-3", service="disk", state="OK")
    assert event_of(answer) == {"action": action, "dedup_key": DISK_KEY}


@pytest.mark.parametrize("type_", ["CUSTOM", "FLAPPINGSTART", "FLAPPINGEND", "DOWNTIMESTART", "DOWNTIMEREMOVED", ""])
def test_other_types_say_nothing_about_the_condition(type_: str) -> None:
    assert event_of(Notification(type=type_, host="db-3", service="disk")) is None


def test_a_state_that_is_none_counts_as_critical() -> None:
    event = event_of(Notification(type="PROBLEM", host="db-3", state="$HOSTSTATE$"))
    assert event is not None
    assert event["severity"] == "critical"


def test_too_long_a_name_is_hashed_and_not_cut_so_that_two_never_become_one() -> None:
    keys = set()
    for end in "ab":
        event = event_of(Notification(type="PROBLEM", host="h" * 400 + end, text="x" * 2000))
        assert event is not None
        assert len(event["dedup_key"]) <= DEDUP_KEY_CHARACTERS
        assert len(event["summary"]) <= SUMMARY_CHARACTERS
        keys.add(event["dedup_key"])
    assert len(keys) == 2
