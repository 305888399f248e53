from dataclasses import replace
from datetime import timedelta

import pytest

from domain.alert.alert import AlertStatus, is_stale
from domain.alert.events import AlertCleared
from domain.alert.grouping import group_key_of
from domain.shared.change import Change
from tests.support.builders import MINUTE, NOON, an_alert, an_event


def test_clearing_ends_the_condition() -> None:
    alert = an_alert()
    state, events = alert.clear(at=NOON + MINUTE)

    assert state == replace(alert, status=AlertStatus.CLEARED, cleared_at=NOON + MINUTE)
    assert events == (
        AlertCleared(incident_id=alert.incident_id, alert_id=alert.id, summary=alert.summary, at=NOON + MINUTE),
    )


def test_clearing_again_has_no_effect() -> None:
    cleared = an_alert().clear(at=NOON).state

    assert cleared.clear(at=NOON + MINUTE) == Change(cleared)


@pytest.mark.parametrize(("later", "is_repeat"), [(-1, True), (0, True), (1, False)])
def test_a_report_of_an_occurrence_that_was_cleared_is_stale(later: int, is_repeat: bool) -> None:
    event = an_event(starts_at=NOON + later * timedelta(microseconds=1))

    assert is_stale(event, cleared_starts_at=NOON) is is_repeat


def test_what_nobody_dated_or_cleared_is_never_stale() -> None:
    assert not is_stale(an_event(starts_at=NOON), cleared_starts_at=None)
    assert not is_stale(an_event(), cleared_starts_at=NOON)


def test_events_of_one_group_share_its_key() -> None:
    assert group_key_of(an_event("disk", group_key="rack")) == group_key_of(an_event("load", group_key="rack"))


def test_an_event_without_a_group_is_its_own() -> None:
    assert group_key_of(an_event("disk")) == "disk"
    assert group_key_of(an_event("disk", group_key="")) == ""
