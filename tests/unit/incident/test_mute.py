"""An incident whose pages something holds back; each test is a sentence of docs/domain.md."""

from datetime import timedelta
from typing import Any

import pytest

from domain.incident.events import IncidentMuted, IncidentUnmuted
from domain.incident.incident import Incident, pages_anew
from domain.incident.mute import Mute, MuteKind
from domain.shared.change import Change
from domain.shared.ids import RunId
from domain.shared.urgency import Urgency
from domain.shared.via import Via
from tests.support.builders import ADA, MINUTE, NOON, an_incident

UNTIL = NOON + 5 * MINUTE
DELAYED = Mute(kind=MuteKind.DELAYED, by="patient", reason="it may pass", until=UNTIL)
SUPPRESSED = Mute(kind=MuteKind.SUPPRESSED, by="quiet", reason="nobody minds")


def muted(mute: Mute = DELAYED, **more: Any) -> Incident:
    return an_incident(muted=mute, **more)


def test_one_that_is_muted_is_looked_at_when_the_mute_ends_and_pages_then() -> None:
    incident = muted()
    assert incident.next_deadline == UNTIL
    assert incident.tick(at=UNTIL - timedelta(microseconds=1)) == Change(incident)

    heard, (event,) = incident.tick(at=UNTIL)
    assert isinstance(event, IncidentUnmuted)
    assert (heard.muted, heard.next_deadline) == (None, None)
    assert pages_anew(incident, heard)


def test_one_that_is_muted_for_good_is_looked_at_no_more() -> None:
    assert muted(SUPPRESSED).next_deadline is None


def test_another_mute_takes_the_place_of_one_and_never_mutes_what_pages() -> None:
    still, (event,) = muted().mute(SUPPRESSED, at=UNTIL)
    assert isinstance(event, IncidentMuted)
    assert still.muted == SUPPRESSED
    assert not pages_anew(muted(), still)
    assert muted().mute(DELAYED, at=UNTIL) == Change(muted())
    assert an_incident().mute(DELAYED, at=NOON) == Change(an_incident())
    assert an_incident().unmute(at=NOON) == Change(an_incident())


def test_support_hours_that_began_while_it_was_muted_have_raised_it() -> None:
    early = muted(urgency=Urgency.LOW, rises_at=NOON + MINUTE).tick(at=UNTIL).state
    assert (early.urgency, early.rises_at) == (Urgency.HIGH, None)
    late = muted(urgency=Urgency.LOW, rises_at=UNTIL + MINUTE).tick(at=UNTIL).state
    assert (late.urgency, late.next_deadline) == (Urgency.LOW, UNTIL + MINUTE)


@pytest.mark.parametrize(
    "act",
    [
        lambda each: each.acknowledge(by=ADA, via=Via.API, at=NOON),
        lambda each: each.snooze(until=NOON + 9 * MINUTE, by=ADA, via=Via.API, at=NOON),
        lambda each: each.escalate(run_id=RunId(ADA), round_=0, step=0, by=ADA, via=Via.API, at=NOON),
        lambda each: each.reassign(run_id=RunId(ADA), users=(ADA,), by=ADA, via=Via.API, at=NOON),
        lambda each: each.resolve(by=ADA, via=Via.API, at=NOON).state.reopen(by=ADA, via=Via.API, at=NOON),
    ],
)
def test_what_a_person_does_with_it_ends_the_mute(act) -> None:  # type: ignore[no-untyped-def]  # each is of one incident
    assert act(muted()).state.muted is None


def test_one_that_is_resolved_keeps_what_it_was_muted_by() -> None:
    over = muted().resolve(by=None, via=Via.SENDER, at=NOON).state
    assert (over.muted, over.next_deadline) == (DELAYED, None)
